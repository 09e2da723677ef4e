"""Broken messages of every kind, each with the reason for which it must be refused.

A broken message is a good one with one fault, under a record id of its own: should it be taken by
mistake, it shows as one record too many.
"""

import json
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import schemas
from sijill.simulation.messages import Message, Sealer
from sijill.simulation.people import Block, identifier
from sijill.simulation.records import Draft

WITH_PERSON = ("enrollment", "payment", "vital", "income")
EVERYWHERE = (*WITH_PERSON, "household")

FAR_INSTANT = 253_402_300_799_000
OLD_DAY = -30_000
"""A day of the year 1887, before anybody who lives was born."""


class Kind(NamedTuple):
    """One kind of breakage: the reason of its refusal, the streams it fits, and how it is done.

    `changes` returns fields that replace the payload's; `damage` alters the finished message.
    """

    reason: str
    streams: tuple[str, ...]
    changes: Callable[[Block], Block] | None = None
    damage: Callable[[Message], Message] | None = None


def break_message(name: str, draft: Draft, sealer: Sealer, *, turn: int) -> Message | None:
    """Return a broken message made of the draft, None when this kind does not fit the draft."""
    kind = KINDS[name]
    if draft.stream not in kind.streams:
        return None
    payload = {**draft.payload, "source_record_id": f"BROKEN-{turn:06d}"}
    copy = draft._replace(payload=payload)
    changes = kind.changes(payload) if kind.changes else None
    message = sealer.seal(copy, changes=changes)
    return kind.damage(message) if kind.damage else message


def _value(change: Callable[[bytes], bytes | None]) -> Callable[[Message], Message]:
    def damage(message: Message) -> Message:
        assert message.value is not None
        return message._replace(value=change(message.value))

    return damage


def _person(change: Callable[[Block], Block]) -> Callable[[Block], Block]:
    """Lift a change of the person block to a change of the payload."""

    def changes(payload: Block) -> Block:
        return {"person": {**payload["person"], **change(payload["person"])}}

    return changes


def _reversed(payload: Block) -> Block:
    if "period_from" in payload:
        return {"period_through": payload["period_from"] - 1}
    field = "enrolled" if "enrolled_from" in payload else "income"
    return {f"{field}_through": payload[f"{field}_from"] - 1}


def _numbers(*values: str) -> Callable[[Block], Block]:
    found = [identifier("NATIONAL_NUMBER", value) for value in values]
    return lambda _: {"identifiers": found}


def _same_line(payload: Block) -> Block:
    return {"lines": [payload["lines"][0], payload["lines"][0]]}


def _as_json(value: bytes) -> bytes:
    return json.dumps({"kind": "not avro", "bytes": len(value)}).encode()


def _other_schema(value: bytes) -> bytes:
    wrong = schemas.current("decision").id
    return struct.pack(">bI", 0, wrong) + value[5:]


def _fields(**values: Any) -> Callable[[Block], Block]:
    return lambda _: values


def _show_identifier(message: Message) -> Message:
    return message._replace(key=b"199912345678")


KINDS: dict[str, Kind] = {
    "tombstone": Kind("NO_VALUE", EVERYWHERE, damage=_value(lambda _: None)),
    "wrong magic byte": Kind(
        "BAD_FRAME", EVERYWHERE, damage=_value(lambda value: b"\x07" + value[1:])
    ),
    "three bytes": Kind("BAD_FRAME", EVERYWHERE, damage=_value(lambda value: value[:3])),
    "JSON": Kind("BAD_FRAME", EVERYWHERE, damage=_value(_as_json)),
    "unknown schema id": Kind(
        "UNKNOWN_SCHEMA",
        EVERYWHERE,
        damage=_value(lambda value: struct.pack(">bI", 0, 999_999) + value[5:]),
    ),
    "schema of another stream": Kind("WRONG_SCHEMA", EVERYWHERE, damage=_value(_other_schema)),
    "last byte lost": Kind("TRUNCATED", EVERYWHERE, damage=_value(lambda value: value[:-1])),
    "half lost": Kind(
        "TRUNCATED", EVERYWHERE, damage=_value(lambda value: value[: len(value) // 2])
    ),
    "bytes after the end": Kind(
        "TRAILING_BYTES", EVERYWHERE, damage=_value(lambda value: value + b"\0")
    ),
    # The first field is the label: its length is the sixth byte, its text begins at the seventh.
    "negative length": Kind(
        "BAD_LENGTH", EVERYWHERE, damage=_value(lambda value: value[:5] + b"\x01" + value[6:])
    ),
    "not UTF-8": Kind(
        "BAD_UTF8", EVERYWHERE, damage=_value(lambda value: value[:6] + b"\xff" + value[7:])
    ),
    # The last field of a payment is an optional text that the simulation leaves empty.
    "negative index": Kind(
        "BAD_INDEX", ("payment",), damage=_value(lambda value: value[:-1] + b"\x01")
    ),
    "another ministry's name": Kind(
        "WRONG_MINISTRY", EVERYWHERE, changes=_fields(ministry="nobody")
    ),
    "identifier as key": Kind(
        "KEY_IS_IDENTIFIER",
        WITH_PERSON,
        changes=_person(_numbers("199912345678")),
        damage=_show_identifier,
    ),
    "unknown status": Kind("UNKNOWN_SYMBOL", EVERYWHERE, changes=_fields(status="UNKNOWN")),
    "unknown event": Kind("UNKNOWN_SYMBOL", ("vital",), changes=_fields(kind="UNKNOWN")),
    "no record id": Kind("MISSING", EVERYWHERE, changes=_fields(source_record_id="")),
    "NUL in a name": Kind("BAD_TEXT", WITH_PERSON, changes=_person(lambda _: {"given": "عل\0ي"})),
    "endless name": Kind(
        "TEXT_TOO_LONG", WITH_PERSON, changes=_person(lambda _: {"father": "ب" * 400})
    ),
    "negative version": Kind("BAD_SEQ", EVERYWHERE, changes=_fields(source_seq=-1)),
    "year 9999": Kind("BAD_INSTANT", EVERYWHERE, changes=_fields(occurred_at=FAR_INSTANT)),
    "date before 1900": Kind("BAD_DATE", ("vital",), changes=_fields(event_date=OLD_DAY)),
    "reversed dates": Kind(
        "REVERSED_PERIOD", ("enrollment", "payment", "income"), changes=_reversed
    ),
    "not born yet": Kind(
        "FUTURE_BIRTH",
        WITH_PERSON,
        changes=lambda payload: {
            "person": {
                **payload["person"],
                "birth_date": payload["occurred_at"] // 86_400_000 + 400,
                "birth_precision": "DAY",
            }
        },
    ),
    "negative amount": Kind("BAD_AMOUNT", ("payment",), changes=_fields(amount=-50_000)),
    "unknown currency": Kind("UNKNOWN_CURRENCY", ("payment",), changes=_fields(currency="UNKNOWN")),
    "degree of 140": Kind("BAD_DEGREE", ("enrollment",), changes=_fields(disability_degree=140)),
    "eleven digits": Kind("BAD_IDENTIFIER", WITH_PERSON, changes=_person(_numbers("19991234567"))),
    "two national numbers": Kind(
        "TWO_NATIONAL_NUMBERS",
        WITH_PERSON,
        changes=_person(_numbers("199912345678", "199912345679")),
    ),
    "one line twice": Kind("DUPLICATE_LINE", ("household",), changes=_same_line),
    "notice id in words": Kind(
        "BAD_NOTICE_ID", ("decision",), changes=_fields(notice_id="the one of last week")
    ),
}
