"""The database is lost and filled again, while the output topics live and readers go on."""

from collections.abc import Sequence

from tests.faults.drill import Drill
from tests.faults.processes import Fault
from tests.faults.stage import Ending, Stage


def rebuilt(stage: Stage, expected: Ending, *, points: Sequence[str]) -> Drill:
    """Lose the database in mid-load; the relay dies at each of these points of taking over.

    The reader sees no seam: no version again, none left out, no receipt or refusal twice.
    """
    stage.empty(keep_sources=False)
    with Drill(stage, "rebuilt") as drill:
        first, second = stage.world.slices(2)
        drill.publish(first)
        drill.start_all()
        drill.settle()
        drill.stop()
        drill.wire.catch_up()
        before = len(drill.wire.records("alert"))
        drill.hub.empty()
        drill.publish(second)
        drill.start("registrar")
        for point in points:
            drill.strike(drill.start("relay", fault=Fault(point)))
        drill.start("relay")
        drill.finish(expected)
        drill.evidence["alerts before and after"] = (before, len(drill.wire.records("alert")))
    return drill
