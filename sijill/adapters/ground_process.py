"""Children of the ground: how a real server is started, watched, stopped, killed, found again."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from sijill.adapters import ground_watch

HOST = "127.0.0.1"
STOP_TIMEOUT_S = 30.0
LOG_BYTES_MAX = 10_000_000


class GroundError(Exception):
    """The embedded servers cannot be had; the message is one clear sentence for a person."""


class Watch:
    """Our side of the watch process, which ends the children when this process dies."""

    def __init__(self) -> None:
        command = [sys.executable, "-I", "-S", ground_watch.__file__]
        # A session of its own: Ctrl-C in a terminal reaches us alone, and we decide.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The watch's own process number."""
        return self._process.pid

    def add(self, pid: int, stop_signal: signal.Signals) -> None:
        """From now on the child ends with us; `GroundError` once the watch is closed."""
        try:
            self._tell(f"+{pid} {int(stop_signal)}\n")
        except ValueError as error:
            raise GroundError("The ground has been stopped.") from error

    def remove(self, pid: int) -> None:
        """The child has ended: its number may soon belong to another process."""
        with contextlib.suppress(ValueError):
            self._tell(f"-{pid}\n")

    def close(self) -> None:
        """End the watch; children that are still listed end with it."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line)
            self._process.stdin.flush()


class Child:
    """One server process; it may be started again after a stop or a kill.

    `marker` is a part of its command line that no other process has: it tells our orphan of an
    earlier run from a stranger that has got the same process number.
    """

    def __init__(
        self, name: str, folder: Path, *, marker: str, watch: Watch, stop_signal: signal.Signals
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.out"
        self._pid_file = folder / f"{name}.pid"
        self._marker = marker
        self._watch = watch
        self._stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process number, or None when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def spawn(self, command: Sequence[str]) -> None:
        """Start the command, with its output in the log file; it must not run already."""
        assert self.pid is None
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES_MAX:
            self.log.replace(self.log.with_suffix(".old"))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.log.parent,
                env=child_environment(),
                start_new_session=True,
            )
        try:
            self._watch.add(self._process.pid, self._stop_signal)
        except GroundError:
            self._process.kill()
            self._process.wait()
            raise
        self._pid_file.write_text(f"{self._process.pid}\n")

    def run(self, command: Sequence[str]) -> int:
        """Start the command, wait until it ends by itself, and return its exit status."""
        self.spawn(command)
        assert self._process is not None
        process = self._process
        status = process.wait()
        self._watch.remove(process.pid)
        self._pid_file.unlink(missing_ok=True)
        return status

    def stop(self) -> None:
        """Ask the child to end and wait; kill it when it does not within `STOP_TIMEOUT_S`."""
        self._end(self._stop_signal)

    def kill(self) -> None:
        """Kill the child at once, as a crash would."""
        self._end(signal.SIGKILL)

    def end_orphan(self) -> None:
        """End a server that an earlier run left behind, so that its data can be used again."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            pid = int(self._pid_file.read_text())
            if self._marker not in command_line(pid):
                return
            deadline = time.monotonic() + STOP_TIMEOUT_S
            ground_watch.send(pid, self._stop_signal)
            while ground_watch.alive(pid) and time.monotonic() < deadline:
                time.sleep(0.05)
            ground_watch.send(pid, signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(number)
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._watch.remove(process.pid)
        self._process = None
        self._pid_file.unlink(missing_ok=True)


def child_environment() -> dict[str, str]:
    """The environment of a server: nothing of ours that would change what it does.

    The locale is UTF-8 because the data folder's name may be Arabic.
    """
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return kept | {"LC_ALL": "C.UTF-8", "TZ": "UTC"}


def command_line(pid: int) -> str:
    """The process's command line, or nothing when there is no such process."""
    proc = Path("/proc")
    if (proc / "self").exists():
        with contextlib.suppress(OSError):
            return (
                (proc / str(pid) / "cmdline")
                .read_bytes()
                .replace(b"\0", b" ")
                .decode(errors="replace")
            )
        return ""
    command = ["/bin/ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def choose_ports(wanted: Sequence[int | None]) -> list[int]:
    """Return one free loopback port for each wish: the wanted one when it is free, else any.

    0 and None are no wish. All are held until the last is chosen, so that no two are the same.
    """
    chosen: list[int] = []
    with contextlib.ExitStack() as held:
        for port in wanted:
            probe = held.enter_context(socket.socket())
            # As servers do it: fading connections of an earlier run are no hindrance.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port or 0))
                probe.listen()
            except OSError:
                probe = held.enter_context(socket.socket())
                probe.bind((HOST, 0))
            chosen.append(int(probe.getsockname()[1]))
    return chosen


def port_answers(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    try:
        socket.create_connection((HOST, port), 0.2).close()
    except OSError:
        return False
    return True
