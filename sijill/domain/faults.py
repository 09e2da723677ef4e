"""Every fault of a rulebook at once, so that its author need not run a check for each of them."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from sijill.domain import cases
from sijill.domain.event import INF
from sijill.domain.rulebook import BOOK, LoadError, parse
from sijill.domain.rulebook.model import Book


class Fault(NamedTuple):
    """Where a book is at fault, and why."""

    file: str
    rule: str
    field: str
    reason: str

    def __str__(self) -> str:
        """Return the fault in one line."""
        return ": ".join(part for part in self if part)


class Checked(NamedTuple):
    """What a check found: faults, how many golden cases were tried, and the book if it loads."""

    faults: tuple[Fault, ...]
    cases: int
    book: Book | None


def check(files: Mapping[str, bytes]) -> Checked:
    """Return every fault of a book: what does not load, golden cases that fail, open doubts.

    Rules are read one by one, so that a fault in one hides none in another.
    """
    faults: list[Fault] = []
    count = 0
    for name in sorted(files.keys() - {BOOK}):
        alone = {BOOK: files[BOOK], name: files[name]} if BOOK in files else {}
        tried, found = _check_rule(name, alone)
        count += tried
        faults += found
    try:
        book = parse(files)
    except LoadError as error:
        # Said once for the whole, unless each of its rules has said it already.
        faults += [fault for fault in [_fault(error)] if fault not in faults]
        return Checked(tuple(dict.fromkeys(faults)), count, None)
    faults += _doubts(book)
    return Checked(tuple(dict.fromkeys(faults)), count, book)


def _check_rule(name: str, files: Mapping[str, bytes]) -> tuple[int, list[Fault]]:
    try:
        count, failures = cases.run(files)
    except LoadError as error:
        return 0, [_fault(error)]
    except ValueError as error:
        return 0, [Fault(name, "", "case", str(error))]
    return count, [
        Fault(
            name,
            failure.rule,
            f"case {failure.case!r}, known {failure.known}, {failure.field}",
            f"expected {_said(failure.expected)}, found {_said(_alike(failure))}",
        )
        for failure in failures
    ]


def _doubts(book: Book) -> Iterable[Fault]:
    for rule in book.rules:
        for doubt in rule.unsure:
            if doubt.effect == "block" and doubt.accepted is None:
                reason = f"this doubt blocks the book until it is accepted: {doubt.what}"
                yield Fault(rule.file, rule.id, f"unsure on {doubt.on}", reason)


def _fault(error: LoadError) -> Fault:
    return Fault(error.file, error.rule, error.field, error.reason)


def _alike(failure: cases.Failure) -> object:
    """Return what was found in the form in which the case says it: a day as a date."""
    if isinstance(failure.expected, date) and isinstance(failure.found, int):
        return date.fromordinal(failure.found) if failure.found < INF else None
    return failure.found


def _said(value: object) -> str:
    """Return a value of a golden case as its file writes it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(str, value))}]"
    return "nothing" if value in (None, "") else str(value)
