"""The generated decoder reads what fastavro reads, and refuses what nobody should accept."""

import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sijill.adapters.avro_decoder import Decoder, compile_decoder
from sijill.adapters.refusal import Refusal
from tests.adapters.avro_records import TEXTS, as_fastavro_reads, encoded, records

DECODERS = {name: compile_decoder(text) for name, text in TEXTS.items()}


def decoder_of(*types: object) -> Decoder:
    """The decoder of a record with one field of each type."""
    fields = [{"name": f"f{place}", "type": kind} for place, kind in enumerate(types)]
    return compile_decoder(json.dumps({"type": "record", "name": "R", "fields": fields}))


def refused(decoder: Decoder, data: bytes) -> str:
    """The reason for which the decoder refuses the bytes."""
    with pytest.raises(Refusal) as caught:
        decoder(data, 0)
    return caught.value.reason


def answered(decoder: Decoder, data: bytes) -> tuple[object, bool] | Refusal:
    """What the decoder reads from the bytes, or why it refuses them."""
    try:
        return decoder(data, 0)
    except Refusal as refusal:
        return refusal


def zigzag(number: int, width: int = 1) -> bytes:
    """A number as Avro writes it, in at least so many bytes."""
    number = number << 1 if number >= 0 else (-number << 1) - 1
    digits: list[int] = []
    while number > 127 or len(digits) < width - 1:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes([*digits, number])


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_equals_fastavro_on_records(data: st.DataObject) -> None:
    """Any record of any schema is read as fastavro reads it, and found canonical."""
    name = data.draw(st.sampled_from(sorted(TEXTS)))
    body = encoded(name, data.draw(records(name)))

    assert DECODERS[name](body, 0) == (as_fastavro_reads(name, body), True)


def bytes_changed(data: st.DataObject, body: bytes) -> bytes:
    """The bytes with one of them changed, removed or added."""
    place = data.draw(st.integers(0, len(body) - 1))
    inserted = data.draw(st.sampled_from([b"", b"\x00", b"\x01", b"\x02", b"\x80", b"\xff"]))
    random = data.draw(st.binary(min_size=1, max_size=1))
    kept = data.draw(st.integers(place, place + 1))
    return body[:place] + data.draw(st.sampled_from([inserted, random])) + body[kept:]


@given(st.data())
@settings(max_examples=600, deadline=None)
def test_equals_fastavro_on_mutants(data: st.DataObject) -> None:
    """A mutant that is a valid encoding is read as fastavro reads it; every other is refused.

    Valid in the narrow sense is what fastavro writes back byte by byte: only that is canonical.
    """
    name = data.draw(st.sampled_from(sorted(TEXTS)))
    body = bytes_changed(data, encoded(name, data.draw(records(name))))
    try:
        expected = as_fastavro_reads(name, body)
        again = encoded(name, expected)
    except (ValueError, OverflowError, struct.error):
        expected, again = None, None

    answer = answered(DECODERS[name], body)
    if isinstance(answer, Refusal):
        # What fastavro takes and writes back unchanged may be refused for its value only.
        assert again != body or answer.reason == "BAD_NUMBER"
    else:
        assert answer == (expected, again == body)


@given(st.sampled_from(sorted(TEXTS)), st.binary(max_size=200))
@settings(max_examples=500, deadline=None)
def test_random_bytes_raise_nothing_else(name: str, data: bytes) -> None:
    """Whatever the bytes are, the decoder returns a record or raises a Refusal."""
    answer = answered(DECODERS[name], data)
    assert isinstance(answer, Refusal) or answer[0] == as_fastavro_reads(name, data)


