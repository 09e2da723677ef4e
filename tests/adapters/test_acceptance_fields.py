"""What the border demands of the fields: every fault has its reason, and none hides another."""

import time
from typing import Any

import pytest

from sijill.adapters.acceptance_source import AMOUNT_MAX, IDENTIFIERS_MAX, LIST_MAX
from sijill.adapters.refusal import REASONS, Refusal
from tests.adapters.envelopes import accept, accepted, example, faults

PERSON = "person__"
DAY_1899, DAY_2201 = -25_568, 84_371  # 1899-12-31 and 2201-01-01
MARK = "\u0651"


def identifier(kind: str, value: str, issuer: str | None = None) -> dict[str, Any]:
    """An identifier as it stands in a record."""
    return {"kind": kind, "value": value, "issuer": issuer}


@pytest.mark.parametrize(
    ("stream", "changes", "fault"),
    [
        ("enrollment", {"source_seq": -1}, "source_seq:BAD_SEQ"),
        ("enrollment", {"occurred_at": 0}, "occurred_at:BAD_INSTANT"),
        ("enrollment", {"occurred_at": -1}, "occurred_at:BAD_INSTANT"),
        ("enrollment", {"occurred_at": 7_289_654_400_000}, "occurred_at:BAD_INSTANT"),
        ("enrollment", {"occurred_at": 253_402_300_799_999}, "occurred_at:BAD_INSTANT"),
        ("enrollment", {"event_id": " "}, "event_id:MISSING"),
        ("enrollment", {"source_record_id": ""}, "source_record_id:MISSING"),
        ("enrollment", {"source_record_id": "\u200b \t\u202e"}, "source_record_id:MISSING"),
        ("enrollment", {"source_record_id": "a\0b"}, "source_record_id:BAD_TEXT"),
        ("enrollment", {"source_record_id": "x" * 129}, "source_record_id:TEXT_TOO_LONG"),
        ("enrollment", {"programme": "\u2003"}, "programme:MISSING"),
        ("enrollment", {"programme": "a\x1b[31m"}, "programme:BAD_TEXT"),
        ("enrollment", {"status": "UNKNOWN"}, "status:UNKNOWN_SYMBOL"),
        ("enrollment", {"enrolled_from": DAY_1899}, "enrolled_from:BAD_DATE"),
        ("enrollment", {"enrolled_from": DAY_2201}, "enrolled_from:BAD_DATE"),
        ("enrollment", {"enrolled_from": -(2**31)}, "enrolled_from:BAD_DATE"),
        ("enrollment", {"enrolled_through": 0}, "enrolled_through:REVERSED_PERIOD"),
        ("enrollment", {"suspensions": [{"suspended_from": 9, "suspended_through": 8}]},
         "suspended_through:REVERSED_PERIOD"),
        ("enrollment", {"waivers": [{"code": "c", "waived_from": 9, "waived_through": 8}]},
         "waived_through:REVERSED_PERIOD"),
        ("enrollment", {"waivers": [{"code": " ", "waived_from": 9, "waived_through": 9}]},
         "code:MISSING"),
        ("enrollment", {"disability_degree": 101}, "disability_degree:BAD_DEGREE"),
        ("enrollment", {"disability_degree": -1}, "disability_degree:BAD_DEGREE"),
        ("enrollment", {"amount": -1}, "amount:BAD_AMOUNT"),
        ("enrollment", {"amount": AMOUNT_MAX + 1}, "amount:BAD_AMOUNT"),
        ("enrollment", {"currency": None}, "currency:UNKNOWN_CURRENCY"),
        ("enrollment", {"currency": "UNKNOWN"}, "currency:UNKNOWN_CURRENCY"),
        ("enrollment", {"category_codes": ["x" * 33]}, "category_codes:TEXT_TOO_LONG"),
        ("enrollment", {PERSON + "given": "x" * 121}, "given:TEXT_TOO_LONG"),
        ("enrollment", {PERSON + "given": "ع" + "ل" * 500_000}, "given:TEXT_TOO_LONG"),
        ("enrollment", {PERSON + "given": "ع" + MARK * 31}, "given:BAD_TEXT"),
        ("enrollment", {PERSON + "given": "علي\0"}, "given:BAD_TEXT"),
        ("enrollment", {PERSON + "given": "علي\x1b[2J"}, "given:BAD_TEXT"),
        ("enrollment", {PERSON + "residence_country": "Iraq"}, "residence_country:TEXT_TOO_LONG"),
        ("enrollment", {PERSON + "residence_country": "I1"}, "residence_country:BAD_TEXT"),
        ("enrollment", {PERSON + "birth_date": DAY_1899}, "birth_date:BAD_DATE"),
        ("enrollment", {PERSON + "birth_date": 19_391}, "birth_date:FUTURE_BIRTH"),
        ("enrollment", {PERSON + "identifiers": [identifier("NATIONAL_NUMBER", "12345678901")]},
         "value:BAD_IDENTIFIER"),
        ("enrollment", {PERSON + "identifiers": [identifier("NATIONAL_NUMBER", "19874521003X")]},
         "value:BAD_IDENTIFIER"),
        ("enrollment", {PERSON + "identifiers": [identifier("PASSPORT", " ")]}, "value:MISSING"),
        ("enrollment", {PERSON + "identifiers": [identifier("NATIONAL_NUMBER", "198745210036"),
                                                 identifier("NATIONAL_NUMBER", "198745210037")]},
         "identifiers:TWO_NATIONAL_NUMBERS"),
        ("enrollment", {"care_recipient": identifier("NATIONAL_NUMBER", "7")},
         "value:BAD_IDENTIFIER"),
        ("payment", {"status": "UNKNOWN"}, "status:UNKNOWN_SYMBOL"),
        ("payment", {"form": "UNKNOWN"}, "form:UNKNOWN_SYMBOL"),
        ("payment", {"amount": -1}, "amount:BAD_AMOUNT"),
        ("payment", {"amount": 2**63 - 1}, "amount:BAD_AMOUNT"),
        ("payment", {"currency": "UNKNOWN"}, "currency:UNKNOWN_CURRENCY"),
        ("payment", {"period": ""}, "period:MISSING"),
        ("payment", {"period_through": 0}, "period_through:REVERSED_PERIOD"),
        ("payment", {"paid_on": DAY_2201}, "paid_on:BAD_DATE"),
        ("household", {"status": "UNKNOWN"}, "status:UNKNOWN_SYMBOL"),
        ("household", {"roster": " "}, "roster:MISSING"),
        ("household", {"lines__1__line_id": "1"}, "line_id:DUPLICATE_LINE"),
        ("household", {"lines__1__line_id": "١"}, "line_id:DUPLICATE_LINE"),
        ("household", {"lines__3__member_through": 0}, "member_through:REVERSED_PERIOD"),
        ("household", {"lines__3__person__birth_date": 40_000}, "birth_date:FUTURE_BIRTH"),
        ("vital", {"status": "UNKNOWN"}, "status:UNKNOWN_SYMBOL"),
        ("vital", {"kind": "UNKNOWN"}, "kind:UNKNOWN_SYMBOL"),
        ("vital", {"event_date": DAY_2201}, "event_date:BAD_DATE"),
        ("income", {"status": "UNKNOWN"}, "status:UNKNOWN_SYMBOL"),
        ("income", {"kind": "UNKNOWN"}, "kind:UNKNOWN_SYMBOL"),
        ("income", {"amounts__0__amount": -5}, "amount:BAD_AMOUNT"),
        ("income", {"amounts__0__amount_through": 0}, "amount_through:REVERSED_PERIOD"),
        ("income", {"amounts__0__currency": "UNKNOWN"}, "currency:UNKNOWN_CURRENCY"),
        ("decision", {"status": "UNKNOWN"}, "status:UNKNOWN_SYMBOL"),
        ("decision", {"code": "UNKNOWN"}, "code:UNKNOWN_SYMBOL"),
        ("decision", {"notice_id": "not hexadecimal"}, "notice_id:BAD_NOTICE_ID"),
        ("decision", {"notice_id": "abc"}, "notice_id:BAD_NOTICE_ID"),
        ("decision", {"basis": ""}, "basis:MISSING"),
        ("decision", {"basis": "v1|\n"}, "basis:BAD_TEXT"),
        ("decision", {"note": "x" * 2001}, "note:TEXT_TOO_LONG"),
    ],
)  # fmt: skip
def test_one_fault(stream: str, changes: dict[str, Any], fault: str) -> None:
    """A record with one fault is refused for exactly that fault."""
    answer = accept(stream, example(stream, **changes))

    assert answer == Refusal(fault.partition(":")[2], (fault,))


