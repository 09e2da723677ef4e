"""Text fields on their way in: from the bytes on the wire to what is kept, or to a fault.

Everything is normalised first and judged afterwards. Names and codes repeat all the time, so what
became of their bytes is remembered; numbers that stand for one record or person are not.
"""

import re
from collections.abc import Callable

from sijill.domain.texts import clean, clean_id

Faults = list[tuple[str, str]]
"""The faults found in one record, as (field, reason)."""

DISPLAY = frozenset(
    [
        "given",
        "father",
        "grandfather",
        "great_grandfather",
        "family",
        "mother_given",
        "mother_father",
        "district",
        "payer",
        "note",
        "decided_by",
    ]
)
"""Fields that people read: their digits stay as written. All others are numbers and codes."""

VERBATIM = frozenset(["basis"])
"""Fields that must come back to us exactly as we wrote them."""

UNIQUE = frozenset(
    [
        "event_id",
        "source_record_id",
        "value",
        "household_number",
        "account",
        "payment_reference",
        "registration",
        "line_id",
        "notice_id",
        "note",
        "basis",
    ]
)
"""Fields whose values hardly repeat from record to record."""

COUNTRIES = frozenset(["country", "residence_country"])

SHORT = 63
"""The most bytes of a text whose length takes one byte; a limit of 64 holds for them anyway."""

_KEPT_MAX = 200_000
_COUNTRY = re.compile("[A-Z]{2}")
_shared: dict[tuple[bool, int], dict[bytes, str]] = {}


class TextField:
    """One text field: how it is cleaned, how long it may be, and whether it may be empty."""

    def __init__(self, name: str, limit: int, *, optional: bool) -> None:
        self.name = name
        self.limit = limit
        self.optional = optional
        self.country = name in COUNTRIES
        display = name in DISPLAY
        self._clean: Callable[[str], str | None] = clean if display else clean_id
        if name in VERBATIM:
            self._clean = verbatim
        # Fields with the same rule share what they remember.
        group = (display, -1 if self.country else min(limit, SHORT))
        self.known: dict[bytes, str] = {} if name in UNIQUE else _shared.setdefault(group, {})

    def read(self, raw: bytes, faults: Faults) -> str | None:
        """Return the text that is kept; None when it is blank, which only an optional one may be.

        A text at fault is noted and reads as blank.
        """
        given = raw.decode()
        text = self._clean(given) if len(given) <= 2 * self.limit + SHORT else None
        if text is None or len(text) > self.limit:
            too_long = len(given if text is None else text) > self.limit
            faults.append((self.name, "TEXT_TOO_LONG" if too_long else "BAD_TEXT"))
            return None if self.optional else ""
        if self.country and text:
            text = text.upper()
            if not _COUNTRY.fullmatch(text):
                faults.append((self.name, "BAD_TEXT"))
                return None
        if not text:
            return self._blank(faults)
        if len(self.known) < _KEPT_MAX and len(raw) <= SHORT and self.name not in UNIQUE:
            self.known[raw] = text
        return text

    def _blank(self, faults: Faults) -> str | None:
        if self.optional:
            return None
        faults.append((self.name, "MISSING"))
        return ""


def verbatim(raw: str) -> str | None:
    """Return the text itself; None when it holds control characters."""
    return raw if clean(raw) is not None and raw.isprintable() else None
