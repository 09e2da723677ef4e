"""A book made ready for evaluation: which rules a holding can touch, found in one look-up.

Evaluation runs once per event, nearly always for a person whom no rule concerns; all that depends
on the book alone is therefore done here, once per book.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sijill.domain.rulebook.model import Book, Exemption, Rule


@dataclass(frozen=True, eq=False)
class Plan:
    """The indexes of one book."""

    book: Book
    benefits: Mapping[str, tuple[str, bool, frozenset[str]]]
    """Programme code to (benefit class, whether a roster of households holds it, owners).

    A programme counts only in what its owners write. Plain tuples, as this is read once per fact.
    """
    by_holding: Mapping[str, tuple[Rule, ...]]
    """Programme code to the person rules whose left side it is."""
    paid_twice: Mapping[str, Rule]
    after_death: Mapping[str, Rule]
    household: Mapping[str, Rule]
    household_held: frozenset[str]
    """Programmes that a household must hold for one of its rules to find anything."""
    exemptions: Mapping[tuple[str, str], tuple[Exemption, ...]]
    """(rule, version label) to its exemptions, the one that overrides all others first."""


@lru_cache(maxsize=8)
def plan_of(book: Book) -> Plan:
    """Return the plan of a book; kept for the few books that are in use at a time."""
    by_holding: dict[str, tuple[Rule, ...]] = {}
    for rule in book.rules:
        if rule.type in ("OVL-PAIR", "OVL-DUP-ENR"):
            for key in rule.left.keys or book.programmes:
                by_holding[key] = (*by_holding.get(key, ()), rule)
    return Plan(
        book=book,
        benefits={
            code: (
                programme.benefit_class,
                programme.roster is not None,
                frozenset(programme.ministries),
            )
            for code, programme in book.programmes.items()
        },
        by_holding=by_holding,
        paid_twice=_of_type(book, "PAY-DUP"),
        after_death=_of_type(book, "PAY-AFTER-DEATH"),
        household=_of_type(book, "OVL-HH"),
        household_held=frozenset(
            key for rule in _of_type(book, "OVL-HH").values() for key in rule.left.keys
        ),
        exemptions={
            (rule.id, version.label): _chain(rule, version.label)
            for rule in book.rules
            for _, _, version in rule.in_force
        },
    )


def _of_type(book: Book, kind: str) -> dict[str, Rule]:
    return {rule.id: rule for rule in book.rules if rule.type == kind}


def _chain(rule: Rule, label: str) -> tuple[Exemption, ...]:
    """Return what overrides a version, the last word first: exemptions never branch."""
    over = {exemption.over: exemption for exemption in rule.exemptions}
    chain: list[Exemption] = []
    while label in over:
        chain.append(over[label])
        label = over[label].label
    return tuple(reversed(chain))
