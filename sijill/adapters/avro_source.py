"""Writes the source text of a straight-line decoder from an Avro schema.

Each `write_…` method emits the statements that leave one value in a variable. In the text, `d` is
the data, `p` the position, `size` the length and `loose` collects what a canonical encoder would
have written shorter. The usual case of every step stands in line; whatever is unusual (long
numbers, several blocks, impossible indexes) goes through a careful function of `avro_reading`.

A length that points beyond the end needs no test of its own: the position only grows, so the text
that follows runs out of bytes, or the last test finds the position beyond the end.
"""

import struct
from typing import Any, NamedTuple

from sijill.adapters import avro_reading
from sijill.adapters.avro_widths import least_width, one_byte
from sijill.adapters.refusal import Refusal

DEPTH_MAX = 16
_INT = 2**31


class Item(NamedTuple):
    """One thing to decode: its schema, how deep it is nested, how far its code is indented."""

    schema: Any
    depth: int
    indent: int


class SourceWriter:
    """Collects the lines of one decoder and the constants that they refer to."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {
            "Refusal": Refusal,
            "StructError": struct.error,
            "wide": avro_reading.wide,
            "index": avro_reading.index,
            "length": avro_reading.length,
            "block": avro_reading.block,
            "finite": avro_reading.finite,
        }
        self._named: dict[str, Any] = {}
        self._count = 0

    def items_max(self) -> int:
        """Return the most items of the list or map that comes next."""
        return 65_536

    def fresh(self) -> str:
        """Return a variable that no other value uses."""
        self._count += 1
        return f"v{self._count}"

    def emit(self, indent: int, *lines: str) -> None:
        """Add lines to the source."""
        self.lines.extend("    " * indent + line for line in lines)

    def constant(self, value: object) -> str:
        """Return the name by which the source refers to a constant."""
        name = f"C{len(self.constants)}"
        self.constants[name] = value
        return name

    def value(self, item: Item) -> str:
        """Write the code that decodes one value and return the variable that holds it.

        ValueError when the schema is nested too deeply or recursive, or has a strange type.
        """
        schema, depth, indent = item
        if depth > DEPTH_MAX:
            raise ValueError("the schema is nested too deeply, or recursive")
        if isinstance(schema, list):
            return self.write_union(item)
        kind = schema["type"] if isinstance(schema, dict) else schema
        if isinstance(kind, dict | list):
            return self.value(Item(kind, depth, indent))
        if kind in self._named:
            return self.value(Item(self._named[kind], depth, indent))
        if isinstance(schema, dict) and "name" in schema:
            self._named[schema["name"]] = schema
        if kind == "long" and isinstance(schema, dict) and "logicalType" in schema:
            return self.write_instant(item)
        write = getattr(self, f"write_{kind}", None)
        if write is None:
            raise ValueError(f"the decoder does not know the type {kind}")
        name: str = write(item)
        return name

    def write_null(self, _item: Item) -> str:
        """Nothing stands on the wire for null."""
        return "None"

    def write_long(self, item: Item) -> str:
        """Read a zigzag number: one, two or three bytes in line."""
        name = self.fresh()
        self.emit(
            item.indent,
            f"{name} = d[p]; p += 1",
            f"if {name} > 127:",
            "    b = d[p]; c = d[p + 1] if b > 127 else 0",
            f"    if 0 < b < 128: {name} += (b << 7) - 128; p += 1",
            f"    elif 0 < c < 128: {name} += (b << 7) + (c << 14) - 16512; p += 2",
            f"    else: {name}, p = wide(d, p, {name}, loose)",
            f"{name} = ({name} >> 1) ^ -({name} & 1)",
        )
        return name

    def write_instant(self, item: Item) -> str:
        """Read an instant: since 2005 the milliseconds take six bytes, which are read at once."""
        name = self.fresh()
        marks = sum(128 << 7 * place for place in range(5))
        self.emit(item.indent, "if size - p > 6 and d[p + 5] and not d[p + 5] & 128:")
        self.emit(
            item.indent + 1,
            f"{name}, b, c, e, f, g = d[p:p + 6]",
            f"six = {name} & b & c & e & f & 128",
            f"{name} += (b << 7) + (c << 14) + (e << 21) + (f << 28) + (g << 35) - {marks}",
            f"{name} = ({name} >> 1) ^ -({name} & 1)",
        )
        self.emit(item.indent, "else: six = 0", "if six: p += 6", "else:")
        slow = self.write_long(Item("long", item.depth, item.indent + 1))
        self.emit(item.indent + 1, f"{name} = {slow}")
        return name

    def write_int(self, item: Item) -> str:
        """Read a zigzag number of 32 bits."""
        name = self.write_long(item)
        self.emit(item.indent, f"if not -{_INT} <= {name} < {_INT}: raise Refusal('BAD_NUMBER')")
        return name

    def write_boolean(self, item: Item) -> str:
        """Read a byte that must be 0 or 1."""
        name = self.fresh()
        self.emit(
            item.indent,
            f"{name} = d[p]; p += 1",
            f"if {name} > 1: raise Refusal('BAD_BOOLEAN')",
            f"{name} = {name} == 1",
        )
        return name

    def write_double(self, item: Item) -> str:
        """Read eight bytes that must be a finite number."""
        return self._write_real(item, struct.Struct("<d"))

    def write_float(self, item: Item) -> str:
        """Read four bytes that must be a finite number."""
        return self._write_real(item, struct.Struct("<f"))

    def _write_real(self, item: Item, form: struct.Struct) -> str:
        name = self.fresh()
        self.emit(item.indent, f"{name} = finite({self.constant(form)}, d, p); p += {form.size}")
        return name

    def write_length(self, indent: int) -> None:
        """Leave the end of a text or of bytes in `q`, its start in `p`."""
        self.emit(
            indent,
            "q = d[p]; p += 1",
            "if q & 129: q, p = length(d, p - 1, loose)",
            "else: q = p + (q >> 1)",
        )

    def write_bytes(self, item: Item) -> str:
        """Read bytes with their length before them."""
        name = self.fresh()
        self.write_length(item.indent)
        self.emit(item.indent, f"{name} = d[p:q]; p = q")
        return name

    def write_string(self, item: Item) -> str:
        """Read a text with its length in bytes before it."""
        name = self.fresh()
        self.write_length(item.indent)
        self.emit(item.indent, f"{name} = d[p:q].decode(); p = q")
        return name

    def write_fixed(self, item: Item) -> str:
        """Read as many bytes as the type has."""
        name = self.fresh()
        self.emit(item.indent, f"q = p + {item.schema['size']}", f"{name} = d[p:q]; p = q")
        return name

    def write_enum(self, item: Item) -> str:
        """Read a symbol: one look-up for the usual case of one byte."""
        symbols = item.schema["symbols"]
        name, every = self.fresh(), self.constant(symbols)
        self.emit(
            item.indent,
            f"{name} = {self.constant(one_byte(symbols))}[d[p]]; p += 1",
            f"if {name} is None:",
            f"    q, p = index(d, p - 1, {len(symbols)}, loose)",
            f"    {name} = {every}[q]",
        )
        return name

    def write_union(self, item: Item) -> str:
        """Read the index of a branch, then the branch."""
        name, count = self.fresh(), len(item.schema)
        self.emit(
            item.indent,
            "b = d[p]; p += 1",
            f"if b & 1 or b >= {2 * count}: b, p = index(d, p - 1, {count}, loose); b += b",
        )
        for place, branch in enumerate(item.schema):
            word = "if" if place == 0 else "elif"
            last = place > 0 and place == count - 1
            self.emit(item.indent, "else:" if last else f"{word} b == {2 * place}:")
            inner = self.value(Item(branch, item.depth + 1, item.indent + 1))
            self.emit(item.indent + 1, f"{name} = {inner}")
        return name

    def write_array(self, item: Item) -> str:
        """Read blocks of items until one is empty."""
        name = self.fresh()
        most = self._open_blocks(item, name, "[]")
        inner = self.value(Item(item.schema["items"], item.depth + 1, item.indent + 2))
        self.emit(item.indent + 2, f"{name}.append({inner})")
        self._close_blocks(item, name, most)
        return name

    def write_map(self, item: Item) -> str:
        """Read blocks of pairs until one is empty; no key may come twice."""
        name = self.fresh()
        most = self._open_blocks(item, name, "{}")
        key = SourceWriter.write_string(self, Item("string", item.depth, item.indent + 2))
        self.emit(item.indent + 2, f"if {key} in {name}: raise Refusal('DUPLICATE_KEY')")
        inner = self.value(Item(item.schema["values"], item.depth + 1, item.indent + 2))
        self.emit(item.indent + 2, f"{name}[{key}] = {inner}")
        self._close_blocks(item, name, most)
        return name

    def _open_blocks(self, item: Item, name: str, empty: str) -> int:
        most = self.items_max()
        is_map = "values" in item.schema
        inner = item.schema["values"] if is_map else item.schema["items"]
        # The key of a map takes at least the byte of its length.
        width = least_width(inner, self._named) + is_map
        if not width:
            raise ValueError("items without a byte would be a memory bomb")
        self.emit(
            item.indent,
            f"{name} = {empty}; n{name} = d[p]; p += 1; e{name} = -1",
            f"if n{name} & 1 or n{name} > {min(2 * most, 127)}:",
            f"    n{name}, p, e{name} = {_block(f'width={width}, have=0', most)}",
            f"else: n{name} >>= 1",
            f"while n{name}:",
            f"    for _ in range(n{name}):",
        )
        return most

    def _close_blocks(self, item: Item, name: str, most: int) -> None:
        call = _block(f"width=1, have=len({name})", most)
        self.emit(
            item.indent + 1,
            f"if e{name} >= 0 and e{name} != p: raise Refusal('BAD_LENGTH')",
            f"n{name} = d[p]; p += 1",
            f"if n{name}: n{name}, p, e{name} = {call}",
        )

    def write_record(self, item: Item) -> str:
        """Read the fields one after the other."""
        values = {
            field["name"]: self.value(Item(field["type"], item.depth + 1, item.indent))
            for field in item.schema["fields"]
        }
        return self.join(item, values)

    def join(self, item: Item, values: dict[str, str]) -> str:
        """Write the code that makes one value of a record's fields."""
        name = self.fresh()
        pairs = ", ".join(f"{field!r}: {value}" for field, value in values.items())
        self.emit(item.indent, f"{name} = {{{pairs}}}")
        return name


def _block(how: str, most: int) -> str:
    return f"block(d, p - 1, loose, {how}, most={most})"
