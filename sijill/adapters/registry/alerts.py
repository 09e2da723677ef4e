"""Alert rows: what the rules found against what stands, and what decisions make of it.

Alerts and decisions meet at the notice row: whoever comes second waits there and sees the first,
so a decision may arrive before, with or after its alert.
"""

from typing import NamedTuple

from sijill.adapters.postgres import Cursor, bytea_array, copy_rows, update_rows
from sijill.adapters.registry import decisions
from sijill.adapters.registry.state import pack_overlap, unpack_overlap
from sijill.domain import alerts, disclosure
from sijill.domain.event import INF
from sijill.domain.rulebook import Book
from sijill.domain.rules.overlap import Overlap


class Finding(NamedTuple):
    """An overlap where it was found: in a cluster or in a household."""

    overlap: Overlap
    content: bytes
    cluster: int | None
    household: bytes | None


class Context(NamedTuple):
    """What the diff depends on besides findings: key, book with its activation, and day."""

    hub_key: bytes
    book: Book
    as_of: int
    book_seq: int


class Standing(NamedTuple):
    """An alert's row as the transaction found it."""

    open: bool
    verdict: str
    decision: str
    revision: int
    raised_on: int
    cluster: int | None
    household: bytes | None
    next_change: int
    book_seq: int
    told: list[str] | None
    body: bytes

    @property
    def visible(self) -> bool:
        """Whether the topics show it as open."""
        return self.open and self.verdict == "raised"

    def seen_again(self, verdict: alerts.Verdict, context: Context) -> bool:
        """Whether the row already says when, and under which book, it was looked at."""
        day = verdict.next_change if self.open else INF
        return (self.next_change, self.book_seq) == (day, context.book_seq)


class Shown(NamedTuple):
    """An alert whose open state changed in this transaction, for the outbox."""

    id: bytes
    overlap: Overlap
    state: str
    stage: str
    revision: int
    raised_on: int
    basis: str
    told: list[str]
    """The ministries that are asked now."""
    before: Overlap | None
    leaving: list[str]
    """The ministries that were asked until now, about the overlap `before`."""


class Lost(NamedTuple):
    """Alerts that their cluster, or their household, no longer supports."""

    in_clusters: set[bytes]
    in_households: set[bytes]

    def ends(self, alert: bytes, standing: Standing) -> bool:
        """Whether it is lost where it was found last: a book may move a rule to households."""
        return alert in (self.in_clusters if standing.household is None else self.in_households)


def settle(
    cursor: Cursor,
    context: Context,
    *,
    found: dict[bytes, Finding],
    lost: Lost,
    answered: set[bytes],
    due: set[bytes],
) -> list[Shown]:
    """Bring the alert rows in line and return what changed in the open alerts.

    `found` are new or changed findings, `answered` notices whose decisions changed, `due` alerts
    whose decisions are looked at again: one may run out, or another book weighs them.
    """
    missed = (lost.in_clusters | lost.in_households) - found.keys()
    meeting = {
        notice: (ministry, alert)
        for alert, finding in found.items()
        for notice, ministry in alerts.notices(context.hub_key, alert, finding.overlap).items()
    }
    touched = _meet(cursor, meeting, answered)
    standing = _lock(cursor, {*found, *missed, *touched, *due})
    gone = {alert for alert in missed & standing.keys() if lost.ends(alert, standing[alert])}
    answers = _answers(cursor, context, found, standing)
    shown: list[Shown] = []
    rows: list[tuple[object, ...]] = []
    fresh: list[tuple[object, ...]] = []
    for alert in sorted({*found, *standing}):
        row, change = _decide(
            context, alert, found.get(alert), standing.get(alert),
            lost=alert in gone, answers=answers.get(alert, []),
        )  # fmt: skip
        if row is not None:
            (rows if alert in standing else fresh).append(row)
        if change is not None:
            shown.append(change)
    if fresh:
        copy_rows(cursor, "alert", _COLUMNS, fresh)
    update_rows(cursor, "alert", _COLUMNS, rows)
    _remember(cursor, context, shown)
    return shown


def _meet(
    cursor: Cursor, meeting: dict[bytes, tuple[str, bytes]], answered: set[bytes]
) -> set[bytes]:
    """Lock the notices in order and return the alerts to which answered notices belong."""
    ids = sorted({*meeting, *answered})
    if not ids:
        return set()
    cursor.execute(
        "INSERT INTO notice (id, ministry) SELECT n, m FROM unnest(%s::bytea[], %s::text[]) "
        "AS new (n, m) ORDER BY n ON CONFLICT DO NOTHING",
        [bytea_array(ids), [meeting[i][0] if i in meeting else "" for i in ids]],
    )
    cursor.execute(
        "SELECT id, alert FROM notice WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        [bytea_array(ids)],
        binary=True,
    )
    known: dict[bytes, bytes | None] = dict(cursor.fetchall())
    rows = [(i, *meeting[i]) for i in ids if i in meeting and known.get(i) is None]
    update_rows(cursor, "notice", {"id": "bytea", "ministry": "text", "alert": "bytea"}, rows)
    touched = {alert for notice, alert in known.items() if notice in answered and alert}
    return touched | {meeting[i][1] for i in answered if i in meeting}