def test_all_faults_are_told_at_once() -> None:
    """A record with several faults is refused once: the first by the table, all in the detail."""
    record = example(
        "enrollment",
        source_seq=-1,
        amount=-1,
        disability_degree=400,
        enrolled_through=-(10**6),
        person__given="\0",
        person__identifiers=[identifier("NATIONAL_NUMBER", "1")],
    )
    answer = accept("enrollment", record, ministry="trade")

    assert isinstance(answer, Refusal)
    assert answer.reason == "WRONG_MINISTRY"
    assert answer.detail == (
        "amount:BAD_AMOUNT",
        "disability_degree:BAD_DEGREE",
        "enrolled_through:BAD_DATE",
        "enrolled_through:REVERSED_PERIOD",
        "given:BAD_TEXT",
        "ministry:WRONG_MINISTRY",
        "source_seq:BAD_SEQ",
        "value:BAD_IDENTIFIER",
    )


def test_void_records_are_checked_too() -> None:
    """A void version must be as clean as any other."""
    assert faults("payment", example("payment", status="VOID", amount=-1)) == ("amount:BAD_AMOUNT",)


def test_lists_are_bounded() -> None:
    """A list longer than a record may have is refused before its items are read."""
    most = example("enrollment", category_codes=["c"] * LIST_MAX)
    more = example("enrollment", category_codes=["c"] * (LIST_MAX + 1))

    assert accepted("enrollment", most)
    assert accept("enrollment", more) == Refusal("TOO_MANY_ITEMS")
    for count in (IDENTIFIERS_MAX, IDENTIFIERS_MAX + 1):
        found = [identifier("BENEFICIARY_NUMBER", str(number)) for number in range(count)]
        answer = accept("enrollment", example("enrollment", person__identifiers=found))
        assert isinstance(answer, Refusal) == (count > IDENTIFIERS_MAX)


