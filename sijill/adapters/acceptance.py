"""The border: from a Kafka record to an event of the domain, or to the reason why not.

Acceptance is a pure function of topic, bytes and the schema lock. It knows no state, no rulebook
and no clock, so that the same record is accepted or refused alike on every replay: an unknown
programme or a correction of an unknown record passes and waits.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from sijill.adapters import codec
from sijill.adapters.acceptance_fields import INSTANT_MIN, INSTANT_STOP, Record, Sheet
from sijill.adapters.acceptance_streams import READERS, Line
from sijill.adapters.refusal import Refusal, gather
from sijill.domain.event import STREAMS, Decision, Event, Fact, record_key
from sijill.domain.identifiers import KINDS, Tokens, normalise
from sijill.domain.texts import clean

CHECK_VERSION = 1
"""Counts up when acceptance decides differently; the quarantine is then offered again."""

HEADERS_MAX = 64
HEADER_BYTES_MAX = 65_536

_TOPIC = re.compile(rf"sijill\.([a-z][a-z0-9-]{{0,31}})\.({'|'.join(STREAMS)})\.v1")
_HEXADECIMAL = re.compile("(?:[0-9a-fA-F]{2}){8,32}")

Headers = Sequence[tuple[str, bytes | None]]


class Acceptor:
    """Accepts or refuses records; holds the registry's key, which makes tokens of identifiers."""

    def __init__(self, registry_key: bytes) -> None:
        self._tokens = Tokens(registry_key)

    def accept(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers | None
    ) -> Event | Refusal:
        """Return the event that a record of a source topic carries, or why it is refused."""
        try:
            return self._accept(topic, key, value, headers)
        except Refusal as refusal:
            return refusal

    def _accept(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers | None
    ) -> Event:
        ministry, stream = _source(topic)
        _check_envelope(value, headers)
        assert value is not None
        record, canonical = codec.decode(stream, value)
        sheet = Sheet(ministry)
        name = _name(sheet, record)
        lines: tuple[Line, ...] = ()
        decision = None
        if stream == "decision":
            decision = _decision(sheet, record)
        else:
            lines = READERS[stream](sheet, record, self._tokens)
        if key is not None and len(key) > 2 and _shown_by(key, lines):
            sheet.fault("key", "KEY_IS_IDENTIFIER")
        if sheet.faults:
            raise gather(sheet.faults)
        event = Event(
            record=record_key(ministry, stream, name),
            ministry=ministry,
            stream=stream,
            record_id=name,
            seq=record["source_seq"],
            content=_content(canonical),
            event_id=clean(record["event_id"]) or "",
            occurred_at=record["occurred_at"],
            void=record["status"] == "VOID",
            facts=(),
            decision=None if record["status"] == "VOID" else decision,
        )
        return event if event.void else event._replace(facts=_facts(event, lines))


@lru_cache(maxsize=1024)
def _source(topic: str) -> tuple[str, str]:
    """Return the ministry and the stream that a source topic's name states."""
    found = _TOPIC.fullmatch(topic)
    if found is None:
        raise Refusal("NOT_A_SOURCE_TOPIC")
    return found[1], found[2]


def _check_envelope(value: bytes | None, headers: Headers | None) -> None:
    if value is None:
        raise Refusal("NO_VALUE")
    if headers and len(headers) > HEADERS_MAX:
        raise Refusal("TOO_MANY_HEADERS")
    if headers and sum(len(name) + len(text or b"") for name, text in headers) > HEADER_BYTES_MAX:
        raise Refusal("TOO_MANY_HEADERS")


def _name(sheet: Sheet, record: Record) -> str:
    """Check the fields that all streams share and return the source record's id."""
    if record["ministry"] != sheet.ministry:
        sheet.fault("ministry", "WRONG_MINISTRY")
    if record["source_seq"] < 0:
        sheet.fault("source_seq", "BAD_SEQ")
    if not INSTANT_MIN <= record["occurred_at"] < INSTANT_STOP:
        sheet.fault("occurred_at", "BAD_INSTANT")
    sheet.required(record, "event_id")
    return sheet.required(record, "source_record_id")


def _decision(sheet: Sheet, record: Record) -> Decision:
    """Read a ministry's answer; the basis comes back to us unchanged or matches nothing."""
    sheet.symbol(record, "status")
    notice = sheet.required(record, "notice_id")
    if notice and not _HEXADECIMAL.fullmatch(notice):
        sheet.fault("notice_id", "BAD_NOTICE_ID")
        notice = ""
    sheet.required(record, "basis")
    sheet.text(record, "decided_by")
    return Decision(
        notice=bytes.fromhex(notice),
        basis=record["basis"],
        code=sheet.symbol(record, "code"),
        until=sheet.day(record, "until"),
        reason=sheet.code(record, "reason_code"),
        note=sheet.text(record, "note"),
    )


def _shown_by(key: bytes, lines: Iterable[Line]) -> bool:
    """Say whether the key shows an identifier of the payload, however it is written."""
    shown = {normal for line in lines for normal in line.who.shown if normal}
    try:
        text = key.decode()
    except UnicodeDecodeError:
        return False
    return any(normalise(kind, text) in shown for kind in KINDS)


def _content(canonical: bytes) -> bytes:
    """Return the hash of a canonical body without its first field, the sender's label."""
    length = canonical[0] >> 1
    start = 1 + length
    if canonical[0] > 127:
        length = (canonical[0] & 127 | canonical[1] << 7) >> 1
        start = 2 + length
    return hashlib.blake2b(canonical[start:], digest_size=16).digest()


def _facts(event: Event, lines: tuple[Line, ...]) -> tuple[Fact, ...]:
    return tuple(
        Fact(
            record=event.record,
            line=line.number,
            stream=event.stream,
            ministry=event.ministry,
            record_id=event.record_id,
            seq=event.seq,
            content=event.content,
            disputed=False,
            occurred_at=event.occurred_at,
            event_id=event.event_id,
            tokens=line.who.tokens,
            signature=line.who.signature,
            person=line.who.person,
            detail=line.detail,
        )
        for line in lines
    )
