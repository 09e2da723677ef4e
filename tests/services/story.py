"""Stories for the registrar: short records of few people, and a hub that runs them to the end."""

import marshal
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import psycopg
from confluent_kafka import TopicPartition

from services.registrar import RECORDS_MAX, Registrar
from sijill import topics
from sijill.adapters import codec, kafka, operations, postgres
from sijill.adapters.postgres import Connection
from sijill.adapters.registry import due
from sijill.adapters.registry import hub as registry_hub
from sijill.domain import rulebook
from sijill.publisher import Publisher
from sijill.settings import Settings
from tests.broker import delete_topics

AS_OF = date(2026, 6, 1).toordinal()
PATIENCE_S = 240.0
NOON = "2026-01-01T12:00:00Z"


def person(number: str | None = None, **parts: Any) -> dict[str, Any]:
    """Return a person block; `number` is a national number, `ids` are (kind, value) pairs."""
    ids = list(parts.pop("ids", ()))
    if number is not None:
        ids.insert(0, ("NATIONAL_NUMBER", number))
    return {
        "identifiers": [{"kind": kind, "value": value} for kind, value in ids],
        "sex": "UNKNOWN",
        "birth_precision": "UNKNOWN",
        **parts,
    }


def event(stream: str, record_id: str, seq: int = 1, **fields: Any) -> tuple[str, dict[str, Any]]:
    """Return (stream, record) with the fields that all streams share filled in."""
    record = {
        "event_id": f"{record_id}/{seq}",
        "ministry": "",
        "source_record_id": record_id,
        "source_seq": seq,
        "occurred_at": NOON,
        **fields,
    }
    return stream, record


def enrollment(
    record_id: str, programme: str, who: dict[str, Any], **fields: Any
) -> tuple[str, dict[str, Any]]:
    """Return an active enrollment since the start of 2026."""
    common: dict[str, Any] = {"status": "ACTIVE", "enrolled_from": "2026-01-01"}
    return event(
        "enrollment", record_id, **common | {"person": who, "programme": programme} | fields
    )


def payment(
    record_id: str, programme: str, who: dict[str, Any], *, month: str = "2026-03", **fields: Any
) -> tuple[str, dict[str, Any]]:
    """Return a payment that was made for one month."""
    common: dict[str, Any] = {
        "status": "MADE",
        "person": who,
        "programme": programme,
        "period": month,
        "period_from": f"{month}-01",
        "period_through": f"{month}-28",
        "amount": 100_000,
        "currency": "IQD",
        "form": "CASH",
        "paid_on": f"{month}-05",
    }
    return event("payment", record_id, **common | fields)


