"""Proofs of the publisher, as a ministry uses it."""

import hmac
from datetime import UTC, date, datetime
from typing import Any

import pytest

from sijill import publisher
from sijill.adapters import codec
from sijill.publisher import DeliveryError, Publisher
from sijill.settings import Settings
from tests.broker import create_topics, read_topic

TOPIC = "sijill.molsa.enrollment.v1"
ROUTING_KEY = b"routing-key-of-the-tests-only---"


def enrollment(number: int, *identifiers: tuple[str, str]) -> dict[str, Any]:
    """Return an enrollment of a person with these identifiers, in the fewest fields."""
    return {
        "event_id": f"e{number}",
        "source_record_id": f"r{number}",
        "source_seq": 1,
        "occurred_at": datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
        "status": "ACTIVE",
        "person": {
            "identifiers": [{"kind": kind, "value": value} for kind, value in identifiers],
            "sex": "FEMALE",
            "birth_precision": "UNKNOWN",
        },
        "programme": "spn",
        "enrolled_from": date(2026, 3, 1),
        "currency": None,
    }


def key_of(record: dict[str, Any], stream: str = "enrollment") -> bytes:
    """Return the Kafka key that a record of molsa gets."""
    return publisher.routing_key(ROUTING_KEY, stream, {"ministry": "molsa", **record})


def test_ten_lines_publish_an_event(clean_hub: Settings) -> None:
    """An event arrives with its key, its CloudEvents headers and a value that reads back."""
    create_topics(clean_hub)
    record = enrollment(1, ("NATIONAL_NUMBER", "199912345678"))
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    with Publisher(clean_hub) as out:
        out.publish("molsa", "enrollment", record, traceparent=trace)

    (message,) = read_topic(clean_hub, TOPIC)
    assert message.key() == key_of(record)
    assert dict(message.headers() or []) == {
        "ce_specversion": b"1.0",
        "ce_id": b"e1",
        "ce_source": b"/ministry/molsa",
        "ce_type": b"sijill.enrollment.recorded.v1",
        "ce_time": b"2026-03-01T09:30:00.000+00:00",
        "content-type": b"application/avro",
        "traceparent": trace.encode(),
    }
    decoded, _ = codec.decode("enrollment", message.value() or b"")
    assert (decoded["ministry"], decoded["source_record_id"]) == ("molsa", "r1")


def test_record_of_another_ministry_is_refused(clean_hub: Settings) -> None:
    """A record's own claim must equal the topic that it goes to."""
    with Publisher(clean_hub) as out, pytest.raises(ValueError, match="another ministry"):
        out.publish("molsa", "enrollment", {**enrollment(1), "ministry": "trade"})


def test_record_that_does_not_fit_is_refused_before_it_is_sent(clean_hub: Settings) -> None:
    """What the schema does not allow is an error at once."""
    record = {**enrollment(1), "source_seq": "one"}

    with Publisher(clean_hub) as out, pytest.raises((ValueError, TypeError)):
        out.publish("molsa", "enrollment", record)


def test_undelivered_events_are_an_error_at_the_end(clean_hub: Settings) -> None:
    """Leaving the block tells how many events the broker did not take, and names no value."""
    out = Publisher(clean_hub, delivery_timeout_s=2)
    for number in (1, 2):
        out.publish("nobody", "enrollment", enrollment(number))

    with pytest.raises(DeliveryError, match="2 events were not delivered") as told:
        out.close()
    assert told.value.failed == 2
    assert "sijill.nobody.enrollment.v1" in str(told.value)


def test_publisher_waits_for_room(clean_hub: Settings) -> None:
    """More events than may be in flight all arrive: the source is slowed down, nothing is lost."""
    create_topics(clean_hub)

    with Publisher(clean_hub, in_flight_max=50) as out:
        for number in range(500):
            out.publish("molsa", "enrollment", enrollment(number))

    ids = [dict(m.headers() or [])["ce_id"] for m in read_topic(clean_hub, TOPIC)]
    assert (len(ids), set(ids)) == (500, {f"e{number}".encode() for number in range(500)})


def test_key_follows_the_strongest_identifier() -> None:
    """Records of one person meet on one partition, however the number is written."""
    plain = enrollment(1, ("NATIONAL_NUMBER", "199912345678"))
    others = enrollment(
        2, ("PHONE", "0770"), ("PASSPORT", "A1"), ("NATIONAL_NUMBER", "١٩٩٩١٢٣٤٥٦٧٨")
    )

    assert key_of(plain) == key_of(others)
    assert len(key_of(plain)) == 2


def test_key_tells_nothing_without_the_routing_key() -> None:
    """Under another routing key the same person has another key."""
    record = {"ministry": "molsa", **enrollment(1, ("NATIONAL_NUMBER", "199912345678"))}
    keys = {publisher.routing_key(bytes([n]) * 16, "enrollment", record) for n in range(8)}

    assert len(keys) > 1


def test_record_without_identifier_goes_by_its_number() -> None:
    """Fillers and identifiers that families share do not route; versions stay together."""
    shared = enrollment(7, ("NATIONAL_NUMBER", "000000000000"), ("RATION_CARD", "55"))
    name = b"molsa\0enrollment\0r7"

    assert key_of(shared) == hmac.digest(ROUTING_KEY, name, "sha256")[:2]
    assert key_of(shared) == key_of({**shared, "source_seq": 2})


def test_roster_goes_with_its_head() -> None:
    """A household record has the key of its head, wherever the head's line stands."""
    head = enrollment(1, ("NATIONAL_NUMBER", "199912345678"))
    child = enrollment(2, ("NATIONAL_NUMBER", "201512345678"))
    lines = [
        {"line_id": "2", "person": child["person"], "role": "CHILD"},
        {"line_id": "1", "person": head["person"], "role": "HEAD"},
    ]
    roster = {"source_record_id": "h1", "lines": lines}

    assert key_of(roster, "household") == key_of(head)


def test_decision_goes_with_its_notice() -> None:
    """Answers to one notice stay in one order."""
    answers = [{"source_record_id": f"d{n}", "notice_id": "ab12"} for n in (1, 2)]

    assert len({key_of(answer, "decision") for answer in answers}) == 1
