"""The registrar's way in: partitions by group membership, offsets by the database.

Kafka says which partitions are ours; where to read from is said by the position rows alone. The
group's committed offset is only a hint for lag tools. Nothing is ever silently reset: topic id,
log range and the last applied record must agree with the position, else a named error stops us.
"""

import logging
from collections.abc import Callable, Iterable
from operator import methodcaller
from typing import NamedTuple, cast

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from sijill.adapters import kafka
from sijill.adapters.faultpoint import faultpoint
from sijill.adapters.halt import HaltError
from sijill.adapters.postgres import Connection
from sijill.adapters.registry import positions
from sijill.adapters.registry.positions import Place, Position
from sijill.settings import Settings

GROUP = "sijill-registrar"
PROBE_TIMEOUT_S = 20.0

LOG = logging.getLogger("sijill.registrar")


class TopicRecreatedError(HaltError):
    """A topic was deleted and made again: its offsets mean other records than those applied."""


class LogRangeError(HaltError):
    """A position lies outside the topic's log: records were deleted, or the log was cut."""


class RecordChangedError(HaltError):
    """The record at the last applied offset is not the one that was applied."""


class Fetched(NamedTuple):
    """Messages in order per partition, and the gapless range read of each partition."""

    messages: list[Message]
    starts: dict[Place, int]
    ends: dict[Place, int]


# The client returns a list with a hole and an error at once. Called directly, a hot function of
# Python 3.11 does not see the error and walks into the hole, which ends the process; a call from C
# always looks. tests/services/test_bad_input.py sends such a message to warm code.
_read_headers = methodcaller("headers")


def headers_of(message: Message) -> tuple[tuple[str, bytes], ...]:
    """Return the message's headers; one without a value has an empty one.

    Kafka says that names are UTF-8, and brokers do not check it. The client cannot read headers
    with another name, which decide nothing: such a message counts as one without headers.
    """
    try:
        headers = cast("list[tuple[str, bytes | None]]", _read_headers(message) or [])
    except (SystemError, UnicodeDecodeError):
        # What the client remembers now has holes that no program may touch.
        message.set_headers([])
        return ()
    return tuple([(name, text or b"") for name, text in headers])


