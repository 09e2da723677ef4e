"""Proofs of decisions: they meet their alert in any order and cover exactly what they saw."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from sijill.adapters.registry.state import unpack_overlap
from sijill.domain import alerts
from sijill.settings import Settings
from tests.services.story import AS_OF, Hub, enrollment, event, payment, person

ALI = "198012345678"
CARD = ("PASSPORT", "A1234567")


@pytest.fixture
def hub(clean_hub: Settings) -> Iterator[Hub]:
    """A hub whose day is fixed."""
    started = Hub(dataclasses.replace(clean_hub, as_of=AS_OF))
    yield started
    started.connection.close()


def overlap(hub: Hub) -> None:
    """Publish two enrollments that exclude each other."""
    hub.publish("molsa", enrollment("e1", "spn", person(ALI), household_number="H1"))
    hub.publish("pensions", enrollment("p1", "pension", person(ALI)))


def answer(hub: Hub, ministry: str, code: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    """Return a ministry's decision on the only alert, with the basis that its notice carries."""
    ((number, body),) = hub.rows("SELECT id, body FROM alert")
    key = hub.settings.hub_key
    common = {
        "status": "ISSUED",
        "notice_id": alerts.notice_id(key, ministry, number).hex(),
        "basis": alerts.basis(key, unpack_overlap(body)),
        "code": code,
    }
    return event("decision", f"d-{ministry}", **common | fields)


def test_contradicting_answers_are_disputed(hub: Hub) -> None:
    """Confirmed by one side and permitted by the other is disputed, never one of the two."""
    overlap(hub)

    with hub.registrar() as loop:
        hub.drain(loop)
        hub.publish("molsa", answer(hub, "molsa", "CONFIRMED"))
        hub.drain(loop)
        confirmed = hub.alerts()
        hub.publish("pensions", answer(hub, "pensions", "PERMITTED"))
        hub.drain(loop)

    assert [stage for _, stage in confirmed] == ["CONFIRMED"]
    assert [stage for _, stage in hub.alerts()] == ["DISPUTED"]


def test_decision_may_arrive_before_its_alert(hub: Hub) -> None:
    """An answer that is replayed before the facts gives the same state as one that came after."""
    overlap(hub)
    with hub.registrar() as loop:
        hub.drain(loop)
        decision = answer(hub, "molsa", "FALSE_MATCH")

    hub.empty()
    hub.renew_topics()
    with hub.registrar() as loop:
        hub.publish("molsa", decision)
        hub.drain(loop)
        overlap(hub)
        hub.drain(loop)

    assert [stage for _, stage in hub.alerts()] == ["FALSE_MATCH"]


def test_another_ministry_cannot_answer(hub: Hub) -> None:
    """A notice id answers only for the ministry to which the notice belongs."""
    overlap(hub)

    with hub.registrar() as loop:
        hub.drain(loop)
        stolen = answer(hub, "molsa", "FALSE_MATCH")
        hub.publish("wfp", stolen)
        hub.drain(loop)

    assert [stage for _, stage in hub.alerts()] == ["NONE"]


def test_new_evidence_reopens(hub: Hub) -> None:
    """A dismissal covers what it saw; a month more and the alert is open again."""
    hub.publish("pensions", enrollment("p1", "pension", person(ALI)))
    hub.publish("pensions", *(payment(n, "pension", person(ALI)) for n in "ab"))

    with hub.registrar() as loop:
        hub.drain(loop)
        hub.publish("pensions", answer(hub, "pensions", "DATA_ERROR"))
        hub.drain(loop)
        dismissed = hub.alerts()
        hub.publish("pensions", payment("c", "pension", person(ALI)))
        hub.drain(loop)

    assert [stage for _, stage in dismissed] == ["DATA_ERROR"]
    assert [stage for _, stage in hub.alerts()] == ["REOPENED"]


def test_hold_runs_out_on_its_day(hub: Hub) -> None:
    """An alert on hold until a day is open again on the day after, by due work alone."""
    overlap(hub)

    with hub.registrar() as loop:
        hub.drain(loop)
        hub.publish("molsa", answer(hub, "molsa", "ON_HOLD", until="2026-06-10"))
        hub.drain(loop)
        held = hub.alerts()
        hub.move_day(AS_OF + 10)
        hub.drain(loop)

    assert [stage for _, stage in held] == ["ON_HOLD"]
    assert [stage for _, stage in hub.alerts()] == ["REOPENED"]


def test_split_takes_alert_and_decision_along(hub: Hub) -> None:
    """A split ends the persons' decided alert; merged again, alert and decision are back."""
    hub.publish("molsa", enrollment("e1", "spn", person(ALI), household_number="H1"))
    hub.publish("pensions", enrollment("p1", "pension", person(ids=[CARD])))
    birth = {"status": "RECORDED", "kind": "BIRTH", "event_date": "1980-01-01"}
    joined = event("vital", "v1", 1, person=person(ALI, ids=[CARD]), **birth)
    apart = event("vital", "v1", 2, person=person(ALI), **birth)
    again = event("vital", "v1", 3, person=person(ALI, ids=[CARD]), **birth)

    with hub.registrar() as loop:
        hub.publish("interior", joined)
        hub.drain(loop)
        hub.publish("molsa", answer(hub, "molsa", "UNDER_REVIEW"))
        hub.drain(loop)
        merged = hub.alerts()
        hub.publish("interior", apart)
        hub.drain(loop)
        split = hub.alerts()
        hub.publish("interior", again)
        hub.drain(loop)

    assert [stage for _, stage in merged] == ["UNDER_REVIEW"]
    assert split == []
    assert hub.alerts() == merged
