"""Proofs of the demonstration's verdict: what counts as a failure."""

from typing import Any

from sijill.cli.alert_feed import Alert
from sijill.cli.demo.verdict import Evidence, Verdict, judge
from sijill.cli.demo.watching import Alerts, Registry
from sijill.cli.lag import Account

LEFT, RIGHT = ["molsa", "enrollment", "A"], ["pensions", "enrollment", "B"]
ROSTER = ["molsa", "household", "H"]


def side(record: list[str]) -> dict[str, str]:
    """A side of an alert, as far as the verdict reads it."""
    return dict(zip(("ministry", "stream", "source_record_id"), record, strict=True))


def alert(*records: list[str], state: str = "RAISED") -> Alert:
    """An alert of the one rule in these tests, appended two seconds after its cause."""
    content: dict[str, Any] = {
        "alert_id": "a1", "state": state, "rule": "r", "caused_at": 1_000,
        "sides": [side(record) for record in records],
    }  # fmt: skip
    return Alert(content, 3_000)


def verdict(
    *found: Alert, total: Account, quarantine: dict[str, int] | None = None, stored: str = "a1"
) -> Verdict:
    """The verdict where one overlap of LEFT and RIGHT was planted in three events."""
    alerts = Alerts()
    alerts.take(found)
    truth = {
        "overlaps": [{"rule": "r", "records": [LEFT, RIGHT], "story": "s"}],
        "near_misses": [],
        "counts": {
            "published": 3, "applied": 2, "duplicates": 0, "superseded": 0,
            "refused": {"BAD_FRAME": 1},
        },
    }  # fmt: skip
    return judge(
        Evidence(
            truth=truth,
            by_topic={},
            total=total,
            quarantine=quarantine or {"BAD_FRAME": 1},
            alerts=alerts,
            open_in_registry=frozenset({stored} if stored else ()),
            registry=Registry(0, 0, 0, 0),
            seconds=2.0,
        )
    )


GOOD = Account(2, 0, 0, 1, 1, 0, 4)


def test_all_well() -> None:
    """All accounted and all found is no failure; latency is append time minus cause."""
    judged = verdict(alert(LEFT, RIGHT), total=GOOD)

    assert judged.failures == []
    assert judged.figures["alert_latency_p99_s"] == 2.0
    assert judged.figures["events_per_second"] == 1.5


def test_rosters_do_not_count() -> None:
    """A roster in the evidence says who belongs together; the overlap is the same without it."""
    assert verdict(alert(LEFT, RIGHT, ROSTER), total=GOOD).failures == []


def test_missed_and_extra() -> None:
    """An alert on other records is extra, and the planted overlap is missed."""
    judged = verdict(alert(LEFT, LEFT), total=GOOD)

    assert (judged.figures["missed"], judged.figures["extra"]) == (1, 1)
    assert len(judged.failures) == 2


def test_withdrawn_is_missed() -> None:
    """An alert that was raised and withdrawn does not find its overlap."""
    judged = verdict(
        alert(LEFT, RIGHT), alert(LEFT, RIGHT, state="WITHDRAWN"), total=GOOD, stored=""
    )

    assert (judged.figures["missed"], judged.figures["alerts_withdrawn"]) == (1, 1)


def test_unaccounted() -> None:
    """An event without an outcome is a failure, and so is one that was counted twice."""
    lost = verdict(alert(LEFT, RIGHT), total=Account(1, 0, 0, 1, 2, 0, 4))
    twice = verdict(alert(LEFT, RIGHT), total=Account(3, 0, 0, 1, 0, 0, 4))

    assert (lost.figures["unaccounted"], twice.figures["unaccounted"]) == (1, -1)
    assert lost.failures
    assert twice.failures


def test_wrong_reason() -> None:
    """A record refused for another reason than its breakage is a failure."""
    judged = verdict(alert(LEFT, RIGHT), total=GOOD, quarantine={"BAD_DATE": 1})

    assert judged.failures == [
        "quarantined BAD_DATE: 1 instead of 0.",
        "quarantined BAD_FRAME: 0 instead of 1.",
    ]


def test_lost_on_the_way() -> None:
    """An alert that stands open in the registry and not on the topic is lost."""
    judged = verdict(alert(LEFT, RIGHT), total=GOOD, stored="a2")

    assert judged.failures == ["2 alerts differ between registry and topic."]
