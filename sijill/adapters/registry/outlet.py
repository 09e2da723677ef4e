"""What leaves the registry: rows of the outbox, written in the registrar's own transaction."""

import marshal
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import schemas
from sijill import topics
from sijill.adapters import wire
from sijill.adapters.codec import Record, encode, encode_unversioned
from sijill.adapters.postgres import Cursor, copy_rows
from sijill.adapters.registry.alerts import HISTORY_ONLY, Context, Shown
from sijill.domain import alerts, disclosure, explain
from sijill.domain.event import EPOCH, INF, Fact

RECEIPT_RUNS_MAX = 4_000
"""Exceptions in one receipt; more are split over several, each well below 512 KB."""


_SEVERITY = {"high": "HIGH", "normal": "MEDIUM", "low": "LOW"}


class Row(NamedTuple):
    """One row of the outbox, in the order of its columns."""

    topic: str
    key: bytes | None
    revision: int
    content: bytes | None
    schema_id: int | None
    value: bytes | None
    headers: bytes | None


class Run(NamedTuple):
    """A run of offsets with one outcome other than applied."""

    first_offset: int
    last_offset: int
    outcome: str
    reason: str | None


_COLUMNS = {
    "topic": "text", "key": "bytea", "revision": "int8", "content": "bytea",
    "schema_id": "int4", "value": "bytea", "headers": "bytea",
}  # fmt: skip


def write(cursor: Cursor, rows: Sequence[Row]) -> None:
    """Append the rows and wake the relay when the transaction commits."""
    if rows:
        copy_rows(cursor, "outbox", _COLUMNS, rows)
        cursor.execute("NOTIFY outbox")


def alert_rows(context: Context, shown: Iterable[Shown], *, caused_at: int) -> list[Row]:
    """Return the alert for the hub's owner and a notice for each ministry on either side.

    `caused_at` is Kafka's append time, in milliseconds, of the newest event of the batch.
    """
    rows = []
    for change in shown:
        if change.state in HISTORY_ONLY:
            continue
        common = _common(context, change)
        record = _alert(context, change, common, caused_at=caused_at)
        rows.append(
            _saying("alert", topics.name("alert"), change.id, record, revision=change.revision)
        )
        rows += [_notice_row(context, change, ministry) for ministry in change.told]
        rows += [_leaving_row(context, change, ministry) for ministry in change.leaving]
    return rows


def _saying(schema: str, topic: str, key: bytes, record: Record, *, revision: int) -> Row:
    """Return the row of a record that says what its evidence says."""
    value = encode_unversioned(schema, record)
    return Row(topic, key, revision, wire.content(record), schemas.current(schema).id, value, None)


def _notice_row(context: Context, change: Shown, ministry: str) -> Row:
    record = _notice(context, change, _common(context, change), ministry)
    notice = alerts.notice_id(context.hub_key, ministry, change.id)
    topic = topics.name("notice", ministry)
    return _saying("notice", topic, notice, record, revision=change.revision)


def _leaving_row(context: Context, change: Shown, ministry: str) -> Row:
    """Return the withdrawal for a ministry that is no longer asked.

    When none of its records is left in the evidence, it hears no more than it was told before.
    """
    gone = change._replace(state="WITHDRAWN")
    if change.before is not None and ministry not in alerts.ministries(change.overlap):
        basis = alerts.basis(context.hub_key, change.before)
        gone = gone._replace(overlap=change.before, basis=basis)
    return _notice_row(context, gone, ministry)


def _common(context: Context, change: Shown) -> dict[str, Any]:
    overlap = change.overlap
    rule = disclosure.rule_of(context.book, overlap.rule)
    return {
        "state": change.state,
        "decision_state": change.stage,
        "rule": overlap.rule,
        "rule_version": overlap.version,
        "type": overlap.type,
        "legal_basis": list(explain.legal_basis(overlap, context.book, "en")) if rule else [],
        "months": list(overlap.months),
        "amount": overlap.amount,
        "currency": overlap.currency,
        "certainty": overlap.certainty.upper(),
        "basis": change.basis,
    }


