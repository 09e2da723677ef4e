"""Quarantine: refused records, kept byte for byte and sent back to their sender."""

import hashlib
import marshal
from typing import TYPE_CHECKING

from sijill.adapters.postgres import Cursor, copy_rows
from sijill.adapters.refusal import Refusal
from sijill.adapters.registry import hub
from sijill.adapters.registry.outlet import Row, rejected_row

if TYPE_CHECKING:
    from sijill.adapters.registry.batch import Outcome

_COLUMNS = {
    "topic": "text", "partition": "int4", "offset": "int8", "reason": "text", "detail": "text[]",
    "key": "bytea", "value": "bytea", "headers": "bytea", "append_ms": "int8",
    "checked_under": "text",
}  # fmt: skip


def write(cursor: Cursor, outcomes: "list[Outcome]") -> None:
    """Store the quarantined records of the batch, in the transaction that moves the position."""
    under = hub.accepted_under()
    rows = [
        (
            a.topic, a.partition, a.offset, reason, list(_detail(a.verdict)), a.key, a.value,
            marshal.dumps(a.headers), a.append_ms, under,
        )
        for a, outcome, reason in outcomes
        if outcome == "quarantined"
    ]  # fmt: skip
    if rows:
        copy_rows(cursor, "quarantine", _COLUMNS, rows)


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
