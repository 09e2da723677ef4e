"""Proofs that another database takes the output topics over, and readers see no seam."""

import dataclasses
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.registrar import Registrar
from services.relay import Relay
from sijill.adapters import kafka, postgres
from sijill.adapters.registry import hub as registry_hub
from sijill.adapters.registry.state import unpack_overlap
from sijill.adapters.relay_log import read_progress
from sijill.adapters.relay_store import RelayStore
from sijill.domain import alerts
from sijill.settings import Settings
from tests.changed_book import IRAQ, RAFHA, amended, named
from tests.services.story import AS_OF, Hub, enrollment, event, payment, person
from tests.services.test_relay_process import PROGRAM, environment
from tests.services.wire_reader import WireReader, check

ALI = "198012345678"
SARA = "198587654321"
OMAR = "197512312312"
CARD = ("PASSPORT", "A1234567")
PATIENCE_S = 120
POINTS = ("recovery.waiting", "recovery.folded", "recovery.adopting", "recovery.adopted")


@pytest.fixture
def hub(clean_hub: Settings) -> Iterator[Hub]:
    """A hub whose day is fixed."""
    started = Hub(dataclasses.replace(clean_hub, as_of=AS_OF))
    yield started
    started.connection.close()


@pytest.fixture
def reader(hub: Hub) -> Iterator[WireReader]:
    """A reader that runs all along."""
    with closing(WireReader(hub)) as running:
        yield running


def test_rebuilt_database_repeats_nothing_and_goes_on(hub: Hub, reader: WireReader) -> None:
    """What a rebuilt registry says as the topics do is not said again; what comes next is."""
    _live_through(hub)
    before = reader.counts()

    hub.empty()
    with hub.registrar(records_max=1) as loop, closing(Relay(hub.settings)) as relay:
        _settle(hub, loop, relay)
        after, older, progress = reader.counts(), reader.fold(), read_progress(hub.settings)
        ((generation,),) = hub.rows("SELECT generation FROM hub")
        hub.publish(
            "pensions", enrollment("p1", "pension", person(ALI), source_seq=2, status="VOID")
        )
        hub.publish("pensions", enrollment("p2", "pension", person(SARA), source_seq=3))
        _settle(hub, loop, relay)

    assert after == before
    assert progress is not None
    assert progress.generation == generation
    assert [len(before), before["rejected"]] == [5, 1]
    now = reader.fold()
    changed = {key for key in now if key not in older or now[key][0] > older[key][0]}
    assert {topic.split(".")[1] for topic, _ in changed} == {"alert", "notice", "registry"}
    check(hub, reader)


def test_restored_backup_takes_over(hub: Hub, reader: WireReader) -> None:
    """A database restored from a backup, rows numbered and not sent in it, repeats nothing."""
    _begin(hub)
    hub.run()
    _number(hub)
    _copy(hub, "sijill", "backup")
    with hub.registrar() as loop, closing(Relay(hub.settings)) as relay:
        _settle(hub, loop, relay)
        _go_on(hub, loop, relay)
    before = reader.counts()

    _copy(hub, "backup", "sijill")
    with hub.registrar() as loop, closing(Relay(hub.settings)) as relay:
        _settle(hub, loop, relay)
        after = reader.counts()
        hub.publish(
            "pensions", enrollment("p1", "pension", person(ALI), source_seq=2, status="VOID")
        )
        _settle(hub, loop, relay)

    assert after == before
    assert len(hub.alerts()) == 2
    check(hub, reader)


def test_law_that_changed_meanwhile(hub: Hub, reader: WireReader) -> None:
    """What another book gives goes out, what it takes is withdrawn, who is gone is deleted."""
    _live_through(hub)
    raised = hub.alerts()

    hub.publish("molsa", enrollment("e2", "spn", person(SARA), source_seq=2, status="VOID"))
    hub.activate(amended(), seq=2)
    hub.empty()
    hub.run()
    _relay(hub)
    changed = hub.alerts()
    hub.activate(named("2026-3", {n: t for n, t in IRAQ.items() if n != RAFHA}), seq=3)
    hub.empty()
    hub.run()
    _relay(hub)

    assert ("iq.rafha.pension", "NONE") in raised
    assert raised != changed
    assert "iq.rafha.pension" not in {rule for rule, _ in hub.alerts()}
    check(hub, reader)


def test_events_that_come_during_the_recovery(hub: Hub, reader: WireReader) -> None:
    """A registrar that goes on while another generation takes over loses and repeats nothing."""
    _live_through(hub)
    hub.empty()
    with hub.registrar() as loop, closing(Relay(hub.settings)) as relay:
        hub.drain(loop)
        for number in range(10):
            _publish_pair(hub, number)
            loop.step()
            relay.step()
        hub.drain(loop)
        _drain(hub, relay)

    assert len(hub.alerts()) > 10
    check(hub, reader)


@pytest.mark.long
def test_nothing_is_published_before_the_database_has_caught_up(
    hub: Hub, reader: WireReader
) -> None:
    """While a source offset is not applied, or work is due, readers see nothing new."""
    _live_through(hub)
    before = reader.counts()
    hub.empty()
    with hub.registrar() as loop, closing(Relay(hub.settings)) as relay:
        idle = [relay.step() for _ in range(4)]
        hub.drain(loop)
        hub.connection.execute("UPDATE cluster SET next_change = 1")
        due = [relay.step() for _ in range(6)]
        seen = reader.counts()
        hub.drain(loop)
        _drain(hub, relay)

    assert not any(idle + due)
    assert seen == before
    check(hub, reader)


