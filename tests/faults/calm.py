"""The run that nothing disturbs: what every drill must end in."""

from typing import Any

from sijill.adapters import codec
from tests.faults.drill import Drill
from tests.faults.stage import Ending, Stage
from tests.faults.verdicts import demand_hit
from tests.faults.wire import Wire
from tests.faults.world import World

ANSWERED = 24
"""About how many notices the ministries of the world answer."""


def play(stage: Stage) -> Ending:
    """Let ministries answer what a first hub tells them, and return what a calm hub ends in then.

    The stage's world holds the answers afterwards, and the source topics hold the world.
    """
    stage.prepare_world()
    with Drill(stage, "first") as drill:
        drill.start_all()
        drill.settle()
        drill.stop()
        drill.wire.catch_up()
        stage.world = _answered(stage.world, drill.wire)
    stage.prepare_world()
    with Drill(stage, "calm") as drill:
        drill.start_all()
        ending = drill.finish(None)
    decided = [alert for alert in ending.alerts if alert[1] != "NONE"]
    demand_hit(decided, f"the world of seed {stage.seed} decides alerts")
    return ending


def _answered(world: World, wire: Wire) -> World:
    latest: dict[bytes | None, dict[str, Any]] = {}
    for seen in wire.records("notice"):
        latest[seen.key] = codec.decode("notice", seen.value or b"")[0]
    standing = sorted(
        (notice for notice in latest.values() if notice["state"] != "WITHDRAWN"),
        key=lambda notice: str(notice["notice_id"]),
    )
    demand_hit(standing, f"the world of seed {world.seed} sends notices")
    every = max(1, len(standing) // ANSWERED)
    return world.with_answers(standing[::every])
