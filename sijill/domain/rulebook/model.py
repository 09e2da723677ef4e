"""A rulebook as values: ministries, programmes, and rules with their law, dates and texts.

Everything here is frozen and plain. Days are ordinals, amounts of money are integers in the
currency's counting unit, texts are {"en": …, "ar": …}.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sijill.domain.timeline import Timeline

Texts = Mapping[str, str]

LANGUAGES = ("en", "ar")
TYPES = ("OVL-PAIR", "OVL-DUP-ENR", "PAY-DUP", "PAY-AFTER-DEATH", "OVL-HH")
VERDICTS = ("exclusive", "permitted", "none")
INCOME_CLASSES = ("public-salary", "pension", "insured-work", "business-ownership",
                  "professional-licence")  # fmt: skip
ROLES = ("head", "spouse", "child", "parent", "sibling", "grandchild", "other")
ATTRIBUTES = ("death", "birth", "sex", "name", "residence")

REVIEW_DAYS = 365
"""A rule whose law was read longer ago should be read again."""


class LoadError(ValueError):
    """A book that cannot be used: which file, which rule, which field, and why."""

    def __init__(self, file: str, rule: str, field: str, reason: str) -> None:
        super().__init__(f"{file}: {rule}{': ' if rule else ''}{field}: {reason}")
        self.file, self.rule, self.field, self.reason = file, rule, field, reason


@dataclass(frozen=True)
class Ministry:
    """A taking part, and the streams that it writes."""

    code: str
    names: Texts
    streams: tuple[str, ...]


@dataclass(frozen=True)
class Programme:
    """A benefit: who may speak for it, what others learn of it, whether families hold it."""

    code: str
    ministries: tuple[str, ...]
    klass: str
    benefit_class: str
    roster: tuple[str, str] | None
    """(ministry, roster code) of the list of families that a household number belongs to."""
    household: bool
    titles: Texts


@dataclass(frozen=True)
class Source:
    """A text of law: how it is cited, and the day from which it could be known."""

    cite: Texts
    published: int
    url: str | None


@dataclass(frozen=True)
class Side:
    """One side of a rule: which facts, held by whom.

    `keys` names the holdings: programme codes for enrollments and payments, and
    "income:<class>" for income; empty means every programme of the book.
    """

    fact: str  # enrollment | payment | income
    keys: frozenset[str]
    holder: str  # person | household | member
    roles: frozenset[str]
    sees: tuple[str, ...]


@dataclass(frozen=True)
class Param:
    """A dated number of the law: `values` governs each day; money is in counting units."""

    unit: str
    values: Timeline[int]


@dataclass(frozen=True)
class Version:
    """What the law says from a day on, about every overlap of the rule."""

    label: str
    verdict: str  # exclusive | permitted | none
    source: str
    settle_days: int


@dataclass(frozen=True)
class Exemption:
    """A case that a version (or another exemption) does not govern, while its condition holds."""

    label: str
    over: str
    when: tuple[str, str, str]
    """(fact, code, side): a waiver or category code that the enrollment of that side carries."""
    verdict: str
    source: str
    since: int


@dataclass(frozen=True)
class Unsure:
    """What the author could not settle: where, what, whom to ask, and what follows from it."""

    on: str
    what: str
    ask: str
    effect: str  # note: said in lists only | taint: every alert says so | block: not activated
    accepted: str | None


@dataclass(frozen=True)
class Case:
    """A golden case: facts in the small notation, and what the rule says on each day `known`."""

    name: str
    facts: tuple[str, ...]
    then: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, eq=False)
class Rule:
    """One rule as its file says it, every dated part resolved to a timeline."""

    id: str
    type: str
    file: str
    reviewed: int
    severity: str  # high | normal | low
    materiality: int
    """Money (counting units) by which an alert may grow before a decision on it is asked again."""
    title: Texts
    sources: Mapping[str, Source]
    left: Side
    right: Side | None
    period: str  # day | month | key
    ceiling: str | None
    """The parameter that the right side's monthly amount must exceed; None: no such test."""
    run_off: str | None
    """The parameter with the days of grace after a death; None: no such test."""
    params: Mapping[str, Param]
    in_force: Timeline[Version]
    exemptions: tuple[Exemption, ...]
    unsure: tuple[Unsure, ...]
    texts: Mapping[str, Texts]
    cases: tuple[Case, ...]

    @property
    def tainted(self) -> bool:
        """Whether every alert of this rule must say that the rule itself is unsure."""
        return any(doubt.effect == "taint" for doubt in self.unsure)


@dataclass(frozen=True, eq=False)
class Book:
    """A country's whole rulebook. Books compare by identity; `digest` tells contents apart."""

    id: str
    version: str
    time_zone: str
    currency: str
    titles: Texts
    ministries: Mapping[str, Ministry]
    programmes: Mapping[str, Programme]
    classes: Mapping[str, Texts]
    source_ranks: Mapping[str, tuple[str, ...]]
    rules: tuple[Rule, ...]
    digest: bytes
    known: int
    """The day as of which law counts as published; INF takes all of it."""

    def source_rank(self, attribute: str, ministry: str) -> int:
        """Return how much a ministry's word counts for an attribute: 0 first, unnamed ones last."""
        order = self.source_ranks[attribute]
        return order.index(ministry) if ministry in order else len(order)

    def rule(self, rule_id: str) -> Rule:
        """Return the rule of that id. Raises KeyError when the book has none."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)

    def stale(self, as_of: int) -> tuple[str, ...]:
        """Return the rules whose law was last read more than a year before: a warning, no stop."""
        return tuple(rule.id for rule in self.rules if as_of - rule.reviewed > REVIEW_DAYS)

    def blockers(self) -> tuple[str, ...]:
        """Return why this book must not be activated: doubts that block and nobody accepted."""
        return tuple(
            f"{rule.id}: {doubt.on}: {doubt.what}"
            for rule in self.rules
            for doubt in rule.unsure
            if doubt.effect == "block" and doubt.accepted is None
        )
