"""PAY-DUP and PAY-AFTER-DEATH: payments that should not both be, or should not be at all.

Both count any number of records. Paid twice: one overlap per benefit class and period key. Paid
after death: one overlap per programme and ministry, its months listed.
"""

from collections.abc import Sequence

from sijill.domain.event import Fact, Payment, Vital
from sijill.domain.rulebook.model import Rule
from sijill.domain.rules.conclude import Findings, Meeting, conclude
from sijill.domain.rules.holding import Holdings, payments_made, source_order
from sijill.domain.rules.overlap import HouseholdFacts, PersonFacts, Subject
from sijill.domain.timeline import coalesce, value_at


def paid_twice(rule: Rule, subject: Subject, holdings: Holdings, *, findings: Findings) -> None:
    """Add an overlap for each benefit class and period that was paid more than once.

    The overlap holds from the day on which the last of the periods has begun.
    """
    household = household_scope(subject) if isinstance(subject, HouseholdFacts) else b""
    for (benefit_class, period), payments in holdings.twice.items():
        counted = _of_rule(rule, payments)
        if len(counted) < 2:
            continue
        meeting = Meeting(
            left=counted[0],
            right=counted[1],
            evidence=counted,
            spans=coalesce((_payment(fact).start, _payment(fact).stop) for fact in counted),
            payments=counted,
            since=max(_payment(fact).start for fact in counted),
            scope=household or record_scope(counted[0]),
            period=f"{benefit_class} {period}",
            surplus=True,
        )
        conclude(rule, meeting, findings)


def after_death(rule: Rule, subject: Subject, holdings: Holdings, *, findings: Findings) -> None:
    """Add an overlap for each programme that pays for a period after the death and its run-off.

    A run-off of n days lets periods pass that begin on any of the n days after the day of death.
    """
    assert rule.run_off is not None
    death = _death(subject) if isinstance(subject, PersonFacts) else None
    if death is None:
        return
    run_off = value_at(rule.params[rule.run_off].values, _vital(death).day)
    if run_off is None:
        return
    last_day = _vital(death).day + run_off
    late: dict[tuple[str, str], list[Fact]] = {}
    paid = [fact for fact, _ in payments_made(holdings.facts, findings.plan)]
    for fact in _of_rule(rule, paid):
        payment = _payment(fact)
        if payment.start <= last_day:
            continue
        if payment.start > findings.as_of:
            findings.wake(payment.start)
        else:
            late.setdefault((fact.ministry, payment.programme), []).append(fact)
    for payments in late.values():
        meeting = Meeting(
            left=payments[0],
            right=death,
            evidence=(*payments, death),
            spans=coalesce((_payment(fact).start, _payment(fact).stop) for fact in payments),
            payments=payments,
            scope=record_scope(payments[0]),
        )
        conclude(rule, meeting, findings)


def record_scope(fact: Fact) -> bytes:
    """Return a record as the scope of an overlap: ministry, stream and id, parted by NUL."""
    return f"{fact.ministry}\0{fact.stream}\0{fact.record_id}".encode()


def household_scope(family: HouseholdFacts) -> bytes:
    """Return a household as the scope of an overlap: ministry, roster and number, NUL between."""
    return f"{family.ministry}\0{family.roster}\0{family.number}".encode()


def _of_rule(rule: Rule, payments: Sequence[Fact]) -> list[Fact]:
    """Return the payments of the rule's programmes, in the order of their source records."""
    keys = rule.left.keys
    counted = [fact for fact in payments if not keys or _payment(fact).programme in keys]
    return sorted(counted, key=source_order)


def _death(person: PersonFacts) -> Fact | None:
    """Return the record of the day of death that was chosen: the first that says this day."""
    told = [
        fact
        for fact in person.facts
        if isinstance(fact.detail, Vital)
        and fact.detail.kind == "DEATH"
        and fact.detail.day == person.death
    ]
    return min(told, key=source_order, default=None)


def _payment(fact: Fact) -> Payment:
    assert isinstance(fact.detail, Payment)
    return fact.detail


def _vital(fact: Fact) -> Vital:
    assert isinstance(fact.detail, Vital)
    return fact.detail
