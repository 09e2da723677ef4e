"""Due work: what time alone, or another rulebook, may have changed."""

from collections.abc import Sequence
from typing import Any, LiteralString

from sijill.adapters.faultpoint import faultpoint
from sijill.adapters.postgres import Connection
from sijill.adapters.registry import alerts, outlet
from sijill.adapters.registry.batch import Keys, Work, context_of, settle

AT_ONCE = 1_000


def work(connection: Connection, keys: Keys, as_of: int) -> Work:
    """Return a portion of what is due on that day, or was evaluated under an older book."""
    return Work(
        frozenset(_ids(connection, "cluster", "id", [as_of, keys.book_seq])),
        frozenset(_ids(connection, "household", "key", [as_of, keys.book_seq])),
        frozenset(
            row[0]
            for row in connection.execute(
                "SELECT id FROM alert WHERE open AND next_change <= %s ORDER BY id LIMIT %s",
                [as_of, AT_ONCE],
            )
        ),
    )


def _ids(
    connection: Connection, table: LiteralString, key: LiteralString, bounds: Sequence[int]
) -> list[Any]:
    rows = connection.execute(
        f"(SELECT {key} FROM {table} WHERE next_change <= %s ORDER BY {key} LIMIT {AT_ONCE}) "
        f"UNION (SELECT {key} FROM {table} WHERE book_seq < %s ORDER BY {key} LIMIT {AT_ONCE})",
        bounds,
    )
    return [row[0] for row in rows]


def pending(connection: Connection) -> int:
    """Return how many clusters, households and alerts are due or were left by an older book."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM cluster, hub WHERE next_change <= as_of "
        "OR cluster.book_seq < hub.book_seq) "
        "+ (SELECT count(*) FROM household, hub WHERE next_change <= as_of "
        "OR household.book_seq < hub.book_seq) "
        "+ (SELECT count(*) FROM alert, hub WHERE open AND next_change <= as_of)"
    ).fetchone()
    return int(row[0]) if row else 0


def settle_due(connection: Connection, keys: Keys, portion: Work) -> list[alerts.Shown]:
    """Evaluate a portion again, under the same locks in the same order as a batch."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        context = context_of(cursor, keys)
        shown, rows = settle(cursor, context, keys, changes={}, work=portion)
        outlet.write(cursor, [*outlet.alert_rows(context, shown, caused_at=0), *rows])
        faultpoint("due.committing")
    return shown
