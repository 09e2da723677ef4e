"""The database at one moment, and what keeps it from being settled."""

import time
from typing import NamedTuple

from sijill.adapters import kafka
from sijill.adapters.postgres import Connection
from sijill.adapters.registry import due, hub
from sijill.cli.verify import accounts, output, pointers, stored
from sijill.cli.verify.accounts import Books
from sijill.cli.verify.differences import Differences
from sijill.cli.verify.sample import Sample, draw
from sijill.domain.alerts import keyed
from sijill.oracle.border.reading import TOPIC
from sijill.settings import Settings

LOOK_EVERY_S = 0.5


class Snapshot(NamedTuple):
    """What one transaction saw."""

    as_of: int
    book_seq: int
    book: dict[str, str]
    books: Books
    given: output.Sent
    registry: stored.Registry
    sample: Sample | None


def unsettled(settings: Settings, connection: Connection) -> tuple[list[str], list[str]]:
    """Return why the registry is between two states, and what is left out of the comparison."""
    row = connection.execute("SELECT book_seq FROM hub").fetchone()
    if row is None or row[0] is None:
        return ["no rulebook is in force yet"], []
    between = []
    pending = due.pending(connection)
    if pending:
        between.append(f"{pending} persons, households or alerts are due or stale")
    if hub.bound_under(connection) != hub.accepted_under():
        between.append("the quarantine was gone through under another schema lock")
    left_out = []
    reached = {place: row.next_offset for place, row in accounts.read(connection).positions.items()}
    ends = kafka.end_offsets(kafka.admin(settings), reached)
    unread = sum(max(0, end - reached[place]) for place, end in ends.items())
    if unread:
        left_out.append(f"{unread} offsets are not applied yet")
    unknown = _unknown(settings, {topic for topic, _ in reached})
    if unknown:
        left_out.append(f"no registrar reads {', '.join(unknown)}")
    waiting = connection.execute("SELECT count(*) FROM outbox").fetchone()
    if waiting and waiting[0]:
        left_out.append(f"{waiting[0]} rows wait for the relay")
    return between, left_out


def _unknown(settings: Settings, known: set[str]) -> list[str]:
    """Return the source topics that hold something and have no position."""
    admin = kafka.admin(settings)
    found = admin.list_topics(timeout=kafka.TIMEOUT_S).topics
    names = [name for name in found if TOPIC.fullmatch(name) and name not in known]
    ends = kafka.end_offsets(
        admin, [(name, part) for name in names for part in found[name].partitions]
    )
    return sorted({topic for (topic, _), end in ends.items() if end})


def wait(settings: Settings, connection: Connection, wait_s: float) -> None:
    """Wait until the hub is settled, or as long as it was said."""
    deadline = time.monotonic() + wait_s
    while any(unsettled(settings, connection)) and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)


def take(
    settings: Settings, connection: Connection, differences: Differences, *, persons: int | None,
    turn: int,
) -> tuple[Snapshot | None, list[str]]:  # fmt: skip
    """Return the snapshot, None for a registry between two states, and what is not settled.

    The registry's own pointers and histories are checked in passing, while they are seen whole.
    """
    # A large registry takes longer to read than a batch may take to write.
    connection.execute("SET transaction_timeout = 0")
    connection.execute("SET idle_in_transaction_session_timeout = 0")
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        between, left_out = unsettled(settings, connection)
        if between:
            return None, between + left_out
        row = connection.execute("SELECT as_of, book_seq, book FROM hub").fetchone()
        assert row is not None
        key = keyed(settings.hub_key, b"sample", f"{row[0]} {turn}".encode())
        sample = draw(connection, persons, key=key) if persons is not None else None
        scope = sample.scope if sample else stored.Scope()
        registry = stored.read(connection, scope)
        pointers.check(connection, registry, scope, differences)
        files = {name: text.decode() for name, text in hub.unpack_book(row[2]).items()}
        books, given = accounts.read(connection), output.sent(connection)
    return Snapshot(row[0], row[1], files, books, given, registry, sample), left_out
