"""What a record of an output topic says, as one hash that needs nothing but the record.

By it the relay drops a row that says what its key last said, whether that was written by this
database or by one that was lost. So it leaves out what tells of a database's history and not of
the registry: revisions, labels, the days and instants on which something came about.
"""

import hashlib
import marshal

from sijill.adapters import codec
from sijill.adapters.codec import Record
from sijill.domain.alerts import PLAIN

BY_EVIDENCE = frozenset(("alert", "notice"))
"""Schemas whose records say what `content` takes of them; others say every byte."""

VERSION_HEADER = "sijill-version"
"""A tombstone has no value to hold its key's version, and compaction leaves nothing before it."""


def content(record: Record) -> bytes:
    """Return the 16-byte hash of what an alert or a notice says.

    That is its evidence, months and money (which its basis holds), the version of the rule, the
    days, the certainty, the standing answer and who is asked. A withdrawn one says just that.
    """
    if record["state"] == "WITHDRAWN":
        return WITHDRAWN
    spans = tuple((span["from"], span["through"]) for span in record.get("spans", ()))
    said = (
        record["basis"], record["rule_version"], record["certainty"], record["decision_state"],
        spans, tuple(record.get("asked", ())),
    )  # fmt: skip
    return body_content(marshal.dumps(said, PLAIN))


def body_content(body: bytes) -> bytes:
    """Return the 16-byte hash of an Avro body after `version`, when all of it is said."""
    return hashlib.blake2b(body, digest_size=16).digest()


WITHDRAWN = body_content(b"withdrawn")


def tombstone_headers(version: int) -> bytes:
    """Return the packed headers of a tombstone: the version that its key has reached."""
    return marshal.dumps([(VERSION_HEADER, str(version).encode())])


def read(schema: str, value: bytes) -> tuple[int, bytes]:
    """Return the version of a published value, and the hash of what it says.

    Raises a Refusal for a value that the hub has not written.
    """
    if schema in BY_EVIDENCE:
        record, _ = codec.decode(schema, value)
        return record["version"], content(record)
    return _leading(*codec.current_body(schema, value))


def _leading(body: bytes, start: int) -> tuple[int, bytes]:
    """Return the number that leads a body, and the hash of the rest."""
    number, shift = 0, 0
    while True:
        digit = body[start]
        start += 1
        number |= (digit & 127) << shift
        if digit < 128:
            break
        shift += 7
    return number >> 1 ^ -(number & 1), body_content(body[start:])
