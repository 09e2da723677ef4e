"""`sijill rules activate`: a rulebook put in force, by an operation that every registrar reads."""

import getpass
import json
import time
from typing import Any

import click
import psycopg

from sijill import settings, topics
from sijill.adapters import activation, postgres
from sijill.adapters.activation import Operation, OvertakenError
from sijill.adapters.postgres import Connection
from sijill.adapters.registry import due
from sijill.cli.failures import EXIT_FAILED
from sijill.cli.rules.check import show_faults, summary
from sijill.domain import rulebook
from sijill.domain.faults import check
from sijill.domain.rulebook import Book, parse
from sijill.settings import Settings

EVERY_S = 0.5

IN_FORCE, PUBLISHED = "in force", "published"


@click.command()
@click.argument("path")
@click.option("--operator", default=getpass.getuser, help="The role that acts (default: the user).")
@click.option("--wait", is_flag=True, help="Wait until the hub has evaluated everything under it.")
@click.option("--timeout", type=click.FloatRange(0), help="Wait at most so many seconds.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def activate(path: str, *, operator: str, wait: bool, timeout: float | None, as_json: bool) -> None:
    """Put the rulebook at PATH in force: a folder, or the name of a country's book.

    It is checked first, golden cases included, and refused with every fault (file, rule, field).
    Of two operators who act at once, the one whose operation is first in the topic wins; the other
    is told who and what, has changed nothing, and ends with status 1. The registrars take the book
    over between two batches and evaluate in the background whatever an older book left.

    Exit status 0: the book is published, or with --wait in force and nothing is left; 1: not.
    """
    chosen = settings.load()
    files = rulebook.read(path)
    checked = check(files)
    if checked.faults or checked.book is None:
        show_faults(checked, err=True)
        raise _stop("the book is not put in force")
    past = activation.history(chosen)
    before = activation.in_force(past)
    _compare(checked.book, before)
    changes = _changes(files, before)
    if not as_json:
        _announce(checked.book, before, changes)
    if before is not None and checked.book.digest == parse(before.files).digest:
        operation = before
    else:
        operation = _publish(chosen, files, past, operator=operator)
    state, left = PUBLISHED, None
    if wait:
        state, left = _follow(chosen, operation, timeout=timeout)
    if as_json:
        told = {**summary(checked), **changes, "operation": operation.seq, "state": state}
        click.echo(json.dumps({**told, "left": left}, indent=1))
    else:
        rest = "" if left is None else f", {left} rows left to evaluate again"
        click.echo(f"Operation {operation.seq}: {state}{rest}")
    if wait and (state != IN_FORCE or left):
        raise click.exceptions.Exit(EXIT_FAILED)


def _compare(book: Book, before: Operation | None) -> None:
    """Refuse a book that cannot be meant: another country's, or two contents of one version."""
    if before is None:
        return
    old = parse(before.files)
    if old.id != book.id:
        raise _stop(f"{activation.title(old)} is in force; {book.id!r} is another country's")
    if old.version == book.version and old.digest != book.digest:
        raise _stop(f"{activation.title(old)} is in force with another content; name a new version")


def _changes(files: dict[str, bytes], before: Operation | None) -> dict[str, Any]:
    """Return which files of the book are new, gone and changed, and the topics that are new."""
    old = before.files if before else {}
    known = topics.source_topics(parse(old)) if old else ()
    return {
        "added": sorted(files.keys() - old.keys()) if old else [],
        "removed": sorted(old.keys() - files.keys()),
        "changed": sorted(n for n in files.keys() & old.keys() if files[n] != old[n]),
        "new_topics": sorted({*topics.source_topics(parse(files))} - {*known}) if old else [],
    }


def _announce(book: Book, before: Operation | None, changes: dict[str, Any]) -> None:
    click.echo(f"To be put in force: {activation.title(book)}, {len(book.rules)} rules")
    now = f"{before.title} (operation {before.seq} of {before.operator})" if before else "none"
    click.echo(f"In force now: {now}")
    for word in ("added", "removed", "changed"):
        if changes[word]:
            click.echo(f"  {word}: {', '.join(changes[word])}")
    if changes["new_topics"]:
        click.echo(f"  topics that no registrar reads yet: {', '.join(changes['new_topics'])}")
        click.echo("  make them with `sijill topics apply`, then start the registrars again")


def _publish(
    chosen: Settings, files: dict[str, bytes], past: list[Operation], *, operator: str
) -> Operation:
    try:
        after = past[-1].seq if past else 0
        return activation.activate(chosen, files, after=after, operator=operator)
    except OvertakenError as overtaken:
        raise _stop(f"not put in force: {overtaken}; look at it, then decide again") from overtaken


def _follow(
    chosen: Settings, operation: Operation, *, timeout: float | None
) -> tuple[str, int | None]:
    """Return what became of the operation, once it is done or the time is over."""
    deadline = None if timeout is None else time.monotonic() + timeout
    with postgres.connect(chosen.postgres_dsn) as connection:
        said: tuple[str, int | None] = ("", None)
        while True:
            state, left = _state(connection, operation)
            if (state, left) != said and left != 0:
                rest = "" if left is None else f", {left} rows left"
                click.echo(f"Operation {operation.seq}: {state}{rest}", err=True)
                said = state, left
            over = deadline is not None and time.monotonic() > deadline
            if over or not (state == PUBLISHED or (state == IN_FORCE and left)):
                return state, left
            time.sleep(EVERY_S)


def _state(connection: Connection, operation: Operation) -> tuple[str, int | None]:
    """Return what the hub has made of the operation, and how many rows are left to evaluate."""
    try:
        seq, passed = activation.reached(connection, operation)
    except psycopg.errors.UndefinedTable:
        return PUBLISHED, None
    if seq > operation.seq:
        return f"replaced by operation {seq}", None
    if seq == operation.seq:
        return IN_FORCE, due.left(connection)
    if passed:
        return "refused by the registrars, which run another version of the program", None
    return PUBLISHED, None


def _stop(sentence: str) -> click.exceptions.Exit:
    """Say why nothing was done, and return the way out."""
    click.echo(f"sijill: {sentence}.", err=True)
    return click.exceptions.Exit(EXIT_FAILED)
