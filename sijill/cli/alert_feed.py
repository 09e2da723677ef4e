"""The alert topic as any Kafka client reads it: committed records only, from any partition."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    KafkaError,
    KafkaException,
    TopicPartition,
)

from sijill import topics
from sijill.adapters import codec, kafka
from sijill.settings import Settings

AT_ONCE = 500
WAIT_S = 0.5


class Alert(NamedTuple):
    """One revision of one alert, and when Kafka appended it (milliseconds since 1970)."""

    record: dict[str, Any]
    appended_ms: int

    @property
    def latency_s(self) -> float | None:
        """Return seconds since the event that caused it was appended; None when time caused it."""
        caused = self.record["caused_at"]
        return (self.appended_ms - caused) / 1000 if caused else None


class AlertFeed:
    """Reads the alert topic, from its start or from now on."""

    def __init__(self, settings: Settings, *, from_start: bool) -> None:
        self._topic = topics.name("alert")
        self._admin = kafka.admin(settings)
        found = self._admin.list_topics(self._topic, timeout=kafka.TIMEOUT_S).topics[self._topic]
        if found.error is not None:
            raise KafkaException(found.error)
        start = OFFSET_BEGINNING if from_start else OFFSET_END
        # The broker answers at once when there is something; until then it may keep us waiting.
        self._reader = kafka.reader(settings, options={"fetch.wait.max.ms": 500})
        self._reader.assign([TopicPartition(self._topic, part, start) for part in found.partitions])
        self._reached = dict.fromkeys(found.partitions, -1)
        self._behind = set(found.partitions)

    @property
    def at_end(self) -> bool:
        """Whether everything that could be read has been read, as of the last `poll`."""
        return not self._behind

    def poll(self, wait_s: float) -> list[Alert]:
        """Return what has come, waiting for at most `wait_s` seconds.

        Raises KafkaException for what does not go away, Refusal for a record that is no alert.
        """
        return list(self._alerts(self._reader.consume(AT_ONCE, wait_s)))

    def rest(self) -> list[Alert]:
        """Return everything up to the end of the topic as it is now."""
        ends = kafka.end_offsets(self._admin, [(self._topic, part) for part in self._reached])
        found: list[Alert] = []
        while any(self._reached[part] < end for (_, part), end in ends.items()):
            found += self.poll(WAIT_S)
        return found

    def close(self) -> None:
        """Let the connection go."""
        self._reader.close()

    def _alerts(self, messages: Iterable[Any]) -> Iterable[Alert]:
        for message in messages:
            error = message.error()
            if error is None:
                self._reached[message.partition()] = message.offset() + 1
                self._behind.add(message.partition())
                yield Alert(codec.decode("alert", message.value())[0], message.timestamp()[1])
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                self._reached[message.partition()] = message.offset()
                self._behind.discard(message.partition())
            elif not error.retriable():
                raise KafkaException(error)
