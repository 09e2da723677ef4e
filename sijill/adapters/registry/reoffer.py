"""The quarantine offered again: when schemas or checks have changed, and what broke the program.

Acceptance is a function of topic, bytes and schema lock; a record that another lock refused may be
an event today. What made the program fail is offered at every start, since no version tells that
the fault is mended. The accounts do not change: an outcome is counted once, at first application.
"""

import marshal
from collections.abc import Callable, Sequence
from typing import Any

from sijill import topics
from sijill.adapters.acceptance import Acceptor
from sijill.adapters.postgres import Connection, Cursor
from sijill.adapters.refusal import UNPROCESSABLE, Refusal
from sijill.adapters.registry import bisection, hub, outlet, positions, records, set_aside
from sijill.adapters.registry.batch import Keys, Work, context_of, settle
from sijill.adapters.registry.set_aside import Offset
from sijill.domain.event import Event

AT_ONCE = 500

# An operation is no event: whoever sent one that was refused sends a better one.
_OPEN = f"status = 'open' AND topic <> '{topics.name('operation')}'"
_ORDER = 'ORDER BY topic, partition, "offset"'
_CHECKED_BEFORE = (
    'SELECT topic, partition, "offset" FROM quarantine '
    f"WHERE {_OPEN} AND reason <> 'DISPUTED' AND checked_under <> %s {_ORDER} LIMIT {AT_ONCE}"
)
_SET_ASIDE = (
    'SELECT topic, partition, "offset" FROM quarantine '
    f"WHERE {_OPEN} AND reason = '{UNPROCESSABLE}' {_ORDER}"
)
_TAKE = (
    'SELECT topic, partition, "offset", key, value, headers FROM quarantine '
    "JOIN unnest(%s::text[], %s::int[], %s::int8[]) AS wanted (t, p, o) "
    'ON topic = t AND partition = p AND "offset" = o '
    f"WHERE status = 'open' AND reason <> 'DISPUTED' {_ORDER} FOR UPDATE OF quarantine"
)
_ANSWER = (
    "UPDATE quarantine SET status = %s, reason = coalesce(%s, reason), detail = %s, "
    "checked_under = %s, "
    'accounted = coalesce(accounted, %s) WHERE topic = %s AND partition = %s AND "offset" = %s'
)


def reoffer(connection: Connection, acceptor: Acceptor, keys: Keys) -> int:
    """Offer what waits, in order of offset, and return how many records were released.

    That is every open record when the hub's row does not name this code's lock, and otherwise
    those that broke the program. It can be interrupted, and goes on at the next start.

    Raises:
        FloodError: too many of them break the program.

    """
    under, released = hub.accepted_under(), 0

    def put(place: Offset) -> None:
        set_aside.check_flood(connection, [place])
        with connection.transaction(), connection.cursor() as cursor:
            _answer(cursor, place, Refusal(UNPROCESSABLE))

    def leave(_: Offset) -> None:
        """Do nothing: the record lies there already."""

    def offer(places: Sequence[Offset], otherwise: Callable[[Offset], None]) -> int:
        parts = bisection.in_parts(
            places,
            lambda part: bisection.persist(
                connection, lambda: _portion(connection, part, acceptor, keys=keys)
            ),
            halve=_halves,
            set_aside=lambda part, error: _told(part[0], error, otherwise),
        )
        return sum(parts)

    if hub.bound_under(connection) != under:
        while places := connection.execute(_CHECKED_BEFORE.encode(), [under]).fetchall():
            released += offer(places, put)
        connection.execute("UPDATE hub SET schema_lock = %s", [under])
    for place in connection.execute(_SET_ASIDE.encode()).fetchall():
        released += offer([place], leave)
    return released


def _told(place: Offset, error: Exception, otherwise: Callable[[Offset], None]) -> int:
    set_aside.tell(place, error)
    otherwise(place)
    return 0


def _halves(places: Sequence[Offset]) -> Sequence[Sequence[Offset]]:
    middle = len(places) // 2
    return (places[:middle], places[middle:]) if middle else ()


def _portion(
    connection: Connection, places: Sequence[Offset], acceptor: Acceptor, *, keys: Keys
) -> int:
    """Settle these records in one transaction and return how many became events."""
    with connection.transaction(), connection.cursor() as cursor:
        rows = cursor.execute(
            _TAKE.encode(), [list(column) for column in zip(*places, strict=True)], prepare=False
        ).fetchall()
        return _settled(cursor, rows, acceptor, keys=keys)


def _settled(cursor: Cursor, rows: list[tuple[Any, ...]], acceptor: Acceptor, *, keys: Keys) -> int:
    events: list[Event] = []
    places: list[Offset] = []
    for topic, partition, offset, key, value, headers in rows:
        place = (topic, partition, offset)
        said = acceptor.accept(topic, key, value, marshal.loads(headers))
        if isinstance(said, Refusal):
            _answer(cursor, place, said)
        else:
            events.append(said)
            places.append(place)
    known = records.lock(cursor, {event.record for event in events})
    outcomes, changes = records.classify(events, known)
    context = context_of(cursor, keys)
    shown, out = settle(cursor, context, keys, changes=changes, work=Work())
    outlet.write(cursor, [*outlet.alert_rows(context, shown, caused_at=0), *out])
    for place, outcome in zip(places, outcomes, strict=True):
        _answer(cursor, place, records.DISPUTED if outcome == records.DISPUTED else None)
    return sum(outcome != records.DISPUTED for outcome in outcomes)


def _answer(cursor: Cursor, place: Offset, said: Refusal | str | None) -> None:
    """Write why a record stays: a refusal, or what it is to the registry; else it is released.

    A released record keeps the reason for which it lay here.
    """
    reason, detail = (said.reason, said.detail) if isinstance(said, Refusal) else (said, ())
    accounted = positions.accounted(cursor) if reason == UNPROCESSABLE else None
    status = "open" if reason else "released"
    cursor.execute(_ANSWER, [status, reason, list(detail), hub.accepted_under(), accounted, *place])
