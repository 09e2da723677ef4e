"""The decoder of a source stream that checks while it reads.

Written by the schema like any other decoder, but with what the border demands of each field in
line: texts cleaned and measured, dates and amounts within their bounds, no unknown symbol where it
decides the meaning. Faults are collected, and reading goes on; the values of a record count only
when no fault was found. Dates come out as ordinal days.
"""

from collections.abc import Callable
from typing import Any

import schemas
from sijill.adapters.acceptance_texts import SHORT, UNIQUE, Faults, TextField
from sijill.adapters.avro_decoder import compile_with
from sijill.adapters.avro_source import Item, SourceWriter
from sijill.adapters.avro_widths import one_byte
from sijill.domain.event import EPOCH, INF, Person
from sijill.domain.money import CURRENCIES

AMOUNT_MAX = 10**15
LIST_MAX = 1000
"""The most items of one list in a source record, such as the lines of a roster."""

IDENTIFIERS_MAX = 32
"""The most identifiers of one person."""

# 1900-01-01 and 2200-12-31 as days since 1970; 2000-01-01 and the end of 2200 in milliseconds.
DAY_MIN, DAY_MAX = -25_567, 84_370
INSTANT_MIN, INSTANT_MAX = 946_684_800_000, 7_289_654_399_999

_BOUNDS = {
    "source_seq": (0, 2**63 - 1, "BAD_SEQ"),
    "occurred_at": (INSTANT_MIN, INSTANT_MAX, "BAD_INSTANT"),
    "amount": (0, AMOUNT_MAX, "BAD_AMOUNT"),
    "disability_degree": (0, 100, "BAD_DEGREE"),
}
_HARMLESS = {"Sex": None, "BirthPrecision": "UNKNOWN"}
"""Enums whose UNKNOWN says that the source does not know, and what that reads as."""

CheckedDecoder = Callable[[bytes, int, Faults], tuple[dict[str, Any], bool]]


def checked_decoder(stream: str) -> CheckedDecoder:
    """Return the checking decoder for the current schema of a source stream."""
    decoder: CheckedDecoder = compile_with(
        CheckedWriter(), schemas.text(stream), parameters=", faults"
    )
    return decoder


