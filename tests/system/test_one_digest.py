"""One digest: the registry is a function of the set of accepted events, the book and the day."""

import dataclasses
import random
import time
from collections.abc import Iterator

import pytest

from sijill.adapters.registry.digest import digest
from sijill.settings import Settings
from sijill.simulation.messages import Message
from sijill.simulation.plan import Simulation
from sijill.simulation.publishing import publish
from tests.services.story import AS_OF, Hub

PERSONS = 250
SEED = 20_261_124
PATIENCE_S = 120.0


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
    """Wait until the processes have applied everything."""
    deadline = time.monotonic() + PATIENCE_S
    while not hub.settled():
        assert time.monotonic() < deadline, "the registrars do not catch up"
        time.sleep(0.1)


def test_replay_by_two_registrars_gives_the_same_digest(hub: Hub) -> None:
    """An empty database filled again, by two processes at once, ends as the first one did."""
    publish(messages(hub), hub.settings, transactional=frozenset({"wfp"}))
    hub.run()
    first = digest(hub.connection)

    hub.empty()
    with hub.process("registrar"), hub.process("registrar"):
        wait(hub)

    assert first.counts["alerts"] > 0
    assert digest(hub.connection) == first


def test_order_and_repetition_do_not_matter(hub: Hub) -> None:
    """Everything three times, in another order, ends in the same digest."""
    world = messages(hub)
    publish(world, hub.settings)
    hub.run()
    first = digest(hub.connection)
    shuffled = world * 3
    random.Random(SEED).shuffle(shuffled)

    hub.empty()
    hub.renew_topics()
    publish(shuffled, hub.settings)
    hub.run()

    assert digest(hub.connection) == first


def test_killed_registrar_loses_and_doubles_nothing(hub: Hub) -> None:
    """A registrar killed again and again, at any moment, ends where an undisturbed one does."""
    publish(messages(hub), hub.settings)
    hub.run()
    first = (digest(hub.connection), sum(hub.outcomes().values()))
    chance = random.Random(SEED)

    hub.empty()
    for _ in range(6):
        with hub.process("registrar") as child:
            time.sleep(1.5 + chance.random())
            child.kill()
    hub.run()

    assert (digest(hub.connection), sum(hub.outcomes().values())) == first
