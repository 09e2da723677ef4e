"""Proofs of the relay on a real broker and database."""

import time
from collections import Counter

import pytest

from services.relay import ForeignKeysError, ProgressLostError, Relay
from sijill.adapters.relay_log import Progress, RelayLog
from sijill.adapters.relay_store import FencedError, Numbered, RelayStore
from sijill.settings import Settings
from tests.services.relay_world import PERSON, REJECTED, RelayWorld, make_world


@pytest.fixture
def world(clean_hub: Settings) -> RelayWorld:
    """A clean hub with topics and tables."""
    return make_world(clean_hub)


def test_versions_are_gapless_from_one_for_each_key(world: RelayWorld) -> None:
    """A reader of committed records sees every change of a key once, counted from 1."""
    for revision in (1, 2):
        for key in (b"a", b"b"):
            world.put(key, revision, b"%s at %d" % (key, revision))
    world.drain()
    world.put(b"a", 3, b"a at 3")
    world.drain()

    assert world.bodies(b"a") == [(1, b"a at 1"), (2, b"a at 2"), (3, b"a at 3")]
    assert world.bodies(b"b") == [(1, b"b at 1"), (2, b"b at 2")]
    assert (world.count("outbox"), world.count("numbered")) == (0, 0)


def test_content_equal_to_the_last_one_is_dropped(world: RelayWorld) -> None:
    """A revision that says what the key last said takes no version, in any later batch too."""
    world.put(b"a", 1, b"same")
    world.put(b"a", 2, b"same")
    world.drain()
    world.put(b"a", 3, b"same")
    world.put(b"a", 4, b"other")
    world.drain()

    assert world.bodies(b"a") == [(1, b"same"), (2, b"other")]
    assert world.count("outbox") == 0


def test_tombstone_has_no_value_and_the_key_may_come_back(world: RelayWorld) -> None:
    """A tombstone goes out as a null value; the next record of its key counts on."""
    world.put(b"p", 1, b"here", topic=PERSON)
    world.put(b"p", 2, None, topic=PERSON)
    world.put(b"p", 3, b"here", topic=PERSON)
    world.drain()

    records = world.records(PERSON)

    assert [m.key() for m in records] == [b"p"] * 3
    assert [m.value() is None for m in records] == [False, True, False]
    assert [m.value()[5] >> 1 for m in records if m.value()] == [1, 2]  # type: ignore[index]
    assert [m.headers() for m in records] == [None, [("sijill-version", b"1")], None]


def test_unversioned_rows_travel_byte_exact(world: RelayWorld) -> None:
    """Key, value and headers of a quarantined record arrive as they were put, null key too."""
    headers = [("sijill-rejected-reason", b"NOT_AVRO"), ("x", b"\x00\xff"), ("x", b"")]
    world.put_plain(None, b"\x00\xfe\n", headers)
    world.put_plain(b"\xff", b"", None)
    world.drain()

    records = world.records(REJECTED)

    assert [(m.key(), m.value()) for m in records] == [(None, b"\x00\xfe\n"), (b"\xff", b"")]
    assert [m.headers() for m in records] == [headers, None]


def test_large_quarantined_record_travels(world: RelayWorld) -> None:
    """A record as large as a source topic takes fits into the quarantine topic with headers."""
    value = bytes(range(256)) * 4096
    world.put_plain(b"k", value, [("note", b"n" * 10_000)])
    world.drain()

    assert [m.value() for m in world.records(REJECTED)] == [value]


def test_death_between_numbering_and_publishing_loses_nothing(world: RelayWorld) -> None:
    """Rows that were numbered but not published go out with the numbers they have."""
    world.put(b"a", 1, b"one")
    numbered = _number(world)
    world.put(b"a", 2, b"two")
    world.drain()

    assert [row.number for row in numbered] == [1]
    assert world.bodies(b"a") == [(1, b"one"), (2, b"two")]


def test_death_between_publishing_and_recording_repeats_nothing(world: RelayWorld) -> None:
    """What the progress topic says is out is not published again."""
    world.put(b"a", 1, b"one")
    _publish(world, _number(world))
    world.put(b"a", 2, b"two")
    world.drain()

    assert world.bodies(b"a") == [(1, b"one"), (2, b"two")]
    assert (world.count("outbox"), world.count("numbered")) == (0, 0)


def test_transaction_left_open_by_the_dead_is_not_seen(world: RelayWorld) -> None:
    """Records of a relay that died before its commit are aborted by the next relay."""
    world.put(b"a", 1, b"one")
    rows = _number(world)
    log = RelayLog(world.settings)
    log.open()
    assert log._producer is not None  # noqa: SLF001 - the death is inside
    log._producer.begin_transaction()  # noqa: SLF001
    log._producer.produce(rows[0].topic, rows[0].value, rows[0].key)  # noqa: SLF001
    log._producer.flush()  # noqa: SLF001
    world.drain()

    assert world.bodies(b"a") == [(1, b"one")]


