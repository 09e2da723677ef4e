"""Putting a rulebook in force: the topic gives the next number, and says who came first.

Operators need no lock. Each reads the operation topic to its end, takes the number after the
highest, publishes, and reads on up to its own record: of two with one number the first one holds,
for every registrar alike.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import NamedTuple

from confluent_kafka import Message, TopicPartition

from sijill.adapters import kafka, operations
from sijill.adapters.postgres import Connection
from sijill.adapters.refusal import Refusal
from sijill.adapters.registry import hub
from sijill.domain.rulebook import Book, parse
from sijill.settings import Settings


class Operation(NamedTuple):
    """An operator's act, as the topic holds it."""

    seq: int
    operation_id: str
    kind: str
    operator: str
    occurred_at: int
    offset: int
    body: bytes

    @property
    def files(self) -> dict[str, bytes]:
        """The files of the rulebook that an activation carries."""
        return hub.unpack_book(self.body)

    @property
    def title(self) -> str:
        """What it is about, in words."""
        return title(parse(self.files)) if self.kind == operations.ACTIVATE else self.kind


class OvertakenError(Exception):
    """Another operator's act took the number first; `winner` is what holds."""

    def __init__(self, winner: Operation) -> None:
        super().__init__(f"operation {winner.seq} of {winner.operator} came first: {winner.title}")
        self.winner = winner


def title(book: Book) -> str:
    """Return a book's name and version in words."""
    return f"book {book.id}, version {book.version}"


def history(settings: Settings) -> list[Operation]:
    """Return the operations that count, in the order of their numbers.

    Raises:
        KafkaException: the brokers do not answer, or there is no operation topic.

    """
    first: dict[int, Operation] = {}
    for message in _to_end(settings):
        found = _operation(message)
        if found is not None:
            first.setdefault(found.seq, found)
    return [first[seq] for seq in sorted(first)]


def in_force(past: Iterable[Operation]) -> Operation | None:
    """Return the activation that holds: the one with the highest number."""
    return max((o for o in past if o.kind == operations.ACTIVATE), default=None)


def activate(
    settings: Settings, files: dict[str, bytes], *, after: int, operator: str
) -> Operation:
    """Put a book in force as the operation after number `after`, the last that the operator saw.

    Raises:
        OvertakenError: meanwhile another operation took that number; this one has no effect.
        KafkaException: the broker did not acknowledge it.

    """
    value = operations.activation(files, seq=after + 1, operator=operator)
    mine = operations.accept(value)
    operations.publish(settings, value)
    holding = next(each for each in history(settings) if each.seq == after + 1)
    if (holding.kind, holding.body) != (mine["kind"], mine["body"]):
        raise OvertakenError(holding)
    return holding


def reached(connection: Connection, operation: Operation) -> tuple[int, bool]:
    """Return the number in force in the database, 0 for none, and whether it passed the operation.

    A database that passed an operation of a higher number has refused it.
    """
    row = connection.execute(
        "SELECT (SELECT book_seq FROM hub), "
        '(SELECT next_offset > %s FROM "position" WHERE topic = %s AND partition = %s)',
        [operation.offset, *operations.PLACE],
    ).fetchone()
    assert row is not None
    return row[0] or 0, bool(row[1])


def _operation(message: Message) -> Operation | None:
    """Return the operation in a record, or None where registrars see none."""
    try:
        record = operations.accept(message.value())
    except Refusal:
        return None
    return Operation(
        record["operation_seq"],
        record["operation_id"],
        record["kind"],
        record["operator"],
        record["occurred_at"],
        int(message.offset() or 0),
        record["body"],
    )


def _to_end(settings: Settings) -> Iterator[Message]:
    """Yield the records of the operation topic up to its end as it is now."""
    low, _ = kafka.log_ranges(kafka.admin(settings), [operations.PLACE])[operations.PLACE]
    with closing(kafka.reader(settings)) as reader:
        reader.assign([TopicPartition(*operations.PLACE, low)])
        for messages in kafka.portions(reader, 1):
            yield from messages
