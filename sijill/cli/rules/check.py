"""`sijill rules check`: every fault of a rulebook, before anybody puts it in force."""

import json

import click

from sijill.cli.failures import EXIT_FAILED
from sijill.domain import rulebook
from sijill.domain.faults import Checked
from sijill.domain.faults import check as check_book


@click.command()
@click.argument("path", required=False)
@click.option("--country", default="iraq", show_default=True, envvar="SIJILL_COUNTRY")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def check(path: str | None, *, country: str, as_json: bool) -> None:
    """Check the rulebook at PATH: a folder, or the name of a country's book (default --country).

    Lists every fault with its file, rule and field: what does not load, golden cases that fail,
    and doubts that block the book. Exit status 1 when there is one. No hub is needed.
    """
    checked = check_book(rulebook.read(path or country))
    if as_json:
        faults = [fault._asdict() for fault in checked.faults]
        click.echo(json.dumps({**summary(checked), "faults": faults}, indent=1))
    else:
        show_faults(checked)
        count = len(checked.faults)
        told = f"{count} fault{'' if count == 1 else 's'}" if count else "no fault"
        click.echo(f"{checked.cases} golden cases tried, {told}")
    if checked.faults:
        raise click.exceptions.Exit(EXIT_FAILED)


def summary(checked: Checked) -> dict[str, object]:
    """Return what a program wants to know of a checked book."""
    book = checked.book
    return {
        "book": book.id if book else None,
        "version": book.version if book else None,
        "rules": len(book.rules) if book else None,
        "cases": checked.cases,
    }


def show_faults(checked: Checked, *, err: bool = False) -> None:
    """Print each fault in a line of its own."""
    for fault in checked.faults:
        click.echo(str(fault), err=err)
