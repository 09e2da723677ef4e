"""OVL-HH: a family holds a benefit while a member of a given role has a disqualifying income.

Month by month: in each month in which enrollment, membership and income share a day, the incomes
in force on their first common day are added up and compared with the ceiling of that day. One
overlap per pair of enrollment and income record. An amount that cannot be compared (none shown,
or another currency) leaves the month to be examined, and the overlap says that it is unsure.
"""

from typing import NamedTuple

from sijill.domain.event import Fact, Income
from sijill.domain.rulebook.model import Rule
from sijill.domain.rules.conclude import Findings, Meeting, conclude
from sijill.domain.rules.holding import INCOME_KEYS, Holdings, active, compared, payments_beside
from sijill.domain.rules.overlap import HouseholdFacts, Subject
from sijill.domain.timeline import (
    Spans,
    coalesce,
    intersect,
    month_span,
    months,
    next_month,
    spans_of,
    union,
    value_at,
)


class _Shared(NamedTuple):
    """An income of members, the days it shares with the enrollment, and the lines that say so."""

    income: Fact
    spans: Spans
    lines: tuple[Fact, ...]


def evaluate(rule: Rule, subject: Subject, holdings: Holdings, *, findings: Findings) -> None:
    """Add every overlap of the household's enrollments with its members' incomes."""
    assert isinstance(subject, HouseholdFacts)
    for key in rule.left.keys & holdings.held.keys():
        for enrollment in compared(holdings.held[key]):
            shared = _shared(rule, enrollment, subject)
            if shared:
                payments = payments_beside(enrollment, holdings.facts, findings.plan)
                _by_month(rule, enrollment, shared=shared, payments=payments, findings=findings)


def _shared(rule: Rule, enrollment: Fact, household: HouseholdFacts) -> list[_Shared]:
    assert rule.right is not None
    # Only days that the rule governs: a record may claim to begin in any century.
    days = intersect(active(enrollment), spans_of(rule.in_force))
    found: dict[bytes, _Shared] = {}
    for member in household.members:
        if member.role.lower() not in rule.right.roles:
            continue
        belongs = intersect(days, coalesce(((member.start, member.stop),)))
        for fact in member.person.facts if belongs else ():
            if not isinstance(fact.detail, Income):
                continue
            if INCOME_KEYS.get(fact.detail.kind) not in rule.right.keys:
                continue
            spans = intersect(belongs, active(fact))
            if spans:
                before = found.get(fact.record, _Shared(fact, (), ()))
                lines = (*before.lines, member.line)
                found[fact.record] = _Shared(fact, union(before.spans, spans), lines)
    return [found[record] for record in sorted(found)]


def _by_month(
    rule: Rule,
    enrollment: Fact,
    *,
    shared: list[_Shared],
    payments: list[Fact],
    findings: Findings,
) -> None:
    first_days = [_first_days(income.spans, findings) for income in shared]
    exceeding: dict[str, bool] = {}
    for month in {month for days in first_days for month in days}:
        incomes = [
            (income.income, days[month])
            for income, days in zip(shared, first_days, strict=True)
            if month in days
        ]
        sure = _exceeds(rule, incomes, findings.plan.book.currency)
        if sure is not None:
            exceeding[month] = sure
    days_exceeding = coalesce(month_span(month) for month in exceeding)
    for income, days in zip(shared, first_days, strict=True):
        spans = intersect(income.spans, days_exceeding)
        if spans:
            meeting = Meeting(
                left=enrollment,
                right=income.income,
                evidence=(enrollment, income.income, *income.lines),
                spans=spans,
                payments=payments,
                unsure=any(not exceeding.get(month, True) for month in days),
            )
            conclude(rule, meeting, findings)


def _first_days(spans: Spans, findings: Findings) -> dict[str, int]:
    """Return the months touched up to the as-of day, each with its first shared day."""
    as_of = findings.as_of
    first: dict[str, int] = {}
    for start, stop in spans:
        if start > as_of:
            findings.wake(start)
            break
        if stop > next_month(as_of):
            findings.wake(next_month(as_of))
        for month in months(((start, min(stop, as_of + 1)),)):
            first.setdefault(month, max(start, month_span(month)[0]))
    return first


def _exceeds(rule: Rule, incomes: list[tuple[Fact, int]], currency: str) -> bool | None:
    """Return None when the ceiling is kept, else whether the amounts are sure."""
    assert rule.ceiling is not None
    ceiling = value_at(rule.params[rule.ceiling].values, min(day for _, day in incomes))
    if ceiling is None:
        return None
    amounts = [amount_on(fact, day, currency) for fact, day in incomes]
    if sum(amount for amount in amounts if amount is not None) > ceiling:
        return True
    return False if None in amounts else None


def amount_on(fact: Fact, day: int, currency: str) -> int | None:
    """Return the income's monthly amount on a day in a currency, or None when it shows none.

    The components of one day add up; where a record contradicts itself about one component, the
    greatest amount counts.
    """
    detail = fact.detail
    assert isinstance(detail, Income)
    shown: dict[str | None, int] = {}
    for start, stop, amount, unit, component in detail.amounts:
        if start <= day < stop and unit == currency:
            shown[component] = max(amount, shown.get(component, 0))
    return sum(shown.values()) if shown else None
