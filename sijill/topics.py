"""Every topic of the hub: one table of patterns, and the topics that a country's book makes of it.

A topic's name says who writes it: under `sijill.<ministry>.` lies only what that ministry writes,
every other second word is a part of the hub. `apply` creates what is missing and reports what
differs; it never changes a topic that exists, because a partition count is for life.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from sijill.domain.event import STREAMS

COMMON = 0
"""Partition count of a pattern that takes the common count of the installation."""

PARTITIONS_EMBEDDED = 4
TIMEOUT_S = 60.0
SHOWN_EVERY_S = 0.05
WEEK_MS = 7 * 24 * 3600 * 1000
RESERVED = frozenset((
    "hub", "pulse", "alert", "notice", "advice", "referral", "receipt", "rejected", "registry",
    "relay",
))  # fmt: skip
"""Words that stand second in a topic's name and so can be no ministry's code."""


@dataclass(frozen=True)
class Pattern:
    """One row of the table; `{ministry}` and `{stream}` in the name are filled from the book."""

    name: str
    key: str
    schema: str
    partitions: int
    cleanup: str
    writes: str
    reads: str
    max_message_bytes: int = 1_048_588

    @property
    def config(self) -> dict[str, str]:
        """Return the topic settings that belong to the pattern, as Kafka spells them.

        Broker time stamps every record, so that latency is measured by one clock. Nothing expires:
        the source topics are the archive from which a database is rebuilt.
        """
        config = {
            "cleanup.policy": self.cleanup,
            "retention.ms": "-1",
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(self.max_message_bytes),
        }
        if self.cleanup == "compact":
            config["delete.retention.ms"] = str(WEEK_MS)
        return config


def _source(name: str, schema: str, writes: str) -> Pattern:
    return Pattern(
        name,
        key="2 bytes of HMAC(routing key, strongest identifier); never trusted",
        schema=schema,
        partitions=COMMON,
        cleanup="delete",
        writes=writes,
        reads="registrar",
    )


def _own(name: str, key: str, schema: str, *, max_message_bytes: int = 1_048_588) -> Pattern:
    """One partition: a ministry reads what concerns it in one order, and it is never a flood."""
    return Pattern(
        name,
        key=key,
        schema=schema,
        partitions=1,
        cleanup="delete",
        writes="relay",
        reads="that ministry, courier, console",
        max_message_bytes=max_message_bytes,
    )


PATTERNS: Mapping[str, Pattern] = {
    "source": _source("sijill.{ministry}.{stream}.v1", "{stream}", "that ministry, gateway"),
    "hub_decision": _source("sijill.hub.decision.v1", "decision", "the hub's owner, console"),
    "operation": Pattern(
        "sijill.hub.operation.v1", "none", "operation", 1, "delete", "operators", "registrar"
    ),
    "alert": Pattern(
        "sijill.alert.overlap.v1",
        "alert id",
        "alert",
        COMMON,
        "delete",
        "relay",
        "the hub's owner, console, courier",
    ),
    "notice": _own("sijill.notice.{ministry}.v1", "notice id", "notice"),
    "advice": _own("sijill.advice.{ministry}.v1", "advice id", "advice"),
    "referral": _own("sijill.referral.{ministry}.v1", "referral id", "referral"),
    "receipt": _own("sijill.receipt.{ministry}.v1", "source topic and partition", "receipt"),
    # A quarantined record travels whole, so its topic takes more than the source topics do.
    "rejected": _own(
        "sijill.rejected.{ministry}.v1",
        "the rejected record's own key",
        "the rejected bytes",
        max_message_bytes=4_194_304,
    ),
    "person": Pattern(
        "sijill.registry.person.v1",
        "HMAC(hub key, smallest current mention)",
        "person",
        COMMON,
        "compact",
        "relay",
        "the hub",
    ),
    "feed": Pattern(
        "sijill.pulse.feed.v1", "ministry and stream", "feed", 1, "delete", "pulse", "console"
    ),
    "progress": Pattern(
        "sijill.relay.progress.v1", "one fixed key", "JSON", 1, "compact", "relay", "relay"
    ),
}


class Ministry(Protocol):
    """What the topic table needs to know of a ministry."""

    @property
    def streams(self) -> Iterable[str]:
        """Return the streams that this ministry publishes."""
        ...


class Book(Protocol):
    """What the topic table needs of a country's rulebook."""

    @property
    def ministries(self) -> Mapping[str, Ministry]:
        """Return the ministries by code."""
        ...


@dataclass(frozen=True)
class Topic:
    """A topic that a book calls for; `ministry` is None for the hub's own."""

    name: str
    pattern: str
    ministry: str | None
    stream: str | None

    @property
    def config(self) -> dict[str, str]:
        """Return its settings, as Kafka spells them."""
        return PATTERNS[self.pattern].config


