"""Confluent's schema registry interface over the lock file: what each call is answered.

Reading, and the look-up of schemas that are known. Nothing can be registered here: a serializer
that "registers" a schema of the lock is told its id, any other schema is refused. A subject is a
topic's name with `-value`.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from fastavro.schema import SchemaParseException

import schemas
from schemas import Locked
from sijill.adapters.schema_check import marks
from sijill.adapters.schema_compatibility import incompatibilities

SUFFIX = "-value"

_NEWEST = ("latest", "-1")


class RegistryError(Exception):
    """An answer other than the one that was asked for, as the interface numbers them."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        """The HTTP status: the first three digits of the code."""
        return int(str(self.code)[:3])


class SchemaRegistry:
    """Answers the calls of the interface; knows topics and the names of their schemas."""

    def __init__(self, topics: Mapping[str, str]) -> None:
        """Serve these topics, each with the name of the schema of its values."""
        self._subjects = {f"{topic}{SUFFIX}": name for topic, name in sorted(topics.items())}

    def answer(self, method: str, path: str, body: Any = None) -> Any:
        """Return the answer to a call, ready for JSON; RegistryError for any refusal."""
        for verb, pattern, respond in _ROUTES:
            found = pattern.fullmatch(path)
            if found and verb == method:
                return respond(self, body, *map(unquote, found.groups()))
        if any(pattern.fullmatch(path) for _, pattern, _ in _ROUTES):
            raise RegistryError(405, "The schemas are fixed in the lock file; this is read-only")
        raise RegistryError(404, "HTTP 404 Not Found")

    def subjects(self, _body: Any) -> list[str]:
        """Return all subjects."""
        return list(self._subjects)

    def schema(self, _body: Any, number: str) -> dict[str, Any]:
        """Return the text of the schema with an id."""
        return {"schema": schemas.read(_by_id(number).file)}

    def schema_text(self, _body: Any, number: str) -> Any:
        """Return the schema with an id as it is."""
        return json.loads(schemas.read(_by_id(number).file))

    def schema_subjects(self, _body: Any, number: str) -> list[str]:
        """Return the subjects that use the schema with an id."""
        name = _by_id(number).name
        return [subject for subject, used in self._subjects.items() if used == name]

    def schema_versions(self, body: Any, number: str) -> list[dict[str, Any]]:
        """Return the subjects that use the schema with an id, with its version in them."""
        version = _by_id(number).version
        return [
            {"subject": subject, "version": version}
            for subject in self.schema_subjects(body, number)
        ]

    def versions(self, _body: Any, subject: str) -> list[int]:
        """Return the version numbers of a subject."""
        return [entry.version for entry in self._entries(subject)]

    def version(self, _body: Any, subject: str, number: str) -> dict[str, Any]:
        """Return one version of a subject, by its number or as `latest`."""
        return _described(subject, self._version(subject, number))

    def version_text(self, _body: Any, subject: str, number: str) -> Any:
        """Return the schema of one version of a subject as it is."""
        return json.loads(schemas.read(self._version(subject, number).file))

    def look_up(self, body: Any, subject: str) -> dict[str, Any]:
        """Return the version of a subject that a given schema is; 40403 when it is none."""
        sha256 = marks(_given(body)).sha256
        for entry in self._entries(subject):
            if entry.sha256 == sha256:
                return _described(subject, entry)
        raise RegistryError(40403, "Schema not found")

    def register(self, body: Any, subject: str) -> dict[str, Any]:
        """Return the id of a schema that the subject already has; any other is refused."""
        try:
            return {"id": self.look_up(body, subject)["id"]}
        except RegistryError as error:
            if error.code == 40403:
                message = "Not a schema of this subject's lock file, which is read-only"
                raise RegistryError(42201, message) from error
            raise

    def compatible(self, body: Any, subject: str, number: str) -> dict[str, Any]:
        """Say whether a given schema and a version of a subject read one another."""
        entry = self._version(subject, number)
        pair = [json.loads(_given(body)), json.loads(schemas.read(entry.file))]
        messages = incompatibilities(pair[0], pair[1]) + incompatibilities(pair[1], pair[0])
        return {"is_compatible": not messages, "messages": messages}

    def _entries(self, subject: str) -> list[Locked]:
        name = self._subjects.get(subject)
        if name is None:
            raise RegistryError(40401, f"Subject '{subject}' not found.")
        return [entry for entry in schemas.lock() if entry.name == name]

    def _version(self, subject: str, number: str) -> Locked:
        entries = self._entries(subject)
        if number in _NEWEST:
            return entries[-1]
        if not number.isascii() or not number.isdigit() or number == "0":
            raise RegistryError(
                42202, f"The specified version '{number}' is not a valid version id."
            )
        for entry in entries:
            if entry.version == int(number[:9]):
                return entry
        raise RegistryError(40402, f"Version {number} not found.")


def _by_id(number: str) -> Locked:
    for entry in schemas.lock():
        if str(entry.id) == number:
            return entry
    raise RegistryError(40403, "Schema not found")


def _given(body: Any) -> str:
    """Return the text of the schema in a body; 42201 when there is no Avro schema in it."""
    text = body.get("schema") if isinstance(body, dict) else None
    if not isinstance(text, str) or body.get("schemaType", "AVRO") != "AVRO":
        raise RegistryError(42201, "The body holds no Avro schema")
    try:
        marks(text)
    except (ValueError, KeyError, TypeError, RecursionError, SchemaParseException) as error:
        raise RegistryError(42201, "The body holds no Avro schema") from error
    return text


def _described(subject: str, entry: Locked) -> dict[str, Any]:
    return {
        "subject": subject,
        "version": entry.version,
        "id": entry.id,
        "schemaType": "AVRO",
        "schema": schemas.read(entry.file),
    }


def _fixed(value: Any) -> Callable[..., Any]:
    return lambda *_: value


_SUBJECT = "/subjects/([^/]+)"
_COMPATIBILITY = {"compatibilityLevel": "FULL_TRANSITIVE"}

_ROUTES: tuple[tuple[str, re.Pattern[str], Callable[..., Any]], ...] = tuple(
    (method, re.compile(pattern), respond)
    for method, pattern, respond in (
        ("GET", "/", _fixed({})),
        ("GET", "/schemas/types", _fixed(["AVRO"])),
        ("GET", "/schemas/ids/([0-9]{1,9})", SchemaRegistry.schema),
        ("GET", "/schemas/ids/([0-9]{1,9})/schema", SchemaRegistry.schema_text),
        ("GET", "/schemas/ids/([0-9]{1,9})/subjects", SchemaRegistry.schema_subjects),
        ("GET", "/schemas/ids/([0-9]{1,9})/versions", SchemaRegistry.schema_versions),
        ("GET", "/subjects", SchemaRegistry.subjects),
        ("POST", _SUBJECT, SchemaRegistry.look_up),
        ("GET", f"{_SUBJECT}/versions", SchemaRegistry.versions),
        ("POST", f"{_SUBJECT}/versions", SchemaRegistry.register),
        ("GET", f"{_SUBJECT}/versions/([^/]+)", SchemaRegistry.version),
        ("GET", f"{_SUBJECT}/versions/([^/]+)/schema", SchemaRegistry.version_text),
        ("POST", f"/compatibility{_SUBJECT}/versions/([^/]+)", SchemaRegistry.compatible),
        ("GET", "/config", _fixed(_COMPATIBILITY)),
        ("GET", "/config/([^/]+)", _fixed(_COMPATIBILITY)),
        ("GET", "/mode", _fixed({"mode": "READONLY"})),
        ("GET", "/mode/([^/]+)", _fixed({"mode": "READONLY"})),
    )
)
