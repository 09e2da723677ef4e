"""The border: from a Kafka record to an event of the domain, or to the reason why not.

Acceptance is a pure function of topic, bytes and the schema lock. It knows no state, no rulebook
and no clock, so that the same record is accepted or refused alike on every replay: an unknown
programme or a correction of an unknown record passes and waits.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

from sijill.adapters import codec
from sijill.adapters.acceptance_person import Linker
from sijill.adapters.acceptance_source import CheckedDecoder, checked_decoder
from sijill.adapters.acceptance_streams import READERS, Lines, Record
from sijill.adapters.acceptance_texts import Faults
from sijill.adapters.refusal import Refusal, gather
from sijill.domain.event import STREAMS, Decision, Event, Fact, record_key
from sijill.domain.identifiers import KINDS, Tokens, normalise

CHECK_VERSION = 1
"""Counts up when acceptance decides differently; the quarantine is then offered again."""

HEADERS_MAX = 64
HEADER_BYTES_MAX = 65_536

_TOPIC = re.compile(rf"sijill\.([a-z][a-z0-9-]{{0,31}})\.({'|'.join(STREAMS)})\.v1")
_HEXADECIMAL = re.compile("(?:[0-9a-fA-F]{2}){8,32}")

Headers = Sequence[tuple[str, bytes | None]]


# Makes a named tuple of its values in order, at a third of the cost of its constructor.
_new = tuple.__new__


class Acceptor:
    """Accepts or refuses records; holds the registry's key, which makes tokens of identifiers."""

    def __init__(self, registry_key: bytes) -> None:
        self._tokens = Tokens(registry_key)
        self._linkers: dict[str, Linker] = {}

    def accept(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers | None
    ) -> Event | Refusal:
        """Return the event that a record of a source topic carries, or why it is refused."""
        try:
            ministry, stream = _source(topic)
            _check_headers(headers)
            if value is None:
                return Refusal("NO_VALUE")
            body, start = codec.current_body(stream, value)
            faults: Faults = []
            record, canonical = _decoder(stream)(body, start, faults)
        except Refusal as refusal:
            return refusal
        if not canonical:
            body, start = codec.canonical_body(stream, body, start), 0
        if record["ministry"] != ministry:
            faults.append(("ministry", "WRONG_MINISTRY"))
        lines: Lines = []
        decision: Decision | None = None
        if stream == "decision":
            decision = _decision(record, faults)
        else:
            lines = READERS[stream](self._linker(ministry), record, faults)
        if key is not None and len(key) > 2 and _shows_identifier(key, record):
            faults.append(("key", "KEY_IS_IDENTIFIER"))
        if faults:
            return gather(faults)
        return _event(stream, record, _content(body, start), said=(lines, decision))

    def _linker(self, ministry: str) -> Linker:
        linker = self._linkers.get(ministry)
        if linker is None:
            linker = self._linkers[ministry] = Linker(self._tokens, ministry)
        return linker


@cache
def _decoder(stream: str) -> CheckedDecoder:
    return checked_decoder(stream)


@lru_cache(maxsize=1024)
def _source(topic: str) -> tuple[str, str]:
    """Return the ministry and the stream that a source topic's name states."""
    found = _TOPIC.fullmatch(topic)
    if found is None:
        raise Refusal("NOT_A_SOURCE_TOPIC")
    return found[1], found[2]


def _check_headers(headers: Headers | None) -> None:
    size = 0
    for name, text in headers or ():
        size += len(name) + len(text or b"")
    if size > HEADER_BYTES_MAX or len(headers or ()) > HEADERS_MAX:
        raise Refusal("TOO_MANY_HEADERS")


def _decision(record: Record, faults: Faults) -> Decision:
    """Read a ministry's answer; the basis comes back to us unchanged or matches nothing."""
    notice = record["notice_id"]
    if not _HEXADECIMAL.fullmatch(notice):
        faults.append(("notice_id", "BAD_NOTICE_ID"))
        notice = ""
    return Decision(
        notice=bytes.fromhex(notice),
        basis=record["basis"],
        code=record["code"],
        until=record["until"],
        reason=record["reason_code"],
        note=record["note"],
    )


def _shows_identifier(key: bytes, record: Record) -> bool:
    """Say whether the key shows an identifier of the payload, however it is written."""
    try:
        text = key.decode()
    except UnicodeDecodeError:
        return False
    forms = {kind: normalise(kind, text) for kind in KINDS}
    return any(
        normal and normal == forms[kind]
        for kind, value, _ in _identifiers(record)
        if (normal := normalise(kind, value))
    )


def _identifiers(record: Record) -> Iterator[tuple[str, str, str | None]]:
    for holder in (record, *record.get("lines", ())):
        for role in ("person", "partner"):
            block = holder.get(role)
            if block is not None:
                yield from block[0]
    if record.get("care_recipient") is not None:
        yield record["care_recipient"]


def _content(body: bytes, start: int) -> bytes:
    """Return the hash of a canonical body without its first field, the sender's label."""
    length, start = body[start], start + 1
    if length > 127:
        length, start = length & 127 | body[start] << 7, start + 1
    return hashlib.blake2b(body[start + (length >> 1) :], digest_size=16).digest()


def _event(
    stream: str, record: Record, content: bytes, *, said: tuple[Lines, Decision | None]
) -> Event:
    """Put the event together; a void version says nothing more than that it is void."""
    ministry, name, seq = record["ministry"], record["source_record_id"], record["source_seq"]
    event_id, occurred_at = record["event_id"], record["occurred_at"]
    key = record_key(ministry, stream, name)
    void = record["status"] == "VOID"
    lines, decision = ([], None) if void else said
    facts = []
    for line, (person, tokens, signature), detail in lines:
        facts.append(
            _new(
                Fact,
                (key, line, stream, ministry, name, seq, content, False, occurred_at, event_id,
                 tokens, signature, person, detail),
            )
        )  # fmt: skip
    return _new(
        Event,
        (key, ministry, stream, name, seq, content, event_id, occurred_at, void, tuple(facts),
         decision),
    )  # fmt: skip
