"""Proofs of `sijill explain` and its audit on a real hub: found by any name, told whole, logged."""

import dataclasses
import json
from collections.abc import Iterator

import psycopg
import pytest

from sijill import audit
from sijill.domain import alerts, explain
from sijill.settings import Settings
from tests.services.story import AS_OF, Hub, enrollment, event, payment, person
from tests.services.test_decisions import answer

ALI = "198012345678"
SARA = "198587654321"


@pytest.fixture
def hub(clean_hub: Settings) -> Iterator[Hub]:
    """A hub whose day is fixed."""
    started = Hub(dataclasses.replace(clean_hub, as_of=AS_OF))
    yield started
    started.connection.close()


def test_alert_is_explained_by_any_of_its_names(hub: Hub) -> None:
    """A prefix, a notice id: one alert, its facts as published, its decision, its history."""
    hub.publish("molsa", enrollment("e1", "spn", person(ALI)))
    hub.publish("pensions", enrollment("p1", "pension", person(ALI), enrolled_from="2026-03-01"))
    with hub.registrar() as loop:
        hub.drain(loop)
        hub.publish("molsa", answer(hub, "molsa", "ON_HOLD", until="2026-06-10", note="soon"))
        hub.drain(loop)
        hub.publish("molsa", payment("m1", "spn", person(ALI)))
        hub.drain(loop)
    ((number,),) = hub.rows("SELECT id FROM alert")
    notice = alerts.notice_id(hub.settings.hub_key, "pensions", number)

    told = json.loads(hub.command("explain", number.hex()[:6], "--json")[0])
    by_notice = json.loads(hub.command("explain", notice.hex(), "--json")[0])
    arabic, logged = hub.command("explain", number.hex().upper(), "--lang", "ar")

    assert by_notice == told
    assert told["alert"] == number.hex()
    assert [(f["record_id"], f["event_id"], f["counted"]) for f in told["facts"]] == [
        ("e1", "e1/1", False), ("p1", "p1/1", False), ("m1", "m1/1", True),
    ]  # fmt: skip
    assert told["facts"][0]["occurred_at"] == "2026-01-01T12:00:00.000Z"
    assert told["ends"][0]["text"] == "an exit of the enrollment e1 dated before 1 March 2026"
    assert [revision["state"] for revision in told["history"]] == ["RAISED", "DECIDED", "REOPENED"]
    assert [(d["code"], d["note"], d["covers"]) for d in told["decisions"]] == [
        ("ON_HOLD", "soon", False)
    ]
    assert told["next_change"] == "2026-07-01"
    assert explain.code("e1", "ar") in arabic
    assert "٣" in logged


def test_household_alert_is_explained(hub: Hub) -> None:
    """An alert that was found in a household is explained from everyone in it."""
    hub.publish("molsa", enrollment("e1", "spn", person(ALI), household_number="H1"))
    lines = [
        {"line_id": str(n), "person": person(who), "role": role, "member_from": "2020-01-01"}
        for n, (who, role) in enumerate(((ALI, "HEAD"), (SARA, "SPOUSE")), 1)
    ]
    roster = event("household", "h1", status="ACTIVE", roster="spn-family",
                   household_number="H1", lines=lines)  # fmt: skip
    hub.publish("molsa", roster)
    amount = {"amount_from": "2026-02-01", "amount": 900_000, "currency": "IQD"}
    hub.publish(
        "finance",
        event("income", "s1", status="ACTIVE", kind="PUBLIC_SALARY", person=person(SARA),
              income_from="2026-02-01", amounts=[amount]),
    )  # fmt: skip
    hub.run()
    ((number,),) = hub.rows("SELECT id FROM alert")

    told = json.loads(hub.command("explain", number.hex(), "--json")[0])

    assert [(f["stream"], f["record_id"], f["role"]) for f in told["facts"]] == [
        ("enrollment", "e1", None), ("income", "s1", None), ("household", "h1", "SPOUSE"),
    ]  # fmt: skip
    member = "a correction of the roster record h1: no member on or after 1 February 2026"
    assert member in [end["text"] for end in told["ends"]]


def test_withdrawn_alert_keeps_its_explanation(hub: Hub) -> None:
    """What is no longer found is still told, with its history and without any end."""
    hub.publish("molsa", enrollment("e1", "spn", person(ALI)))
    hub.publish("pensions", enrollment("p1", "pension", person(ALI)))
    with hub.registrar() as loop:
        hub.drain(loop)
        void = enrollment("p1", "pension", person(ALI), source_seq=2, status="VOID")
        hub.publish("pensions", void)
        hub.drain(loop)
    ((number,),) = hub.rows("SELECT id FROM alert")

    told = json.loads(hub.command("explain", number.hex(), "--json")[0])
    text, _ = hub.command("explain", number.hex())

    assert (told["open"], told["ends"], told["next_change"]) == (False, [], None)
    assert [revision["state"] for revision in told["history"]] == ["RAISED", "WITHDRAWN"]
    assert "It is no longer found." in text


def test_no_such_alert(hub: Hub) -> None:
    """An id that no alert has, and one that is no id, are told apart by the exit status."""
    hub.run()

    _, unknown = hub.command("explain", "00ff", status=1)
    _, wrong = hub.command("explain", "not-an-id", status=2)

    assert unknown == "sijill: there is no such alert.\n"
    assert "hexadecimal" in wrong
    assert hub.rows("SELECT count(*) FROM audit") == [(0,)]


@pytest.mark.long
def test_prefix_of_two_alerts_is_not_enough(hub: Hub) -> None:
    """Digits with which several alerts begin name none of them."""
    for number in range(20):
        who = person(f"1980123456{number:02d}")
        hub.publish("molsa", enrollment(f"e{number}", "spn", who))
        hub.publish("pensions", enrollment(f"p{number}", "pension", who))
    hub.run()
    firsts = [number.hex()[0] for (number,) in hub.rows("SELECT id FROM alert")]
    shared = max(firsts, key=firsts.count)

    _, told = hub.command("explain", shared, status=1)

    assert "alerts or more begin with these digits" in told


def test_reading_is_logged_in_a_chain_that_shows_changes(hub: Hub) -> None:
    """Entries cannot be changed; one that is changed by force, or taken out, is found."""
    hub.run()
    for number in range(4):
        audit.record(hub.connection, audit.Entry("clerk", "explain", f"{number:032x}", "complaint"))
    whole, _ = hub.command("audit", "verify")
    with pytest.raises(psycopg.errors.RaiseException):
        hub.connection.execute("UPDATE audit SET purpose = 'none'")

    hub.connection.execute("ALTER TABLE audit DISABLE TRIGGER audit_append_only")
    hub.connection.execute("UPDATE audit SET purpose = 'none' WHERE number = 3")
    changed, _ = hub.command("audit", "verify", status=1)
    ((before, moment),) = hub.rows("SELECT hash, (SELECT moment FROM audit WHERE number = 3) "
                                   "FROM audit WHERE number = 2")  # fmt: skip
    forged = audit.seal(before, 3, moment, audit.Entry("clerk", "explain", f"{2:032x}", "none"))
    hub.connection.execute("UPDATE audit SET hash = %s WHERE number = 3", [forged])
    sealed_anew = audit.verify(hub.connection)
    hub.connection.execute("DELETE FROM audit WHERE number = 2")
    taken_out = audit.verify(hub.connection)

    assert whole.startswith("4 entries are whole, sealed by ")
    assert changed == "entry 3 is not what was written; 2 before it are\n"
    assert (sealed_anew.entries, sealed_anew.broken) == (3, 4)
    assert (taken_out.entries, taken_out.broken) == (1, 2)
