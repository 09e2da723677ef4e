"""The list of bad input on its way through Kafka, the registrar and the relay.

Every refused row of tests/adapters/bad_records.py comes back byte for byte; what follows it is
applied; nothing of it is in any log. What the list says of the protocol is here too, because it
needs the registry: labels, order, corrections, identity.
"""

import dataclasses
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Message

from sijill.adapters import kafka, source
from sijill.adapters.registry.digest import digest
from sijill.settings import Settings
from tests.adapters.bad_records import CANARY, GOOD, REFUSED, TOPIC
from tests.adapters.test_bad_input import INJECTIONS
from tests.broker import read_topic
from tests.services.story import AS_OF, Hub, enrollment, event, payment, person

ALI, SARA = "198012345678", "198587654321"
PATIENCE_S = 60.0
LEFT = "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM numbered)"
WARM = 100
PASSPORT = ("PASSPORT", "A1234567")


@pytest.fixture
def hub(clean_hub: Settings) -> Iterator[Hub]:
    """A hub whose day is fixed."""
    started = Hub(dataclasses.replace(clean_hub, as_of=AS_OF))
    yield started
    started.connection.close()


def send_the_list(settings: Settings) -> None:
    """Publish the whole list, a good record at its end."""
    producer = kafka.producer(settings)
    for bad in REFUSED:
        producer.produce(bad.topic, bad.value, bad.key, partition=0, headers=list(bad.headers))
    producer.produce(TOPIC, GOOD, b"ab", partition=0)
    assert producer.flush(60) == 0


def headers_of(message: Message) -> dict[str, bytes]:
    """The headers that the hub added to a record."""
    return {n: v for n, v in source.headers_of(message) if n.startswith("sijill-rejected")}


def as_sent(message: Message) -> tuple[Any, ...]:
    """Key, value and own headers of a record, none of what the hub added."""
    added = headers_of(message)
    own = [(n, v) for n, v in source.headers_of(message) if n not in added]
    return (message.key(), message.value(), tuple(own))


def wait_until(done: Callable[[], bool]) -> None:
    """Wait for something that must come."""
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.1)


def test_the_list_comes_back_byte_for_byte(hub: Hub, capfd: pytest.CaptureFixture[str]) -> None:
    """Each bad record is quarantined with its reason and sent back as it came; no log quotes it."""
    send_the_list(hub.settings)
    with hub.process("registrar"), hub.process("relay"):
        wait_until(lambda: not hub.behind() and hub.rows(LEFT) == [(0,)])
    logged = capfd.readouterr().err

    sent = [(b.reason, b.key, b.value) for b in REFUSED if b.value is not None]
    kept = hub.rows("SELECT reason, key, value FROM quarantine WHERE value IS NOT NULL")
    assert sorted(kept, key=repr) == sorted(sent, key=repr)
    assert hub.rows("SELECT reason FROM quarantine WHERE value IS NULL") == [("NO_VALUE",)]
    assert hub.outcomes()["applied"] == 1
    for ministry in ("molsa", "trade"):
        back = read_topic(hub.settings, f"sijill.rejected.{ministry}.v1")
        own = [b for b in REFUSED if b.topic.split(".")[1] == ministry]
        wanted = [(b.key, b.value, tuple((n, v or b"") for n, v in b.headers)) for b in own]
        assert sorted(map(as_sent, back), key=repr) == sorted(wanted, key=repr)
        reasons = sorted(headers_of(m)["sijill-rejected-reason"] for m in back)
        assert reasons == sorted(b.reason.encode() for b in own)
    lines = [json.loads(line) for line in logged.splitlines() if line]
    assert {line["service"] for line in lines} == {"registrar", "relay"}
    for secret in (CANARY, "Canary", "198745210036", "SPN-2023-118204", "molsa-e-0001", "كاظم"):
        assert secret not in json.dumps(lines, ensure_ascii=False)


@pytest.mark.external
def test_a_header_name_that_is_no_text_stops_nobody(
    hub: Hub, tmp_path: Path, external: Callable[[str], str]
) -> None:
    """Headers that the client cannot read count as none; the record is applied or kept."""
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_bytes(GOOD)
    bad.write_bytes(GOOD[:-1])
    send = [external("kcat"), "-P", "-b", hub.settings.kafka_bootstrap, "-t", TOPIC, "-p", "0"]
    # Readable ones first: a function that has run often is compiled otherwise and checks less.
    subprocess.run([*send, "-H", "name=value", *[str(good)] * WARM], check=True)
    subprocess.run([*send, "-H", b"na\xff\xfeme=value", str(good), str(bad)], check=True)

    with hub.process("registrar") as running:
        wait_until(lambda: not hub.behind() or running.poll() is not None)

    assert (hub.outcomes()["applied"], hub.outcomes()["duplicate"]) == (1, WARM)
    assert hub.rows("SELECT reason, value FROM quarantine") == [("TRUNCATED", GOOD[:-1])]


