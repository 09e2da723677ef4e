"""Proof that hub and oracle say the same of generated worlds."""

import dataclasses
from collections.abc import Iterator

import pytest

from services.relay import Relay
from sijill.cli.verify.work import verify
from sijill.settings import Settings
from sijill.simulation.plan import Simulation
from sijill.simulation.publishing import publish
from tests.services.story import AS_OF, Hub

WORLDS = ((1, 60), (2, 150), (3, 400))
"""Seeds and sizes of populations."""


@pytest.fixture
def hub(clean_hub: Settings) -> Iterator[Hub]:
    """A hub whose day is fixed."""
    started = Hub(dataclasses.replace(clean_hub, as_of=AS_OF))
    yield started
    started.connection.close()


@pytest.mark.parametrize(("seed", "persons"), WORLDS)
def test_oracle_agrees_on_a_world(hub: Hub, seed: int, persons: int) -> None:
    """Facts, grouping, open alerts, decisions, accounts and output are what the oracle says."""
    plan = Simulation(seed=seed, persons=persons, as_of=AS_OF, routing_key=hub.settings.routing_key)
    publish(plan.messages(), hub.settings, transactional=frozenset({"wfp"}))
    hub.run()
    relay = Relay(hub.settings)
    while relay.step():
        pass
    relay.close()

    report = verify(hub.settings, say=print)
    print(report.differences.compared, report.differences.counts, report.covered, report.seconds)

    assert (report.status, report.differences.examples) == (0, {})
    assert report.differences.compared["alerts"] > 10
