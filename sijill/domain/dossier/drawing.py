"""Periods as a small drawing in plain characters: one row each, on one axis of time.

Time runs from left to right in every language. A column stands for one or more days, and every
day has its column; what goes beyond the window ends in an arrow.
"""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from sijill.domain.event import Span
from sijill.domain.timeline import Spans, month_start, next_month

STEPS = (1, 2, 3, 6, 12)
"""Months between two labels: the first of these that leaves room."""

MONTH_ROOM = 3
"""Columns from one label to the next: two digits and a blank."""

YEAR_ROOM = 5


class Row(NamedTuple):
    """One row: what stands before it, the days it covers, and the character that draws them."""

    label: str
    spans: Spans
    mark: str


class Scale(NamedTuple):
    """A window of days drawn on some number of columns."""

    window: Span
    columns: int

    def column(self, day: int) -> int:
        """Return the column of a day of the window, from 0."""
        first, stop = self.window
        return (day - first) * self.columns // (stop - first)


def scale(window: Span, columns: int) -> Scale:
    """Return the scale of a window on at most so many columns, never more than it has days."""
    first, stop = window
    return Scale(window, min(columns, stop - first))


def draw(rows: Sequence[Row], window: Span, *, width: int, today: int) -> list[str]:
    """Return the lines of the drawing: years, months, the axis with today as T, and the rows.

    No line is longer than `width` characters, which must leave a column beside the labels.
    """
    margin = max(len(row.label) for row in rows) + 1
    on = scale(window, max(1, width - margin))
    blank = " " * margin
    head = [blank + line for line in _labels(on)]
    lines = [*head, blank + _axis(on, today)]
    lines += [row.label.ljust(margin) + bar(row, on) for row in rows]
    return [line.rstrip() for line in lines]


def bar(row: Row, on: Scale) -> str:
    """Return a row's columns: its mark where it covers a day, an arrow where it goes beyond."""
    first, stop = on.window
    cells = [" "] * on.columns
    for start, end in row.spans:
        if start >= stop or end <= first:
            continue
        begin, last = on.column(max(start, first)), on.column(min(end, stop) - 1)
        cells[begin : last + 1] = row.mark * (last + 1 - begin)
        if start < first:
            cells[0] = "<"
        if end > stop:
            cells[-1] = ">"
    return "".join(cells)


def _months(on: Scale) -> list[int]:
    """Return the first days of the months that begin in the window."""
    first, stop = on.window
    day = first if month_start(first) == first else next_month(first)
    days = []
    while day < stop:
        days.append(day)
        day = next_month(day)
    return days


def _labels(on: Scale) -> list[str]:
    """Return the line of years and the line of months, as many of each as there is room for."""
    days = _months(on)
    if not days:
        return [date.fromordinal(on.window[0]).isoformat()[: on.columns]]
    step = next((s for s in STEPS if _fits(days, s, on)), STEPS[-1])
    years, months = [" "] * on.columns, [" "] * on.columns
    free_year = free_month = 0
    for place, day in enumerate(days):
        when, column = date.fromordinal(day), on.column(day)
        if (when.month == 1 or place == 0) and free_year <= column <= on.columns - 4:
            years[column : column + 4] = f"{when.year:04d}"
            free_year = column + YEAR_ROOM
        wanted = (when.month - 1) % step == 0
        if wanted and free_month <= column <= on.columns - 2:
            months[column : column + 2] = f"{when.month:02d}"
            free_month = column + MONTH_ROOM
    return ["".join(years), "".join(months)]


def _fits(days: list[int], step: int, on: Scale) -> bool:
    """Whether labels on every `step` months leave each other room."""
    columns = [on.column(d) for d in days if (date.fromordinal(d).month - 1) % step == 0]
    return all(b - a >= MONTH_ROOM for a, b in pairwise(columns))


def _axis(on: Scale, today: int) -> str:
    cells = ["-"] * on.columns
    for day in _months(on):
        cells[on.column(day)] = "+"
    if on.window[0] <= today < on.window[1]:
        cells[on.column(today)] = "T"
    return "".join(cells)
