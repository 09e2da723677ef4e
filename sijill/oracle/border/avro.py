"""From the bytes of a value to a record of the current schema, by fastavro's generic reader.

That reader is lenient: it takes trailing bytes, indexes below zero and wrong block sizes. So each
record is encoded again, and bytes that come out otherwise are walked once more, strictly.
"""

import io
import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from fastavro import parse_schema, schemaless_reader, schemaless_writer

VALUE_MAX, ITEMS_MAX = 1_048_576, 65_536


class Refused(Exception):
    """A record that is not accepted; `args` are reason codes, of which the hub gives one.

    UNREADABLE stands for every reason that the encoding itself gives.
    """


class Schema(NamedTuple):
    """A released schema: its file's content, its named types, and what fastavro makes of it."""

    node: Any
    named: dict[str, Any]
    parsed: Any


@cache
def current(name: str) -> Schema:
    """Return the newest released version of a schema."""
    return _schema(
        max((e for e in _lock() if e["name"] == name), key=lambda e: e["version"])["file"]
    )


def record_of(name: str, value: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the record that a framed value holds, and its canonical bytes; or raise Refused."""
    if len(value) > VALUE_MAX:
        raise Refused("VALUE_TOO_LARGE")
    if value[:1] == b"\0" and len(value) >= 5:
        number, body = int.from_bytes(value[1:5], "big"), value[5:]
        found = [entry for entry in _lock() if entry["id"] == number]
    elif value[:2] == b"\xc3\x01" and len(value) >= 10:
        found, body = [e for e in _lock() if e["fingerprint"] == value[2:10].hex()], value[10:]
    else:
        raise Refused("BAD_FRAME")
    if not found:
        raise Refused("UNKNOWN_SCHEMA")
    if found[0]["name"] != name:
        raise Refused("WRONG_SCHEMA")
    written, now = _schema(found[0]["file"]), current(name)
    try:
        record: Any = schemaless_reader(io.BytesIO(body), written.parsed, None)
        canonical = _encoded(record, written)
        strict = canonical == body or _end(written, written.node, body, 0) == len(body)
        if written is not now:
            record = schemaless_reader(io.BytesIO(body), written.parsed, now.parsed)
            canonical = _encoded(record, now)
    except Exception as error:
        # fastavro fails in half a dozen ways, from EOFError to OverflowError.
        raise Refused("UNREADABLE") from error
    if not strict:
        raise Refused("UNREADABLE")
    return record, canonical


@cache
def _lock() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(files("schemas").joinpath("lock.json").read_text())
    return entries


@cache
def _schema(file: str) -> Schema:
    named: dict[str, Any] = {}

    def without_logic(node: Any) -> Any:
        """Drop logical types, of which fastavro would make dates; note the named types."""
        if isinstance(node, list):
            return [without_logic(inner) for inner in node]
        if not isinstance(node, dict):
            return node
        if "fields" in node or "symbols" in node:
            named[node["name"]] = node
        return {k: without_logic(v) for k, v in node.items() if k != "logicalType"}

    node = json.loads(files("schemas").joinpath(file).read_text(encoding="utf-8"))
    return Schema(node, named, parse_schema(without_logic(node)))


def _encoded(record: dict[str, Any], schema: Schema) -> bytes:
    buffer = io.BytesIO()
    schemaless_writer(buffer, schema.parsed, record)
    return buffer.getvalue()


def _number(data: bytes, pos: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        number |= (data[pos] & 127) << shift
        pos += 1
        if data[pos - 1] < 128 and number < 1 << 64:
            return number >> 1 ^ -(number & 1), pos
    raise ValueError("a number of more than 64 bits")


def _end(schema: Schema, node: Any, data: bytes, pos: int) -> int:
    """Return where a value ends; raise for what no strict reader would take."""
    kind = node["type"] if isinstance(node, dict) else node
    if isinstance(kind, str) and kind in schema.named:
        return _end(schema, schema.named[kind], data, pos)
    if kind == "record":
        for field in node["fields"]:
            pos = _end(schema, field["type"], data, pos)
        return pos
    if kind == "null":
        return pos
    number, pos = _number(data, pos)
    if isinstance(kind, list) or kind == "enum":
        choices = kind if isinstance(kind, list) else node["symbols"]
        if not 0 <= number < len(choices):
            raise IndexError(number)
        return _end(schema, choices[number], data, pos) if choices is kind else pos
    if kind in ("string", "bytes"):
        if not 0 <= number <= len(data) - pos:
            raise IndexError(number)
        data[pos : pos + number].decode("utf-8" if kind == "string" else "latin-1")
        return pos + number
    while kind == "array" and number:
        stop = None
        if number < 0:
            size, pos = _number(data, pos)
            stop = pos + size
        for _ in range(min(abs(number), ITEMS_MAX)):
            pos = _end(schema, node["items"], data, pos)
        if stop not in (None, pos):
            raise IndexError(pos)
        number, pos = _number(data, pos)
    return pos