@pytest.mark.long
def test_hostile_texts_reach_the_alert_as_they_are(hub: Hub) -> None:
    """Text that would be code elsewhere goes through registry and alert letter by letter."""
    for place, text in enumerate(INJECTIONS):
        who = person(f"1980{place:08d}", given=text, father=text, district=text)
        hub.publish("molsa", enrollment(f"{text} {place}", "spn", who, household_number=text[:60]))
        hub.publish("pensions", enrollment(f"{text} {place}", "pension", who))
        hub.publish("trade", enrollment(text, text[:32], who))

    hub.run()

    assert len(hub.alerts()) == len(INJECTIONS)
    assert hub.rows("SELECT reason FROM quarantine") == []
    names = {name for (name,) in hub.rows("SELECT given FROM person")}
    assert names == set(INJECTIONS)
    assert set(INJECTIONS) <= {name for (name,) in hub.rows("SELECT record_id FROM record")}


def test_a_label_used_twice_is_no_identity(hub: Hub) -> None:
    """An event id that comes again, elsewhere or with other content, hides no event."""
    label = {"event_id": "one label for all"}
    hub.publish("molsa", enrollment("e1", "spn", person(ALI), **label))
    hub.publish("molsa", enrollment("e2", "spn", person(SARA), **label))
    hub.publish("pensions", enrollment("e1", "pension", person(ALI), **label))
    hub.publish("molsa", enrollment("e1", "spn", person(ALI), **label, enrolled_from="2026-02-01"))

    hub.run()

    assert (hub.outcomes()["applied"], len(hub.alerts())) == (3, 1)
    assert hub.rows("SELECT reason FROM quarantine") == [("DISPUTED",)]


def test_order_and_state_are_no_condition(hub: Hub) -> None:
    """A correction of an unknown record, an old one, and one from exit to active are all taken."""
    hub.publish("molsa", enrollment("e1", "spn", person(ALI), source_seq=5, status="EXITED",
                                    enrolled_through="2026-01-31"))  # fmt: skip
    hub.publish("molsa", enrollment("e1", "spn", person(ALI), source_seq=2, status="VOID"))
    hub.publish("molsa", enrollment("e1", "spn", person(ALI), source_seq=5, status="EXITED",
                                    enrolled_through="2026-01-31"))  # fmt: skip
    hub.publish("molsa", enrollment("e1", "spn", person(ALI), source_seq=6))

    hub.run()

    assert hub.outcomes() == {
        "applied": 2, "duplicate": 1, "superseded": 1, "quarantined": 0, "void": 0,
    }  # fmt: skip
    assert hub.rows("SELECT status FROM record") == [("ACTIVE",)]


@pytest.mark.long
def test_identity_that_goes_in_circles_comes_back(hub: Hub) -> None:
    """A record that moves from one person to another and back leaves everything as it was."""
    birth: dict[str, Any] = {"status": "RECORDED", "kind": "BIRTH", "event_date": "1980-01-01"}
    hub.publish("molsa", enrollment("e1", "spn", person(ALI, ids=[PASSPORT])))
    hub.publish("pensions", enrollment("p1", "pension", person(SARA)))
    with hub.registrar() as loop:
        hub.publish("interior", event("vital", "v1", 1, person=person(ids=[PASSPORT]), **birth))
        hub.drain(loop)
        first = (hub.rows("SELECT key FROM person ORDER BY key"), digest(hub.connection).counts)
        for seq, who in enumerate([person(SARA), person(ALI), person(SARA, ids=[PASSPORT])], 2):
            hub.publish("interior", event("vital", "v1", seq, person=who, **birth))
            hub.drain(loop)
        hub.publish("interior", event("vital", "v1", 9, person=person(ids=[PASSPORT]), **birth))
        hub.drain(loop)
        last = (hub.rows("SELECT key FROM person ORDER BY key"), digest(hub.connection).counts)

    assert first == last
    assert len(first[0]) == 2


def test_thousands_of_records_of_one_person(hub: Hub) -> None:
    """A person with thousands of records, and a record with thousands of versions, go through."""
    who = person(ALI)
    hub.publish("molsa", *[payment(f"a{n}", "spn", who, status="PLANNED") for n in range(2_000)])
    hub.publish("molsa", *[enrollment("e1", "spn", who, source_seq=n) for n in range(2_000)])

    hub.run()

    assert sum(hub.outcomes().values()) == 4_000
    assert hub.rows("SELECT count(*)::int FROM person") == [(1,)]
    assert hub.rows("SELECT reason FROM quarantine") == []
