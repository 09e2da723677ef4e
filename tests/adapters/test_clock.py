"""Proofs of the one wall clock."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from sijill.adapters import clock

ROOT = Path(__file__).parent.parent.parent
ASKED = re.compile(r"\btime\.time(_ns)?\(|\b(datetime|date)\.(now|utcnow|today)\(")


def test_wall_clock_is_asked_in_one_place() -> None:
    """No other module of the product asks the machine what time it is."""
    askers = [
        path.relative_to(ROOT).as_posix()
        for package in ("sijill", "services", "connectors")
        for path in (ROOT / package).rglob("*.py")
        if ASKED.search(path.read_text(encoding="utf-8"))
    ]

    assert askers == ["sijill/adapters/clock.py"]


def test_shift_moves_the_clock_of_one_process() -> None:
    """A process whose variable says a week lives a week later than this one."""
    week_s = 7 * 24 * 3600
    program = "from sijill.adapters import clock; print(clock.now_s(), clock.today('UTC'))"
    env = os.environ | {clock.VARIABLE: str(week_s)}
    said = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, check=True)
    shifted_s, day = said.stdout.split()

    assert abs(float(shifted_s) - time.time() - week_s) < 3600
    assert int(day) - clock.today("UTC") in (7, 8)
