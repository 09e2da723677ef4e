"""The ground keeps its data, dies with its parent, and says in one sentence what it lacks."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from sijill.adapters.ground import Ground, GroundError, start_ground
from sijill.adapters.ground_watch import alive
from sijill.settings import Settings

ELSEWHERE = "127.0.0.1:1"
"""A named Kafka that nobody asks: it makes a ground of PostgreSQL alone, which starts faster."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A data folder that the proofs of this file use one after another; its name is no ASCII."""
    with tempfile.TemporaryDirectory(prefix="the hub's سجل, ", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def parent(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Run another process that holds a ground; what it says comes first."""
    command = [sys.executable, "-m", "tests.adapters.ground_child", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def gone(pids: list[int], timeout_s: float = 25.0) -> bool:
    """Whether all these processes end in time."""
    deadline = time.monotonic() + timeout_s
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(alive, pids))


def plant(bootstrap: str, dsn: str) -> None:
    """Leave a topic and a row."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic("kept", 1)])["kept"].result()
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")


def harvest(bootstrap: str, dsn: str) -> tuple[bool, object]:
    """Return whether the topic is there, and the row; take both away."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    there = "kept" in admin.list_topics(timeout=30).topics
    admin.delete_topics(["kept"])["kept"].exception()
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT number FROM kept").fetchone()
        connection.execute("DROP TABLE kept")
    return there, row


def test_version(clean_hub: Settings) -> None:
    """The database is PostgreSQL 18, and its text is ordered by code point."""
    with psycopg.connect(clean_hub.postgres_dsn) as connection:
        row = connection.execute(
            "SELECT current_setting('server_version_num')::int / 10000, 'Z' < 'a'"
        )

        assert row.fetchone() == (18, True)


def test_restart_on_old_data(folder: Path) -> None:
    """A stop and a start on the same folder keep topics, rows and ports."""
    with start_ground(folder) as first:
        before = first.kafka_bootstrap, first.postgres_dsn
        plant(*before)
    with start_ground(folder) as second:
        after = second.kafka_bootstrap, second.postgres_dsn

        assert (before, harvest(*after)) == (after, (True, (7,)))


@pytest.mark.parametrize(
    ("number", "named"),
    [(signal.SIGKILL, []), (signal.SIGTERM, [ELSEWHERE]), (signal.SIGINT, [ELSEWHERE])],
)
def test_death_of_the_parent(folder: Path, number: signal.Signals, named: list[str]) -> None:
    """However the parent dies, its servers end with it."""
    with parent(folder, *named) as (process, facts):
        process.send_signal(number)
        process.wait()

        assert gone(facts["pids"])


def test_orphans(folder: Path) -> None:
    """The next start ends servers that outlived parent and watch, and keeps their data."""
    with parent(folder) as (process, facts):
        plant(facts["kafka"], facts["dsn"])
        os.kill(facts["watch"], signal.SIGKILL)
        process.kill()
        process.wait()
        assert all(map(alive, facts["pids"]))
    with start_ground(folder) as ground:
        kept = harvest(ground.kafka_bootstrap, ground.postgres_dsn)

        assert (gone(facts["pids"], 0), kept) == (True, (True, (7,)))


def test_kill_and_start(ground: Ground, clean_hub: Settings) -> None:
    """Servers that were killed come back on their data and addresses."""
    plant(clean_hub.kafka_bootstrap, clean_hub.postgres_dsn)
    ground.postgres.kill()
    ground.kafka.kill()
    ground.postgres.start()
    ground.kafka.start()

    assert harvest(clean_hub.kafka_bootstrap, clean_hub.postgres_dsn) == (True, (7,))


def test_stale_process_number(folder: Path) -> None:
    """A process number that now belongs to a stranger neither stops the start nor is signalled."""
    with start_ground(folder, kafka_bootstrap=ELSEWHERE):
        pass
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        (folder / "postgres" / "postgres.pid").write_text(str(stranger.pid))
        (folder / "postgres" / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n")
        with start_ground(folder, kafka_bootstrap=ELSEWHERE) as ground:
            running = ground.postgres.pid
        unharmed = stranger.poll() is None
        stranger.kill()

    assert (running is not None, unharmed) == (True, True)


def test_taken_port(folder: Path) -> None:
    """A port that is taken is moved, and a sentence says so."""
    said: list[str] = []
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        start_ground(
            folder, kafka_bootstrap=ELSEWHERE, postgres_port=port, progress=said.append
        ).stop()

    assert any(
        sentence.startswith(f"Postgres port {port} is taken: moved to ") for sentence in said
    )


def test_one_parent_at_a_time(folder: Path) -> None:
    """A second process is refused the folder that a first one uses."""
    with (
        parent(folder, ELSEWHERE),
        pytest.raises(GroundError, match="Another process uses the data folder"),
    ):
        start_ground(folder, kafka_bootstrap=ELSEWHERE)


def test_named_servers(ground: Ground, tmp_path: Path) -> None:
    """Servers that settings name are used and not started."""
    with start_ground(
        tmp_path, kafka_bootstrap=ground.kafka_bootstrap, postgres_dsn=ground.postgres_dsn
    ) as named:
        assert (named.kafka_bootstrap, named.postgres_dsn) == (
            ground.kafka_bootstrap,
            ground.postgres_dsn,
        )
        with pytest.raises(GroundError, match="settings name another"):
            _ = named.kafka


def test_no_network_and_no_cache(folder: Path, tmp_path: Path) -> None:
    """Without jars and without a network the start fails with one sentence and leaves nothing."""
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:1", "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "tests.adapters.ground_child", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=kept | nowhere)

    expected = f"Kafka's jars are not in the cache {tmp_path}/sijill/jars and cannot be downloaded"
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines), lines[0].split(" (")[0], done.stderr) == (
        1,
        1,
        expected,
        "",
    )
