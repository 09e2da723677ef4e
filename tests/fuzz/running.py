"""The run itself: case after case under a limit of memory and of time per record."""

import mmap
import resource
import signal
import struct
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from sijill.adapters.acceptance import Acceptor
from sijill.adapters.halt import where
from sijill.adapters.refusal import Refusal
from tests.fuzz.invariants import BrokenRule, judge
from tests.fuzz.mutation import Case, case

KEY = bytes(range(32))
RECORD_CPU_S = 5.0
"""The processor time after which a record counts as too slow: all answers to it together."""

MEMORY_BYTES_MAX = 1 << 30
"""How far the process may grow, caches of names and texts included."""


class TooSlowError(Exception):
    """One record took more processor time than any may."""


class InFlight:
    """The number of the case at work, in a file: it outlives a process that a record kills."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(struct.pack("<q", -1))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 8)

    def put(self, number: int) -> None:
        """Note which case begins."""
        self._shared[:] = struct.pack("<q", number)

    def read(self) -> int:
        """Return the case that began last."""
        return int(struct.unpack("<q", self._shared[:])[0])


class Finding(Exception):
    """A case that broke a rule, and what it broke, without any value."""

    def __init__(self, number: int, found: Case, what: str) -> None:
        super().__init__(what)
        self.number, self.case, self.what = number, found, what


class Tried(NamedTuple):
    """A run's answers (streams of events, reasons of refusals) by count, and its slowest case.

    The seconds are of processor time, for all answers to one case together.
    """

    answers: Counter[str]
    slowest: int
    slowest_s: float


def limit_memory() -> None:
    """Let whatever takes more than the limit fail with MemoryError (where Linux tells sizes)."""
    told = Path("/proc/self/statm")
    if not told.exists():
        return
    pages = int(told.read_text(encoding="ascii").split()[0])
    grown = MEMORY_BYTES_MAX + pages * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (grown, grown))


def run(
    seed: int, *, first: int, until: float, cases: int | None, in_flight: InFlight | None = None
) -> Tried:
    """Judge cases from `first` on until the time (monotonic) or the count is reached.

    Raises:
        Finding: the first case that broke a rule.

    """
    acceptor, answers = Acceptor(KEY), Counter[str]()
    slowest, slowest_s = first, 0.0
    number = first
    while time.monotonic() < until and (cases is None or number < first + cases):
        if in_flight is not None:
            in_flight.put(number)
        tried = case(seed, number)
        began = time.process_time()
        answers[attempt(acceptor, number, tried)] += 1
        if (took := time.process_time() - began) > slowest_s:
            slowest, slowest_s = number, took
        number += 1
    return Tried(answers, slowest, slowest_s)


def attempt(acceptor: Acceptor, number: int, tried: Case, *, cpu_s: float = RECORD_CPU_S) -> str:
    """Judge one case within its time; return the stream of its event or the reason of its refusal.

    Raises:
        Finding: it broke a rule, or its time.

    """
    before = signal.signal(signal.SIGVTALRM, _too_slow)
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu_s)
    try:
        answer = judge(acceptor, tried)
    except BrokenRule as broken:
        raise Finding(number, tried, str(broken)) from None
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        what = f"{type(error).__name__} at {' > '.join(where(error)[-4:])}"
        raise Finding(number, tried, what) from None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return answer.reason if isinstance(answer, Refusal) else answer.stream


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlowError
