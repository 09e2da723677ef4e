"""Due work: what time alone, or another rulebook, may have changed.

It is done in portions between the batches, under the same locks in the same order. One registrar
at a time does it: two would take the same rows and wait for each other.
"""

from typing import Any, LiteralString

from sijill.adapters.faultpoint import faultpoint
from sijill.adapters.postgres import Connection, Cursor
from sijill.adapters.registry import alerts, outlet
from sijill.adapters.registry.batch import Keys, Work, context_of, settle

AT_ONCE = 200
"""Rows of one kind in a portion: few enough that the events behind it do not wait for long."""

LEFT_MAX = 100_000
"""What an older rulebook left is counted up to here, so that counting stays cheap."""

_TURN = 0x51172
"""The advisory lock of whoever works on a portion."""


def work(source: Connection | Cursor, as_of: int, book_seq: int) -> Work:
    """Return a portion of what is due on that day, or was evaluated under an older book.

    Alerts follow when persons and households are done: only then is what stands the new book's.
    """
    clusters = _due(source, "cluster", "id", as_of) | _older(source, "cluster", "id", book_seq)
    households = _due(source, "household", "key", as_of)
    households |= _older(source, "household", "key", book_seq)
    decided = _due(source, "alert", "id", as_of, which="open AND ")
    if not clusters and not households:
        decided |= _older(source, "alert", "id", book_seq, which="open AND ")
    return Work(clusters, households, decided)


# The order, and the bound that the index is made with, let a plan that knows no values use it.


def _due(
    source: Connection | Cursor,
    table: LiteralString,
    key: LiteralString,
    as_of: int,
    *,
    which: LiteralString = "",
) -> frozenset[Any]:
    rows = source.execute(
        f"SELECT {key} FROM {table} WHERE {which}next_change <= %s AND next_change < 2147483647 "
        f"ORDER BY next_change LIMIT {AT_ONCE}",
        [as_of],
    )
    return frozenset(row[0] for row in rows)


def _older(
    source: Connection | Cursor,
    table: LiteralString,
    key: LiteralString,
    book_seq: int,
    *,
    which: LiteralString = "",
) -> frozenset[Any]:
    rows = source.execute(
        f"SELECT {key} FROM {table} WHERE {which}book_seq < %s ORDER BY book_seq LIMIT {AT_ONCE}",
        [book_seq],
    )
    return frozenset(row[0] for row in rows)


def pending(connection: Connection) -> int:
    """Return how many clusters, households and alerts are due or were left by an older book."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM cluster, hub WHERE next_change <= as_of "
        "OR cluster.book_seq < hub.book_seq) "
        "+ (SELECT count(*) FROM household, hub WHERE next_change <= as_of "
        "OR household.book_seq < hub.book_seq) "
        "+ (SELECT count(*) FROM alert, hub WHERE open AND (next_change <= as_of "
        "OR alert.book_seq < hub.book_seq))"
    ).fetchone()
    return int(row[0]) if row else 0


def left(connection: Connection) -> int:
    """Return how many clusters, households and alerts an older book left, of each up to LEFT_MAX.

    It is 0 exactly when the sweep is done.
    """
    row = connection.execute("SELECT book_seq FROM hub").fetchone()
    if row is None or row[0] is None:
        return 0
    return sum(_left(connection, table, row[0]) for table in ("cluster", "household", "alert"))


def _left(connection: Connection, table: LiteralString, book_seq: int) -> int:
    which = "open AND " if table == "alert" else ""
    row = connection.execute(
        f"SELECT count(*) FROM (SELECT FROM {table} WHERE {which}book_seq < %s "
        f"ORDER BY book_seq LIMIT {LEFT_MAX}) AS older",
        [book_seq],
    ).fetchone()
    return int(row[0]) if row else 0


def settle_due(connection: Connection, keys: Keys) -> list[alerts.Shown] | None:
    """Evaluate a portion again; None when there is none, or another registrar is at one.

    Raises what `batch.apply` raises.
    """
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_TURN])
        if cursor.fetchone() != (True,):
            return None
        context = context_of(cursor, keys)
        portion = work(cursor, context.as_of, context.book_seq)
        if not any(portion):
            return None
        return settle_again(cursor, context, keys, portion)


def settle_again(
    cursor: Cursor, context: alerts.Context, keys: Keys, portion: Work
) -> list[alerts.Shown]:
    """Evaluate these clusters, households and alerts again within a transaction."""
    shown, rows = settle(cursor, context, keys, changes={}, work=portion)
    outlet.write(cursor, [*outlet.alert_rows(context, shown, caused_at=0), *rows])
    faultpoint("due.committing")
    return shown
