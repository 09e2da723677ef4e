"""Record rows: what each event is to its source record, decided under the record's lock.

Version identity is (ministry, stream, source_record_id, source_seq). A higher sequence number is
applied, a lower one superseded, the same content a duplicate. Two contents for the highest number
are disputed: the greater hash is used, and the one that arrives second is quarantined.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from sijill.adapters.postgres import Cursor, bytea_array, copy_rows, update_rows
from sijill.domain.event import Event

APPLIED, DUPLICATE, SUPERSEDED, DISPUTED = "applied", "duplicate", "superseded", "DISPUTED"


class Version(NamedTuple):
    """The highest version of a source record that the registry knows."""

    seq: int
    content: bytes
    other: bytes | None
    cluster: int | None


class Change(NamedTuple):
    """What a batch does to one record: `event` is the version now in use.

    `event` is None when the version in use stays and has only become disputed.
    """

    key: bytes
    ministry: str
    stream: str
    old: Version | None
    new: Version
    event: Event | None


def lock(cursor: Cursor, keys: Iterable[bytes]) -> dict[bytes, Version]:
    """Lock the records that exist, in key order, and return their versions."""
    cursor.execute(
        "SELECT key, seq, content, other, cluster FROM record WHERE key = ANY(%s) "
        "ORDER BY key FOR NO KEY UPDATE",
        [bytea_array(sorted(keys))],
        binary=True,
    )
    return {key: Version(*rest) for key, *rest in cursor}


def classify(
    events: Iterable[Event], known: dict[bytes, Version]
) -> tuple[list[str], dict[bytes, Change]]:
    """Return each event's outcome, in order, and what the batch changes, by record."""
    outcomes: list[str] = []
    changes: dict[bytes, Change] = {}
    for event in events:
        key = event.record
        before = changes.get(key)
        current = before.new if before else known.get(key)
        outcome, version, used = _outcome(event, current)
        outcomes.append(outcome)
        if version is not None:
            in_use = event if used else (before.event if before else None)
            changes[key] = Change(
                key, event.ministry, event.stream, known.get(key), version, in_use
            )
    return outcomes, changes


def _outcome(event: Event, current: Version | None) -> tuple[str, Version | None, bool]:
    """Return (outcome, the record's new version or None, whether this event is in use)."""
    if current is None or event.seq > current.seq:
        cluster = current.cluster if current else None
        return APPLIED, Version(event.seq, event.content, None, cluster), True
    if event.seq < current.seq:
        return SUPERSEDED, None, False
    if event.content in (current.content, current.other):
        return DUPLICATE, None, False
    if event.content > current.content:
        return DISPUTED, current._replace(content=event.content, other=current.content), True
    other = max(event.content, current.other or b"")
    return DISPUTED, current._replace(other=other), False


_COLUMNS = {
    "key": "bytea",
    "seq": "int8",
    "content": "bytea",
    "other": "bytea",
    "void": "bool",
    "cluster": "int8",
    "fact": "bytea",
    "programme": "text",
    "status": "text",
    "start": "int4",
    "stop": "int4",
    "period": "text",
    "amount": "int8",
    "currency": "text",
    "household": "text",
    "ministry": "text",
    "stream": "text",
    "record_id": "text",
}
_CHANGING = {c: t for c, t in _COLUMNS.items() if c not in ("ministry", "stream", "record_id")}
_DISPUTE = {c: _COLUMNS[c] for c in ("key", "other")}
_NOWHERE = (None, None)
_MOVE = {c: _COLUMNS[c] for c in ("key", "cluster")}


def write(
    cursor: Cursor,
    changes: dict[bytes, Change],
    placed: dict[bytes, tuple[int, bytes]],
    *,
    moved: dict[bytes, int],
) -> None:
    """Write the changed records, each with its cluster and its packed fact, and the moved ones.

    A record that another registrar inserted meanwhile raises unique_violation, and the whole
    batch is tried again: cheaper than writing every new row twice.
    """
    fresh, newer, disputed = [], [], []
    for key, change in sorted(changes.items()):
        version, event = change.new, change.event
        if event is None:
            disputed.append((key, version.other))
            continue
        head = (key, version.seq, version.content, version.other, event.void)
        values: tuple[object, ...] = (*head, *placed.get(key, _NOWHERE), *_summary(event))
        if change.old is None:
            fresh.append((*values, event.ministry, event.stream, event.record_id))
        else:
            newer.append(values)
    if fresh:
        copy_rows(cursor, "record", _COLUMNS, fresh)
    update_rows(cursor, "record", _CHANGING, newer)
    update_rows(cursor, "record", _DISPUTE, disputed)
    update_rows(cursor, "record", _MOVE, sorted(moved.items()))


def _summary(event: Event) -> tuple[object, ...]:
    """Return (programme, status, start, stop, period, amount, currency, household) for people."""
    if event.void or not event.facts:
        return _NOTHING
    return _SUMMARIES[event.stream](event.facts[0].detail)


def _of_enrollment(said: Any) -> tuple[object, ...]:
    money = (said.amount, said.currency, said.household)
    return (said.programme, said.status, said.start, said.stop, None, *money)


def _of_payment(said: Any) -> tuple[object, ...]:
    money = (said.amount, said.currency, said.household)
    return (said.programme, said.status, said.start, said.stop, said.period, *money)


def _of_income(said: Any) -> tuple[object, ...]:
    return (None, said.kind, said.start, said.stop, None, None, None, None)


def _of_vital(said: Any) -> tuple[object, ...]:
    return (None, said.kind, said.day, said.day + 1, None, None, None, None)


_NOTHING: tuple[object, ...] = (None,) * 8
_SUMMARIES: dict[str, Callable[[Any], tuple[object, ...]]] = {
    "enrollment": _of_enrollment,
    "payment": _of_payment,
    "income": _of_income,
    "vital": _of_vital,
    "household": lambda _: _NOTHING,
}
