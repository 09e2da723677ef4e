"""Periods of days: sets of spans, timelines with values, and the months that they touch.

Days are proleptic ordinals, spans are half-open `(start, stop)`, `INF` stops an open span. A *span
set* is a sorted, disjoint, coalesced tuple of spans; a *timeline* is a sorted, disjoint tuple of
`(start, stop, value)`. Only `coalesce`, `timeline` and `parse` take anything else: every other
operation assumes these forms, and keeps them. Touching spans do not overlap.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

from sijill.domain.event import INF, Span

BEGIN = 0
"""The start of a span that has no beginning."""

Spans = tuple[Span, ...]
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
Timeline = tuple[tuple[int, int, A], ...]


def coalesce(spans: Iterable[Span]) -> Spans:
    """Return any spans as a span set: empty and reversed ones dropped, touching ones merged."""
    merged: list[Span] = []
    for start, stop in sorted(spans):
        if start >= stop:
            continue
        if merged and start <= merged[-1][1]:
            last = merged[-1]
            if stop > last[1]:
                merged[-1] = (last[0], stop)
        else:
            merged.append((start, stop))
    return tuple(merged)


def intersect(left: Spans, right: Spans) -> Spans:
    """Return the days in both span sets."""
    common: list[Span] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start = max(left[i][0], right[j][0])
        stop = min(left[i][1], right[j][1])
        if start < stop:
            common.append((start, stop))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(common)


def subtract(left: Spans, right: Spans) -> Spans:
    """Return the days of the left span set that are not in the right one."""
    if not right:
        return left
    rest: list[Span] = []
    j = 0
    for start, stop in left:
        while j < len(right) and right[j][1] <= start:
            j += 1
        k = j
        while k < len(right) and right[k][0] < stop:
            if right[k][0] > start:
                rest.append((start, right[k][0]))
            start = max(start, right[k][1])  # noqa: PLW2901 - what is left of the span
            k += 1
        if start < stop:
            rest.append((start, stop))
    return tuple(rest)


def union(left: Spans, right: Spans) -> Spans:
    """Return the days in at least one of the span sets."""
    return coalesce(left + right)


def timeline(pieces: Iterable[tuple[int, int, A]]) -> Timeline[A]:
    """Return the pieces as a timeline, equal neighbours merged.

    Raises ValueError when two pieces claim one day: who wins is the caller's decision.
    """
    ordered: list[tuple[int, int, A]] = []
    for start, stop, value in sorted(pieces, key=lambda piece: piece[:2]):
        if start >= stop:
            continue
        if ordered and start < ordered[-1][1]:
            raise ValueError("two values claim one day")
        if ordered and start == ordered[-1][1] and value == ordered[-1][2]:
            ordered[-1] = (ordered[-1][0], stop, value)
        else:
            ordered.append((start, stop, value))
    return tuple(ordered)


def combine(
    left: Timeline[A], right: Timeline[B], join: Callable[[A | None, B | None], C | None]
) -> Timeline[C]:
    """Return the timeline of `join(left value, right value)`; None stands for absence, both ways.

    `join` is never asked about days on which both sides are absent.
    """
    cuts = sorted({day for piece in (*left, *right) for day in piece[:2]})
    pieces: list[tuple[int, int, C]] = []
    for start, stop in pairwise(cuts):
        here, there = value_at(left, start), value_at(right, start)
        if here is None and there is None:
            continue
        value = join(here, there)
        if value is not None:
            pieces.append((start, stop, value))
    return timeline(pieces)


def value_at(pieces: Sequence[tuple[int, int, A]], day: int) -> A | None:
    """Return the value on a day, or None."""
    place = bisect_right(pieces, day, key=lambda piece: piece[0]) - 1
    if place >= 0 and day < pieces[place][1]:
        return pieces[place][2]
    return None


def spans_of(pieces: Timeline[A], *, where: Callable[[A], bool] = lambda _: True) -> Spans:
    """Return the days whose value satisfies `where`."""
    return coalesce((start, stop) for start, stop, value in pieces if where(value))


def dated(values: Iterable[tuple[int, int, A]], known: int) -> Timeline[A]:
    """Return what governs each day, from (first day governed, published, value) as known on a day.

    The latest first day up to a day wins, among equals the latest published; the last runs on.
    """
    seen = sorted((v for v in values if v[1] <= known), key=lambda value: value[:2])
    in_force = {first: value for first, _, value in seen}
    firsts = sorted(in_force)
    stops = [*firsts[1:], INF]
    return timeline((f, s, in_force[f]) for f, s in zip(firsts, stops, strict=False))


def days(spans: Spans) -> int:
    """Return how many days the span set has. Raises ValueError when it is open."""
    if spans and spans[-1][1] == INF:
        raise ValueError("an open span has no count of days")
    return sum(stop - start for start, stop in spans)


def months(spans: Spans) -> tuple[str, ...]:
    """Return the ISO months that the span set touches. Raises ValueError when it is open."""
    if spans and spans[-1][1] == INF:
        raise ValueError("an open span has no list of months")
    touched: list[str] = []
    for start, stop in spans:
        first = month_start(start)
        while first < stop:
            name = month_of(first)
            if not touched or touched[-1] != name:
                touched.append(name)
            first = next_month(first)
    return tuple(touched)


@lru_cache(maxsize=1 << 14)
def month_of(day: int) -> str:
    """Return the ISO month of a day, such as "2024-06"."""
    return date.fromordinal(day).isoformat()[:7]


@lru_cache(maxsize=1 << 14)
def month_start(day: int) -> int:
    """Return the first day of the day's month."""
    return date.fromordinal(day).replace(day=1).toordinal()


@lru_cache(maxsize=1 << 14)
def next_month(day: int) -> int:
    """Return the first day of the month after the day's month."""
    # No month is longer than 31 days, so 31 days after its first always lies in the next one.
    return month_start(month_start(day) + 31)


def month_span(month: str) -> Span:
    """Return the days of an ISO month."""
    first = date.fromisoformat(month + "-01").toordinal()
    return first, next_month(first)


def text(pieces: Iterable[tuple[int, int] | tuple[int, int, object]]) -> str:
    """Return spans or a timeline as "2024-01-01..2024-02-29 A, 2024-04-01.. B" (last day said)."""
    return ", ".join(_piece_text(*piece) for piece in pieces)


def _piece_text(start: int, stop: int, value: object = None) -> str:
    first = "" if start == BEGIN else date.fromordinal(start).isoformat()
    last = "" if stop == INF else date.fromordinal(stop - 1).isoformat()
    return f"{first}..{last}" + ("" if value is None else f" {value}")


def parse(written: str) -> Timeline[str]:
    """Return the timeline that `text` wrote; a span without a value has the value "".

    Raises ValueError for anything else, and for two pieces that claim one day.
    """
    return timeline(_parse_piece(piece) for piece in written.split(",") if piece.strip())


def _parse_piece(piece: str) -> tuple[int, int, str]:
    span, _, value = piece.strip().partition(" ")
    first, separator, last = span.partition("..")
    if not separator:
        raise ValueError(f"a span is written first..last: {span}")
    start = date.fromisoformat(first).toordinal() if first else BEGIN
    stop = date.fromisoformat(last).toordinal() + 1 if last else INF
    return start, stop, value.strip()
