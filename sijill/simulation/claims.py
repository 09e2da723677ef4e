"""Claims and rosters: what one family holds with one ministry, and the records that say so."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sijill.simulation import records
from sijill.simulation.calendar import Month
from sijill.simulation.people import Block, Household, Person, block, held
from sijill.simulation.programmes import Programme, Roster
from sijill.simulation.records import SEQ_STEP, Draft, Origin


@dataclass(slots=True)
class Claim:
    """One person's standing in one programme; `through` is the last day, None while open."""

    programme: Programme
    ministry: str
    person: Person
    script: str
    record_id: str
    household_number: str | None
    start: int
    through: int | None
    exit_reason: str | None
    amount: int
    payee: Block
    """The person as the pay list writes it, made once and shared by all payments."""

    def enrolled(self, *, seq: int = SEQ_STEP, exited: bool = False) -> Draft:
        """Return the enrollment record, before the exit or (`exited`) after it."""
        programme, salt = self.programme, self.person.number
        through = self.through if exited else None
        day = self.through if exited and self.through is not None else self.start
        origin = Origin(self.ministry, self.record_id, seq, day, "EXITED" if exited else "ACTIVE")
        categories = programme.categories
        return records.enrollment(
            origin,
            person=block(self.person, script=self.script, identifiers=self.payee["identifiers"]),
            programme=programme.code,
            start=self.start,
            through=through,
            single=self.through is None,
            household_number=self.household_number,
            category_codes=[categories[salt % len(categories)]] if categories else [],
            disability_degree=40 + salt % 61 if programme.has_degree else None,
            delivery_centre=f"{self.person.place.code}-{salt % 97:03d}",
            exit_reason=self.exit_reason if exited else None,
            amount=self.amount,
            currency=programme.currency,
        )

    def paid(self, month: Month, *, status: str, seq: int, reference: str | None = None) -> Draft:
        """Return this month's payment in one of its versions: PLANNED, MADE or REVERSED.

        The bank's `reference` is known only when the payment has been settled.
        """
        programme, salt = self.programme, self.person.number
        planned_on = month.first + 1 if programme.planned else None
        paid_on = None if status == "PLANNED" else month.first + 3 + salt % 17
        written = {
            "PLANNED": month.first + 1,
            "MADE": month.first + 3 + salt % 17,
            "REVERSED": month.last + 5,
        }
        record_id = f"{self.record_id}-{month.key}"
        return records.payment(
            Origin(self.ministry, record_id, seq, written[status], status),
            person=self.payee,
            programme=programme.code,
            period=(month.key, month.first, month.last),
            amount=self.amount,
            currency=programme.currency,
            form=programme.form,
            planned_on=records.wire_day(planned_on),
            paid_on=records.wire_day(paid_on),
            household_number=self.household_number,
            payment_reference=reference,
        )

    def active_in(self, month: Month) -> bool:
        """Return whether the claim is paid for that month."""
        if not self.programme.pays_in(month, self.start):
            return False
        return self.through is None or self.through >= month.last


def payee_of(person: Person, script: str) -> Block:
    """Return the person as a pay list writes it, with at least one identifier that links.

    People without the card's number are filed under the ministry's own; so are some of the others.
    """
    own_number = not person.registered or person.number % 5 < 2
    passport = script == "latin" or person.number % 7 == 0
    identifiers = held(person, passport=passport, beneficiary=own_number)
    return block(person, script=script, identifiers=identifiers, brief=True)


@dataclass(slots=True)
class Line:
    """One person in a roster."""

    line_id: str
    role: str
    person: Person
    start: int
    through: int | None = None


@dataclass(slots=True)
class Family:
    """One household as one roster files it, with everyone who ever belonged."""

    roster: Roster
    number: str
    script: str
    home: Household
    lines: list[Line] = field(default_factory=list)
    seq: int = 0
    written_on: int = 0

    def add(self, role: str, person: Person, start: int) -> None:
        """Add a member from `start` on."""
        self.lines.append(Line(str(len(self.lines) + 1), role, person, start))

    def end(self, person: Person, through: int) -> None:
        """Let the person's membership end with the day `through`."""
        for line in self.lines:
            if line.person is person and line.through is None:
                line.through = through

    def written(self, day: int) -> Draft:
        """Return the next version of the whole roster, as its office wrote it that day.

        An office writes in the order of its versions: a day before the last one's counts as that.
        """
        self.seq += SEQ_STEP
        self.written_on = max(day, self.written_on)
        origin = Origin(
            self.roster.ministry, f"R-{self.number}", self.seq, self.written_on, "ACTIVE"
        )
        return records.household(
            origin,
            roster=self.roster.code,
            number=self.number,
            lines=list(self._lines()),
            governorate=self.home.place.code,
            district=self.home.district,
            delivery_centre=f"{self.home.place.code}-{self.home.number % 211:03d}",
        )

    def _lines(self) -> Iterator[Block]:
        for line in self.lines:
            person = line.person
            identifiers = held(person, beneficiary=not person.registered)
            yield records.line(
                line.line_id,
                block(person, script=self.script, identifiers=identifiers),
                role=line.role,
                start=line.start,
                through=line.through,
            )
