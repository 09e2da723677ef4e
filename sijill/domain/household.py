"""Which household a fact belongs to, and a household as the rules read it.

A household is (ministry, roster code, number): the book says which roster a programme uses.
Households never merge; their members are the current persons of all roster lines that name them.
"""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from sijill.domain.event import Enrollment, Fact, Membership, Payment
from sijill.domain.rulebook import Book
from sijill.domain.rules.overlap import HouseholdFacts, Member, PersonFacts


class Name(NamedTuple):
    """A household's name: the ministry that keeps the roster, the roster, the number in it."""

    ministry: str
    roster: str
    number: str

    @property
    def key(self) -> bytes:
        """The 16-byte key under which the household is stored."""
        return _key(self)


@lru_cache(maxsize=1 << 17)
def _key(name: Name) -> bytes:
    return hashlib.blake2b("\0".join(name).encode(), digest_size=16).digest()


def named_by(fact: Fact, book: Book) -> Name | None:
    """Return the household that the fact names: by its roster line, or by its programme."""
    detail = fact.detail
    if isinstance(detail, Membership):
        return Name(fact.ministry, detail.roster, detail.number)
    if isinstance(detail, (Enrollment, Payment)) and detail.household is not None:
        programme = book.programmes.get(detail.programme)
        if programme is not None and programme.roster is not None:
            return Name(*programme.roster, detail.household)
    return None


def assemble(name: Name, persons: Iterable[PersonFacts], book: Book) -> HouseholdFacts:
    """Return the household with its members and what was given to it, from everyone it touches.

    Without a roster line the enrolled persons are heads and only members. Only the programme's
    owners enroll, and an application does not.
    """
    members, heads, given = [], [], []
    for person in persons:
        for fact in person.facts:
            if named_by(fact, book) != name:
                continue
            detail = fact.detail
            if isinstance(detail, Membership):
                members.append(Member(detail.role, detail.start, detail.stop, fact, person))
                continue
            given.append(fact)
            if isinstance(detail, Enrollment) and _enrolls(fact, detail, book):
                heads.append(Member("HEAD", detail.start, detail.stop, fact, person))
    ordered = sorted(members or heads, key=lambda m: (m.line.record, m.line.line))
    return HouseholdFacts(*name, tuple(ordered), tuple(sorted(given, key=lambda f: f[:2])))


def _enrolls(fact: Fact, enrollment: Enrollment, book: Book) -> bool:
    programme = book.programmes.get(enrollment.programme)
    owned = programme is not None and fact.ministry in programme.ministries
    return owned and enrollment.status != "PROPOSED"