def _alert(
    context: Context, change: Shown, common: dict[str, Any], *, caused_at: int
) -> dict[str, Any]:
    overlap, book = change.overlap, context.book
    rule = disclosure.rule_of(book, overlap.rule)
    household = next(
        (n for f in overlap.evidence if (n := getattr(f.detail, "household", None))), None
    )
    return {
        **common,
        "alert_id": change.id.hex(),
        "revision": change.revision,
        "book": f"{book.id} {book.version}",
        "verdict": overlap.verdict.upper(),
        "severity": _SEVERITY[rule.severity] if rule else "UNKNOWN",
        "sides": [_side(context, change, fact) for fact in overlap.evidence],
        "spans": [_span(start, stop) for start, stop in overlap.spans],
        "household_number": household,
        "governorate": next((f.person.governorate for f in overlap.evidence), None),
        "reason_en": explain.reason(overlap, book, "en") if rule else explain.REPEALED["en"],
        "reason_ar": explain.reason(overlap, book, "ar") if rule else explain.REPEALED["ar"],
        "asked": disclosure.told(overlap, book),
        "raised_on": change.raised_on - EPOCH,
        "caused_at": caused_at,
    }


def _notice(
    context: Context, change: Shown, common: dict[str, Any], ministry: str
) -> dict[str, Any]:
    own = alerts.own_facts(change.overlap, ministry)
    other = next((f for f in change.overlap.evidence if f.ministry != ministry), None)
    return {
        **common,
        "notice_id": alerts.notice_id(context.hub_key, ministry, change.id).hex(),
        "ministry": ministry,
        "own_record": {"stream": own[0].stream, "source_record_id": own[0].record_id}
        if own
        else None,
        "other_class": disclosure.seen_class(change.overlap, context.book, ministry),
        "evidence_class": other.stream if other else own[0].stream,
        "reason_en": _told(context, change, "en", ministry=ministry),
        "reason_ar": _told(context, change, "ar", ministry=ministry),
        "answer_by": None,
    }


def _told(context: Context, change: Shown, lang: str, *, ministry: str) -> str:
    """Return the reason as the ministry may read it."""
    if disclosure.rule_of(context.book, change.overlap.rule) is None:
        return explain.REPEALED[lang]
    return explain.notice(change.overlap, context.book, lang, ministry=ministry)


def _side(context: Context, change: Shown, fact: Fact) -> dict[str, Any]:
    detail = fact.detail
    start = getattr(detail, "start", getattr(detail, "day", 1))
    stop = getattr(detail, "stop", start + 1)
    return {
        "ministry": fact.ministry,
        "programme": getattr(detail, "programme", None),
        "stream": fact.stream,
        "source_record_id": fact.record_id,
        "event_id": fact.event_id,
        "occurred_at": fact.occurred_at,
        "klass": disclosure.class_of(fact, context.book),
        **_span(start, stop),
        "notice_id": alerts.notice_id(context.hub_key, fact.ministry, change.id).hex(),
    }


def _span(start: int, stop: int) -> dict[str, int | None]:
    """Return a half-open span as the wire says it: inclusive, null for an open end."""
    return {"from": start - EPOCH, "through": None if stop >= INF else stop - 1 - EPOCH}


def receipt_rows(
    ministry: str,
    topic: str,
    partition: int,
    *,
    first_offset: int,
    next_offset: int,
    runs: list[Run],
) -> list[Row]:
    """Return the receipt of one batch and partition; every offset in it has one outcome.

    Offsets outside the runs were applied. Many runs are split over several receipts, each with
    its own range of offsets.
    """
    rows = []
    key = f"{topic}/{partition}".encode()
    for start in range(0, max(1, len(runs)), RECEIPT_RUNS_MAX):
        part = runs[start : start + RECEIPT_RUNS_MAX]
        last = start + RECEIPT_RUNS_MAX >= len(runs)
        stop = next_offset if last else part[-1].last_offset + 1
        counts = dict.fromkeys(("duplicate", "superseded", "quarantined", "void"), 0)
        for run in part:
            counts[run.outcome] += run.last_offset + 1 - run.first_offset
        record = {
            "ministry": ministry, "topic": topic, "partition": partition,
            "first_offset": first_offset, "next_offset": stop, **counts,
            "applied": stop - first_offset - sum(counts.values()),
            "exceptions": [{**run._asdict(), "outcome": run.outcome.upper()} for run in part],
        }  # fmt: skip
        value = encode("receipt", record)
        rows.append(Row(topics.name("receipt", ministry), key, 0, None, None, value, None))
        first_offset = stop
    return rows


def rejected_row(
    ministry: str, *, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> Row:
    """Return a quarantined record for its sender: key and value byte for byte."""
    name = topics.name("rejected", ministry)
    return Row(name, key, 0, None, None, value, marshal.dumps(headers))
