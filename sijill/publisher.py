"""Publish events as a ministry does: idempotent, confirmed by all replicas, nothing lost unseen.

    with Publisher(settings) as publisher:
        publisher.publish("molsa", "enrollment", record)

The Kafka key only spreads load: two bytes of a keyed hash of the strongest identifier, so that a
person's records mostly meet on one partition, and a key tells nobody who it is.
"""

import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaError, KafkaException, Message

from sijill import topics
from sijill.adapters import codec, kafka, metrics
from sijill.domain import identifiers
from sijill.settings import Settings

KEY_BYTES = 2
IN_FLIGHT_MAX = 50_000
DELIVERY_TIMEOUT_S = 120.0


class DeliveryError(Exception):
    """Events that the broker did not take; the text holds a count and reasons, no value."""

    def __init__(self, reasons: Mapping[tuple[str, str], int]) -> None:
        self.failed = sum(reasons.values())
        told = ", ".join(f"{topic} {why} ({n})" for (topic, why), n in sorted(reasons.items()))
        super().__init__(f"{self.failed} events were not delivered: {told}")


class Publisher:
    """One connection to Kafka; to be used from one thread.

    At most `in_flight_max` events wait for their confirmation: `publish` waits for room, which
    slows a source down to what the broker takes.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        in_flight_max: int = IN_FLIGHT_MAX,
        delivery_timeout_s: float = DELIVERY_TIMEOUT_S,
    ) -> None:
        self._routing_key = settings.routing_key
        self._failures: dict[tuple[str, str], int] = {}
        timeout_ms = int(delivery_timeout_s * 1000)
        self._producer = kafka.producer(
            settings,
            options={
                "queue.buffering.max.messages": in_flight_max,
                "delivery.timeout.ms": timeout_ms,
                "topic.metadata.propagation.max.ms": min(30_000, timeout_ms),
                "delivery.report.only.error": True,
                "linger.ms": 20,
            },
        )

    def publish(
        self,
        ministry: str,
        stream: str,
        record: Mapping[str, Any],
        *,
        traceparent: str | None = None,
    ) -> None:
        """Hand over one event; it is delivered at the latest when `flush` returns.

        `record` has the fields of the stream's schema; `ministry` is filled in. Raises ValueError
        or TypeError when it does not fit the schema, DeliveryError when earlier events failed.
        """
        record = {"ministry": ministry, **record}
        if record["ministry"] != ministry:
            raise ValueError("the record names another ministry than its topic")
        value = codec.encode(stream, record)
        self._produce(
            topics.name("source", ministry, stream),
            value,
            key=routing_key(self._routing_key, stream, record),
            headers=cloud_event(stream, record, traceparent=traceparent),
        )

    def flush(self) -> None:
        """Return when every event is delivered. Raises DeliveryError when some are not."""
        self._producer.flush()
        self._raise_failures()

    def close(self) -> None:
        """Flush and let go. Raises DeliveryError."""
        try:
            self.flush()
        finally:
            self._producer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            # What was handed over still goes out; the error that ended the block is the one told.
            self._producer.flush()
            self._producer.close()

    def _produce(
        self, topic: str, value: bytes, *, key: bytes, headers: dict[str, str | bytes | None]
    ) -> None:
        while True:
            try:
                self._producer.produce(
                    topic, value, key, headers=headers, on_delivery=self._on_failure
                )
                self._producer.poll(0)
            except BufferError:
                self._producer.poll(0.05)
                self._raise_failures()
            except KafkaException as error:
                # A fatal error of the client: nothing more will be taken.
                raise DeliveryError({(topic, str(error.args[0].name())): 1}) from error
            else:
                self._raise_failures()
                return

    def _on_failure(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            failure = (message.topic() or "", error.name())
            self._failures[failure] = self._failures.get(failure, 0) + 1
            metrics.add("publisher_failed_total", topic=failure[0], reason=failure[1])

    def _raise_failures(self) -> None:
        if self._failures:
            failures, self._failures = self._failures, {}
            raise DeliveryError(failures)


def routing_key(key: bytes, stream: str, record: Mapping[str, Any]) -> bytes:
    """Return the Kafka key of a record: two bytes of a keyed hash of its strongest identifier.

    A roster goes with its head. A record without a usable identifier goes by its own number, so
    that its versions stay together; a decision goes by the notice that it answers.
    """
    ministry = str(record["ministry"])
    for person in _persons(stream, record):
        found = _strongest(key, ministry, person)
        if found is not None:
            return found[:KEY_BYTES]
    name = record["notice_id"] if stream == "decision" else record["source_record_id"]
    return hmac.digest(key, f"{ministry}\0{stream}\0{name}".encode(), "sha256")[:KEY_BYTES]


def cloud_event(
    stream: str, record: Mapping[str, Any], *, traceparent: str | None = None
) -> dict[str, str | bytes | None]:
    """Return the CloudEvents headers (binary mode) of a record."""
    occurred = record["occurred_at"]
    if not isinstance(occurred, datetime):
        occurred = datetime.fromtimestamp(occurred / 1000, UTC)
    headers: dict[str, str | bytes | None] = {
        "ce_specversion": "1.0",
        "ce_id": record["event_id"],
        "ce_source": f"/ministry/{record['ministry']}",
        "ce_type": f"sijill.{stream}.recorded.v1",
        "ce_time": occurred.astimezone(UTC).isoformat(timespec="milliseconds"),
        "content-type": "application/avro",
    }
    return headers if traceparent is None else {**headers, "traceparent": traceparent}


def _persons(stream: str, record: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    if stream == "household":
        lines = sorted(record["lines"], key=lambda line: line["role"] != "HEAD")
        return [line["person"] for line in lines]
    return [record["person"]] if record.get("person") else []


def _strongest(key: bytes, ministry: str, person: Mapping[str, Any]) -> bytes | None:
    """Return the token of the strongest identifier that links, or None."""
    tokens: list[tuple[int, bytes]] = []
    for identifier in person.get("identifiers") or ():
        kind = identifier["kind"]
        row = identifiers.KINDS.get(kind)
        if row is None or not row.links:
            continue
        normal = identifiers.normalise(kind, identifier["value"])
        if normal and normal not in identifiers.DUMMIES:
            scope = identifiers.scope_of(kind, ministry, identifier.get("issuer"))
            made = identifiers.token(key, kind=kind, scope=scope, normal=normal)
            tokens.append((row.rank, made))
    return min(tokens)[1] if tokens else None
