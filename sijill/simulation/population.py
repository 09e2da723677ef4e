"""Households drawn as they are: heads, spouses, children, elders; who has papers and who not."""

from datetime import date
from random import Random

from sijill.simulation.choosing import Weighted
from sijill.simulation.geography import Governorate, governorates
from sijill.simulation.naming import Chain, Onomasticon
from sijill.simulation.people import Household, Person
from sijill.simulation.scenery import Data, read

YEAR_DAYS = 365.2425
YOUNGEST = 1.5
"""Children of the first day are older than the simulated year, in years: births come later."""
MARRIED = 0.93
"""The chance that a household with a man at its head has a spouse in it."""


class Population:
    """A factory of people of one country, as of one day; the same seed draws the same people."""

    def __init__(self, country: str, *, rng: Random, as_of: int) -> None:
        self._rng = rng
        self._as_of = as_of
        self._people = 0
        self._households = 0
        self._places = governorates(read(country, "geography"))
        self._names = Onomasticon(read(country, "names"))
        self._facts: Data = read(country, "life")["population"]
        self._children = Weighted(enumerate(self._facts["children"]))

    @property
    def people(self) -> int:
        """Return how many people there are by now."""
        return self._people

    @property
    def regions(self) -> dict[str, float]:
        """Return the part of the country's people that lives in each region."""
        whole = sum(place.people for place in self._places.items)
        parts: dict[str, float] = {}
        for place in self._places.items:
            parts[place.region] = parts.get(place.region, 0.0) + place.people / whole
        return parts

    def household_size(self, headed_by_women: float | None = None) -> float:
        """Return the mean number of members of a household, by the chances used to draw one."""
        women = self._women(headed_by_women)
        weights = self._facts["children"]
        children = sum(count * weight for count, weight in enumerate(weights)) / sum(weights)
        return float(1 + (1 - women) * MARRIED + children + self._facts["with_elder"])

    def place(self) -> Governorate:
        """Return a governorate, each as often as it has people."""
        return self._places.pick(self._rng)

    def household(
        self,
        *,
        place: Governorate,
        headed_by_women: float | None = None,
        head_age: tuple[float, float] | None = None,
        couple: bool = False,
    ) -> Household:
        """Return one new household there; `couple` makes it a married one with all papers."""
        rng = self._rng
        district = rng.choice(place.districts)
        alone = not couple and rng.random() < self._women(headed_by_women)
        age = rng.uniform(*head_age) if head_age else rng.triangular(24, 82, 43)
        sex = "female" if alone else "male"
        head = self.person(place, district, sex=sex, age=age, papers=couple)
        spouse = None
        if couple or (not alone and rng.random() < MARRIED):
            younger = max(19.0, age - rng.uniform(0, 8))
            spouse = self.person(place, district, sex="female", age=younger, papers=couple)
        home = Household(self.reserve_household(), place, district, head, spouse)
        self._fill(home, parent_age=min(age, 60))
        return home

    def reserve_household(self) -> int:
        """Return a household number that no other household has."""
        self._households += 1
        return self._households

    def person(
        self,
        place: Governorate,
        district: str,
        *,
        sex: str,
        age: float,
        chain: Chain | None = None,
        papers: bool = False,
    ) -> Person:
        """Return one new person; `papers` says that number and passport are certain."""
        rng = self._rng
        self._people += 1
        chain = chain or self._names.chain(rng, sex=sex, script=place.script)
        birth, precision = self._birth(age)
        without = self._facts["without_number"]["child" if age < 15 else "adult"]
        if place.remote:
            without *= self._facts["without_number"]["remote_factor"]
        registered = papers or rng.random() >= without
        passport = (
            papers or rng.random() < self._facts["passport"]["child" if age < 15 else "adult"]
        )
        return Person(
            self._people,
            chain,
            sex,
            birth,
            precision,
            place,
            district,
            registered,
            passport,
        )

    def newborn(self, home: Household, day: int) -> Person:
        """Return a child born that day to the couple; the national number comes later."""
        rng = self._rng
        sex = "female" if rng.random() < 0.49 else "male"
        chain = self._child_chain(home, sex)
        self._people += 1
        return Person(self._people, chain, sex, day, "DAY", home.place, home.district, False, False)

    def _women(self, headed_by_women: float | None) -> float:
        usual: float = self._facts["headed_by_women"]
        return usual if headed_by_women is None else headed_by_women

    def _birth(self, age: float) -> tuple[int, str]:
        """Return day and precision of birth; older cohorts know the year only, filed as 1 July."""
        rng = self._rng
        day = self._as_of - int(age * YEAR_DAYS) - 1
        year = date.fromordinal(day).year
        if age > 45 and rng.random() < self._facts["birth_year_only"]:
            return date(year, 7, 1).toordinal(), "YEAR"
        return day, "DAY"

    def _child_chain(self, home: Household, sex: str) -> Chain:
        script = home.place.script
        if home.head.sex == "male":
            mother = home.spouse or home.head
            parents = (home.head.chain, mother.chain)
        else:
            late_husband = self._names.chain(self._rng, sex="male", script=script)
            parents = (late_husband, home.head.chain)
        return self._names.child(self._rng, sex=sex, script=script, parents=parents)

    def _fill(self, home: Household, *, parent_age: float) -> None:
        rng = self._rng
        for _ in range(self._children.pick(rng)):
            sex = "female" if rng.random() < 0.49 else "male"
            age = rng.uniform(YOUNGEST, max(2.0, min(parent_age - 18, 26)))
            chain = self._child_chain(home, sex)
            child = self.person(home.place, home.district, sex=sex, age=age, chain=chain)
            home.children.append(child)
        if rng.random() < self._facts["with_elder"]:
            elder = self.person(home.place, home.district, sex="female", age=rng.uniform(62, 88))
            home.elders.append(elder)
