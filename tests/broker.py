"""What the proofs do with a broker: a small book's topics, and a topic read to its end."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, Message, TopicPartition

from sijill import topics
from sijill.adapters import kafka
from sijill.settings import Settings


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


def read_topic(settings: Settings, topic: str) -> list[Message]:
    """Return all committed records of a topic, partition by partition."""
    places = kafka.admin(settings).list_topics(topic, timeout=10).topics[topic].partitions
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
