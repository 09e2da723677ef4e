"""Proofs of how an alert is told to people."""

import re

import schemas
from sijill.adapters import codec
from sijill.cli import alert_text
from sijill.domain import rulebook

ALERT = codec.from_json("alert", schemas.examples("alert")[0])
BOOK = rulebook.load("iraq")


def test_english_and_arabic_say_the_same() -> None:
    """Both languages tell the same facts, line by line."""
    english = alert_text.lines(ALERT, BOOK, "en")
    arabic = alert_text.lines(ALERT, BOOK, "ar")

    assert len(english) == len(arabic)
    assert ALERT["reason_en"] in english[1]
    assert ALERT["reason_ar"] in arabic[1]


def test_arabic_is_arabic() -> None:
    """In Arabic, counts and dates have Arabic digits; ids stay as sent, set apart."""
    text = "\n".join(line for line in alert_text.lines(ALERT, BOOK, "ar")[2:])
    outside = re.sub("\u2066[^\u2069]*\u2069", "", text)

    assert "\u2066SPN-2023-118204\u2069" in text
    assert "٤٣٢٬٠٠٠" in text
    assert not re.search("[0-9]", outside.replace("Law 11/2014, art. 1", ""))


def test_every_record_is_named() -> None:
    """Each side stands with its ministry's own record number."""
    text = "\n".join(alert_text.lines(ALERT, BOOK, "en"))

    assert [side["source_record_id"] in text for side in ALERT["sides"]] == [True, True]


def test_pair_is_in_order() -> None:
    """A pair has one name, whichever side comes first."""
    turned = {**ALERT, "sides": ALERT["sides"][::-1]}

    assert alert_text.pair(ALERT) == alert_text.pair(turned) == "public-salary × spn"


def test_unknown_rule_is_told() -> None:
    """An alert of a rule that the book no longer has is told by its id."""
    assert "iq.gone" in alert_text.lines({**ALERT, "rule": "iq.gone"}, BOOK, "ar")[0]
