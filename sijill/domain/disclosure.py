"""Who is told of an overlap, and how much: each side sees its own record and no more than a class.

A ministry learns that an incompatible benefit of class X exists in that period; the rule's file
says what else, if anything, a side may see. Where a side sees nothing and is not asked, it gets no
notice: the agency of a household member learns nothing.
"""

from typing import NamedTuple

from sijill.domain.event import Enrollment, Fact, Income, Payment
from sijill.domain.rulebook import Book, Rule
from sijill.domain.rules.overlap import Overlap


class View(NamedTuple):
    """One ministry's view of an overlap, in both languages."""

    other_class: str | None
    en: str
    ar: str


def rule_of(book: Book, rule_id: str) -> Rule | None:
    """Return the rule, or None when the book in force no longer has it."""
    return next((rule for rule in book.rules if rule.id == rule_id), None)


def told(overlap: Overlap, book: Book) -> list[str]:
    """Return the ministries that are asked to examine the overlap, in order."""
    rule = rule_of(book, overlap.rule)
    asked = {f.ministry for f in overlap.evidence if f.stream != "household"}
    if rule is not None and rule.right is not None and rule.right.holder == "member":
        asked = {overlap.left.ministry}
    return sorted(asked & book.ministries.keys())


def class_of(fact: Fact, book: Book) -> str:
    """Return the class of what a fact gives, which is all that another side may learn of it."""
    detail = fact.detail
    if isinstance(detail, Enrollment | Payment):
        programme = book.programmes.get(detail.programme)
        return programme.klass if programme else "unknown"
    if isinstance(detail, Income):
        return detail.kind.lower().replace("_", "-")
    return fact.stream


def notice(overlap: Overlap, book: Book, ministry: str) -> View:
    """Return what the ministry is told: its own record, the other's class, months and rule."""
    rule = rule_of(book, overlap.rule)
    other = next((f for f in overlap.evidence if f.ministry != ministry), None)
    hidden = rule is not None and rule.right is not None and not rule.right.sees
    klass = class_of(other, book) if other and not hidden else None
    months = ", ".join(overlap.months)
    title = rule.title if rule else {"en": overlap.rule, "ar": overlap.rule}
    name = book.classes.get(klass or "", {"en": klass or "", "ar": klass or ""})
    beside = (f" It stands beside: {name['en']}.", f" إلى جانب: {name['ar']}.")
    return View(
        klass,
        f"{title['en']}: {months}.{beside[0] if klass else ''} To be examined.",
        f"{title['ar']}: {months}.{beside[1] if klass else ''} للتدقيق.",
    )
