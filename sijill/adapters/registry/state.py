"""The compact state of a cluster and of a household, as one `bytea` each.

It makes the fold fast: one row is read and written per cluster, however many records it holds.
Each fact is packed by itself, so that a cluster can take one more without unpacking the others.
`marshal` packs; the format's version is pinned, and the bytes never leave the database. The plain
format takes 50 bytes more for a fact than the newest and two thirds of its time.
"""

import marshal
from collections.abc import Iterable
from typing import NamedTuple

from sijill.domain.alerts import PLAIN
from sijill.domain.event import Fact, pack_fact, unpack_fact
from sijill.domain.identity import is_mention
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


class Packed(NamedTuple):
    """A cluster's state with its facts still packed, each by itself."""

    plain: Plain | None
    """None: something is special."""
    mentions: tuple[bytes, ...]
    payments: tuple[bytes, ...]
    persons: tuple[tuple[bytes, bytes], ...]
    households: tuple[bytes, ...]
    alerts: tuple[tuple[bytes, bytes], ...]
    saturated: tuple[bytes, ...]


NOTHING = Packed(Plain((), (), ()), (), (), (), (), (), ())
"""The state of a cluster that has been claimed and holds no fact yet."""


class ClusterState(NamedTuple):
    """Everything that a cluster's next evaluation needs.

    `alerts` and `persons` map what stands in their tables to a hash of its content, so that only
    what changed is written.
    """

    facts: tuple[Fact, ...]
    saturated: frozenset[bytes]
    alerts: dict[bytes, bytes]
    persons: dict[bytes, bytes]
    households: frozenset[bytes]


EMPTY = ClusterState((), frozenset(), {}, {}, frozenset())


def pack_one(fact: Fact) -> bytes:
    """Return one fact as bytes."""
    return _dumps(pack_fact(fact))


def unpack_some(packed: Iterable[bytes]) -> list[Fact]:
    """Return the facts that `pack_one` packed."""
    loads = marshal.loads
    return [unpack_fact(loads(one)) for one in packed]


def pack(state: ClusterState, plain: Plain | None = None) -> bytes:
    """Return the state as bytes; `plain` says that nothing is special about it."""
    mentions = tuple(pack_one(fact) for fact in state.facts if is_mention(fact))
    payments = tuple(pack_one(fact) for fact in state.facts if not is_mention(fact))
    return _dumps(
        (
            plain and tuple(plain),
            mentions,
            payments,
            tuple(sorted(state.persons.items())),
            tuple(sorted(state.households)),
            tuple(sorted(state.alerts.items())),
            tuple(sorted(state.saturated)),
        )
    )


def repack(packed: Packed) -> bytes:
    """Return the bytes of a state whose facts are packed."""
    return _dumps((packed.plain and tuple(packed.plain), *packed[1:]))


def half_unpack(packed: bytes) -> Packed:
    """Return the state with its facts still packed."""
    plain, *rest = marshal.loads(packed)
    return Packed(plain and Plain(*plain), *rest)


def unpack(packed: bytes) -> ClusterState:
    """Return the state that `pack` packed."""
    return open_up(half_unpack(packed))


def open_up(half: Packed) -> ClusterState:
    """Return the state with its facts unpacked."""
    return ClusterState(
        tuple(unpack_some((*half.mentions, *half.payments))),
        frozenset(half.saturated),
        dict(half.alerts),
        dict(half.persons),
        frozenset(half.households),
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
