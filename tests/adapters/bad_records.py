"""Every way in which a record can be bad, as a list: what it is called, and what must become of it.

Two kinds of rows. REFUSED names the reason of the refusal; the same rows go through real Kafka in
tests/services/test_bad_input.py. KEPT (tests/adapters/test_bad_input.py) names what a record that
only looks bad is read as. Each record holds the CANARY somewhere, and no log may show it.
"""

import io
import json
from collections.abc import Callable
from typing import Any, NamedTuple

from fastavro import parse_schema, schemaless_writer

import schemas
from sijill.adapters import codec
from sijill.adapters.acceptance import HEADERS_MAX
from tests.adapters.envelopes import example

CANARY = "كناري-Canary"
"""A name that stands in every bad record of the list."""

TOPIC = "sijill.molsa.enrollment.v1"
FOREIGN_ID = 99_999


class Bad(NamedTuple):
    """One record that must be refused, and the reason."""

    line: str
    value: bytes | None
    reason: str
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    topic: str = TOPIC


def record(**changes: Any) -> dict[str, Any]:
    """An enrollment of the canary, with fields changed."""
    return example("enrollment", person__given=CANARY, **changes)


def value(**changes: Any) -> bytes:
    """The value of an enrollment of the canary, with fields changed."""
    return codec.encode("enrollment", record(**changes))


def replaced(old: bytes, new: bytes, **changes: Any) -> bytes:
    """The value with a part of its bytes exchanged, which must occur once."""
    whole = value(**changes)
    assert whole.count(old) == 1, whole.count(old)
    return whole.replace(old, new)


def text(content: bytes) -> bytes:
    """Bytes as Avro writes a short text: the length, then the content."""
    assert len(content) < 64
    return bytes([2 * len(content)]) + content


def under_another_schema(change: Callable[[dict[str, Any]], None]) -> bytes:
    """The record as a writer with a changed schema encodes it under the id of ours."""
    schema = json.loads(schemas.text("enrollment"))
    fields = {field["name"]: field for field in schema["fields"]}
    change(fields)
    schema["fields"] = list(fields.values())
    said = {**record(), "amount": 216_000, "source_seq": 1}
    if fields["source_seq"]["type"] == "string":
        said["source_seq"] = "0000001"
    buffer = io.BytesIO()
    schemaless_writer(buffer, parse_schema(schema), said)
    return codec.frame(schemas.current("enrollment").id) + buffer.getvalue()


def _without_programme(fields: dict[str, Any]) -> None:
    del fields["programme"]


def _seq_as_text(fields: dict[str, Any]) -> None:
    fields["source_seq"]["type"] = "string"


def _one_more_field(fields: dict[str, Any]) -> None:
    fields["more"] = {"name": "more", "type": "string", "default": "x"}


def number(integer: int) -> bytes:
    """An integer as Avro writes it."""
    rest, digits = (integer << 1) ^ (integer >> 63), []
    while rest > 127:
        digits.append(rest & 127 | 128)
        rest >>= 7
    return bytes([*digits, rest])


GOOD = value()
BODY = GOOD[5:]
LABEL = text(b"molsa-e-0001")
CODE = b"\x02" + text(b"wife-of-convict") + b"\x00"
MONEY = b"\x02" + number(216_000)
HEAD = len(LABEL + text(b"molsa") + text(b"SPN-2023-118204") + number(1)) + 6
"""Where the status stands in the body: after the label, names, number and instant of the record."""