class Hub:
    """A hub on real Kafka and PostgreSQL, driven turn by turn."""

    def __init__(self, settings: Settings) -> None:
        """Create the topics and the database's tables."""
        self.settings = settings
        self.book = rulebook.load(settings.country)
        topics.apply(kafka.admin(settings), self.book)
        postgres.migrate(settings.postgres_dsn)
        self.connection: Connection = postgres.connect(settings.postgres_dsn)

    def publish(self, ministry: str, *events: tuple[str, dict[str, Any]]) -> None:
        """Publish events as the ministry would."""
        with Publisher(self.settings) as publisher:
            for stream, record in events:
                full = codec.from_json(stream, {**record, "ministry": ministry})
                publisher.publish(ministry, stream, full)

    def activate(self, files: dict[str, bytes], *, seq: int) -> None:
        """Publish the operation that puts a book in force."""
        value = operations.activation(files, seq=seq, operator="a test")
        operations.publish(self.settings, value)

    @contextmanager
    def registrar(self, records_max: int = RECORDS_MAX) -> Iterator[Registrar]:
        """Yield a registrar, closed at the end."""
        loop = Registrar(self.settings, records_max=records_max)
        try:
            while not loop.assigned:
                loop.step()
            yield loop
        finally:
            loop.close()

    def run(self) -> None:
        """Run a registrar until every position is at the end of its topic and nothing is due."""
        with self.registrar() as loop:
            self.drain(loop)

    def drain(self, loop: Registrar) -> None:
        """Turn the loop until it has caught up with what is published now."""
        deadline = time.monotonic() + PATIENCE_S
        while loop.step() or self.behind():
            assert time.monotonic() < deadline, "the registrar does not catch up"

    def behind(self) -> bool:
        """Return whether a source partition holds something that is not applied."""
        admin = kafka.admin(self.settings)
        places = [(t, p) for t in topics.source_topics(self.book) for p in range(4)]
        places.append(operations.PLACE)
        ends = kafka.end_offsets(admin, places)
        rows = self.connection.execute("SELECT topic, partition, next_offset FROM position")
        reached = {(topic, part): offset for topic, part, offset in rows}
        return any(end > reached.get(place, 0) for place, end in ends.items())

    def alerts(self) -> list[tuple[str, str]]:
        """Return (rule, decision) of the open alerts."""
        return self.rows("SELECT rule, decision FROM alert WHERE open AND verdict = 'raised' "
                         "ORDER BY rule, id")  # fmt: skip

    def outcomes(self) -> dict[str, int]:
        """Return what became of all offsets of the source topics."""
        names = ("applied", "duplicate", "superseded", "quarantined", "void")
        sums = ", ".join(f"coalesce(sum({n}), 0)::bigint" for n in names)
        (row,) = self.rows(f"SELECT {sums} FROM position WHERE topic NOT LIKE '%operation%'")  # noqa: S608 - constant names
        return dict(zip(names, row, strict=True))

    def rows(self, query: str) -> list[Any]:
        """Return the rows of a query."""
        return list(self.connection.execute(query.encode()))

    @property
    def environment(self) -> dict[str, str]:
        """The settings as the environment of a child."""
        return {
            **os.environ,
            "SIJILL_KAFKA_BOOTSTRAP": self.settings.kafka_bootstrap,
            "SIJILL_POSTGRES_DSN": self.settings.postgres_dsn,
            "SIJILL_REGISTRY_KEY": self.settings.registry_key.hex(),
            "SIJILL_HUB_KEY": self.settings.hub_key.hex(),
            "SIJILL_ROUTING_KEY": self.settings.routing_key.hex(),
            "SIJILL_AS_OF": date.fromordinal(self.settings.as_of or 1).isoformat(),
        }

    def command(self, *arguments: str, status: int = 0) -> tuple[str, str]:
        """Return what a command says on its two outputs; it must end with that status."""
        done = subprocess.run(
            [sys.executable, "-m", "sijill.cli", *arguments],
            env=self.environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout, done.stderr

    @contextmanager
    def process(self, service: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a service as its own process, with `more` in its environment.

        At the end it must leave with status 0, unless it was killed.
        """
        command = [sys.executable, "-m", "sijill.cli", "run", service]
        child = subprocess.Popen(command, env=self.environment | more)
        try:
            yield child
        finally:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
            assert child.wait(60) in (0, -signal.SIGKILL)

    def move_day(self, day: int) -> None:
        """Let the hub's day come, as the due worker does at midnight."""
        assert registry_hub.move_day(self.connection, day)

    def settled(self) -> bool:
        """Return whether everything published is applied and nothing is due."""
        return not self.behind() and due.pending(self.connection) == 0

    def reconnect(self) -> None:
        """Open the connection again, after the server was away."""
        self.connection.close()
        self.connection = postgres.reconnect(self.settings.postgres_dsn)

    def empty(self) -> None:
        """Make the database empty again; the topics stay."""
        self.connection.close()
        with psycopg.connect(self.settings.postgres_dsn, dbname="postgres", autocommit=True) as c:
            c.execute("DROP DATABASE sijill WITH (FORCE)")
            c.execute("CREATE DATABASE sijill")
        postgres.migrate(self.settings.postgres_dsn)
        self.connection = postgres.connect(self.settings.postgres_dsn)

    def refuse_all(self, under: str) -> None:
        """Make the database what it would be had an older schema lock refused every record.

        The records are taken from the log as they are and put into quarantine; everything that
        followed from them is taken away.
        """
        reader = kafka.reader(self.settings)
        topics_read = ("sijill.molsa.enrollment.v1", "sijill.pensions.enrollment.v1")
        reader.assign([TopicPartition(t, p, 0) for t in topics_read for p in range(4)])
        rows = [m for m in reader.consume(100, 3.0) if m.error() is None]
        reader.close()
        derived = "record identifier cluster person household household_cluster alert notice"
        for table in (*derived.split(), "alert_version"):
            self.connection.execute(f"TRUNCATE {table}".encode())
        self.connection.execute("UPDATE hub SET schema_lock = %s", [under])
        for message in rows:
            self.connection.execute(
                'INSERT INTO quarantine (topic, partition, "offset", reason, detail, key, value, '
                "headers, append_ms, checked_under) "
                "VALUES (%s, %s, %s, 'UNKNOWN_SCHEMA', '{}', %s, %s, %s, 0, %s)",
                [message.topic(), message.partition(), message.offset(), message.key(),
                 message.value(), marshal.dumps(()), under],
            )  # fmt: skip

    def renew_topics(self) -> None:
        """Delete every topic and create them again, empty."""
        delete_topics(self.settings.kafka_bootstrap)
        topics.apply(kafka.admin(self.settings), self.book)
