"""The codec: both framings, JSON examples, and wire versions that the relay puts in front."""

import io
import json
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_reader
from hypothesis import given
from hypothesis import strategies as st

import schemas
from sijill.adapters import codec
from sijill.adapters.refusal import Refusal


@pytest.mark.parametrize("name", schemas.NAMES)
def test_examples_come_back(name: str) -> None:
    """Every example of every schema is the same after encoding and decoding in either framing."""
    for example in schemas.examples(name):
        record = codec.from_json(name, example)
        body = codec.encode_body(name, record)

        assert codec.decode(name, codec.encode(name, record)) == (record, body)
        assert codec.decode(name, codec.encode(name, record, single_object=True)) == (record, body)


@pytest.mark.parametrize("name", schemas.NAMES)
def test_fastavro_reads_what_we_write(name: str) -> None:
    """A body is plain Avro: fastavro reads it with the schema file alone, dates as dates."""
    schema = parse_schema(json.loads(schemas.text(name)))
    for example in schemas.examples(name):
        body = codec.encode_body(name, codec.from_json(name, example))
        read: Any = schemaless_reader(io.BytesIO(body), schema, None)

        assert codec.encode_body(name, read) == body


@pytest.mark.parametrize("name", ["alert", "notice", "advice", "referral", "person"])
@given(version=st.integers(1, 2**62))
def test_versions_are_put_in_front(name: str, version: int) -> None:
    """A body without its version, put under a version, is the record with that version."""
    record = codec.from_json(name, schemas.examples(name)[0])
    value = codec.with_version(
        schemas.current(name).id, version, codec.encode_unversioned(name, record)
    )

    assert codec.decode(name, value)[0] == record | {"version": version}


def test_loose_bytes_are_brought_into_form() -> None:
    """A record in a longer encoding gives the canonical body of the same record."""
    record = codec.from_json("decision", schemas.examples("decision")[0])
    body = codec.encode_body("decision", record)
    assert body[0] < 128
    # The length of the first text in two bytes instead of one.
    loose = codec.frame(schemas.current("decision").id) + bytes([body[0] | 128, 0]) + body[1:]

    assert codec.decode("decision", loose) == (record, body)
    assert codec.current_body("decision", loose) == (loose, 5)
    assert codec.canonical_body("decision", loose, 5) == body


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"status": "MAYBE"}, ValueError),
        ({"source_seq": "one"}, TypeError),
        ({"nonsense": 1}, ValueError),
    ],
)
def test_wrong_records_are_not_written(change: dict[str, Any], error: type[Exception]) -> None:
    """A record that does not fit its schema is an error of the program that writes it."""
    record = codec.from_json("decision", schemas.examples("decision")[0])

    with pytest.raises(error):
        codec.encode("decision", record | change)


def test_json_must_fit() -> None:
    """A JSON record with an unknown or a missing field is an error that names the field."""
    good = schemas.examples("decision")[0]

    with pytest.raises(KeyError, match=r"Decision\.nonsense"):
        codec.from_json("decision", good | {"nonsense": 1})
    with pytest.raises(KeyError, match=r"Decision\.basis"):
        codec.from_json("decision", {name: good[name] for name in good if name != "basis"})


def test_the_schema_of_a_value() -> None:
    """Either framing names its schema; other bytes are refused."""
    value = codec.encode("feed", codec.from_json("feed", schemas.examples("feed")[0]))

    assert codec.schema_of(value) == schemas.current("feed")
    with pytest.raises(Refusal) as caught:
        codec.schema_of(b"\x01" + value[1:])
    assert caught.value.reason == "BAD_FRAME"
