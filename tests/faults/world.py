"""The world of the drills: a simulated year, answers of ministries, a number that many share."""

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from sijill import topics
from sijill.adapters import codec
from sijill.domain.identity import SATURATION
from sijill.simulation.messages import Message
from sijill.simulation.noise import Rates
from sijill.simulation.plan import Simulation
from tests.faults.verdicts import demand_hit
from tests.services.story import AS_OF, enrollment, event, person

ROUTING_KEY = b"routing-key-of-the-drills-only--"
RATES = Rates(late=0.03, repeated=0.03, corrected=0.04, unkeyed=0.004)
"""More disturbance than in a demonstration: a small world must show every kind of it."""

TRANSACTIONAL = frozenset(("disability", "molsa", "trade"))
"""Ministries that publish in transactions here, and abort some of them."""

SHARED = ("BENEFICIARY_NUMBER", "0000-SHARED-7")
CODES = ("CONFIRMED", "PERMITTED", "FALSE_MATCH", "DATA_ERROR", "UNDER_REVIEW", "ACKNOWLEDGED")


@dataclass(frozen=True)
class World:
    """Messages in the order in which ministries publish them; the seed gives them all again."""

    seed: int
    messages: tuple[Message, ...]

    @property
    def shuffled_thrice(self) -> list[Message]:
        """Everything three times, in another order."""
        messages = list(self.messages) * 3
        Random(self.seed).shuffle(messages)
        return messages

    def slices(self, count: int) -> Iterator[tuple[Message, ...]]:
        """Yield the messages in `count` portions, in order."""
        size = -(-len(self.messages) // count)
        for start in range(0, len(self.messages), size):
            yield self.messages[start : start + size]

    def with_answers(self, answers: Iterable[Message]) -> "World":
        """Return the world with answers in places by chance: some come before what they answer."""
        rng = Random(self.seed)
        messages = list(self.messages)
        for answer in answers:
            messages.insert(rng.randrange(len(messages)), answer)
        return World(self.seed, tuple(messages))


def make(*, seed: int, persons: int) -> World:
    """Return the world of a seed; Invalid when it lacks something that a drill must meet."""
    plan = Simulation(seed=seed, persons=persons, as_of=AS_OF, routing_key=ROUTING_KEY, rates=RATES)
    year = list(plan.messages())
    counts = plan.truth["counts"]
    for word in ("duplicates", "superseded"):
        demand_hit(counts[word], f"the world of seed {seed} has {word}")
    voided = sum(_is_void(message) for message in year)
    demand_hit(voided, f"the world of seed {seed} voids a record")
    return World(seed, tuple(_among(year, _crowd())))


def answers(notices: Iterable[dict[str, Any]]) -> list[Message]:
    """Return the decisions by which ministries answer these notices, in all codes by turns."""
    return [
        _message(
            notice["ministry"],
            event(
                "decision", f"answer-{number}",
                status="ISSUED", notice_id=notice["notice_id"], basis=notice["basis"],
                code=CODES[number % len(CODES)],
            ),
        )
        for number, notice in enumerate(notices)
    ]  # fmt: skip


def _crowd() -> list[Message]:
    """Return two contents of one version, and people with one number, of whom one then remains.

    The number links nothing, then links again: the clusters that it reaches are locked in two
    steps, the second of which gives the first locks up.
    """
    names = ("علي", "حسن", "زينب", "مريم", "كريم", "سعاد", "نور", "هدى")
    crowd = [
        person(
            ids=[SHARED], given=names[n], sex="MALE", birth_date=f"{1950 + n}-01-01",
            birth_precision="YEAR",
        )
        for n in range(SATURATION + 2)
    ]  # fmt: skip
    first = [enrollment(f"shared-{n}", "spn", who) for n, who in enumerate(crowd)]
    again = enrollment("shared-again", "spn", crowd[0])
    later = [
        enrollment(f"shared-{n}", "spn", who, source_seq=2, status="VOID")
        for n, who in enumerate(crowd)
        if n
    ]
    rivals = [
        enrollment("disputed", "spn", person("198012345678"), delivery_centre=centre)
        for centre in ("first", "second")
    ]
    return [_message("molsa", one) for one in (*first, again, *later, *rivals)]


def _among(year: list[Message], crowd: list[Message]) -> Iterator[Message]:
    """Yield both, the crowd's records in order and evenly among the others."""
    every = len(year) // len(crowd)
    waiting = iter(crowd)
    for number, message in enumerate(year):
        yield message
        if number % every == 0:
            yield from (one for one in (next(waiting, None),) if one)
    yield from waiting


def _message(ministry: str, story: tuple[str, dict[str, Any]]) -> Message:
    stream, record = story
    value = codec.encode(stream, codec.from_json(stream, {**record, "ministry": ministry}))
    name = f"{ministry}\0{stream}\0{record['source_record_id']}".encode()
    key = hmac.digest(ROUTING_KEY, name, "sha256")[:2]
    return Message(topics.name("source", ministry, stream), key, value, [])


def _is_void(message: Message) -> bool:
    origin = topics.origin(message.topic)
    try:
        return origin is not None and (
            codec.decode(origin[1], message.value or b"")[0]["status"] == "VOID"
        )
    except Exception:  # noqa: BLE001 - broken on purpose
        return False
