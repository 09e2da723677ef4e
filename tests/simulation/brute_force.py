"""A second opinion on what a plan's records say: slow, naive, one set of days per fact.

It knows the records and the sentences below, and nothing of the product: no rulebook, no timeline,
no fold. It assumes what the simulation promises: identifiers are right unless a passport number
stands in the files of more than five people.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

from sijill.simulation.records import Draft

Record = dict[str, Any]
Name = tuple[str, str, str]
Found = set[tuple[str, frozenset[Name]]]

BENEFITS = {"krg-martyr": "martyr-family", "krg-welfare": "spn"}
"""Programmes that give another programme's benefit."""

ASCII = str.maketrans("٠١٢٣٤٥٦٧٨٩", "0123456789")
LINKING = ("NATIONAL_NUMBER", "PASSPORT", "BENEFICIARY_NUMBER")


class Story:
    """The last version of every record, and who is who in them."""

    def __init__(self, drafts: Iterable[Draft], *, today: int) -> None:
        """Take the plan's records; `today` is in days since 1970."""
        self.today = today
        last: dict[Name, Record] = {}
        for draft in drafts:
            known = last.get(draft.record)
            if known is None or known["source_seq"] < draft.payload["source_seq"]:
                last[draft.record] = draft.payload
        self.records = {name: record for name, record in last.items() if record["status"] != "VOID"}
        self._owner: dict[tuple[str, ...], tuple[str, ...]] = {}
        made_up = self._made_up()
        for name, person in self._mentions():
            keys = [key for key in _keys(name[0], person) if key not in made_up]
            for key in keys:
                self._owner.setdefault(key, key)
                self._owner[self._root(key)] = self._root(keys[0])
        self._made_up_keys = made_up

    def who(self, name: Name, person: Record) -> tuple[str, ...] | None:
        """Return somebody's name for the person of a record, None when no identifier links."""
        for key in _keys(name[0], person):
            if key not in self._made_up_keys and key in self._owner:
                return self._root(key)
        return None

    def of(self, stream: str) -> Iterator[tuple[Name, Record, tuple[str, ...] | None]]:
        """Yield (name, record, person) of one stream with one person per record."""
        for name, record in self.records.items():
            if name[1] == stream:
                yield name, record, self.who(name, record["person"])

    def _mentions(self) -> Iterator[tuple[Name, Record]]:
        for name, record in self.records.items():
            for line in record.get("lines", ()):
                yield name, line["person"]
            if "person" in record and name[1] != "payment":
                yield name, record["person"]

    def _made_up(self) -> set[tuple[str, ...]]:
        bearers: dict[tuple[str, ...], set[tuple[str, int, str]]] = defaultdict(set)
        for name, person in self._mentions():
            for key in _keys(name[0], person):
                bearer = (person["given"], person["birth_date"] // 366, person["sex"])
                bearers[key].add(bearer)
        # Scripts and spellings make several bearers of one, so only many are suspicious.
        return {key for key, found in bearers.items() if key[0] == "PASSPORT" and len(found) > 5}

    def _root(self, key: tuple[str, ...]) -> tuple[str, ...]:
        while self._owner[key] != key:
            key = self._owner[key]
        return key


def overlaps(story: Story) -> Found:
    """Return every overlap as (rule, its side records)."""
    return (
        _pairs(story, {"spn"}, {"pension"}, rule="iq.spn.pension")
        | _pairs(story, {"rafha"}, {"pension"}, rule="iq.rafha.pension")
        | _twice_enrolled(story)
        | _paid_twice(story)
        | _paid_after_death(story)
        | _public_salaries(story)
    )


def permitted(story: Story) -> Found:
    """Return the meetings that the law allows."""
    return _pairs(story, {"spn"}, {"martyr-family", "krg-martyr"}, rule="iq.spn.martyr")


def _keys(ministry: str, person: Record) -> list[tuple[str, ...]]:
    """Return the linking identifiers; the ministry's own numbers hold within it only."""
    return [
        (
            one["kind"],
            ministry if one["kind"] == "BENEFICIARY_NUMBER" else "",
            one["value"].translate(ASCII),
        )
        for one in person["identifiers"]
        if one["kind"] in LINKING
    ]


def _days(start: int, through: int | None, today: int) -> set[int]:
    return set(range(start, (today if through is None else min(through, today)) + 1))


def _enrolled_days(story: Story, record: Record) -> set[int]:
    if record["status"] == "PROPOSED":
        return set()
    days = _days(record["enrolled_from"], record["enrolled_through"], story.today)
    for rest in record.get("suspensions", ()):
        days -= _days(rest["suspended_from"], rest["suspended_through"], story.today)
    return days


def _by_person(story: Story) -> dict[tuple[str, ...], list[tuple[Name, Record]]]:
    found: dict[tuple[str, ...], list[tuple[Name, Record]]] = defaultdict(list)
    for name, record, person in story.of("enrollment"):
        if person is not None:
            found[person].append((name, record))
    return found


def _pairs(story: Story, left: set[str], right: set[str], *, rule: str) -> Found:
    return {
        (rule, frozenset((a, b)))
        for held in _by_person(story).values()
        for a, one in held
        for b, two in held
        if one["programme"] in left
        and two["programme"] in right
        and _enrolled_days(story, one) & _enrolled_days(story, two)
    }


def _twice_enrolled(story: Story) -> Found:
    return {
        ("iq.enrolled-twice", frozenset((a, b)))
        for held in _by_person(story).values()
        for (a, one), (b, two) in combinations(held, 2)
        if one["programme"] == two["programme"]
        and _enrolled_days(story, one) & _enrolled_days(story, two)
    }


def _paid_twice(story: Story) -> Found:
    made: dict[tuple[Any, ...], set[Name]] = defaultdict(set)
    for name, record, person in story.of("payment"):
        if record["status"] == "MADE":
            # A family's benefit belongs to the family, whoever of it fetches it.
            holder = record["household_number"] or person
            benefit = BENEFITS.get(record["programme"], record["programme"])
            made[holder, benefit, record["period"]].add(name)
    return {
        ("iq.paid-twice", frozenset(names))
        for (holder, *_), names in made.items()
        if holder is not None and len(names) > 1
    }


def _paid_after_death(story: Story) -> Found:
    deaths = {
        person: record["event_date"]
        for _, record, person in story.of("vital")
        if record["kind"] == "DEATH" and person is not None
    }
    return {
        ("iq.paid-after-death", frozenset((name,)))
        for name, record, person in story.of("payment")
        if record["status"] == "MADE"
        and person in deaths
        and record["period_from"] > deaths[person] + 30
    }


def _public_salaries(story: Story) -> Found:
    """Return salaries of heads and spouses beside their family's cash transfer."""
    families: dict[str, list[tuple[Any, set[int]]]] = defaultdict(list)
    for name, record in story.records.items():
        for line in record.get("lines", ()) if record.get("roster") == "spn-family" else ():
            if line["role"] in ("HEAD", "SPOUSE"):
                days = _days(line["member_from"], line["member_through"], story.today)
                member = story.who(name, line["person"])
                families[record["household_number"]].append((member, days))
    salaries: dict[Any, list[tuple[Name, set[int]]]] = defaultdict(list)
    for name, record, person in story.of("income"):
        if record["kind"] == "PUBLIC_SALARY" and person is not None:
            days = _days(record["income_from"], record["income_through"], story.today)
            salaries[person].append((name, days))
    return {
        ("iq.spn.public-salary", frozenset((name, salary)))
        for name, record, _ in story.of("enrollment")
        if record["programme"] == "spn"
        for member, belongs in families[record["household_number"]]
        for salary, earned in salaries[member]
        if belongs & earned & _enrolled_days(story, record)
    }
