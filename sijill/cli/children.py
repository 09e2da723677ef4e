"""The hub's services as child processes: started, started again after a crash, ended with us.

A service that stops with a named halt is left alone: it says why in one sentence, and starting it
again does not help. Logs of each child go to a file of its own.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sijill.adapters.ground_process import Watch
from sijill.service import EXIT_HALTED
from sijill.settings import PREFIX

STOP_TIMEOUT_S = 40.0
"""A batch may be under way; it is finished, not thrown away."""

STEADY_AFTER_S = 60.0
RESTART_AFTER_S = 0.5
RESTART_AFTER_S_MAX = 30.0
LAST_WORDS_BYTES = 8192

Say = Callable[[str], None]


@dataclass
class Child:
    """One service that is to run, and how it fares."""

    name: str
    command: list[str]
    log: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    crashes: int = 0
    again_at: float = 0.0
    halt: str | None = None


class Children:
    """All child processes of one hub."""

    def __init__(self, logs: Path, *, hub_file: Path, say: Say) -> None:
        """Keep logs in that folder; children read their settings from the hub file alone."""
        logs.mkdir(parents=True, exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
        self._environment = kept | {f"{PREFIX}HUB_FILE": str(hub_file.absolute())}
        self._logs = logs
        self._say = say
        self._watch = Watch()
        self._services: list[Child] = []
        self._tasks: list[subprocess.Popen[bytes]] = []
        self.crashes = 0

    @property
    def halts(self) -> list[str]:
        """Return what the halted services said, each in one sentence."""
        return [f"{child.name}: {child.halt}" for child in self._services if child.halt]

    def serve(self, name: str, service: str, *, metrics_port: int) -> None:
        """Start a service and keep it running."""
        environment = self._environment | {f"{PREFIX}METRICS_PORT": str(metrics_port)}
        log = self._logs / f"{name}.log"
        child = Child(name, ["run", service], log, environment)
        self._services.append(child)
        self._start(child)

    def task(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        """Start a command that ends by itself; it is not started again."""
        process = self._spawn(command, self._logs / f"{name}.log", self._environment)
        self._tasks.append(process)
        return process

    def tend(self) -> None:
        """Start again what has crashed, after a pause that grows with every crash."""
        now = time.monotonic()
        for child in self._services:
            if child.process is not None and child.process.poll() is not None:
                self._ended(child, now)
            if child.process is None and child.halt is None and now >= child.again_at:
                self._start(child)

    def stop(self) -> None:
        """Let every child finish what it is doing, and wait for it."""
        services = [child.process for child in self._services if child.process is not None]
        running = [process for process in (*self._tasks, *services) if process.poll() is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._watch.close()

    def _start(self, child: Child) -> None:
        child.process = self._spawn(child.command, child.log, child.environment)
        child.started = time.monotonic()

    def _spawn(
        self, command: list[str], log: Path, environment: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        with log.open("ab") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "sijill.cli", *command],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=environment,
                # Ctrl-C in a terminal reaches us alone, and we end the children in order.
                start_new_session=True,
            )
        self._watch.add(process.pid, signal.SIGTERM)
        return process

    def _ended(self, child: Child, now: float) -> None:
        assert child.process is not None
        status = child.process.returncode
        self._watch.remove(child.process.pid)
        child.process = None
        if status == EXIT_HALTED:
            child.halt = last_words(child.log) or "halted"
            self._say(f"{child.name} has halted: {child.halt} (log: {child.log})")
            return
        child.crashes = 1 if now - child.started > STEADY_AFTER_S else child.crashes + 1
        self.crashes += 1
        pause = min(RESTART_AFTER_S_MAX, RESTART_AFTER_S * 2 ** (child.crashes - 1))
        child.again_at = now + pause
        self._say(
            f"{child.name} ended with status {status} and starts again in {pause:g} s "
            f"(log: {child.log})"
        )


def last_words(log: Path) -> str | None:
    """Return what a halted service said last; None when its log does not tell."""
    with contextlib.suppress(OSError):
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LAST_WORDS_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
        for line in reversed(lines):
            with contextlib.suppress(ValueError, AttributeError):
                entry = json.loads(line)
                if entry.get("event") == "halted":
                    return f"{entry.get('error')}: {entry.get('text')}"
    return None
