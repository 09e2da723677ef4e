"""A decoder for one Avro schema, generated as straight-line Python and compiled once.

A general decoder walks the schema again for every record. This one is written out by the schema
itself, which is faster and closes the traps that a lenient decoder leaves open. Bytes that are not
exactly one record of the schema raise a Refusal, and nothing but a Refusal.

Values come as Avro's plain types: dates and instants stay integers. The decoder also says whether
the bytes were the canonical encoding, the only one that our own encoder would write: shortest
numbers, and every list in one block with its count.
"""

import json
from collections.abc import Callable
from typing import Any

from fastavro.schema import parse_schema

from sijill.adapters.avro_source import Item, SourceWriter

Decoder = Callable[[bytes, int], tuple[dict[str, Any], bool]]
"""Decodes the record that begins at a position and fills the bytes: the record, canonical."""

_FRAME = """
def decode(d, p{parameters}):
    size = len(d)
    q = 0
    loose = []
    try:
{body}
    except IndexError:
        raise Refusal("TRUNCATED") from None
    except StructError:
        raise Refusal("TRUNCATED") from None
    except UnicodeDecodeError:
        raise Refusal("TRUNCATED" if q > size else "BAD_UTF8") from None
    if p != size:
        raise Refusal("TRAILING_BYTES" if p < size else "TRUNCATED")
    return {result}, not loose
"""


def compile_decoder(text: str) -> Decoder:
    """Return the decoder of the schema with this text; ValueError when it is not to be trusted.

    Not trusted are recursive schemas, items without a byte, and anything nested too deeply.
    """
    decoder: Decoder = compile_with(SourceWriter(), text)
    return decoder


def compile_with(writer: SourceWriter, text: str, *, parameters: str = "") -> Any:
    """Return the function that a writer makes of a schema, with further parameters if need be."""
    result = writer.value(Item(parse_schema(json.loads(text)), 0, 2))
    source = _FRAME.format(body="\n".join(writer.lines), result=result, parameters=parameters)
    names = dict(writer.constants)
    # The source is made of our own schema files only; nothing of a message reaches it.
    exec(compile(source, "<avro decoder>", "exec"), names)  # noqa: S102
    return names["decode"]
