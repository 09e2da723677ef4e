"""The bench measures what it says: a small load, every event accounted for, every alert read.

No time is checked here: it would tell more about the machine than about the hub.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from sijill.adapters.ground import Ground
from sijill.settings import Settings
from tests.bench import report
from tests.bench.__main__ import Plan, bench
from tests.bench.workload import Workload

PLAN = Plan(events=3_000, persons=600, registrars=2)


@pytest.fixture
def settings(clean_hub: Settings) -> Settings:
    """Settings of an empty hub on a day on which all of the load has happened."""
    return replace(clean_hub, as_of=Workload(events=PLAN.events, persons=PLAN.persons).as_of)


def test_bench_accounts_for_its_load(settings: Settings, ground: Ground, tmp_path: Path) -> None:
    """A run names rates, stages and every process, and finds all that the load holds."""
    found = bench(settings, ground, PLAN, folder=tmp_path)

    assert report.faults(found) == []
    assert (found["outcomes"]["applied"], found["outcomes"]["offsets"]) == (3_000, 3_000)
    assert found["registry_persons"] >= PLAN.persons
    assert min(found["events_per_second"], found["consume_decode_per_second"]) > 0
    processes = {"registrar-1", "registrar-2", "relay", "broker", "postgres"}
    assert found["cpu_seconds_per_million_events"].keys() == processes
    assert min(found["peak_memory_bytes"].values()) > 0
    assert {"accept", "apply"} <= found["microseconds_per_event"].keys()


def test_wrong_figures_are_named() -> None:
    """A run that loses an event or misses an alert is not reported as a good one."""
    found = {
        "events": 2,
        "unaccounted": 1,
        "outcomes": {"applied": 1},
        "alerts_by_rule": {"a": 1},
        "alerts_expected": {"a": 2},
    }

    assert len(report.faults(found)) == 3
