"""The relay's side of the database: lease, numbering, progress.

Two connections: one holds the lease row locked for a whole cycle, the other does the work. The
epoch in `relay_progress` is what a relay that lost its lease unknowingly runs into: every
transaction of the work connection starts by locking that row under the relay's own epoch.
"""

import os
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

import psycopg

from sijill.adapters import codec, metrics, wire
from sijill.adapters.faultpoint import faultpoint
from sijill.adapters.postgres import (
    Connection,
    Cursor,
    bigint_array,
    bytea_array,
    connect,
    copy_rows,
    text_array,
)
from sijill.domain.versions import Key, Last, Sent, Waiting, assign

WAKE = "outbox"
"""Channel on which a writer may NOTIFY that it committed outbox rows; polling finds them too."""

LEASE_S = 3.0
PAUSE_S = 20
"""A relay that sleeps inside its cycle loses its sessions, and so its locks, after this time."""

BATCH_BYTES = 32 * 1024 * 1024

_ROW = "outbox.id, topic, key, revision, content, schema_id, value, headers"


class FencedError(Exception):
    """Another relay has taken over; this one must end, and may start again as its stand-in."""


class Numbered(NamedTuple):
    """A record on its way to Kafka, with its number in the relay's one order."""

    number: int
    topic: str
    key: bytes | None
    value: bytes | None
    headers: bytes | None


class Standing(NamedTuple):
    """What the database says of itself when a relay takes over."""

    generation: bytes
    hub_fingerprint: bytes
    registry_fingerprint: bytes
    highest: int
    published: int


