"""How many bytes things take in Avro: the least a value can take, and what one byte can say."""

from typing import Any

_WIDTH = {"null": 0, "boolean": 1, "int": 1, "long": 1, "float": 4, "double": 8}


def one_byte(values: list[Any]) -> list[Any]:
    """Return the table from the byte that encodes an index to the value; None elsewhere."""
    table: list[Any] = [None] * 256
    table[: 2 * len(values[:64]) : 2] = values[:64]
    return table


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
