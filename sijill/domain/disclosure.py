"""Who is told of an overlap, and how much: each side sees its own record and no more than a class.

A ministry learns that an incompatible benefit of class X exists in that period; the rule's file
says what else, if anything, a side may see. Where a side sees nothing and is not asked, it gets no
notice: the agency of a household member learns nothing.
"""

from sijill.domain.event import Enrollment, Fact, Income, Payment
from sijill.domain.rulebook import Book, Rule
from sijill.domain.rules.overlap import Overlap


def rule_of(book: Book, rule_id: str) -> Rule | None:
    """Return the rule, or None when the book in force no longer has it."""
    return next((rule for rule in book.rules if rule.id == rule_id), None)


def told(overlap: Overlap, book: Book) -> list[str]:
    """Return the ministries that are asked to examine the overlap, in order.

    Only those that give what a side of the rule is about: the registry of a death is evidence,
    not a party, and the agency of a household member learns nothing.
    """
    rule = rule_of(book, overlap.rule)
    if rule is None:
        asked = {fact.ministry for fact in overlap.evidence}
    else:
        sides = [rule.left] + ([rule.right] if rule.right else [])
        about = {side.fact for side in sides if side.holder != "member"}
        asked = {fact.ministry for fact in overlap.evidence if fact.stream in about}
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


def seen_class(overlap: Overlap, book: Book, ministry: str) -> str | None:
    """Return the class of what stands on the other side, if the rule lets the ministry see it."""
    rule = rule_of(book, overlap.rule)
    other = next((f for f in overlap.evidence if f.ministry != ministry), None)
    if other is None:
        return None
    if rule is not None and rule.right is not None:
        side = rule.left if overlap.left.ministry == ministry else rule.right
        if "class" not in side.sees:
            return None
    return class_of(other, book)
