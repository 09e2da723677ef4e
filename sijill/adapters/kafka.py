"""Kafka clients with the settings under which nothing is lost, reset or repeated unseen.

Three factories (consumer, producer, admin client) and the two questions that a position in the
database needs answered: which topic is this really, and where does the readable log end.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from sijill.settings import Settings

Options = dict[str, Any]

TIMEOUT_S = 30.0
MESSAGE_BYTES_MAX = 4_194_304
"""Above the source topics' own limit, so that a quarantined record fits with its headers."""

LEADERLESS = frozenset(
    (
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError._NOENT,  # noqa: SLF001 - its public name
    )
)
"""No leader yet, or another one than the client remembers, as after a restart of the broker."""

LEADER_WAIT_S = 0.2
AWAY = frozenset(
    (
        KafkaError._TRANSPORT,  # noqa: SLF001 - its public name
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError._TIMED_OUT,  # noqa: SLF001
        KafkaError.REQUEST_TIMED_OUT,
        *LEADERLESS,
    )
)
"""No broker answers at the moment."""


RECORDS_AT_ONCE = 10_000
WAIT_S = 0.5
SILENCES_MAX = 60
"""Waits without a word from the broker after which reading is given up, to be begun again."""

LOG = logging.getLogger("sijill.kafka")


def consumer(settings: Settings, group: str, *, options: Options | None = None) -> Consumer:
    """Return a consumer that commits nothing by itself and never jumps to another offset.

    It reads committed records only, and announces the end of a partition, because the offsets
    up to there may hold transaction markers that count as void. The range assignor gives partition
    i of every topic to one member, which keeps a person's records together. The group is a classic
    one, because only there the client says how soon a dead member's partitions move.
    """
    chosen: Options = {
        "group.id": group,
        "partition.assignment.strategy": "range",
        "session.timeout.ms": 10_000,
        "heartbeat.interval.ms": 2000,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "fetch.wait.max.ms": 50,
        "max.poll.interval.ms": 300_000,
        "queued.max.messages.kbytes": 65_536,
        "fetch.message.max.bytes": MESSAGE_BYTES_MAX,
    }
    return Consumer(_with_connection(settings, chosen | (options or {})))


def reader(settings: Settings, *, options: Options | None = None) -> Consumer:
    """Return a consumer for `assign`: it joins no group, and starts where it is told."""
    chosen: Options = {
        "group.id": "sijill-reader",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "fetch.wait.max.ms": 50,
        "fetch.message.max.bytes": MESSAGE_BYTES_MAX,
    }
    return Consumer(_with_connection(settings, chosen | (options or {})))


def producer(
    settings: Settings, *, transactional_id: str | None = None, options: Options | None = None
) -> Producer:
    """Return an idempotent producer; transactional, and so fenced, when an id is given.

    murmur2 is what Java clients use, so that every client puts one key on one partition.
    """
    chosen: Options = {
        "acks": "all",
        "enable.idempotence": True,
        "partitioner": "murmur2_random",
        "compression.type": "lz4",
        "linger.ms": 5,
        "message.max.bytes": MESSAGE_BYTES_MAX,
    }
    if transactional_id is not None:
        chosen |= {"transactional.id": transactional_id, "transaction.timeout.ms": 30_000}
    return Producer(_with_connection(settings, chosen | (options or {})))


def admin(settings: Settings) -> AdminClient:
    """Return a client for topics and offsets."""
    return AdminClient(_with_connection(settings, {}))


def topic_id(client: AdminClient, topic: str) -> str:
    """Return the id that the broker gave to the topic when it was created.

    A topic that was deleted and created again has another id under the old name. Raises
    KafkaException when there is no such topic.
    """
    future = client.describe_topics(TopicCollection([topic]), request_timeout=TIMEOUT_S)[topic]
    return str(future.result(TIMEOUT_S).topic_id)


def topic_ids(client: AdminClient, topics: Iterable[str]) -> dict[str, str]:
    """Return `topic_id` for many topics in one request."""
    futures = client.describe_topics(TopicCollection(sorted(topics)), request_timeout=TIMEOUT_S)
    return {topic: str(future.result(TIMEOUT_S).topic_id) for topic, future in futures.items()}


def log_ranges(
    client: AdminClient, partitions: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], tuple[int, int]]:
    """Return for each (topic, partition) its first offset and the one after its last record.

    Records of open transactions count: the range is that of the log, not of what is readable.
    """
    places = sorted(partitions)
    earliest = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
    first = _offsets(client, places, earliest, isolation=IsolationLevel.READ_UNCOMMITTED)
    last = end_offsets(client, places, committed=False)
    return {place: (first[place], last[place]) for place in places}


def end_offsets(
    client: AdminClient, partitions: Iterable[tuple[str, int]], *, committed: bool = True
) -> Mapping[tuple[str, int], int]:
    """Return for each (topic, partition) the offset after the last readable record.

    With `committed`, an open transaction holds the end back, as it does for every reader here; so
    does one that has just ended, for the moment until its marker is written.
    Raises KafkaException when a partition does not exist.
    """
    isolation = IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    return _offsets(client, partitions, latest, isolation=isolation)


def is_away(error: Exception) -> bool:
    """Whether an error says that the brokers do not answer now, so that asking again may help."""
    if isinstance(error, KafkaException):
        return bool(error.args[0].retriable()) or error.args[0].code() in AWAY
    return isinstance(error, TimeoutError)


def _offsets(
    client: AdminClient,
    partitions: Iterable[tuple[str, int]],
    wanted: OffsetSpec,
    *,
    isolation: IsolationLevel,
) -> dict[tuple[str, int], int]:
    """Ask for offsets, again for a while: a topic just made, or moving, has no leader yet."""
    places = {TopicPartition(topic, part): wanted for topic, part in partitions}
    deadline = time.monotonic() + TIMEOUT_S
    while places:
        answers = client.list_offsets(places, isolation_level=isolation, request_timeout=TIMEOUT_S)
        try:
            return {
                (place.topic, place.partition): future.result(TIMEOUT_S).offset
                for place, future in answers.items()
            }
        except KafkaException as error:
            if error.args[0].code() not in LEADERLESS or time.monotonic() > deadline:
                raise
            time.sleep(LEADER_WAIT_S)
            # The client remembers a leader's epoch for good, unless it is made to ask again.
            client.list_topics(timeout=TIMEOUT_S)
    return {}


def _with_connection(settings: Settings, options: Options) -> Options:
    return {
        "bootstrap.servers": settings.kafka_bootstrap,
        "client.id": "sijill",
        "error_cb": _report,
        "logger": LOG,
        **client_properties(settings.kafka_config),
        **options,
    }


def client_properties(file: Path | None) -> Options:
    """Return the `name=value` lines of a client properties file; lines from `#` on are comments.

    That is where TLS, SASL and passwords stand, so that they are in no environment and no log.
    """
    lines = file.read_text(encoding="utf-8").splitlines() if file else []
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _report(error: KafkaError) -> None:
    """Log what librdkafka retries by itself: a wrong password is told nowhere else."""
    LOG.warning("kafka client reports", extra={"reason": error.name()})


def portions(reader: Consumer, partitions: int) -> Iterator[list[Message]]:
    """Yield the records of the assigned partitions in portions, until each one is at its end."""
    silences = 0
    while partitions:
        got = reader.consume(RECORDS_AT_ONCE, WAIT_S)
        silences = 0 if got else silences + 1
        if silences > SILENCES_MAX:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001
        messages = []
        for message in got:
            error = message.error()
            if error is None:
                messages.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                partitions -= 1
            elif not error.retriable():
                raise KafkaException(error)
        yield messages
