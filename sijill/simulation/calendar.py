"""Months and instants of the simulated year; nothing here reads a clock."""

from datetime import date
from typing import NamedTuple

from sijill.domain.event import EPOCH

DAY_MS = 86_400_000


class Month(NamedTuple):
    """One month of the simulated time; `last` is inclusive, `key` is the period key of payments."""

    place: int
    key: str
    first: int
    last: int
    number: int


def month_of(day: int, place: int = 0) -> Month:
    """Return the month that holds this day."""
    moment = date.fromordinal(day)
    first = moment.replace(day=1).toordinal()
    last = date.fromordinal(first + 31).replace(day=1).toordinal() - 1
    return Month(place, f"{moment:%Y-%m}", first, last, moment.month)


def whole_months(as_of: int, count: int) -> tuple[Month, ...]:
    """Return the last `count` whole months before the month of `as_of`, oldest first."""
    months: list[Month] = []
    day = month_of(as_of).first - 1
    for place in range(count - 1, -1, -1):
        months.append(month_of(day, place))
        day = months[-1].first - 1
    return tuple(reversed(months))


def instant(day: int, salt: int) -> int:
    """Return milliseconds since 1970 at some office hour of that day; `salt` chooses which."""
    return (day - EPOCH) * DAY_MS + 18_000_000 + salt * 7_919 % 21_600_000
