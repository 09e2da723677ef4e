"""Two versions of the first rules: after the second, the registry is what it alone would make."""

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sijill.adapters import faultpoint
from sijill.adapters.registry import due
from sijill.adapters.registry.digest import Digest, digest
from sijill.settings import Settings
from sijill.simulation.messages import Message
from sijill.simulation.plan import Simulation
from sijill.simulation.publishing import publish
from tests.changed_book import IRAQ, amended, named, written
from tests.services.story import AS_OF, Hub

PERSONS = 250
SEED = 20_261_124
PATIENCE_S = 120.0

BOOKS = {"amended": amended(), "first again": named("2026-3", IRAQ)}


@pytest.fixture
def hub(clean_hub: Settings) -> Iterator[Hub]:
    """A hub whose day is fixed."""
    started = Hub(dataclasses.replace(clean_hub, as_of=AS_OF))
    yield started
    started.connection.close()


def messages(hub: Hub) -> list[Message]:
    """Return a year of a small population, with late, repeated, disputed and broken events."""
    plan = Simulation(seed=SEED, persons=PERSONS, as_of=AS_OF, routing_key=hub.settings.routing_key)
    return list(plan.messages())


def wait(hub: Hub) -> None:
    """Wait until the processes have applied and evaluated everything."""
    deadline = time.monotonic() + PATIENCE_S
    while not hub.settled():
        assert time.monotonic() < deadline, "the registrars do not catch up"
        time.sleep(0.1)


def alone(hub: Hub) -> Digest:
    """Return the digest of a database that has known no book but the one in force."""
    hub.empty()
    hub.run()
    return digest(hub.connection)


def changes(hub: Hub, *, revision: str) -> set[str]:
    """Return the states that alerts went through at revisions like that."""
    rows = hub.rows(f"SELECT DISTINCT state FROM alert_version WHERE revision {revision}")  # noqa: S608
    return {state for (state,) in rows}


def test_each_book_after_the_other_gives_what_it_gives_alone(hub: Hub, tmp_path: Path) -> None:
    """Threshold, date, rules and exemption changed, and changed back: each time as if for ever."""
    publish(messages(hub), hub.settings)
    hub.run()
    first = digest(hub.connection)
    found = {}

    with hub.process("registrar"), hub.process("registrar"):
        for name, files in BOOKS.items():
            path = written(files, tmp_path / name)
            hub.command("rules", "activate", path, "--wait", "--timeout", "100")
            wait(hub)
            found[name] = digest(hub.connection)
        states = changes(hub, revision="> 1") | changes(hub, revision="= 1")

    assert states >= {"RAISED", "AMENDED", "WITHDRAWN", "PERMITTED"}
    assert found["amended"].hash != first.hash == found["first again"].hash
    assert found["first again"] == alone(hub)
    hub.activate(amended("2026-4"), seq=4)
    assert alone(hub).hash == found["amended"].hash


def test_book_in_mid_load_gives_what_it_gives_alone(hub: Hub) -> None:
    """A book that comes while two registrars take in a year leaves no trace of the old one."""
    world = messages(hub)
    middle = len(world) // 2

    with hub.process("registrar"), hub.process("registrar"):
        publish(world[:middle], hub.settings)
        deadline = time.monotonic() + PATIENCE_S
        while not hub.rows("SELECT FROM cluster WHERE book_seq = 1 LIMIT 1"):
            assert time.monotonic() < deadline, "the registrars do not begin"
            time.sleep(0.01)
        hub.activate(BOOKS["amended"], seq=2)
        publish(world[middle:], hub.settings)
        wait(hub)
    after = digest(hub.connection)

    assert hub.rows("SELECT seq FROM operation ORDER BY seq") == [(1,), (2,)]
    assert after == alone(hub)


@pytest.mark.long
def test_killed_sweep_goes_on(hub: Hub, tmp_path: Path) -> None:
    """A registrar that dies in the sweep, before its commit, leaves what the next one finishes."""
    publish(messages(hub), hub.settings)
    hub.run()
    hub.activate(BOOKS["amended"], seq=2)
    hits = tmp_path / "hits"

    for passage in (1, 2):
        fault = f"due.committing:{passage}:kill:{hits}"
        with hub.process("registrar", **{faultpoint.VARIABLE: fault}) as child:
            child.wait(PATIENCE_S)
    left = due.left(hub.connection)
    hub.run()

    assert len(hits.read_text().splitlines()) == 2
    assert left > 0
    assert digest(hub.connection) == alone(hub)
