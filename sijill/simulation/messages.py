"""From drafts to Kafka messages: label, bytes, key and headers, the same for the same seed."""

import hmac
from typing import NamedTuple

from sijill import publisher, topics
from sijill.adapters import codec
from sijill.simulation.people import Block
from sijill.simulation.records import Draft

Headers = list[tuple[str, bytes]]


class Message(NamedTuple):
    """What a ministry hands to Kafka; `value` None is a tombstone."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


class Sealer:
    """Gives each message its label, and hashes keys under the routing key of publishers."""

    def __init__(self, routing_key: bytes) -> None:
        self._routing_key = routing_key
        self._labels: dict[str, int] = {}
        self._topics: dict[tuple[str, str], str] = {}

    def label(self, ministry: str) -> str:
        """Return the next event id of that ministry."""
        number = self._labels.get(ministry, 0) + 1
        self._labels[ministry] = number
        return f"{ministry}-{number:08d}"

    def topic(self, draft: Draft) -> str:
        """Return the topic of the draft's ministry and stream."""
        name = draft.ministry, draft.stream
        if name not in self._topics:
            self._topics[name] = topics.name("source", *name)
        return self._topics[name]

    def key(self, draft: Draft) -> bytes:
        """Return the key by which the publisher would send the record's first version."""
        source = draft.key_source.encode()
        return hmac.digest(self._routing_key, source, "sha256")[: publisher.KEY_BYTES]

    def seal(
        self,
        draft: Draft,
        *,
        label: str = "",
        changes: Block | None = None,
        single_object: bool = False,
    ) -> Message:
        """Return the message; `changes` replace fields of the payload but not topic, key, label."""
        payload = {"event_id": label or self.label(draft.ministry), **draft.payload}
        headers = publisher.cloud_event(draft.stream, payload)
        if changes:
            payload.update(changes)
        value = codec.encode(draft.stream, payload, single_object=single_object)
        return Message(self.topic(draft), self.key(draft), value, _bytes(headers))


def _bytes(headers: dict[str, str | bytes | None]) -> Headers:
    return [
        (name, value.encode() if isinstance(value, str) else value or b"")
        for name, value in headers.items()
    ]
