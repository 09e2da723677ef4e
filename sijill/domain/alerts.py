"""Alerts: names that follow from content, evidence as a basis, and what decisions make of them.

An alert's id is a function of its rule and of what it is about, never of the event that came last,
so that every order of arrival gives the same alerts. Ministries see ids and records only through
keyed hashes.
"""

import hashlib
import hmac
import marshal
from collections.abc import Iterable
from typing import NamedTuple

from sijill.domain.event import INF, Fact
from sijill.domain.rules.overlap import Overlap

PLAIN = 2
"""The format of `marshal` without references: only there do equal values give equal bytes."""

HUB = "hub"
"""The ministry code under which the hub's owner decides; it answers by the alert's own id."""

STAGES = ("NONE", "REOPENED", "ACKNOWLEDGED", "UNDER_REVIEW", "ON_HOLD", "HANDED_OVER", "WAIVED",
          "PERMITTED", "DATA_ERROR", "FALSE_MATCH", "CONFIRMED", "CLOSED")  # fmt: skip
"""What decisions make of an alert, the least advanced first."""

_AGAINST_CONFIRMED = frozenset({"PERMITTED", "FALSE_MATCH", "DATA_ERROR", "WAIVED"})
DISPUTED = "DISPUTED"


class Answer(NamedTuple):
    """One ministry's decision on one notice, as stored."""

    ministry: str
    basis: str
    code: str
    until: int | None
    occurred_at: int
    content: bytes


class Verdict(NamedTuple):
    """What the decisions make of an alert today, and the day on which that changes by itself."""

    stage: str
    next_change: int


def keyed(key: bytes, *parts: bytes) -> bytes:
    """Return the 16-byte keyed hash of the parts, each set apart by its length."""
    said = b"".join([len(part).to_bytes(4, "big") + part for part in parts])
    return hmac.digest(key, said, "sha256")[:16]


def alert_id(hub_key: bytes, overlap: Overlap) -> bytes:
    """Return the alert's id: by the pair of records for two sides, else by scope and period."""
    rule = overlap.rule.encode()
    if overlap.right is not None and not overlap.scope:
        pair = sorted((overlap.left.record, overlap.right.record))
        return keyed(hub_key, b"alert", rule, *pair)
    return keyed(hub_key, b"alert", rule, overlap.scope, overlap.period.encode())


def ministry_key(hub_key: bytes, ministry: str) -> bytes:
    """Return the key under which one ministry knows alerts, so that two cannot join theirs."""
    return keyed(hub_key, b"ministry", ministry.encode())


def notice_id(hub_key: bytes, ministry: str, alert: bytes) -> bytes:
    """Return the id by which a ministry knows an alert; the hub knows it by its own."""
    return alert if ministry == HUB else keyed(ministry_key(hub_key, ministry), alert)


def notices(hub_key: bytes, alert: bytes, overlap: Overlap) -> dict[bytes, str]:
    """Return the ids under which an alert can be answered, each with the ministry it belongs to."""
    return {
        notice_id(hub_key, ministry, alert): ministry for ministry in (*ministries(overlap), HUB)
    }


def content(overlap: Overlap) -> bytes:
    """Return the hash of everything that an alert says; equal hash, nothing to publish."""
    said = (
        overlap.version, overlap.verdict, overlap.certainty, overlap.spans, overlap.months,
        overlap.amount, overlap.currency,
        tuple((f.record, f.line, f.content, f.disputed) for f in overlap.evidence),
    )  # fmt: skip
    return hashlib.blake2b(marshal.dumps(said, PLAIN), digest_size=16).digest()


def basis(hub_key: bytes, overlap: Overlap) -> str:
    """Return the evidence of an alert in a form that a ministry can carry but not read.

    Form: `1;record:content,…;months;amount;currency`, records and contents as keyed hashes.
    """
    records = sorted({(f.record, f.content) for f in overlap.evidence})
    pairs = ",".join(
        f"{keyed(hub_key, b'record', r).hex()}:{keyed(hub_key, b'content', c).hex()}"
        for r, c in records
    )
    return f"1;{pairs};{','.join(overlap.months)};{overlap.amount};{overlap.currency}"


def covers(given: str, current: str, materiality: int) -> bool:
    """Return whether a decision on the basis `given` covers the evidence `current`.

    It does when no record is new, no month is new, and the money grew by no more than the rule's
    materiality (in counting units). A basis that cannot be read covers nothing.
    """
    old, new = _parse(given), _parse(current)
    if old is None or new is None:
        return False
    return (
        new.records <= old.records
        and new.months <= old.months
        and new.currency == old.currency
        and new.amount <= old.amount + materiality
    )


class _Basis(NamedTuple):
    records: frozenset[str]
    months: frozenset[str]
    amount: int
    currency: str


def _parse(text: str) -> _Basis | None:
    parts = text.split(";")
    if len(parts) != 5 or parts[0] != "1" or not parts[3].lstrip("-").isascii():
        return None
    if not parts[3].isdigit():
        return None
    records = frozenset(pair.split(":")[0] for pair in parts[1].split(",") if pair)
    months = frozenset(month for month in parts[2].split(",") if month)
    return _Basis(records, months, int(parts[3]), parts[4])


def decide(current: str, answers: Iterable[Answer], *, as_of: int, materiality: int = 0) -> Verdict:
    """Return what the answers make of an alert whose evidence is `current`.

    Each ministry's answer with the highest (occurred_at, content) stands. CONFIRMED by one and
    permitted, false match, data error or waived by another is disputed; otherwise the least
    advanced of the standing answers counts. An answer that does not cover the evidence, or has
    run out, reopens the alert.
    """
    standing: dict[str, Answer] = {}
    for answer in answers:
        best = standing.get(answer.ministry)
        if best is None or (answer.occurred_at, answer.content) > (best.occurred_at, best.content):
            standing[answer.ministry] = answer
    codes, next_change = [], INF
    for answer in standing.values():
        over = answer.until is not None and answer.until < as_of
        if over or not covers(answer.basis, current, materiality):
            codes.append("REOPENED")
            continue
        codes.append(answer.code)
        if answer.until is not None:
            next_change = min(next_change, answer.until + 1)
    if "CONFIRMED" in codes and _AGAINST_CONFIRMED.intersection(codes):
        return Verdict(DISPUTED, next_change)
    return Verdict(min(codes, key=STAGES.index, default="NONE"), next_change)


def ministries(overlap: Overlap) -> list[str]:
    """Return the ministries whose records the overlap rests on, in order."""
    return sorted({fact.ministry for fact in overlap.evidence})


def own_facts(overlap: Overlap, ministry: str) -> list[Fact]:
    """Return the ministry's own facts in the evidence."""
    return [fact for fact in overlap.evidence if fact.ministry == ministry]
