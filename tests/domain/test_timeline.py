"""Timelines: every operation against the plain set of days that it means."""

from collections.abc import Callable
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sijill.domain import timeline
from sijill.domain.event import INF, Span

FIRST = date(2024, 1, 1).toordinal()
DAY = st.integers(FIRST, FIRST + 80)
RAW = st.lists(st.tuples(DAY, DAY), max_size=6)
SPANS = RAW.map(timeline.coalesce)
VALUES = st.dictionaries(DAY, st.sampled_from("ABC"), max_size=12)


def day_set(spans: tuple[Span, ...] | list[Span]) -> set[int]:
    """Return the days of spans, one by one: the oracle."""
    return {day for start, stop in spans for day in range(start, stop)}


def as_timeline(values: dict[int, str]) -> timeline.Timeline[str]:
    """Return a timeline of one-day pieces."""
    return timeline.timeline((day, day + 1, value) for day, value in values.items())


def is_span_set(spans: tuple[Span, ...]) -> bool:
    """Whether the spans are sorted, apart from each other and not empty."""
    apart = all(a[1] < b[0] for a, b in pairwise(spans))
    return apart and all(start < stop for start, stop in spans)


@given(RAW)
def test_coalesce_keeps_every_day(raw: list[Span]) -> None:
    """A span set has exactly the days of the spans it was made of, in normal form."""
    spans = timeline.coalesce(raw)

    assert (day_set(spans), is_span_set(spans)) == (day_set(raw), True)


@pytest.mark.parametrize(
    ("operation", "meaning"),
    [
        (timeline.intersect, set.__and__),
        (timeline.subtract, set.__sub__),
        (timeline.union, set.__or__),
    ],
)
@given(left=SPANS, right=SPANS)
def test_operations_are_those_of_day_sets(
    operation: Callable[..., tuple[Span, ...]],
    meaning: Callable[[set[int], set[int]], set[int]],
    left: tuple[Span, ...],
    right: tuple[Span, ...],
) -> None:
    """Intersection, difference and union of span sets are those of their days, in normal form."""
    result = operation(left, right)

    assert day_set(result) == meaning(day_set(left), day_set(right))
    assert is_span_set(result)


@given(SPANS, SPANS)
def test_containment_is_an_overlap_both_ways(
    inner: tuple[Span, ...], outer: tuple[Span, ...]
) -> None:
    """A span set inside another meets it in all its days, whichever comes first."""
    whole = timeline.union(inner, outer)

    assert timeline.intersect(inner, whole) == timeline.intersect(whole, inner) == inner


@given(VALUES, VALUES)
def test_combine_joins_day_by_day(left: dict[int, str], right: dict[int, str]) -> None:
    """Combining two timelines gives, on each day, the join of what each says on that day."""

    def join(a: str | None, b: str | None) -> str | None:
        return None if a == b else f"{a}{b}"

    combined = timeline.combine(as_timeline(left), as_timeline(right), join)

    expected = {day: join(left.get(day), right.get(day)) for day in {*left, *right}}
    assert combined == as_timeline({day: value for day, value in expected.items() if value})


@given(SPANS)
def test_months_are_those_of_the_days(spans: tuple[Span, ...]) -> None:
    """The months of a span set are the months of its days, each once, in order."""
    expected = sorted({date.fromordinal(day).isoformat()[:7] for day in day_set(spans)})

    assert list(timeline.months(spans)) == expected
    assert timeline.days(spans) == len(day_set(spans))


@given(VALUES)
def test_text_and_parse_agree(values: dict[int, str]) -> None:
    """A timeline that is written and read again is the same timeline."""
    pieces = as_timeline(values)

    assert timeline.parse(timeline.text(pieces)) == pieces


def test_open_spans() -> None:
    """An open span is written without its last day, and has no count of days or months."""
    spans = ((FIRST, INF),)

    assert timeline.text(spans) == "2024-01-01.."
    with pytest.raises(ValueError, match="open"):
        timeline.days(spans)
    with pytest.raises(ValueError, match="open"):
        timeline.months(spans)


def test_two_values_on_one_day_are_refused() -> None:
    """A timeline never decides by itself which of two values holds on a day."""
    with pytest.raises(ValueError, match="one day"):
        timeline.timeline([(1, 5, "A"), (4, 6, "B")])


@given(
    st.lists(st.tuples(DAY, DAY, st.integers(0, 9)), max_size=6, unique_by=lambda v: v[:2]),
    DAY,
    DAY,
)
def test_law_in_force(values: list[tuple[int, int, int]], known: int, day: int) -> None:
    """On each day the newest law that had begun and was published governs."""
    candidates = [v for v in values if v[0] <= day and v[1] <= known]
    expected = max(candidates)[2] if candidates else None

    assert timeline.value_at(timeline.dated(values, known), day) == expected


@given(st.integers(1, date(9000, 1, 1).toordinal()))
def test_month_steps(day: int) -> None:
    """The next month starts on the first day whose month differs."""
    following = timeline.next_month(day)

    assert date.fromordinal(following).day == 1
    assert timeline.month_of(following - 1) == timeline.month_of(day)
    assert timeline.month_span(timeline.month_of(day)) == (timeline.month_start(day), following)
