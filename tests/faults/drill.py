"""One drill: an empty hub, its processes, a reader that reads throughout, and the demands."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from sijill.simulation.messages import Message
from tests.faults.processes import Fault, Process, wait_for
from tests.faults.stage import Ending, Stage, check_ending
from tests.faults.verdicts import Broken, demand, demand_hit
from tests.faults.wire import Wire
from tests.services.story import AS_OF

HIT_S = 60.0
"""A fault that has not hit by then will not."""

SETTLE_S = 180.0
"""A hub that has not caught up by then does not live: kill -9 costs a group session of 10 s."""


class Drill:
    """What a scenario does to the hub; leaving the context ends every process that it started."""

    def __init__(self, stage: Stage, name: str, *, as_of: int | None = AS_OF) -> None:
        self.stage, self.hub = stage, stage.hub
        self.evidence: dict[str, object] = {}
        self._folder = stage.folder / name
        self._as_of = as_of
        self._sent: int | None = None
        self.running: list[Process] = []
        self._open = ExitStack()
        self._folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        self.wire = self._open.enter_context(Wire(self.stage.settings, self.hub.book))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self.running:
            if process.status is None:
                process.kill()
        self._open.close()

    def start(
        self, service: str, *, fault: Fault | None = None, clock_shift_s: float = 0.0
    ) -> Process:
        """Start a service; it must then run until it is stopped or its fault strikes."""
        process = Process(
            service, self.stage.environment(as_of=self._as_of), self._folder,
            fault=fault, clock_shift_s=clock_shift_s,
        )  # fmt: skip
        self.running.append(process)
        return process

    def start_all(self) -> None:
        """Start a registrar and a relay."""
        self.start("registrar")
        self.start("relay")

    def release(self, process: Process) -> None:
        """Look no longer after a process, because it has ended as it should."""
        self.running.remove(process)

    def publish(self, messages: Sequence[Message], *, transactions: bool = True) -> None:
        """Publish messages, and count what the hub must account for."""
        aborted = self.stage.publish(messages, transactions=transactions)
        self._sent = (self._sent or 0) + len(messages)
        self.evidence["aborted"] = int(str(self.evidence.get("aborted", 0))) + aborted

    def end(self, process: Process) -> None:
        """End one process in order."""
        self.release(process)
        status = process.stop()
        demand(status == 0, f"a {process.service} ends in order: {process.last_words()}")

    def strike(self, process: Process) -> None:
        """Wait until the fault of this process has hit; Invalid when it does not."""

        def over() -> bool:
            self.look_after()
            return process.struck

        demand_hit(wait_for(over, seconds=HIT_S), f"{process.service}: {process.fault}")
        if process.fault is not None and process.fault.act == "kill":
            self.release(process)

    def await_(self, condition: Callable[[], object], promise: str, *, seconds: float) -> None:
        """Wait for a condition that must come true while nothing else ends by itself."""

        def over() -> object:
            self.look_after()
            return condition()

        demand(wait_for(over, seconds=seconds), f"{promise}, within {seconds:g} s")

    def look_after(self) -> None:
        """Demand that every process still runs, but for those that their fault has just killed."""
        for process in self.running:
            if process.status is not None and not process.struck:
                raise Broken(f"a {process.service} ended by itself: {process.last_words()}")

    def settle(self) -> None:
        """Wait until all that was published is applied, evaluated and on its topic."""
        self.await_(self.settled, "the hub catches up", seconds=SETTLE_S)

    def settled(self) -> bool:
        """Whether all that was published is applied, evaluated and on its topic."""
        return self.hub.settled() and self.hub.rows("SELECT count(*) FROM outbox") == [(0,)]

    def stop(self) -> None:
        """End every process in order."""
        for process in list(self.running):
            self.end(process)

    def finish(self, expected: Ending | None) -> Ending:
        """Settle, stop, and demand the ending that every run has."""
        started = time.monotonic()
        self.settle()
        self.evidence["settled_s"] = round(time.monotonic() - started, 1)
        self.stop()
        ending = check_ending(self.stage, self.wire, expected=expected, sent=self._sent)
        self.evidence["alerts"] = len(ending.alerts)
        return ending
