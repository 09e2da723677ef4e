"""What meets under each rule, with sets of days instead of periods.

An open end reaches to a horizon two years after the as-of day and after all law of the book; days
beyond it are in no set, and are not compared.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

from sijill.oracle.identity import Fact, Person
from sijill.oracle.law import Book, Table, listed, month_of

COMPARED = 20  # of one holding's records the first so many are compared, by source

DATED = {"enrollment": "enrolled", "household": "member", "income": "income", "payment": "period"}

Days = set[int]
Family = tuple[str, str, str]
"""A household: the ministry that keeps the roster, its code, the number."""


class Meeting(NamedTuple):
    """Facts that meet on some days, and payments of which the part in the months is at stake.

    `sides` are left and right; `scope` and `period` name what counts more than two records.
    """

    rule: Table
    sides: tuple[Fact, ...]
    evidence: list[Fact]
    days: Days
    paid: list[Fact]
    family: Family | None = None
    since: int = 0
    scope: str = ""
    period: str = ""
    unsure: bool = False


class Meetings:
    """Finds what meets under the rules of a book, on the days up to a horizon."""

    def __init__(self, book: Book, as_of: int) -> None:
        self.book, self.as_of = book, as_of
        self.horizon = max(as_of, book.last_day()) + 730

    def families(self, persons: Iterable[Person]) -> dict[Family, list[tuple[Fact, Person]]]:
        """Return the households that facts name, with these facts and whose they are."""
        named: dict[Family, list[tuple[Fact, Person]]] = defaultdict(list)
        for person in persons:
            for fact in person.facts:
                if family := self.family(fact):
                    named[family].append((fact, person))
        return named

    def family(self, fact: Fact) -> Family | None:
        """Return the household that a fact names, by its roster line or by its programme."""
        number = fact.body.get("household_number")
        if number and fact.stream == "household":
            return fact.version.name[0], fact.body["roster"], number
        roster = self.book.programmes.get(fact.body.get("programme", ""), {}).get("roster")
        return (roster["ministry"], roster["code"], number) if number and roster else None

    def members(self, touched: list[tuple[Fact, Person]]) -> list[tuple[Fact, Person, str]]:
        """Return (line, person, role); without a roster line, who is enrolled is the head."""
        lines = [(f, p, f.body["role"]) for f, p in touched if f.stream == "household"]
        heads = [(f, p, "HEAD") for f, p in touched if f.stream == "enrollment" and self._key(f)]
        return lines or heads

    def of_person(self, person: Person) -> Iterator[Meeting]:
        """Yield what meets at one person."""
        held, made = self._held(person.facts)
        for rule in self.book.rules:
            left = self._keys(rule, "left")
            if rule["type"] == "OVL-PAIR":
                rights = [two for key in self._keys(rule, "right") for two in held[key]]
                pairs = [(one, two) for key in left for one in held[key] for two in rights]
            elif rule["type"] == "OVL-DUP-ENR":
                pairs = [pair for key in left for pair in combinations(held[key], 2)]
            else:
                pairs = []
                if rule["type"] == "PAY-DUP":
                    own = [fact for fact in made if not self.family(fact)]
                    yield from self._paid_twice(rule, own, None)
                elif rule["type"] == "PAY-AFTER-DEATH" and person.row["death"]:
                    yield from self._paid_after_death(rule, made, person)
            for pair in pairs:
                days = self._days(pair[0]) & self._days(pair[1])
                if days:
                    yield Meeting(rule, pair, list(pair), days, self._beside(pair[0], made))

    def of_family(self, family: Family, touched: list[tuple[Fact, Person]]) -> Iterator[Meeting]:
        """Yield what meets in one household."""
        held, made = self._held([fact for fact, _ in touched])
        for rule in self.book.rules:
            if rule["type"] == "PAY-DUP":
                yield from self._paid_twice(rule, made, family)
            elif rule["type"] == "OVL-HH":
                for enrollment in [one for key in self._keys(rule, "left") for one in held[key]]:
                    found = self._incomes(rule, enrollment, self.members(touched))
                    for income, (days, lines, unsure) in found.items():
                        evidence = [enrollment, income, *lines]
                        paid = self._beside(enrollment, made)
                        yield Meeting(
                            rule, (enrollment, income), evidence, days, paid, family, unsure=unsure
                        )

    def _paid_twice(
        self, rule: Table, made: list[Fact], family: Family | None
    ) -> Iterator[Meeting]:
        groups: dict[tuple[str, str], list[Fact]] = defaultdict(list)
        for fact in made:
            if fact.body["programme"] in self._keys(rule, "left"):
                benefit = self.book.programmes[fact.body["programme"]]["benefit_class"]
                groups[benefit, fact.body["period"]].append(fact)
        for key, paid in groups.items():
            if len(paid) > 1:
                days = set().union(*map(self._days, paid))
                since = max(fact.body["period_from"] for fact in paid)
                scope, period = "\0".join(family or paid[0].version.name), " ".join(key)
                yield Meeting(rule, (*paid[:2],), paid, days, paid, family, since, scope, period)

    def _paid_after_death(self, rule: Table, made: list[Fact], person: Person) -> Iterator[Meeting]:
        day = person.row["death"]
        run_off = self.book.parameter(rule, rule["test"]["run_off"], day)
        deaths = [f for f in person.facts if f.body.get("kind") == "DEATH"]
        death = min((f for f in deaths if f.body["event_date"] == day), key=lambda f: f.source)
        groups: dict[tuple[str, str], list[Fact]] = defaultdict(list)
        for fact in made if run_off is not None else ():
            programme, start = fact.body["programme"], fact.body["period_from"]
            if day + run_off < start <= self.as_of and programme in self._keys(rule, "left"):
                groups[fact.version.name[0], programme].append(fact)
        for paid in groups.values():
            days = set().union(*map(self._days, paid))
            scope = "\0".join(paid[0].version.name)
            yield Meeting(rule, (paid[0], death), [*paid, death], days, paid, scope=scope)

    def _incomes(
        self, rule: Table, enrollment: Fact, members: list[tuple[Fact, Person, str]]
    ) -> dict[Fact, tuple[Days, list[Fact], bool]]:
        """Return members' incomes in the months in which all together exceed the ceiling."""
        wanted = self._keys(rule, "right")
        enrolled = {d for d in self._days(enrollment) if self.book.version(rule, d)}
        shared: dict[Fact, tuple[Days, list[Fact]]] = {}
        roles = listed(rule["sides"]["right"]["role"])
        for line, person, _ in (one for one in members if one[2].lower() in roles):
            for fact in (fact for fact in person.facts if self._key(fact) in wanted):
                days = enrolled & self._days(line, whole=True) & self._days(fact)
                if days:
                    before = shared.get(fact, (set(), []))
                    shared[fact] = days | before[0], [*before[1], line]
        first: dict[str, dict[Fact, int]] = defaultdict(dict)
        for fact, (days, _) in shared.items():
            for day in sorted(day for day in days if day <= self.as_of):
                first[month_of(day)].setdefault(fact, day)
        sure = {month: self._exceeds(rule, earning) for month, earning in first.items()}
        found = {}
        for fact, (days, lines) in shared.items():
            over = {day for day in days if sure.get(month_of(day)) is not None}
            unsure = any(
                sure[month] is False for month, earning in first.items() if fact in earning
            )
            if over:
                found[fact] = over, lines, unsure
        return found

    def _exceeds(self, rule: Table, earning: dict[Fact, int]) -> bool | None:
        """Return None when the ceiling is kept, else whether the amounts are sure."""
        day = min(earning.values())
        ceiling = self.book.parameter(rule, rule["test"]["amount"]["than"], day)
        amounts = [self._amount(fact, day) for fact, day in earning.items()]
        exceeds = ceiling is not None and sum(one or 0 for one in amounts) > ceiling
        return exceeds if exceeds or (ceiling is not None and None in amounts) else None

    def _amount(self, fact: Fact, day: int) -> int | None:
        shown: dict[str | None, int] = {}
        for row in fact.body["amounts"]:
            runs = row["amount_from"] <= day <= (row["amount_through"] or self.horizon)
            if runs and row["currency"] == self.book.currency:
                shown[row["component"]] = max(row["amount"], shown.get(row["component"], 0))
        return sum(shown.values()) if shown else None

    def _held(self, facts: Iterable[Fact]) -> tuple[dict[str, list[Fact]], list[Fact]]:
        """Return what is held, by programme or income class, and the payments made; by source."""
        held: dict[str, list[Fact]] = defaultdict(list)
        for fact in sorted(facts, key=lambda fact: fact.source):
            if key := self._key(fact):
                held[key].append(fact)
        made = held.pop("paid", [])
        return defaultdict(list, {key: rows[:COMPARED] for key, rows in held.items()}), made

    def _key(self, fact: Fact) -> str | None:
        """Return what a fact holds; a programme counts only in what its owners write."""
        body, ministry = fact.body, fact.version.name[0]
        if fact.stream == "income":
            return "income:" + str(body["kind"]).lower().replace("_", "-")
        if not self.book.owned(body.get("programme", ""), ministry):
            return None
        if fact.stream == "payment":
            return "paid" if body["status"] == "MADE" else None
        return None if body["status"] == "PROPOSED" else str(body["programme"])

    def _keys(self, rule: Table, side: str) -> list[str]:
        """Return what a side of a rule names: programmes, all when none is named, or incomes."""
        row = rule["sides"][side]
        if row["fact"] == "income":
            return ["income:" + name for name in listed(row["class"])]
        return listed(row.get("programme")) or list(self.book.programmes)

    def _beside(self, enrollment: Fact, made: list[Fact]) -> list[Fact]:
        """Return the payments that an enrollment's ministry made in its programme."""
        ministry, programme = enrollment.version.name[0], enrollment.body["programme"]
        paid = [fact for fact in made if fact.version.name[0] == ministry]
        return [fact for fact in paid if fact.body["programme"] == programme]

    def _days(self, fact: Fact, *, whole: bool = False) -> Days:
        """Return the days on which a fact holds, suspensions left out unless it is `whole`."""
        first, through = (fact.body[f"{DATED[fact.stream]}_{end}"] for end in ("from", "through"))
        rests = () if whole else fact.body.get("suspensions", ())
        runs = [(rest["suspended_from"], rest["suspended_through"]) for rest in rests]
        days, *gaps = (
            set(range(start, min(end or self.horizon, self.horizon) + 1))
            for start, end in [(first, through), *runs]
        )
        return days.difference(*gaps)
