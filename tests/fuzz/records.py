"""Seeded records of every source schema and version, as fastavro writes them."""

import io
import json
from functools import cache
from random import Random
from typing import Any

from fastavro import parse_schema, schemaless_writer

import schemas
from schemas import Locked
from sijill.adapters import codec

TEXTS = (
    "", " ", "\0", "\x1b[2J", "a\nb", "198745210036", "١٩٨٧٤٥٢١٠٠٣٦", "1987-4521-0036",
    "000000000000", "A18723456", "IQ", "iq", "Iraq", "spn", "pension", "زينب", "عبد الله", "هیوا",
    "ئەحمەد", "\u0627\u0653ية", "نه\u200cور", "\u202eعلي\u202c", "ع" + "\u0651" * 30,
    "ع" + "\u0651" * 31, "e\u0301" * 40, "\ufdfa" * 30, "\ufeff", "\uffff", "\U0001f600", "\ue000",
    "'; DROP TABLE record; --", "{0.__class__}", "%s%n", "=1+1", "x" * 63, "x" * 64, "x" * 121,
    "ض" * 64, "ض" * 2000, "-----", "0" * 64, "v1|a.b.c|2024-01:5", "0a" * 16, "notice", "2024-03",
    "HEAD", "١", "1",
)  # fmt: skip
NUMBERS = (0, 1, -1, 63, 64, 100, 101, 216_000, 10**15, 10**15 + 1, 2**31 - 1, -(2**31),
           2**63 - 1, -(2**63))  # fmt: skip
DAYS = (0, 1, -25_567, -25_568, 84_370, 84_371, 19_389, 20_000, 2**31 - 1, -(2**31))
INSTANTS = (946_684_800_000, 946_684_799_999, 7_289_654_399_999, 1_675_236_600_000, 0, 2**62)
MINISTRIES = tuple(sorted(
    {record["ministry"] for stream in schemas.STREAMS for record in schemas.examples(stream)}
))  # fmt: skip


@cache
def versions() -> tuple[Locked, ...]:
    """Every version of every source schema in the lock file."""
    return tuple(entry for entry in schemas.lock() if entry.name in schemas.STREAMS)


@cache
def _schema(file: str) -> tuple[Any, dict[str, Any]]:
    """The schema, and the types that it defines by name."""
    named: dict[str, Any] = {}

    def learn(schema: Any) -> None:
        if isinstance(schema, list):
            for branch in schema:
                learn(branch)
        elif isinstance(schema, dict):
            if "name" in schema:
                named[schema["name"]] = schema
            learn([field["type"] for field in schema.get("fields", ())])
            learn([schema.get("items"), schema["type"]])

    # Without logical types every date and instant may be any integer.
    parsed = parse_schema(json.loads(schemas.read(file).replace('"logicalType"', '"logical"')))
    learn(parsed)
    return parsed, named


def body(chance: Random, locked: Locked) -> bytes:
    """A record of the schema: an example with some values exchanged, or all of it by chance."""
    schema, named = _schema(locked.file)
    if locked is schemas.current(locked.name) and chance.random() < 0.7:
        record = codec.from_json(locked.name, chance.choice(schemas.examples(locked.name)))
        for field in schema["fields"]:
            if chance.random() < 0.08:
                record[field["name"]] = _value(chance, field["type"], named)
        if chance.random() < 0.08:
            _double(chance, record)
    else:
        record = _value(chance, schema, named)
    buffer = io.BytesIO()
    schemaless_writer(buffer, schema, record)
    return buffer.getvalue()


def _double(chance: Random, record: dict[str, Any]) -> None:
    """Let an item of one list occur twice; an identifier gets another value."""
    holders = [record, *filter(None, [record.get("person")])]
    lists = [v for holder in holders for v in holder.values() if isinstance(v, list) and v]
    if not lists:
        return
    items = chance.choice(lists)
    item = chance.choice(items)
    if isinstance(item, dict) and "value" in item:
        item = item | {"value": chance.choice(TEXTS)}
    items.append(item)


def _value(chance: Random, schema: Any, named: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return _value(chance, chance.choice(schema), named)
    kind = schema["type"] if isinstance(schema, dict) else schema
    if kind in named and isinstance(schema, str):
        return _value(chance, named[schema], named)
    if kind == "record":
        return {f["name"]: _field(chance, f, named) for f in schema["fields"]}
    if kind == "array":
        count = chance.choice((0, 0, 1, 2, 5)) if chance.random() < 0.98 else 40
        items = schema["items"]
        return [_value(chance, items, named) for _ in range(count)]
    if kind == "enum":
        return chance.choice(schema["symbols"])
    return _simple(chance, schema, kind)


def _field(chance: Random, field: Any, named: dict[str, Any]) -> Any:
    if field["name"] == "ministry":
        return chance.choice(MINISTRIES)
    if field["name"] == "occurred_at" and chance.random() < 0.9:
        return 1_675_236_600_000
    return _value(chance, field["type"], named)


def _simple(chance: Random, schema: Any, kind: str) -> Any:
    if kind == "null":
        return None
    if kind == "string":
        return chance.choice(TEXTS) if chance.random() < 0.7 else _text(chance)
    logical = schema.get("logical") if isinstance(schema, dict) else None
    if logical == "date":
        return chance.choice(DAYS) if chance.random() < 0.3 else chance.randrange(10_000, 20_000)
    if logical is not None:
        return chance.choice(INSTANTS)
    if kind == "int":
        return chance.choice([n for n in NUMBERS if -(2**31) <= n < 2**31])
    assert kind == "long", kind
    return chance.choice(NUMBERS) if chance.random() < 0.7 else chance.getrandbits(40)


def _text(chance: Random) -> str:
    """A text of letters that occur, and of any that may."""
    low, high = chance.choice(
        ((32, 127), (0x600, 0x700), (0x660, 0x66A), (0, 0xD800), (0xE000, 0x10FFFF))
    )
    return "".join(
        chr(chance.randrange(low, high)) for _ in range(chance.choice((1, 5, 12, 12, 70)))
    )
