"""The relay's side of Kafka: one transaction per batch, with the progress inside it.

The progress topic says what is out, atomically with the records themselves. librdkafka does not
speak the newer transaction protocol, so a producer is thrown away after any error whose outcome
is not known; the next one waits for the old transaction to end and the progress is read again.
"""

import json
import logging
import marshal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from sijill import topics
from sijill.adapters import kafka, metrics
from sijill.adapters.faultpoint import faultpoint
from sijill.adapters.relay_store import FencedError, Numbered
from sijill.settings import Settings

TRANSACTIONAL_ID = "sijill-relay"
TOPIC = topics.name("progress")
KEY = b"relay"
TIMEOUT_S = 15.0
RECORD_BYTES_MAX = 256 * 1024 * 1024
"""A quarantined record may have been small only when compressed; the broker's limit is on that."""

LOG = logging.getLogger("sijill.relay")


class OutcomeUnknownError(Exception):
    """The batch may or may not be out: open again and read the progress."""


class Progress(NamedTuple):
    """What the progress topic says: who published, and up to which number."""

    generation: bytes
    number: int
    hub_fingerprint: bytes
    registry_fingerprint: bytes

    def packed(self) -> bytes:
        """Return the record's value: a JSON object, bytes in hexadecimal."""
        return json.dumps(
            {k: v.hex() if isinstance(v, bytes) else v for k, v in self._asdict().items()}
        ).encode()

    @classmethod
    def unpacked(cls, value: bytes) -> "Progress":
        """Return what `packed` packed."""
        fields = json.loads(value)
        return cls(
            bytes.fromhex(fields["generation"]),
            fields["number"],
            bytes.fromhex(fields["hub_fingerprint"]),
            bytes.fromhex(fields["registry_fingerprint"]),
        )


class RelayLog:
    """One relay's producer, made anew after every doubt."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: Producer | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a producer, and so no doubt about what is out."""
        return self._producer is not None

    def open(self) -> Progress | None:
        """Fence every earlier producer, wait for its transaction to end, and read the progress.

        Returns None when nothing was ever published. Raises OutcomeUnknownError when Kafka does
        not answer in time.
        """
        self.close()
        try:
            producer = kafka.producer(
                self._settings,
                transactional_id=TRANSACTIONAL_ID,
                options={"message.max.bytes": RECORD_BYTES_MAX},
            )
            producer.init_transactions(TIMEOUT_S)
            progress = read_progress(self._settings)
        except KafkaException as error:
            raise OutcomeUnknownError(_name(error)) from error
        self._producer = producer
        return progress

    def publish(self, rows: Sequence[Numbered], progress: Progress) -> None:
        """Publish the rows and the progress, all or nothing, before this returns.

        Raises FencedError when another producer has the transactional id, OutcomeUnknownError for
        everything else; this log is closed then.
        """
        assert self._producer is not None
        producer = self._producer
        try:
            producer.begin_transaction()
            for row in rows:
                headers = None if row.headers is None else marshal.loads(row.headers)
                _produce(producer, row, headers)
            producer.produce(TOPIC, progress.packed(), KEY)
            producer.flush(TIMEOUT_S)
            faultpoint("relay.publishing")
            _commit(producer)
        except KafkaException as error:
            self.close()
            # A fatal error of a transactional producer other than being fenced is a doubt, too.
            fenced = (KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH)  # noqa: SLF001
            if error.args[0].code() in (*fenced, KafkaError.PRODUCER_FENCED):
                raise FencedError("another relay has the transactional id") from error
            raise OutcomeUnknownError(_name(error)) from error
        for topic, count in Counter(row.topic for row in rows).items():
            metrics.add("relay_published_total", count, topic=topic)

    def close(self) -> None:
        """Throw the producer away; an open transaction is aborted by the next one that opens."""
        if self._producer is not None:
            self._producer.purge()
            self._producer = None


def _produce(
    producer: Producer, row: Numbered, headers: list[tuple[str, str | bytes | None]] | None
) -> None:
    while True:
        try:
            producer.produce(row.topic, row.value, row.key, headers=headers)
        except BufferError:
            # The client's queue is full: let it drain, then offer the same record again.
            producer.poll(0.1)
        else:
            return


def _commit(producer: Producer) -> None:
    """Commit; a retriable error is asked again until the transaction's own time is over."""
    end = time.monotonic() + TIMEOUT_S
    while True:
        try:
            producer.commit_transaction(TIMEOUT_S)
        except KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() > end:
                raise
            LOG.warning("commit is asked again", extra={"reason": _name(error)})
        else:
            return


def read_progress(settings: Settings) -> Progress | None:
    """Return the last committed progress, or None when the topic holds none.

    Raises KafkaException when the topic is missing, or when a transaction on it stays open.
    """
    end = _settled_end(settings)
    with closing(kafka.reader(settings)) as reader:
        low, _ = reader.get_watermark_offsets(TopicPartition(TOPIC, 0), TIMEOUT_S)
        step = 16
        while end > low:
            # The log ends with transaction markers, and perhaps with aborted batches before them.
            start = max(low, end - step)
            found = _last_between(reader, start, end)
            if found is not None:
                return Progress.unpacked(found)
            if start == low:
                break
            step *= 16
    return None


def _settled_end(settings: Settings) -> int:
    """Return the end of the progress topic once no transaction is open on it."""
    client = kafka.admin(settings)
    place = (TOPIC, 0)
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        committed = kafka.end_offsets(client, [place])[place]
        if committed == kafka.end_offsets(client, [place], committed=False)[place]:
            return committed
        if time.monotonic() > deadline:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001
        time.sleep(0.05)


def _last_between(reader: Consumer, start: int, end: int) -> bytes | None:
    """Return the value of the last committed record from `start` on; None if there is none."""
    reader.assign([TopicPartition(TOPIC, 0, start)])
    found: bytes | None = None
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        for message in reader.consume(1000, 0.05):
            error = message.error()
            if error is None:
                found = message.value()
                continue
            if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001
                raise KafkaException(error)
            if (message.offset() or 0) >= end:
                return found
    raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001


def _name(error: KafkaException) -> str:
    return str(error.args[0].name())
