"""OVL-DUP-ENR: one person is enrolled twice in one programme on the same days.

Two records of one person that different offices opened count like two of one office. One overlap
per pair of source records; the record that sorts first by ministry and id is the left one.
"""

from itertools import combinations

from sijill.domain.rulebook.model import Rule
from sijill.domain.rules.conclude import Findings
from sijill.domain.rules.holding import INCOME_KEYS, Holdings, compared, source_order
from sijill.domain.rules.overlap import Subject
from sijill.domain.rules.pair import meet

_INCOMES = frozenset(INCOME_KEYS.values())


def evaluate(rule: Rule, _: Subject, holdings: Holdings, *, findings: Findings) -> None:
    """Add every overlap among a person's enrollments in each of the rule's programmes."""
    for key, facts in holdings.held.items():
        if len(facts) < 2 or key in _INCOMES or (rule.left.keys and key not in rule.left.keys):
            continue
        for sides in combinations(sorted(compared(facts), key=source_order), 2):
            meet(rule, sides, holdings, findings=findings)
