"""From records to bytes and back: Avro under a schema of the lock file, in either framing.

Values are written with Confluent's framing, `00 | schema id, four bytes, big-endian | body`. They
are read with that framing or with Avro's own for single objects, `C3 01 | fingerprint, eight
bytes, little-endian | body`. Nothing is ever asked of a registry.
"""

import io
import json
import struct
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import Any

from fastavro import parse_schema, schemaless_writer

import schemas
from schemas import Locked
from sijill.adapters.avro_decoder import Decoder, compile_decoder
from sijill.adapters.refusal import Refusal
from sijill.domain.event import EPOCH

Record = dict[str, Any]

VALUE_MAX = 1_048_576
"""The most bytes of a value; more is refused before anything is decoded."""

UPGRADES: dict[tuple[str, int], Callable[[Record], Record]] = {}
"""From (schema, version) to the function that makes the record one version newer."""


def encode(name: str, record: Record, *, single_object: bool = False) -> bytes:
    """Return the framed value of a record of the current version of a schema.

    Dates and instants may be integers or `datetime` values; fields with a default may be left
    out. ValueError or TypeError when the record does not fit the schema.
    """
    _refuse_fractions(record)
    locked = schemas.current(name)
    if single_object:
        return b"\xc3\x01" + bytes.fromhex(locked.fingerprint) + encode_body(name, record)
    return frame(locked.id) + encode_body(name, record)


def _refuse_fractions(value: Any) -> None:
    """Raise ValueError for a float anywhere: the encoder would cut it to an integer, unasked."""
    if isinstance(value, float):
        raise ValueError("no field of any schema holds a fraction")  # noqa: TRY004 - a value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list | float):
            _refuse_fractions(inner)


def encode_body(name: str, record: Record) -> bytes:
    """Return the Avro body without any framing: the canonical encoding of the record."""
    buffer = io.BytesIO()
    try:
        schemaless_writer(buffer, _parsed(name), record, strict_allow_default=True)
    except OverflowError:
        raise ValueError("a number is too large for its field") from None
    return buffer.getvalue()


def encode_unversioned(name: str, record: Record) -> bytes:
    """Return the body of an output record without its leading `version`, which the relay adds."""
    body = encode_body(name, {**record, "version": 0})
    assert body[0] == 0
    return body[1:]


def frame(schema_id: int) -> bytes:
    """Return the five bytes of Confluent's framing for a schema id."""
    return struct.pack(">bI", 0, schema_id)


def with_version(schema_id: int, version: int, unversioned: bytes) -> bytes:
    """Return the framed value of an unversioned body under a wire version."""
    number = version << 1 ^ version >> 63
    digits = bytearray()
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    digits.append(number)
    return frame(schema_id) + bytes(digits) + unversioned


def decode(name: str, value: bytes) -> tuple[Record, bytes]:
    """Return the record that a framed value holds, and its canonical body.

    The value is read with the schema it was written with and brought to the current version.
    Dates are days since 1970, instants milliseconds. Anything wrong raises a Refusal.
    """
    locked, start = _writer_schema(name, value)
    record, canonical = _decoder(locked.file)(value, start)
    if canonical and locked is schemas.current(name):
        return record, value[start:]
    record = _upgraded(locked, record)
    return record, encode_body(name, record)


def current_body(name: str, value: bytes) -> tuple[bytes, int]:
    """Return bytes that hold a body under the current version of the schema, and where it begins.

    Values of the current version pass as they are, unread; older ones are upgraded.
    """
    locked, start = _writer_schema(name, value)
    if locked is schemas.current(name):
        return value, start
    record, _ = _decoder(locked.file)(value, start)
    return encode_body(name, _upgraded(locked, record)), 0


def canonical_body(name: str, body: bytes, start: int) -> bytes:
    """Return the canonical encoding of the body that begins at a position."""
    record, _ = _decoder(schemas.current(name).file)(body, start)
    return encode_body(name, record)


def _upgraded(locked: Locked, record: Record) -> Record:
    for version in range(locked.version, schemas.current(locked.name).version):
        record = UPGRADES[locked.name, version](record)
    return record


def schema_of(value: bytes) -> Locked:
    """Return the lock entry of the schema that a framed value names; else raise a Refusal."""
    return _framing(value)[0]


def from_json(name: str, record: Record) -> Record:
    """Return the record that a JSON object describes, with every field present.

    Dates stand as `2024-03-01`, instants as `2024-03-01T10:00:00Z`, bytes as text; missing
    fields take their default. KeyError names a field that is missing or not in the schema.
    """
    schema = _parsed(name)
    named: dict[str, Any] = {}
    _learn(schema, named)
    return _plain_record(schema, record, named)


def _writer_schema(name: str, value: bytes) -> tuple[Locked, int]:
    """Return the schema that a value of a topic was written with, and where its body begins."""
    if len(value) > VALUE_MAX:
        raise Refusal("VALUE_TOO_LARGE")
    locked, start = _framing(value)
    if locked.name != name:
        raise Refusal("WRONG_SCHEMA")
    return locked, start


def _framing(value: bytes) -> tuple[Locked, int]:
    if value[:1] == b"\x00" and len(value) >= 5:
        locked, start = _by_id().get(value[1:5]), 5
    elif value[:2] == b"\xc3\x01" and len(value) >= 10:
        locked, start = _by_fingerprint().get(value[2:10]), 10
    else:
        raise Refusal("BAD_FRAME")
    if locked is None:
        raise Refusal("UNKNOWN_SCHEMA")
    return locked, start


@cache
def _by_id() -> dict[bytes, Locked]:
    return {struct.pack(">I", entry.id): entry for entry in schemas.lock()}


@cache
def _by_fingerprint() -> dict[bytes, Locked]:
    return {bytes.fromhex(entry.fingerprint): entry for entry in schemas.lock()}


@cache
def _decoder(file: str) -> Decoder:
    return compile_decoder(schemas.read(file))


@cache
def _parsed(name: str) -> Any:
    return parse_schema(json.loads(schemas.text(name)))


def _plain(schema: Any, value: Any, named: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return None if value is None else _plain(schema[-1], value, named)
    if isinstance(schema, str):
        if schema in named:
            return _plain(named[schema], value, named)
        return value.encode() if schema == "bytes" else value
    logical = schema.get("logicalType")
    if logical == "date" and isinstance(value, str):
        return date.fromisoformat(value).toordinal() - EPOCH
    if logical == "timestamp-millis" and isinstance(value, str):
        return round(datetime.fromisoformat(value).timestamp() * 1000)
    if schema["type"] == "array":
        return [_plain(schema["items"], item, named) for item in value]
    return _plain_record(schema, value, named) if schema["type"] == "record" else value


def _plain_record(schema: Any, value: Record, named: dict[str, Any]) -> Record:
    record: Record = {}
    for field in schema["fields"]:
        name = field["name"]
        if name not in value and "default" not in field:
            raise KeyError(f"{schema['name']}.{name} is missing")
        given = value[name] if name in value else field["default"]
        record[name] = _plain(field["type"], given, named)
    unknown = sorted(value.keys() - record.keys())
    if unknown:
        raise KeyError(f"{schema['name']}.{unknown[0]} is not in the schema")
    return record


def _learn(schema: Any, named: dict[str, Any]) -> None:
    """Remember every named type that is defined within a schema."""
    if isinstance(schema, list):
        for branch in schema:
            _learn(branch, named)
    elif isinstance(schema, dict):
        if "name" in schema:
            named[schema["name"]] = schema
        for inner in [schema.get("items"), *(f["type"] for f in schema.get("fields", ()))]:
            _learn(inner, named)
