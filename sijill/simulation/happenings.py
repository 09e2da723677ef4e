"""Births, deaths, marriages, divorces and moves of the simulated year, with the rosters."""

from collections.abc import Iterator
from random import Random

from sijill.simulation import records
from sijill.simulation.calendar import Month
from sijill.simulation.claims import Family
from sijill.simulation.people import Block, Household, Person, block, held, identifier
from sijill.simulation.population import YEAR_DAYS, Population
from sijill.simulation.records import SEQ_STEP, Draft, Origin
from sijill.simulation.scenery import Data

TRIES = 20
"""How often a suitable family is looked for before the event is left out."""


class Happenings:
    """What the civil registry writes, and how families change in every roster that lists them."""

    def __init__(self, life: Data, population: Population, rng: Random) -> None:
        self._facts: Data = life["events"]
        self._population = population
        self._rng = rng
        self._homes: list[tuple[Household, list[Family]]] = []
        self._registered = 0

    def remember(self, home: Household, families: list[Family]) -> None:
        """Let the family take part in what happens from now on."""
        self._homes.append((home, families))

    def birth_records(self, home: Household, as_of: int) -> Iterator[Draft]:
        """Yield the births on file of the family's younger children."""
        youngest = as_of - int(self._facts["birth_records_below_age"] * YEAR_DAYS)
        for child in home.children:
            if child.birth > youngest:
                yield self._vital("BIRTH", child, child.birth, delay=9)

    def happen(self, month: Month, served: set[int]) -> Iterator[Draft]:
        """Yield what happened in that month; people in `served` do not die here.

        Who receives a benefit of its own would need its end with the death: `planting` does that
        where it is meant.
        """
        for kind in ("births", "deaths", "marriages", "divorces", "moves"):
            for _ in range(self._count(kind)):
                day = self._rng.randrange(month.first, month.last - 8)
                yield from getattr(self, f"_{kind}")(day, served)

    def _count(self, kind: str) -> int:
        expected: float = self._population.people * self._facts[kind] / 1000 / 12
        return int(expected) + int(self._rng.random() < expected % 1)

    def _births(self, day: int, _served: set[int]) -> Iterator[Draft]:
        for home, families in self._some_homes():
            mother = home.spouse
            if mother and (day - mother.birth) / YEAR_DAYS < 46:
                child = self._population.newborn(home, day)
                home.children.append(child)
                yield self._vital("BIRTH", child, day, delay=2)
                for family in families:
                    family.add("CHILD", child, day)
                    yield family.written(day + 6)
                return

    def _deaths(self, day: int, served: set[int]) -> Iterator[Draft]:
        for home, families in self._some_homes():
            if home.elders and home.elders[0].number not in served:
                elder = home.elders.pop()
                yield self._vital("DEATH", elder, day, delay=3)
                for family in families:
                    family.end(elder, day)
                    yield family.written(day + 7)
                return

    def _marriages(self, day: int, _served: set[int]) -> Iterator[Draft]:
        couple: dict[str, Person] = {}
        for home, _ in self._some_homes():
            for child in home.children:
                if child.registered and (day - child.birth) / YEAR_DAYS > 18:
                    couple[child.sex] = child
        if len(couple) == 2:
            bride = block(couple["female"], script="arabic", identifiers=held(couple["female"]))
            yield self._vital("MARRIAGE", couple["male"], day, partner=bride)

    def _divorces(self, day: int, _served: set[int]) -> Iterator[Draft]:
        for home, families in self._some_homes():
            spouse = home.spouse
            if spouse:
                partner = block(spouse, script="arabic", identifiers=held(spouse))
                yield self._vital("DIVORCE", home.head, day, partner=partner)
                for family in families:
                    family.end(spouse, day)
                    yield family.written(day + 8)
                home.spouse = None
                return

    def _moves(self, day: int, _served: set[int]) -> Iterator[Draft]:
        for home, _ in self._some_homes():
            yield self._vital("RESIDENCE", home.head, day, country=home.place.country)
            return

    def _some_homes(self) -> Iterator[tuple[Household, list[Family]]]:
        for _ in range(TRIES if self._homes else 0):
            yield self._rng.choice(self._homes)

    def _vital(
        self, kind: str, person: Person, day: int, *, delay: int = 4, **more: Block | str
    ) -> Draft:
        self._registered += 1
        number = f"{kind}-{self._registered:08d}"
        # The page in the register is shared by a family: it identifies, but it links nobody.
        page = identifier("CIVIL_STATUS", f"{person.place.code}-{person.number // 7}")
        whole = block(person, script="arabic", identifiers=[*held(person, passport=True), page])
        origin = Origin(self._facts["ministry"], number, SEQ_STEP, day + delay, "RECORDED")
        return records.vital(origin, person=whole, kind=kind, day=day, registration=number, **more)
