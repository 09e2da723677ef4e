"""How far the registry is behind the source topics, by its own positions."""

import time
from collections.abc import Iterable
from typing import NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from sijill.adapters import kafka
from sijill.adapters.postgres import Connection

Place = tuple[str, int]

PATIENCE_S = 60.0
PAUSE_S = 0.2
OUTCOMES = ("applied", "duplicate", "superseded", "quarantined", "void")


class Account(NamedTuple):
    """What became of the offsets of one partition or, summed up, of one topic."""

    applied: int
    duplicate: int
    superseded: int
    quarantined: int
    void: int
    first_offset: int
    next_offset: int

    @property
    def accounted(self) -> int:
        """Return the offsets that have an outcome."""
        return sum(self[: len(OUTCOMES)])

    def plus(self, other: "Account") -> "Account":
        """Return the sum of both."""
        return Account(*(mine + its for mine, its in zip(self, other, strict=True)))


NOTHING = Account(0, 0, 0, 0, 0, 0, 0)


class Lag:
    """Compares the readable ends of topics with the positions in the database."""

    def __init__(self, admin: AdminClient, names: Iterable[str]) -> None:
        self._admin = admin
        self._names = list(names)
        self.ends: dict[Place, int] = {}

    def read(self, connection: Connection) -> int:
        """Return how many offsets are readable and not yet applied."""
        self.ask()
        return self.behind(accounts(connection))

    def ask(self) -> None:
        """Ask Kafka for the ends, with patience: topics may just be made, leaders just moved.

        Raises KafkaException when there is no answer after a while, KeyError when a topic is
        still missing by then.
        """
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.ends = dict(kafka.end_offsets(self._admin, self._places()))
            except (KafkaException, KeyError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(PAUSE_S)
            else:
                return

    def _places(self) -> list[Place]:
        if self.ends:
            return list(self.ends)
        topics = self._admin.list_topics(timeout=kafka.TIMEOUT_S).topics
        return [(name, part) for name in self._names for part in topics[name].partitions]

    def behind(self, known: dict[Place, Account]) -> int:
        """Return how many offsets lie between the positions and the ends that were read last."""
        return sum(
            max(0, end - (known[place].next_offset if place in known else 0))
            for place, end in self.ends.items()
        )


def accounts(connection: Connection) -> dict[Place, Account]:
    """Return the account of every partition that has a position."""
    rows = connection.execute(
        "SELECT topic, partition, applied, duplicate, superseded, quarantined, void, "
        "first_offset, next_offset FROM position"
    )
    return {(topic, partition): Account(*rest) for topic, partition, *rest in rows}
