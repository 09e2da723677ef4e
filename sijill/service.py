"""What every process shares: the loop, its signals, its health, its metrics port and its log.

A service is an object with `step`, which does one bounded piece of work and says whether there
was any, and `close`. Health is progress: a process whose step does not return is not alive.
"""

import gc
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from types import FrameType
from typing import Protocol

from sijill.adapters import clock, faultpoint, metrics
from sijill.adapters.halt import HaltError, where
from sijill.settings import Settings

IDLE_S = 0.01
COLLECT_EVERY_S = 30.0
"""How often cycles are looked for. Batches make none, and a collector that runs by the number of
new objects walks through every batch again and again, for a third of a registrar's time."""

STALLED_AFTER_S = 60.0

EXIT_DONE = 0
EXIT_CRASHED = 1
EXIT_HALTED = 3
"""A named stop: starting again does not help until a person has looked."""
EXIT_NOW = 130

LOG_FIELDS = frozenset((
    "topic", "partition", "offset", "number", "records", "seconds", "attempt", "port", "status",
    "reason", "kind", "rule", "state", "sqlstate", "error", "text", "where",
))  # fmt: skip
"""What a log line may hold beside its time, level, logger and event; all else is left out."""

LOG = logging.getLogger("sijill.service")


class Loop(Protocol):
    """A service as the loop sees it."""

    def step(self) -> bool:
        """Do one bounded piece of work; False when there was none. It may wait a little."""
        ...

    def close(self) -> None:
        """Give back what is held; called once, after the last step."""
        ...


class JsonLines(logging.Formatter):
    """One JSON object a line, UTC, with no field that is not on the list.

    The event is the message as written in the code: arguments are not put into it, because they
    may quote data. So all that varies goes through `extra`.
    """

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "event": str(record.msg),
        }
        line |= {k: v for k, v in record.__dict__.items() if k in LOG_FIELDS}
        return json.dumps(line, ensure_ascii=True, default=lambda value: type(value).__name__)


class Health:
    """Whether the loop turns, as told by the time of its last turn."""

    def __init__(self, stalled_after_s: float) -> None:
        self._limit_s = stalled_after_s
        self._turned = time.monotonic()
        self._began = False

    def turned(self) -> None:
        """Note that a step has returned."""
        self._turned = time.monotonic()
        self._began = True

    def live(self) -> bool:
        """Whether a step has returned recently enough; a start counts as one."""
        return time.monotonic() - self._turned < self._limit_s

    def ready(self) -> bool:
        """Whether it is live and has done at least one step."""
        return self._began and self.live()


def run(
    name: str,
    make_loop: Callable[[Settings], Loop],
    settings: Settings,
    *,
    stalled_after_s: float = STALLED_AFTER_S,
) -> int:
    """Run a service until SIGTERM or SIGINT, and return its exit status.

    The first signal lets the current step end, then closes the loop and returns 0; the second
    one ends the process at once. A named stop returns 3, any other error 1; both are logged,
    the latter without its text, which may quote data. To be called from the main thread.
    """
    _log_to_stderr(name)
    stop = _stop_on_signal()
    health = Health(stalled_after_s)
    server = metrics.serve(
        settings.metrics_port, host=settings.metrics_host, live=health.live, ready=health.ready
    )
    metrics.put("build_info", 1, service=name, version=version("sijill"))
    LOG.info("starting", extra={"port": server.port})
    if faultpoint.armed():
        LOG.warning("a fault is armed", extra={"reason": faultpoint.VARIABLE})
    try:
        loop = make_loop(settings)
        try:
            _turn(loop, stop, health=health)
        finally:
            loop.close()
    except HaltError as halt:
        LOG.critical("halted", extra={"error": type(halt).__name__, "text": str(halt)})
        return EXIT_HALTED
    except Exception as error:  # noqa: BLE001 - the last place where it can be told
        LOG.critical("crashed", extra={"error": type(error).__name__, "where": where(error)})
        return EXIT_CRASHED
    finally:
        server.close()
    LOG.info("stopped")
    return EXIT_DONE


def _turn(loop: Loop, stop: threading.Event, *, health: Health) -> None:
    gc.collect()
    gc.freeze()
    gc.disable()
    collected = time.monotonic()
    while not stop.is_set():
        started = time.monotonic()
        worked = loop.step()
        health.turned()
        state = "work" if worked else "idle"
        metrics.add("steps_total", worked=state)
        metrics.add("loop_seconds_total", time.monotonic() - started, state=state)
        metrics.put("last_step_timestamp_seconds", clock.now_s())
        if time.monotonic() - collected > COLLECT_EVERY_S:
            gc.collect()
            collected = time.monotonic()
        if not worked:
            stop.wait(IDLE_S)


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()

    def on_signal(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(EXIT_NOW)
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return stop


def _log_to_stderr(name: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(name))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
