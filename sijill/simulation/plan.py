"""A plan: one seed, one population, one year; its messages in publishing order, and its truth.

    plan = Simulation(seed=7, persons=20_000, as_of=date(2026, 11, 24).toordinal())
    for message in plan.messages(): ...
    plan.truth()

Memory grows with the persons, not with the messages.
"""

from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Any

from sijill.simulation import records, scenery
from sijill.simulation.calendar import Month, month_of, whole_months
from sijill.simulation.happenings import Happenings
from sijill.simulation.messages import Message, Sealer
from sijill.simulation.ministries import Ministries
from sijill.simulation.noise import Noise, Rates
from sijill.simulation.planting import Planting
from sijill.simulation.population import Population
from sijill.simulation.programmes import programmes
from sijill.simulation.records import SEQ_STEP, Draft, Origin
from sijill.simulation.stage import Stage
from sijill.simulation.truth import Truth
from sijill.simulation.ways import Ways

MONTHS_MIN = 10
"""Fewer months leave no room for the scenes and their settling delays."""


class Simulation:
    """One simulated year before `as_of` (an ordinal day) of a country for that many `persons`."""

    def __init__(
        self,
        *,
        seed: int,
        persons: int,
        as_of: int,
        months: int = 12,
        country: str = "iraq",
        routing_key: bytes = b"simulation",
        rates: Rates | None = None,
    ) -> None:
        """Prepare the plan; nothing is made before `messages` is taken.

        ValueError when there are fewer than ten months or no persons.
        """
        if months < MONTHS_MIN or persons < 1:
            raise ValueError(f"a plan needs a person and {MONTHS_MIN} months or more")
        self._seed = seed
        self._persons = persons
        self._as_of = as_of
        self._months = whole_months(as_of, months)
        self._life = scenery.read(country, "life")
        self._country = country
        self._rates = rates or Rates()
        self._sealer = Sealer(routing_key)
        self._truth = Truth()
        self._population = Population(country, rng=self._rng("people"), as_of=as_of)
        known = programmes(scenery.book(country), self._life)
        self._ministries = Ministries(
            self._life, programmes=known, months=self._months, rng=self._rng("ministries")
        )
        self._happenings = Happenings(self._life, self._population, self._rng("happenings"))

    def messages(self) -> Iterator[Message]:
        """Yield every message in the order in which ministries publish them; once per plan.

        First what is on file before the year, then month by month: what happened, the pay lists
        in one burst, what was paid in another. The same seed yields the same bytes.
        """
        if self._truth.complete:
            raise RuntimeError("a plan's messages can be taken once")
        noise = Noise(self._sealer, self._truth, self._rng("noise"), self._rates)
        yield from noise.disturb(self._drafts())
        self._truth.complete = True

    @property
    def truth(self) -> dict[str, Any]:
        """Return the truth file's content; RuntimeError before all messages have been taken."""
        return self._truth.as_dict()

    @property
    def transactional(self) -> frozenset[str]:
        """Return the ministries whose systems publish in transactions."""
        return frozenset(self._life["publishing"]["transactional"])

    def drafts(self) -> Iterator[Draft]:
        """Yield the plan's records without any noise, for those who check its intention."""
        yield from self._drafts()
        self._truth.complete = True

    def _rng(self, purpose: str) -> Random:
        # One stream of random numbers per purpose: a change in one leaves the others as they were.
        return Random(f"{self._seed}/{purpose}")

    def _drafts(self) -> Iterator[Draft]:
        planting = Planting(scenery.read(self._country, "plants"), self._persons)
        stage = Stage(
            self._population,
            self._ministries,
            months=self._months,
            rng=self._rng("scenes"),
            truth=self._truth,
        )
        planting.play(stage)
        yield from self._history(iter(stage.history), ahead=len(stage.history))
        for month in self._months:
            yield from self._month(month)
        yield from self._current_month()

    def _history(self, planted: Iterator[Draft], *, ahead: int) -> Iterator[Draft]:
        """Yield what is on file, planted records evenly among the others."""
        ways = Ways(self._life, self._population)
        rng = self._rng("ways")
        goal = self._population.people + self._persons
        each = 1 + ahead * 6 // self._persons
        while self._population.people < goal:
            home, way = ways.household(rng)
            families = []
            for draft, family in self._ministries.settle(home, (ways.everyone, way), self._as_of):
                if family:
                    families.append(family)
                yield draft
            yield from self._happenings.birth_records(home, self._as_of)
            self._happenings.remember(home, families)
            yield from islice(planted, each)
        yield from planted

    def _month(self, month: Month) -> Iterator[Draft]:
        ministries = self._ministries
        yield from self._happenings.happen(month, ministries.served)
        yield from ministries.agenda[month.place]
        ministries.agenda[month.place] = []
        yield from self._decisions(month)
        yield from ministries.announce(month)
        if month.place > 0:
            yield from ministries.reconcile(self._months[month.place - 1])
        yield from ministries.pay(month)

    def _current_month(self) -> Iterator[Draft]:
        """Yield the pay lists of the month that is running: announced, not yet paid."""
        yield from self._ministries.reconcile(self._months[-1])
        current = month_of(self._as_of, len(self._months))
        if current.first + 1 <= self._as_of:
            yield from self._ministries.announce(current)

    def _decisions(self, month: Month) -> Iterator[Draft]:
        """Yield answers to notices that the hub has never sent: stored, waiting for theirs."""
        rng = self._rng(f"decisions {month.key}")
        for number in range(1 + self._persons // 5_000):
            ministry = rng.choice(self._life["decisions"]["ministries"])
            origin = Origin(
                ministry, f"DEC-{month.key}-{number:04d}", SEQ_STEP, month.first + 8, "ISSUED"
            )
            code = rng.choice(("ACKNOWLEDGED", "UNDER_REVIEW"))
            yield records.decision(origin, notice=f"{rng.getrandbits(128):032x}", code=code)
