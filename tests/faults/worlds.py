"""The same events told otherwise: in another order, again, in transactions, by wrong clocks."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sijill.domain import rulebook
from tests.faults.drill import Drill
from tests.faults.stage import Ending, Stage
from tests.faults.verdicts import demand, demand_hit
from tests.services.story import AS_OF

SKEW_S = 300.0


def replay(stage: Stage, expected: Ending) -> Drill:
    """Fill an empty database again from the topics, by two registrars at once."""
    stage.prepare_world()
    with Drill(stage, "replay") as drill:
        drill.start("registrar")
        drill.start_all()
        drill.finish(expected)
    return drill


def thrice(stage: Stage, expected: Ending) -> Drill:
    """Everything three times, in another order, and without transactions."""
    stage.empty(keep_sources=False)
    with Drill(stage, "thrice") as drill:
        drill.publish(stage.world.shuffled_thrice, transactions=False)
        drill.start_all()
        drill.finish(expected)
    return drill


def aborts(stage: Stage, expected: Ending) -> Drill:
    """Ministries publish in transactions and abort some, while the hub reads."""
    stage.empty(keep_sources=False)
    with Drill(stage, "aborts") as drill:
        drill.start_all()
        for portion in stage.world.slices(6):
            drill.publish(portion)
        drill.finish(expected)
        demand_hit(drill.evidence["aborted"], "transactions are aborted")
        ((void,),) = drill.hub.rows("SELECT sum(void)::bigint FROM position")
        demand(void > 0, "aborted offsets are counted as void")
        drill.evidence["void offsets"] = void
    return drill


def clocks(stage: Stage, expected: Ending) -> Drill:
    """Two registrars whose clocks are ten minutes apart, with midnight between them.

    The hub's day is the later one's, it never goes back, and nothing else depends on a clock.
    """
    stage.prepare_world()
    midnight = datetime.combine(
        datetime.fromordinal(AS_OF), time(), ZoneInfo(stage.hub.book.time_zone)
    )
    middle_s = (midnight - datetime.now(UTC) - timedelta(seconds=60)).total_seconds()
    with Drill(stage, "clocks", as_of=None) as drill:
        late = drill.start("registrar", clock_shift_s=middle_s - SKEW_S)
        drill.await_(lambda: drill.hub.rows(DAY), "a registrar binds the hub", seconds=60)
        demand_hit(drill.hub.rows(DAY) == [(AS_OF - 1,)], "the late clock shows the day before")
        drill.start("relay", clock_shift_s=middle_s - SKEW_S)
        drill.start("registrar", clock_shift_s=middle_s + SKEW_S)
        drill.await_(lambda: drill.hub.rows(DAY) == [(AS_OF,)], "the day moves", seconds=60)
        drill.settle()
        demand_hit(late.status is None, "the late registrar still runs")
        drill.finish(expected)
        demand(drill.hub.rows(DAY) == [(AS_OF,)], "the day does not go back")
    return drill


DAY = "SELECT as_of FROM hub"


def book_changed(stage: Stage, expected: Ending) -> Drill:
    """Activate another book in mid-load, and the first one again; each leaves what it alone would.

    What the second book alone leaves is seen by a replay that reads both activations first.
    """
    files = rulebook.read(stage.settings.country)
    other = {name: text for name, text in files.items() if name != _dropped(files)}
    stage.empty(keep_sources=False)
    with Drill(stage, "book") as drill:
        first, second, third = stage.world.slices(3)
        drill.publish(first)
        drill.start_all()
        drill.settle()
        drill.hub.activate(other, seq=2)
        drill.publish(second)
        drill.publish(third)
        changed = drill.finish(None)
    demand_hit(changed.digest != expected.digest, "the second book finds something else")
    stage.empty(keep_sources=True)
    with Drill(stage, "book-replayed") as again:
        again.start_all()
        again.finish(changed)
        again.hub.activate(files, seq=3)
        again.start_all()
        again.finish(expected)
        again.evidence["alerts under the second book"] = len(changed.alerts)
    return again


def _dropped(files: dict[str, bytes]) -> str:
    """Return the name of the rule that the second book is without."""
    return next(name for name in sorted(files) if "paid-twice" in name)
