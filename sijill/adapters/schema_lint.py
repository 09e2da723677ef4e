"""What every schema of the project must look like, so that decoding it is never a danger."""

import json
import re
from collections.abc import Iterator
from typing import Any

from fastavro.schema import SchemaParseException, parse_schema

from sijill.adapters.avro_widths import least_width

NAMESPACE = "sijill"
SIZE_MAX = 32_768
NESTING_MAX = 8
BRANCHES_MAX = 8

_SENTENCE = re.compile(r"[A-Z].*\s.*\.", re.DOTALL)
_FIELD = re.compile("[a-z][a-z0-9_]*")
_TYPE = re.compile("[A-Z][A-Za-z0-9]*")
_SYMBOL = re.compile("[A-Z][A-Z0-9_]*")
_FORBIDDEN = {
    "float": "amounts and counts are whole numbers",
    "double": "amounts and counts are whole numbers",
    "map": "fields have names that a schema knows",
}


def lint(text: str) -> list[str]:
    """Return every fault of a schema's text, each as a path and a sentence."""
    if len(text.encode()) > SIZE_MAX:
        return [f": the text is larger than {SIZE_MAX} bytes"]
    try:
        schema = json.loads(text)
        parse_schema(json.loads(text))
    except (ValueError, RecursionError, KeyError, SchemaParseException) as error:
        return [f": no Avro schema: {error}"]
    if not isinstance(schema, dict) or schema.get("type") != "record":
        return [": a schema is one record"]
    faults = [] if schema.get("namespace") == NAMESPACE else [": the namespace is not sijill"]
    return [*faults, *_Walk().check(schema, "", 1)]


class _Walk:
    """One walk through a schema; knows the named types that it has passed."""

    def __init__(self) -> None:
        self.named: dict[str, Any] = {}
        self.open: set[str] = set()

    def check(self, schema: Any, path: str, depth: int) -> Iterator[str]:
        """Yield the faults of a type and of all that it holds."""
        if depth > NESTING_MAX:
            yield f"{path}: nested deeper than {NESTING_MAX} levels"
        elif isinstance(schema, list):
            yield from self._union(schema, path, depth)
        elif isinstance(schema, dict):
            yield from self._type(schema, path, depth)
        elif schema in self.open:
            yield f"{path}: the type {schema} holds itself"
        elif schema in self.named:
            yield from self.check(self.named[schema], path, depth)
        elif schema in _FORBIDDEN:
            yield f"{path}: {schema} is not used: {_FORBIDDEN[schema]}"
        elif schema == "string":
            yield f"{path}: a text states its maxLength"

    def _type(self, schema: Any, path: str, depth: int) -> Iterator[str]:
        kind = schema["type"]
        if kind in _FORBIDDEN:
            yield f"{path}: {kind} is not used: {_FORBIDDEN[kind]}"
        elif schema.get("logicalType") == "decimal":
            yield f"{path}: decimal is not used: a long counts the smallest unit"
        elif kind == "string":
            if not isinstance(schema.get("maxLength"), int) or schema["maxLength"] < 1:
                yield f"{path}: a text states its maxLength"
        elif kind == "array":
            if least_width(schema["items"], self.named) == 0:
                yield f"{path}: items without a byte are a memory bomb"
            yield from self.check(schema["items"], f"{path}[]", depth + 1)
        elif kind == "enum":
            self.named[schema["name"]] = schema
            yield from self._enum(schema, path)
        elif kind == "record":
            self.named[schema["name"]] = schema
            yield from self._record(schema, path, depth)

    def _union(self, schema: list[Any], path: str, depth: int) -> Iterator[str]:
        if len(schema) > BRANCHES_MAX:
            yield f"{path}: a union has at most {BRANCHES_MAX} branches"
        for branch in schema:
            yield from self.check(branch, path, depth + 1)

    def _enum(self, schema: Any, path: str) -> Iterator[str]:
        yield from _documented(schema, path)
        if schema.get("default") not in schema["symbols"]:
            yield f"{path}: an enum has a default, for the symbols of later versions"
        for symbol in schema["symbols"]:
            if not _SYMBOL.fullmatch(symbol):
                yield f"{path}: the symbol {symbol} is not in upper case"

    def _record(self, schema: Any, path: str, depth: int) -> Iterator[str]:
        yield from _documented(schema, path)
        self.open.add(schema["name"])
        if not schema["fields"]:
            yield f"{path}: a record without fields is a memory bomb"
        for field in schema["fields"]:
            where = f"{path}.{field['name']}"
            if not _FIELD.fullmatch(field["name"]):
                yield f"{where}: a field is named in lower case with underscores"
            if not _SENTENCE.fullmatch(field.get("doc", "")):
                yield f"{where}: a field is documented in a full sentence"
            optional = isinstance(field["type"], list)
            if optional and (field["type"][0] != "null" or field.get("default", 0) is not None):
                yield f"{where}: a union begins with null and has the default null"
            yield from self.check(field["type"], where, depth + 1)
        self.open.discard(schema["name"])


def _documented(schema: Any, path: str) -> Iterator[str]:
    if not _TYPE.fullmatch(schema["name"]):
        yield f"{path}: the type {schema['name']} is not named in capitalised words"
    if not _SENTENCE.fullmatch(schema.get("doc", "")):
        yield f"{path}: the type {schema['name']} is documented in a full sentence"
