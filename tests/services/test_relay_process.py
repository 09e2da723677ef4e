"""Proofs of the relay as a process: it ends in order when asked, and survives being killed."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sijill.settings import Settings
from tests.services.relay_world import RelayWorld, make_world

PROGRAM = """
import sys
from services.relay import Relay
from sijill.service import run
from sijill.settings import load
sys.exit(run("relay", Relay, load()))
"""

FILL = (
    "INSERT INTO outbox (topic, key, revision, content, schema_id, value) "
    "SELECT 'sijill.alert.overlap.v1', decode(md5(mod(n, 500)::text), 'hex'), n, "
    "decode(md5(n::text), 'hex'), 7, decode(md5(n::text), 'hex') "
    "FROM generate_series(%s::int, %s) AS n"
)


@pytest.fixture
def world(clean_hub: Settings) -> RelayWorld:
    """A clean hub with topics and tables."""
    return make_world(clean_hub)


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment of a process of this hub."""
    return os.environ | {
        "SIJILL_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "SIJILL_POSTGRES_DSN": settings.postgres_dsn,
        "SIJILL_REGISTRY_KEY": settings.registry_key.hex(),
        "SIJILL_HUB_KEY": settings.hub_key.hex(),
        "SIJILL_ROUTING_KEY": settings.routing_key.hex(),
    }


@contextmanager
def relay(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """Run the relay as a process; it is killed at the end if it still runs."""
    command = [sys.executable, "-c", PROGRAM]
    child = subprocess.Popen(command, env=environment(settings), stderr=subprocess.DEVNULL)
    with child:
        try:
            yield child
        finally:
            child.kill()


def test_terminated_relay_ends_in_order_and_leaves_its_lease(world: RelayWorld) -> None:
    """SIGTERM ends the relay with status 0 after its batch; the next one starts at once."""
    world.run(FILL, [1, 1000])
    with relay(world.settings) as child:
        _wait_until(lambda: world.count("outbox") == 0)
        child.terminate()
        status = child.wait(timeout=20)
    world.put(b"a", 1, b"one")
    world.drain()

    assert status == 0
    assert world.bodies(b"a") == [(1, b"one")]


def test_killed_relays_lose_and_repeat_nothing(world: RelayWorld) -> None:
    """However often it is killed, each key's versions are gapless from 1 and each row is out."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    for turn in range(4):
        world.run(FILL, [turn * 20_000 + 1, (turn + 1) * 20_000])
        before = world.count("outbox")
        with relay(world.settings):
            # Wait for its first batch, then kill it somewhere in the next ones.
            _wait_until(lambda before=before: world.count("outbox") < before)  # type: ignore[misc]
            time.sleep(chance.uniform(0, 0.8))
    with relay(world.settings):
        _wait_until(lambda: world.count("outbox") == 0)

    versions: dict[bytes | None, list[int]] = {}
    for message in world.records():
        versions.setdefault(message.key(), []).append(_version(message.value() or b""))

    assert sum(map(len, versions.values())) == 80_000, f"seed {seed}"
    assert all(v == list(range(1, 161)) for v in versions.values()), f"seed {seed}"


def _version(value: bytes) -> int:
    """Return the version of a framed value; versions up to 8191."""
    low, high = value[5], value[6]
    return (low if low < 128 else low - 128 + high * 128) >> 1


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