class CheckedWriter(SourceWriter):
    """Adds the checks of the border to the decoder of a source stream."""

    def __init__(self) -> None:
        super().__init__()
        self._field = ""
        self._optional = False
        self._instant = "0"
        self.constants["new"] = tuple.__new__
        self.constants["Person"] = Person
        self.constants["PLAIN"] = bytes.maketrans(b"-_./:", b"00000")

    def items_max(self) -> int:
        """Return the most items of the list that comes next."""
        return IDENTIFIERS_MAX if self._field == "identifiers" else LIST_MAX

    def _note(self, reason: str) -> str:
        return f"faults.append(({self._field!r}, {reason!r}))"

    def write_record(self, item: Item) -> str:
        """Read the fields, each under its name."""
        values = {}
        for field in item.schema["fields"]:
            self._field, self._optional = field["name"], False
            inner = Item(field["type"], item.depth + 1, item.indent)
            values[field["name"]] = self.value(inner)
        return self.join(item, values)

    def join(self, item: Item, values: dict[str, str]) -> str:
        """Make a Person of the person block, a tuple of an identifier, a dictionary of the rest."""
        name = item.schema["name"].removeprefix("sijill.")
        if name == "Identifier":
            return f"({', '.join(values.values())})"
        if name != "Person":
            return super().join(item, self._half_open(item, values))
        identifiers = values.pop("identifiers")
        made, birth, precision = self.fresh(), values["birth_date"], values["birth_precision"]
        # The date is local and the instant is UTC: a child may be born "tomorrow", by hours.
        late = f"{birth} - {EPOCH + 1} > {self._instant} // 86_400_000"
        self.emit(
            item.indent,
            f"if {birth} is None: {precision} = 'UNKNOWN'",
            f"elif {late}: faults.append(('birth_date', 'FUTURE_BIRTH'))",
        )
        # A new tuple of the class, without the constructor's detour through its signature.
        self.emit(
            item.indent, f"{made} = {identifiers}, new(Person, ({', '.join(values.values())}))"
        )
        return made

    def _half_open(self, item: Item, values: dict[str, str]) -> dict[str, str]:
        """Turn each inclusive `…_through` into an exclusive `…_stop`; an open end is INF."""
        result = {}
        for field, name in values.items():
            prefix = field.removesuffix("_through")
            result[prefix if prefix == field else f"{prefix}_stop"] = name
            if prefix != field:
                fault = f"faults.append(({field!r}, 'REVERSED_PERIOD'))"
                self.emit(
                    item.indent,
                    f"if {name} is None: {name} = {INF}",
                    f"elif {name} < {values[f'{prefix}_from']}: {fault}",
                    f"else: {name} += 1",
                )
        return result

    def write_union(self, item: Item) -> str:
        """Read an optional value; the sources have no other unions."""
        self._optional = True
        return super().write_union(item)

    def write_string(self, item: Item) -> str:
        """Read a text and clean it."""
        field = TextField(self._field, item.schema["maxLength"], optional=self._optional)
        read = self.constant(field.read)
        name = self.fresh()
        self.write_length(item.indent)
        short = f"q - p <= {min(field.limit, SHORT)}"
        if self._field in UNIQUE:
            self.emit(
                item.indent,
                f"{name} = d[p:q]",
                f"if {name}.translate(PLAIN).isalnum() and {short}: {name} = {name}.decode()",
                f"else: {name} = {read}({name}, faults)",
            )
        else:
            self.emit(
                item.indent,
                f"{name} = {self.constant(field.known)}.get(d[p:q])",
                f"if {name} is None: {name} = {read}(d[p:q], faults)",
            )
        self.emit(item.indent, "p = q")
        return name

    def write_long(self, item: Item) -> str:
        """Read a number and hold it against the bounds of its field."""
        name = super().write_long(item)
        self._bound(item, name)
        return name

    def write_instant(self, item: Item) -> str:
        """Read an instant and hold it against the bounds of its field."""
        name = super().write_instant(item)
        if self._field == "occurred_at":
            self._instant = name
        self._bound(item, name)
        return name

    def _bound(self, item: Item, name: str) -> None:
        # A value out of bounds is replaced, so that it causes no second fault further down.
        if self._field in _BOUNDS:
            low, high, reason = _BOUNDS[self._field]
            self.emit(
                item.indent,
                f"if not {low} <= {name} <= {high}: {self._note(reason)}; {name} = {high}",
            )

    def write_int(self, item: Item) -> str:
        """Read a number of 32 bits; a date becomes an ordinal day."""
        name = super().write_int(item)
        if isinstance(item.schema, dict) and item.schema.get("logicalType") == "date":
            self.emit(
                item.indent,
                f"if not {DAY_MIN} <= {name} <= {DAY_MAX}:",
                f"    {self._note('BAD_DATE')}; {name} = max({DAY_MIN}, min({name}, {DAY_MAX}))",
                f"{name} += {EPOCH}",
            )
        return name

    def write_enum(self, item: Item) -> str:
        """Read a symbol; an unknown one is a fault where it decides the meaning."""
        symbols, kind = item.schema["symbols"], item.schema["name"].removeprefix("sijill.")
        harmless = kind in _HARMLESS
        meant = [_HARMLESS.get(kind) if symbol == "UNKNOWN" else symbol for symbol in symbols]
        refused: frozenset[str | None] = frozenset() if harmless else frozenset({None})
        if kind == "Currency":
            refused = frozenset(meant) - CURRENCIES.keys()
        good = [None if symbol in refused else symbol for symbol in meant]
        reason = "UNKNOWN_CURRENCY" if kind == "Currency" else "UNKNOWN_SYMBOL"
        name, every = self.fresh(), self.constant(good)
        self.emit(
            item.indent,
            f"{name} = {self.constant(one_byte(good))}[d[p]]; p += 1",
            f"if {name} is None:",
            f"    q, p = index(d, p - 1, {len(symbols)}, loose)",
            f"    {name} = {every}[q]",
        )
        if not harmless:
            self.emit(item.indent + 1, f"if {name} is None: {self._note(reason)}; {name} = ''")
        return name
