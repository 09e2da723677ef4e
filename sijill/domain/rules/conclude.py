"""From the days on which facts meet to overlaps: verdict by day, settling, months, money.

Everything counts in whole days from dates inside the records. An overlap that is not yet due is
left out, and the day on which it will be is noted as the next change.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from sijill.domain.event import INF, Enrollment, Fact, Payment
from sijill.domain.rulebook.model import Exemption, Rule, Version
from sijill.domain.rules.overlap import Overlap
from sijill.domain.rules.plan import Plan
from sijill.domain.timeline import (
    BEGIN,
    Spans,
    coalesce,
    intersect,
    month_of,
    months,
    next_month,
    subtract,
)


class Findings:
    """What an evaluation has found so far, and the next day on which it could change."""

    def __init__(self, plan: Plan, as_of: int) -> None:
        self.plan, self.as_of = plan, as_of
        self.overlaps: list[Overlap] = []
        self.next_change = INF

    def wake(self, day: int) -> None:
        """Note a day after as-of on which the result could change."""
        if self.as_of < day < self.next_change:
            self.next_change = day


class Meeting(NamedTuple):
    """Facts that meet on some days under one rule."""

    left: Fact
    right: Fact | None
    evidence: Iterable[Fact]
    spans: Spans
    payments: Collection[Fact]
    """What was paid, of which the part in the overlap's months is the money at stake."""
    since: int = BEGIN
    """A day before which not all facts hold, where the spans do not say it."""
    scope: bytes = b""
    period: str = ""
    surplus: bool = False
    """Whether one payment, the greatest, was due, so that only the others are at stake."""
    unsure: bool = False


class _Ruling(NamedTuple):
    """The days of one outcome, and the version and exemption that govern the last that has come."""

    spans: Spans
    version: Version
    exemption: Exemption | None
    settle_days: int


def conclude(rule: Rule, meeting: Meeting, findings: Findings) -> None:
    """Add the overlaps that a meeting amounts to: at most one raised and one permitted."""
    raised_months: tuple[str, ...] = ()
    rulings = _rulings(rule, meeting, findings)
    for verdict in ("raised", "permitted"):
        ruling = rulings.get(verdict)
        if ruling is None:
            continue
        since = max(meeting.since, ruling.spans[0][0])
        if since + ruling.settle_days > findings.as_of:
            findings.wake(since + ruling.settle_days)
            continue
        begun, touched = _until(ruling.spans, findings)
        if verdict == "raised":
            raised_months = touched
        else:
            # A month with one day to be examined is to be examined.
            touched = tuple(month for month in touched if month not in raised_months)
        if touched:
            ruled = ruling._replace(spans=begun)
            outcome = _Outcome(verdict, touched, since)
            findings.overlaps.append(
                _overlap(rule, meeting, ruled, outcome=outcome, plan=findings.plan)
            )


def _until(spans: Spans, findings: Findings) -> tuple[Spans, tuple[str, ...]]:
    """Return the spans that have begun, and the months they touch up to the as-of day."""
    as_of = findings.as_of
    begun = tuple(span for span in spans if span[0] <= as_of)
    if len(begun) < len(spans):
        findings.wake(spans[len(begun)][0])
    following = next_month(as_of)
    if begun[-1][1] > following:
        findings.wake(following)
    return begun, months(tuple((start, min(stop, as_of + 1)) for start, stop in begun))


def _rulings(rule: Rule, meeting: Meeting, findings: Findings) -> dict[str, _Ruling]:
    """Return the days to be raised and the days permitted, by the law in force on each day."""
    rulings: dict[str, list[_Ruling]] = {}
    for start, stop, version in rule.in_force:
        rest = intersect(meeting.spans, ((start, stop),))
        if not rest:
            continue
        for exemption in findings.plan.exemptions[rule.id, version.label]:
            bearer = meeting.left if exemption.when[2] == "left" else meeting.right
            exempt = intersect(rest, holds(exemption, bearer))
            if exempt:
                rest = subtract(rest, exempt)
                _note(rulings, exemption.verdict, _Ruling(exempt, version, exemption, 0))
        if rest:
            _note(rulings, version.verdict, _Ruling(rest, version, None, version.settle_days))
    return {outcome: _merged(parts, findings) for outcome, parts in rulings.items()}


def _note(rulings: dict[str, list[_Ruling]], verdict: str, ruling: _Ruling) -> None:
    """Add a ruling to those of its outcome."""
    if verdict != "none":
        outcome = "raised" if verdict == "exclusive" else "permitted"
        rulings.setdefault(outcome, []).append(ruling)


def _merged(rulings: list[_Ruling], findings: Findings) -> _Ruling:
    """Return one outcome of several laws, named after the law of the last day that has come.

    A law that governs from a later day on is not cited before that day.
    """
    if len(rulings) == 1:
        return rulings[0]
    for start, _ in (span for ruling in rulings for span in ruling.spans):
        findings.wake(start)
    first = min(rulings, key=lambda ruling: ruling.spans)
    named = max(rulings, key=lambda ruling: _last_come(ruling.spans, findings.as_of))
    spans = coalesce(span for ruling in rulings for span in ruling.spans)
    return named._replace(spans=spans, settle_days=first.settle_days)


def _last_come(spans: Spans, as_of: int) -> int:
    """Return the last of the days that is not after the as-of day; BEGIN when there is none."""
    return max((min(stop - 1, as_of) for start, stop in spans if start <= as_of), default=BEGIN)


def holds(exemption: Exemption, bearer: Fact | None) -> Spans:
    """Return the days on which an exemption's condition holds for the fact of its side."""
    fact, code, _ = exemption.when
    detail = bearer.detail if bearer else None
    if not isinstance(detail, Enrollment):
        return ()
    if fact == "category":
        return ((exemption.since, INF),) if code in detail.categories else ()
    waived = coalesce((start, stop) for name, start, stop in detail.waivers if name == code)
    return intersect(waived, ((exemption.since, INF),))


class _Outcome(NamedTuple):
    verdict: str
    months: tuple[str, ...]
    since: int


def _overlap(
    rule: Rule, meeting: Meeting, ruling: _Ruling, *, outcome: _Outcome, plan: Plan
) -> Overlap:
    evidence = {(fact.record, fact.line): fact for fact in meeting.evidence}
    counted = [
        fact for fact in meeting.payments if month_of(_payment(fact).start) in outcome.months
    ]
    disputed = any(fact.disputed for fact in (*evidence.values(), *counted))
    doubtful = meeting.unsure or rule.tainted
    currency = plan.book.currency
    # Other currencies are never converted: they are evidence, but no part of the sum.
    amounts = [p.amount for p in map(_payment, counted) if p.currency == currency]
    at_stake = sum(amounts) - (max(amounts, default=0) if meeting.surplus else 0)
    return Overlap(
        rule=rule.id,
        version=ruling.version.label,
        type=rule.type,
        left=meeting.left,
        right=meeting.right,
        evidence=tuple(evidence[place] for place in sorted(evidence)),
        scope=meeting.scope,
        period=meeting.period,
        spans=ruling.spans,
        months=outcome.months,
        amount=at_stake,
        currency=currency,
        certainty="disputed" if disputed else "unsure" if doubtful else "certain",
        verdict=outcome.verdict,
        exception=ruling.exemption.label if ruling.exemption else None,
        since=outcome.since,
    )


def _payment(fact: Fact) -> Payment:
    assert isinstance(fact.detail, Payment)
    return fact.detail
