"""The tools with which scenes are planted: people with papers, records on their day, versions."""

from random import Random

from sijill.domain.event import EPOCH
from sijill.simulation import records
from sijill.simulation.calendar import DAY_MS, Month
from sijill.simulation.claims import Family
from sijill.simulation.ministries import Ministries
from sijill.simulation.people import Block, Household, Person, block, identifier
from sijill.simulation.population import Population
from sijill.simulation.programmes import Programme
from sijill.simulation.records import SEQ_STEP, Draft, Origin
from sijill.simulation.truth import RecordName, Truth

NUMBER, PASSPORT, BOTH, FILE = "number", "passport", "both", "file"
"""By which identifiers a record knows its person: card, passport, both, the ministry's file."""


class Stage:
    """Where scenes are played: whatever is written here goes to its day of the simulated year."""

    def __init__(
        self,
        population: Population,
        ministries: Ministries,
        *,
        months: tuple[Month, ...],
        rng: Random,
        truth: Truth,
    ) -> None:
        self._population = population
        self._ministries = ministries
        self._months = months
        self._keys: dict[RecordName, str] = {}
        self._count = 0
        self.rng = rng
        self.truth = truth
        self.history: list[Draft] = []

    def programme(self, code: str) -> Programme:
        """Return the programme of that code; KeyError when the life file has none."""
        return self._ministries.programmes[code]

    def month(self, *, back: int = 0) -> Month:
        """Return a month old enough for every settling delay, with `back` months before it."""
        latest = len(self._months) - 4
        if latest < back:
            raise ValueError("scenes need more months than the plan has")
        return self._months[self.rng.randint(back, latest)]

    def month_at(self, index: int) -> Month:
        """Return the month of that index; the first or last one when there is none."""
        return self._months[min(max(index, 0), len(self._months) - 1)]

    def couple(self, region: str, *, grown_up: bool = False) -> Household:
        """Return a married couple, all papers in order; `grown_up` asks for a child of eighteen."""
        while True:
            place = self._population.place()
            if place.region != region:
                continue
            home = self._population.household(place=place, head_age=(44, 58), couple=True)
            home.children.sort(key=lambda child: child.birth)
            eldest = home.children[0].birth if home.children else self._months[0].first
            if not grown_up or eldest + 18 * 366 < self._months[0].first:
                return home

    def new_family_number(self) -> int:
        """Return the number of a household that nobody has yet."""
        return self._population.reserve_household()

    def person(self, *, like: Person | None = None) -> Person:
        """Return somebody with all papers; `like` lends name and birth, not the numbers."""
        place = like.place if like else self._population.place()
        person = self._population.person(
            place,
            self.rng.choice(place.districts),
            sex=like.sex if like else self.rng.choice(("male", "female")),
            age=self.rng.uniform(35, 60),
            chain=like.chain if like else None,
            papers=True,
        )
        if like:
            person.birth, person.birth_precision = like.birth, like.birth_precision
        return person

    def known(self, person: Person, ministry: str, by: str = NUMBER) -> Block:
        """Return the person as a ministry writes it that knows these identifiers only."""
        found = []
        if by in (NUMBER, BOTH):
            found.append(identifier("NATIONAL_NUMBER", person.national_number))
        if by in (PASSPORT, BOTH):
            found.append(identifier("PASSPORT", person.passport_number, person.place.country))
        if by == FILE:
            found.append(identifier("BENEFICIARY_NUMBER", person.beneficiary_number()))
        return block(person, script=self._ministries.script(ministry), identifiers=found)

    def record_id(self, prefix: str) -> str:
        """Return a new record id of the kind that ministries use."""
        self._count += 1
        return f"{prefix.upper()}-9{self._count:06d}"

    def write(self, draft: Draft) -> Draft:
        """Put the record's version on its day, keyed as the record's first version was."""
        source = self._keys.setdefault(draft.record, draft.key_source)
        draft = draft._replace(key_source=source, single=False)
        day = draft.payload["occurred_at"] // DAY_MS + EPOCH
        for month in self._months:
            if day <= month.last and day >= self._months[0].first:
                self._ministries.agenda[month.place].append(draft)
                return draft
        if day < self._months[0].first:
            self.history.append(draft)
        else:
            self._ministries.agenda[-1].append(draft)
        return draft

    def void(self, draft: Draft, day: int) -> None:
        """Write the version that says the record never was."""
        head = Origin(
            draft.ministry,
            draft.payload["source_record_id"],
            draft.payload["source_seq"] + SEQ_STEP,
            day,
            "VOID",
        ).head()
        self.write(draft._replace(payload={**draft.payload, **head}))

    def family(self, home: Household, programme: Programme, *, since: int) -> Family | None:
        """Return the family of that day in the programme's roster; None without a roster."""
        roster = programme.roster
        if roster is None:
            return None
        script = self._ministries.script(roster.ministry)
        family = Family(roster, roster.number(home.number), script, home)
        for role, person in home.members:
            if person.birth <= since:
                family.add(role, person, since)
        return family

    def enroll(
        self,
        person: Block,
        programme: Programme,
        *,
        start: int,
        through: int | None = None,
        ministry: str = "",
        number: str | None = None,
        status: str = "",
    ) -> Draft:
        """Write an enrollment on its first day, and its end, if there is one, on the last."""
        ministry = ministry or programme.ministries[0]
        record_id = self.record_id(programme.code)
        status = status or "ACTIVE"
        entered = self.write(
            records.enrollment(
                Origin(ministry, record_id, SEQ_STEP, start, status),
                person=person,
                programme=programme.code,
                start=start,
                household_number=number,
            )
        )
        if through is not None:
            self.write(
                records.enrollment(
                    Origin(ministry, record_id, 2 * SEQ_STEP, through, "EXITED"),
                    person=person,
                    programme=programme.code,
                    start=start,
                    through=through,
                    household_number=number,
                    exit_reason="own-request",
                )
            )
        return entered

    def pay(
        self,
        person: Block,
        programme: Programme,
        month: Month,
        *,
        ministry: str = "",
        number: str | None = None,
        status: str = "MADE",
        day: int | None = None,
    ) -> Draft:
        """Write a payment for the month, made (or only planned) on `day`."""
        ministry = ministry or programme.ministries[0]
        day = month.first + 3 + self.rng.randrange(17) if day is None else day
        origin = Origin(ministry, self.record_id(f"{programme.code}-p"), SEQ_STEP, day, status)
        return self.write(
            records.payment(
                origin,
                person=person,
                programme=programme.code,
                period=(month.key, month.first, month.last),
                amount=programme.draw_amount(self.rng, 4),
                currency=programme.currency,
                form=programme.form,
                paid_on=records.wire_day(None if status == "PLANNED" else day),
                planned_on=records.wire_day(month.first + 1),
                household_number=number,
            )
        )
