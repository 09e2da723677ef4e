"""Proofs that the relay outlives the broker and the database."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.relay import Relay
from sijill.adapters.ground import Ground
from sijill.adapters.postgres import connect
from sijill.adapters.relay_store import RelayStore
from sijill.settings import Settings
from tests.services.relay_world import ALERT, INSERT, SCHEMA_ID, RelayWorld, make_world


@pytest.fixture
def world(clean_hub: Settings) -> RelayWorld:
    """A clean hub with topics and tables."""
    return make_world(clean_hub)


def test_killed_database_comes_back_to_the_same_relay(ground: Ground, world: RelayWorld) -> None:
    """Rows committed before and after a crash of PostgreSQL are out once, in order."""
    with turning(world.settings):
        world.put(b"a", 1, b"one")
        ground.postgres.kill()
        ground.postgres.start()
        world.put(b"a", 2, b"two")
        wait_until_empty(world)

    assert world.bodies(b"a") == [(1, b"one"), (2, b"two")]


def test_killed_broker_comes_back_to_the_same_relay(ground: Ground, world: RelayWorld) -> None:
    """Rows that wait while the broker is down are out once, in order, when it is back."""
    with turning(world.settings):
        world.put(b"a", 1, b"one")
        wait_until_empty(world)
        ground.kafka.kill()
        world.put(b"a", 2, b"two")
        time.sleep(1)
        ground.kafka.start()
        world.put(b"a", 3, b"three")
        wait_until_empty(world)

    assert world.bodies(b"a") == [(1, b"one"), (2, b"two"), (3, b"three")]


def test_what_was_numbered_survives_a_crash(ground: Ground, world: RelayWorld) -> None:
    """Numbering makes rows durable before Kafka sees them, though their writer did not wait."""
    store = RelayStore(world.settings.postgres_dsn)
    assert store.take_over() is not None
    with connect(world.settings.postgres_dsn) as writer:
        writer.execute("SET synchronous_commit = off")
        writer.execute(INSERT.encode(), [ALERT, b"a", 1, b"content", SCHEMA_ID, b"one", None])
    numbered = store.number(10)
    ground.postgres.kill()
    store.close()
    ground.postgres.start()
    successor = RelayStore(world.settings.postgres_dsn)
    kept = successor.unrecorded()
    successor.close()

    assert len(numbered) == 1
    assert kept == numbered


@contextmanager
def turning(settings: Settings) -> Iterator[None]:
    """Turn a relay in a thread, and show at the end what ended it before its time."""
    relay, stop = Relay(settings), threading.Event()
    failures: list[Exception] = []

    def turn() -> None:
        try:
            while not stop.is_set():
                relay.step()
        except Exception as error:  # noqa: BLE001 - it is raised where the test sees it
            failures.append(error)

    thread = threading.Thread(target=turn)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        relay.close()
    assert failures == []


def wait_until_empty(world: RelayWorld) -> None:
    """Return when nothing waits any more."""
    deadline = time.monotonic() + 90
    while world.count("outbox"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
