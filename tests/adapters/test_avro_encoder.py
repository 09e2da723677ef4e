"""Proofs of the generated encoder: it writes what fastavro writes, or nothing at all."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from sijill.adapters.avro_encoder import compile_encoder, number
from tests.adapters.avro_records import encoded, records

PERSON = compile_encoder(schemas.text("person"))


@given(records("person"))
def test_persons_are_encoded_as_by_fastavro(record: Any) -> None:
    """Any record of the schema gives the bytes that fastavro gives."""
    assert PERSON(record) == encoded("person", record)


@given(st.integers(-(2**63), 2**63 - 1))
def test_numbers_of_all_lengths(value: int) -> None:
    """A number has the bytes that fastavro gives it, at every length."""
    schema = json.dumps({"type": "record", "name": "N", "fields": [{"name": "n", "type": "long"}]})

    body = compile_encoder(schema)({"n": value})

    assert body == number(value)
    everything = encoded("person", _person(version=value))
    assert everything.startswith(body)


@pytest.mark.parametrize(
    "change", [{"sex": "NONE"}, {"given": 7}, {"birth_date": 1.5}, {"open_alerts": 2**63}]
)
def test_what_does_not_fit_is_not_encoded(change: dict[str, Any]) -> None:
    """A value that the schema does not take raises and is never written as another one."""
    with pytest.raises((KeyError, TypeError, AttributeError, ValueError)):
        PERSON(_person() | change)


def test_missing_field_is_not_encoded() -> None:
    """A record without one of its fields raises KeyError."""
    with pytest.raises(KeyError):
        PERSON({"version": 1})


def test_unknown_types_are_refused_at_once() -> None:
    """A schema with a type that the encoder does not know is refused before any record comes."""
    schema = {"type": "record", "name": "N", "fields": [{"name": "n", "type": "double"}]}

    with pytest.raises(ValueError, match="double"):
        compile_encoder(json.dumps(schema))


def _person(version: int = 1) -> dict[str, Any]:
    names = [field["name"] for field in json.loads(schemas.text("person"))["fields"]]
    blank = dict.fromkeys(names)
    return blank | {
        "version": version, "sex": "UNKNOWN", "birth_precision": "UNKNOWN", "programmes": [],
        "open_alerts": 0,
    }  # fmt: skip
