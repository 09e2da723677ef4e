"""OVL-DUP-ENR: one person is enrolled twice in one programme on the same days.

Two records of one person that different offices opened count like two of one office. One overlap
per pair of source records; the record that sorts first by ministry and id is the left one.
"""

from itertools import combinations

from sijill.domain.rulebook.model import Rule
from sijill.domain.rules.conclude import Findings
from sijill.domain.rules.holding import Holdings, source_order
from sijill.domain.rules.pair import meet


def evaluate(rule: Rule, key: str, *, holdings: Holdings, findings: Findings) -> None:
    """Add every overlap among the person's enrollments in programme `key`."""
    enrollments = holdings.held[key]
    if len(enrollments) < 2:
        return
    for sides in combinations(sorted(enrollments, key=source_order), 2):
        meet(rule, sides, holdings=holdings, findings=findings)
