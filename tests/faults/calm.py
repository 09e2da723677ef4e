"""The run that nothing disturbs: what every drill must end in."""

from typing import Any

from sijill.adapters import codec
from tests.faults import world
from tests.faults.drill import Drill
from tests.faults.stage import Ending, Stage
from tests.faults.verdicts import demand_hit
from tests.faults.wire import Wire

ANSWERED = 24
"""About how many notices the ministries of the world answer."""


def play(stage: Stage) -> Ending:
    """Let ministries answer what a calm hub tells them, and return what it ends in then.

    The stage's world holds the answers afterwards, and so do the source topics.
    """
    stage.prepare_world()
    with Drill(stage, "calm") as drill:
        drill.start_all()
        drill.settle()
        drill.wire.catch_up()
        answers = world.answers(_standing(drill.wire, seed=stage.seed))
        stage.publish_also(answers)
        ending = drill.finish(None)
    decided = [alert for alert in ending.alerts if alert[1] != "NONE"]
    demand_hit(decided, f"the world of seed {stage.seed} decides alerts")
    return ending


def _standing(wire: Wire, *, seed: int) -> list[dict[str, Any]]:
    """Return some of the notices that stand, in a settled order."""
    latest: dict[bytes | None, dict[str, Any]] = {}
    for seen in wire.records("notice"):
        latest[seen.key] = codec.decode("notice", seen.value or b"")[0]
    standing = sorted(
        (notice for notice in latest.values() if notice["state"] != "WITHDRAWN"),
        key=lambda notice: str(notice["notice_id"]),
    )
    demand_hit(standing, f"the world of seed {seed} sends notices")
    return standing[:: max(1, len(standing) // ANSWERED)]