FRAMING = (
    Bad("a tombstone where none is allowed", None, "NO_VALUE"),
    Bad("empty", b"", "BAD_FRAME"),
    Bad("less than five bytes", GOOD[:3], "BAD_FRAME"),
    Bad("less than ten bytes of single-object framing", b"\xc3\x01\x00", "BAD_FRAME"),
    Bad("wrong magic byte", b"\x07" + GOOD[1:], "BAD_FRAME"),
    Bad("wrong second magic byte", b"\xc3\x02" + bytes(8) + BODY, "BAD_FRAME"),
    Bad("JSON in an Avro topic", json.dumps(record(), default=str).encode(), "BAD_FRAME"),
    Bad("an object container file", b"Obj\x01" + GOOD, "BAD_FRAME"),
    Bad("unknown schema id", codec.frame(FOREIGN_ID) + BODY, "UNKNOWN_SCHEMA"),
    Bad("unknown fingerprint", b"\xc3\x01" + bytes(8) + BODY, "UNKNOWN_SCHEMA"),
    Bad(
        "schema id of another stream",
        codec.frame(schemas.current("payment").id) + BODY,
        "WRONG_SCHEMA",
    ),
    Bad("schema id of an output", codec.frame(schemas.current("alert").id) + BODY, "WRONG_SCHEMA"),
    Bad("a stream on another stream's topic", GOOD, "WRONG_SCHEMA",
        topic="sijill.molsa.payment.v1"),
    Bad("nothing after the frame", GOOD[:5], "TRUNCATED"),
    Bad("more than a value may hold", GOOD + bytes(codec.VALUE_MAX), "VALUE_TOO_LARGE"),
    Bad("an identifier as key", GOOD, "KEY_IS_IDENTIFIER", key=b"198745210036"),
    Bad("an identifier as key, in Arabic digits", GOOD, "KEY_IS_IDENTIFIER",
        key="١٩٨٧-٤٥٢١-٠٠٣٦".encode()),
    Bad("too many headers", GOOD, "TOO_MANY_HEADERS", headers=(("h", b""),) * (HEADERS_MAX + 1)),
    Bad("huge headers", GOOD, "TOO_MANY_HEADERS", headers=(("h", bytes(65_536)),)),
)  # fmt: skip

