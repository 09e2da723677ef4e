"""Records that break the program: found, set aside, few, and applied when the fault is mended."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from services.registrar import Registrar
from sijill import topics
from sijill.adapters import codec, metrics, operations
from sijill.adapters.acceptance import Acceptor
from sijill.adapters.refusal import UNPROCESSABLE, Refusal
from sijill.adapters.registry.digest import digest
from sijill.adapters.registry.set_aside import FLOOD_MAX, FloodError
from sijill.domain.event import Event
from sijill.settings import Settings
from tests.broker import read_topic
from tests.services.breakage import break_many, break_record, mend
from tests.services.story import AS_OF, Hub, enrollment, person

OPEN = "SELECT reason, status, count(*)::int FROM quarantine GROUP BY 1, 2"


@pytest.fixture
def hub(clean_hub: Settings) -> Iterator[Hub]:
    """A hub whose day is fixed."""
    started = Hub(dataclasses.replace(clean_hub, as_of=AS_OF))
    yield started
    started.connection.close()


def spells(prefix: str, count: int) -> list[Any]:
    """Enrollments of as many persons."""
    return [
        enrollment(f"{prefix}-{number}", "spn", person(f"1980{number:08d}"))
        for number in range(count)
    ]


def test_only_the_breaking_records_are_set_aside(hub: Hub) -> None:
    """Bisection finds what breaks a batch and keeps it byte for byte; all others apply."""
    break_record(hub.connection, "poison")
    good = spells("good", 40)
    hub.publish("molsa", *good[:20], *spells("poison", 3), *good[20:])
    sent = {
        (m.topic(), m.partition(), m.offset()): (m.key(), m.value())
        for m in read_topic(hub.settings, "sijill.molsa.enrollment.v1")
        if b"poison" in (m.value() or b"")
    }

    hub.run()

    kept = hub.rows('SELECT topic, partition, "offset", key, value FROM quarantine')
    assert {tuple(row[:3]): tuple(row[3:]) for row in kept} == sent
    assert hub.rows(OPEN) == [(UNPROCESSABLE, "open", 3)]
    back = hub.rows("SELECT key, value FROM outbox WHERE topic = 'sijill.rejected.molsa.v1'")
    assert sorted(back) == sorted(sent.values())
    assert hub.outcomes() == {
        "applied": 40, "duplicate": 0, "superseded": 0, "quarantined": 3, "void": 0,
    }  # fmt: skip
    assert digest(hub.connection).set_aside == 3


def test_a_flood_halts_until_the_fault_is_mended(hub: Hub) -> None:
    """When too many records break their batches nothing more is set aside; mended, all apply."""
    break_record(hub.connection, "poison")
    hub.publish("molsa", *spells("poison", FLOOD_MAX + 5))
    for _ in range(2):
        with pytest.raises(FloodError):
            hub.run()
        assert hub.rows(OPEN) == [(UNPROCESSABLE, "open", FLOOD_MAX)]

    mend(hub.connection)
    hub.run()

    assert hub.rows(OPEN) == [(UNPROCESSABLE, "released", FLOOD_MAX)]
    assert hub.rows("SELECT count(*)::int FROM record") == [(FLOOD_MAX + 5,)]
    assert hub.outcomes()["quarantined"] == FLOOD_MAX
    assert digest(hub.connection).set_aside == 0


def test_old_ones_make_no_flood(hub: Hub) -> None:
    """What was set aside long ago counts towards no flood, and goes on waiting."""
    break_record(hub.connection, "poison")
    hub.publish("molsa", *spells("poison", FLOOD_MAX))
    hub.run()
    hub.connection.execute("UPDATE quarantine SET accounted = -1000000")
    hub.publish("trade", *spells("poison", 1))

    hub.run()

    assert hub.rows(OPEN) == [(UNPROCESSABLE, "open", FLOOD_MAX + 1)]


def test_contention_halves_the_batch(hub: Hub) -> None:
    """A batch too large to get through is applied in parts, without a record set aside."""
    break_many(hub.connection, 4, sqlstate="40001")
    before = metrics.value("failures_total", kind="halved")
    hub.publish("molsa", *spells("good", 10))

    hub.run()

    assert hub.outcomes()["applied"] == 10
    assert hub.rows(OPEN) == []
    assert metrics.value("failures_total", kind="halved") > before


def test_a_record_in_its_own_way_is_set_aside(hub: Hub) -> None:
    """A unique violation that a record meets alone, at every try, is no conflict with another."""
    break_record(hub.connection, "poison", sqlstate="23505")
    hub.publish("molsa", *spells("good", 2), *spells("poison", 1))

    hub.run()

    assert hub.rows(OPEN) == [(UNPROCESSABLE, "open", 1)]
    assert hub.outcomes()["applied"] == 2


@pytest.mark.parametrize("sqlstate", ["53100", "40P01"])
def test_what_the_server_lacks_is_waited_for(hub: Hub, sqlstate: str) -> None:
    """While the disk is full, or a lock is never free, the loop turns and sets nothing aside."""
    break_record(hub.connection, "waiting", sqlstate=sqlstate)
    hub.publish("molsa", *spells("waiting", 1))

    with hub.registrar() as loop:
        for _ in range(4):
            loop.step()
        assert (hub.rows(OPEN), hub.behind()) == ([], True)
        mend(hub.connection)
        hub.drain(loop)

    assert hub.outcomes()["applied"] == 1


class Brittle(Acceptor):
    """Acceptance that fails on a mark, as a mistake in it would."""

    def accept(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Any
    ) -> Event | Refusal:
        """Fail on the mark."""
        if b"poison" in (value or b""):
            raise LookupError(value)
        return super().accept(topic, key, value, headers)


def test_acceptance_that_fails_sets_the_record_aside(hub: Hub) -> None:
    """A record on which acceptance itself fails is set aside, and applied by a better program."""
    hub.publish("molsa", *spells("good", 3), *spells("poison", 2))
    brittle = Registrar(hub.settings, acceptor=Brittle(hub.settings.registry_key))
    with closing(brittle):
        hub.drain(brittle)
    before = hub.rows(OPEN)

    hub.run()

    assert before == [(UNPROCESSABLE, "open", 2)]
    assert hub.rows(OPEN) == [(UNPROCESSABLE, "released", 2)]
    assert hub.rows("SELECT count(*)::int FROM record") == [(5,)]


def test_an_operation_that_breaks_stops_nobody(hub: Hub) -> None:
    """An operation that the database cannot hold is set aside, and offered to nobody again."""
    operation = {
        "event_id": "1", "operation_id": "1\0", "operation_seq": 7, "occurred_at": 0,
        "kind": "REPAIR", "body": b"", "operator": "a test",
    }  # fmt: skip
    with hub.registrar() as loop:
        operations.publish(hub.settings, codec.encode("operation", operation))
        hub.publish("molsa", *spells("good", 1))
        hub.drain(loop)
    hub.run()

    assert hub.rows("SELECT topic, reason, status FROM quarantine") == [
        (topics.name("operation"), UNPROCESSABLE, "open")
    ]
    assert hub.outcomes()["applied"] == 1


def test_the_log_names_the_place_and_no_value(hub: Hub, capfd: pytest.CaptureFixture[str]) -> None:
    """A registrar tells which record breaks it and where, and nothing that stands in it."""
    break_record(hub.connection, "poison")
    hub.publish("molsa", *spells("poison", 1), *spells("good", 1))

    with hub.process("registrar"):
        while hub.behind():
            pass

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line]
    told = [line for line in lines if line["event"] == "a record cannot be processed"]
    assert [(line["topic"], line["error"]) for line in told] == [
        ("sijill.molsa.enrollment.v1", "RaiseException")
    ]
    assert "poison" not in json.dumps(lines)
