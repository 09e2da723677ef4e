"""What must hold for every record, whatever it is: the judge of the fuzzer."""

import json
import re
from typing import Any

import schemas
from sijill.adapters import codec
from sijill.adapters.acceptance import Acceptor
from sijill.adapters.refusal import REASONS, UNPROCESSABLE, Refusal
from sijill.domain.event import Event
from tests.fuzz.mutation import Case

_DETAIL = re.compile(r"([a-z_]+):([A-Z_]+)")


def _field_names(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(_field_names, schema))
    if not isinstance(schema, dict):
        return set()
    names = {field["name"] for field in schema.get("fields", ())}
    inner = [*(field["type"] for field in schema.get("fields", ())), schema.get("items")]
    inner.append(schema["type"] if isinstance(schema.get("type"), dict | list) else None)
    return names.union(*map(_field_names, inner))


FIELDS = {"key"}.union(*(_field_names(json.loads(schemas.text(name))) for name in schemas.STREAMS))
"""The names that a refusal may show: those of fields, and the key."""


class BrokenRule(AssertionError):
    """A rule that the border broke, in words without any value."""


def judge(acceptor: Acceptor, case: Case) -> Event | Refusal:
    """Return what the border says, after everything was held against it.

    Raises:
        BrokenRule: a rule was broken; any other error is the border's own, and a finding as well.

    """
    answer = acceptor.accept(*case)
    if acceptor.accept(*case) != answer:
        raise BrokenRule("accept is not pure: the second answer differs")
    if isinstance(answer, Refusal):
        _judge_refusal(answer)
    elif isinstance(answer, Event):
        _judge_event(acceptor, case, answer)
    else:
        raise BrokenRule("accept returned neither an event nor a refusal")
    _judge_framing(acceptor, case, answer)
    return answer


def _judge_refusal(refusal: Refusal) -> None:
    if refusal.reason not in REASONS or refusal.reason == UNPROCESSABLE:
        raise BrokenRule("the reason is none of the table")
    for line in refusal.detail:
        found = _DETAIL.fullmatch(line)
        if found is None or found[1] not in FIELDS or found[2] not in REASONS:
            raise BrokenRule("the detail shows more than names of fields and reasons")


def _judge_event(acceptor: Acceptor, case: Case, event: Event) -> None:
    """An accepted record means the same when it is written again, and can be stored."""
    assert case.value is not None
    record, body = codec.decode(event.stream, case.value)
    again = codec.encode_body(event.stream, record)
    if again != body:
        raise BrokenRule("the canonical body is not what the record encodes to")
    written = case._replace(value=codec.frame(schemas.current(event.stream).id) + again)
    if acceptor.accept(*written) != event:
        raise BrokenRule("the record written again is another event")
    relabelled = codec.encode(event.stream, {**record, "event_id": "another label"})
    other = acceptor.accept(*case._replace(value=relabelled))
    if not isinstance(other, Event) or other.content != event.content:
        raise BrokenRule("the label is part of the content")
    if case.topic != f"sijill.{event.ministry}.{event.stream}.v1":
        raise BrokenRule("the event names another sender than its topic")
    _storable(tuple(event))


def _storable(value: Any) -> None:
    """Every text can stand in PostgreSQL, every number has 64 bits, nothing else occurs."""
    if isinstance(value, tuple):
        for inner in value:
            _storable(inner)
    elif isinstance(value, str):
        if "\0" in value or (not value.isprintable() and _CONTROL.search(value)):
            raise BrokenRule("a text holds what no text may hold")
        value.encode()
    elif isinstance(value, bool | bytes) or value is None:
        return
    elif not (isinstance(value, int) and -(2**63) <= value < 2**63):
        raise BrokenRule("a value is neither text, bytes nor a number of 64 bits")


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def _judge_framing(acceptor: Acceptor, case: Case, answer: Event | Refusal) -> None:
    """The same body in the other framing is the same record."""
    value = case.value
    if value is None or len(value) > codec.VALUE_MAX - 10:
        return
    try:
        locked = codec.schema_of(value)
    except Refusal:
        return
    if value[:1] == b"\0":
        other = b"\xc3\x01" + bytes.fromhex(locked.fingerprint) + value[5:]
    else:
        other = codec.frame(locked.id) + value[10:]
    if acceptor.accept(*case._replace(value=other)) != answer:
        raise BrokenRule("the other framing gives another answer")
