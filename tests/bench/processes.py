"""What a process and its children have used so far, from Linux's /proc."""

import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
KIB = 1024
SAMPLED_EVERY_S = 0.5


class Used(NamedTuple):
    """CPU seconds and resident bytes of a process with all of its children."""

    cpu_s: float
    memory: int


def used(pid: int) -> Used:
    """Return what the tree under `pid` has used; ended children count where they were waited for.

    Memory that the processes of a tree share counts once.
    """
    cpu_s, own, shared = 0.0, 0, 0
    for each in _tree(pid):
        try:
            fields = _stat(each)
            status = (PROC / str(each) / "status").read_text()
        except OSError:
            continue  # It ended between two reads; its parent has its CPU time.
        cpu_s += sum(map(int, fields[11:15])) / TICKS_PER_S
        size = dict(line.split(":", 1) for line in status.splitlines())
        own += _bytes(size, "RssAnon") + _bytes(size, "RssFile")
        shared = max(shared, _bytes(size, "RssShmem"))
    return Used(cpu_s, own + shared)


class Watch:
    """Samples process trees on a thread of its own, for their peaks."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        """Begin to watch; CPU time counts from here."""
        self._pids = dict(pids)
        self._before = {name: used(pid) for name, pid in pids.items()}
        self._peaks = {name: was.memory for name, was in self._before.items()}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> dict[str, Used]:
        """Return each tree's CPU seconds since the beginning and its highest memory."""
        self._done.set()
        self._thread.join()
        now = {name: used(pid) for name, pid in self._pids.items()}
        return {
            name: Used(now[name].cpu_s - was.cpu_s, max(now[name].memory, self._peaks[name]))
            for name, was in self._before.items()
        }

    def _sample(self) -> None:
        while not self._done.wait(SAMPLED_EVERY_S):
            for name, pid in self._pids.items():
                self._peaks[name] = max(self._peaks[name], used(pid).memory)


def _tree(pid: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                parent = int(_stat(int(entry.name))[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    waiting = [pid]
    while waiting:
        found = waiting.pop()
        waiting += children.get(found, [])
        yield found


def _stat(pid: int) -> list[str]:
    """Return the fields of stat after the name, which may hold blanks and brackets."""
    return (PROC / str(pid) / "stat").read_text().rpartition(") ")[2].split()


def _bytes(size: Mapping[str, str], name: str) -> int:
    return int(size.get(name, "0 kB").split()[0]) * KIB


class Machine(NamedTuple):
    """How busy the machine was: cores that other work kept busy on average, one-minute loads."""

    cores: int
    foreign_cores: float
    load_before: float
    load_after: float


class MachineWatch:
    """Measures what else the machine does."""

    def __init__(self) -> None:
        """Begin now."""
        self._busy_s, self._load = _busy_s(), os.getloadavg()[0]

    def stop(self, seconds: float, ours_s: float) -> Machine:
        """Return the load over `seconds`, of which `ours_s` CPU seconds were for the bench."""
        foreign_s = max(0.0, _busy_s() - self._busy_s - ours_s)
        return Machine(
            os.cpu_count() or 1,
            round(foreign_s / seconds, 2),
            round(self._load, 2),
            round(os.getloadavg()[0], 2),
        )


def _busy_s() -> float:
    """Return the CPU seconds of all cores that were neither idle nor waiting for a disk."""
    fields = (PROC / "stat").read_text().split("\n", 1)[0].split()
    user, nice, system, _idle, _wait, *rest = map(int, fields[1:9])
    return (user + nice + system + sum(rest)) / TICKS_PER_S
