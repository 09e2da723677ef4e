"""Text as it comes from outside: cleaned for keeping, or found to be no text at all.

The cleaned form is what people see again. It is composed (NFC), without invisible characters that
steer direction or hide, and without blanks at its ends. The joiners that Persian and Kurdish need
(ZWJ, ZWNJ) stay. Everything is normalised first and judged afterwards.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

MARKS_MAX: Final = 30
"""The most combining marks that one text may pile up without a letter between them."""

LENGTH_MAX: Final = 1 << 17
"""The most characters that are looked at; every field allows far less."""

_INVISIBLE = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_BLANKS = re.compile("[\t\n\v\f\r\x85\u2028\u2029]+")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_DIGITS = {base + digit: str(digit) for base in (0x0660, 0x06F0) for digit in range(10)}


def clean(raw: str) -> str | None:
    """Return the text as it is kept, perhaps empty; None when no text may look like this.

    That is: control characters (line breaks and tabs become blanks), lone surrogates, or more
    than 30 combining marks in a row.
    """
    if raw.isascii() and raw.isprintable():
        return raw.strip()
    return _clean(raw) if len(raw) <= 128 else _clean_slowly(raw)


def clean_id(raw: str) -> str | None:
    """Return a number or code as it is kept: cleaned, with every digit in ASCII."""
    text = clean(raw)
    return text if text is None or text.isascii() else ascii_digits(text)


def ascii_digits(text: str) -> str:
    """Return the text with Arabic-Indic and Persian digits as ASCII digits."""
    return text.translate(_DIGITS)


def _clean_slowly(raw: str) -> str | None:
    if len(raw) > LENGTH_MAX:
        return None
    text = _BLANKS.sub(" ", _INVISIBLE.sub("", raw))
    # Composing is quadratic in a run of marks, so the runs are measured before.
    if _piled_up(text) or _CONTROLS.search(text):
        return None
    return unicodedata.normalize("NFC", text).strip()


_clean = lru_cache(maxsize=1 << 17)(_clean_slowly)


def _piled_up(text: str) -> bool:
    run = 0
    for character in text:
        run = run + 1 if unicodedata.category(character)[0] == "M" else 0
        if run > MARKS_MAX:
            return True
    return False
