"""Who read a person's data, when and why: append-only, each entry sealed by a hash of all before.

Nothing that was changed or taken out in the middle stays unseen. Whoever owns the database can cut
the end off or write the whole chain anew; a head that is kept elsewhere shows that, too. The chain
lies in the registry's database and is no event: a database rebuilt from the topics begins another.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sijill.adapters import clock
from sijill.adapters.postgres import Connection

BEGINNING = bytes(32)
"""The hash before the first entry."""

_LOCK = 0x51173
"""The advisory lock under which entries are appended, one after the other."""


class Entry(NamedTuple):
    """One reading: who, by which command, of what, and for which purpose."""

    operator: str
    act: str
    subject: str
    purpose: str


class Verified(NamedTuple):
    """How many entries are sealed, the hash of the last, and the first one that is broken."""

    entries: int
    head: bytes
    broken: int | None


def record(connection: Connection, entry: Entry) -> int:
    """Append an entry, durable on return, and return its number."""
    moment = datetime.fromtimestamp(clock.now_s(), UTC)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        last = connection.execute(
            "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1"
        ).fetchone()
        number, before = last or (0, BEGINNING)
        connection.execute(
            "INSERT INTO audit (number, moment, operator, act, subject, purpose, hash) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [number + 1, moment, *entry, seal(before, number + 1, moment, entry)],
        )
    return int(number) + 1


def verify(connection: Connection) -> Verified:
    """Go through the chain and return how far it holds."""
    head, expected = BEGINNING, 0
    with connection.transaction(), connection.cursor("audit") as cursor:
        cursor.execute(
            "SELECT number, moment, operator, act, subject, purpose, hash FROM audit "
            "ORDER BY number"
        )
        for number, moment, *fields, stored in cursor:
            expected += 1
            head = seal(head, number, moment, Entry(*fields))
            if head != stored:
                return Verified(expected - 1, head, expected)
    return Verified(expected, head, None)


def seal(before: bytes, number: int, moment: datetime, entry: Entry) -> bytes:
    """Return the hash that seals an entry together with everything before it."""
    said: list[Any] = [number, moment.astimezone(UTC).isoformat(), *entry]
    return hashlib.sha256(before + json.dumps(said, ensure_ascii=False).encode()).digest()
