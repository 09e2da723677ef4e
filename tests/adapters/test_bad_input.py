"""The list of bad input, row by row: each has its reason code, or the value that it is read as.

The list is that of the reliability reference, in its order: framing, Avro, values, text, injection,
protocol. Where to find what is not here: faults of every field in test_acceptance_fields.py, the
decoder's traps for types that our schemas do not use in test_avro_decoder.py, incompatible and
dangerous schemas in test_schema_check.py; what needs the registry (labels used twice, versions out
of order, corrections, merging and splitting) and the bytes' way through Kafka to quarantine in
tests/services/test_bad_input.py. The edge over HTTP comes with the gateway.
"""

import json
from typing import Any

import pytest

import schemas
from sijill.adapters import codec
from sijill.adapters.refusal import Refusal
from sijill.domain.event import Event
from sijill.domain.names import normalise, skeleton
from tests.adapters.bad_records import BODY, GOOD, REFUSED, TOPIC, TOPICS, Bad, number, replaced
from tests.adapters.envelopes import ACCEPTOR, accepted, example

INJECTIONS = (
    "'; DROP TABLE record; --",
    "\"' OR ''='",
    "%s %(x)s $$ $1",
    "{0.__class__} {} }{",
    "=HYPERLINK(1)",
    "+1 -1 @SUM",
    '"},{"ministry":"trade"',
    "<script>alert(1)</script>",
    "../../../etc/passwd",
    "a,b;c|d",
    "(a+)+$",
    "\\n\\0\\u0000",
)


@pytest.mark.parametrize("bad", REFUSED + TOPICS, ids=lambda bad: bad.line)
def test_bad_records_are_refused(bad: Bad) -> None:
    """Each bad record of the list is refused for its own reason."""
    answer = ACCEPTOR.accept(bad.topic, bad.key, bad.value, bad.headers)

    assert isinstance(answer, Refusal)
    assert answer.reason == bad.reason


@pytest.mark.parametrize(
    ("key", "headers"),
    [
        (None, ()),
        (b"\xff\xfe", ()),
        (b"199912345678", ()),
        (b"x" * 100_000, ()),
        (None, (("ce_id", b"1"), ("ce_id", b"2"))),
        (None, (("ce_id", b"\xff\xfe"), ("ce_type", None), ("", b""))),
    ],
    ids=["no key", "bytes as key", "another person's number as key", "a huge key",
         "a header twice", "headers without sense"],
)  # fmt: skip
def test_keys_and_headers_decide_nothing(key: bytes | None, headers: Any) -> None:
    """Whatever key and headers are, short of showing who it is, the event is the same."""
    assert ACCEPTOR.accept(TOPIC, key, GOOD, headers) == ACCEPTOR.accept(TOPIC, None, GOOD, ())


def said(**changes: Any) -> dict[str, Any]:
    """All that an enrollment with these changes is read as, by name of the field."""
    event = accepted("enrollment", example("enrollment", **changes))
    (fact,) = event.facts
    return {**event._asdict(), **fact.person._asdict(), **fact.detail._asdict()}


@pytest.mark.parametrize(
    ("changes", "read"),
    [
        # Values that look bad and are not: what they mean is the rulebook's business.
        ({"amount": 0}, {"amount": 0}),
        ({"amount": 10**15}, {"amount": 10**15}),
        ({"amount": 1_500, "currency": "JOD"}, {"amount": 1_500, "currency": "JOD"}),
        ({"currency": "USD"}, {"currency": "USD"}),
        ({"programme": "no-such-programme"}, {"programme": "no-such-programme"}),
        ({"enrolled_from": 60_000}, {"start": 719_163 + 60_000}),
        ({"person__birth_date": -25_567}, {"birth": 719_163 - 25_567}),
        ({"suspensions": [{"suspended_from": 1, "suspended_through": 9},
                          {"suspended_from": 5, "suspended_through": 12}]},
         {"suspensions": ((719_164, 719_173), (719_168, 719_176))}),
        # Text is put right first and judged afterwards.
        ({"person__given": "e\u0301"}, {"given": "é"}),
        ({"person__given": "\u0627\u0653ية"}, {"given": "آية"}),
        ({"person__given": "\u202bعلي\u202c\u2067\u2069\u061c\u200e"}, {"given": "علي"}),
        ({"person__given": "\u200bع\u2060لي\ufeff"}, {"given": "علي"}),
        ({"person__given": "نه\u200cور\u200d"}, {"given": "نه\u200cور\u200d"}),
        ({"person__given": "ع" + "\u0651" * 30}, {"given": "ع" + "\u0651" * 30}),
        ({"person__given": " \t\n"}, {"given": None}),
        ({"person__given": "علي\r\nحسن"}, {"given": "علي حسن"}),
        ({"source_record_id": "٤۵-\u202eA"}, {"record_id": "45-A"}),
        # What has no agreed meaning stays as it is: a wrong refusal would hide a person.
        ({"person__given": "علي\ue000"}, {"given": "علي\ue000"}),
        ({"person__given": "علي\u0378"}, {"given": "علي\u0378"}),
        ({"person__given": "😀"}, {"given": "😀"}),
        ({"person__given": "Аli"}, {"given": "Аli"}),
        ({"person__given": "\ufe8d\ufefb"}, {"given": "\ufe8d\ufefb"}),
    ],
)  # fmt: skip
def test_what_only_looks_bad_is_kept(changes: dict[str, Any], read: dict[str, Any]) -> None:
    """Records that are odd and not wrong are accepted, and read as the list says."""
    found = said(**changes)

    assert {name: found[name] for name in read} == read


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("\ufe8d\ufea3\ufee4\ufeaa", "احمد"),  # presentation forms
        ("ﻻمع", "لامع"),  # a ligature
        ("مـــحمد", "محمد"),  # tatweel
        ("أحمد", "احمد"), ("إيمان", "ايمان"), ("آمنة", "امنة"),  # alef
        ("فاطمة", "فاطمه"), ("منى", "مني"), ("مؤيد", "مويد"),  # teh marbuta, alef maqsura, hamza
        ("مُحَمَّدٌ", "محمد"),  # harakat
        ("نه\u200cور", "نه\u200cور\u200d"),  # joiners at the end
        ("e\u0301va", "éva"),  # composition
        ("علي\ue000", "علي"),  # private use
    ],
)  # fmt: skip
def test_spellings_of_one_name_match(written: str, plain: str) -> None:
    """What carries no meaning is kept for the eye and dropped for matching."""
    assert said(person__given=written)["given"] is not None
    assert (normalise(written), skeleton(written)) == (normalise(plain), skeleton(plain))


