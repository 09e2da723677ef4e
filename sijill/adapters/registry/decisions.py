"""Decision rows: the answers of ministries, as their records in use state them."""

from collections.abc import Iterable, Mapping

from sijill.adapters.postgres import Cursor, bytea_array
from sijill.domain.alerts import Answer
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


def answers(cursor: Cursor, owner: Mapping[bytes, tuple[bytes, str]]) -> dict[bytes, list[Answer]]:
    """Return the decisions on each alert, given (alert, ministry) for each notice.

    Only the ministry to which a notice belongs can answer it.
    """
    cursor.execute(
        "SELECT notice, ministry, basis, code, until, occurred_at, content FROM decision "
        "WHERE notice = ANY(%s)",
        [bytea_array(sorted(owner))],
    )
    found: dict[bytes, list[Answer]] = {}
    for notice, *rest in cursor.fetchall():
        alert, ministry = owner[notice]
        if rest[0] == ministry:
            found.setdefault(alert, []).append(Answer(*rest))
    return found
