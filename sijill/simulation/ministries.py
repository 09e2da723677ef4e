"""The ministries at work: they enter families, announce and pay month by month, and end claims."""

from collections.abc import Iterator
from datetime import date
from random import Random

from sijill.simulation import records
from sijill.simulation.calendar import Month
from sijill.simulation.claims import Claim, Family, payee_of
from sijill.simulation.people import Household, Person, block, held
from sijill.simulation.programmes import Programme, Roster
from sijill.simulation.records import SEQ_STEP, Draft, Origin
from sijill.simulation.scenery import Data
from sijill.simulation.ways import Earning, Take, Way, chosen

ENTERED_THIS_YEAR = 0.05
LEFT_THIS_YEAR = 0.025
REVERSED = 0.003
"""The chance that a payment comes back, as when nobody fetched it."""


class Ministries:
    """What all ministries hold of the population, and what they write when."""

    def __init__(
        self,
        life: Data,
        *,
        programmes: dict[str, Programme],
        months: tuple[Month, ...],
        rng: Random,
    ) -> None:
        self.programmes = programmes
        self._writing: dict[str, str] = life["writing"]
        self._months = months
        self._rng = rng
        self.claims: dict[str, list[Claim]] = {code: [] for code in programmes}
        self.agenda: list[list[Draft]] = [[] for _ in months]
        """What is to be written in each month beside the payments."""
        self._reversals: list[Claim] = []
        self.served: set[int] = set()
        """Numbers of the people who hold a claim of their own."""
        self._incomes = 0

    def script(self, ministry: str) -> str:
        """Return the letters in which this ministry writes names."""
        return self._writing.get(ministry, "arabic")

    def settle(
        self, home: Household, ways: tuple[Way, ...], as_of: int
    ) -> Iterator[tuple[Draft, Family | None]]:
        """Yield what is on file about the family before the year, with the rosters made for it."""
        families: dict[Roster, Family] = {}
        for take in [take for way in ways for take in way.takes]:
            programme = self.programmes[take.programme]
            for person in chosen(home, take.who, as_of=as_of):
                if self._rng.random() >= take.chance:
                    continue
                if programme.roster and programme.roster not in families:
                    family = self._family(home, programme.roster)
                    families[programme.roster] = family
                    yield family.written(self._months[0].first - 40), family
                claim = self._claim(home, person, take)
                yield from ((draft, None) for draft in self._enter(claim))
        for way in ways:
            for earning in way.earns:
                for person in chosen(home, earning.who, as_of=as_of):
                    if person.registered and self._rng.random() < earning.chance:
                        yield self._income(person, earning), None

    def announce(self, month: Month) -> Iterator[Draft]:
        """Yield the month's pay lists, programme by programme, as ministries release them."""
        for code, claims in self.claims.items():
            if not self.programmes[code].planned:
                continue
            for claim in claims:
                if claim.active_in(month):
                    yield claim.paid(month, status="PLANNED", seq=SEQ_STEP)

    def pay(self, month: Month) -> Iterator[Draft]:
        """Yield what became of the month's pay lists, a burst per programme."""
        for claims in self.claims.values():
            for claim in claims:
                if claim.active_in(month):
                    yield claim.paid(month, status="MADE", seq=2 * SEQ_STEP)
                    if self._rng.random() < REVERSED:
                        self._reversals.append(claim)

    def reconcile(self, month: Month) -> Iterator[Draft]:
        """Yield the bank's word on the month's payments: a reference, or that they came back."""
        for code, claims in self.claims.items():
            if self.programmes[code].form != "CASH":
                continue
            for claim in claims:
                if claim.active_in(month):
                    reference = f"BT-{month.number:02d}{claim.person.number:08d}"
                    yield claim.paid(
                        month, status="MADE", seq=2 * SEQ_STEP + 5, reference=reference
                    )
        came_back, self._reversals = self._reversals, []
        for claim in came_back:
            yield claim.paid(month, status="REVERSED", seq=3 * SEQ_STEP)

    def _family(self, home: Household, roster: Roster) -> Family:
        number = roster.number(home.number)
        family = Family(roster, number, self.script(roster.ministry), home)
        since = self._months[0].first - 300
        for role, person in home.members:
            family.add(role, person, max(since, person.birth))
        return family

    def _claim(self, home: Household, person: Person, take: Take) -> Claim:
        programme = self.programmes[take.programme]
        payers = take.payers
        ministry = payers.pick(self._rng) if payers else programme.ministries[0]
        start = self._start(programme, person)
        through, reason = self._exit(start)
        self.served.add(person.number)
        script = self.script(ministry)
        return Claim(
            programme,
            ministry,
            person,
            script,
            f"{programme.code.upper()}-{person.number:07d}",
            programme.roster.number(home.number) if programme.roster else None,
            start,
            through,
            reason,
            programme.draw_amount(self._rng, len(home.members)),
            payee_of(person, script),
        )

    def _start(self, programme: Programme, person: Person) -> int:
        """Return the first day of a claim: mostly years ago, sometimes a first of this year."""
        rng, first = self._rng, self._months[0].first
        if programme.once or rng.random() < ENTERED_THIS_YEAR:
            return rng.choice(self._months[:-1]).first
        earliest = min(date(programme.since, 1, 1).toordinal(), first - 400)
        day = rng.randrange(earliest, first - 60)
        start = date.fromordinal(day).replace(day=1).toordinal()
        return max(start, person.birth + 30)

    def _exit(self, start: int) -> tuple[int | None, str | None]:
        if self._rng.random() >= LEFT_THIS_YEAR:
            return None, None
        month = self._rng.choice(self._months)
        if month.first <= start:
            return None, None
        return month.last, self._rng.choice(("income", "moved", "own-request"))

    def _enter(self, claim: Claim) -> Iterator[Draft]:
        """Register the claim; yield its entry at once, or put it on the agenda of its month."""
        self.claims[claim.programme.code].append(claim)
        entered = claim.enrolled()
        if claim.start < self._months[0].first:
            yield entered
        else:
            self._put(claim.start, entered)
        if claim.through is not None:
            self._put(claim.through, claim.enrolled(seq=2 * SEQ_STEP, exited=True))

    def _put(self, day: int, draft: Draft) -> None:
        for month in self._months:
            if month.first <= day <= month.last:
                self.agenda[month.place].append(draft)

    def _income(self, person: Person, earning: Earning) -> Draft:
        rng = self._rng
        ministry = earning.payers.pick(rng)
        low, high, step = earning.amount
        start = self._months[0].first - rng.randrange(400, 6_000)
        start = max(start, person.birth + 18 * 365)
        self._incomes += 1
        return records.income(
            Origin(ministry, f"{earning.kind}-{self._incomes:07d}", SEQ_STEP, start, "ACTIVE"),
            person=block(person, script=self.script(ministry), identifiers=held(person)),
            kind=earning.kind,
            start=start,
            amount=low + step * rng.randrange((high - low) // step + 1),
            payer=f"{ministry}-{rng.randrange(400):03d}",
        )
