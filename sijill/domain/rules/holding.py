"""What a person holds, as rules see it: one pass over the facts, everything irrelevant left out."""

from collections.abc import Iterable
from typing import NamedTuple

from sijill.domain.event import Enrollment, Fact, Income, Payment
from sijill.domain.rules.plan import Plan
from sijill.domain.timeline import Spans, coalesce, subtract

ACTIVE = ("ACTIVE", "SUSPENDED", "EXITED")
"""Statuses of an enrollment whose dates count; PROPOSED waits for a decision."""

INCOME_KEYS = {
    "PUBLIC_SALARY": "income:public-salary",
    "PENSION": "income:pension",
    "INSURED_WORK": "income:insured-work",
    "BUSINESS_OWNERSHIP": "income:business-ownership",
}


class Holdings(NamedTuple):
    """Facts by holding (programme code or "income:<class>"), and payments that were made."""

    held: dict[str, list[Fact]]
    paid: list[Fact]
    twice: dict[tuple[str, str], list[Fact]]
    """(benefit class, period key) to its payments, where there are two or more."""


def holdings(facts: Iterable[Fact], plan: Plan, *, household: bool) -> Holdings:
    """Return what the facts say is held.

    Payments of household programmes that carry a household number are compared in that household
    alone, others at the person: `household` says which of the two is asked for.
    """
    programmes = plan.programmes
    held: dict[str, list[Fact]] = {}
    paid: list[Fact] = []
    first: dict[tuple[str, str], Fact] = {}
    twice: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        detail = fact.detail
        if isinstance(detail, Payment):
            programme = programmes.get((fact.ministry, detail.programme))
            if programme is None or detail.status != "MADE":
                continue
            paid.append(fact)
            if (programme.household and detail.household is not None) is not household:
                continue
            key = (programme.benefit_class, detail.period)
            if first.setdefault(key, fact) is not fact:
                twice.setdefault(key, [first[key]]).append(fact)
        elif isinstance(detail, Enrollment):
            if detail.status in ACTIVE and (fact.ministry, detail.programme) in programmes:
                held.setdefault(detail.programme, []).append(fact)
        elif isinstance(detail, Income) and detail.kind in INCOME_KEYS:
            held.setdefault(INCOME_KEYS[detail.kind], []).append(fact)
    return Holdings(held, paid, twice)


def active(fact: Fact) -> Spans:
    """Return the days on which an enrollment (less its suspensions) or an income holds."""
    detail = fact.detail
    if isinstance(detail, Enrollment):
        whole = coalesce(((detail.start, detail.stop),))
        return subtract(whole, coalesce(detail.suspensions)) if detail.suspensions else whole
    if isinstance(detail, Income):
        return coalesce(((detail.start, detail.stop),))
    raise TypeError(f"a {fact.stream} has no days of its own")


def source_order(fact: Fact) -> tuple[str, str, str, str]:
    """Return the order of records by ministry, stream and id, which no keyed hash disturbs."""
    return fact.ministry, fact.stream, fact.record_id, fact.line
