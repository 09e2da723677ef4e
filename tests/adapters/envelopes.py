"""Records as ministries would send them, for tests of the border: an example, changed at a path."""

import copy
from typing import Any

import schemas
from sijill.adapters import codec
from sijill.adapters.acceptance import Acceptor
from sijill.adapters.refusal import Refusal
from sijill.domain.event import Event

KEY = bytes(range(32))
ACCEPTOR = Acceptor(KEY)


def example(stream: str, place: int = 0, **changes: Any) -> dict[str, Any]:
    """An example record of a stream, with fields changed; `a__0__b` reaches into `a[0]["b"]`."""
    record = copy.deepcopy(codec.from_json(stream, schemas.examples(stream)[place]))
    for path, value in changes.items():
        *way, last = path.split("__")
        holder: Any = record
        for step in way:
            holder = holder[int(step) if step.isdigit() else step]
        holder[int(last) if last.isdigit() else last] = value
    return record


def accept(
    stream: str, record: dict[str, Any], *, ministry: str | None = None, key: bytes | None = None
) -> Event | Refusal:
    """What the border says to a record on its ministry's topic."""
    topic = f"sijill.{ministry or record['ministry']}.{stream}.v1"
    return ACCEPTOR.accept(topic, key, codec.encode(stream, record), [])


def accepted(stream: str, record: dict[str, Any], *, key: bytes | None = None) -> Event:
    """The event of a record that must be accepted."""
    answer = accept(stream, record, key=key)
    assert isinstance(answer, Event), answer
    return answer


def faults(stream: str, record: dict[str, Any], *, ministry: str | None = None) -> tuple[str, ...]:
    """The faults of a record that must be refused, as field:reason."""
    answer = accept(stream, record, ministry=ministry)
    assert isinstance(answer, Refusal), answer
    return answer.detail