def test_second_relay_waits_until_the_first_ends(world: RelayWorld) -> None:
    """Only the holder of the lease publishes; its orderly end lets the other start at once."""
    first, second = Relay(world.settings), Relay(world.settings)
    try:
        first.step()
        world.put(b"a", 1, b"one")
        waited = second.step()
        before = world.count("outbox")
        first.close()
        took_over = second.step()
    finally:
        second.close()

    assert (waited, before, took_over) == (False, 1, True)
    assert world.bodies(b"a") == [(1, b"one")]


def test_paused_twin_is_fenced_in_kafka_and_in_the_database(world: RelayWorld) -> None:
    """A relay that slept while another took over can neither publish nor record."""
    world.put(b"a", 1, b"one")
    store, log = RelayStore(world.settings.postgres_dsn), RelayLog(world.settings)
    standing = store.take_over()
    assert standing is not None
    log.open()
    rows = store.number(10)
    world.drain()

    with pytest.raises(FencedError):
        log.publish(rows, _progress(rows))
    with pytest.raises(FencedError):
        store.record(rows[-1].number)
    store.close()
    assert world.bodies(b"a") == [(1, b"one")]


@pytest.mark.parametrize(
    "other",
    [
        "UPDATE hub SET generation = 'another'",
        "UPDATE relay_progress SET highest = 0, published = 0",
    ],
    ids=["rebuilt", "restored"],
)
def test_other_generation_publishes_nothing_before_it_has_caught_up(
    world: RelayWorld, other: str
) -> None:
    """A database that is not the one which wrote the topics waits for its registrars."""
    world.put(b"a", 1, b"one")
    world.drain()
    world.run(other)
    world.put(b"a", 2, b"two")
    world.drain()

    assert world.bodies(b"a") == [(1, b"one")]
    assert world.count("outbox") == 1


@pytest.mark.parametrize("column", ["hub_fingerprint", "registry_fingerprint"])
def test_other_keys_stop(world: RelayWorld, column: str) -> None:
    """A database under another key would give the same alerts other ids, and stops."""
    world.put(b"a", 1, b"one")
    world.drain()
    world.run(f"UPDATE hub SET {column} = 'another'")  # noqa: S608 - one of two columns

    with pytest.raises(ForeignKeysError):
        world.drain()


def test_empty_progress_topic_stops_a_database_that_has_published(world: RelayWorld) -> None:
    """Nothing is repeated when the topics' memory is gone: a person must look."""
    world.run("UPDATE relay_progress SET highest = 5, published = 5")

    with pytest.raises(ProgressLostError):
        world.drain()


def test_hub_without_identity_publishes_nothing(world: RelayWorld) -> None:
    """Before the registrar has bound the database, the relay waits."""
    world.run("DELETE FROM hub")
    world.put(b"a", 1, b"one")
    world.drain()

    assert world.records() == []


def test_lost_connections_are_made_anew(world: RelayWorld) -> None:
    """A database that ends every session does not end the relay, nor repeat a record."""
    relay = Relay(world.settings)
    try:
        world.put(b"a", 1, b"one")
        relay.step()
        world.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        world.put(b"a", 2, b"two")
        deadline = time.monotonic() + 20
        while not relay.step():
            assert time.monotonic() < deadline
    finally:
        relay.close()

    assert world.bodies(b"a") == [(1, b"one"), (2, b"two")]


def test_many_keys_in_many_batches(world: RelayWorld) -> None:
    """More rows than one batch takes arrive once each, with their keys' versions in order."""
    world.run(
        "INSERT INTO outbox (topic, key, revision, content, schema_id, value) "
        "SELECT 'sijill.alert.overlap.v1', decode(md5(mod(n, 4000)::text), 'hex'), n / 4000, "
        "decode(md5(n::text), 'hex'), 7, decode(md5(n::text), 'hex') "
        "FROM generate_series(0, 11999) AS n"
    )
    world.drain()

    versions: dict[bytes | None, list[int]] = {}
    for message in world.records():
        versions.setdefault(message.key(), []).append((message.value() or b"")[5] >> 1)

    assert Counter(map(tuple, versions.values())) == {(1, 2, 3): 4000}


def _number(world: RelayWorld) -> list[Numbered]:
    """Do the first step of a cycle and die."""
    store = RelayStore(world.settings.postgres_dsn)
    assert store.take_over() is not None
    rows = store.number(10)
    store.close()
    return rows


def _publish(world: RelayWorld, rows: list[Numbered]) -> None:
    """Do the second step of a cycle and die."""
    log = RelayLog(world.settings)
    log.open()
    log.publish(rows, _progress(rows))
    log.close()


def _progress(rows: list[Numbered]) -> Progress:
    return Progress(b"generation of the tests", rows[-1].number, b"hub", b"registry")
