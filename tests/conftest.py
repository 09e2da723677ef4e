"""The ground under the proofs: one real Kafka and PostgreSQL for a session, clean on request."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import confluent_kafka
import psycopg
import pytest
from confluent_kafka.admin import AdminClient

from sijill.adapters.ground import Ground, start_ground
from sijill.adapters.ground_jars import read_lock
from sijill.settings import Settings

DELETE_TIMEOUT_S = 30.0


def pytest_report_header() -> str:
    """Say on what the proofs stand."""
    kafka = next(name for name in read_lock() if name.startswith("org.apache.kafka:kafka_"))
    parts = {
        "python": sys.version.split()[0],
        "kafka": kafka.rpartition(":")[2],
        "librdkafka": confluent_kafka.libversion()[0],
        "psycopg": psycopg.__version__,
    }
    return "sijill: " + ", ".join(f"{name} {version}" for name, version in parts.items())


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    """The servers of this session, on empty data and ports of their own."""
    with tempfile.TemporaryDirectory(prefix="sijill-", ignore_cleanup_errors=True) as folder:
        started = start_ground(Path(folder), progress=_say)
        with started:
            yield started


@pytest.fixture
def clean_hub(ground: Ground) -> Settings:
    """Settings of a hub that knows nothing: no topic, no group, an empty database."""
    _delete_topics(ground.kafka_bootstrap)
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


def _delete_topics(bootstrap: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    groups = admin.list_consumer_groups().result().valid
    if groups:
        for deletion in admin.delete_consumer_groups([group.group_id for group in groups]).values():
            deletion.exception()  # a group that still has members stays; it has no topic any more
    deadline = time.monotonic() + DELETE_TIMEOUT_S
    while topics := [name for name in admin.list_topics().topics if name.startswith("sijill.")]:
        assert time.monotonic() < deadline, f"topics are not deleted: {topics}"
        for deletion in admin.delete_topics(topics, operation_timeout=DELETE_TIMEOUT_S).values():
            deletion.exception()  # asked again until the list is empty
        time.sleep(0.05)


def _say(sentence: str) -> None:
    # Straight to the terminal: pytest would hold it back until the download is over.
    print(sentence, file=sys.__stderr__, flush=True)