@dataclass(frozen=True)
class Difference:
    """What an existing topic has, where the table wants something else."""

    topic: str
    setting: str
    wanted: str
    found: str


def name(pattern: str, ministry: str = "", stream: str = "") -> str:
    """Return the name that the pattern gives for this ministry and stream."""
    return PATTERNS[pattern].name.format(ministry=ministry, stream=stream)


def origin(topic: str) -> tuple[str, str] | None:
    """Return (ministry, stream) of a source topic; None when the name is no source topic's.

    The hub's own decisions are a source too: their ministry is `hub`.
    """
    parts = topic.split(".")
    if len(parts) != 4 or parts[0] != "sijill" or parts[3] != "v1" or parts[2] not in STREAMS:
        return None
    ministry, stream = parts[1], parts[2]
    if ministry in RESERVED and (ministry, stream) != ("hub", "decision"):
        return None
    return ministry, stream


def all_topics(book: Book) -> tuple[Topic, ...]:
    """Return every topic that the book calls for, in order of name.

    Every ministry has a decision topic, because every ministry can receive a notice. Raises
    ValueError when a ministry's code is one of the hub's own words.
    """
    topics: list[Topic] = []
    for code, ministry in book.ministries.items():
        if code in RESERVED:
            raise ValueError(f"{code!r} is a word of the hub and can be no ministry's code")
        streams = {*ministry.streams, "decision"}
        topics += [Topic(name("source", code, s), "source", code, s) for s in streams]
    for pattern, row in PATTERNS.items():
        if "{stream}" in row.name:
            continue
        known = "decision" if pattern == "hub_decision" else None
        codes = list(book.ministries) if "{ministry}" in row.name else [None]
        topics += [Topic(name(pattern, code or ""), pattern, code, known) for code in codes]
    return tuple(sorted(topics, key=lambda topic: topic.name))


def source_topics(book: Book) -> tuple[str, ...]:
    """Return the names of the topics that the registrar reads as events, in order of name."""
    patterns = ("source", "hub_decision")
    return tuple(topic.name for topic in all_topics(book) if topic.pattern in patterns)


def apply(
    admin: AdminClient, book: Book, *, partitions: int = PARTITIONS_EMBEDDED
) -> tuple[Difference, ...]:
    """Create the topics that are missing, and return how the existing ones differ.

    `partitions` is the common partition count. Running it again changes nothing. Raises
    KafkaException when the broker refuses.
    """
    wanted = all_topics(book)
    cluster = admin.list_topics(timeout=TIMEOUT_S)
    replicas = min(3, len(cluster.brokers))
    missing = [topic for topic in wanted if topic.name not in cluster.topics]
    _create(admin, missing, partitions=partitions, replicas=replicas)
    existing = [topic for topic in wanted if topic.name in cluster.topics]
    return _differences(admin, existing, cluster=cluster, partitions=partitions)


def _count(topic: Topic, common: int) -> int:
    return PATTERNS[topic.pattern].partitions or common


def _create(admin: AdminClient, topics: list[Topic], *, partitions: int, replicas: int) -> None:
    if not topics:
        return
    # One replica may be missing without stopping the ministries; with one broker there is none.
    in_sync = str(max(1, replicas - 1))
    new = [
        NewTopic(
            topic.name,
            num_partitions=_count(topic, partitions),
            replication_factor=replicas,
            config={**topic.config, "min.insync.replicas": in_sync},
        )
        for topic in topics
    ]
    for future in admin.create_topics(new, operation_timeout=TIMEOUT_S).values():
        try:
            future.result(TIMEOUT_S)
        except KafkaException as error:
            # Another `apply` at the same moment was quicker: the topic is there, which is enough.
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
    _await_shown(admin, {topic.name for topic in topics})


def _await_shown(admin: AdminClient, names: set[str]) -> None:
    """Wait until the brokers show the topics to clients: a moment after they are created."""
    deadline = time.monotonic() + TIMEOUT_S
    while names - admin.list_topics(timeout=TIMEOUT_S).topics.keys():
        if time.monotonic() > deadline:
            raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
        time.sleep(SHOWN_EVERY_S)


def _differences(
    admin: AdminClient, topics: list[Topic], *, cluster: Any, partitions: int
) -> tuple[Difference, ...]:
    resources = {ConfigResource(ResourceType.TOPIC, topic.name): topic for topic in topics}
    answers = admin.describe_configs(list(resources)) if resources else {}
    found: list[Difference] = []
    for resource, future in answers.items():
        topic = resources[resource]
        want, have = _count(topic, partitions), len(cluster.topics[topic.name].partitions)
        if want != have:
            found.append(Difference(topic.name, "partitions", str(want), str(have)))
        settings = future.result(TIMEOUT_S)
        for setting, value in topic.config.items():
            current = str(settings[setting].value)
            if current != value:
                found.append(Difference(topic.name, setting, value, current))
    return tuple(sorted(found, key=lambda row: (row.topic, row.setting)))
