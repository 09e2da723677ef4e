"""Proofs of the registrar: every event has one outcome, and the alerts follow from the facts."""

import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sijill.adapters import kafka
from sijill.adapters.ground import Ground
from sijill.adapters.registry.digest import WorkDueError, digest
from sijill.domain import rulebook
from sijill.settings import Settings
from tests.services.story import AS_OF, Hub, enrollment, event, payment, person

ALI = "198012345678"
SARA = "198587654321"
FETCHED_S = 1.0
"""Enough for the client to hold what was published, so that the next step takes it."""


@pytest.fixture
def hub(clean_hub: Settings) -> Iterator[Hub]:
    """A hub whose day is fixed."""
    started = Hub(dataclasses.replace(clean_hub, as_of=AS_OF))
    yield started
    started.connection.close()


def test_incompatible_programmes_raise_one_alert(hub: Hub) -> None:
    """Two enrollments that exclude each other raise an alert, and an exit withdraws it."""
    hub.publish("molsa", enrollment("e1", "spn", person(ALI), household_number="H1"))
    hub.publish("pensions", enrollment("p1", "pension", person(ALI)))

    with hub.registrar() as loop:
        hub.drain(loop)
        raised = hub.alerts()
        hub.publish(
            "pensions", enrollment("p1", "pension", person(ALI), source_seq=2, status="VOID")
        )
        hub.drain(loop)

    assert len(raised) == 1
    assert hub.alerts() == []


def test_outcomes_are_counted_once(hub: Hub) -> None:
    """A repeat is a duplicate, an older version superseded, a second content disputed."""
    first = enrollment("e1", "spn", person(ALI), source_seq=2)
    older = enrollment("e1", "spn", person(ALI), source_seq=1)
    rival = enrollment("e1", "spn", person(ALI), source_seq=2, enrolled_from="2026-02-01")
    hub.publish("molsa", first, first, older, rival)

    hub.run()

    assert hub.outcomes() == {
        "applied": 1, "duplicate": 1, "superseded": 1, "quarantined": 1, "void": 0,
    }  # fmt: skip
    assert hub.rows("SELECT reason FROM quarantine") == [("DISPUTED",)]


def test_refused_record_is_kept_and_sent_back(hub: Hub) -> None:
    """What cannot be read is counted as quarantined, kept byte for byte, and told to its sender."""
    producer = kafka.producer(hub.settings)
    producer.produce("sijill.molsa.enrollment.v1", b"rubbish", partition=0)
    assert producer.flush(30) == 0

    hub.run()

    assert hub.outcomes() == {
        "applied": 0, "duplicate": 0, "superseded": 0, "quarantined": 1, "void": 0,
    }  # fmt: skip
    assert hub.rows("SELECT value FROM quarantine") == [(b"rubbish",)]
    sent_back = "SELECT value FROM outbox WHERE topic = 'sijill.rejected.molsa.v1'"
    assert hub.rows(sent_back) == [(b"rubbish",)]


def test_late_identifier_merges_and_its_correction_splits(hub: Hub) -> None:
    """A record that links two persons merges them; corrected, it splits them and the alert goes."""
    card = ("PASSPORT", "A1234567")
    hub.publish("molsa", enrollment("e1", "spn", person(ALI)))
    hub.publish("pensions", enrollment("p1", "pension", person(ids=[card])))

    with hub.registrar() as loop:
        hub.drain(loop)
        apart = (hub.alerts(), hub.rows("SELECT count(*) FROM person"))
        link = event("vital", "v1", status="RECORDED", kind="BIRTH", event_date="1980-01-01")
        both = {**link[1], "person": person(ALI, ids=[card])}
        hub.publish("interior", ("vital", both))
        hub.drain(loop)
        merged = (len(hub.alerts()), hub.rows("SELECT count(*) FROM person"))
        corrected = {**both, "source_seq": 2, "event_id": "v1/2", "person": person(ALI)}
        hub.publish("interior", ("vital", corrected))
        hub.drain(loop)

    assert apart == ([], [(2,)])
    assert merged == (1, [(1,)])
    assert (hub.alerts(), hub.rows("SELECT count(*) FROM person")) == apart


def test_spouse_salary_beside_household_benefit(hub: Hub) -> None:
    """A public salary of the spouse raises an alert at the household; a divorce in time ends it."""
    hub.publish("molsa", enrollment("e1", "spn", person(ALI), household_number="H1"))
    roster = event(
        "household", "h1", status="ACTIVE", roster="spn-family", household_number="H1",
        lines=[
            {"line_id": "1", "person": person(ALI), "role": "HEAD", "member_from": "2020-01-01"},
            {"line_id": "2", "person": person(SARA), "role": "SPOUSE",
             "member_from": "2020-01-01"},
        ],
    )  # fmt: skip
    hub.publish("molsa", roster)
    salary = event(
        "income", "s1", status="ACTIVE", kind="PUBLIC_SALARY", person=person(SARA),
        income_from="2026-02-01",
        amounts=[{"amount_from": "2026-02-01", "amount": 900_000, "currency": "IQD"}],
    )  # fmt: skip
    hub.publish("finance", salary)

    with hub.registrar() as loop:
        hub.drain(loop)
        raised = hub.alerts()
        lines = roster[1]["lines"]
        divorced = {**lines[1], "member_through": "2026-01-15"}
        hub.publish(
            "molsa",
            ("household", {**roster[1], "source_seq": 2, "lines": [lines[0], divorced]}),
        )
        hub.drain(loop)

    assert len(raised) == 1
    assert hub.alerts() == []


