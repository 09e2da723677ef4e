"""`make bench`: how fast the main path is, and what it costs.

It starts servers of its own in a temporary folder, publishes the load beforehand, and then times
the hub's processes over it. The figures are printed and, with `--json`, kept.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sijill.adapters.ground import Ground, start_ground
from sijill.settings import Settings
from tests.bench import measure, report, yardstick
from tests.bench.processes import MachineWatch
from tests.bench.workload import Workload

EVENTS, PERSONS, REGISTRARS = 1_000_000, 200_000, 2
KEYS = (b"registry-key-of-the-bench-only--", b"hub-key-of-the-bench-only-------")
ROUTING_KEY = b"routing-key-of-the-bench-only---"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How large the load is and how many registrars share it."""

    events: int = EVENTS
    persons: int = PERSONS
    registrars: int = REGISTRARS


def bench(settings: Settings, ground: Ground, plan: Plan, *, folder: Path) -> dict[str, Any]:
    """Return the figures of one measurement on an empty ground.

    Raises BenchFailed when a process ends or stalls, ValueError for a load that cannot be.
    """
    load = Workload(events=plan.events, persons=plan.persons, routing_key=settings.routing_key)
    measure.prepare(settings, _say)
    seconds = measure.publish(settings, load, _say)
    _say(f"Published {plan.events:,} events in {seconds:.1f} s")
    rate = yardstick.rate(settings, measure.ends(settings), plan.registrars)
    _say(f"Consumed and decoded {rate:,.0f} a second")
    machine, bench_s = MachineWatch(), time.process_time()
    timed = measure.time_hub(settings, ground, registrars=plan.registrars, folder=folder, say=_say)
    ours_s = time.process_time() - bench_s + sum(used.cpu_s for used in timed.used.values())
    return report.figures(
        report.Load(plan.events, plan.persons, plan.registrars, load.expected),
        timed,
        yardstick=rate,
        machine=machine.stop(timed.seconds, ours_s),
    )


def settings_of(ground: Ground, load: Workload, folder: Path) -> Settings:
    """Return the settings of a hub that lives as long as the measurement."""
    return Settings(
        kafka_bootstrap=ground.kafka_bootstrap,
        postgres_dsn=ground.postgres_dsn,
        registry_key=KEYS[0],
        hub_key=KEYS[1],
        routing_key=ROUTING_KEY,
        data_dir=folder,
        as_of=load.as_of,
    )


def main() -> int:
    """Run the bench as the command line says; the exit status is 1 when a figure is wrong."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--persons", type=int, default=PERSONS)
    parser.add_argument("--registrars", type=int, default=REGISTRARS)
    chosen = parser.parse_args()
    # As with Ctrl-C, whoever ends the bench ends its servers and services too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    plan = Plan(events=chosen.events, persons=chosen.persons, registrars=chosen.registrars)
    try:
        load = Workload(events=plan.events, persons=plan.persons)
    except ValueError as error:
        parser.error(str(error))
    with (
        tempfile.TemporaryDirectory(prefix="sijill-bench-", ignore_cleanup_errors=True) as name,
        start_ground(Path(name), progress=_say) as ground,
    ):
        folder = Path(name) / "hub"
        found = bench(settings_of(ground, load, folder), ground, plan, folder=folder)
    print("\n".join(report.lines(found)))
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + os.linesep)
    return 1 if report.faults(found) else 0


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
