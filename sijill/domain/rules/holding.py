"""What a person holds, as rules see it: one pass over the facts, everything irrelevant left out."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sijill.domain.event import Enrollment, Fact, Income, Payment
from sijill.domain.rules.plan import Plan
from sijill.domain.timeline import Spans, coalesce, subtract

ACTIVE = ("ACTIVE", "SUSPENDED", "EXITED")
"""Statuses of an enrollment whose dates count; PROPOSED waits for a decision."""

COMPARED = 20
"""A person's records in one programme beyond this number are not compared one by one."""

INCOME_KEYS = {
    "PUBLIC_SALARY": "income:public-salary",
    "PENSION": "income:pension",
    "INSURED_WORK": "income:insured-work",
    "BUSINESS_OWNERSHIP": "income:business-ownership",
    "PROFESSIONAL_LICENCE": "income:professional-licence",
}


class Holdings(NamedTuple):
    """What one person or household holds, ready for the evaluators."""

    facts: tuple[Fact, ...]
    held: dict[str, list[Fact]]
    """Programme code or "income:<class>" to the facts that hold it."""
    twice: dict[tuple[str, str], list[Fact]]
    """(benefit class, period key) to its payments, where there are two or more."""


def holdings(facts: tuple[Fact, ...], plan: Plan, *, household: bool) -> Holdings:
    """Return what the facts say is held.

    Payments of programmes with a roster that carry a household number are compared in that
    household alone, others at the person: `household` says which of the two is asked for.
    """
    benefits = plan.benefits
    held: dict[str, list[Fact]] = {}
    first: dict[tuple[str, str], Fact] = {}
    twice: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        detail = fact.detail
        # Most facts are payments, and this runs for each of them at each event of the person.
        if isinstance(detail, Payment):
            compared_as = paid_key(fact, detail, plan)
            if compared_as is None or compared_as[0] is not household:
                continue
            key = compared_as[1]
            if key in first:
                twice.setdefault(key, [first[key]]).append(fact)
            else:
                first[key] = fact
        elif isinstance(detail, Enrollment):
            benefit = benefits.get(detail.programme)
            if detail.status in ACTIVE and benefit and fact.ministry in benefit[2]:
                held.setdefault(detail.programme, []).append(fact)
        elif isinstance(detail, Income) and detail.kind in INCOME_KEYS:
            held.setdefault(INCOME_KEYS[detail.kind], []).append(fact)
    return Holdings(facts, held, twice)


def paid_key(fact: Fact, payment: Payment, plan: Plan) -> tuple[bool, tuple[str, str]] | None:
    """Return (whether in the household, (benefit class, period key)): how a payment is compared.

    None when it is not: it was not made, or its programme is not the ministry's own.
    """
    if payment.status != "MADE":
        return None
    benefit = plan.benefits.get(payment.programme)
    if benefit is None or fact.ministry not in benefit[2]:
        return None
    return benefit[1] and payment.household is not None, (benefit[0], payment.period)


def payments_made(facts: Iterable[Fact], plan: Plan) -> Iterator[tuple[Fact, Payment]]:
    """Return the payments that were made in programmes of the book, by their owners."""
    for fact in facts:
        detail = fact.detail
        if isinstance(detail, Payment) and detail.status == "MADE":
            benefit = plan.benefits.get(detail.programme)
            if benefit and fact.ministry in benefit[2]:
                yield fact, detail


def payments_beside(enrollment: Fact, facts: Iterable[Fact], plan: Plan) -> list[Fact]:
    """Return the payments that an enrollment's ministry made in its programme."""
    assert isinstance(enrollment.detail, Enrollment)
    programme = enrollment.detail.programme
    return [
        fact
        for fact, payment in payments_made(facts, plan)
        if payment.programme == programme and fact.ministry == enrollment.ministry
    ]


def active(fact: Fact) -> Spans:
    """Return the days on which an enrollment (less its suspensions) or an income holds."""
    detail = fact.detail
    if isinstance(detail, Enrollment):
        whole = coalesce(((detail.start, detail.stop),))
        return subtract(whole, coalesce(detail.suspensions)) if detail.suspensions else whole
    if isinstance(detail, Income):
        return coalesce(((detail.start, detail.stop),))
    raise TypeError(f"a {fact.stream} has no days of its own")


def compared(facts: list[Fact]) -> list[Fact]:
    """Return the facts of one holding that are compared: at most COMPARED, first by source.

    So many records under one identity are a fault of that identity; comparing each with each
    would let one hostile sender stop the hub.
    """
    return facts if len(facts) <= COMPARED else sorted(facts, key=source_order)[:COMPARED]


def source_order(fact: Fact) -> tuple[str, str, str, str]:
    """Return the order of records by ministry, stream and id, which no keyed hash disturbs."""
    return fact.ministry, fact.stream, fact.record_id, fact.line