def test_paid_twice_for_one_period(hub: Hub) -> None:
    """Two payments of one class for one period raise an alert; a reversal withdraws it."""
    hub.publish("pensions", enrollment("p1", "pension", person(ALI)))
    hub.publish("pensions", payment("a", "pension", person(ALI)))
    hub.publish("pensions", payment("b", "pension", person(ALI)))

    with hub.registrar() as loop:
        hub.drain(loop)
        raised = hub.alerts()
        hub.publish(
            "pensions", payment("b", "pension", person(ALI), source_seq=2, status="REVERSED")
        )
        hub.drain(loop)

    assert len(raised) == 1
    assert hub.alerts() == []


def test_payment_after_death_and_annulled_death(hub: Hub) -> None:
    """A payment for a period after the death raises an alert; an annulled death withdraws it."""
    hub.publish("pensions", enrollment("p1", "pension", person(ALI)))
    hub.publish("pensions", payment("a", "pension", person(ALI), month="2026-05"))
    death = event(
        "vital", "d1", status="RECORDED", kind="DEATH", event_date="2026-01-10", person=person(ALI)
    )
    hub.publish("interior", death)

    with hub.registrar() as loop:
        hub.drain(loop)
        raised = hub.alerts()
        hub.publish("interior", ("vital", {**death[1], "source_seq": 2, "status": "VOID"}))
        hub.drain(loop)

    assert len(raised) == 1
    assert hub.alerts() == []


def test_settling_delay_ends_by_due_work(hub: Hub) -> None:
    """A finding that still settles is raised on its day by due work, and follows a split."""
    birth: dict[str, Any] = {"status": "RECORDED", "kind": "BIRTH", "event_date": "1980-01-01"}
    card = ("PASSPORT", "A1234567")
    hub.publish("interior", event("vital", "v1", person=person(ALI, ids=[card]), **birth))
    hub.publish("pensions", enrollment("p1", "pension", person(ids=[card])))
    hub.publish("pensions", payment("a", "pension", person(ids=[card]), month="2026-06"))
    death: dict[str, Any] = {"status": "RECORDED", "kind": "DEATH", "event_date": "2026-01-10"}
    hub.publish("interior", event("vital", "d1", person=person(ALI), **death))

    with hub.registrar() as loop:
        hub.drain(loop)
        waiting = (hub.alerts(), next_changes(hub))
        hub.publish("interior", event("vital", "v1", 2, person=person(ALI), **birth))
        hub.drain(loop)
        split = next_changes(hub)
        hub.publish("interior", event("vital", "v1", 3, person=person(ALI, ids=[card]), **birth))
        hub.drain(loop)
        hub.move_day(AS_OF + 20)
        hub.drain(loop)

    assert waiting == ([], 1)
    assert split == 0
    assert len(hub.alerts()) == 1


def next_changes(hub: Hub) -> int:
    """Return how many clusters wait for a day on which a finding of theirs may be raised."""
    ((count,),) = hub.rows("SELECT count(*) FROM cluster WHERE next_change < 2147483647")
    return int(count)


def test_quarantine_is_offered_again_under_another_schema_lock(hub: Hub) -> None:
    """A record that an older lock refused becomes an event, at once and counted only once."""
    hub.publish("molsa", enrollment("e1", "spn", person(ALI)))
    hub.publish("pensions", enrollment("p1", "pension", person(ALI)))
    hub.run()
    before = (hub.alerts(), hub.outcomes(), digest(hub.connection))
    hub.refuse_all("an older lock")
    with pytest.raises(WorkDueError):
        digest(hub.connection)

    hub.run()

    assert (hub.alerts(), hub.outcomes(), digest(hub.connection)) == before
    assert hub.rows("SELECT status, count(*) FROM quarantine GROUP BY 1") == [("released", 2)]


def test_killed_database_loses_and_doubles_nothing(hub: Hub, ground: Ground) -> None:
    """After the database was killed, the registrar reads from what survived and goes on."""
    hub.publish("molsa", enrollment("e1", "spn", person(ALI)))

    with hub.registrar() as loop:
        hub.drain(loop)
        ground.postgres.kill()
        ground.postgres.start()
        hub.reconnect()
        hub.publish("pensions", enrollment("p1", "pension", person(ALI)))
        hub.activate(rulebook.read("iraq"), seq=2)
        time.sleep(FETCHED_S)
        hub.drain(loop)

    assert len(hub.alerts()) == 1
    assert hub.outcomes()["applied"] == 2
    assert hub.rows("SELECT book_seq FROM hub") == [(2,)]


def test_book_that_cannot_be_read_is_quarantined(hub: Hub) -> None:
    """An activation with a broken book is refused; the registrars go on under the old one."""
    with hub.registrar() as loop:
        hub.activate({"book.toml": b"no book"}, seq=2)
        hub.publish("molsa", enrollment("e1", "spn", person(ALI)))
        hub.drain(loop)

    assert hub.rows("SELECT reason FROM quarantine") == [("BAD_BOOK",)]
    assert hub.rows("SELECT book_seq FROM hub") == [(1,)]
    assert hub.outcomes()["applied"] == 1


def test_lag_is_what_is_not_read_yet(hub: Hub) -> None:
    """A registrar that has caught up shows no lag for any of its partitions."""
    hub.publish("molsa", enrollment("e1", "spn", person(ALI)))

    with hub.registrar() as loop:
        hub.drain(loop)
        lags = loop.lag()

    assert set(lags.values()) == {0}
