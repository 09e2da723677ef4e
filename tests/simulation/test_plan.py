"""Proofs of a plan: it repeats itself, knows its own truth, and nothing overlaps by accident."""

import hashlib
import hmac
from collections import Counter
from datetime import date
from itertools import islice

import pytest

from sijill import publisher, topics
from sijill.adapters import codec
from sijill.adapters.acceptance import Acceptor
from sijill.adapters.refusal import Refusal
from sijill.domain import rulebook
from sijill.domain.event import EPOCH
from sijill.simulation.breakage import KINDS
from sijill.simulation.comparing import Finding, compare
from sijill.simulation.messages import Message
from sijill.simulation.plan import Simulation
from tests.simulation.brute_force import Story, overlaps, permitted

AS_OF = date(2026, 11, 24).toordinal()
ROUTING_KEY = b"routing-key-of-the-tests-only---"


def plan(seed: int = 11, persons: int = 1_200, *, as_of: int = AS_OF) -> Simulation:
    """Return a plan of a small population."""
    return Simulation(seed=seed, persons=persons, as_of=as_of, routing_key=ROUTING_KEY)


def fingerprint(simulation: Simulation) -> str:
    """Return a hash of everything that the plan publishes."""
    digest = hashlib.sha256()
    for message in simulation.messages():
        digest.update(repr(message).encode())
    return digest.hexdigest()


def test_a_seed_repeats_itself() -> None:
    """The same seed gives the same bytes in the same order, another seed gives others."""
    first, second, other = plan(persons=200), plan(persons=200), plan(seed=12, persons=200)

    assert fingerprint(first) == fingerprint(second) != fingerprint(other)
    assert first.truth == second.truth


def test_messages_can_be_taken_once() -> None:
    """A plan that was taken refuses to be taken again, for its truth would be wrong."""
    simulation = plan(persons=20)
    list(simulation.messages())

    with pytest.raises(RuntimeError):
        next(simulation.messages())


def test_truth_waits_for_the_last_message() -> None:
    """The truth file cannot be had before everything was sent."""
    simulation = plan(persons=20)
    list(islice(simulation.messages(), 10))

    with pytest.raises(RuntimeError):
        _ = simulation.truth


@pytest.mark.parametrize(
    ("seed", "day"),
    [(11, "2026-11-24"), (5_000, "2026-03-01"), (77, "2025-12-31"), (4, "2024-02-29")],
)
def test_nothing_overlaps_by_accident(seed: int, day: str) -> None:
    """A naive search finds exactly the overlaps and the permitted pairs that were planted."""
    as_of = date.fromisoformat(day).toordinal()
    simulation = plan(seed, as_of=as_of)
    story = Story(simulation.drafts(), today=as_of - EPOCH)
    truth = simulation.truth

    found, allowed = overlaps(story), permitted(story)

    sides = [[o["left"], *([o["right"]] if o["right"] else [])] for o in truth["overlaps"]]
    planted = {
        (overlap["rule"], frozenset(tuple(name) for name in names))
        for overlap, names in zip(truth["overlaps"], sides, strict=True)
    }
    assert found == planted
    assert allowed == {
        (pair["rule"], frozenset(tuple(name) for name in pair["records"]))
        for pair in truth["permitted"]
    }


def test_counts_are_what_acceptance_makes_of_it() -> None:
    """Counted over partitions in order, every outcome and reason is as the truth file says."""
    simulation = plan()
    counted = outcomes(simulation)

    counts = simulation.truth["counts"]
    assert counted == {
        "applied": counts["applied"],
        "duplicate": counts["duplicates"],
        "superseded": counts["superseded"],
        **counts["refused"],
    }
    assert sum(counted.values()) == counts["published"]


def outcomes(simulation: Simulation) -> Counter[str]:
    """Return how often each outcome follows from the messages, record by record."""
    acceptor = Acceptor(b"registry-key-of-the-tests-only--")
    seen: dict[bytes, tuple[int, set[bytes]]] = {}
    counted: Counter[str] = Counter()
    for message in simulation.messages():
        event = acceptor.accept(*message)
        if isinstance(event, Refusal):
            counted[event.reason] += 1
            continue
        highest, contents = seen.get(event.record, (-1, set()))
        if event.seq > highest:
            seen[event.record] = (event.seq, {event.content})
            counted["applied"] += 1
        elif event.seq < highest:
            counted["superseded"] += 1
        elif event.content in contents:
            counted["duplicate"] += 1
        else:
            contents.add(event.content)
            counted["DISPUTED"] += 1
    return counted


def test_all_kinds_of_broken_messages_appear() -> None:
    """Even a small plan holds every kind of breakage, and repeated, late and disputed messages."""
    simulation = plan()
    list(simulation.messages())
    counts = simulation.truth["counts"]

    wanted = {kind.reason for kind in KINDS.values()}
    assert wanted <= counts["refused"].keys()
    assert min(counts["duplicates"], counts["superseded"]) > 0


def test_keys_are_the_publishers() -> None:
    """A first version lies where the publisher of `sijill.publisher` would have put it."""
    different = []
    for draft in islice(plan().drafts(), 2_000):
        payload = {"event_id": "", **draft.payload}
        key = publisher.routing_key(ROUTING_KEY, draft.stream, payload)
        if draft.payload["source_seq"] == 10 and key != plan_key(draft.key_source):
            different.append(draft.record)

    assert different == []


def plan_key(source: str) -> bytes:
    """Return two bytes of the keyed hash, as the publisher's text says."""
    return hmac.digest(ROUTING_KEY, source.encode(), "sha256")[:2]


def test_topics_are_the_books() -> None:
    """Every ministry of the book publishes, and only to topics that the book calls for."""
    book = rulebook.load("iraq")
    used = {message.topic for message in plan(persons=4_000).messages()}

    assert used <= set(topics.source_topics(book))
    assert {topic.split(".")[1] for topic in used} == set(book.ministries)


def test_versions_of_a_record_share_a_key() -> None:
    """All versions of a record lie on one partition, or the order of outcomes would be a guess."""
    keys: dict[tuple[str, str], set[bytes | None]] = {}
    for message in plan().messages():
        name = record_of(message)
        if name is not None:
            keys.setdefault(name, set()).add(message.key)

    assert [name for name, found in keys.items() if len(found) > 1] == []


def record_of(message: Message) -> tuple[str, str] | None:
    """Return (topic, record id) of a message that can be read."""
    try:
        record, _ = codec.decode(message.topic.split(".")[2], message.value or b"")
    except Refusal:
        return None
    return message.topic, record["source_record_id"]


def test_comparison_counts_missed_and_extra() -> None:
    """An overlap without a finding is missed; a finding that matches none, or twice, is extra."""
    one = ("molsa", "enrollment", "A"), ("pensions", "enrollment", "B")
    truth = {"overlaps": [{"rule": "r", "left": list(one[0]), "right": list(one[1])}]}
    finding = Finding("r", [*one, ("trade", "household", "C")])

    assert compare(truth, [finding]) == ((), ())
    assert compare(truth, []) == ((truth["overlaps"][0],), ())
    assert compare(truth, [finding, finding]).extra == (finding,)
    assert compare(truth, [Finding("other", one)]).missed == (truth["overlaps"][0],)
