"""The border as a whole: envelope, framing, sender, content hash, and what an event says."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import schemas
from sijill.adapters import codec
from sijill.adapters.acceptance import HEADERS_MAX, Acceptor
from sijill.adapters.avro_decoder import compile_decoder
from sijill.adapters.refusal import REASONS, Refusal
from sijill.domain import identifiers
from sijill.domain.event import INF, Enrollment, Event, Income, Membership, Payment, Vital
from tests.adapters.avro_records import encoded, records
from tests.adapters.envelopes import ACCEPTOR, KEY, accept, accepted, example

TOPIC = "sijill.molsa.enrollment.v1"


def day(text: str) -> int:
    """The ordinal of a date."""
    return date.fromisoformat(text).toordinal()


def good() -> bytes:
    """The value of a record that is accepted."""
    return codec.encode("enrollment", example("enrollment"))


@pytest.mark.parametrize("stream", schemas.STREAMS)
def test_every_example_is_accepted(stream: str) -> None:
    """Each example of each source stream is accepted in both framings, with one result."""
    for place in range(len(schemas.examples(stream))):
        record = example(stream, place)
        single = codec.encode(stream, record, single_object=True)
        topic = f"sijill.{record['ministry']}.{stream}.v1"

        assert ACCEPTOR.accept(topic, None, single, None) == accepted(stream, record)


def test_headers_are_counted() -> None:
    """A record may carry 64 headers and 64 KB of them; none is ever required."""
    header = ("ce_id", b"x")

    assert isinstance(ACCEPTOR.accept(TOPIC, None, good(), [header] * HEADERS_MAX), Event)
    for headers in ([header] * (HEADERS_MAX + 1), [("h", bytes(65_536))]):
        assert ACCEPTOR.accept(TOPIC, None, good(), headers) == Refusal("TOO_MANY_HEADERS")
    assert isinstance(ACCEPTOR.accept(TOPIC, None, good(), [("h", None), ("h", b"\xff")]), Event)


@pytest.mark.parametrize("key", [None, b"", b"ab", b"\xff\xfe\xfd", b"SPN-2023-118204", b"1987"])
def test_foreign_keys_are_accepted(key: bytes | None) -> None:
    """The key decides nothing: none, a short hash, bytes or a record id are all accepted."""
    assert accepted("enrollment", example("enrollment"), key=key)


@pytest.mark.parametrize(
    ("stream", "place", "key"),
    [
        ("enrollment", 0, "198745210036"),
        ("enrollment", 0, "1987-4521-0036"),
        ("enrollment", 0, "١٩٨٧٤٥٢١٠٠٣٦"),
        ("enrollment", 0, "bg-204417"),
        ("enrollment", 0, "07701234567"),
        ("enrollment", 1, "201155500012"),
        ("household", 0, "198301770024"),
        ("vital", 1, "198745210036"),
    ],
)
def test_keys_show_no_identifier(stream: str, place: int, key: str) -> None:
    """A key that is an identifier in the payload, however written, is refused: keys are public."""
    answer = accept(stream, example(stream, place), key=key.encode())

    assert answer == Refusal("KEY_IS_IDENTIFIER", ("key:KEY_IS_IDENTIFIER",))


def test_the_topic_says_who_sends() -> None:
    """A payload that claims another ministry than its topic is refused."""
    answer = accept("enrollment", example("enrollment"), ministry="trade")

    assert answer == Refusal("WRONG_MINISTRY", ("ministry:WRONG_MINISTRY",))


def test_content_ignores_label_and_framing() -> None:
    """The content hash covers everything but the sender's label, the framing and block layout."""
    record = example("enrollment")
    first = accepted("enrollment", record)
    other = accepted("enrollment", record | {"event_id": "another-label" * 3})
    body = codec.encode_body("enrollment", record)
    # One item in a block whose size is announced says the same in more bytes.
    code = b"\x1ewife-of-convict"
    assert body.count(b"\x02" + code + b"\x00") == 1
    loose = body.replace(
        b"\x02" + code + b"\x00", b"\x01" + bytes([2 * len(code)]) + code + b"\x00"
    )

    assert other.content == first.content
    assert other.event_id != first.event_id
    assert ACCEPTOR.accept(TOPIC, None, codec.frame(1) + loose, None) == first
    assert accepted("enrollment", record | {"source_seq": 2}).content != first.content


def test_enrollment_in_full() -> None:
    """An enrollment becomes one fact: half-open days, ranked tokens, a token for the cared-for."""
    event = accepted("enrollment", example("enrollment", 1))
    (fact,) = event.facts

    def token(kind: str, scope: str, normal: str) -> bytes:
        return identifiers.token(KEY, kind=kind, scope=scope, normal=normal)

    assert fact.tokens == ((1, token("PASSPORT", "IQ", "A18723456")),)
    assert fact.detail == Enrollment(
        programme="caregiver",
        status="EXITED",
        start=day("2022-01-01"),
        stop=day("2024-05-01"),
        suspensions=((day("2023-06-01"), day("2023-09-01")),),
        household=None,
        categories=(),
        disability_degree=75,
        care_recipient=token("NATIONAL_NUMBER", "", "201155500012"),
        waivers=(("court-order", day("2023-01-01"), day("2024-01-01")),),
        centre=None,
        account=None,
        exit_reason="employed",
        amount=170_000,
        currency="IQD",
    )
    assert (event.void, event.decision, event.seq) == (False, None, 2)
    assert fact.person.given == "هیوا"
    assert fact.person.birth == day("1979-07-01")
    assert fact.signature is not None