def test_lookalikes_are_not_one_name() -> None:
    """A Cyrillic letter that looks Latin makes another name: likeness merges nobody."""
    assert skeleton("Мona") != skeleton("Mona")


@pytest.mark.parametrize("text", INJECTIONS)
def test_injections_are_plain_text(text: str) -> None:
    """Text that would be code elsewhere is kept letter by letter, in names, numbers and codes."""
    found = said(person__given=text, source_record_id=text, programme=text[:32])

    assert (found["given"], found["record_id"], found["programme"]) == (text, text, text[:32])


def test_the_longest_zero_is_zero() -> None:
    """Zero in ten bytes, the nearest to a negative zero that Avro has, is the same statement."""
    first = ACCEPTOR.accept(TOPIC, None, replaced(b"\x02\0\x02", b"\x02\0\x02", amount=0), ())
    loose = replaced(b"\x02\0\x02", b"\x02" + b"\x80" * 9 + b"\0\x02", amount=0)

    assert isinstance(first, Event)
    assert ACCEPTOR.accept(TOPIC, None, loose, ()) == first


@pytest.mark.parametrize("stream", schemas.STREAMS)
def test_dangerous_types_do_not_occur(stream: str) -> None:
    """No source schema has a type with NaN, precision, free size or repeated keys."""
    kinds: set[str] = set()

    def walk(schema: Any) -> None:
        if isinstance(schema, list):
            for branch in schema:
                walk(branch)
        elif isinstance(schema, dict):
            for name, inner in schema.items():
                if name in ("type", "items", "values", "fields"):
                    walk(inner)
            kinds.add(str(schema.get("logicalType")))
        else:
            kinds.add(schema)

    walk(json.loads(schemas.text(stream)))
    dangerous = {"float", "double", "bytes", "fixed", "map", "boolean", "decimal"}

    assert "string" in kinds
    assert kinds & dangerous == set()


@pytest.mark.parametrize("text", ["0000-01-01", "2024-02-30", "2024-13-01", "10000-01-01"])
def test_impossible_dates_cannot_be_said(text: str) -> None:
    """On the wire a date is a count of days; one that does not exist fails where it is written."""
    with pytest.raises(ValueError, match=r"date|month|day|year|isoformat"):
        codec.from_json("enrollment", {**schemas.examples("enrollment")[0], "enrolled_from": text})


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "iqd"},
        {"currency": "XXX"},
        {"amount": 12.5},
        {"amount": float("nan")},
        {"amount": float("inf")},
        {"amount": 2**63},
        {"status": "ACTIVATED"},
    ],
)
def test_impossible_values_cannot_be_said(change: dict[str, Any]) -> None:
    """A symbol, fraction or number that the schema does not hold fails where it is written."""
    with pytest.raises(ValueError, match=r"\w"):
        codec.encode("payment", example("payment") | change)


def test_the_body_is_where_the_list_thinks() -> None:
    """The list's hand-made bytes stand on the real encoding: changing nothing changes nothing."""
    assert codec.frame(schemas.current("enrollment").id) + BODY == GOOD
    assert number(216_000) in BODY
