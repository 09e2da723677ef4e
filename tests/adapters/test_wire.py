"""Proofs of what a published record says, of folding it, and of what is left of an outbox."""

from typing import Any

import pytest

import schemas
from sijill.adapters import codec, outputs, wire
from sijill.adapters.outbox_left import remainder

HISTORY = {"revision": 99, "state": "AMENDED", "raised_on": 1, "caused_at": 5, "book": "another"}


def first(schema: str) -> dict[str, Any]:
    """Return the first example of a schema, as the codec takes it."""
    return codec.from_json(schema, schemas.examples(schema)[0]) | {"state": "RAISED"}


@pytest.mark.parametrize("schema", ["alert", "notice"])
def test_content_is_the_same_before_and_after_the_wire(schema: str) -> None:
    """What a record says is told from the record as written and from its published bytes alike."""
    record = first(schema)
    value = codec.with_version(
        schemas.current(schema).id, 300, codec.encode_unversioned(schema, record)
    )

    assert wire.read(schema, value) == (300, wire.content(record))


def test_person_says_every_byte_after_its_version() -> None:
    """A person's record is compared whole, but for the version that the relay gave it."""
    record = codec.from_json("person", schemas.examples("person")[0])
    body = codec.encode_unversioned("person", record)
    value = codec.with_version(schemas.current("person").id, 2**40, body)

    assert wire.read("person", value) == (2**40, wire.body_content(body))


def test_history_is_not_content() -> None:
    """Revisions, the book's name and the days on which a database saw an alert say nothing new."""
    record = first("alert")

    assert wire.content(record | HISTORY) == wire.content(record)


@pytest.mark.parametrize("field", ["basis", "rule_version", "certainty", "decision_state", "asked"])
def test_evidence_is_content(field: str) -> None:
    """Other evidence, another version of the rule, another answer are something new."""
    record = first("alert")
    other = ["somebody"] if field == "asked" else "OTHER"

    assert wire.content(record | {field: other}) != wire.content(record)


def test_withdrawn_says_only_that() -> None:
    """Two withdrawn alerts say the same, whatever they said before."""
    record = first("alert") | {"state": "WITHDRAWN"}

    assert wire.content(record) == wire.content(record | {"basis": "other"}) == wire.WITHDRAWN


def test_receipt_is_cut_at_an_offset() -> None:
    """The rest of a receipt keeps the outcome of each of its offsets, and its counts add up."""
    runs = [(12, 14, "DUPLICATE"), (15, 15, "QUARANTINED"), (18, 19, "VOID")]
    receipt = {
        "ministry": "molsa", "topic": "t", "partition": 0, "first_offset": 10, "next_offset": 20,
        "applied": 4, "duplicate": 3, "superseded": 0, "quarantined": 1, "void": 2,
        "exceptions": [
            {"first_offset": a, "last_offset": b, "outcome": outcome, "reason": None}
            for a, b, outcome in runs
        ],
    }  # fmt: skip

    rest = remainder(receipt, 13)

    assert (rest["first_offset"], rest["next_offset"]) == (13, 20)
    counts = ("applied", "duplicate", "superseded", "quarantined", "void")
    assert [rest[name] for name in counts] == [2, 2, 0, 1, 2]
    assert [(r["first_offset"], r["last_offset"]) for r in rest["exceptions"]] == [
        (13, 14), (15, 15), (18, 19),
    ]  # fmt: skip
    assert codec.decode("receipt", codec.encode("receipt", rest))[0]["exceptions"] != []


def test_a_sender_cannot_say_where_its_record_was_rejected() -> None:
    """The hub's headers come after the sender's own, and the last one of a name counts."""
    ours = [
        ("sijill-rejected-topic", b"sijill.molsa.payment.v1"),
        ("sijill-rejected-partition", b"3"),
        ("sijill-rejected-offset", b"12"),
    ]

    assert outputs.origin([("sijill-rejected-offset", b"1"), *ours]) == (
        "sijill.molsa.payment.v1", 3, 12,
    )  # fmt: skip