class RelayStore:
    """One relay's connections and its epoch."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._holder = secrets.token_bytes(8) + os.getpid().to_bytes(4, "big")
        self.epoch = -1
        self._guard = _connected(dsn)
        self._work = _listening(dsn)

    def reconnect(self) -> None:
        """Replace both connections after one was lost; a database that is down stays so quietly."""
        self.epoch = -1
        with suppress(psycopg.OperationalError):
            self._guard.close()
            self._work.close()
            self._guard = _connected(self._dsn)
            self._work = _listening(self._dsn)

    @property
    def lost(self) -> bool:
        """Whether a connection is closed, by whomever."""
        return self._guard.closed or self._work.closed

    def close(self) -> None:
        """Give the lease back, so that a successor need not wait for it to expire."""
        with suppress(psycopg.Error):
            self._guard.execute(
                "UPDATE relay_lease SET expires = '-infinity' WHERE holder = %s", [self._holder]
            )
        self._guard.close()
        self._work.close()

    def wait(self, timeout_s: float) -> None:
        """Return when a writer says that there is work, or after the timeout."""
        for _ in self._work.notifies(timeout=timeout_s, stop_after=1):
            pass

    @contextmanager
    def lease(self) -> Iterator[bool]:
        """Hold the lease row for one cycle, and say whether it is ours.

        It is not while another relay is in its cycle, or was less than LEASE_S ago. The next one
        may take it when its holder is silent for longer, by the database's clock.
        """
        with self._guard.transaction():
            self._guard.execute("SET LOCAL synchronous_commit = off")
            row = self._guard.execute(
                "SELECT holder, expires < clock_timestamp() FROM relay_lease FOR UPDATE SKIP LOCKED"
            ).fetchone()
            ours = row is not None and (row[0] == self._holder or row[1])
            if row is None or row[0] != self._holder:
                self.epoch = -1
            yield ours
            if ours:
                self._guard.execute(
                    "UPDATE relay_lease SET holder = %s, "
                    "expires = clock_timestamp() + make_interval(secs => %s)",
                    [self._holder, LEASE_S],
                )

    def hold(self) -> None:
        """Say under the lease that we are awake: long work is no pause."""
        self._guard.execute("SELECT 1")

    @property
    def reigns(self) -> bool:
        """Whether this relay has taken over and nobody since."""
        return self.epoch >= 0

    def take_over(self) -> Standing | None:
        """Raise the epoch, which ends every other relay; None while the hub has no identity yet.

        To be called under the lease, before a new producer is made.
        """
        row = self._work.execute(
            "UPDATE relay_progress SET epoch = epoch + 1 FROM hub RETURNING "
            "epoch, generation, hub_fingerprint, registry_fingerprint, highest, published"
        ).fetchone()
        if row is None:
            return None
        self.epoch = row[0]
        return Standing(*row[1:])

    def number(self, limit: int) -> list[Numbered]:
        """Give numbers and versions to at most `limit` waiting rows; durable when this returns.

        Rows that say what their key last said are deleted here. Raises FencedError.
        """
        with self._work.transaction(), self._work.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = on")
            highest = self._lock(cursor)
            rows = _waiting(cursor, limit)
            if not rows:
                return []
            sent, dropped, changed = assign(rows, _last(cursor, rows))
            copy_rows(
                cursor,
                "numbered",
                {"number": "int8", "outbox_id": "int8", "version": "int8"},
                [(n, s.row.id, s.version) for n, s in enumerate(sent, highest + 1)],
            )
            _remember(cursor, changed)
            _delete(cursor, dropped)
            cursor.execute("UPDATE relay_progress SET highest = highest + %s", [len(sent)])
            faultpoint("relay.numbering")
        for topic, count in Counter(row.topic for row in dropped).items():
            metrics.add("relay_dropped_total", count, topic=topic)
        return [_numbered(n, s) for n, s in enumerate(sent, highest + 1)]

    def unrecorded(self) -> list[Numbered]:
        """Return the rows that were numbered but are not known to be in Kafka, in order."""
        with self._work.cursor(binary=True) as cursor:
            cursor.execute(
                f"SELECT number, version, {_ROW} FROM numbered "
                "JOIN outbox ON outbox.id = outbox_id ORDER BY number"
            )
            return [_numbered(n, Sent(Waiting(*row), version)) for n, version, *row in cursor]

    def record(self, number: int) -> None:
        """Note that everything up to `number` is in Kafka, and drop those rows.

        It may be lost in a crash: then the progress topic says it again. Raises FencedError.
        """
        with self._work.transaction(), self._work.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
            self._lock(cursor)
            cursor.execute(
                "WITH gone AS (DELETE FROM numbered WHERE number <= %s RETURNING outbox_id) "
                "DELETE FROM outbox WHERE id = ANY (ARRAY(SELECT outbox_id FROM gone))",
                [number],
            )
            cursor.execute("UPDATE relay_progress SET published = %s", [number])

    def backlog(self) -> tuple[int, float]:
        """Return how many rows wait, as far as their ids tell, and the age of the oldest in s."""
        row = self._work.execute(
            "SELECT (SELECT max(id) FROM outbox) - id + 1, "
            "extract(epoch FROM clock_timestamp() - queued_at)::float8 "
            "FROM outbox ORDER BY id LIMIT 1"
        ).fetchone()
        return (0, 0.0) if row is None else (row[0], max(0.0, row[1]))

    def _lock(self, cursor: Cursor) -> int:
        cursor.execute(
            "SELECT highest FROM relay_progress WHERE epoch = %s FOR UPDATE", [self.epoch]
        )
        row = cursor.fetchone()
        if row is None:
            raise FencedError("another relay has taken over the outbox")
        return int(row[0])


def _connected(dsn: str) -> Connection:
    """Return a connection that ends when we sleep.

    A plan is made once and kept. So that one made on nearly empty tables is good on large ones,
    the statements here leave the planner no join to choose: a join of two small tables may become
    one that compares every row of a large one with every row of a batch.
    """
    connection = connect(dsn)
    connection.execute(f"SET idle_in_transaction_session_timeout = '{PAUSE_S}s'")
    return connection


def _listening(dsn: str) -> Connection:
    connection = _connected(dsn)
    connection.execute(f"LISTEN {WAKE}")
    return connection


def _waiting(cursor: Cursor, limit: int) -> list[Waiting]:
    """Return the oldest rows, within the limits of one batch in rows and bytes.

    A row committed later may have a lower id, but never one of the same key: the writer of a
    key's next revision has seen the one before it committed.
    """
    with cursor.connection.cursor(binary=True) as rows:
        rows.execute(
            f"SELECT {_ROW} FROM (SELECT *, sum(coalesce(octet_length(value), 0)) "
            "OVER (ORDER BY id) - coalesce(octet_length(value), 0) AS before "
            "FROM (SELECT * FROM outbox ORDER BY id LIMIT %s) AS oldest) AS outbox "
            "WHERE before < %s",
            [limit, BATCH_BYTES],
        )
        return [Waiting(*row) for row in rows]


def _last(cursor: Cursor, rows: Sequence[Waiting]) -> dict[Key, Last]:
    keys = sorted({(r.topic, r.key) for r in rows if r.schema_id is not None and r.key})
    with cursor.connection.cursor(binary=True) as found:
        found.execute(
            "SELECT wanted.topic, wanted.key, version, content "
            "FROM unnest(%s, %s) AS wanted (topic, key) CROSS JOIN LATERAL (SELECT version, "
            "content FROM published WHERE (topic, key) = (wanted.topic, wanted.key) OFFSET 0) AS p",
            [text_array([topic for topic, _ in keys]), bytea_array([key for _, key in keys])],
        )
        return {(topic, key): Last(version, content) for topic, key, version, content in found}


def _remember(cursor: Cursor, changed: dict[Key, Last]) -> None:
    if not changed:
        return
    cursor.execute(
        "INSERT INTO published (topic, key, version, content) "
        "SELECT topic, key, version, nullif(content, '') "
        "FROM unnest(%s, %s, %s, %s) AS new (topic, key, version, content) "
        "ON CONFLICT (topic, key) DO UPDATE "
        "SET version = excluded.version, content = excluded.content",
        [
            text_array([topic for topic, _ in changed]),
            bytea_array([key for _, key in changed]),
            bigint_array([last.version for last in changed.values()]),
            bytea_array([last.content or b"" for last in changed.values()]),
        ],
    )


def _delete(cursor: Cursor, rows: Sequence[Waiting]) -> None:
    if rows:
        ids = bigint_array([row.id for row in rows])
        cursor.execute("DELETE FROM outbox WHERE id = ANY(%s)", [ids])


def _numbered(number: int, sent: Sent) -> Numbered:
    row, value = sent.row, sent.row.value
    if row.schema_id is not None and value is not None and sent.version is not None:
        value = codec.with_version(row.schema_id, sent.version, value)
    headers = row.headers
    if row.schema_id is not None and value is None:
        headers = wire.tombstone_headers(sent.version or 0)
    return Numbered(number, row.topic, row.key, value, headers)
