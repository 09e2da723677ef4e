"""Wire versions: each key of an output topic counts its own records from 1, without a gap.

Readers fold by version, so a version is given once, and a record that would say what the last
one said is not sent. A tombstone takes no version: the key's count goes on after it.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

Key = tuple[str, bytes]
"""A topic and a key in it."""


class Waiting(NamedTuple):
    """A row of the outbox; `schema_id` is None for a record that takes no version."""

    id: int
    topic: str
    key: bytes | None
    revision: int
    content: bytes | None
    schema_id: int | None
    value: bytes | None
    headers: bytes | None


class Last(NamedTuple):
    """What was last published under a key; content None after a tombstone."""

    version: int
    content: bytes | None


class Sent(NamedTuple):
    """A row that goes out, with its version (None: unversioned)."""

    row: Waiting
    version: int | None


def assign(
    rows: Iterable[Waiting], last: Mapping[Key, Last]
) -> tuple[list[Sent], list[Waiting], dict[Key, Last]]:
    """Return the rows to send in their order, the rows that say nothing new, and the new lasts.

    Rows of one key are ordered by revision, then by id; a key absent from `last` was never
    published. A tombstone under a key that has nothing to delete says nothing new.
    """
    sent: list[Sent] = []
    dropped: list[Waiting] = []
    changed: dict[Key, Last] = {}
    for row in sorted(rows, key=lambda r: (r.topic, r.key or b"", r.revision, r.id)):
        if row.schema_id is None or row.key is None:
            sent.append(Sent(row, None))
            continue
        key = (row.topic, row.key)
        before = changed.get(key) or last.get(key) or Last(0, None)
        content = None if row.value is None else row.content
        if content == before.content:
            dropped.append(row)
            continue
        version = before.version + (row.value is not None)
        changed[key] = Last(version, content)
        sent.append(Sent(row, version))
    return sent, dropped, changed
