"""Rules: pure evaluators of a rulebook over the facts of one person or one household.

The result depends on the set of facts, the book and the as-of day, never on the order of facts.
Besides the overlaps comes the next day on which the result could differ, INF when none.
"""

from collections.abc import Callable, Mapping
from typing import Final

from sijill.domain.rulebook.model import Book, Rule
from sijill.domain.rules import duplicate, household, pair, payments
from sijill.domain.rules.conclude import Findings
from sijill.domain.rules.holding import Holdings, holdings
from sijill.domain.rules.overlap import HouseholdFacts, Overlap, PersonFacts, Subject
from sijill.domain.rules.plan import plan_of

__all__ = ["EVALUATORS", "evaluate_household", "evaluate_person"]

EVALUATORS: Final[Mapping[str, Callable[..., None]]] = {
    "OVL-PAIR": pair.evaluate,
    "OVL-DUP-ENR": duplicate.evaluate,
    "PAY-DUP": payments.paid_twice,
    "PAY-AFTER-DEATH": payments.after_death,
    "OVL-HH": household.evaluate,
}
"""The evaluator of each type of rule: (rule, subject, holdings, *, findings)."""


def evaluate_person(person: PersonFacts, book: Book, as_of: int) -> tuple[list[Overlap], int]:
    """Return the overlaps of one person on the as-of day, and the day of the next change."""
    plan = plan_of(book)
    held = holdings(person.facts, plan, household=False)
    # A lone enrollment meets nothing, and most people leave here.
    alone = len(held.held) < 2 and not any(len(facts) > 1 for facts in held.held.values())
    rules = {} if alone else {r.id: r for key in held.held for r in plan.by_holding.get(key, ())}
    if held.twice:
        rules |= plan.paid_twice
    if person.death is not None:
        rules |= plan.after_death
    return _evaluated(rules, person, held, findings=Findings(plan, as_of))


def evaluate_household(family: HouseholdFacts, book: Book, as_of: int) -> tuple[list[Overlap], int]:
    """Return the overlaps of one household on the as-of day, and the day of the next change."""
    plan = plan_of(book)
    held = holdings(family.facts, plan, household=True)
    rules = dict(plan.household) if held.held else {}
    if held.twice:
        rules |= plan.paid_twice
    return _evaluated(rules, family, held, findings=Findings(plan, as_of))


def _evaluated(
    rules: Mapping[str, Rule], subject: Subject, held: Holdings, *, findings: Findings
) -> tuple[list[Overlap], int]:
    for rule in rules.values():
        EVALUATORS[rule.type](rule, subject, held, findings=findings)
    return sorted(findings.overlaps, key=_place), findings.next_change


def _place(overlap: Overlap) -> tuple[str, str, bytes, bytes, str]:
    # Of one pair, what is permitted in some months comes before what is raised in others, so that
    # a reader who keeps one answer per pair keeps the one to be examined.
    right = overlap.right.record if overlap.right else b""
    return overlap.rule, overlap.period, overlap.left.record, right, overlap.verdict
