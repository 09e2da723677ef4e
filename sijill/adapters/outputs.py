"""What the output topics tell: one fold over all that committed readers see in them.

It holds no record, only what each key last said: some 300 bytes for a key (docs/PERFORMANCE.md).
"""

import logging
import struct
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from typing import NamedTuple

from confluent_kafka import Message, TopicPartition

from sijill import topics
from sijill.adapters import codec, kafka, wire
from sijill.adapters.codec import Record
from sijill.adapters.halt import HaltError
from sijill.adapters.refusal import Refusal
from sijill.adapters.source import headers_of
from sijill.settings import Settings

_TOLD = struct.Struct(">q16s?iq")

LOG = logging.getLogger("sijill.relay")
Key = tuple[str, bytes]


class ForeignRecordError(HaltError):
    """An output topic holds a record that no relay has written."""


class Told(NamedTuple):
    """What a key last said, and where that stands; content None after a tombstone."""

    version: int
    content: bytes | None
    partition: int
    offset: int

    @property
    def stands(self) -> bool:
        """Whether readers hold something under the key: it is neither deleted nor withdrawn."""
        return self.content not in (None, wire.WITHDRAWN)


class Outputs:
    """The fold of every output topic that exists, whichever ministry the book still knows."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self.receipted: dict[tuple[str, int], int] = {}
        self.rejected: dict[tuple[str, int], set[int]] = defaultdict(set)
        self._told: dict[str, dict[bytes, bytes]] = {}

    def fold(self, settings: Settings) -> Generator[int, None, None]:
        """Read the topics to their ends; yield how many records each portion had.

        Nobody may write to them meanwhile. Raises KafkaException when the broker fails.
        """
        patterns = written_by_relay(kafka.admin(settings).list_topics(timeout=kafka.TIMEOUT_S))
        for topic in patterns:
            self._told[topic] = {}
        places = [TopicPartition(t, p, offset) for t, p, offset in _starts(settings, patterns)]
        with closing(kafka.reader(settings)) as reader:
            reader.assign(places)
            for messages in kafka.portions(reader, len(places)):
                for message in messages:
                    self._add(patterns[str(message.topic())], message)
                yield len(messages)

    def keys(self, topic: str) -> Mapping[bytes, bytes]:
        """Return the keys of a versioned topic."""
        return self._told.get(topic, {})

    def get(self, topic: str, key: bytes) -> Told | None:
        """Return what the key last said, None when it never said anything."""
        packed = self._told.get(topic, {}).get(key)
        if packed is None:
            return None
        version, content, deleted, partition, offset = _TOLD.unpack(packed)
        return Told(version, None if deleted else content, partition, offset)

    def topics(self) -> list[str]:
        """Return the names of the topics with versioned keys, in order."""
        return sorted(topic for topic, told in self._told.items() if told)

    def _add(self, pattern: str, message: Message) -> None:
        place = f"{message.topic()} partition {message.partition()} offset {message.offset()}"
        try:
            if pattern == "receipt":
                self._add_receipt(codec.decode("receipt", message.value() or b"")[0])
            elif pattern == "rejected":
                topic, partition, offset = origin(headers_of(message))
                self.rejected[topic, partition].add(offset)
            else:
                self._add_version(pattern, message)
        except (Refusal, KeyError, ValueError) as error:
            raise ForeignRecordError(f"{place}: no relay has written this record") from error

    def _add_receipt(self, receipt: Record) -> None:
        place = (receipt["topic"], receipt["partition"])
        self.receipted[place] = max(self.receipted.get(place, 0), receipt["next_offset"])

    def _add_version(self, pattern: str, message: Message) -> None:
        topic, key, value = str(message.topic()), message.key() or b"", message.value()
        if value is not None:
            version, content = wire.read(pattern, value)
        else:
            before, content = self.get(topic, key), b""
            told = dict(headers_of(message)).get(wire.VERSION_HEADER)
            version = int(told) if told else before.version if before else 0
        self._told[topic][key] = _TOLD.pack(
            version, content, value is None, message.partition() or 0, message.offset() or 0
        )


def written_by_relay(metadata: object) -> dict[str, str]:
    """Return the existing topics to which a relay writes records, each with its pattern."""
    found = {}
    for pattern, row in topics.PATTERNS.items():
        before, _, after = row.name.partition("{ministry}")
        for name in metadata.topics:  # type: ignore[attr-defined]
            if row.writes != "relay" or pattern == "progress":
                continue
            if name == row.name or (after and name.startswith(before) and name.endswith(after)):
                found[name] = pattern
    return found


def origin(headers: Iterable[tuple[str, bytes]]) -> tuple[str, int, int]:
    """Return (topic, partition, offset) of a rejected record; our headers come last and win."""
    told = dict(headers)
    return (
        told["sijill-rejected-topic"].decode(),
        int(told["sijill-rejected-partition"]),
        int(told["sijill-rejected-offset"]),
    )


def _starts(settings: Settings, names: Iterable[str]) -> list[tuple[str, int, int]]:
    client = kafka.admin(settings)
    known = client.list_topics(timeout=kafka.TIMEOUT_S).topics
    places = [(name, part) for name in names for part in known[name].partitions]
    return [(*place, low) for place, (low, _) in kafka.log_ranges(client, places).items()]


def read_again(settings: Settings, topic: str, wanted: Mapping[int, set[int]]) -> Iterator[Message]:
    """Yield the records of a topic at the wanted offsets of each partition."""
    with closing(kafka.reader(settings)) as reader:
        reader.assign([TopicPartition(topic, part, min(at)) for part, at in wanted.items()])
        for messages in kafka.portions(reader, len(wanted)):
            for message in messages:
                if message.offset() in wanted[message.partition() or 0]:
                    yield message
