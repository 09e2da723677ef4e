"""One hash of everything that the promise calls a function of the accepted events.

In it: the current facts, their grouping into persons, open alerts with their evidence, standing
decisions. Left out on purpose: surrogate ids, alert revisions, accounting, freshness and whatever
else tells in which order things arrived.
"""

import hashlib
import marshal
from typing import NamedTuple

from sijill.adapters.halt import HaltError
from sijill.adapters.postgres import Connection
from sijill.adapters.registry import due, facts, hub, quarantine
from sijill.adapters.registry.state import unpack_overlap
from sijill.domain import alerts
from sijill.domain.event import Fact, pack_fact
from sijill.domain.fold import person_key
from sijill.domain.identity import group, mention_of


class WorkDueError(HaltError):
    """The registry is not settled: something is due, or was left by an older rulebook."""


class Digest(NamedTuple):
    """The hash, what it was made under, and how much it covers.

    `set_aside` counts the records that broke the program and wait: which of several records that
    break it only together is set aside depends on their order, so while there are any, equal
    events may have unequal hashes.
    """

    hash: str
    schema_lock: str
    book: str
    as_of: int
    counts: dict[str, int]
    set_aside: int


def digest(connection: Connection) -> Digest:
    """Return the digest of the registry, in one snapshot.

    Raises:
        WorkDueError: work is due.

    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        under, here = hub.bound_under(connection), hub.accepted_under()
        if under != here:
            raise WorkDueError(f"the quarantine was gone through under {under}, this is {here}")
        pending = due.pending(connection)
        if pending:
            raise WorkDueError(f"{pending} persons, groups or alerts are due; try again")
        state = hub.read(connection)
        set_aside = quarantine.set_aside(connection)
        lines = {
            "facts": _facts(connection),
            "alerts": _alerts(connection),
            "decisions": _decisions(connection),
            "records": _records(connection),
        }
    whole = hashlib.sha256()
    for name, hashes in sorted(lines.items()):
        whole.update(f"{name} {len(hashes)}\n".encode())
        for line in sorted(hashes):
            whole.update(line)
    book = f"{state.book.id} {state.book.version}" if state.book else "none"
    return Digest(
        whole.hexdigest(),
        under,
        book,
        state.as_of,
        {name: len(hashes) for name, hashes in lines.items()},
        set_aside,
    )


def _hash(*parts: object) -> bytes:
    return hashlib.blake2b(marshal.dumps(parts, alerts.PLAIN), digest_size=16).digest()  # type: ignore[arg-type]


def _facts(connection: Connection) -> list[bytes]:
    """Return a hash per fact, with the person on whom it hangs."""
    hashes = []
    for _, state in facts.states(connection):
        grouping = group(state.facts, state.saturated)
        for person in grouping.persons:
            key = person_key(*mention_of(person))
            hashes += [_hash("fact", key, _said(fact)) for fact in person]
        hashes += [_hash("waiting", _said(fact)) for fact in grouping.waiting]
        hashes += [_hash("conflict", *conflict) for conflict in grouping.conflicts]
    return hashes


def _said(fact: Fact) -> tuple[object, ...]:
    """Return what a fact says; the event's label may differ between equal events."""
    return pack_fact(fact._replace(event_id=""))


def _alerts(connection: Connection) -> list[bytes]:
    rows = connection.execute("SELECT id, decision, body FROM alert WHERE open")
    return [_hash(i, stage, alerts.content(unpack_overlap(body))) for i, stage, body in rows]


def _decisions(connection: Connection) -> list[bytes]:
    rows = connection.execute("SELECT record, notice, basis, code, until, content FROM decision")
    return [_hash(*row) for row in rows]


def _records(connection: Connection) -> list[bytes]:
    rows = connection.execute("SELECT key, seq, content, other, void FROM record")
    return [_hash(*row) for row in rows]
