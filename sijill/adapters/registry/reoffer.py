"""The quarantine offered again, when schemas or checks have changed since it was refused.

Acceptance is a function of topic, bytes and schema lock; a record that another lock refused may be
an event today. The accounts do not change: an outcome is counted once, at first application.
"""

import marshal

from sijill.adapters.acceptance import Acceptor
from sijill.adapters.postgres import Connection, Cursor
from sijill.adapters.refusal import Refusal
from sijill.adapters.registry import hub, outlet, records
from sijill.adapters.registry.batch import Keys, Work, context_of, settle
from sijill.domain.event import Event

AT_ONCE = 500

_NEXT = (
    'SELECT topic, partition, "offset", key, value, headers FROM quarantine '
    "WHERE status = 'open' AND reason <> 'DISPUTED' AND checked_under <> %s "
    'ORDER BY topic, partition, "offset" LIMIT %s FOR UPDATE'
)
_ANSWER = (
    "UPDATE quarantine SET status = %s, reason = %s, checked_under = %s "
    'WHERE topic = %s AND partition = %s AND "offset" = %s'
)


def reoffer(connection: Connection, acceptor: Acceptor, keys: Keys) -> int:
    """Offer every open record again, in order of offset, and return how many were released.

    It does nothing when the hub's row names this code's lock already, and can be interrupted.
    """
    under, released = hub.accepted_under(), 0
    if hub.bound_under(connection) == under:
        return 0
    while True:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(_NEXT, [under, AT_ONCE])
            rows = cursor.fetchall()
            if not rows:
                cursor.execute("UPDATE hub SET schema_lock = %s", [under])
                return released
            released += _portion(cursor, rows, acceptor, keys=keys)


def _portion(
    cursor: Cursor, rows: list[tuple[object, ...]], acceptor: Acceptor, *, keys: Keys
) -> int:
    """Settle one portion in the open transaction and return how many records became events."""
    events: list[Event] = []
    answers = []
    for topic, partition, offset, key, value, headers in rows:
        verdict = acceptor.accept(str(topic), key, value, marshal.loads(headers))  # type: ignore[arg-type]
        place = (topic, partition, offset)
        if isinstance(verdict, Refusal):
            answers.append(("open", verdict.reason, hub.accepted_under(), *place))
        else:
            events.append(verdict)
            answers.append(("released", "", hub.accepted_under(), *place))
    known = records.lock(cursor, {event.record for event in events})
    outcomes, changes = records.classify(events, known)
    context = context_of(cursor, keys)
    shown, out = settle(cursor, context, keys, changes=changes, work=Work())
    outlet.write(cursor, [*outlet.alert_rows(context, shown, caused_at=0), *out])
    told = iter(outcomes)
    for answer in answers:
        disputed = answer[0] == "released" and next(told) == records.DISPUTED
        again = ("open", records.DISPUTED, *answer[2:]) if disputed else answer
        cursor.execute(_ANSWER, again)
    return sum(outcome != records.DISPUTED for outcome in outcomes)