def _lock(cursor: Cursor, ids: set[bytes]) -> dict[bytes, Standing]:
    if not ids:
        return {}
    cursor.execute(
        "SELECT id, open, verdict, decision, revision, raised_on, cluster, household, "
        "next_change, book_seq, told, body FROM alert "
        "WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        [bytea_array(sorted(ids))],
        binary=True,
    )
    return {number: Standing(*rest) for number, *rest in cursor}


def _answers(
    cursor: Cursor, context: Context, found: dict[bytes, Finding], standing: dict[bytes, Standing]
) -> dict[bytes, list[alerts.Answer]]:
    """Read the decisions on each alert; only the side to which a notice belongs can answer it."""
    owner: dict[bytes, tuple[bytes, str]] = {}
    for alert in {*found, *standing}:
        overlap = found[alert].overlap if alert in found else unpack_overlap(standing[alert].body)
        for notice, ministry in alerts.notices(context.hub_key, alert, overlap).items():
            owner[notice] = (alert, ministry)
    answers: dict[bytes, list[alerts.Answer]] = {}
    for alert, said in decisions.said(cursor, owner):
        answers.setdefault(alert, []).append(said.answer)
    return answers


def _decide(
    context: Context,
    alert: bytes,
    finding: Finding | None,
    before: Standing | None,
    *,
    lost: bool,
    answers: list[alerts.Answer],
) -> tuple[tuple[object, ...] | None, Shown | None]:
    """Return the alert's new row, if it changes, and what its open state shows, if that does."""
    overlap = finding.overlap if finding else unpack_overlap(before.body)  # type: ignore[union-attr]
    is_open = finding is not None or (before is not None and before.open and not lost)
    basis = alerts.basis(context.hub_key, overlap)
    rule = disclosure.rule_of(context.book, overlap.rule)
    verdict = alerts.decide(
        basis, answers, as_of=context.as_of, materiality=rule.materiality if rule else 0
    )
    visible = is_open and overlap.verdict == "raised"
    was_visible = before is not None and before.visible
    told = disclosure.told(overlap, context.book) if visible else []
    told_before = _told_before(before, context)
    same = told == told_before and (
        finding is None
        or (
            before is not None
            and before.open
            and alerts.content(unpack_overlap(before.body)) == finding.content
        )
    )
    settled = before is not None and before.open == is_open and verdict.stage == before.decision
    if same and settled and visible == was_visible:
        if finding is None and before is not None and before.seen_again(verdict, context):
            return None, None
        state = ""
    else:
        state = _state(
            visible=visible,
            was_visible=was_visible,
            same=same,
            stage=verdict.stage,
            is_open=is_open,
        )
    revision = (before.revision if before else 0) + (1 if state else 0)
    raised_on = before.raised_on if before and was_visible >= visible else context.as_of
    row = (
        alert, overlap.rule, overlap.type, overlap.verdict, is_open, verdict.stage, revision,
        *_scope(finding, before),
        list(overlap.months), overlap.amount, overlap.currency, overlap.certainty, raised_on,
        pack_overlap(overlap), verdict.next_change if is_open else INF, context.book_seq, told,
    )  # fmt: skip
    if not state:
        return row, None
    leaving = [ministry for ministry in told_before if ministry not in told]
    earlier = unpack_overlap(before.body) if before and leaving else None
    return row, Shown(
        alert, overlap, state, verdict.stage, revision, raised_on, basis, told, earlier, leaving
    )


def _told_before(before: Standing | None, context: Context) -> list[str]:
    """Return the ministries at which notices of the alert stand open."""
    if before is None or not before.visible:
        return []
    if before.told is not None:
        return before.told
    return disclosure.told(unpack_overlap(before.body), context.book)


def _scope(finding: Finding | None, before: Standing | None) -> tuple[int | None, bytes | None]:
    """Return where the alert lies: where it was found, else where it lay."""
    if finding is not None:
        return finding.cluster, finding.household
    return (before.cluster, before.household) if before else (None, None)


def _state(*, visible: bool, was_visible: bool, same: bool, stage: str, is_open: bool) -> str:
    """Return the alert's new state; PERMITTED and LAPSED are for the history alone."""
    if not visible:
        hidden = "PERMITTED" if is_open else "LAPSED"
        return "WITHDRAWN" if was_visible else hidden
    if not was_visible:
        return "RAISED"
    if stage == "REOPENED":
        return "REOPENED"
    return "DECIDED" if same else "AMENDED"


HISTORY_ONLY = frozenset({"PERMITTED", "LAPSED"})
"""States of a permitted overlap: recorded and listed, on no topic."""


_COLUMNS = {
    "id": "bytea", "rule": "text", "type": "text", "verdict": "text", "open": "bool",
    "decision": "text", "revision": "int8", "cluster": "int8", "household": "bytea",
    "months": "text[]", "amount": "int8", "currency": "text", "certainty": "text",
    "raised_on": "int4", "body": "bytea", "next_change": "int4", "book_seq": "int8",
    "told": "text[]",
}  # fmt: skip


def _remember(cursor: Cursor, context: Context, shown: list[Shown]) -> None:
    """Append to the history, which is never changed."""
    rows = [
        (s.id, s.revision, s.state, s.stage, list(s.overlap.months), s.overlap.amount,
         context.as_of)
        for s in shown
    ]  # fmt: skip
    columns = {
        "alert": "bytea", "revision": "int8", "state": "text", "decision": "text",
        "months": "text[]", "amount": "int8", "as_of": "int4",
    }  # fmt: skip
    if rows:
        copy_rows(cursor, "alert_version", columns, rows)
