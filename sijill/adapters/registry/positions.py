"""Positions: how far each partition has been applied, and what became of every offset."""

import hashlib
from typing import NamedTuple

from sijill.adapters.postgres import Cursor

Place = tuple[str, int]
"""A topic and one of its partitions."""


class Position(NamedTuple):
    """One partition's position as stored; `next_offset` is the first offset not applied yet."""

    topic_id: str
    first_offset: int
    next_offset: int
    last_offset: int | None
    last_hash: bytes | None


class Advance(NamedTuple):
    """What one batch adds to one partition's position."""

    next_offset: int
    last_offset: int | None
    last_hash: bytes | None
    applied: int
    duplicate: int
    superseded: int
    quarantined: int
    void: int


def record_hash(key: bytes | None, value: bytes | None) -> bytes:
    """Return the 16-byte hash by which a position knows its last record again."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (key, value):
        digest.update(b"-" if part is None else len(part).to_bytes(8, "big") + part)
    return digest.digest()


def register(cursor: Cursor, place: Place, *, topic_id: str, first_offset: int) -> Position:
    """Return the partition's position, made at `first_offset` if it is new."""
    cursor.execute(
        "INSERT INTO position (topic, partition, topic_id, first_offset, next_offset) "
        "VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [*place, topic_id, first_offset, first_offset],
    )
    return lock(cursor, [place])[place]


def lock(cursor: Cursor, places: list[Place]) -> dict[Place, Position]:
    """Lock the positions in order; the owner that comes second waits here and sees the first's."""
    cursor.execute(
        "SELECT topic, partition, topic_id, first_offset, next_offset, last_offset, last_hash "
        "FROM position JOIN unnest(%s::text[], %s::int[]) AS wanted (t, p) "
        "ON topic = t AND partition = p ORDER BY topic, partition FOR NO KEY UPDATE OF position",
        [[t for t, _ in places], [p for _, p in places]],
    )
    return {(topic, part): Position(*rest) for topic, part, *rest in cursor}


def advance(cursor: Cursor, advances: dict[Place, Advance]) -> None:
    """Move the locked positions; the table's check keeps the accounting identity."""
    for (topic, partition), step in sorted(advances.items()):
        cursor.execute(
            "UPDATE position SET next_offset = %s, last_offset = coalesce(%s, last_offset), "
            "last_hash = coalesce(%s, last_hash), applied = applied + %s, "
            "duplicate = duplicate + %s, superseded = superseded + %s, "
            "quarantined = quarantined + %s, void = void + %s WHERE topic = %s AND partition = %s",
            [*step, topic, partition],
        )


def accounted(cursor: Cursor) -> int:
    """Return how many offsets of all partitions have an outcome."""
    cursor.execute("SELECT coalesce(sum(next_offset - first_offset), 0)::bigint FROM position")
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])
