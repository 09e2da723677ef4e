"""Proofs of how child processes are kept: again after a crash, not after a named halt."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sijill import settings, topics
from sijill.adapters import kafka, postgres
from sijill.adapters.registry import hub
from sijill.cli.children import Children
from sijill.domain import rulebook
from sijill.settings import Settings

WAIT_S = 60.0


def tend_until(children: Children, condition: Callable[[], bool]) -> None:
    """Tend the children until the condition holds."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        children.tend()
        time.sleep(0.05)


def test_crash_starts_again(tmp_path: Path) -> None:
    """A service that ends is started again, later each time, and each time it is said."""
    said: list[str] = []
    children = Children(tmp_path / "log", hub_file=tmp_path / "none.json", say=said.append)
    children.serve("relay", "relay", metrics_port=0)
    tend_until(children, lambda: children.crashes == 2)
    children.stop()

    assert [sentence.split(" (")[0] for sentence in said] == [
        "relay ended with status 2 and starts again in 0.5 s",
        "relay ended with status 2 and starts again in 1 s",
    ]


def test_halt_stays(clean_hub: Settings, tmp_path: Path) -> None:
    """A registrar with another key than the database's says so once and is left alone."""
    postgres.migrate(clean_hub.postgres_dsn)
    topics.apply(kafka.admin(clean_hub), rulebook.load(clean_hub.country))
    with postgres.connect(clean_hub.postgres_dsn) as connection:
        hub.bind(connection, clean_hub, today=1)
    hub_file = tmp_path / "hub.json"
    settings.save(replace(clean_hub, registry_key=b"another key of the tests"), hub_file)
    said: list[str] = []
    children = Children(tmp_path / "log", hub_file=hub_file, say=said.append)
    children.serve("registrar-1", "registrar", metrics_port=0)
    tend_until(children, lambda: bool(children.halts))
    children.tend()
    children.stop()

    assert children.crashes == 0
    assert children.halts[0].startswith("registrar-1: WrongKeyError: ")
    assert len(said) == 1
