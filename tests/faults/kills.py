"""Kills at named points: a registrar and a relay die again and again while load comes in."""

from collections.abc import Callable, Sequence
from itertools import count
from random import Random

from sijill.adapters.faultpoint import POINTS
from sijill.domain import rulebook
from tests.faults.drill import HIT_S, Drill
from tests.faults.processes import Fault, Process, wait_for
from tests.faults.stage import Ending, Stage
from tests.faults.verdicts import demand_hit
from tests.services.story import AS_OF

DAYS_BEFORE = 45
"""The hub starts on an earlier day, so that the drill can move it and make work due."""

RELAY = tuple(point for point in POINTS if point.startswith("relay."))
TAKING_OVER = tuple(point for point in POINTS if point.startswith("recovery."))
"""Points that a relay passes only when the topics are another database's, in their order."""

REGISTRAR = tuple(point for point in POINTS if point not in (*RELAY, *TAKING_OVER))
BY_ACTIVATION = ("operations.committing", "due.committing")
"""Points that records never reach: an activation is read, and everything is evaluated again."""

BY_RECORDS = ("registrar.fetched", "batch.locked", "batch.committing", "registrar.committed")
"""Points that any load reaches."""

Stimulus = Callable[[], bool]


def kills(
    stage: Stage,
    expected: Ending,
    *,
    registrar: Sequence[Fault],
    relay: Sequence[Fault],
    beside: bool = False,
) -> Drill:
    """Strike with these faults, each in a life of its own, under load, and demand the calm ending.

    With `beside`, another registrar shares the partitions and lives. A fault that does not hit
    after everything is published makes the drill Invalid.
    """
    stage.empty(keep_sources=False)
    with Drill(stage, "kills", as_of=AS_OF - DAYS_BEFORE) as drill:
        load = Load(drill, portions=2 * len(registrar) + len(relay) + 8)
        lane = Lane(drill, "relay", relay)
        if beside:
            drill.start("registrar")
        for number, fault in enumerate(registrar):
            process = drill.start("registrar", fault=fault)
            _until_struck(drill, process, lane, load=load)
            if number == len(registrar) // 2:
                drill.hub.move_day(AS_OF)
        drill.start("registrar")
        while not lane.over:
            _until(drill, lane.turn, lane, load=load)
        load.rest()
        drill.finish(expected)
        drill.evidence["kills"] = len(registrar) + len(relay)
        if any(fault.point == "relay.publishing" for fault in relay):
            hidden = drill.wire.aborted("receipt") + drill.wire.aborted("person")
            demand_hit(hidden, "a killed relay leaves uncommitted records in the log")
            drill.evidence["uncommitted"] = hidden
    return drill


class Load:
    """The world in portions; each call publishes the next one."""

    def __init__(self, drill: Drill, *, portions: int) -> None:
        self._drill = drill
        self._portions = drill.stage.world.slices(portions)
        self._operations = count(2)

    def more(self, fault: Fault | None) -> bool:
        """Give the hub something to do that can reach the fault; False when nothing is left."""
        if fault is not None and fault.point in BY_ACTIVATION:
            files = rulebook.read(self._drill.stage.settings.country)
            self._drill.hub.activate(files, seq=next(self._operations))
            return True
        portion = next(self._portions, None)
        if portion is not None:
            self._drill.publish(portion)
        return portion is not None

    def rest(self) -> None:
        """Publish what is left."""
        for portion in self._portions:
            self._drill.publish(portion)


class Lane:
    """The lives of one service, each with the next fault; after the last one it runs unarmed."""

    def __init__(self, drill: Drill, service: str, faults: Sequence[Fault]) -> None:
        self._drill, self._service = drill, service
        self._left = list(faults)
        self._process = drill.start(service, fault=self._left[0] if self._left else None)

    @property
    def over(self) -> bool:
        """Whether every fault has hit."""
        return not self._left

    @property
    def fault(self) -> Fault | None:
        """The fault that is to hit next."""
        return self._left[0] if self._left else None

    def turn(self) -> bool:
        """Begin the next life when this one has ended by its fault; return whether it has."""
        if not self._left or not self._process.struck:
            return False
        self._drill.release(self._process)
        self._left.pop(0)
        self._process = self._drill.start(self._service, fault=self.fault)
        return True


def chosen(rng: Random, points: Sequence[str], *, rounds: int) -> list[Fault]:
    """Return a fault for each point, `rounds` times, in an order and on passages by chance."""
    faults = [
        Fault(point, 1 if point in ONCE else rng.choice((1, 1, 2)))
        for _ in range(rounds)
        for point in points
    ]
    rng.shuffle(faults)
    return faults


ONCE = ("source.assigned", "clusters.retried", "operations.committing", "relay.reigning")
"""Points that a life passes once or seldom."""


def _until_struck(drill: Drill, process: Process, lane: Lane, *, load: Load) -> None:
    _until(drill, lambda: process.struck, lane, load=load, fault=process.fault)
    drill.release(process)


def _until(
    drill: Drill,
    condition: Callable[[], bool],
    lane: Lane,
    *,
    load: Load,
    fault: Fault | None = None,
) -> None:
    """Feed the hub whenever it has nothing to do, until the condition holds; else Invalid."""
    exhausted = False

    def over() -> bool:
        nonlocal exhausted
        drill.look_after()
        if condition():
            return True
        if fault is not None:
            lane.turn()
        if drill.settled():
            exhausted = not load.more(fault)
        return exhausted

    hit = wait_for(over, seconds=HIT_S * 3, every_s=0.1) and not exhausted
    demand_hit(hit, str(fault or lane.fault))
