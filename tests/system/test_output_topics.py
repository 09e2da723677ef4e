"""Proofs of what leaves the hub: it equals the registry, and each side sees only its own."""

import dataclasses
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from sijill import topics
from sijill.adapters import codec
from sijill.adapters.source import headers_of
from sijill.settings import Settings
from sijill.simulation.messages import Message
from sijill.simulation.plan import Simulation
from sijill.simulation.publishing import publish
from tests.broker import read_topic
from tests.services.story import AS_OF, Hub

PERSONS = 250
SEED = 7
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def world() -> list[Message]:
    """A year of a small population."""
    plan = Simulation(seed=SEED, persons=PERSONS, as_of=AS_OF, routing_key=b"simulation")
    return list(plan.messages())


@pytest.fixture
def hub(clean_hub: Settings, world: list[Message]) -> Iterator[Hub]:
    """A hub that has taken in the year and published what follows from it."""
    started = Hub(dataclasses.replace(clean_hub, as_of=AS_OF))
    publish(world, started.settings)
    with started.process("registrar"), started.process("relay"):
        deadline = time.monotonic() + PATIENCE_S
        while not (started.settled() and started.rows("SELECT count(*) FROM outbox") == [(0,)]):
            assert time.monotonic() < deadline, "the hub does not catch up"
            time.sleep(0.1)
    yield started
    started.connection.close()


def test_topics_equal_the_registry(hub: Hub, world: list[Message]) -> None:
    """Folded alerts are the open alerts, receipts are the accounts, refusals come back whole."""
    _alerts_fold_to_the_open_ones(hub)
    _receipts_sum_to_the_accounts(hub)
    _rejected_records_are_byte_exact(hub, world)
    _notices_hold_nothing_of_the_other_side(hub)


def _alerts_fold_to_the_open_ones(hub: Hub) -> None:
    folded: dict[str, dict[str, Any]] = {}
    for message in read_topic(hub.settings, topics.name("alert")):
        record, _ = codec.decode("alert", message.value() or b"")
        last = folded.get(record["alert_id"], {"version": 0})
        assert record["version"] == last["version"] + 1
        assert "2026" in record["reason_en"] or "2025" in record["reason_en"]
        assert record["reason_ar"]
        folded[record["alert_id"]] = record
    shown = {
        (number, tuple(alert["months"]), alert["amount"])
        for number, alert in folded.items()
        if alert["state"] != "WITHDRAWN"
    }
    rows = hub.rows("SELECT id, months, amount FROM alert WHERE open AND verdict = 'raised'")
    assert shown == {(number.hex(), tuple(months), amount) for number, months, amount in rows}
    assert len(shown) > 10


def _receipts_sum_to_the_accounts(hub: Hub) -> None:
    ranges: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    sums: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0] * 5)
    names = ("applied", "duplicate", "superseded", "quarantined", "void")
    for ministry in hub.book.ministries:
        for message in read_topic(hub.settings, topics.name("receipt", ministry)):
            receipt, _ = codec.decode("receipt", message.value() or b"")
            place = (receipt["topic"], receipt["partition"])
            ranges[place].append((receipt["first_offset"], receipt["next_offset"]))
            sums[place] = [a + receipt[n] for a, n in zip(sums[place], names, strict=True)]
    accounts = {
        (topic, part): list(counts)
        for topic, part, *counts in hub.rows(
            "SELECT topic, partition, applied, duplicate, superseded, quarantined, void "
            "FROM position WHERE topic NOT LIKE 'sijill.hub.%' AND next_offset > first_offset"
        )
    }
    assert sums == accounts
    for parts in ranges.values():
        ordered = sorted(parts)
        assert all(a[1] == b[0] for a, b in pairwise(ordered))


def _rejected_records_are_byte_exact(hub: Hub, world: list[Message]) -> None:
    sent = {(m.key, m.value) for m in world}
    rejected = [
        message
        for ministry in hub.book.ministries
        for message in read_topic(hub.settings, topics.name("rejected", ministry))
    ]
    ((stored,),) = hub.rows("SELECT count(*) FROM quarantine")
    assert len(rejected) == stored
    for message in rejected:
        assert (message.key(), message.value()) in sent
        names = [name for name, _ in headers_of(message)]
        assert "sijill-rejected-reason" in names


def _notices_hold_nothing_of_the_other_side(hub: Hub) -> None:
    seen = 0
    foreign: dict[str, set[str]] = defaultdict(set)
    own: dict[str, set[str]] = defaultdict(set)
    for ministry, record_id in hub.rows("SELECT ministry, record_id FROM record"):
        own[ministry].add(record_id)
    for ministry in hub.book.ministries:
        foreign[ministry] = set().union(*(ids for m, ids in own.items() if m != ministry))
    for ministry in hub.book.ministries:
        for message in read_topic(hub.settings, topics.name("notice", ministry)):
            notice, _ = codec.decode("notice", message.value() or b"")
            seen += 1
            assert notice["ministry"] == ministry
            told = notice["own_record"]
            assert told is None or told["source_record_id"] in own[ministry]
            text = f"{notice['reason_en']} {notice['reason_ar']} {notice['basis']}"
            assert not any(record_id in text for record_id in foreign[ministry] - own[ministry])
    assert seen > 10
