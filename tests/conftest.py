"""The ground under the proofs: one real Kafka and PostgreSQL for a session, clean on request."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import confluent_kafka
import psycopg
import pytest

from sijill.adapters.ground import Ground, start_ground
from sijill.adapters.ground_jars import read_lock
from sijill.settings import Settings
from tests.broker import delete_topics
from tests.ground import fast_folder
from tests.properties.examples import FACTOR, SEED


def pytest_report_header() -> str:
    """Say on what the proofs stand."""
    kafka = next(name for name in read_lock() if name.startswith("org.apache.kafka:kafka_"))
    parts = {
        "python": sys.version.split()[0],
        "kafka": kafka.rpartition(":")[2],
        "librdkafka": confluent_kafka.libversion()[0],
        "psycopg": psycopg.__version__,
    }
    versions = ", ".join(f"{name} {version}" for name, version in parts.items())
    return f"sijill: {versions}; properties: examples x{FACTOR}, seed {SEED}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what takes long, unless it is asked for, as CI does."""
    if os.environ.get("SIJILL_LONG") == "1":
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="long; SIJILL_LONG=1 runs it"))


@pytest.fixture(scope="session")
def ground(pytestconfig: pytest.Config) -> Iterator[Ground]:
    """The servers of this session, on empty data and ports of their own."""
    with _started(pytestconfig) as started:
        yield started


@pytest.fixture(scope="session")
def postgres_dsn(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the session's PostgreSQL; no Kafka starts where no other test needs one."""
    if any("ground" in getattr(item, "fixturenames", ()) for item in request.session.items):
        shared: Ground = request.getfixturevalue("ground")
        yield shared.postgres_dsn
    else:
        with _started(request.config, kafka_bootstrap="none") as started:
            yield started.postgres_dsn


@contextmanager
def _started(
    pytestconfig: pytest.Config, *, kafka_bootstrap: str | None = None
) -> Iterator[Ground]:
    """Start the servers in a fresh folder; a broker that is named is not started."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def say(sentence: str) -> None:
        # Past pytest's capture: a download that says nothing for a minute looks like a hang.
        with capture.global_and_fixture_disabled():
            print(f"\n{sentence}", end="", flush=True)

    with (
        tempfile.TemporaryDirectory(
            prefix="sijill-", dir=fast_folder(), ignore_cleanup_errors=True
        ) as folder,
        start_ground(Path(folder), progress=say, kafka_bootstrap=kafka_bootstrap) as started,
    ):
        yield started


@pytest.fixture
def clean_hub(ground: Ground) -> Settings:
    """Settings of a hub that knows nothing: no topic, no group, an empty database."""
    delete_topics(ground.kafka_bootstrap)
    with psycopg.connect(ground.postgres_dsn, dbname="postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS sijill WITH (FORCE)")
        connection.execute("CREATE DATABASE sijill")
    return Settings(
        kafka_bootstrap=ground.kafka_bootstrap,
        postgres_dsn=ground.postgres_dsn,
        registry_key=b"registry-key-of-the-tests-only--",
        hub_key=b"hub-key-of-the-tests-only-------",
        routing_key=b"routing-key-of-the-tests-only---",
        data_dir=ground.data_dir / "hub",
    )


@pytest.fixture
def external() -> Callable[[str], str]:
    """Return the path of a client that pip does not install; its absence skips the test.

    With `SIJILL_EXTERNAL=required`, as in CI, its absence fails the test.
    """

    def find(program: str) -> str:
        path = shutil.which(program)
        if path is None and os.environ.get("SIJILL_EXTERNAL") == "required":
            pytest.fail(f"{program} is required here and not installed")
        if path is None:
            pytest.skip(f"{program} is not installed")
        return path

    return find
