"""The small notation of golden cases, read as facts, persons and households.

One line is one source record. P… is a person, H… a household; dates are days or months, the last
one included, open when left out:

    spn H1 2024-01-01 .. 2024-06-30      an enrollment (any programme code), held by H1 or P1;
                                         then: suspended A .. B, proposed, by MINISTRY, disputed
    spouse H1 P2 2020-05-01 ..           a roster line (head, spouse, child, parent, …)
    salary P2 2024-05 .. 2024-07 600000  an income with its monthly amount (salary,
                                         pension-income, job, business)
    paid spn H1 P2 2024-05 216000        a payment for a month, to P2 for household H1;
                                         then: planned, reversed, by MINISTRY, disputed
    death P1 2024-03-10                  a death
    waiver H1 2024-07-01 .. CODE         a waiver on each enrollment of the holder
    category H1 CODE                     a legal category on each enrollment of the holder
"""

import hashlib
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from sijill.domain.event import (
    INF,
    Detail,
    Enrollment,
    Fact,
    Income,
    Membership,
    Payment,
    Person,
    Span,
    Vital,
    record_key,
)
from sijill.domain.money import CURRENCIES
from sijill.domain.rulebook.model import ROLES, Book
from sijill.domain.rules.overlap import HouseholdFacts, Member, PersonFacts
from sijill.domain.timeline import month_span

INCOMES = {
    "salary": "PUBLIC_SALARY",
    "pension-income": "PENSION",
    "job": "INSURED_WORK",
    "business": "BUSINESS_OWNERSHIP",
    "licence": "PROFESSIONAL_LICENCE",
}
NOBODY = Person(*(None,) * 9, "UNKNOWN", None, None, None)


class World(NamedTuple):
    """Everything a case's facts amount to."""

    persons: tuple[PersonFacts, ...]
    households: tuple[HouseholdFacts, ...]


class Line(NamedTuple):
    """One line of the notation, and the person it is about."""

    fact: Fact
    person: str


def read_world(lines: Iterable[str], book: Book) -> World:
    """Return the persons and households of a case. Raises ValueError for a line it cannot read."""
    words = [line.split() for line in lines]
    heads = {line[1]: line[2] for line in words if line[0] == "head"}
    reader = _Reader(book, heads)
    facts = [reader.read(number, line) for number, line in enumerate(words, 1) if _is_fact(line)]
    facts = [_adorned(line, words) for line in facts]
    facts.sort(key=lambda line: (line.fact.record, line.fact.line))
    persons = {name: _person(name, facts) for name in sorted({line.person for line in facts})}
    return World(tuple(persons.values()), tuple(_households(facts, persons, book)))


def _is_fact(words: list[str]) -> bool:
    return words[0] not in ("waiver", "category")


class _Reader:
    """Reads the words of a line; `heads` says on which person a household's records hang."""

    def __init__(self, book: Book, heads: dict[str, str]) -> None:
        self.book, self.heads = book, heads
        self.scale: int = 10 ** CURRENCIES[book.currency]

    def read(self, number: int, words: list[str]) -> Line:
        """Return one line as a fact."""
        kind = words[0]
        if kind in ROLES:
            return self._roster_line(number, words)
        if kind in INCOMES:
            return self._income(number, words)
        if kind == "death":
            detail = Vital("DEATH", _day(words[2]), None, None)
            return Line(_fact(number, "interior", detail), words[1])
        return self._payment(number, words) if kind == "paid" else self._enrollment(number, words)

    def _roster_line(self, number: int, words: list[str]) -> Line:
        role, household, person, *rest = words
        (start, stop), _ = _period(rest)
        # A roster is written by whoever keeps it: the first household programme's, in a case.
        ministry, roster = next(p.roster for p in self.book.programmes.values() if p.roster)
        detail = Membership(roster, household, role.upper(), start, stop, None)
        return Line(_fact(number, ministry, detail), person)

    def _income(self, number: int, words: list[str]) -> Line:
        kind, person, *rest = words
        (start, stop), rest = _period(rest)
        unit = self.book.currency
        amount = tuple((start, stop, self._money(word), unit, None) for word in rest)
        return Line(
            _fact(number, "payer", Income(INCOMES[kind], start, stop, amount, None)), person
        )

    def _payment(self, number: int, words: list[str]) -> Line:
        _, programme, holder, *rest = words
        household = holder if holder.startswith("H") else None
        person = self.heads.get(holder, holder)
        if rest[0].startswith("P"):
            person, rest = rest[0], rest[1:]
        period, amount, *marks = rest
        status = next((m.upper() for m in marks if m in ("planned", "reversed")), "MADE")
        start, stop = month_span(period)
        payment = Payment(
            programme=programme,
            status=status,
            period=period,
            start=start,
            stop=stop,
            amount=self._money(amount),
            currency=self.book.currency,
            form="CASH",
            planned_on=None,
            paid_on=None,
            household=household,
            account=None,
            reference=None,
            centre=None,
        )
        return Line(_fact(number, self._ministry(programme, marks), payment, marks), person)

    def _enrollment(self, number: int, words: list[str]) -> Line:
        programme, holder, *rest = words
        (start, stop), marks = _period(rest)
        suspensions: tuple[Span, ...] = ()
        if "suspended" in marks:
            suspensions = (_period(marks[marks.index("suspended") + 1 :])[0],)
        enrollment = Enrollment(
            programme=programme,
            status="PROPOSED" if "proposed" in marks else "ACTIVE",
            start=start,
            stop=stop,
            suspensions=suspensions,
            household=holder if holder.startswith("H") else None,
            categories=(),
            disability_degree=None,
            care_recipient=None,
            waivers=(),
            centre=None,
            account=None,
            exit_reason=None,
            amount=None,
            currency=None,
        )
        ministry = self._ministry(programme, marks)
        return Line(_fact(number, ministry, enrollment, marks), self.heads.get(holder, holder))

    def _ministry(self, programme: str, marks: list[str]) -> str:
        if "by" in marks:
            return marks[marks.index("by") + 1]
        known = self.book.programmes.get(programme)
        return known.ministries[0] if known else "nobody"

    def _money(self, word: str) -> int:
        return int(word) * self.scale


