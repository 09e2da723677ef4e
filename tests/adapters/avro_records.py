"""Hypothesis strategies for records of any Avro schema, and fastavro as the second opinion."""

import io
import json
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from hypothesis import strategies as st

import schemas

EVERYTHING = json.dumps(
    {
        "type": "record",
        "name": "Everything",
        "fields": [
            {"name": "nothing", "type": "null"},
            {"name": "truth", "type": "boolean"},
            {"name": "small", "type": "int"},
            {"name": "large", "type": "long"},
            {"name": "single", "type": "float"},
            {"name": "double", "type": "double"},
            {"name": "raw", "type": "bytes"},
            {"name": "text", "type": "string"},
            {"name": "four", "type": {"type": "fixed", "name": "Four", "size": 4}},
            {"name": "one_of", "type": ["long", "null", "string", "Four"]},
            {
                "name": "lists",
                "type": {"type": "array", "items": {"type": "array", "items": "int"}},
            },
            {"name": "map", "type": {"type": "map", "values": ["null", "boolean"]}},
            {"name": "instant", "type": {"type": "long", "logicalType": "timestamp-millis"}},
            {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B", "C"]}},
        ],
    }
)
"""A schema with every type, for the steps that our own schemas do not take."""

TEXTS = {name: schemas.text(name) for name in schemas.NAMES} | {"everything": EVERYTHING}
PLAIN: dict[str, Any] = {
    # Without logical types fastavro gives the plain integers that our decoder gives.
    name: parse_schema(json.loads(text.replace('"logicalType"', '"logical"')))
    for name, text in TEXTS.items()
}


def records(name: str) -> st.SearchStrategy[Any]:
    """Records of the schema with this name."""
    return _values(PLAIN[name], {})


def encoded(name: str, record: Any) -> bytes:
    """The record as fastavro encodes it."""
    buffer = io.BytesIO()
    schemaless_writer(buffer, PLAIN[name], record)
    return buffer.getvalue()


def as_fastavro_reads(name: str, data: bytes) -> Any:
    """What fastavro reads from the bytes; ValueError when it reads nothing or not all of them."""
    buffer = io.BytesIO(data)
    try:
        record = schemaless_reader(buffer, PLAIN[name], None)
    except Exception as error:
        raise ValueError from error
    if buffer.tell() != len(data):
        raise ValueError
    return record


def _values(schema: Any, named: dict[str, Any]) -> st.SearchStrategy[Any]:
    if isinstance(schema, list):
        return st.one_of([_values(branch, named) for branch in schema])
    kind = schema["type"] if isinstance(schema, dict) else schema
    if isinstance(schema, dict) and "name" in schema:
        named[schema["name"]] = schema
    if kind in named and isinstance(schema, str):
        return _values(named[schema], named)
    if kind == "record":
        return st.fixed_dictionaries(
            {field["name"]: _values(field["type"], named) for field in schema["fields"]}
        )
    if kind == "array":
        return st.lists(_values(schema["items"], named), max_size=3)
    if kind == "map":
        return st.dictionaries(st.text(max_size=3), _values(schema["values"], named), max_size=3)
    if kind == "enum":
        return st.sampled_from(schema["symbols"])
    if kind == "fixed":
        return st.binary(min_size=schema["size"], max_size=schema["size"])
    return _SIMPLE[kind]


_SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.one_of(
        st.integers(-(2**63), 2**63 - 1),
        st.integers(946_684_800_000, 7_289_654_399_999),
        st.sampled_from([sign * 2**power for power in range(63) for sign in (1, -1)]),
    ),
    "float": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "bytes": st.binary(max_size=80),
    "string": st.text(max_size=80),
}
