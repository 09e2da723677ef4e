"""Decision rows: the answers of ministries, as their records in use state them."""

from collections.abc import Iterable, Mapping

from sijill.adapters.postgres import Connection, Cursor, bytea_array
from sijill.domain.alerts import Answer
from sijill.domain.dossier.shapes import Said
from sijill.domain.event import Event


def write(cursor: Cursor, events: Iterable[Event]) -> set[bytes]:
    """Store the decisions now in use and return the notices whose answers changed."""
    notices: set[bytes] = set()
    for event in sorted(events, key=lambda e: e.record):
        cursor.execute("DELETE FROM decision WHERE record = %s RETURNING notice", [event.record])
        notices.update(notice for (notice,) in cursor.fetchall())
        decision = event.decision
        if event.void or decision is None:
            continue
        notices.add(decision.notice)
        cursor.execute(
            "INSERT INTO decision (record, ministry, notice, basis, code, until, reason, note, "
            "occurred_at, content) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [event.record, event.ministry, *decision, event.occurred_at, event.content],
        )
    return notices


def said(
    source: Connection | Cursor, owner: Mapping[bytes, tuple[bytes, str]]
) -> list[tuple[bytes, Said]]:
    """Return the decisions, each with its alert, given (alert, ministry) for each notice.

    Only the ministry to which a notice belongs can answer it.
    """
    rows = source.execute(
        "SELECT notice, ministry, basis, code, until, occurred_at, content, reason, note "
        "FROM decision WHERE notice = ANY(%s) ORDER BY occurred_at, content",
        [bytea_array(sorted(owner))],
    ).fetchall()
    return [
        (owner[notice][0], Said(Answer(*answer), reason, note))
        for notice, *answer, reason, note in rows
        if owner[notice][1] == answer[0]
    ]