def test_hostile_records_cost_little() -> None:
    """A record of 64 KB made to be slow is decided within a quarter of a second of computing."""
    line = example("household")["lines"][0]
    person = dict.fromkeys(line["person"]) | {
        "identifiers": [identifier("NATIONAL_NUMBER", "")] * IDENTIFIERS_MAX,
        "sex": "MALE",
        "birth_precision": "DAY",
    }
    lines = [line | {"line_id": str(number), "person": person} for number in range(500)]
    piled = "\u0639" + "\u064e\u0651" * 15
    slow = (
        ("household", example("household", lines=lines)),
        ("decision", example("decision", basis=piled * 1000)),
        ("decision", example("decision", note=piled * 1000)),
    )
    for stream, record in slow:
        before = time.process_time()
        accept(stream, record)

        assert time.process_time() - before < 0.25


def test_text_is_normalised_first() -> None:
    """Composition, hidden marks, blanks and digits are put right before anything is judged."""
    record = example(
        "enrollment",
        event_id=" e-١٢ ",
        source_record_id="\u202eSPN\u200b-١٢۳\ufeff ",
        person__given=" \u0627\u0653ية\t",
        person__father="نه\u200cور",
        person__residence_country="iq",
    )
    event = accepted("enrollment", record)
    person = event.facts[0].person

    assert (event.event_id, event.record_id) == ("e-12", "SPN-123")
    assert person.given == "آية"
    assert person.father == "نه\u200cور"
    assert person.country == "IQ"


def test_text_limits_count_characters() -> None:
    """A limit counts characters after normalisation, not bytes and not what was stripped."""
    longest = "ع" * 120
    record = example("enrollment", person__given=f"\u200f {longest}", person__father="é" * 120)

    assert accepted("enrollment", record).facts[0].person.given == longest


def test_blank_parts_are_absent() -> None:
    """A blank optional text says the same as none."""
    record = example("enrollment", person__given=" ", household_number="", exit_reason="\u200b")
    (fact,) = accepted("enrollment", record).facts

    assert fact.person.given is None
    assert fact.signature is None


@pytest.mark.parametrize(
    ("changes", "signed"),
    [
        ({}, True),
        ({"person__sex": "UNKNOWN"}, False),
        ({"person__birth_date": None}, False),
        ({"person__birth_precision": "UNKNOWN"}, False),
        ({"person__birth_precision": "YEAR"}, True),
        ({"person__given": None}, False),
    ],
)
def test_signature_needs_three_parts(changes: dict[str, Any], *, signed: bool) -> None:
    """A mention has a signature only with given name, year of birth and sex."""
    (fact,) = accepted("enrollment", example("enrollment", **changes)).facts

    assert (fact.signature is not None) == signed


def test_signature_is_of_the_year_and_the_sound() -> None:
    """Another day of the year or another spelling of the name leaves the signature as it is."""
    first = example("enrollment", person__given="أحمد", person__birth_date=6279)
    second = example("enrollment", person__given="Ahmad", person__birth_date=6280)
    third = example("enrollment", person__given="Ahmad", person__birth_date=5000)
    one, two, other = (accepted("enrollment", r).facts[0].signature for r in (first, second, third))

    assert one == two
    assert one != other


def test_no_birth_has_no_precision() -> None:
    """Without a date of birth its precision reads UNKNOWN, whatever the sender wrote."""
    (fact,) = accepted("enrollment", example("enrollment", person__birth_date=None)).facts

    assert fact.person.birth_precision == "UNKNOWN"


def test_births_by_local_date() -> None:
    """A child registered in the first hours of its day may be born after the UTC date."""
    assert accepted("enrollment", example("enrollment", person__birth_date=19_390))


def test_reasons_have_both_languages() -> None:
    """Every reason has one sentence in English and one in Arabic."""
    for english, arabic in REASONS.values():
        assert english.endswith(".")
        assert arabic.endswith(".")
        assert any("\u0600" <= letter <= "\u06ff" for letter in arabic)


def test_refusals_show_no_values() -> None:
    """Neither the text nor the representation of a refusal holds anything from the payload."""
    answer = accept("enrollment", example("enrollment", person__given="Canary\0"))

    assert isinstance(answer, Refusal)
    assert "Canary" not in f"{answer} {answer!r} {answer.args} {answer.detail}"
