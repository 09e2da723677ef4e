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


def book_changed(stage: Stage, expected: Ending, *, replayed: bool) -> Drill:
    """Activate another book in mid-load, and later the first one again: each leaves its own.

    With `replayed`, what the second book left is compared with a replay that reads its activation
    before any record.
    """
    files = rulebook.read(stage.settings.country)
    other = {name: text for name, text in files.items() if "paid-twice" not in name}
    stage.empty(keep_sources=False)
    with Drill(stage, "book") as drill:
        first, second = stage.world.slices(2)
        drill.publish(first)
        drill.start_all()
        drill.settle()
        drill.hub.activate(other, seq=2)
        drill.publish(second)
        changed = drill.finish(None)
        demand_hit(changed.digest != expected.digest, "the second book finds something else")
        if not replayed:
            return _back(drill, files, expected=expected)
    stage.empty(keep_sources=True)
    with Drill(stage, "book-replayed") as again:
        again.start_all()
        again.finish(changed)
        return _back(again, files, expected=expected)


def _back(drill: Drill, files: dict[str, bytes], *, expected: Ending) -> Drill:
    drill.hub.activate(files, seq=3)
    drill.start_all()
    drill.finish(expected)
    return drill
