"""Facts where they lie: each in the row of its record, or of its roster line, under its cluster."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import LiteralString

from sijill.adapters.postgres import Connection, Cursor, bigint_array
from sijill.adapters.registry.state import ClusterState, Head, open_up, unpack_head, unpack_one
from sijill.domain.event import Fact

_RECORDS: LiteralString = "SELECT cluster, fact FROM record WHERE cluster = ANY(%s)"
_LINES: LiteralString = "SELECT cluster, fact FROM member WHERE cluster = ANY(%s)"
_EVERY: LiteralString = (
    "SELECT cluster, fact FROM record WHERE cluster IS NOT NULL "
    "UNION ALL SELECT cluster, fact FROM member ORDER BY cluster"
)
_AT_ONCE = 2_000


def read(
    cursor: Cursor, clusters: Collection[int], *, mentions_only: bool = False
) -> dict[int, list[Fact]]:
    """Return the facts of these clusters, in no order; of payments none if so asked.

    One statement, so that all of them are of one moment.
    """
    found: dict[int, list[Fact]] = {number: [] for number in clusters}
    if found:
        records = _RECORDS + (" AND stream <> 'payment'" if mentions_only else "")
        wanted = bigint_array(sorted(found))
        cursor.execute(f"{records} UNION ALL {_LINES}", [wanted, wanted], binary=True)
        for number, packed in cursor:
            found[number].append(unpack_one(packed))
    return found


def states(
    connection: Connection, clusters: Sequence[int] | None = None
) -> Iterator[tuple[int, ClusterState]]:
    """Yield the state of each cluster with its facts, in order of their ids; None: of all.

    To be called in a transaction, where all of it is of one moment if that is REPEATABLE READ.
    """
    if clusters is None:
        yield from _all_states(connection)
        return
    with connection.cursor() as cursor:
        for start in range(0, len(clusters), _AT_ONCE):
            ids = sorted(clusters[start : start + _AT_ONCE])
            facts = read(cursor, ids)
            cursor.execute(
                "SELECT id, state FROM cluster WHERE id = ANY(%s) ORDER BY id", [bigint_array(ids)]
            )
            for number, packed in cursor.fetchall():
                yield number, open_up(unpack_head(packed), facts[number])


def _all_states(connection: Connection) -> Iterator[tuple[int, ClusterState]]:
    """Read heads and facts side by side, both in the order of clusters, none kept longer."""
    with connection.cursor("heads") as heads, connection.cursor("facts") as facts:
        heads.itersize = facts.itersize = _AT_ONCE
        heads.execute("SELECT id, state FROM cluster ORDER BY id")
        facts.execute(_EVERY)
        of_clusters = groupby(facts, key=itemgetter(0))
        number, rows = next(of_clusters, (None, iter(())))
        for cluster, packed in heads:
            head: Head = unpack_head(packed)
            lying: list[Fact] = []
            if number == cluster:
                lying = [unpack_one(fact) for _, fact in rows]
                number, rows = next(of_clusters, (None, iter(())))
            yield cluster, open_up(head, lying)
