"""A hub for the relay's proofs: topics, tables, an identity, and rows put by hand."""

import hashlib
import marshal
from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import Message
from psycopg import sql

from services.relay import Relay
from sijill.adapters.postgres import connect, migrate
from sijill.settings import Settings
from tests.broker import create_topics, read_topic

ALERT = "sijill.alert.overlap.v1"
PERSON = "sijill.registry.person.v1"
REJECTED = "sijill.rejected.molsa.v1"
SCHEMA_ID = 7
GENERATION = b"generation of the tests"

INSERT = (
    "INSERT INTO outbox (topic, key, revision, content, schema_id, value, headers) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s)"
)


@dataclass(frozen=True)
class RelayWorld:
    """A clean hub with topics and tables."""

    settings: Settings

    def put(self, key: bytes, revision: int, body: bytes | None, *, topic: str = ALERT) -> None:
        """Commit one versioned row; body None is a tombstone."""
        content = None if body is None else hashlib.blake2b(body, digest_size=16).digest()
        self.run(INSERT, [topic, key, revision, content, SCHEMA_ID, body, None])

    def put_plain(
        self, key: bytes | None, value: bytes, headers: list[tuple[str, bytes]] | None
    ) -> None:
        """Commit one unversioned row of the quarantine topic."""
        packed = None if headers is None else marshal.dumps(headers)
        self.run(INSERT, [REJECTED, key, 0, None, None, value, packed])

    def run(self, statement: str, values: Sequence[object] = ()) -> None:
        """Run one statement in its own transaction."""
        with connect(self.settings.postgres_dsn) as connection:
            connection.execute(statement.encode(), values)

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        with connect(self.settings.postgres_dsn) as connection:
            statement = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            row = connection.execute(statement).fetchone()
        assert row is not None
        return int(row[0])

    def drain(self) -> None:
        """Run a relay of its own until nothing waits, then let it end in order."""
        relay = Relay(self.settings)
        try:
            while relay.step():
                pass
        finally:
            relay.close()

    def records(self, topic: str = ALERT) -> list[Message]:
        """Return the committed records of a topic."""
        return read_topic(self.settings, topic)

    def bodies(self, key: bytes, topic: str = ALERT) -> list[tuple[int, bytes]]:
        """Return (version, body) of each record of a key, in order; versions up to 63."""
        frame = b"\0" + SCHEMA_ID.to_bytes(4, "big")
        values = [m.value() for m in self.records(topic) if m.key() == key]
        assert all(value is not None and value.startswith(frame) for value in values)
        return [(value[5] >> 1, value[6:]) for value in values if value is not None]


def make_world(settings: Settings) -> RelayWorld:
    """Create topics and tables, and give the database its identity."""
    create_topics(settings)
    migrate(settings.postgres_dsn)
    world = RelayWorld(settings)
    world.run(
        "INSERT INTO hub (registry_fingerprint, hub_fingerprint, schema_lock, generation, as_of) "
        "VALUES ('registry', 'hub', 'lock', %s, 1)",
        [GENERATION],
    )
    return world
