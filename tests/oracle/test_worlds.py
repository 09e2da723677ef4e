"""Proof that hub and oracle say the same of generated worlds, in full and on samples."""

import pytest

from sijill.simulation.plan import Simulation
from sijill.simulation.publishing import publish
from tests.oracle.hub import VerifiedHub, verified_hub
from tests.services.story import AS_OF, PATIENCE_S

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


@pytest.mark.long
def test_verify_runs_beside_a_working_hub(hub: VerifiedHub) -> None:
    """While two registrars and a relay work, nothing differs in what one snapshot covers."""
    plan = Simulation(seed=4, persons=300, as_of=AS_OF, routing_key=hub.settings.routing_key)
    messages = list(plan.messages())
    hub.run()
    reports = []
    with hub.process("registrar"), hub.process("registrar"), hub.process("relay"):
        for start in range(0, len(messages), 600):
            publish(messages[start : start + 600], hub.settings)
            reports.append(hub.verify())
        last = hub.verify(wait_s=PATIENCE_S)

    assert [report.differences.examples for report in reports] == [{}] * len(reports)
    assert (last.status, last.differences.examples) == (0, {})
    assert last.differences.compared["alerts"] > 10
