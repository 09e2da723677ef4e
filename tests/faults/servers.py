"""PostgreSQL and Kafka die under the hub's hands; registrar and relay outlive them."""

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from tests.faults.drill import Drill
from tests.faults.processes import Fault
from tests.faults.stage import Ending, Stage
from tests.faults.verdicts import demand_hit

LOST = {
    "registrar": "database connection lost",
    "relay": "starting again from what is written",
}
"""What a service says when it met the loss, and so proves that it did."""


def database(stage: Stage, expected: Ending, *, rounds: int) -> Drill:
    """Kill the whole server, or one of its backends, at moments that are known to be open.

    Each fault freezes a process at its point; the server dies and comes back, and the process
    goes on with what it has in hand.
    """
    stage.empty(keep_sources=False)
    blows = [
        ("registrar", "batch.committing", _kill_server),
        ("relay", "relay.numbered", _kill_server),
        ("registrar", "batch.written", _kill_backend),
        ("relay", "relay.published", _kill_server),
    ] * rounds
    with Drill(stage, "database") as drill:
        running = {name: drill.start(name) for name in LOST}
        for (service, point, strike), portion in zip(
            blows, stage.world.slices(len(blows)), strict=True
        ):
            drill.end(running[service])
            running[service] = drill.start(service, fault=Fault(point, 1, "freeze"))
            drill.publish(portion)
            drill.strike(running[service])
            strike(drill)
            running[service].thaw()
            drill.settle()
            demand_hit(running[service].says(LOST[service]), f"{point}: the loss is met")
        drill.finish(expected)
        drill.evidence["servers killed"] = len(blows)
    return drill


def lost_tail(stage: Stage, expected: Ending) -> Drill:
    """Let the database lose a batch that it had acknowledged; the registrar reads it again."""
    stage.empty(keep_sources=False)
    with Drill(stage, "lost-tail") as drill:
        first, second = stage.world.slices(2)
        drill.publish(first)
        with _nothing_written(drill):
            armed = drill.start("registrar", fault=Fault("registrar.committed", 1, "freeze"))
            drill.strike(armed)
            acknowledged = _reached(drill)
            _kill_server(drill)
        lost = acknowledged - _reached(drill)
        demand_hit(lost > 0, "the database loses what it had acknowledged")
        armed.thaw()
        drill.start("relay")
        drill.publish(second)
        drill.finish(expected)
        drill.evidence["lost offsets"] = lost
    return drill


def broker(stage: Stage, expected: Ending) -> Drill:
    """Kill the broker while the relay's records lie in it uncommitted, and bring it back."""
    stage.empty(keep_sources=False)
    with Drill(stage, "broker") as drill:
        first, second = stage.world.slices(2)
        drill.publish(first)
        drill.start("registrar")
        armed = drill.start("relay", fault=Fault("relay.publishing", 1, "freeze"))
        drill.strike(armed)
        stage.ground.kafka.kill()
        armed.thaw()
        stage.ground.kafka.start()
        drill.publish(second)
        drill.finish(expected)
    return drill


def _kill_server(drill: Drill) -> None:
    """End every process of the server at once, as a loss of power does, and start it again.

    Frozen first: a backend that outlives its postmaster for a moment writes its log on the way out.
    """
    processes = [pid for (pid,) in drill.hub.rows("SELECT pid FROM pg_stat_activity")]
    _send(processes, signal.SIGSTOP)
    drill.stage.ground.postgres.kill()
    _send(processes, signal.SIGKILL)
    drill.stage.ground.postgres.start()
    drill.hub.reconnect()


def _kill_backend(drill: Drill) -> None:
    """Kill the process that serves the frozen transaction: PostgreSQL then restarts them all."""
    found = drill.hub.rows(
        "SELECT DISTINCT pid FROM pg_locks WHERE relation = 'position'::regclass "
        "AND mode = 'RowShareLock' AND pid <> pg_backend_pid()"
    )
    demand_hit(found, "a transaction holds positions")
    _send((pid for (pid,) in found), signal.SIGKILL)
    drill.hub.reconnect()


def _reached(drill: Drill) -> int:
    ((offsets,),) = drill.hub.rows("SELECT coalesce(sum(next_offset), 0)::bigint FROM position")
    return int(offsets)


@contextmanager
def _nothing_written(drill: Drill) -> Iterator[None]:
    """Freeze the process that writes what nobody waits for: a crash in here surely loses it."""
    ((writer,),) = drill.hub.rows(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'"
    )
    os.kill(writer, signal.SIGSTOP)
    try:
        yield
    finally:
        _send([writer], signal.SIGCONT)


def _send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
