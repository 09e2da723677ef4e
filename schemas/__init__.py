"""The Avro schemas of all topics, their examples, and the lock that fixes their ids.

One `.avsc` file per event type, complete in itself, and beside it `examples/<name>.json`. A
released text never changes: a new version gets a new lock entry, and its predecessor stays under
`released/`, so that every record ever written can be read with the schema it was written with.
"""

import json
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

STREAMS = ("enrollment", "payment", "household", "vital", "income", "decision")
"""The event types that ministries write."""

OUTPUTS = ("alert", "notice", "advice", "referral", "receipt", "person", "feed", "operation")
"""The event types that the hub writes."""

NAMES = STREAMS + OUTPUTS


class Locked(NamedTuple):
    """One released schema: its id for Confluent's framing, its fingerprint for Avro's own."""

    name: str
    version: int
    id: int
    file: str
    fingerprint: str  # CRC-64-AVRO, as the eight bytes stand on the wire, in hexadecimal
    sha256: str  # of the schema's parsing canonical form


def read(file: str) -> str:
    """Return the text of a file of this package; FileNotFoundError when there is none."""
    return resources.files(__name__).joinpath(file).read_text(encoding="utf-8")


def text(name: str) -> str:
    """Return the text of the current version of a schema."""
    return read(f"{name}.avsc")


def examples(name: str) -> list[dict[str, Any]]:
    """Return the example records of a schema, as JSON writes them (dates as text)."""
    records: list[dict[str, Any]] = json.loads(read(f"examples/{name}.json"))
    return records


@cache
def lock() -> tuple[Locked, ...]:
    """Return every released schema, in the order of the ids."""
    return tuple(Locked(**entry) for entry in json.loads(read("lock.json")))


@cache
def current(name: str) -> Locked:
    """Return the newest released version of a schema; KeyError when it was never released."""
    versions = [entry for entry in lock() if entry.name == name]
    if not versions:
        raise KeyError(name)
    return max(versions, key=lambda entry: entry.version)
