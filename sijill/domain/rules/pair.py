"""OVL-PAIR: one person holds two things that exclude each other on the same days.

The left side is an enrollment in a programme, the right side an enrollment in another one or an
income. One overlap per pair of source records.
"""

from sijill.domain.event import Fact
from sijill.domain.rulebook.model import Rule
from sijill.domain.rules.conclude import Findings, Meeting, conclude
from sijill.domain.rules.holding import Holdings, active, payments_beside
from sijill.domain.timeline import intersect


def evaluate(rule: Rule, key: str, *, holdings: Holdings, findings: Findings) -> None:
    """Add every overlap of the person's holdings in programme `key` with the right side."""
    assert rule.right is not None
    for right_key in rule.right.keys & holdings.held.keys():
        for left in holdings.held[key]:
            for right in holdings.held[right_key]:
                meet(rule, (left, right), holdings=holdings, findings=findings)


def meet(rule: Rule, sides: tuple[Fact, Fact], *, holdings: Holdings, findings: Findings) -> None:
    """Add the overlap of two facts of one person, if they share a day."""
    left, right = sides
    spans = intersect(active(left), active(right))
    if spans:
        payments = payments_beside(left, holdings.facts, findings.plan)
        conclude(rule, Meeting(left, right, sides, spans, payments), findings)
