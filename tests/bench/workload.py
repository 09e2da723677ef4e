"""The load of the bench: many events of many persons, made quickly, with a known number of alerts.

Six in ten events are payments, three are enrollments, one is something else (rosters, incomes,
vital events). Values are stamped: each kind of record is encoded once with placeholders of fixed
width, and every event is that template with its own numbers put in. So the bytes are what a
publisher sends, at a tenth of its cost.
"""

import hmac
import re
from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any

from sijill import topics
from sijill.adapters import codec
from sijill.simulation import records
from sijill.simulation.calendar import Month, month_of
from sijill.simulation.messages import Headers, Message
from sijill.simulation.people import Block, block, identifier
from sijill.simulation.population import Population
from sijill.simulation.programmes import Roster
from sijill.simulation.records import Draft, Origin

FIRST_DAY = date(2020, 1, 1).toordinal()
VARIANTS = 40
"""How many different names and birth dates the persons share."""

FAMILY = 5
"""Persons on one ration card."""

BOTH_EVERY, TWICE_EVERY = 200, 500
"""One in so many persons holds two incompatible programmes; one in so many is paid twice."""

# Placeholders: their width is that of what replaces them.
LABEL, RECORD, HOUSE = "L" * 15, "R" * 15, "H" * 10
NUMBERS = tuple(f"9{place}" * 6 for place in range(FAMILY))

_SLOT = re.compile("|".join((LABEL, RECORD, HOUSE, *NUMBERS)).encode())

PERSONAL = ("pension", "disability", "martyr-family", "student-grant", "spn")
WRITER = {
    "pension": "pensions",
    "disability": "disability",
    "martyr-family": "martyrs",
    "student-grant": "higher-education",
    "spn": "molsa",
    "pds": "trade",
    "spn-health": "molsa",
    "school-grant": "education",
    "caregiver": "disability",
}
FURTHER = ("pds", "spn-health", "school-grant", "caregiver")
"""What is held beside the first programme without any alert, each once by a person."""

SALARIED = ("disability", "martyr-family", "student-grant")
"""Whose holders may have a salary beside it without any alert."""