@pytest.mark.long
def test_relay_killed_at_each_step_of_the_recovery(
    hub: Hub, reader: WireReader, tmp_path: Path
) -> None:
    """Wherever a relay dies on the way, the next one begins again, and readers see no seam."""
    _live_through(hub)
    hub.activate(amended(), seq=2)
    hub.empty()
    hub.run()

    ends = [_killed_at(hub, point, tmp_path / "hits") for point in (*POINTS, "relay.publishing")]
    _relay(hub)

    assert ends == [-signal.SIGKILL] * len(ends)
    hits = [line.split()[0] for line in (tmp_path / "hits").read_text().splitlines()]
    assert hits == [*POINTS, "relay.publishing"]
    check(hub, reader)


def test_other_hub_key_halts_before_anything_is_folded(hub: Hub) -> None:
    """A relay with another hub key than its database would give known alerts other ids."""
    _begin(hub)
    hub.run()
    _relay(hub)
    hub.connection.execute("UPDATE hub SET generation = 'another'")
    other = dataclasses.replace(hub.settings, hub_key=b"another hub key of the tests-----")

    with closing(Relay(other)) as relay, pytest.raises(registry_hub.WrongKeyError):
        _drain(hub, relay)


def _live_through(hub: Hub) -> None:
    with hub.registrar() as loop, closing(Relay(hub.settings)) as relay:
        _begin(hub)
        _settle(hub, loop, relay)
        _go_on(hub, loop, relay)


def _begin(hub: Hub) -> None:
    """Publish three persons with overlaps, one apart from its card, and a record to be refused."""
    hub.publish("molsa", enrollment("e1", "spn", person(ALI), household_number="H1"))
    hub.publish("molsa", enrollment("e2", "spn", person(SARA), household_number="H2"))
    hub.publish("pensions", enrollment("p1", "pension", person(ALI)))
    hub.publish("pensions", enrollment("p2", "pension", person(SARA)))
    hub.publish("prisoners", enrollment("r1", "rafha", person(OMAR)))
    hub.publish("pensions", enrollment("p3", "pension", person(ids=[CARD])))
    producer = kafka.producer(hub.settings)
    producer.produce("sijill.molsa.enrollment.v1", b"no record", b"k")
    producer.flush(10)


def _go_on(hub: Hub, loop: Registrar, relay: Relay) -> None:
    """One overlap ends, one grows, a card joins a person for good, one overlap is answered."""
    hub.publish("pensions", enrollment("p2", "pension", person(SARA), source_seq=2, status="VOID"))
    hub.publish("molsa", payment("m1", "spn", person(ALI), household_number="H1"))
    _settle(hub, loop, relay)
    hub.publish("pensions", enrollment("p3", "pension", person(OMAR, ids=[CARD]), source_seq=2))
    hub.publish("molsa", enrollment("e9", "spn", person("199900000009"), household_number="H9"))
    hub.publish("pensions", enrollment("p9", "pension", person("199900000009")))
    _settle(hub, loop, relay)
    hub.publish("molsa", _permitted(hub))
    _settle(hub, loop, relay)


def _settle(hub: Hub, loop: Registrar, relay: Relay) -> None:
    hub.drain(loop)
    _drain(hub, relay)


def _permitted(hub: Hub) -> tuple[str, dict[str, Any]]:
    """Return a ministry's answer to one of the open alerts."""
    (number, body), *_ = hub.rows(
        "SELECT id, body FROM alert WHERE open AND rule = 'iq.spn.pension' ORDER BY id"
    )
    key = hub.settings.hub_key
    return event(
        "decision", "d1", status="ISSUED", code="PERMITTED",
        notice_id=alerts.notice_id(key, "molsa", number).hex(),
        basis=alerts.basis(key, unpack_overlap(body)),
    )  # fmt: skip


def _publish_pair(hub: Hub, number: int) -> None:
    who = f"2000{number:08d}"
    hub.publish("molsa", enrollment(f"em{number}", "spn", person(who), household_number=who))
    hub.publish("pensions", enrollment(f"pm{number}", "pension", person(who)))


def _relay(hub: Hub) -> None:
    """Run a relay of its own until nothing waits and the topics name this database."""
    with closing(Relay(hub.settings)) as relay:
        _drain(hub, relay)


def _drain(hub: Hub, relay: Relay) -> None:
    """Turn the relay until it has taken over, has nothing to recover, and nothing waits."""
    deadline = time.monotonic() + PATIENCE_S
    while relay.step() or not _out(hub, relay):
        assert time.monotonic() < deadline, "the relay does not catch up"


def _out(hub: Hub, relay: Relay) -> bool:
    reigns = relay._standing is not None and relay._recovery is None  # noqa: SLF001
    return reigns and hub.rows("SELECT count(*) FROM outbox") == [(0,)]


def _number(hub: Hub) -> None:
    """Let a relay number what waits, and die."""
    store = RelayStore(hub.settings.postgres_dsn)
    assert store.take_over() is not None
    assert store.number(5)
    store.close()


def _copy(hub: Hub, source: str, target: str) -> None:
    """Make one database an exact copy of another."""
    hub.connection.close()
    with psycopg.connect(hub.settings.postgres_dsn, dbname="postgres", autocommit=True) as c:
        c.execute(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)".encode())
        c.execute(f"CREATE DATABASE {target} TEMPLATE {source}".encode())
    hub.connection = postgres.connect(hub.settings.postgres_dsn)


def _killed_at(hub: Hub, point: str, hits: Path) -> int:
    """Run a relay that is to die at a point, and return its status."""
    env = environment(hub.settings) | {"SIJILL_FAULT": f"{point}:1:kill:{hits}"}
    child = subprocess.Popen([sys.executable, "-c", PROGRAM], env=env)
    try:
        return child.wait(60)
    finally:
        child.kill()
        child.wait()
