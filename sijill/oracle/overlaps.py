"""From meetings to overlaps: verdict by the law of each day, settling, months, money."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sijill.oracle.identity import Fact, Person, record_key
from sijill.oracle.law import Book, Table, month_of
from sijill.oracle.meetings import Meeting, Meetings


class Overlap(NamedTuple):
    """One finding; `runs` are (first day, day after the last), where begun, up to the horizon."""

    meeting: Meeting
    verdict: str
    version: str
    exception: str | None
    since: int
    runs: list[tuple[int, int]]
    months: tuple[str, ...]
    amount: int
    currency: str
    certainty: str

    @property
    def evidence(self) -> list[Fact]:
        """Every fact that it rests on, once each, by place."""
        facts = {fact.place: fact for fact in self.meeting.evidence}
        return [facts[place] for place in sorted(facts)]


def find(persons: list[Person], book: Book, as_of: int) -> dict[tuple[bytes, ...], Overlap]:
    """Return every overlap of all persons and households, by what its alert is named after.

    Of one pair that is permitted in some months and raised in others, the one raised stands.
    """
    meetings = Meetings(book, as_of)
    met = [one for person in persons for one in meetings.of_person(person)]
    for family, touched in meetings.families(persons).items():
        met += meetings.of_family(family, touched)
    return {name_of(one): one for meeting in met for one in _concluded(meeting, book, as_of)}


def name_of(overlap: Overlap) -> tuple[bytes, ...]:
    """Return what an alert is named after: rule and pair of records, or rule, scope and period."""
    meeting = overlap.meeting
    if meeting.scope:
        parts = [meeting.scope.encode(), meeting.period.encode()]
    else:
        parts = sorted(record_key(fact.version.name) for fact in meeting.sides)
    return (meeting.rule["id"].encode(), *parts)


def _concluded(meeting: Meeting, book: Book, as_of: int) -> Iterator[Overlap]:
    """Yield at most one overlap permitted and one raised, by the law in force on each day."""
    rule = meeting.rule
    chains: dict[str, list[Table]] = {}
    ruled: dict[str, dict[int, tuple[Table, Table | None]]] = {}
    for day in meeting.days:
        version = book.version(rule, day)
        if version is not None:
            label = version["label"]
            chains[label] = chains.get(label) or book.exceptions(rule, label)
            held = (row for row in chains[label] if _holds(row, meeting, day))
            excepted = next(held, None)
            verdict = (excepted or version)["verdict"]
            ruled.setdefault(verdict, {})[day] = (version, excepted)
    raised = _overlap(meeting, "raised", ruled.get("exclusive", {}), book=book, as_of=as_of, but=())
    months = raised.months if raised else ()
    permitted = _overlap(
        meeting, "permitted", ruled.get("permitted", {}), book=book, as_of=as_of, but=months
    )
    yield from (one for one in (permitted, raised) if one)


def _overlap(
    meeting: Meeting,
    verdict: str,
    days: dict[int, tuple[Table, Table | None]],
    *,
    book: Book,
    as_of: int,
    but: Iterable[str],
) -> Overlap | None:
    """Return the overlap of the days of one verdict, if it is due; months in `but` are left out."""
    come = sorted(day for day in days if day <= as_of)
    months = sorted({month_of(day) for day in come} - set(but))
    if not months:
        return None
    since = max(meeting.since, come[0])
    version, excepted = days[come[0]]
    if since + (0 if excepted else version.get("settle_days", 0)) > as_of:
        return None
    version, excepted = days[come[-1]]
    paid = [fact for fact in meeting.paid if month_of(fact.body["period_from"]) in months]
    amounts = [f.body["amount"] for f in paid if f.body["currency"] == book.currency]
    due = max(amounts, default=0) if meeting.rule["type"] == "PAY-DUP" else 0
    doubts = [doubt["effect"] for doubt in meeting.rule.get("unsure", ())]
    unsure = meeting.unsure or "taint" in doubts
    disputed = any(fact.disputed for fact in [*meeting.evidence, *paid])
    return Overlap(
        meeting=meeting,
        verdict=verdict,
        version=version["label"],
        exception=excepted["label"] if excepted else None,
        since=since,
        runs=[run for run in _runs(days) if run[0] <= as_of],
        months=tuple(months),
        amount=sum(amounts) - due,
        currency=book.currency,
        certainty="disputed" if disputed else "unsure" if unsure else "certain",
    )


def _runs(days: Iterable[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for day in sorted(days):
        if runs and runs[-1][1] == day:
            runs[-1] = (runs[-1][0], day + 1)
        else:
            runs.append((day, day + 1))
    return runs


def _holds(exception: Table, meeting: Meeting, day: int) -> bool:
    """Return whether an exception's condition holds on a day."""
    when = exception["when"]
    bearer = meeting.sides[0 if when.get("side", "left") == "left" else 1]
    if bearer.stream != "enrollment" or day < exception["from"].toordinal():
        return False
    if when["fact"] == "category":
        return when["code"] in bearer.body["category_codes"]
    return any(
        row["code"] == when["code"] and row["waived_from"] <= day <= (row["waived_through"] or day)
        for row in bearer.body["waivers"]
    )
