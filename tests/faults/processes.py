"""The hub's services as a drill runs them: armed, watched, killed, frozen and thawed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import NamedTuple

from sijill.adapters import clock, faultpoint
from tests.faults.verdicts import Broken

STOP_TIMEOUT_S = 60.0
_NUMBERS = count(1)


class Fault(NamedTuple):
    """A strike of `sijill.adapters.faultpoint`."""

    point: str
    passage: int = 1
    act: str = "kill"

    def __str__(self) -> str:
        return f"{self.act} at {self.point}, passage {self.passage}"


class Process:
    """One service in a process of its own; its log and the note of its fault lie in a folder."""

    def __init__(
        self,
        service: str,
        env: Mapping[str, str],
        folder: Path,
        *,
        fault: Fault | None = None,
        clock_shift_s: float = 0.0,
    ) -> None:
        name = f"{next(_NUMBERS):03d}-{service}"
        self.service, self.fault = service, fault
        self.log = folder / f"{name}.log"
        self._note = folder / f"{name}.struck"
        chosen = dict(env)
        if fault is not None:
            chosen[faultpoint.VARIABLE] = ":".join((*map(str, fault), str(self._note)))
        if clock_shift_s:
            chosen[clock.VARIABLE] = str(clock_shift_s)
        with self.log.open("wb") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "sijill.cli", "run", service],
                env=chosen, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._child.pid

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs or is frozen, -9 after a kill."""
        return self._child.poll()

    @property
    def struck(self) -> bool:
        """Whether its fault has hit: noted, and a frozen process really stands still."""
        if self.fault is None or not self._note.exists() or not self._note.read_bytes():
            return False
        return self.status == -signal.SIGKILL if self.fault.act == "kill" else self.frozen

    @property
    def frozen(self) -> bool:
        """Whether the process stands still."""
        options = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
        return self.status is None and os.waitid(os.P_PID, self.pid, options) is not None

    def says(self, words: str) -> bool:
        """Whether its log holds these words."""
        return words in self.log.read_text(encoding="utf-8", errors="replace")

    def freeze(self) -> None:
        """Freeze it, wherever it is."""
        self._child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        self._child.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill it, as if the machine had gone."""
        self._child.kill()
        self._child.wait()

    def stop(self) -> int:
        """Ask it to end, and return its status; Broken when it does not end."""
        if self._child.poll() is None:
            # Before it says so, nobody in it listens to signals yet.
            wait_for(lambda: self.says('"starting"'), seconds=STOP_TIMEOUT_S)
            self._child.terminate()
            self._child.send_signal(signal.SIGCONT)
        try:
            return self._child.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Broken(f"a {self.service} does not end when asked") from None

    def last_words(self) -> str:
        """Return the last line of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else "(it said nothing)"


def wait_for(condition: Callable[[], object], *, seconds: float, every_s: float = 0.05) -> bool:
    """Return whether the condition, a function, came true in that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True
