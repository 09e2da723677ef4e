"""Proofs of the people: they are as many, as named and as registered as the figures say."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from sijill.simulation import scenery
from sijill.simulation.people import Household
from sijill.simulation.plan import Simulation
from sijill.simulation.population import YEAR_DAYS, Population
from sijill.simulation.records import Draft

AS_OF = date(2026, 11, 24).toordinal()
PERSONS = 12_000


@cache
def homes() -> tuple[Household, ...]:
    """Return the households of a population."""
    population = Population("iraq", rng=Random("people"), as_of=AS_OF)
    return tuple(_grown(population))


def _grown(population: Population) -> Iterator[Household]:
    while population.people < PERSONS:
        yield population.household(place=population.place())


@cache
def drafts() -> tuple[Draft, ...]:
    """Return the records of a plan without its noise."""
    return tuple(Simulation(seed=5, persons=PERSONS, as_of=AS_OF).drafts())


def holders(programme: str) -> int:
    """Return how many records enroll somebody in the programme, planted ones left out."""
    names = {
        draft.record
        for draft in drafts()
        if draft.stream == "enrollment" and draft.payload["programme"] == programme
    }
    return sum(1 for _, _, record_id in names if "-9" not in record_id)


def test_one_in_five_has_no_number() -> None:
    """About a fifth is without the national number, children and remote areas most."""
    people = [person for home in homes() for _, person in home.members]
    without = [person for person in people if not person.registered]

    assert len(without) / len(people) == pytest.approx(0.2, abs=0.03)
    assert _share(without, people, young=True) > 1.5 * _share(without, people, young=False)


def _share(some: list[Any], people: list[Any], *, young: bool) -> float:
    """Return which part of the children, or of the others, is among `some`."""

    def is_child(person: Any) -> bool:
        return ((AS_OF - person.birth) / YEAR_DAYS < 15) is young

    return len(list(filter(is_child, some))) / len(list(filter(is_child, people)))


def test_governorates_have_their_part() -> None:
    """Each governorate has its part of the households, the smallest too."""
    rows = scenery.read("iraq", "geography")["governorate"]
    whole = sum(row["people"] for row in rows)
    found = Counter(home.place.code for home in homes())

    assert len(rows) == 19
    for row in rows:
        expected = row["people"] / whole
        assert found[row["code"]] / len(homes()) == pytest.approx(expected, abs=0.02)


def test_numbers_are_unique_and_of_twelve_digits() -> None:
    """No two people share a national number or a passport number."""
    people = [person for home in homes() for _, person in home.members]

    assert len({person.national_number for person in people}) == len(people)
    assert len({person.passport_number for person in people}) == len(people)
    assert {len(person.national_number) for person in people} == {12}


def test_children_carry_their_fathers_chain() -> None:
    """A child is named after father and grandfather, and keeps the mother's name."""
    for home in homes():
        if home.spouse:
            for child in home.children:
                assert child.chain[1:4] == home.head.chain[:3]
                assert child.chain.mother_given == home.spouse.chain.given


@pytest.mark.parametrize(
    ("programme", "per_1000"),
    [("spn", 46.2), ("pension", 53.9), ("disability", 4.8)],
)
def test_programmes_have_their_share(programme: str, per_1000: float) -> None:
    """Families and persons in a programme are as many as the published figures say."""
    expected = per_1000 * PERSONS / 1000

    assert holders(programme) == pytest.approx(expected, rel=0.15, abs=3 * expected**0.5)


def test_ration_cards_cover_most() -> None:
    """Around eight in ten live in a household with a ration card."""
    members = sum(
        len(draft.payload["lines"])
        for draft in drafts()
        if draft.stream == "household"
        and draft.payload["roster"] == "ration-card"
        and draft.payload["source_seq"] == 10
    )

    assert members / PERSONS == pytest.approx(0.83, abs=0.05)


def test_names_are_written_in_three_scripts() -> None:
    """Arabic, Sorani and Latin names all occur, as their offices write them."""
    given = {
        draft.ministry: draft.payload["person"]["given"]
        for draft in drafts()
        if draft.stream == "enrollment" and draft.ministry in ("molsa", "krg-molsa", "wfp")
    }

    assert given["wfp"].isascii()
    assert not given["molsa"].isascii()
    assert not given["krg-molsa"].isascii()


def test_payments_come_in_bursts() -> None:
    """A month's payments of one programme follow one another, as when a pay list is released."""
    order = [
        (draft.payload["period"], draft.payload["status"], draft.payload["programme"])
        for draft in drafts()
        if draft.stream == "payment" and "-9" not in draft.payload["source_record_id"]
    ]
    turns = sum(one != two for one, two in pairwise(order))

    # Three lists a month (announced, made, settled) of at most nineteen programmes.
    assert turns < 14 * 3 * 19 * 2
