"""A decoder for one Avro schema, generated as straight-line Python and compiled once.

A general decoder walks the schema again for every record. This one is written out by the schema
itself: `compile_decoder` returns a function without loops over fields, which is several times
faster and closes the traps that a lenient decoder leaves open. Bytes that are not exactly one
record of the schema raise a Refusal, and nothing but a Refusal.

Values come as Avro's plain types: dates and instants stay integers. The function also says
whether the bytes were the canonical encoding, the only one that our own encoder would write:
shortest numbers, and every list in one block with its count.
"""

import json
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from fastavro.schema import parse_schema

from sijill.adapters import avro_reading
from sijill.adapters.refusal import Refusal

Decoder = Callable[[bytes, int], tuple[dict[str, Any], bool]]
"""Decodes the record that begins at a position and fills the bytes: the record, canonical."""

_DEPTH_MAX = 16
_INT = 2**31
_WIDTH = {"null": 0, "boolean": 1, "int": 1, "long": 1, "float": 4, "double": 8}

_FRAME = """
def decode(d, p):
    size = len(d)
    loose = []
    try:
{body}
    except IndexError:
        raise Refusal("TRUNCATED") from None
    except StructError:
        raise Refusal("TRUNCATED") from None
    except UnicodeDecodeError:
        raise Refusal("BAD_UTF8") from None
    if p != size:
        raise Refusal("TRAILING_BYTES")
    return {result}, not loose
"""


def compile_decoder(text: str) -> Decoder:
    """Return the decoder of the schema with this text; ValueError when it is not to be trusted.

    Refused are recursive schemas, items without a byte, and anything nested too deeply.
    """
    source, names = decoder_source(text)
    # The source is made of our own schema files only; nothing of a message reaches it.
    exec(compile(source, "<avro decoder>", "exec"), names)  # noqa: S102
    decoder: Decoder = names["decode"]
    return decoder


def decoder_source(text: str) -> tuple[str, dict[str, Any]]:
    """Return the source of the decoder, and the names that it refers to."""
    writer = _Writer()
    schema = parse_schema(json.loads(text))
    result = writer.value(_Item(schema, 0, 2))
    names = {
        "Refusal": Refusal,
        "StructError": struct.error,
        "wide": avro_reading.wide,
        "index": avro_reading.index,
        "block": avro_reading.block,
        "finite": avro_reading.finite,
        **writer.constants,
    }
    return _FRAME.format(body="\n".join(writer.lines), result=result), names


class _Item(NamedTuple):
    """One thing to decode: its schema, how deep it is nested, and how far its code is indented."""

    schema: Any
    depth: int
    indent: int


