"""Rules: pure evaluators of a rulebook over the facts of one person or one household.

The result depends on the set of facts, the book and the as-of day, never on the order of facts.
Besides the overlaps comes the next day on which the result could differ, INF when none.
"""

from collections.abc import Callable, Mapping
from typing import Final

from sijill.domain.rulebook.model import Book
from sijill.domain.rules import duplicate, household, pair, payments
from sijill.domain.rules.conclude import Findings
from sijill.domain.rules.holding import holdings
from sijill.domain.rules.overlap import HouseholdFacts, Overlap, PersonFacts
from sijill.domain.rules.plan import plan_of

__all__ = ["EVALUATORS", "evaluate_household", "evaluate_person"]

EVALUATORS: Final[Mapping[str, Callable[..., None]]] = {
    "OVL-PAIR": pair.evaluate,
    "OVL-DUP-ENR": duplicate.evaluate,
    "PAY-DUP": payments.paid_twice,
    "PAY-AFTER-DEATH": payments.after_death,
    "OVL-HH": household.evaluate,
}
"""The evaluator of each type of rule."""


def evaluate_person(person: PersonFacts, book: Book, as_of: int) -> tuple[list[Overlap], int]:
    """Return the overlaps of one person on the as-of day, and the day of the next change."""
    plan = plan_of(book)
    held = holdings(person.facts, plan, household=False)
    findings = Findings(plan, as_of)
    # A lone enrollment meets nothing: most people leave here.
    if len(held.held) > 1 or any(len(facts) > 1 for facts in held.held.values()):
        for key in held.held:
            for rule in plan.by_holding.get(key, ()):
                EVALUATORS[rule.type](rule, key, holdings=held, findings=findings)
    if held.twice:
        for rule in plan.paid_twice:
            payments.paid_twice(rule, held, findings)
    if person.death is not None:
        for rule in plan.after_death:
            payments.after_death(rule, person, findings)
    return _sorted(findings)


def evaluate_household(family: HouseholdFacts, book: Book, as_of: int) -> tuple[list[Overlap], int]:
    """Return the overlaps of one household on the as-of day, and the day of the next change."""
    plan = plan_of(book)
    held = holdings(family.facts, plan, household=True)
    findings = Findings(plan, as_of)
    if held.twice:
        scope = household_scope(family)
        for rule in plan.paid_twice:
            payments.paid_twice(rule, held, findings, household=scope)
    if held.held:
        for rule in plan.household:
            household.evaluate(rule, family, holdings=held, findings=findings)
    return _sorted(findings)


def household_scope(family: HouseholdFacts) -> bytes:
    """Return a household as the scope of an overlap: ministry, roster and number, NUL between."""
    return f"{family.ministry}\0{family.roster}\0{family.number}".encode()


def _sorted(findings: Findings) -> tuple[list[Overlap], int]:
    if not findings.overlaps:
        return [], findings.next_change
    return sorted(findings.overlaps, key=_place), findings.next_change


def _place(overlap: Overlap) -> tuple[str, str, bytes, bytes, str]:
    # Of one pair, what is permitted in some months comes before what is raised in others, so that
    # a reader who keeps one answer per pair keeps the one to be examined.
    right = overlap.right.record if overlap.right else b""
    return overlap.rule, overlap.period, overlap.left.record, right, overlap.verdict
