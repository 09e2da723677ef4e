"""Proofs of `sijill rules`: refused with a place, published once, and true exit statuses."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sijill.adapters import activation
from sijill.adapters.activation import OvertakenError
from sijill.settings import Settings
from tests.changed_book import BOOK, IRAQ, PENSION, RAFHA, amended, named, replaced, written
from tests.services.story import AS_OF, Hub, enrollment, person

ALI = "198012345678"


@pytest.fixture
def hub(clean_hub: Settings) -> Iterator[Hub]:
    """A hub whose day is fixed, with the shipped book in force."""
    started = Hub(dataclasses.replace(clean_hub, as_of=AS_OF))
    started.run()
    yield started
    started.connection.close()


def test_activation_with_wait_is_in_force_and_swept(hub: Hub, tmp_path: Path) -> None:
    """With --wait the command ends when the book is in force and every row evaluated under it."""
    hub.publish("prisoners", enrollment("r1", "rafha", person(ALI)))
    hub.publish("pensions", enrollment("p1", "pension", person(ALI)))
    hub.run()
    path = written(amended(), tmp_path)

    with hub.process("registrar"):
        said, _ = hub.command("rules", "activate", path, "--wait", "--json", "--operator", "lawyer")
        swept = hub.rows("SELECT book_seq FROM cluster GROUP BY 1")

    told = json.loads(said)
    assert (told["state"], told["operation"], told["left"]) == ("in force", 2, 0)
    assert (told["book"], told["version"], told["rules"]) == ("iraq", "2026-2", 7)
    assert told["removed"] == [RAFHA]
    assert swept == [(2,)]
    assert hub.alerts() == []
    assert hub.rows("SELECT operator FROM operation ORDER BY seq") == [
        ("first start",),
        ("lawyer",),
    ]
    listed = json.loads(hub.command("rules", "list", "--json")[0])
    assert "iq.disability.pension" in [rule["id"] for rule in listed]


def test_activation_again_changes_nothing(hub: Hub, tmp_path: Path) -> None:
    """The book that is in force already is not published again, and the command succeeds."""
    path = written(IRAQ, tmp_path)

    said, _ = hub.command("rules", "activate", path, "--wait")

    assert said.endswith("Operation 1: in force, 0 rows left to evaluate again\n")
    assert len(activation.history(hub.settings)) == 1


def test_nobody_takes_it_over(hub: Hub, tmp_path: Path) -> None:
    """Without a registrar, --wait ends when its time is over, with status 1 and the truth."""
    path = written(amended(), tmp_path)

    said, _ = hub.command("rules", "activate", path, "--wait", "--timeout", "1", status=1)

    assert said.endswith("Operation 2: published\n")


UNFIT = (
    (PENSION, 'severity = "normal"', 'severity = "dire"', "severity: is 'dire'"),
    (PENSION, "since = 2024-03-15", "since = 2024-03-16", "expected 2024-03-16"),
    (RAFHA, 'effect = "note"', 'effect = "block"', "this doubt blocks the book"),
    (BOOK, "Iraq: unified", "Iraq; unified", "name a new version"),
    (BOOK, 'id        = "iraq"', 'id        = "syria"', "another country's"),
)


def test_unfit_book_is_refused(hub: Hub, tmp_path: Path) -> None:
    """A book that is broken, wrong, blocked or not meant is refused, and nothing is published."""
    for number, (file, old, new, why) in enumerate(UNFIT):
        path = written(replaced(IRAQ, file, old, new), tmp_path / str(number))

        _, told = hub.command("rules", "activate", path, status=1)

        assert why in told
    assert len(activation.history(hub.settings)) == 1


def test_first_of_two_operators_wins(hub: Hub) -> None:
    """Of two who act on the same state the first in the topic holds; the other learns of it."""
    first = activation.activate(hub.settings, amended(), after=1, operator="first")
    with pytest.raises(OvertakenError) as overtaken:
        activation.activate(hub.settings, named("2026-3"), after=1, operator="second")
    hub.run()

    assert str(overtaken.value) == "operation 2 of first came first: book iraq, version 2026-2"
    assert activation.in_force(activation.history(hub.settings)) == first
    assert hub.rows("SELECT book_seq FROM hub") == [(2,)]
    assert hub.rows("SELECT reason FROM quarantine") == [("NUMBER_TAKEN",)]


def test_check_lists_faults_without_a_hub(tmp_path: Path) -> None:
    """`rules check` needs no hub, and its status says whether there is a fault."""
    broken = written(replaced(IRAQ, PENSION, 'severity = "normal"', 'severity = "dire"'), tmp_path)

    bare = {name: value for name, value in os.environ.items() if not name.startswith("SIJILL_")}

    def check(*path: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "sijill.cli", "rules", "check", *path],
            cwd=tmp_path, env=bare, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    assert check() == (0, "33 golden cases tried, no fault\n")
    status, said = check(broken, "--json")
    assert (status, [fault["field"] for fault in json.loads(said)["faults"]]) == (1, ["severity"])