class Workload:
    """A fixed load: the same arguments give the same bytes."""

    def __init__(
        self,
        *,
        events: int = 1_000_000,
        persons: int = 200_000,
        routing_key: bytes = b"simulation",
        country: str = "iraq",
    ) -> None:
        """Plan the load. ValueError when persons are less than 6 % or more than 30 % of the events.

        Each person is enrolled once at least, so that every payment finds its person, and five
        times at most, so that nobody is enrolled twice in one programme.
        """
        if not persons * 10 <= events * 3 <= persons * 50:
            raise ValueError("persons must be between 0.06 and 0.3 of the events")
        self._events = events
        self._persons = persons
        self._routing_key = routing_key
        self._stamps: dict[tuple[Any, ...], list[bytes]] = {}
        self._months: list[Month] = []
        population = Population(country, rng=Random("bench"), as_of=FIRST_DAY)
        self._people = [
            population.person(place, place.districts[0], sex=sex, age=30)
            for place, sex in ((population.place(), "male") for _ in range(VARIANTS))
        ]
        self.expected: dict[str, int] = {
            "iq.spn.pension": -(-persons // BOTH_EVERY),
            "iq.paid-twice": 0,
        }

    @property
    def as_of(self) -> int:
        """Return a day (ordinal) on which everything has happened and nothing is due."""
        return self._month(self._events * 6 // 10 // self._persons + 1).last + 400

    def messages(self) -> Iterator[Message]:
        """Yield the load: first one enrollment of everybody, then everything in its proportion."""
        payments, enrollments = self._events * 6 // 10, self._events * 3 // 10
        others = self._events - payments - enrollments
        self.expected["iq.paid-twice"] = 0
        for person in range(self._persons):
            yield self._enrollment(person, PERSONAL[self._programme(person)], turn=0)
        more = enrollments - self._persons
        # The stream with the most events sets the pace; the others follow in their proportion.
        for turn in range(payments):
            yield self._payment(turn)
            for extra in _share(turn, payments, more):
                yield self._second_enrollment(extra)
            for extra in _share(turn, payments, others):
                yield self._other(extra)

    def _programme(self, person: int) -> int:
        # A holder of both begins with the pension; the cash transfer is the second enrollment.
        return 0 if person % BOTH_EVERY == 0 else person % len(PERSONAL)

    def _month(self, number: int) -> Month:
        while len(self._months) <= number:
            last = self._months[-1].last if self._months else FIRST_DAY - 1
            self._months.append(month_of(last + 1, len(self._months)))
        return self._months[number]

    def _enrollment(self, person: int, programme: str, *, turn: int) -> Message:
        variant = person % VARIANTS
        parts = self._stamp("enrollment", programme, variant, 0)
        return self._fill(parts, "E", person=person, turn=turn)

    def _second_enrollment(self, turn: int) -> Message:
        both = -(-self._persons // BOTH_EVERY)
        if turn < both:
            return self._enrollment(turn * BOTH_EVERY, "spn", turn=1)
        turn -= both
        round_, person = divmod(turn, self._persons)
        return self._enrollment(person, FURTHER[round_], turn=2 + round_)

    def _payment(self, turn: int) -> Message:
        person, month = turn % self._persons, turn // self._persons
        # The second payment of some is for the month of the first.
        if month == 1 and person % TWICE_EVERY == TWICE_EVERY // 2:
            self.expected["iq.paid-twice"] += 1
            period = 0
        else:
            period = month
        programme = PERSONAL[self._programme(person)]
        parts = self._stamp("payment", programme, person % VARIANTS, period)
        return self._fill(parts, "P", person=person, turn=month)

    def _other(self, turn: int) -> Message:
        kind = turn % 10
        if kind < 4:
            family = turn // 10 * 4 + kind
            head = family * FAMILY % max(1, self._persons - FAMILY)
            parts = self._stamp("household", "pds", head % VARIANTS, 0)
            return self._fill(parts, "H", person=head, turn=turn)
        person = (turn * 7) % self._persons
        programme = PERSONAL[self._programme(person)]
        if kind < 8 and programme in SALARIED:
            parts = self._stamp("income", "salary", person % VARIANTS, 0)
            return self._fill(parts, "I", person=person, turn=turn)
        parts = self._stamp("vital", "move", person % VARIANTS, 0)
        return self._fill(parts, "V", person=person, turn=turn)

    def _fill(self, parts: list[bytes], letter: str, *, person: int, turn: int) -> Message:
        """Return the message: the template's fixed parts with this event's own in between."""
        record = f"{letter}{turn:06d}{person:08d}".encode()
        own = {
            LABEL.encode(): record,
            RECORD.encode(): record,
            HOUSE.encode(): b"H%09d" % person,
        }
        topic, *rest = parts
        filled = [
            piece if place % 2 == 0 else own.get(piece) or _number(person + _place(piece))
            for place, piece in enumerate(rest)
        ]
        number = _number(person)
        source = b"NATIONAL_NUMBER\0\0" + number
        key = hmac.digest(self._routing_key, source, "sha256")[:2]
        headers: Headers = [("ce_specversion", b"1.0"), ("ce_id", record), ("ce_type", b"sijill")]
        return Message(topic.decode(), key, b"".join(filled), headers)

    def _stamp(self, stream: str, programme: str, variant: int, period: int) -> list[bytes]:
        name = stream, programme, variant, period
        parts = self._stamps.get(name)
        if parts is None:
            draft = self._draft(stream, programme, variant, self._month(period))
            value = codec.encode(stream, {"event_id": LABEL, **draft.payload})
            topic = topics.name("source", draft.ministry, stream).encode()
            cut = re.split(b"(" + _SLOT.pattern + b")", value)
            parts = self._stamps[name] = [topic, *cut]
        return parts

    def _draft(self, stream: str, programme: str, variant: int, month: Month) -> Draft:
        """Return the record with placeholders that a template is made of."""
        people = [self._known(variant + place, place) for place in range(FAMILY)]
        start = FIRST_DAY - 300 + variant
        if stream == "income":
            origin = Origin("finance", RECORD, 1, start, "ACTIVE")
            return records.income(
                origin, person=people[0], kind="PUBLIC_SALARY", start=start, amount=750_000
            )
        if stream == "vital":
            origin = Origin("interior", RECORD, 1, start, "RECORDED")
            return records.vital(origin, person=people[0], kind="RESIDENCE", day=start)
        house = HOUSE if programme in ("spn", "pds") else None
        origin = Origin(WRITER[programme], RECORD, 1, start, "ACTIVE")
        if stream == "household":
            roles = ("HEAD", "SPOUSE", "CHILD", "CHILD", "CHILD")
            lines = [
                records.line(str(place + 1), person, role=role, start=start)
                for place, (person, role) in enumerate(zip(people, roles, strict=True))
            ]
            roster = Roster("trade", "ration-card")
            return records.household(origin, roster=roster.code, number=HOUSE, lines=lines)
        if stream == "enrollment":
            return records.enrollment(
                origin,
                person=people[0],
                programme=programme,
                start=start,
                household_number=house,
                amount=None,
                currency=None,
            )
        return records.payment(
            origin._replace(day=month.first + 5, status="MADE"),
            person=people[0],
            programme=programme,
            period=(month.key, month.first, month.last),
            amount=150_000 + 1_000 * variant,
            paid_on=records.wire_day(month.first + 5),
            household_number=house,
        )

    def _known(self, variant: int, place: int) -> Block:
        found = [identifier("NATIONAL_NUMBER", NUMBERS[place])]
        return block(self._people[variant % VARIANTS], script="arabic", identifiers=found)


def _number(person: int) -> bytes:
    """Return the person's twelve digits."""
    return b"%012d" % (100_000_000_000 + person * 4_111_111)


def _place(placeholder: bytes) -> int:
    """Return which member of the family a number's placeholder stands for."""
    return placeholder[1] - 48


def _share(turn: int, turns: int, count: int) -> range:
    """Return which of `count` things belong to this turn of `turns`, evenly spread."""
    return range(turn * count // turns, (turn + 1) * count // turns)
