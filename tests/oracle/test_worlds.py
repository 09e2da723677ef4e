"""Proof that hub and oracle say the same of generated worlds, in full and on samples."""

import pytest

from sijill.simulation.plan import Simulation
from sijill.simulation.publishing import publish
from tests.oracle.hub import VerifiedHub, verified_hub
from tests.services.story import AS_OF

__all__ = ["verified_hub"]

WORLDS = ((1, 60), (2, 150), (3, 400))
"""Seeds and sizes of populations."""


@pytest.mark.parametrize(("seed", "persons"), WORLDS)
def test_oracle_agrees_on_a_world(hub: VerifiedHub, seed: int, persons: int) -> None:
    """Facts, grouping, open alerts, decisions, accounts and output are what the oracle says."""
    plan = Simulation(seed=seed, persons=persons, as_of=AS_OF, routing_key=hub.settings.routing_key)
    publish(plan.messages(), hub.settings, transactional=frozenset({"wfp"}))
    hub.settle()

    whole = hub.verify()
    samples = [hub.verify(persons=number, turn=number) for number in (1, 20, persons)]

    assert (whole.status, whole.differences.examples) == (0, {})
    assert whole.differences.compared["alerts"] > 10
    assert [(report.status, report.differences.examples) for report in samples] == [(0, {})] * 3
    facts = [report.differences.compared["facts"] for report in samples]
    assert 0 < facts[0] < facts[1] <= facts[2] <= whole.differences.compared["facts"]
    print(whole.seconds, [s.seconds for s in samples], facts, whole.differences.compared["facts"])
