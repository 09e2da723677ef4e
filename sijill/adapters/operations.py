"""The operation topic: what operators do reaches the registry as events, so that replay knows it.

Every registrar reads it whole; the position row lets each operation be applied once. Activations
carry the whole rulebook: the highest operation number is in force.
"""

import uuid

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from sijill import topics
from sijill.adapters import clock, codec, kafka
from sijill.adapters.faultpoint import faultpoint
from sijill.adapters.postgres import Connection, Cursor
from sijill.adapters.refusal import UNPROCESSABLE, Refusal
from sijill.adapters.registry import bisection, hub, positions, quarantine, set_aside
from sijill.adapters.registry.batch import Arrival, Outcome
from sijill.adapters.registry.positions import Advance
from sijill.adapters.source import check, headers_of
from sijill.domain.rulebook import LoadError, parse
from sijill.settings import Settings

TOPIC = topics.name("operation")
PLACE = (TOPIC, 0)
ACTIVATE = "ACTIVATE_BOOK"
FIRST_SEQ = 1


class Operations:
    """The operation topic as one registrar reads it."""

    def __init__(self, settings: Settings, connection: Connection) -> None:
        """Start at the stored position; raises the source's named errors."""
        admin = kafka.admin(settings)
        low, high = kafka.log_ranges(admin, [PLACE])[PLACE]
        topic_id = kafka.topic_id(admin, TOPIC)
        with connection.transaction(), connection.cursor() as cursor:
            position = positions.register(cursor, PLACE, topic_id=topic_id, first_offset=low)
        check(PLACE, position, topic_id=topic_id, low=low, high=high)
        self._consumer: Consumer = kafka.reader(settings)
        self._consumer.assign([TopicPartition(*PLACE, position.next_offset)])

    def read_to_end(self, connection: Connection) -> None:
        """Apply every operation up to the end of the topic as it is now."""
        while not self.step(connection, wait_s=0.1):
            pass

    def step(self, connection: Connection, *, wait_s: float = 0.0) -> bool:
        """Apply what has come; return whether the end of the topic was reached."""
        ended = False
        for message in self._consumer.consume(100, wait_s):
            error = message.error()
            if error is None:
                _apply(connection, message)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                _void(connection, int(message.offset() or 0))
                ended = True
            elif not error.retriable():
                raise KafkaException(error)
        return ended

    def rewind(self, connection: Connection) -> None:
        """Read from the stored position again: what was consumed may not have been applied."""
        with connection.transaction(), connection.cursor() as cursor:
            position = positions.lock(cursor, [PLACE])[PLACE]
        self._consumer.seek(TopicPartition(*PLACE, position.next_offset))

    def close(self) -> None:
        """Leave the topic."""
        self._consumer.close()


def activation(files: dict[str, bytes], *, seq: int, operator: str) -> bytes:
    """Return the operation event that puts a book in force."""
    number = str(uuid.uuid4())
    return codec.encode(
        "operation",
        {
            "event_id": number,
            "operation_id": number,
            "operation_seq": seq,
            "occurred_at": int(clock.now_s() * 1000),
            "kind": ACTIVATE,
            "body": hub.pack_book(files),
            "operator": operator,
        },
    )


def publish(settings: Settings, value: bytes) -> None:
    """Publish one operation and wait for its acknowledgement.

    Raises:
        KafkaException: the broker did not acknowledge it.

    """
    failures: list[KafkaError] = []

    def on_delivery(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failures.append(error)

    producer = kafka.producer(settings)
    producer.produce(TOPIC, value, partition=0, on_delivery=on_delivery)
    if producer.flush(60) or failures:
        raise KafkaException(failures[0] if failures else KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001


def accept(value: bytes | None) -> codec.Record:
    """Return the operation that a record holds. Raises a Refusal for one that must not be used.

    A book that would stop every registrar, or whose doubts nobody has accepted, is refused.
    """
    record = codec.decode("operation", value or b"")[0]
    if record["kind"] == ACTIVATE:
        try:
            book = parse(hub.unpack_book(record["body"]))
        except (LoadError, ValueError, AttributeError, RecursionError) as error:
            raise Refusal("BAD_BOOK") from error
        if book.blockers():
            raise Refusal("BAD_BOOK")
    return record


def _apply(connection: Connection, message: Message) -> None:
    """Apply one operation; one that breaks the program is set aside, so that all others go on."""
    try:
        said = _read(message.value())
        bisection.persist(connection, lambda: _settle(connection, message, said))
    except Exception as error:
        if not bisection.blames_record(error):
            raise
        place = (*PLACE, int(message.offset() or 0))
        set_aside.tell(place, error)
        set_aside.check_flood(connection, [place])
        _settle(connection, message, Refusal(UNPROCESSABLE))


def _read(value: bytes | None) -> codec.Record | Refusal:
    try:
        return accept(value)
    except Refusal as refusal:
        return refusal


def _settle(connection: Connection, message: Message, said: codec.Record | Refusal) -> None:
    """Store an operation, or why it is refused, and move the position; put a book in force."""
    value, offset = message.value(), int(message.offset() or 0)
    with connection.transaction(), connection.cursor() as cursor:
        position = positions.lock(cursor, [PLACE])[PLACE]
        if offset < position.next_offset:
            return
        stored = said if isinstance(said, Refusal) else _store(cursor, said)
        outcome = "quarantined" if isinstance(stored, Refusal) else stored
        if isinstance(stored, Refusal):
            quarantine.write(cursor, [_refused(message, stored)])
        counts = dict.fromkeys(("applied", "duplicate", "superseded", "quarantined"), 0)
        counts[outcome] = 1
        step = Advance(
            offset + 1, offset, positions.record_hash(message.key(), value), **counts,
            void=offset - position.next_offset,
        )  # fmt: skip
        positions.advance(cursor, {PLACE: step})
        faultpoint("operations.committing")


def _store(cursor: Cursor, record: codec.Record) -> str | Refusal:
    """Store an operation and do what it says; return its outcome, or why it is refused.

    Of two that have one number, whichever came first keeps it.
    """
    cursor.execute(
        "INSERT INTO operation (seq, operation_id, kind, body, operator, occurred_at) "
        "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [record[f] for f in ("operation_seq", "operation_id", "kind", "body", "operator",
                             "occurred_at")],
    )  # fmt: skip
    if cursor.rowcount:
        if record["kind"] == ACTIVATE:
            hub.activate(cursor, record["operation_seq"], record["body"])
        return "applied"
    cursor.execute("SELECT kind, body FROM operation WHERE seq = %s", [record["operation_seq"]])
    known = cursor.fetchone() == (record["kind"], record["body"])
    return "duplicate" if known else Refusal("NUMBER_TAKEN")


def _refused(message: Message, refusal: Refusal) -> Outcome:
    value = message.value()
    arrival = Arrival(
        *PLACE, int(message.offset() or 0), message.timestamp()[1], message.key(), value,
        headers_of(message), refusal,
    )  # fmt: skip
    return Outcome(arrival, "quarantined", refusal.reason)


def _void(connection: Connection, end: int) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        position = positions.lock(cursor, [PLACE])[PLACE]
        if end > position.next_offset:
            void = end - position.next_offset
            positions.advance(cursor, {PLACE: Advance(end, None, None, 0, 0, 0, 0, void)})
