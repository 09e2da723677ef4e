"""Text from outside: what is put right, and what is no text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sijill.domain.texts import ascii_digits, clean, clean_id


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("", ""),
        (" plain text ", "plain text"),
        ("a\tb\r\nc", "a b c"),
        ("\u0627\u0653", "\u0622"),  # NFD becomes NFC
        ("e\u200b\u0301", "\u00e9"),  # hidden marks go before parts are composed
        ("\u202bعلي\u202c", "علي"),
        ("عـلي", "عـلي"),  # tatweel is a matter of matching, not of keeping
        ("نه\u200cور", "نه\u200cور"),  # ZWNJ is spelling
        ("a\u200bb\ufeff", "ab"),
        ("\u2066\u200e\u061c", ""),
        ("😀", "😀"),
        ("'; DROP TABLE person; --", "'; DROP TABLE person; --"),
        ("{0.__class__} %s $$", "{0.__class__} %s $$"),
        ("a\0b", None),
        ("\x1b[31m", None),
        ("\x7f", None),
        ("\ud800", None),
        ("\ufffe", None),
        ("ع" + "\u064b" * 31, None),
        ("ع" + "\u064b" * 30, "ع" + "\u064b" * 30),
        ("بِسْمِ" * 20, "بِسْمِ" * 20),
        ("x" * 200_000, "x" * 200_000),
        ("ع" * 200_000, None),
    ],
)
def test_cleaning(raw: str, kept: str | None) -> None:
    """Hidden and broken characters go or make it no text; spelling stays."""
    assert clean(raw) == (kept if kept is None else unicodedata.normalize("NFC", kept))


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    """A cleaned text is clean."""
    text = clean(raw)
    if text is not None:
        assert clean(text) == text


def test_numbers_have_ascii_digits() -> None:
    """Digits of both Arabic rows become ASCII in numbers and codes, and stay in names."""
    assert clean_id(" ٠١٢٣-۴۵۶۷۸۹ ") == "0123-456789"
    assert clean("٠١٢") == "٠١٢"
    assert ascii_digits("a٣") == "a3"
