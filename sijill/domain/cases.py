"""Golden cases: each rule's file says what it finds in a few facts, and this checks it.

A case names days `known`: the law published up to that day is in force, and that day is the as-of
day. Where a later day says another thing than the day before it, the case names the change and
its cause: a source of law that was published in between, or "time".
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import NamedTuple

from sijill.domain.case_facts import World, read_world
from sijill.domain.event import INF
from sijill.domain.money import CURRENCIES
from sijill.domain.rulebook import parse
from sijill.domain.rulebook.model import Book, Case, Rule
from sijill.domain.rules import evaluate_household, evaluate_person
from sijill.domain.rules.overlap import Overlap


class Failure(NamedTuple):
    """One thing that a golden case says and the rule does not."""

    rule: str
    case: str
    known: str
    field: str
    expected: object
    found: object


def run(files: Mapping[str, bytes]) -> tuple[int, list[Failure]]:
    """Return how many golden cases the book's rules have, and where they fail.

    Raises LoadError when the book cannot be read, ValueError for a line that is no fact.
    """
    book = parse(files)
    books: dict[int, Book] = {}
    failures: list[Failure] = []
    count = 0
    for rule in book.rules:
        for case in rule.cases:
            count += 1
            world = read_world(case.facts, book)
            for then in case.then:
                day = _ordinal(then["known"])
                if day not in books:
                    books[day] = parse(files, known=day)
            failures.extend(_check(rule, case, world, books=books))
    return count, failures


def _check(rule: Rule, case: Case, world: World, *, books: Mapping[int, Book]) -> Iterator[Failure]:
    before: tuple[int, tuple[str, ...]] | None = None
    for then in case.then:
        day = _ordinal(then["known"])
        found = _answer(rule, world, books[day], day=day)
        if before is not None:
            found["change"] = _change(before[1], found["raised"])
            found["cause"] = _cause(rule, then.get("cause"), before[0], day)
        scale = 10 ** CURRENCIES[books[day].currency]
        for field, expected in then.items():
            if field == "known":
                continue
            wanted = _comparable(field, expected, scale)
            if wanted != found.get(field):
                where = partial(Failure, rule.id, case.name, str(then["known"]), field)
                yield where(expected, found.get(field))
        before = (day, found["raised"])  # type: ignore[assignment]


def _answer(rule: Rule, world: World, book: Book, *, day: int) -> dict[str, object]:
    overlaps: list[Overlap] = []
    change = INF
    for person in world.persons:
        found, following = evaluate_person(person, book, day)
        overlaps += found
        change = min(change, following)
    for household in world.households:
        found, following = evaluate_household(household, book, day)
        overlaps += found
        change = min(change, following)
    mine = [overlap for overlap in overlaps if overlap.rule == rule.id]
    raised = [overlap for overlap in mine if overlap.verdict == "raised"]
    permitted = [overlap for overlap in mine if overlap.verdict == "permitted"]
    return {
        "raised": _months(raised),
        "permitted": _months(permitted),
        "amount": sum(overlap.amount for overlap in raised),
        "count": len(raised),
        "since": min((overlap.since for overlap in raised), default=None),
        "next": change,
        "certainty": "/".join(sorted({overlap.certainty for overlap in raised})),
        "exception": "/".join(sorted({o.exception for o in permitted if o.exception})),
    }


def _months(overlaps: list[Overlap]) -> tuple[str, ...]:
    return tuple(sorted({month for overlap in overlaps for month in overlap.months}))


def _change(before: object, now: object) -> str:
    if before == now:
        return "none"
    if not before:
        return "raised"
    return "amended" if now else "withdrawn"


def _cause(rule: Rule, named: object, before: int, now: int) -> object:
    """Return the cause that the case names if it is one, else what was published in between."""
    published = [name for name, source in rule.sources.items() if before < source.published <= now]
    if not published:
        return "time"
    return named if named in published else "/".join(published)


def _comparable(field: str, expected: object, scale: int) -> object:
    if isinstance(expected, list):
        return tuple(expected)
    if isinstance(expected, date):
        return expected.toordinal()
    if field == "amount" and isinstance(expected, int):
        return expected * scale
    return expected


def _ordinal(day: object) -> int:
    assert isinstance(day, date)
    return day.toordinal()
