"""Identifiers: their normal form, the fillers that are none, and the tokens that stand for them."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sijill.domain.identifiers import DUMMIES, KINDS, Tokens, normalise, scope_of, token


@pytest.mark.parametrize(
    ("kind", "value", "normal"),
    [
        ("NATIONAL_NUMBER", "198745210036", "198745210036"),
        ("NATIONAL_NUMBER", " 1987-4521 0036 ", "198745210036"),
        ("NATIONAL_NUMBER", "١٩٨٧٤٥٢١٠٠٣٦", "198745210036"),
        ("NATIONAL_NUMBER", "۱۹۸۷۴۵۲۱۰۰۳۶", "198745210036"),
        ("NATIONAL_NUMBER", "\u202e198745210036\u200b", "198745210036"),
        ("NATIONAL_NUMBER", "19874521003", None),
        ("NATIONAL_NUMBER", "1987452100361", None),
        ("NATIONAL_NUMBER", "19874521003X", None),
        ("NATIONAL_NUMBER", "¹98745210036", None),
        ("NATIONAL_NUMBER", "१98745210036", None),
        ("NATIONAL_NUMBER", "-", ""),
        ("PASSPORT", "a-1872 3456", "A18723456"),
        ("REFUGEE_NUMBER", "735-15c00213", "73515C00213"),
        ("BENEFICIARY_NUMBER", "bg - 204417", "BG-204417"),
        ("INSURANCE_NUMBER", "77/120934", "77/120934"),
        ("PHONE", "(0770) 123-4567", "07701234567"),
        ("CIVIL_STATUS", "س ١٢ / ص ٣", "س12/ص3"),
        ("OTHER", "a\0b", None),
    ],
)
def test_normal_forms(kind: str, value: str, normal: str | None) -> None:
    """Digits become ASCII, letters upper case, grouping goes; a wrong form is none."""
    assert normalise(kind, value) == normal


@given(st.sampled_from(sorted(KINDS)), st.text(max_size=70))
def test_normalising_twice_changes_nothing(kind: str, value: str) -> None:
    """A normal form is its own normal form."""
    normal = normalise(kind, value)
    if normal is not None:
        assert normalise(kind, normal) == normal


@pytest.mark.parametrize(
    "filler", ["000000000000", "111111111111", "0", "123456789012", "UNKNOWN", "NA", "XXXX"]
)
def test_fillers(filler: str) -> None:
    """What people type when they must type something is no identifier."""
    assert filler in DUMMIES


@pytest.mark.parametrize(
    "number", ["7", "77", "198745210036", "A18723456", "12345", "000000000001"]
)
def test_small_numbers_are_no_fillers(number: str) -> None:
    """The first numbers of a small register are identifiers."""
    assert number not in DUMMIES


def test_links_and_ranks() -> None:
    """Five kinds link, the national number first; what a family shares links nothing."""
    linking = sorted((kind.rank, name) for name, kind in KINDS.items() if kind.links)

    assert [name for _, name in linking] == [
        "NATIONAL_NUMBER",
        "PASSPORT",
        "REFUGEE_NUMBER",
        "INSURANCE_NUMBER",
        "BENEFICIARY_NUMBER",
    ]
    assert [rank for rank, _ in linking] == [0, 1, 2, 3, 4]


def test_scopes() -> None:
    """A number that a ministry gives counts within it, a passport within its country."""
    assert scope_of("BENEFICIARY_NUMBER", "molsa", "IQ") == "molsa"
    assert scope_of("PASSPORT", "molsa", "iq") == "IQ"
    assert scope_of("PASSPORT", "molsa", None) == ""
    assert scope_of("NATIONAL_NUMBER", "molsa", "IQ") == ""


@given(st.binary(max_size=100), st.text(max_size=5), st.text(max_size=20))
def test_prepared_tokens_are_the_same(key: bytes, scope: str, normal: str) -> None:
    """The fast way gives HMAC-SHA256 of kind, scope and normal form, cut to 16 bytes."""
    message = f"PASSPORT\0{scope}\0{normal}".encode()
    expected = hmac.new(key, message, hashlib.sha256).digest()[:16]

    assert token(key, kind="PASSPORT", scope=scope, normal=normal) == expected
    assert Tokens(key).of("PASSPORT", scope, normal) == expected