STREAM_OF = {
    Enrollment: "enrollment",
    Payment: "payment",
    Membership: "household",
    Vital: "vital",
    Income: "income",
}


def _fact(number: int, ministry: str, detail: Detail, marks: Iterable[str] = ()) -> Fact:
    stream, record_id = STREAM_OF[type(detail)], f"r{number:02d}"
    content = hashlib.blake2b(repr(detail).encode(), digest_size=16).digest()
    return Fact(
        record=record_key(ministry, stream, record_id),
        line="",
        stream=stream,
        ministry=ministry,
        record_id=record_id,
        seq=1,
        content=content,
        disputed="disputed" in marks,
        occurred_at=0,
        event_id=f"e{number:02d}",
        tokens=(),
        signature=None,
        person=NOBODY,
        detail=detail,
    )


def _adorned(line: Line, words: list[list[str]]) -> Line:
    """Return the line with the waivers and categories of its holder, if it is an enrollment."""
    detail = line.fact.detail
    if not isinstance(detail, Enrollment):
        return line
    holder = detail.household or line.person
    for kind, about, *rest in words:
        if kind == "waiver" and about == holder:
            (start, stop), code = _period(rest)
            waivers = (*detail.waivers, (code[0], start, stop))
            detail = detail._replace(waivers=waivers)
        if kind == "category" and about == holder:
            detail = detail._replace(categories=(*detail.categories, *rest))
    return line._replace(fact=line.fact._replace(detail=detail))


def _person(name: str, lines: list[Line]) -> PersonFacts:
    facts = tuple(line.fact for line in lines if line.person == name)
    deaths = [fact.detail.day for fact in facts if isinstance(fact.detail, Vital)]
    return PersonFacts(facts, max(deaths, default=None), name.encode())


def _households(
    lines: list[Line], persons: dict[str, PersonFacts], book: Book
) -> Iterable[HouseholdFacts]:
    grouped: dict[tuple[str, str, str], list[Line]] = {}
    for line in lines:
        detail = line.fact.detail
        if isinstance(detail, Enrollment | Payment) and detail.household:
            programme = book.programmes.get(detail.programme)
            if programme and programme.roster:
                grouped.setdefault((*programme.roster, detail.household), []).append(line)
    for (keeper, code, number), given in sorted(grouped.items()):
        facts = tuple(line.fact for line in given)
        members = tuple(_members(number, lines, persons)) or tuple(_heads(given, persons))
        yield HouseholdFacts(keeper, code, number, members, facts)


def _members(number: str, lines: list[Line], persons: dict[str, PersonFacts]) -> Iterable[Member]:
    for line in lines:
        detail = line.fact.detail
        if isinstance(detail, Membership) and detail.number == number:
            person = persons[line.person]
            yield Member(detail.role, detail.start, detail.stop, line.fact, person)


def _heads(lines: list[Line], persons: dict[str, PersonFacts]) -> Iterable[Member]:
    """Without a roster the enrolled person is the head and the only member."""
    for line in lines:
        detail = line.fact.detail
        if isinstance(detail, Enrollment):
            yield Member("HEAD", detail.start, detail.stop, line.fact, persons[line.person])


def _period(words: list[str]) -> tuple[Span, list[str]]:
    """Return the span that the words begin with, and the words after it."""
    if len(words) < 2 or words[1] != "..":
        raise ValueError(f"a period is written first .. last: {' '.join(words)}")
    start, rest = _day(words[0]), words[2:]
    if rest and rest[0][:1].isdigit() and "-" in rest[0]:
        return (start, _day(rest[0], last=True) + 1), rest[1:]
    return (start, INF), rest


def _day(word: str, *, last: bool = False) -> int:
    if len(word) == len("2024-01"):
        first, after = month_span(word)
        return after - 1 if last else first
    return date.fromisoformat(word).toordinal()
