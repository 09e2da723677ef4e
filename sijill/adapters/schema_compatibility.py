"""Can records written with one version of a schema be read with another? Avro's rules, checked.

FULL_TRANSITIVE means yes for every pair of released versions, in both directions: what is stored
since the first day stays readable, and a program that knows an older version reads the newest.
"""

from collections.abc import Iterator
from typing import Any

from fastavro.schema import parse_schema

_PROMOTED = {
    ("int", "long"),
    ("int", "float"),
    ("int", "double"),
    ("long", "float"),
    ("long", "double"),
    ("float", "double"),
    ("string", "bytes"),
    ("bytes", "string"),
}


def incompatibilities(reader: Any, writer: Any) -> list[str]:
    """Return why a reader cannot read what a writer wrote, each as a path and a sentence.

    Both are schemas as JSON gives them. Beyond Avro's rules, a logical type may not change: the
    number would be read and mean something else.
    """
    names: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    schemas = (
        parse_schema(reader, named_schemas=names[0], _force=True),
        parse_schema(writer, named_schemas=names[1], _force=True),
    )
    return list(_compare(schemas[0], schemas[1], "", names))


_Names = tuple[dict[str, Any], dict[str, Any]]


def _compare(reader: Any, writer: Any, path: str, names: _Names) -> Iterator[str]:
    reader, writer = _resolved(reader, names[0]), _resolved(writer, names[1])
    if isinstance(writer, list):
        for branch in writer:
            yield from _compare(reader, branch, path, names)
    elif isinstance(reader, list):
        if all(list(_compare(branch, writer, path, names)) for branch in reader):
            yield f"{path}: no branch of the reader takes {_kind(writer)}"
    else:
        yield from _compare_single(reader, writer, path, names)


def _compare_single(reader: Any, writer: Any, path: str, names: _Names) -> Iterator[str]:
    kinds = (_kind(writer), _kind(reader))
    if kinds[0] != kinds[1]:
        if kinds not in _PROMOTED:
            yield f"{path}: {kinds[0]} cannot be read as {kinds[1]}"
        return
    if _attribute(reader, "logicalType") != _attribute(writer, "logicalType"):
        yield f"{path}: the logical type has changed"
    kind = kinds[0]
    if kind in ("record", "enum", "fixed") and not _same_name(reader, writer):
        yield f"{path}: the type {_short(writer)} is called {_short(reader)}"
    elif kind == "record":
        yield from _compare_fields(reader, writer, path, names)
    elif kind == "enum":
        unknown = [symbol for symbol in writer["symbols"] if symbol not in reader["symbols"]]
        if unknown and "default" not in reader:
            yield f"{path}: the reader has neither {unknown[0]} nor a default"
    elif kind == "array":
        yield from _compare(reader["items"], writer["items"], f"{path}[]", names)
    elif kind == "map":
        yield from _compare(reader["values"], writer["values"], f"{path}{{}}", names)
    elif kind == "fixed" and reader["size"] != writer["size"]:
        yield f"{path}: the size has changed"


def _compare_fields(reader: Any, writer: Any, path: str, names: _Names) -> Iterator[str]:
    written = {field["name"]: field for field in writer["fields"]}
    for field in reader["fields"]:
        where = f"{path}.{field['name']}"
        known = [name for name in (field["name"], *field.get("aliases", ())) if name in written]
        if known:
            yield from _compare(field["type"], written[known[0]]["type"], where, names)
        elif "default" not in field:
            yield f"{where}: the writer has no such field, and the reader no default for it"


def _resolved(schema: Any, named: dict[str, Any]) -> Any:
    if isinstance(schema, str):
        return named.get(schema, schema)
    if isinstance(schema, dict) and isinstance(schema["type"], dict | list):
        return _resolved(schema["type"], named)
    return schema


def _kind(schema: Any) -> str:
    kind: str = schema["type"] if isinstance(schema, dict) else schema
    return kind


def _attribute(schema: Any, name: str) -> Any:
    return schema.get(name) if isinstance(schema, dict) else None


def _short(schema: Any) -> str:
    name: str = schema["name"]
    return name.rpartition(".")[2]


def _same_name(reader: Any, writer: Any) -> bool:
    names = [_short(reader), *(alias.rpartition(".")[2] for alias in reader.get("aliases", ()))]
    return _short(writer) in names
