"""An encoder for one Avro record of plain fields, generated as straight-line Python.

A general encoder walks the schema again for every record, which for the many small records that
leave the hub costs more than all else about them. This one is written out by the schema. It knows
the types that such records have, and is proved equal to fastavro; whoever needs more types has
`codec.encode`.
"""

import json
from collections.abc import Callable, Collection
from typing import Any

Encoder = Callable[[dict[str, Any]], bytes]

_SHORT = tuple(bytes([length * 2]) for length in range(64))


def compile_encoder(text: str, *, without: Collection[str] = ()) -> Encoder:
    """Return the encoder of a record schema, less some fields; ValueError for an unknown type.

    The encoder raises KeyError for a missing field or an unknown symbol, TypeError or
    AttributeError for a value of another type.
    """
    writer = _Writer()
    for field in json.loads(text)["fields"]:
        if field["name"] not in without:
            writer.write(field["type"], f"r[{field['name']!r}]", indent=1)
    source = "\n".join(["def encode(r):", "    out = []; a = out.append", *writer.lines])
    names = {**writer.constants, "number": number, "text": _text}
    # The source is made of our own schema files only; nothing of a message reaches it.
    exec(compile(f"{source}\n    return b''.join(out)", "<avro encoder>", "exec"), names)  # noqa: S102
    encoder: Encoder = names["encode"]
    return encoder


def number(value: int) -> bytes:
    """Return an integer of at most 64 bits as Avro writes it."""
    if not -(2**63) <= value < 2**63:
        raise ValueError("a number is too large")
    left = value << 1 ^ value >> 63
    if left < 128:
        return bytes((left,))
    digits = bytearray()
    while left > 127:
        digits.append(left & 127 | 128)
        left >>= 7
    digits.append(left)
    return bytes(digits)


def _text(value: str) -> bytes:
    raw = value.encode()
    length = len(raw)
    return (_SHORT[length] if length < 64 else number(length)) + raw


class _Writer:
    """Collects the lines of one encoder and the constants that they refer to."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {}

    def write(self, kind: Any, value: str, *, indent: int) -> None:
        """Add the lines that write one value of a type."""
        pad = "    " * indent
        name = f"v{len(self.lines)}"
        if isinstance(kind, list) and len(kind) == 2 and kind[0] == "null":
            self.lines += [
                f"{pad}{name} = {value}",
                f"{pad}if {name} is None: a(b'\\0')",
                f"{pad}else:",
                f"{pad}    a(b'\\2')",
            ]
            self.write(kind[1], name, indent=indent + 1)
            return
        plain = kind["type"] if isinstance(kind, dict) else kind
        if plain in ("int", "long"):
            self.lines.append(f"{pad}a(number({value}))")
        elif plain == "string":
            self.lines.append(f"{pad}a(text({value}))")
        elif plain == "enum":
            symbols = {symbol: number(place) for place, symbol in enumerate(kind["symbols"])}
            constant = f"C{len(self.constants)}"
            self.constants[constant] = symbols
            self.lines.append(f"{pad}a({constant}[{value}])")
        elif plain == "array":
            self.lines += [
                f"{pad}{name} = {value}",
                f"{pad}if {name}:",
                f"{pad}    a(number(len({name})))",
                f"{pad}    for i{name} in {name}:",
            ]
            self.write(kind["items"], f"i{name}", indent=indent + 2)
            self.lines.append(f"{pad}a(b'\\0')")
        else:
            raise ValueError(f"the encoder does not know the type {plain}")
