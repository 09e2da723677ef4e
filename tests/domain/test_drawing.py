"""Proofs of the drawing: right width, right order, every day in its column."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from sijill.domain.dossier.drawing import Row, bar, draw, scale
from sijill.domain.event import INF, Span

FIRST = date(2020, 1, 1).toordinal()
days = st.integers(FIRST, FIRST + 3000)


@st.composite
def windows(draw_from: st.DrawFn) -> Span:
    """Return a window of one day up to eight years."""
    first = draw_from(days)
    return first, first + draw_from(st.integers(1, 3000))


@st.composite
def spans(draw_from: st.DrawFn) -> tuple[Span, ...]:
    """Return a period that may begin before the window, end after it, or never."""
    start = draw_from(days)
    return ((start, draw_from(st.sampled_from([INF]) | st.integers(start + 1, FIRST + 6000))),)


@given(windows(), st.integers(10, 120))
def test_columns_hold_the_days_in_order(window: Span, width: int) -> None:
    """Every day has one column, no column is without a day, and a later day is never before."""
    on = scale(window, width)

    columns = [on.column(day) for day in range(*window)]

    assert columns == sorted(columns)
    assert set(columns) == set(range(on.columns))
    assert on.columns <= width


@given(windows(), spans(), st.integers(10, 120))
def test_bar_covers_exactly_its_days(window: Span, covered: tuple[Span, ...], width: int) -> None:
    """A column is marked when one of its days is covered, and only then; arrows say beyond."""
    on = scale(window, width)
    ((start, stop),) = covered

    drawn = bar(Row("", covered, "="), on)

    marked = {on.column(day) for day in range(*window) if start <= day < stop}
    assert {place for place, cell in enumerate(drawn) if cell != " "} == marked
    if marked and len(drawn) > 1:
        assert (drawn[0] == "<") == (start < window[0])
        assert (drawn[-1] == ">") == (stop > window[1])


@given(windows(), st.lists(spans(), min_size=1, max_size=5), st.integers(20, 120), days)
def test_lines_keep_width_and_order(
    window: Span, covered: list[tuple[Span, ...]], width: int, today: int
) -> None:
    """No line is longer than the width, and the rows stand in the order in which they came."""
    rows = [Row(f"[{number}]", each, "=") for number, each in enumerate(covered, 1)]

    lines = draw(rows, window, width=width, today=today)

    assert max(map(len, lines)) <= width
    assert [line.split()[0] for line in lines[-len(rows) :]] == [row.label for row in rows]
    assert ("T" in lines[-len(rows) - 1]) == (window[0] <= today < window[1])


@given(windows(), st.integers(30, 120))
def test_labels_stand_over_their_month(window: Span, width: int) -> None:
    """A month's number stands over the column of its first day; no label runs into another."""
    rows = [Row("[1]", (), "=")]
    on = scale(window, width - 4)

    lines = draw(rows, window, width=width, today=0)

    if len(lines) == 4:
        months = lines[1]
        starts = {
            (on.column(day), date.fromordinal(day).month)
            for day in range(*window)
            if date.fromordinal(day).day == 1
        }
        place = 0
        for word in months.split():
            place = months.index(word, place)
            assert (place - 4, int(word)) in starts
            place += 2


def test_a_drawing() -> None:
    """A year on 80 columns reads as a person would draw it."""
    day = date(2024, 6, 20).toordinal()
    rows = [
        Row("[1]", ((date(2022, 1, 1).toordinal(), INF),), "="),
        Row("[#]", ((date(2024, 3, 15).toordinal(), date(2024, 6, 1).toordinal()),), "#"),
    ]
    window = date(2024, 2, 1).toordinal(), date(2024, 8, 1).toordinal()

    assert draw(rows, window, width=64, today=day) == [
        "    2024",
        "    02       03        04        05        06        07",
        "    +--------+---------+---------+---------+------T--+----------",
        "[1] <==========================================================>",
        "[#]               ##########################",
    ]
