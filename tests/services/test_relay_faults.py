"""Proofs that the relay outlives the broker and the database."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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


def test_session_ended_inside_the_lease_is_made_anew(world: RelayWorld) -> None:
    """A cycle so long that the server ends the lease's session is no crash: the relay starts over.

    The server says so with 25P03, which is no operational error to the driver.
    """
    relay = Relay(world.settings)
    try:
        world.put(b"a", 1, b"one")
        relay.step()
        guard = relay._store._guard  # noqa: SLF001 - the pause is inside
        guard.execute("SET idle_in_transaction_session_timeout = '50ms'")
        world.put(b"a", 2, b"two")
        with (
            connect(world.settings.postgres_dsn) as other,
            connect(world.settings.postgres_dsn) as watch,
            ThreadPoolExecutor(1) as pool,
        ):
            with other.transaction():
                other.execute("SELECT 1 FROM relay_progress FOR UPDATE")
                step = pool.submit(relay.step)
                while watch.execute(
                    "SELECT 1 FROM pg_stat_activity WHERE pid = %s", [guard.info.backend_pid]
                ).fetchone():
                    time.sleep(0.05)
            ended = step.result()
        while not relay.step():
            pass
    finally:
        relay.close()

    assert ended is False
    assert world.bodies(b"a") == [(1, b"one"), (2, b"two")]


def test_plans_made_on_small_tables_read_little_of_large_ones(world: RelayWorld) -> None:
    """However small the tables were when a statement was planned, a batch reads its own rows."""
    store = RelayStore(world.settings.postgres_dsn)
    assert store.take_over() is not None
    for revision in range(8):
        world.put(b"a", revision, b"the same")
        world.put(b"b", revision, b"%d" % revision)
        world.run("ANALYZE outbox, numbered, published")
        store.record(store.number(10)[-1].number)
    world.run(
        "INSERT INTO published SELECT 'sijill.alert.overlap.v1', decode(md5(n::text), 'hex'), 1, "
        "decode(md5(n::text), 'hex') FROM generate_series(1, 20000) AS n"
    )
    world.run(
        "INSERT INTO outbox (topic, key, revision, content, schema_id, value) "
        "SELECT 'sijill.alert.overlap.v1', decode(md5((n / 2)::text), 'hex'), n, 'same', 7, '' "
        "FROM generate_series(1, 20000) AS n"
    )
    before = _rows_read(world)
    store.record(store.number(100)[-1].number)
    store.unrecorded()
    store.close()

    assert _rows_read(world) - before < 5_000


def _rows_read(world: RelayWorld) -> int:
    """Return how many rows the relay's tables gave since they were made, wanted or not."""
    with connect(world.settings.postgres_dsn) as connection:
        row = connection.execute(
            "SELECT sum(coalesce(seq_tup_read, 0) + coalesce((SELECT sum(idx_tup_read) FROM "
            "pg_stat_user_indexes AS i WHERE i.relid = t.relid), 0))::int8 "
            "FROM pg_stat_user_tables AS t "
            "WHERE relname IN ('outbox', 'numbered') OR relname LIKE 'published%'"
        ).fetchone()
    assert row is not None
    return int(row[0])


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