class Source:
    """The partitions that this process reads; to be used from one thread."""

    def __init__(
        self, settings: Settings, topics: Iterable[str], connection: Callable[[], Connection]
    ) -> None:
        """Join the group; `connection` gives the database connection to read positions with."""
        self._settings = settings
        self._connection = connection
        self._admin = kafka.admin(settings)
        self._next: dict[Place, int] = {}
        self._consumer: Consumer = kafka.consumer(settings, GROUP)
        self._failure: Exception | None = None
        self._unread: list[TopicPartition] = []
        self._consumer.subscribe(
            list(topics), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )

    def fetch(self, records_max: int, timeout_s: float) -> Fetched:
        """Return what has come, at most `records_max` records, waiting at most `timeout_s`.

        Raises:
            HaltError: a topic is not the one that was read before.
            KafkaException: the client reports an error that it cannot mend.

        """
        if self._unread:
            self._assigned(self._consumer, self._unread)
        got = self._consumer.consume(records_max, timeout_s)
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        return gather(got, self._next)

    def applied(self, reached: dict[Place, int]) -> None:
        """Commit the positions reached to Kafka, as a hint for lag tools."""
        offsets = [TopicPartition(t, p, o) for (t, p), o in reached.items()]
        if offsets:
            self._consumer.commit(offsets=offsets, asynchronous=True)

    def rewind(self) -> None:
        """Read every partition of ours from its stored position again."""
        if self._unread:
            self._assigned(self._consumer, self._unread)
        places = sorted(self._next)
        if places:
            with self._connection().transaction(), self._connection().cursor() as cursor:
                stored = positions.lock(cursor, places)
            for (topic, partition), position in stored.items():
                self._next[topic, partition] = position.next_offset
                self._consumer.seek(TopicPartition(topic, partition, position.next_offset))

    @property
    def places(self) -> list[Place]:
        """The partitions that are ours now."""
        return sorted(self._next)

    def lag(self) -> dict[Place, int]:
        """Return how many offsets of each partition of ours are not read yet, as last heard."""
        lags = {}
        for place, after in self._next.items():
            known = self._consumer.get_watermark_offsets(TopicPartition(*place), cached=True)
            if known is not None:
                lags[place] = max(0, known[1] - after)
        return lags

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        try:
            stored = self._stored([(p.topic, p.partition) for p in partitions])
        except Exception as error:  # noqa: BLE001 - librdkafka would swallow it here
            self._unread = partitions
            consumer.assign([])
            if kafka.is_away(error):
                # Asked again before the next fetch; meanwhile the partitions are ours and unread.
                LOG.warning("kafka does not answer", extra={"error": type(error).__name__})
                self._failure = None
            else:
                self._failure = error
            return
        faultpoint("source.assigned")
        self._unread = []
        self._next = {place: position.next_offset for place, position in stored.items()}
        consumer.assign([TopicPartition(t, p, o) for (t, p), o in sorted(self._next.items())])

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Forget everything: the classic group takes all partitions away before it gives anew."""
        del partitions
        self._next, self._unread = {}, []
        consumer.unassign()

    def _stored(self, places: list[Place]) -> dict[Place, Position]:
        """Return the positions of new partitions, checked against the topics as they are."""
        ranges = kafka.log_ranges(self._admin, places)
        ids = kafka.topic_ids(self._admin, {topic for topic, _ in places})
        stored = {}
        with self._connection().transaction(), self._connection().cursor() as cursor:
            for place in sorted(places):
                low, high = ranges[place]
                position = positions.register(
                    cursor, place, topic_id=ids[place[0]], first_offset=low
                )
                check(place, position, topic_id=ids[place[0]], low=low, high=high)
                stored[place] = position
        self._probe({p: s for p, s in stored.items() if s.last_offset is not None})
        return stored

    def _probe(self, applied: dict[Place, Position]) -> None:
        """Read each last applied record once more and compare it."""
        if not applied:
            return
        reader = kafka.reader(self._settings)
        try:
            reader.assign(
                [TopicPartition(t, p, s.last_offset or 0) for (t, p), s in applied.items()]
            )
            left = dict(applied)
            while left:
                messages = reader.consume(len(left), PROBE_TIMEOUT_S)
                if not messages:
                    # Silence says nothing of the record: a changed one, or none, is answered.
                    raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001
                for message in messages:
                    place = (str(message.topic()), int(message.partition() or 0))
                    position = left.pop(place, None)
                    if position is not None:
                        compare(place, position, message)
                        reader.incremental_unassign([TopicPartition(*place)])
        finally:
            reader.close()


def gather(got: Iterable[Message], reached: dict[Place, int]) -> Fetched:
    """Return what has come of our partitions, each record once, and move `reached` on.

    `reached` holds the next offset of each partition that is ours. What lies before it has come
    already: partitions may go and return while one call fetches, and then begin again.

    Raises:
        KafkaException: the client reports an error that it cannot mend.

    """
    messages: list[Message] = []
    starts: dict[Place, int] = {}
    ends: dict[Place, int] = {}
    for message in got:
        place = (str(message.topic()), int(message.partition() or 0))
        error, offset = message.error(), int(message.offset() or 0)
        if place not in reached:
            continue
        if error is None:
            end = offset + 1
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
            end = offset
        elif error.retriable():
            continue
        else:
            raise KafkaException(error)
        if end > reached[place]:
            starts.setdefault(place, reached[place])
            ends[place] = reached[place] = end
            if error is None:
                messages.append(message)
    return Fetched(messages, starts, ends)


def check(place: Place, position: Position, *, topic_id: str, low: int, high: int) -> None:
    """Raise the named error if the topic is not the one that the position speaks of."""
    topic, partition = place
    if position.topic_id != topic_id:
        raise TopicRecreatedError(f"{topic}: the topic was deleted and created again")
    if not low <= position.next_offset <= high or (
        position.last_offset is not None and position.last_offset < low
    ):
        raise LogRangeError(
            f"{topic} partition {partition}: position {position.next_offset} does not lie in the "
            f"log from {low} to {high}"
        )


def compare(place: Place, position: Position, message: Message) -> None:
    """Raise the named error if the record at the last applied offset is another one."""
    same = (
        message.error() is None
        and message.offset() == position.last_offset
        and positions.record_hash(message.key(), message.value()) == position.last_hash
    )
    if not same:
        raise RecordChangedError(
            f"{place[0]} partition {place[1]}: offset {position.last_offset} holds another record "
            "than the one applied"
        )
