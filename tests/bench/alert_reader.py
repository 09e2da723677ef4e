"""Reads the alert topic as its readers do: committed records only, each once."""

from collections import Counter

from confluent_kafka import TopicPartition

from sijill import topics
from sijill.adapters import codec, kafka
from sijill.settings import Settings

TOPIC = topics.name("alert")
BATCH = 5_000
WAIT_S = 0.2


class AlertReader:
    """Everything that the alert topic has said so far."""

    def __init__(self, settings: Settings) -> None:
        """Begin at the first record."""
        self._reader = kafka.reader(settings)
        partitions = self._reader.list_topics(TOPIC).topics[TOPIC].partitions
        self._reader.assign([TopicPartition(TOPIC, partition, 0) for partition in partitions])
        self._latest: dict[str, tuple[str, str]] = {}
        self.records = 0

    def read(self) -> None:
        """Take what has come; wait a little when nothing has."""
        for message in self._reader.consume(BATCH, WAIT_S):
            value = message.value()
            if message.error() is None and value is not None:
                alert, _ = codec.decode("alert", value)
                self._latest[alert["alert_id"]] = (alert["rule"], alert["state"])
                self.records += 1

    def standing(self) -> dict[str, int]:
        """Return how many alerts stand, by rule."""
        open_now = (rule for rule, state in self._latest.values() if state != "WITHDRAWN")
        return dict(Counter(open_now))

    def close(self) -> None:
        """Stop reading."""
        self._reader.close()
