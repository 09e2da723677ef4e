"""A source topic is deleted and made again: the registrar stops by name, and loses nothing."""

from sijill import topics
from sijill.adapters import kafka
from sijill.service import EXIT_HALTED
from tests.broker import delete_topics
from tests.faults.drill import Drill
from tests.faults.processes import Process, wait_for
from tests.faults.stage import Ending, Stage
from tests.faults.verdicts import demand

STREAM = "payment"
STOPPED_S = 120.0
NAMED = ("TopicRecreatedError", "LogRangeError", "RecordChangedError")


def topic_made_again(stage: Stage, expected: Ending, *, running: bool) -> Drill:
    """Make a topic again, with as many records; nobody may read it as if it were the old one.

    `running` does it under a registrar's hands; otherwise while none runs.
    """
    stage.prepare_world()
    with Drill(stage, f"made-again-{running}") as drill:
        drill.start_all()
        drill.settle()
        accounts = drill.hub.rows(ACCOUNTS)
        if not running:
            drill.stop()
        topic = topics.name("source", "molsa", STREAM)
        delete_topics(stage.settings.kafka_bootstrap, only={topic})
        topics.apply(kafka.admin(stage.settings), drill.hub.book)
        # Filled again, so that every offset looks as if it were known.
        stage.publish([m for m in stage.world.messages if m.topic == topic], transactions=False)
        registrars = [p for p in drill.running if p.service == "registrar"]
        _until_halted(drill, registrars)
        demand(drill.hub.rows(ACCOUNTS) == accounts, "the accounts are what they were")
        ending = stage.ending()
        demand(ending == expected, "the registry is what it was")
        drill.stop()
    return drill


ACCOUNTS = "SELECT * FROM position ORDER BY topic, partition"


def _until_halted(drill: Drill, registrars: list[Process]) -> None:
    """Start registrars as an operator's supervisor does, until one stops by name."""
    for process in registrars:
        drill.release(process)
        wait_for(lambda process=process: process.status is not None, seconds=5)  # type: ignore[misc]
        process.stop()
    last = drill.start("registrar")
    drill.release(last)
    halted = wait_for(lambda: last.status is not None, seconds=STOPPED_S)
    demand(halted and last.status == EXIT_HALTED, "a registrar halts at a topic made again")
    named = [name for name in NAMED if last.says(name)]
    demand(named, "the halt is named")
    drill.evidence["halted by"] = named[0]
