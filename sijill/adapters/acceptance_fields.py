"""Reading the fields of one decoded record: every fault is noted, and reading goes on.

A `Sheet` belongs to one record. Its methods return the value as the domain wants it, or something
harmless when the field is at fault; what they return counts only if `faults` stays empty.
"""

import json
import re
from typing import Any

import schemas
from sijill.domain.event import INF, Span
from sijill.domain.money import CURRENCIES
from sijill.domain.texts import clean, clean_id

Record = dict[str, Any]

EPOCH = 719_163
"""The ordinal of 1970-01-01."""

AMOUNT_MAX = 10**15
DAY_MIN, DAY_MAX = -25_567, 84_370  # 1900-01-01 and 2200-12-31, as days since 1970
INSTANT_MIN, INSTANT_STOP = 946_684_800_000, 7_289_654_400_000  # 2000-01-01 until 2201-01-01
LIST_MAX = 1000
"""The most items of one list in a source record: lines, identifiers, amounts."""


def _limits() -> dict[str, int]:
    """Return the most characters of each text field, as the source schemas state them."""
    limits: dict[str, int] = {}

    def walk(schema: Any, name: str) -> None:
        if isinstance(schema, list):
            for branch in schema:
                walk(branch, name)
        elif isinstance(schema, dict):
            if "maxLength" in schema:
                stated = limits.setdefault(name, schema["maxLength"])
                assert stated == schema["maxLength"], f"two limits for {name}"
            walk(schema.get("items"), name)
            for field in schema.get("fields", ()):
                walk(field["type"], field["name"])

    for stream in schemas.STREAMS:
        walk(json.loads(schemas.text(stream)), stream)
    return limits


LIMITS = _limits()


class Sheet:
    """One decoded record on its way in, with the faults found so far as (field, reason)."""

    __slots__ = ("faults", "ministry")

    def __init__(self, ministry: str) -> None:
        self.faults: list[tuple[str, str]] = []
        self.ministry = ministry

    def fault(self, field: str, reason: str) -> None:
        """Note that a field is at fault."""
        self.faults.append((field, reason))

    def text(self, record: Record, field: str) -> str | None:
        """Return an optional text for display; blank is absent."""
        raw = record[field]
        return None if raw is None else self._checked(field, raw, clean(raw)) or None

    def code(self, record: Record, field: str) -> str | None:
        """Return an optional number or code, its digits in ASCII; blank is absent."""
        raw = record[field]
        return None if raw is None else self._checked(field, raw, clean_id(raw)) or None

    def required(self, record: Record, field: str) -> str:
        """Return a number or code that must be there."""
        raw = record[field]
        text = self._checked(field, raw, clean_id(raw))
        if not text and raw is not None:
            self.fault(field, "MISSING")
        return text

    def codes(self, record: Record, field: str) -> tuple[str, ...]:
        """Return a list of codes."""
        found = (self._checked(field, raw, clean_id(raw)) for raw in self.items(record, field))
        return tuple(code for code in found if code)

    def items(self, record: Record, field: str) -> list[Any]:
        """Return a list, cut to what one record may have."""
        items: list[Any] = record[field]
        if len(items) > LIST_MAX:
            self.fault(field, "TOO_MANY_ITEMS")
            return items[:LIST_MAX]
        return items

    def _checked(self, field: str, raw: str, text: str | None) -> str:
        if text is not None and len(text) <= LIMITS[field]:
            return text
        # A text that was too long to be looked at is too long, whatever it holds.
        long = len(raw if text is None else text) > LIMITS[field]
        self.fault(field, "TEXT_TOO_LONG" if long else "BAD_TEXT")
        return ""

    def symbol(self, record: Record, field: str) -> str:
        """Return an enum symbol that decides the meaning of the record."""
        symbol: str = record[field]
        if symbol == "UNKNOWN":
            self.fault(field, "UNKNOWN_SYMBOL")
        return symbol

    def day(self, record: Record, field: str) -> int | None:
        """Return an optional date as an ordinal day."""
        raw: int | None = record[field]
        if raw is None:
            return None
        if not DAY_MIN <= raw <= DAY_MAX:
            self.fault(field, "BAD_DATE")
        return raw + EPOCH

    def span(self, record: Record, first: str, last: str) -> Span:
        """Return the half-open period between two inclusive dates; a null end is open."""
        start, through = self.day(record, first), self.day(record, last)
        assert start is not None, "the schema has no period without a start"
        if through is None:
            return start, INF
        if through < start:
            self.fault(last, "REVERSED_PERIOD")
        return start, through + 1

    def amount(self, record: Record, field: str = "amount") -> int | None:
        """Return an optional amount in counting units."""
        amount: int | None = record[field]
        if amount is not None and not 0 <= amount <= AMOUNT_MAX:
            self.fault(field, "BAD_AMOUNT")
        return amount

    def currency(self, record: Record, *, needed: bool = True) -> str | None:
        """Return the currency, which an amount needs."""
        currency: str | None = record["currency"]
        if currency not in CURRENCIES and (needed or currency is not None):
            self.fault("currency", "UNKNOWN_CURRENCY")
        return currency

    def country(self, record: Record, field: str) -> str | None:
        """Return an optional country code of two letters, in upper case."""
        code = self.code(record, field)
        if code is None:
            return None
        code = code.upper()
        if not _COUNTRY.fullmatch(code):
            self.fault(field, "BAD_TEXT")
        return code


_COUNTRY = re.compile("[A-Z]{2}")
