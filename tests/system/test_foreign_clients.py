"""Ministries write with clients that are not ours, and every offset is accounted all the same."""

import dataclasses
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sijill.adapters import codec
from sijill.adapters.ground_jars import cache_folder, fetch_jars, read_lock
from sijill.settings import Settings
from tests.services.story import AS_OF, Hub, enrollment, person

TOPIC = "sijill.molsa.enrollment.v1"

pytestmark = pytest.mark.external


@pytest.fixture
def hub(clean_hub: Settings) -> Iterator[Hub]:
    """A hub whose day is fixed."""
    started = Hub(dataclasses.replace(clean_hub, as_of=AS_OF))
    yield started
    started.connection.close()


@pytest.fixture
def event(tmp_path: Path) -> Path:
    """A file with one enrollment as it stands on the wire."""
    stream, record = enrollment("e-1", "spn", person("199012345678"))
    full: dict[str, Any] = codec.from_json(stream, {**record, "ministry": "molsa"})
    file = tmp_path / "event"
    file.write_bytes(codec.encode(stream, full))
    return file


def test_kcat(hub: Hub, event: Path, external: Callable[[str], str]) -> None:
    """An event from kcat, without key and headers, is applied; its repetition is a duplicate."""
    send = [external("kcat"), "-P", "-b", hub.settings.kafka_bootstrap, "-t", TOPIC, "-p", "0"]
    subprocess.run([*send, str(event), str(event)], check=True)
    hub.run()

    assert hub.outcomes() == {
        "applied": 1, "duplicate": 1, "superseded": 0, "quarantined": 0, "void": 0
    }  # fmt: skip


def test_rubbish_from_kcat(
    hub: Hub, event: Path, tmp_path: Path, external: Callable[[str], str]
) -> None:
    """Bytes that are no event are kept as they came, and what follows them is applied."""
    rubbish = tmp_path / "rubbish"
    rubbish.write_bytes(b"\0\xff" + "ليس حدثاً".encode())
    send = [external("kcat"), "-P", "-b", hub.settings.kafka_bootstrap, "-t", TOPIC, "-p", "0"]
    subprocess.run([*send, "-k", "a key", "-H", "name=value", str(rubbish)], check=True)
    subprocess.run([*send, str(event)], check=True)
    hub.run()
    kept = hub.rows('SELECT key, value, "offset" FROM quarantine')

    assert (kept, hub.outcomes()["applied"]) == ([(b"a key", rubbish.read_bytes(), 0)], 1)


def test_java_transactions(hub: Hub, event: Path, external: Callable[[str], str]) -> None:
    """Of a record aborted and then committed from Java one is applied; the rest is void."""
    jars = fetch_jars(cache_folder(hub.settings.data_dir), read_lock(), print)
    external("javac")  # the launcher compiles the program: a runtime alone is not enough
    program = Path(__file__).with_name("ForeignMinistry.java")
    command = [external("java"), "-cp", os.pathsep.join(map(str, jars)), str(program)]
    arguments = [hub.settings.kafka_bootstrap, TOPIC, str(event)]
    subprocess.run([*command, *arguments], check=True, capture_output=True)
    hub.run()

    # The aborted record and the two markers, of the abort and of the commit, carry no event.
    assert hub.outcomes() == {
        "applied": 1, "duplicate": 0, "superseded": 0, "quarantined": 0, "void": 3
    }  # fmt: skip