class _Writer:
    """Writes the source of one decoder: statements that leave each value in a variable."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {}
        self.named: dict[str, Any] = {}
        self.count = 0

    def fresh(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def emit(self, indent: int, *lines: str) -> None:
        self.lines.extend("    " * indent + line for line in lines)

    def constant(self, value: object) -> str:
        name = f"C{len(self.constants)}"
        self.constants[name] = value
        return name

    def number(self, indent: int, name: str) -> None:
        self.emit(
            indent,
            f"{name} = d[p]; p += 1",
            f"if {name} < 128: {name} = ({name} >> 1) ^ -({name} & 1)",
            f"else: {name}, p = wide(d, p, {name}, loose)",
        )

    def value(self, item: _Item) -> str:
        """Write the code that decodes one value and return the variable that holds it."""
        schema, depth, indent = item
        if depth > _DEPTH_MAX:
            raise ValueError("the schema is nested too deeply, or recursive")
        if isinstance(schema, list):
            return self.union(item)
        kind = schema["type"] if isinstance(schema, dict) else schema
        if isinstance(kind, dict | list):
            return self.value(_Item(kind, depth, indent))
        if kind in self.named:
            return self.value(_Item(self.named[kind], depth, indent))
        if isinstance(schema, dict) and "name" in schema:
            self.named[schema["name"]] = schema
        write = getattr(self, f"write_{kind}", None)
        if write is None:
            raise ValueError(f"the decoder does not know the type {kind}")
        name: str = write(item)
        return name

    def write_null(self, _item: _Item) -> str:
        return "None"

    def write_long(self, item: _Item) -> str:
        name = self.fresh()
        self.number(item.indent, name)
        return name

    def write_int(self, item: _Item) -> str:
        name = self.write_long(item)
        self.emit(item.indent, f"if not -{_INT} <= {name} < {_INT}: raise Refusal('BAD_NUMBER')")
        return name

    def write_boolean(self, item: _Item) -> str:
        name = self.fresh()
        self.emit(
            item.indent,
            f"{name} = d[p]; p += 1",
            f"if {name} > 1: raise Refusal('BAD_BOOLEAN')",
            f"{name} = {name} == 1",
        )
        return name

    def write_double(self, item: _Item) -> str:
        return self.real(item, struct.Struct("<d"))

    def write_float(self, item: _Item) -> str:
        return self.real(item, struct.Struct("<f"))

    def real(self, item: _Item, form: struct.Struct) -> str:
        name = self.fresh()
        self.emit(item.indent, f"{name} = finite({self.constant(form)}, d, p); p += {form.size}")
        return name

    def write_bytes(self, item: _Item) -> str:
        name = self.write_long(item)
        self.emit(
            item.indent,
            f"q = p + {name}",
            "if q > size: raise Refusal('TRUNCATED')",
            "if q < p: raise Refusal('BAD_LENGTH')",
            f"{name} = d[p:q]; p = q",
        )
        return name

    def write_string(self, item: _Item) -> str:
        name = self.write_bytes(item)
        self.lines[-1] = self.lines[-1].replace("d[p:q]", "str(d[p:q], 'utf-8')")
        return name

    def write_fixed(self, item: _Item) -> str:
        name = self.fresh()
        self.emit(
            item.indent,
            f"q = p + {item.schema['size']}",
            "if q > size: raise Refusal('TRUNCATED')",
            f"{name} = d[p:q]; p = q",
        )
        return name

    def write_enum(self, item: _Item) -> str:
        symbols = item.schema["symbols"]
        # One look-up for the usual case of one byte; anything else takes the careful way.
        table = [None] * 256
        table[: 2 * len(symbols[:64]) : 2] = symbols[:64]
        name, known, every = self.fresh(), self.constant(table), self.constant(symbols)
        self.emit(
            item.indent,
            f"{name} = {known}[d[p]]; p += 1",
            f"if {name} is None:",
            f"    q, p = index(d, p - 1, {len(symbols)}, loose)",
            f"    {name} = {every}[q]",
        )
        return name

    def union(self, item: _Item) -> str:
        name = self.fresh()
        self.emit(item.indent, "b = d[p]; p += 1")
        self.emit(
            item.indent,
            f"if b & 1 or b >= {2 * len(item.schema)}:",
            f"    b, p = index(d, p - 1, {len(item.schema)}, loose); b += b",
        )
        for place, branch in enumerate(item.schema):
            word = "if" if place == 0 else "elif"
            self.emit(item.indent, f"{word} b == {2 * place}:")
            inner = self.value(_Item(branch, item.depth + 1, item.indent + 1))
            self.emit(item.indent + 1, f"{name} = {inner}")
        return name

    def write_array(self, item: _Item) -> str:
        name = self.fresh()
        self.blocks(item, name, "[]")
        inner = self.value(_Item(item.schema["items"], item.depth + 1, item.indent + 2))
        self.emit(item.indent + 2, f"{name}.append({inner})")
        self.end_of_block(item, name)
        return name

    def write_map(self, item: _Item) -> str:
        name = self.fresh()
        self.blocks(item, name, "{}")
        key = self.write_string(_Item("string", item.depth, item.indent + 2))
        self.emit(item.indent + 2, f"if {key} in {name}: raise Refusal('DUPLICATE_KEY')")
        inner = self.value(_Item(item.schema["values"], item.depth + 1, item.indent + 2))
        self.emit(item.indent + 2, f"{name}[{key}] = {inner}")
        self.end_of_block(item, name)
        return name

    def blocks(self, item: _Item, name: str, empty: str) -> None:
        is_map = "values" in item.schema
        inner = item.schema["values"] if is_map else item.schema["items"]
        # The key of a map takes at least the byte of its length.
        width = least_width(inner, self.named) + is_map
        if not width:
            raise ValueError("items without a byte would be a memory bomb")
        call = f"block(d, p, width={width}, have=len({name}), loose=loose)"
        self.emit(
            item.indent,
            f"{name} = {empty}",
            f"n{name}, p, e{name} = {call}",
            f"while n{name}:",
            f"    for _ in range(n{name}):",
        )

    def end_of_block(self, item: _Item, name: str) -> None:
        call = f"block(d, p, width=1, have=len({name}), loose=loose)"
        self.emit(
            item.indent + 1,
            f"if e{name} >= 0 and e{name} != p: raise Refusal('BAD_LENGTH')",
            f"n{name}, p, e{name} = {call}",
        )

    def write_record(self, item: _Item) -> str:
        pairs = []
        for field in item.schema["fields"]:
            inner = self.value(_Item(field["type"], item.depth + 1, item.indent))
            pairs.append(f"{field['name']!r}: {inner}")
        name = self.fresh()
        self.emit(item.indent, f"{name} = {{{', '.join(pairs)}}}")
        return name


def least_width(schema: Any, named: dict[str, Any]) -> int:
    """Return the least number of bytes that one value of the schema takes."""
    if isinstance(schema, list):
        return 1 + min(least_width(branch, named) for branch in schema)
    kind = schema["type"] if isinstance(schema, dict) else schema
    if isinstance(kind, dict | list):
        return least_width(kind, named)
    if kind in named:
        return least_width(named[kind], named)
    if kind == "record":
        return sum(least_width(field["type"], named) for field in schema["fields"])
    if kind == "fixed":
        return int(schema["size"])
    return _WIDTH.get(kind, 1)