@pytest.mark.parametrize(
    ("types", "data", "reason"),
    [
        (["string"], b"", "TRUNCATED"),
        (["string"], zigzag(5) + b"abc", "TRUNCATED"),
        (["string"], zigzag(10**12), "TRUNCATED"),
        (["string", "string"], zigzag(10**12) + zigzag(1) + b"a", "TRUNCATED"),
        (["string"], zigzag(-1), "BAD_LENGTH"),
        (["bytes"], zigzag(-3) + b"abc", "BAD_LENGTH"),
        (["string"], zigzag(2) + b"\xff\xfe", "BAD_UTF8"),
        (["string"], zigzag(3) + b"\xed\xa0\x80", "BAD_UTF8"),
        (["string"], zigzag(2) + b"\xc0\x80", "BAD_UTF8"),
        (["int"], zigzag(0) + b"\x00", "TRAILING_BYTES"),
        (["int"], zigzag(2**31), "BAD_NUMBER"),
        (["int"], zigzag(-(2**31) - 1), "BAD_NUMBER"),
        (["int"], zigzag(2**40), "BAD_NUMBER"),
        (["long"], zigzag(2**63), "BAD_NUMBER"),
        (["long"], b"\x80" * 10 + b"\x01", "BAD_NUMBER"),
        (["long"], b"\x80" * 5, "TRUNCATED"),
        (["boolean"], b"\x07", "BAD_BOOLEAN"),
        ([["null", "int"]], zigzag(-1), "BAD_INDEX"),
        ([["null", "int"]], zigzag(2), "BAD_INDEX"),
        ([["null", "int"]], zigzag(10**9), "BAD_INDEX"),
        ([{"type": "enum", "name": "E", "symbols": ["A", "B"]}], zigzag(-1), "BAD_INDEX"),
        ([{"type": "enum", "name": "E", "symbols": ["A", "B"]}], zigzag(2), "BAD_INDEX"),
        (["double"], struct.pack("<d", float("nan")), "BAD_NUMBER"),
        (["double"], struct.pack("<d", float("inf")), "BAD_NUMBER"),
        (["float"], struct.pack("<f", float("-inf")), "BAD_NUMBER"),
        (["double"], b"\x00" * 7, "TRUNCATED"),
        ([{"type": "fixed", "name": "F", "size": 4}], b"abc", "TRUNCATED"),
        ([{"type": "map", "values": "int"}], b"\x04\x02a\x02\x02a\x04\x00", "DUPLICATE_KEY"),
        ([{"type": "map", "values": "int"}], b"\x02\x02a\x02\x02\x02a\x04\x00", "DUPLICATE_KEY"),
        ([{"type": "array", "items": "int"}], zigzag(50_000_000), "BAD_LENGTH"),
        ([{"type": "array", "items": "int"}], zigzag(-2) + zigzag(3) + b"\x02\x02\x00\x00",
         "BAD_LENGTH"),
        ([{"type": "array", "items": "int"}], zigzag(-1) + zigzag(-1) + b"\x02\x00", "BAD_LENGTH"),
        ([{"type": "array", "items": "int"}], zigzag(-1) + zigzag(99) + b"\x02\x00", "BAD_LENGTH"),
        ([{"type": "array", "items": "int"}], zigzag(-(2**63)) + b"\x02\x02\x00", "BAD_LENGTH"),
        ([{"type": "array", "items": "int"}], zigzag(70_000) + b"\x02" * 70_000 + b"\x00",
         "TOO_MANY_ITEMS"),
        ([{"type": "array", "items": "int"}], (zigzag(1000) + b"\x02" * 1000) * 70 + b"\x00",
         "TOO_MANY_ITEMS"),
    ],
)  # fmt: skip
def test_traps_are_closed(types: list[object], data: bytes, reason: str) -> None:
    """What lenient decoders let through is refused under its own reason."""
    assert refused(decoder_of(*types), data) == reason


@pytest.mark.parametrize(
    ("kind", "data", "value"),
    [
        ("long", zigzag(1, 2), 1),
        ("long", zigzag(-64, 5), -64),
        ("long", zigzag(1_700_000_000_000, 8), 1_700_000_000_000),
        ({"type": "long", "logicalType": "timestamp-millis"}, zigzag(5, 6), 5),
        ("string", zigzag(1, 2) + b"a", "a"),
        (["null", "int"], zigzag(1, 2) + zigzag(3), 3),
        ({"type": "enum", "name": "E", "symbols": ["A", "B"]}, zigzag(1, 3), "B"),
        ({"type": "array", "items": "int"}, b"\x02\x02\x02\x04\x00", [1, 2]),
        ({"type": "array", "items": "int"}, zigzag(-2) + zigzag(2) + b"\x02\x04\x00", [1, 2]),
        ({"type": "array", "items": "int"}, zigzag(0, 2), []),
    ],
)
def test_loose_encodings_are_reported(kind: object, data: bytes, value: object) -> None:
    """Bytes that say the same at greater length are read, and reported as not canonical."""
    assert decoder_of(kind)(data, 0) == ({"f0": value}, False)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "record", "name": "R", "fields": [{"name": "r", "type": ["null", "R"]}]},
        {"type": "array", "items": "null"},
        {"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}},
    ],
)
def test_dangerous_schemas_are_not_compiled(schema: object) -> None:
    """Recursive schemas and lists of nothing have no decoder."""
    with pytest.raises(ValueError, match=r"recursive|bomb"):
        compile_decoder(json.dumps(schema))
