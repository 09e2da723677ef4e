"""A registry on a real PostgreSQL that is told stories: the registrar's transaction, no broker."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg

from sijill.adapters import postgres
from sijill.adapters.postgres import Connection
from sijill.adapters.registry import batch, clusters, due, hub, positions
from sijill.adapters.registry.batch import Arrival, Batch, Keys
from sijill.domain import rulebook
from sijill.settings import Settings
from tests.properties.stories import BOOK, Delivery, Message, Story
from tests.properties.telling import HUB_KEY, REGISTRY_KEY

FILES = rulebook.read("iraq")
OLD_FILES = {
    name: content
    for name, content in FILES.items()
    if name not in ("rules/spn-pension.toml", "rules/paid-twice.toml")
}
OLD_KEYS = Keys(HUB_KEY, rulebook.parse(OLD_FILES), 1)
KEYS = Keys(HUB_KEY, BOOK, 2)
"""A book without some of the rules, and the one in force at the end of every story."""

TRIES_MAX = 50


class Registry:
    """A database without Kafka: topics and offsets are made up, everything else is real."""

    def __init__(self, dsn: str) -> None:
        """Make the tables in an empty database and open two connections, as two registrars do."""
        self.settings = Settings(
            kafka_bootstrap="", postgres_dsn=dsn, registry_key=REGISTRY_KEY, hub_key=HUB_KEY,
            routing_key=HUB_KEY,
        )  # fmt: skip
        postgres.migrate(dsn)
        self.connections = (postgres.connect(dsn), postgres.connect(dsn))
        self.connection: Connection = self.connections[0]
        self._forget = _forget(self.connection)
        self._next: dict[positions.Place, int] = {}
        self.keys = KEYS

    def close(self) -> None:
        """Close the connections."""
        for connection in self.connections:
            connection.close()

    def begin(self, as_of: int, *, old_book: bool = False) -> None:
        """Forget everything and start on that day, with the book that is to be in force."""
        self._next = {}
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute(self._forget)
            hub.bind(self.connection, dataclasses.replace(self.settings, as_of=as_of), today=as_of)
        self._activate(OLD_KEYS if old_book else KEYS)

    def _activate(self, keys: Keys) -> None:
        """Put a book in force."""
        files = OLD_FILES if keys is OLD_KEYS else FILES
        with self.connection.transaction(), self.connection.cursor() as cursor:
            hub.activate(cursor, keys.book_seq, hub.pack_book(files))
        self.keys = keys

    def tell(self, story: Story, delivery: Delivery | None = None) -> None:
        """Deliver the story to the end; without a delivery at once and in its own order.

        Every second batch goes through the other connection and comes from the other partition.
        """
        chosen = delivery or Delivery((tuple(range(len(story.sentences))),))
        self.begin(story.as_of - chosen.days, old_book=chosen.old_book)
        for number, numbers in enumerate(chosen.batches):
            if number == chosen.turn:
                self._turn(story)
            self.apply([story.messages[n] for n in numbers], number % 2)
        self._turn(story)
        self.settle()

    def _turn(self, story: Story) -> None:
        """Let the story's day and the book come, if they have not yet."""
        hub.move_day(self.connection, story.as_of)
        self._activate(KEYS)

    def race(self, story: Story, delivery: Delivery) -> None:
        """Deliver the story's batches by two processes at once, every second one by the other."""
        self.begin(story.as_of)
        works = [
            self.read([story.messages[n] for n in numbers], number % 2)
            for number, numbers in enumerate(delivery.batches)
        ]

        def run(process: int) -> None:
            for work in works[process::2]:
                tried(self.connections[process], work)

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(run, process) for process in (0, 1)]:
                done.result()
        self.settle()

    def apply(self, messages: Iterable[Message], process: int = 0) -> batch.Applied:
        """Apply one batch as the process of that number does, again after a conflict."""
        read = self.read(messages, process)
        return tried(self.connections[process], read, self.keys)

    def read(self, messages: Iterable[Message], partition: int = 0) -> Batch:
        """Return the next batch of the partitions of that number, positions made for new topics."""
        arrivals = []
        starts: dict[positions.Place, int] = {}
        for message in messages:
            place = (message.topic, partition)
            if place not in self._next:
                with self.connection.transaction(), self.connection.cursor() as cursor:
                    positions.register(cursor, place, topic_id="", first_offset=0)
            offset = self._next.get(place, 0)
            starts.setdefault(place, offset)
            self._next[place] = offset + 1
            arrivals.append(arrival(message, partition, offset))
        return Batch(arrivals, starts, {place: self._next[place] for place in starts})

    def settle(self) -> None:
        """Do what is due until nothing is."""
        while due.settle_due(self.connection, self.keys) is not None:
            pass

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self.connection.execute(query.encode(), values).fetchall()

    def filled(self, tables: Iterable[str]) -> list[str]:
        """Return those of the tables that hold a row."""
        return [name for name in tables if self.rows(f"SELECT 1 FROM {name} LIMIT 1")]  # noqa: S608 - own names


def arrival(message: Message, partition: int, offset: int) -> Arrival:
    """Return the message as it would come from Kafka."""
    return Arrival(message.topic, partition, offset, 0, None, message.value, (), message.event)


def tried(connection: Connection, work: Batch, keys: Keys = KEYS) -> batch.Applied:
    """Apply a batch as a registrar does: again after what another one did in between."""
    for _ in range(TRIES_MAX):
        try:
            return batch.apply(connection, work, keys)
        except clusters.Unsettled:
            continue
        except psycopg.Error as error:
            if error.sqlstate not in postgres.RETRIED:
                raise
    raise AssertionError("a batch was tried too often")


@contextmanager
def database(dsn: str) -> Iterator[Registry]:
    """Yield a registry on a fresh database of its own."""
    with psycopg.connect(dsn, dbname="postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS stories WITH (FORCE)")
        connection.execute("CREATE DATABASE stories")
    registry = Registry(psycopg.conninfo.make_conninfo(dsn, dbname="stories"))
    try:
        yield registry
    finally:
        registry.close()


def _forget(connection: Connection) -> bytes:
    """Return the statement that empties every table that holds something of a story."""
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
        "AND relnamespace = 'public'::regnamespace "
        "AND relname NOT IN ('migration', 'relay_progress', 'relay_lease', 'audit')"
    )
    return "; ".join(f'DELETE FROM "{name}"' for (name,) in rows).encode()  # noqa: S608 - own names