AVRO = (
    Bad("last byte lost", GOOD[:-1], "TRUNCATED"),
    Bad("half lost", GOOD[: len(GOOD) // 2], "TRUNCATED"),
    Bad("bytes after the end", GOOD + b"\0", "TRAILING_BYTES"),
    Bad("two records in one value", GOOD + BODY, "TRAILING_BYTES"),
    Bad("negative length", replaced(LABEL, b"\x01" + LABEL[1:]), "BAD_LENGTH"),
    Bad("a text of 10^12 bytes", replaced(LABEL, number(10**12) + LABEL[1:]), "TRUNCATED"),
    Bad("invalid UTF-8", replaced(b"molsa-e", b"\xff\xfe\xfd\xfc\xfb\xfa\xf9"), "BAD_UTF8"),
    Bad("lone surrogate", replaced(b"molsa-e", b"\xed\xa0\x80lsa-"), "BAD_UTF8"),
    Bad("overlong form", replaced(b"molsa-e", b"\xc0\x80lsa-e"), "BAD_UTF8"),
    Bad("enum index -1", GOOD[: 5 + HEAD] + b"\x01" + GOOD[6 + HEAD :], "BAD_INDEX"),
    Bad("enum index beyond the symbols", GOOD[: 5 + HEAD] + b"\x7e" + GOOD[6 + HEAD :],
        "BAD_INDEX"),
    Bad("currency index -1", GOOD[:-1] + b"\x01", "BAD_INDEX"),
    Bad("union index -1", replaced(b"\0" + MONEY, b"\x01" + MONEY), "BAD_INDEX"),
    Bad("union index beyond the branches", replaced(b"\0" + MONEY, b"\x04" + MONEY), "BAD_INDEX"),
    Bad("2^40 in a field of 32 bits",
        replaced(number(12_345), number(2**40), enrolled_from=12_345), "BAD_NUMBER"),
    Bad("2^63 in a field of 64 bits",
        replaced(number(777_777), number(2**63), amount=777_777), "BAD_NUMBER"),
    Bad("a number of eleven bytes",
        replaced(number(777_777), b"\x80" * 10 + b"\x01", amount=777_777), "BAD_NUMBER"),
    Bad("a block with a wrong size", replaced(CODE, b"\x01\x04" + CODE[1:]), "BAD_LENGTH"),
    Bad("50 million items in a few bytes", replaced(CODE, number(50_000_000) + CODE[1:]),
        "BAD_LENGTH"),
    Bad("half a million items", replaced(CODE, number(500_000) + b"\0" * 500_000 + b"\0"),
        "TOO_MANY_ITEMS"),
    # What another schema's bytes are taken for is chance; these are what they are.
    Bad("a writer without a required field", under_another_schema(_without_programme), "TRUNCATED"),
    Bad("a writer with another type", under_another_schema(_seq_as_text), "BAD_INDEX"),
    Bad("a newer writer under our id", under_another_schema(_one_more_field), "TRAILING_BYTES"),
)  # fmt: skip


def _national(*numbers: str) -> list[dict[str, Any]]:
    return [{"kind": "NATIONAL_NUMBER", "value": text, "issuer": None} for text in numbers]


DAY_1899, DAY_2201 = -25_568, 84_371
VALUES = (
    Bad("negative amount", value(amount=-1), "BAD_AMOUNT"),
    Bad("more than any benefit", value(amount=10**15 + 1), "BAD_AMOUNT"),
    Bad("the greatest number", value(amount=2**63 - 1), "BAD_AMOUNT"),
    Bad("unknown currency", value(currency="UNKNOWN"), "UNKNOWN_CURRENCY"),
    Bad("an amount without a currency", value(currency=None), "UNKNOWN_CURRENCY"),
    Bad("a date before 1900", value(enrolled_from=DAY_1899), "BAD_DATE"),
    Bad("a date after 2200", value(enrolled_through=DAY_2201), "BAD_DATE"),
    Bad("the first day that Avro knows", value(enrolled_from=-(2**31)), "BAD_DATE"),
    Bad("the end before the start", value(enrolled_through=0), "REVERSED_PERIOD"),
    Bad("older than 130 years", value(person__birth_date=DAY_1899), "BAD_DATE"),
    Bad("not born yet", value(person__birth_date=40_000), "FUTURE_BIRTH"),
    Bad("an event of the year 9999", value(occurred_at=253_402_300_799_000), "BAD_INSTANT"),
    Bad("an event of 1970", value(occurred_at=0), "BAD_INSTANT"),
    Bad("a status that is not known", value(status="UNKNOWN"), "UNKNOWN_SYMBOL"),
    Bad("a negative version", value(source_seq=-1), "BAD_SEQ"),
    Bad("a degree of 101", value(disability_degree=101), "BAD_DEGREE"),
    Bad("eleven digits", value(person__identifiers=_national("19874521003")), "BAD_IDENTIFIER"),
    Bad("Latin O for zero", value(person__identifiers=_national("19874521OO36")), "BAD_IDENTIFIER"),
    Bad("two national numbers",
        value(person__identifiers=_national("198745210036", "198745210037")),
        "TWO_NATIONAL_NUMBERS"),
    Bad("another ministry's name", value(ministry="trade"), "WRONG_MINISTRY"),
    Bad("another ministry's topic", GOOD, "WRONG_MINISTRY", topic="sijill.trade.enrollment.v1"),
)  # fmt: skip

TEXTS = (
    Bad("NUL in a name", value(person__father="عل\0ي"), "BAD_TEXT"),
    Bad("NUL in a number", value(source_record_id="a\0b"), "BAD_TEXT"),
    Bad("escape sequence", value(person__father="\x1b[2J"), "BAD_TEXT"),
    Bad("escape of eight bits", value(person__father="a\x9b2J"), "BAD_TEXT"),
    Bad("31 marks on one letter", value(person__father="ع" + "\u0651" * 31), "BAD_TEXT"),
    Bad("no character of any script", value(person__father="a\uffff"), "BAD_TEXT"),
    Bad("a name of a million bytes", value(person__father="ب" * 500_000), "TEXT_TOO_LONG"),
    Bad("blank number", value(source_record_id=" \t\u200b"), "MISSING"),
    Bad("blank programme", value(programme="\u2003"), "MISSING"),
    Bad("a country in words", value(person__residence_country="العراق"), "TEXT_TOO_LONG"),
    Bad("a country in digits", value(person__residence_country="12"), "BAD_TEXT"),
)

TOPICS = (
    Bad("a topic that the hub writes", GOOD, "NOT_A_SOURCE_TOPIC", topic="sijill.alert.overlap.v1"),
    Bad("a topic of another version", GOOD, "NOT_A_SOURCE_TOPIC",
        topic="sijill.molsa.enrollment.v2"),
    Bad("no topic of the hub", GOOD, "NOT_A_SOURCE_TOPIC", topic="enrollment"),
)  # fmt: skip
"""What only a caller of acceptance can ask: a registrar reads no such topic."""

REFUSED = FRAMING + AVRO + VALUES + TEXTS
