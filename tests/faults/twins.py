"""Several registrars and relays at once: one dies, or sleeps while another takes its place."""

from confluent_kafka.admin import AdminClient

from sijill.adapters import kafka
from sijill.adapters.source import GROUP
from tests.faults.drill import Drill
from tests.faults.processes import Fault, Process
from tests.faults.stage import Ending, Stage
from tests.faults.verdicts import demand

MOVED_S = 60.0
"""The group gives a dead member's partitions away after 10 s without a heartbeat."""

ASLEEP_S = 120.0
"""PostgreSQL ends a transaction whose client is silent for 60 s, and a relay's after 20 s."""


def two_registrars(stage: Stage, expected: Ending) -> Drill:
    """Two registrars share the partitions; one is killed in its transaction, a third joins."""
    stage.empty(keep_sources=False)
    with Drill(stage, "two-registrars") as drill:
        first, second, third = stage.world.slices(3)
        drill.publish(first)
        drill.start_all()
        drill.settle()
        armed = drill.start("registrar", fault=Fault("batch.committing"))
        drill.await_(lambda: len(shares(drill)) == 2, "two registrars share", seconds=MOVED_S)
        drill.publish(second)
        drill.strike(armed)
        drill.start("registrar")
        drill.publish(third)
        drill.await_(lambda: len(shares(drill)) == 2, "a third one joins", seconds=MOVED_S)
        drill.finish(expected)
    return drill


def sleeping_registrar(stage: Stage, expected: Ending, *, point: str) -> Drill:
    """A registrar sleeps with a batch in hand until another one has applied it, then wakes."""
    stage.prepare_world()
    with Drill(stage, f"sleeping-{point}") as drill:
        drill.start("relay")
        sleeper = drill.start("registrar", fault=Fault(point, 1, "freeze"))
        drill.strike(sleeper)
        drill.start("registrar")
        drill.await_(drill.settled, "another registrar takes over", seconds=MOVED_S + ASLEEP_S)
        before = stage.ending()
        sleeper.thaw()
        _refused_registrar(drill, sleeper)
        demand(stage.ending() == before, "a registrar that wakes up has no effect")
        drill.finish(expected)
    return drill


def sleeping_relay(stage: Stage, expected: Ending, *, point: str) -> Drill:
    """A relay sleeps with a batch in hand until another one has published it, then wakes."""
    stage.prepare_world()
    with Drill(stage, f"sleeping-{point}") as drill:
        drill.start("registrar")
        sleeper = drill.start("relay", fault=Fault(point, 1, "freeze"))
        drill.strike(sleeper)
        drill.start("relay")
        drill.await_(drill.settled, "another relay takes over", seconds=ASLEEP_S)
        drill.wire.catch_up()
        before = len(drill.wire.records("alert"))
        sleeper.thaw()
        _refused_relay(drill, sleeper)
        drill.wire.catch_up()
        demand(len(drill.wire.records("alert")) == before, "a relay that wakes up says nothing")
        drill.finish(expected)
    return drill


def _refused_registrar(drill: Drill, sleeper: Process) -> None:
    """Wait until the registrar that woke up has met its fence: the position, or a lost session."""
    words = ("records below the position are dropped", "database connection lost")
    drill.await_(
        lambda: any(sleeper.says(word) for word in words),
        "the log of a registrar that wakes up shows that it was refused",
        seconds=MOVED_S,
    )
    drill.evidence["woke up to"] = next(word for word in words if sleeper.says(word))


def _refused_relay(drill: Drill, sleeper: Process) -> None:
    """Wait until the relay that woke up has met a fence; it ends then, to start as a stand-in."""
    drill.release(sleeper)
    drill.await_(
        lambda: sleeper.status is not None or sleeper.says("starting again"),
        "a relay that wakes up meets a fence",
        seconds=MOVED_S,
    )
    sleeper.stop()
    fences = [word for word in ("FencedError", "starting again") if sleeper.says(word)]
    demand(fences, "the log of a relay that wakes up shows that it was refused")
    drill.evidence["woke up to"] = fences[0]


def shares(drill: Drill) -> list[int]:
    """Return how many partitions the members of the registrars' group have, if any."""
    admin: AdminClient = kafka.admin(drill.stage.settings)
    (future,) = admin.describe_consumer_groups([GROUP]).values()
    members = future.result(10).members
    return [n for m in members if (n := len(m.assignment.topic_partitions))]