def test_payment_in_full() -> None:
    """A payment becomes one fact, with the digits of its numbers in ASCII."""
    (fact,) = accepted("payment", example("payment", 1)).facts

    assert fact.detail == Payment(
        programme="food-ration",
        status="PLANNED",
        period="2024-03",
        start=day("2024-03-01"),
        stop=day("2024-04-01"),
        amount=45_000,
        currency="IQD",
        form="IN_KIND",
        planned_on=day("2024-03-20"),
        paid_on=None,
        household="0077123",
        account=None,
        reference=None,
        centre="PDS-BG-3311",
    )


def test_roster_gives_one_fact_per_line() -> None:
    """Each line of a roster is a fact; what the household says of its place fills in."""
    facts = accepted("household", example("household")).facts

    assert [fact.line for fact in facts] == ["1", "2", "3", "4"]
    assert facts[3].detail == Membership(
        "ration-card", "0077123", "SIBLING", day("2008-01-01"), day("2016-10-01"), "PDS-BG-3311"
    )
    assert facts[3].person.governorate == "IQ-BG"
    assert facts[3].tokens == ()


def test_vital_knows_the_partner() -> None:
    """A marriage keeps the strongest token of the partner, the one that the partner would have."""
    (fact,) = accepted("vital", example("vital", 1)).facts
    (partner,) = accepted("enrollment", example("enrollment")).facts

    assert fact.detail == Vital("MARRIAGE", day("2010-05-14"), None, partner.tokens[0][1])


def test_income_keeps_its_dated_amounts() -> None:
    """An income keeps every dated amount; an open one runs on."""
    (fact,) = accepted("income", example("income")).facts

    assert fact.detail == Income(
        kind="PUBLIC_SALARY",
        start=day("2015-10-01"),
        stop=INF,
        amounts=(
            (day("2015-10-01"), day("2024-01-01"), 650_000, "IQD", None),
            (day("2024-01-01"), INF, 780_000, "IQD", None),
        ),
        source="وزارة الكهرباء",
    )


def test_decision_returns_the_basis() -> None:
    """A decision has no facts; it names the notice and brings the basis back unchanged."""
    record = example("decision", 1)
    event = accepted("decision", record)

    assert event.facts == ()
    assert event.decision is not None
    assert event.decision.basis == record["basis"]
    assert event.decision.notice == bytes.fromhex(record["notice_id"])
    assert event.decision.until == day("2024-12-31")


@pytest.mark.parametrize("stream", schemas.STREAMS)
def test_void_says_nothing_else(stream: str) -> None:
    """A void version of any stream carries neither facts nor a decision."""
    event = accepted(stream, example(stream, status="VOID"))

    assert (event.void, event.facts, event.decision) == (True, (), None)


def test_another_key_gives_other_tokens() -> None:
    """Tokens depend on the registry's key, and nothing else in an event does."""
    other = Acceptor(b"another key").accept(TOPIC, None, good(), None)
    first = ACCEPTOR.accept(TOPIC, None, good(), None)

    assert isinstance(other, Event)
    assert isinstance(first, Event)
    assert other.facts[0].tokens != first.facts[0].tokens
    assert other._replace(facts=()) == first._replace(facts=())


PLAIN = {stream: compile_decoder(schemas.text(stream)) for stream in schemas.STREAMS}


def checked_like_plain(stream: str, body: bytes) -> tuple[Any, Any]:
    """What the border and the plain decoder say to a body: reasons of encoding, or None."""
    plain = None
    try:
        PLAIN[stream](body, 0)
    except Refusal as refusal:
        plain = refusal.reason
    answer = ACCEPTOR.accept(
        f"sijill.molsa.{stream}.v1", None, codec.frame(schemas.current(stream).id) + body, None
    )
    checked = answer.reason if isinstance(answer, Refusal) and not answer.detail else None
    return checked, plain


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_checks_do_not_change_the_decoding(data: st.DataObject) -> None:
    """The decoder that checks refuses exactly the encodings that the plain one refuses."""
    stream = data.draw(st.sampled_from(schemas.STREAMS))
    body = encoded(stream, data.draw(records(stream)))
    place = data.draw(st.integers(0, len(body) - 1))
    mutant = body[:place] + data.draw(st.binary(max_size=2)) + body[place + 1 :]

    checked, plain = checked_like_plain(stream, mutant)
    # The border allows shorter lists, and says so before it reads them.
    assert checked in (plain, "TOO_MANY_ITEMS")


@given(st.sampled_from(schemas.STREAMS), st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_get_an_answer(stream: str, data: bytes) -> None:
    """Any bytes on any topic are answered with an event or with a reason of the table."""
    framed = codec.frame(schemas.current(stream).id) + data
    for value in (data, framed):
        answer = ACCEPTOR.accept(f"sijill.molsa.{stream}.v1", data, value, None)

        assert isinstance(answer, Event) or answer.reason in REASONS
