"""Proofs of the fault points: they strike where and when they are told to, and never else."""

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sijill.adapters.faultpoint import POINTS, VARIABLE

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
from sijill.adapters.faultpoint import faultpoint
for turn in (1, 2, 3):
    faultpoint("relay.numbered")
    faultpoint("relay.published")
    print(turn, flush=True)
"""


def passing(fault: str) -> subprocess.CompletedProcess[str]:
    """Run a process that passes two points three times."""
    env = os.environ | {VARIABLE: fault}
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_table_of_points_is_the_code() -> None:
    """Every point of the table stands once in the code, and no other does."""
    passed = [
        node.args[0].value if isinstance(node.args[0], ast.Constant) else None
        for package in ("sijill", "services", "connectors")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "faultpoint"
    ]

    assert sorted(passed, key=str) == sorted(POINTS)


def test_fault_strikes_on_its_passage_and_is_noted(tmp_path: Path) -> None:
    """A process is killed on the named passage of the named point, which its file tells."""
    note = tmp_path / "struck"
    done = passing(f"relay.published:2:kill:{note}")

    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "1\n")
    assert note.read_text(encoding="utf-8").startswith("relay.published 2 kill ")


@pytest.mark.parametrize("fault", ["", "relay.recorded:1:kill:FILE", "relay.published:4:kill:FILE"])
def test_nothing_strikes_unasked(fault: str, tmp_path: Path) -> None:
    """Without the variable, or when its passage never comes, nothing happens."""
    note = tmp_path / "struck"
    done = passing(fault.replace("FILE", str(note)))

    assert (done.returncode, done.stdout, note.exists()) == (0, "1\n2\n3\n", False)


@pytest.mark.parametrize(
    "fault",
    ["relay.nowhere:1:kill:f", "relay.numbered:0:kill:f", "relay.numbered:1:sing:f", "relay"],
)
def test_fault_that_could_never_hit_stops_the_process(fault: str) -> None:
    """A variable that names no point, passage, act or file ends the process at its start."""
    done = passing(fault)

    assert (done.returncode, done.stdout) == (1, "")
    assert "FaultVariableError" in done.stderr
