"""The compact state of a cluster and of a household, as one `bytea` each.

It makes the fold fast: one row is read and written per cluster, however many records it holds.
`marshal` packs it; the format's version is pinned, and the bytes never leave the database.
"""

import marshal
from typing import NamedTuple

from sijill.domain.event import Fact, pack_fact, unpack_fact
from sijill.domain.rules.overlap import Overlap

_FORMAT = 4


def _dumps(value: tuple[object, ...]) -> bytes:
    return marshal.dumps(value, _FORMAT)  # type: ignore[arg-type]  # plain tuples all the way down


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


def pack(state: ClusterState) -> bytes:
    """Return the state as bytes."""
    return _dumps(
        (
            tuple(pack_fact(fact) for fact in state.facts),
            tuple(sorted(state.saturated)),
            tuple(sorted(state.alerts.items())),
            tuple(sorted(state.persons.items())),
            tuple(sorted(state.households)),
        )
    )


def unpack(packed: bytes) -> ClusterState:
    """Return the state that `pack` packed."""
    facts, saturated, alerts, persons, households = marshal.loads(packed)
    return ClusterState(
        tuple(unpack_fact(fact) for fact in facts),
        frozenset(saturated),
        dict(alerts),
        dict(persons),
        frozenset(households),
    )


def pack_alerts(alerts: dict[bytes, bytes]) -> bytes:
    """Return a household's open alerts (id to content hash) as bytes."""
    return marshal.dumps(tuple(sorted(alerts.items())), _FORMAT)


def unpack_alerts(packed: bytes) -> dict[bytes, bytes]:
    """Return the alerts that `pack_alerts` packed."""
    return dict(marshal.loads(packed))


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
