"""Ways of life: which family receives and earns what, so chosen that no two of them collide.

Every household has one way. Nobody receives two benefits, or a benefit beside an income, that any
rule speaks about: overlaps exist only where `planting` puts them.
"""

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from sijill.simulation.choosing import Weighted
from sijill.simulation.people import Household, Person
from sijill.simulation.population import YEAR_DAYS, Population
from sijill.simulation.scenery import Data


class Take(NamedTuple):
    """One programme that a way of life includes."""

    programme: str
    who: str
    chance: float
    payers: Weighted[str] | None


class Earning(NamedTuple):
    """One income that a way of life includes; amounts per month as (low, high, step)."""

    kind: str
    who: str
    chance: float
    payers: Weighted[str]
    amount: tuple[int, int, int]


@dataclass(frozen=True)
class Way:
    """One way of life."""

    code: str
    takes: tuple[Take, ...]
    earns: tuple[Earning, ...]
    headed_by_women: float | None
    age: tuple[float, float] | None


class Ways:
    """The ways of life of one country, by the region that serves the household."""

    def __init__(self, life: Data, population: Population) -> None:
        self._population = population
        rows = [(row, _way(row)) for row in life["way"]]
        self.everyone = _way({"code": "everyone", **life["everyone"]})
        self._by_region = {
            region: Weighted(_shares(rows, region, population)) for region in ("federal", "kri")
        }

    def household(self, rng: Random) -> tuple[Household, Way]:
        """Return a new household of the population, with the way it lives."""
        place = self._population.place()
        way = self._by_region[place.region].pick(rng)
        home = self._population.household(
            place=place, headed_by_women=way.headed_by_women, head_age=way.age
        )
        home.way = way.code
        return home, way


def chosen(home: Household, who: str, *, as_of: int) -> list[Person]:
    """Return the members of the household whom a take or an earning speaks about."""
    if who == "head":
        return [home.head]
    if who == "spouse":
        return [home.spouse] if home.spouse else []
    if who == "elder":
        return home.elders
    if who == "disabled":
        return [*home.children, *home.elders, home.head][:1]
    if who == "carer":
        return [home.spouse] if home.spouse else []
    low, high = {"pupil": (7, 18), "student": (18, 24)}[who]
    return [child for child in home.children if low <= (as_of - child.birth) / YEAR_DAYS < high]


def _way(row: Data) -> Way:
    takes = tuple(
        Take(
            take["programme"],
            take["who"],
            take.get("chance", 1.0),
            Weighted(take["payers"].items()) if "payers" in take else None,
        )
        for take in row.get("takes", ())
    )
    earns = tuple(
        Earning(
            earning["kind"],
            earning["who"],
            earning.get("chance", 1.0),
            Weighted(earning["payers"].items()),
            tuple(earning["amount"]),
        )
        for earning in row.get("earns", ())
    )
    age = row.get("age")
    return Way(
        row["code"],
        takes,
        earns,
        row.get("headed_by_women"),
        (age[0], age[1]) if age else None,
    )


def _shares(
    rows: list[tuple[Data, Way]], region: str, population: Population
) -> list[tuple[Way, float]]:
    """Return the share of households of each way in one region; what is left has none.

    A rate per 1,000 inhabitants of the country becomes a share of the households of the region
    by the size of a household and by the region's part of the people.
    """
    parts = population.regions
    shares: list[tuple[Way, float]] = []
    for row, way in rows:
        only = row.get("region")
        if only not in (None, region):
            continue
        people = parts[only] if only else 1.0
        size = population.household_size(way.headed_by_women)
        shares.append((way, row["per_1000"] / 1000 * size / people))
    rest = 1.0 - sum(share for _, share in shares)
    if rest < 0:
        raise ValueError(f"the ways of life of region {region!r} add up to more than everybody")
    return [*shares, (Way("own means", (), (), None, None), rest)]
