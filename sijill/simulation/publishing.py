"""Sends a plan's messages as ministries would: idempotent, confirmed, some of them in transactions.

The ministry that uses transactions aborts some of them and sends their messages again, so that the
log holds offsets that carry no event.
"""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from confluent_kafka import KafkaError, Producer
from confluent_kafka import Message as Delivered

from sijill import topics
from sijill.adapters import kafka
from sijill.publisher import DeliveryError
from sijill.settings import Settings
from sijill.simulation.messages import Message

CHUNK = 1_000
"""After how many messages `progress` is told."""

TRANSACTION_MESSAGES = 200
TRANSACTION_S = 0.5
ABORTED_EVERY = 10
TIMEOUT_S = 60.0


class Published(NamedTuple):
    """What was sent: `aborted` messages lie in the log but were never committed."""

    messages: int
    aborted: int


class Progress(NamedTuple):
    """What has been handed over so far."""

    messages: int
    topic: str


def publish(
    messages: Iterable[Message],
    settings: Settings,
    *,
    transactional: frozenset[str] = frozenset(),
    progress: Callable[[Progress], None] = lambda _: None,
) -> Published:
    """Send all messages in order; return when every one is confirmed by the brokers.

    `transactional` names the ministries that publish in transactions. `progress` is called now
    and then; it may wait, which slows the ministries down. Raises DeliveryError when a message
    was not taken.
    """
    plain = _Plain(settings)
    in_transactions = {code: _InTransactions(settings, code) for code in transactional}
    sent = 0
    for message in messages:
        origin = topics.origin(message.topic)
        sender = in_transactions.get(origin[0], plain) if origin else plain
        sender.send(message)
        sent += 1
        if sent % CHUNK == 0:
            for other in in_transactions.values():
                other.commit_when_old()
            progress(Progress(sent, message.topic))
    plain.close()
    for other in in_transactions.values():
        other.close()
    return Published(sent, sum(other.aborted for other in in_transactions.values()))


class _Plain:
    """The idempotent producer that most ministries share in the simulation."""

    def __init__(self, settings: Settings, *, transactional_id: str | None = None) -> None:
        self._failures: dict[tuple[str, str], int] = {}
        self.producer: Producer = kafka.producer(
            settings,
            transactional_id=transactional_id,
            options={"linger.ms": 20, "queue.buffering.max.messages": 50_000},
        )

    def send(self, message: Message) -> None:
        """Hand the message over, waiting for room when the brokers are slower than we."""
        while True:
            try:
                self.producer.produce(
                    message.topic,
                    message.value,
                    message.key,
                    headers=list(message.headers),
                    on_delivery=self._delivered,
                )
            except BufferError:
                self.producer.poll(0.05)
            else:
                break
        self.producer.poll(0)
        if self._failures:
            raise DeliveryError(self._failures)

    def close(self) -> None:
        """Wait until everything is confirmed; DeliveryError when something was not taken."""
        self.producer.flush()
        if self._failures:
            raise DeliveryError(self._failures)

    def _delivered(self, error: KafkaError | None, message: Delivered) -> None:
        if error is not None:
            failure = (message.topic() or "", error.name())
            self._failures[failure] = self._failures.get(failure, 0) + 1


class _InTransactions(_Plain):
    """One ministry whose system publishes in transactions, and fails now and then."""

    def __init__(self, settings: Settings, ministry: str) -> None:
        super().__init__(settings, transactional_id=f"ministry-{ministry}")
        self.producer.init_transactions(TIMEOUT_S)
        self._open: list[Message] = []
        self._opened_at = 0.0
        self._ended = 0
        self.aborted = 0

    def send(self, message: Message) -> None:
        """Send the message in the running transaction; end that one when it is full."""
        if not self._open:
            self.producer.begin_transaction()
            self._opened_at = time.monotonic()
        self._open.append(message)
        super().send(message)
        if len(self._open) >= TRANSACTION_MESSAGES:
            self._end()

    def commit_when_old(self) -> None:
        """End a transaction that has been open for long: readers wait for its end."""
        if self._open and time.monotonic() - self._opened_at > TRANSACTION_S:
            self._end()

    def close(self) -> None:
        """End the last transaction."""
        if self._open:
            self._end()
        super().close()

    def _end(self) -> None:
        if self._ended % ABORTED_EVERY == 0:
            self._abort_and_send_again()
        self._ended += 1
        self.producer.commit_transaction(TIMEOUT_S)
        self._open = []

    def _abort_and_send_again(self) -> None:
        # Flushed first: the aborted messages are to lie in the log, not to vanish in the client.
        self.producer.flush()
        self.producer.abort_transaction(TIMEOUT_S)
        self.aborted += len(self._open)
        self.producer.begin_transaction()
        for message in self._open:
            super().send(message)
