"""`python -m tests.bench.relay_alone`: how fast the relay is when nothing else runs.

Rows wait in the outbox, as registrars leave them for changed persons, before the clock starts. The
relay's statements were planned on tables of ten rows, as they are in an installation that grows.
With `--fold`, the fold of the output topics is timed too, as a recovery does it.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import schemas
from services.relay import Relay
from sijill.adapters.ground import Ground, start_ground
from sijill.adapters.outputs import Outputs
from sijill.settings import Settings
from tests.bench.processes import used
from tests.services.relay_world import RelayWorld, make_world

ROWS = 200_000
PLANNED_ON = 10
FILL = (
    "INSERT INTO outbox (topic, key, revision, content, schema_id, value) "
    "SELECT 'sijill.registry.person.v1', decode(md5(n::text), 'hex'), n, "
    "decode(md5('c' || n::text), 'hex'), %s, "
    "convert_to(rpad(md5(n::text), 120, md5('x' || n::text)), 'utf8') "
    "FROM generate_series(%s::int, %s) AS n"
)


def measure(ground: Ground, settings: Settings, rows: int, *, schema_id: int) -> str:
    """Return a line with the rate and the CPU seconds of relay and database."""
    world, pid = make_world(settings), ground.postgres.pid
    assert pid is not None
    with closing(Relay(settings)) as relay:
        for turn in range(PLANNED_ON):
            first = turn * PLANNED_ON
            world.run(FILL, [schema_id, first + 1, first + PLANNED_ON])
            world.run("ANALYZE outbox, numbered, published")
            relay.step()
        start = PLANNED_ON**2
        world.run(FILL, [schema_id, start + 1, start + rows])
        began, ours_s, theirs_s = time.monotonic(), time.process_time(), used(pid).cpu_s
        while relay.step():
            pass
        seconds = time.monotonic() - began
        ours_s, theirs_s = time.process_time() - ours_s, used(pid).cpu_s - theirs_s
    scale = 100_000 / rows
    return (
        f"{rows:,} rows in {seconds:.1f} s: {rows / seconds:,.0f} a second; CPU seconds for "
        f"100,000 rows: relay {ours_s * scale:.2f}, database {theirs_s * scale:.2f}; "
        f"left {world.count('outbox')}; load {os.getloadavg()[0]:.1f}"
    )


def fold(world: RelayWorld) -> str:
    """Return a line with the rate at which the topics are folded, and the memory of a key."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, told, folded = time.monotonic(), Outputs(), 0
    for count in told.fold(world.settings):
        folded += count
    seconds = time.monotonic() - began
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    keys = sum(len(told.keys(topic)) for topic in told.topics())
    return (
        f"{folded:,} records folded in {seconds:.1f} s: {folded / seconds:,.0f} a second; "
        f"{keys:,} keys, {grown * 1024 / keys:,.0f} bytes each at most"
    )


def main() -> int:
    """Measure on servers of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--fold", action="store_true", help="time the fold of a recovery too")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="sijill-bench-", ignore_cleanup_errors=True) as name,
        start_ground(Path(name), progress=lambda _: None) as ground,
    ):
        settings = Settings(
            kafka_bootstrap=ground.kafka_bootstrap,
            postgres_dsn=ground.postgres_dsn,
            registry_key=b"registry-key-of-the-bench-only--",
            hub_key=b"hub-key-of-the-bench-only-------",
            routing_key=b"routing-key-of-the-bench-only---",
            data_dir=Path(name) / "hub",
        )
        print(
            measure(ground, settings, chosen.rows, schema_id=schemas.current("person").id),
            flush=True,
        )
        if chosen.fold:
            print(fold(RelayWorld(settings)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
