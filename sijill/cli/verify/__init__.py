"""`sijill verify`: the hub held against an independent model of what it must say."""

import json

import click

from sijill import settings
from sijill.cli.verify.work import Report
from sijill.cli.verify.work import verify as run_verification


@click.command()
@click.option(
    "--sample",
    "persons",
    type=click.IntRange(1),
    metavar="PERSONS",
    help="Compare about so many persons, drawn by a keyed hash, and the households they touch.",
)
@click.option(
    "--turn", default=0, show_default=True, help="Another number draws another sample that day."
)
@click.option(
    "--wait",
    "wait_s",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Wait up to so many seconds for a settled hub.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def verify(*, persons: int | None, turn: int, wait_s: float, as_json: bool) -> None:
    """Compare the hub with an independent model that reads the same topics.

    Facts, persons, households, open alerts, decisions; the account of every partition; what the
    relay has published; the registry's own pointers and histories; that nothing is due or stale.

    Exit status: 0 all agrees; 1 something differs; 2 the hub is not settled: work is due, events
    are not applied or rows wait for the relay. What differs is counted by kind, with a few record
    names, alert ids and names of fields, for the hub's owner alone; no personal value is shown.

    Everything is read into memory unless --sample is given; a sample, too, reads all records once,
    since no topic has an index, and keeps those that belong to it.
    """
    report = run_verification(settings.load(), persons=persons, turn=turn, wait_s=wait_s, say=_say)
    if as_json:
        click.echo(json.dumps(figures(report), indent=1))
    else:
        click.echo("\n".join(lines(report)))
    raise click.exceptions.Exit(report.status)


def figures(report: Report) -> dict[str, object]:
    """Return the report for a program to read."""
    found = report.differences
    return {
        "status": report.status,
        "unsettled": report.unsettled,
        "covered": report.covered,
        "compared": found.compared,
        "differences": found.counts,
        "examples": found.examples,
        "seconds": report.seconds,
    }


def lines(report: Report) -> list[str]:
    """Return the report for a person to read."""
    found = report.differences
    said = [f"{name}: {count:,}" for name, count in report.covered.items()]
    said += [f"compared {kind}: {count:,}" for kind, count in found.compared.items() if count]
    for kind, count in sorted(found.counts.items()):
        said.append(f"DIFFERENT {kind}: {count:,}")
        said += [f"  {example}" for example in found.examples[kind]]
    said += [f"NOT SETTLED: {reason}" for reason in report.unsettled]
    if not report.status:
        said.append(f"Everything agrees ({report.seconds} s).")
    return said


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)
