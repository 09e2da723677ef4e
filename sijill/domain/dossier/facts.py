"""The facts of a case, in the order in which they are told, and as rows of the drawing."""

from collections.abc import Iterable

from sijill.domain import explain
from sijill.domain.dossier.drawing import Row
from sijill.domain.dossier.shapes import Case, FactTold
from sijill.domain.event import INF, Enrollment, Fact, Income, Membership, Payment, Vital
from sijill.domain.rulebook import Book, Rule
from sijill.domain.rules.holding import active, payments_beside, source_order
from sijill.domain.rules.overlap import Overlap
from sijill.domain.rules.plan import plan_of
from sijill.domain.timeline import Spans, coalesce, month_of, month_start, next_month

AHEAD_DAYS = 366
"""How far beyond today a drawing may reach."""


def listed(case: Case, rule: Rule | None, book: Book) -> Iterable[tuple[Fact, bool]]:
    """Return the evidence, then the payments that make up the money, each marked as such."""
    overlap = case.overlap
    sides = [overlap.left, *([overlap.right] if overlap.right else [])]
    places = [(fact.record, fact.line) for fact in sides]
    others = [f for f in overlap.evidence if (f.record, f.line) not in places]
    evidence = [*sides, *sorted(others, key=source_order)]
    yield from ((fact, False) for fact in evidence)
    if case.subject is None or rule is None or not isinstance(overlap.left.detail, Enrollment):
        return
    for fact in sorted(
        payments_beside(overlap.left, case.subject.facts, plan_of(book)), key=_begins
    ):
        if month_of(_begins(fact)) in overlap.months:
            yield fact, True


def _begins(fact: Fact) -> int:
    detail = fact.detail
    return detail.day if isinstance(detail, Vital) else detail.start


def told(number: int, fact: Fact, book: Book, *, counted: bool, lang: str) -> FactTold:
    """Return a fact as it is told, under its number in the list."""
    detail = fact.detail
    stop = detail.day + 1 if isinstance(detail, Vital) else detail.stop
    amount, currency = _money(detail)
    return FactTold(
        number=number,
        title=explain.MEMBER[lang]
        if isinstance(detail, Membership)
        else explain.title(fact, book, lang),
        counted=counted,
        ministry=fact.ministry,
        stream=fact.stream,
        record_id=fact.record_id,
        line=fact.line,
        version=fact.seq,
        event_id=fact.event_id,
        occurred_at=fact.occurred_at,
        first=_begins(fact),
        last=stop - 1 if stop < INF else None,
        pauses=coalesce(detail.suspensions) if isinstance(detail, Enrollment) else (),
        status=getattr(detail, "status", None),
        role=detail.role if isinstance(detail, Membership) else None,
        household=getattr(detail, "household", None) or getattr(detail, "number", None),
        amount=amount,
        currency=currency,
        disputed=fact.disputed,
    )


def _money(detail: object) -> tuple[int | None, str | None]:
    """Return what a payment was, or what an income's newest amounts add up to in a month."""
    if isinstance(detail, Payment):
        return detail.amount, detail.currency
    if isinstance(detail, Income) and detail.amounts:
        newest = max(detail.amounts)
        same = [a for a in detail.amounts if a[0] == newest[0] and a[3] == newest[3]]
        return sum(amount for _, _, amount, _, _ in same), newest[3]
    if isinstance(detail, Enrollment) and detail.amount is not None:
        return detail.amount, detail.currency
    return None, None


def rows(facts: list[tuple[Fact, bool]], overlap: Overlap) -> Iterable[Row]:
    """Return a row for each fact, under its number, and one for the overlap."""
    for number, (fact, _) in enumerate(facts, 1):
        yield Row(f"[{number}]", _days(fact), "." if isinstance(fact.detail, Payment) else "=")
    yield Row("[#]", overlap.spans, "#")


def _days(fact: Fact) -> Spans:
    detail = fact.detail
    if isinstance(detail, Enrollment | Income):
        return active(fact)
    if isinstance(detail, Vital):
        return ((detail.day, detail.day + 1),)
    return coalesce(((detail.start, detail.stop),))


def window(facts: list[tuple[Fact, bool]], overlap: Overlap, as_of: int) -> tuple[int, int]:
    """Return whole months around the overlap: one before it, and up to its end or today."""
    points = [_begins(fact) for fact, _ in facts if isinstance(fact.detail, Vital | Payment)]
    first = min([overlap.spans[0][0], *points])
    closed = [stop - 1 for _, stop in overlap.spans if stop < INF]
    last = min(max([as_of, *closed]), as_of + AHEAD_DAYS)
    return month_start(month_start(first) - 1), next_month(max(last, first))
