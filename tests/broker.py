"""What the proofs do with a broker: a small book's topics, and a topic read to its end."""

import time
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from sijill import topics
from sijill.adapters import kafka
from sijill.settings import Settings

DELETE_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class SmallMinistry:
    """A ministry with the streams that it publishes."""

    streams: tuple[str, ...] = ("enrollment", "payment")


@dataclass(frozen=True)
class SmallBook:
    """As much of a book as topics need."""

    ministries: Mapping[str, SmallMinistry] = field(
        default_factory=lambda: {"molsa": SmallMinistry(), "trade": SmallMinistry(("household",))}
    )


def create_topics(settings: Settings) -> None:
    """Create the topics of the small book."""
    assert topics.apply(kafka.admin(settings), SmallBook(), partitions=2) == ()


def settled_ends(settings: Settings, topic: str) -> Mapping[tuple[str, int], int]:
    """Return the ends of a topic's partitions, once no transaction is open on it.

    A commit or abort returns a moment before its marker is written and readers see it.
    """
    admin = kafka.admin(settings)
    places = [(topic, p) for p in admin.list_topics(topic, timeout=10).topics[topic].partitions]
    deadline = time.monotonic() + 10
    while (ends := kafka.end_offsets(admin, places)) != kafka.end_offsets(
        admin, places, committed=False
    ):
        assert time.monotonic() < deadline, "a transaction stays open"
        time.sleep(0.02)
    return ends


def read_topic(settings: Settings, topic: str) -> list[Message]:
    """Return all committed records of a topic, partition by partition."""
    places = {part for _, part in settled_ends(settings, topic)}
    found: list[Message] = []
    with closing(kafka.reader(settings)) as reader:
        reader.assign([TopicPartition(topic, part, 0) for part in places])
        waiting = set(places)
        while waiting:
            for message in reader.consume(500, 0.1):
                error = message.error()
                if error is None:
                    found.append(message)
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                    waiting.discard(message.partition() or 0)
                else:
                    raise AssertionError(error.str())
    return sorted(found, key=lambda m: (m.partition() or 0, m.offset() or 0))


def delete_topics(bootstrap: str, *, only: Collection[str] | None = None) -> None:
    """Delete every topic of the hub, or only these, and the groups that read them."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    groups = admin.list_consumer_groups().result().valid
    if groups:
        for deletion in admin.delete_consumer_groups([group.group_id for group in groups]).values():
            deletion.exception()  # a group that still has members stays; it has no topic any more
    deadline = time.monotonic() + DELETE_TIMEOUT_S
    while topics := [
        name
        for name in admin.list_topics().topics
        if name.startswith("sijill.") and (only is None or name in only)
    ]:
        assert time.monotonic() < deadline, f"topics are not deleted: {topics}"
        for deletion in admin.delete_topics(topics, operation_timeout=DELETE_TIMEOUT_S).values():
            deletion.exception()  # asked again until the list is empty
        time.sleep(0.05)
