"""Proofs that a command fails in one sentence, with a status that tells the truth."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from sijill.adapters.halt import HaltError
from sijill.cli.failures import told
from sijill.settings import SettingsError

SECRET = "198745210036"  # noqa: S105 - a made-up national number


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SettingsError("SIJILL_HUB_KEY is missing."), 2),
        (HaltError("another key filled this database"), 3),
        (psycopg.OperationalError("connection refused"), 1),
        (psycopg.errors.UndefinedTable("relation does not exist"), 1),
        (ValueError(SECRET), 1),
    ],
)
def test_status(error: Exception, status: int) -> None:
    """Wrong settings exit with 2, a named halt with 3, everything else with 1, in one sentence."""
    sentence, found = told(error)

    assert (found, "\n" in sentence) == (status, False)


def test_no_value_is_told() -> None:
    """The text of an unexpected error is not shown, because it may quote data."""
    assert SECRET not in told(ValueError(SECRET))[0]


@pytest.mark.parametrize("command", ["migrate", "digest", "alerts follow", "topics apply"])
def test_without_a_hub(command: str, tmp_path: Path) -> None:
    """Where no hub is known, a command says what is missing and how to get it, without a trace."""
    done = subprocess.run(
        [sys.executable, "-m", "sijill.cli", *command.split()],
        cwd=tmp_path,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("sijill: Settings are missing or wrong: SIJILL_KAFKA_BOOTSTRAP")
    assert "sijill up" in done.stderr
