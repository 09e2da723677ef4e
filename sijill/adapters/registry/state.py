"""What is packed: facts, and the compact states of clusters and households, as one `bytea` each.

A fact is packed once, into the row of its record. A cluster's state says of its facts only what
the next one has to be held against, so that a payment does not rewrite its person's history.
`marshal` packs; the format's version is pinned, and the bytes never leave the database. The plain
format takes 60 bytes more for a fact than the newest and two thirds of its time.
"""

import marshal
from collections.abc import Iterable
from typing import NamedTuple

from sijill.domain.alerts import PLAIN
from sijill.domain.event import Fact, pack_fact, unpack_fact
from sijill.domain.rules.overlap import Overlap


def _dumps(value: object) -> bytes:
    return marshal.dumps(value, PLAIN)  # type: ignore[arg-type]  # plain tuples all the way down


class Plain(NamedTuple):
    """What the next fact has to be held against, as long as nothing is special about a cluster.

    A cluster is plain when it is one living person with at least one mention and no finding, every
    payment hangs on that person, no token is saturated, and no period was paid twice.
    """

    carried: tuple[bytes, ...]
    """The tokens of the mentions."""
    signatures: tuple[bytes, ...]
    paid: tuple[tuple[str, str], ...]
    """(benefit class, period key) of the payments that are compared at the person."""


class Head(NamedTuple):
    """A cluster's state without its facts: what is read and written at each of its events.

    `alerts` and `persons` map what stands in their tables to a hash of its content, so that only
    what changed is written.
    """

    plain: Plain | None
    """None: something is special."""
    persons: tuple[tuple[bytes, bytes], ...]
    households: tuple[bytes, ...]
    alerts: tuple[tuple[bytes, bytes], ...]
    saturated: tuple[bytes, ...]


NOTHING = Head(Plain((), (), ()), (), (), (), ())
"""The state of a cluster that has been claimed and holds no fact yet."""


class ClusterState(NamedTuple):
    """Everything that a cluster's next evaluation needs, facts included."""

    facts: tuple[Fact, ...]
    saturated: frozenset[bytes]
    alerts: dict[bytes, bytes]
    persons: dict[bytes, bytes]
    households: frozenset[bytes]


def pack_one(fact: Fact) -> bytes:
    """Return one fact as bytes."""
    return _dumps(pack_fact(fact))


def unpack_one(packed: bytes) -> Fact:
    """Return the fact that `pack_one` packed."""
    return unpack_fact(marshal.loads(packed))


def head_of(state: ClusterState, plain: Plain | None) -> Head:
    """Return the state without its facts; `plain` says that nothing is special about it."""
    return Head(
        plain,
        tuple(sorted(state.persons.items())),
        tuple(sorted(state.households)),
        tuple(sorted(state.alerts.items())),
        tuple(sorted(state.saturated)),
    )


def pack_head(head: Head) -> bytes:
    """Return a head as bytes."""
    plain, *rest = head
    return _dumps((plain and tuple(plain), *rest))


def unpack_head(packed: bytes) -> Head:
    """Return the head that `pack_head` packed."""
    plain, persons, households, alerts, saturated = marshal.loads(packed)
    make = tuple.__new__
    return make(Head, (plain and make(Plain, plain), persons, households, alerts, saturated))


def open_up(head: Head, facts: Iterable[Fact]) -> ClusterState:
    """Return the whole state: a head with its cluster's facts."""
    return ClusterState(
        tuple(facts),
        frozenset(head.saturated),
        dict(head.alerts),
        dict(head.persons),
        frozenset(head.households),
    )


class HouseholdState(NamedTuple):
    """A household's findings, and what its next payment or change has to be held against.

    `held` and `paid` may hold more than the household has, never less: they only save evaluations
    that could find nothing.
    """

    alerts: dict[bytes, bytes]
    held: frozenset[str]
    """Programmes of the enrollments that name the household."""
    paid: frozenset[tuple[str, str]]
    """(benefit class, period key) of its payments."""
    twice: bool
    """Whether one of these was paid more than once."""


def pack_household(state: HouseholdState) -> bytes:
    """Return a household's state as bytes."""
    return _dumps(
        (
            tuple(sorted(state.alerts.items())),
            tuple(sorted(state.held)),
            tuple(sorted(state.paid)),
            state.twice,
        )
    )


def unpack_household(packed: bytes) -> HouseholdState:
    """Return the state that `pack_household` packed."""
    alerts, held, paid, twice = marshal.loads(packed)
    return HouseholdState(dict(alerts), frozenset(held), frozenset(paid), twice)


EMPTY_HOUSEHOLD = HouseholdState({}, frozenset(), frozenset(), twice=False)


def pack_overlap(overlap: Overlap) -> bytes:
    """Return an overlap with its facts as bytes, to be shown again without the registry."""
    left, right = pack_fact(overlap.left), overlap.right and pack_fact(overlap.right)
    evidence = tuple(pack_fact(fact) for fact in overlap.evidence)
    return _dumps((*overlap[:3], left, right, evidence, *overlap[6:]))


def unpack_overlap(packed: bytes) -> Overlap:
    """Return the overlap that `pack_overlap` packed."""
    rule, version, kind, left, right, evidence, *rest = marshal.loads(packed)
    facts = tuple(unpack_fact(fact) for fact in evidence)
    other = unpack_fact(right) if right else None
    return Overlap(rule, version, kind, unpack_fact(left), other, facts, *rest)
