"""What an alert lies on, a person or a household, and what its rules would find if facts differed.

Nothing is guessed: to say what would end an overlap, facts are changed here and the rules asked
again.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from sijill.domain.event import INF, Fact
from sijill.domain.fold import death
from sijill.domain.household import Name, assemble
from sijill.domain.rulebook import Book
from sijill.domain.rules import evaluate_household, evaluate_person
from sijill.domain.rules.overlap import Overlap, PersonFacts

LOOKS_MAX = 60
"""How many changes by time alone are looked at for one that concerns this overlap."""

Change = Callable[[Fact], Fact | None]
"""What becomes of a fact: itself, another one, or None when it never was."""


class Subject(NamedTuple):
    """The persons that an alert's rule looks at, and the household that they are looked at as."""

    persons: tuple[PersonFacts, ...]
    household: Name | None

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Every fact of these persons."""
        return tuple(fact for person in self.persons for fact in person.facts)

    def changed(self, change: Change, book: Book) -> "Subject":
        """Return the subject as it would be if its facts were changed in that way."""
        persons = []
        for person in self.persons:
            facts = tuple(new for fact in person.facts if (new := change(fact)) is not None)
            persons.append(PersonFacts(facts, death(facts, book), person.key))
        return Subject(tuple(persons), self.household)

    def overlaps(self, book: Book, as_of: int) -> tuple[list[Overlap], int]:
        """Return what the rules find on a day, and the next day on which time may change it."""
        if self.household is not None:
            return evaluate_household(assemble(self.household, self.persons, book), book, as_of)
        found: list[Overlap] = []
        following = INF
        for person in self.persons:
            overlaps, day = evaluate_person(person, book, as_of)
            found += overlaps
            following = min(following, day)
        return found, following


def again(overlap: Overlap, found: Iterable[Overlap]) -> Overlap | None:
    """Return what is left of an overlap among those found, or None when it is gone.

    With two sides it is the same pair of records; with more, whatever its rule says of the same
    period and any of the same records on the left.
    """
    left = [other for other in found if other.rule == overlap.rule and _same(overlap, other)]
    # What is to be examined outweighs what is permitted beside it.
    raised = [other for other in left if other.verdict == "raised"]
    return next(iter(raised or left), None)


def _same(overlap: Overlap, other: Overlap) -> bool:
    if overlap.right is not None and not overlap.scope:
        pair = {overlap.left.record, overlap.right.record}
        return other.right is not None and {other.left.record, other.right.record} == pair
    return other.period == overlap.period and bool(_lefts(overlap) & _lefts(other))


def _lefts(overlap: Overlap) -> set[bytes]:
    right = overlap.right.record if overlap.right and not _is_left(overlap) else b""
    return {fact.record for fact in overlap.evidence} - {right}


def _is_left(overlap: Overlap) -> bool:
    """Whether the right side is one of the counted records: where one benefit is paid twice."""
    return overlap.right is not None and overlap.right.stream == overlap.left.stream


def next_change(overlap: Overlap, subject: Subject, book: Book, as_of: int) -> int:
    """Return the next day on which time alone changes this overlap, INF when none is in sight."""
    day = as_of
    for _ in range(LOOKS_MAX):
        _, day = subject.overlaps(book, day)
        if day >= INF:
            return INF
        later = again(overlap, subject.overlaps(book, day)[0])
        if later is None or _told(later) != _told(overlap):
            return day
    return INF


def _told(overlap: Overlap) -> tuple[object, ...]:
    return overlap.verdict, overlap.months, overlap.amount, overlap.version
