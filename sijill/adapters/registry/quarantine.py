"""Quarantine: refused records, kept byte for byte and sent back to their sender."""

import hashlib
import marshal
from typing import TYPE_CHECKING

from sijill.adapters.postgres import Connection, Cursor, copy_rows
from sijill.adapters.refusal import UNPROCESSABLE, Refusal
from sijill.adapters.registry import hub, positions
from sijill.adapters.registry.outlet import Row, rejected_row

if TYPE_CHECKING:
    from sijill.adapters.registry.batch import Outcome

_COLUMNS = {
    "topic": "text", "partition": "int4", "offset": "int8", "reason": "text", "detail": "text[]",
    "key": "bytea", "value": "bytea", "headers": "bytea", "append_ms": "int8",
    "checked_under": "text", "accounted": "int8",
}  # fmt: skip


def write(cursor: Cursor, outcomes: "list[Outcome]") -> None:
    """Store the quarantined records of the batch, in the transaction that moves the position."""
    under, accounted = hub.accepted_under(), None
    if any(reason == UNPROCESSABLE for _, _, reason in outcomes):
        accounted = positions.accounted(cursor)
    rows = [
        (
            a.topic, a.partition, a.offset, reason, list(_detail(a.verdict)), a.key, a.value,
            marshal.dumps(a.headers), a.append_ms, under,
            accounted if reason == UNPROCESSABLE else None,
        )
        for a, outcome, reason in outcomes
        if outcome == "quarantined"
    ]  # fmt: skip
    if rows:
        copy_rows(cursor, "quarantine", _COLUMNS, rows)


def set_aside(connection: Connection) -> int:
    """Return how many records wait because they broke the program."""
    row = connection.execute(
        "SELECT count(*) FROM quarantine WHERE reason = %s AND status = 'open'", [UNPROCESSABLE]
    ).fetchone()
    assert row is not None
    return int(row[0])


def rejected(outcomes: "list[Outcome]") -> list[Row]:
    """Return the outbox rows that carry the quarantined records back, reason in the headers."""
    rows = []
    for arrival, outcome, reason in outcomes:
        ministry = arrival.topic.split(".")[1]
        if outcome != "quarantined" or ministry == "hub":
            continue
        headers = [
            *arrival.headers,
            ("sijill-rejected-reason", str(reason).encode()),
            ("sijill-rejected-detail", ",".join(_detail(arrival.verdict)).encode()),
            ("sijill-rejected-topic", arrival.topic.encode()),
            ("sijill-rejected-partition", str(arrival.partition).encode()),
            ("sijill-rejected-offset", str(arrival.offset).encode()),
            ("sijill-rejected-timestamp", str(arrival.append_ms).encode()),
            ("sijill-rejected-sha256", hashlib.sha256(arrival.value or b"").hexdigest().encode()),
        ]
        rows.append(rejected_row(ministry, key=arrival.key, value=arrival.value, headers=headers))
    return rows


def _detail(verdict: object) -> tuple[str, ...]:
    return verdict.detail if isinstance(verdict, Refusal) else ()
