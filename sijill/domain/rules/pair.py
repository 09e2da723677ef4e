"""OVL-PAIR: one person holds two things that exclude each other on the same days.

The left side is an enrollment in a programme, the right side an enrollment in another one or an
income. One overlap per pair of source records.
"""

from sijill.domain.event import Fact
from sijill.domain.rulebook.model import Rule
from sijill.domain.rules.conclude import Findings, Meeting, conclude
from sijill.domain.rules.holding import Holdings, active, compared, payments_beside
from sijill.domain.rules.overlap import Subject
from sijill.domain.timeline import intersect


def evaluate(rule: Rule, _: Subject, holdings: Holdings, *, findings: Findings) -> None:
    """Add every overlap of a person's holdings on the left side with those on the right."""
    assert rule.right is not None
    held = holdings.held
    rights = [fact for key in rule.right.keys & held.keys() for fact in compared(held[key])]
    for key in rule.left.keys & held.keys() if rights else ():
        for left in compared(held[key]):
            for right in rights:
                meet(rule, (left, right), holdings, findings=findings)


def meet(rule: Rule, sides: tuple[Fact, Fact], holdings: Holdings, *, findings: Findings) -> None:
    """Add the overlap of two facts of one person, if they share a day."""
    left, right = sides
    spans = intersect(active(left), active(right))
    if spans:
        payments = payments_beside(left, holdings.facts, findings.plan)
        conclude(rule, Meeting(left, right, sides, spans, payments), findings)
