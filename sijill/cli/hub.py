"""A whole hub on this machine: servers, tables, topics, services, and the file that says where.

`sijill up` and `sijill demo` are two ways to run it.
"""

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import schemas
from sijill import settings as settings_file
from sijill import topics
from sijill.adapters import kafka, postgres
from sijill.adapters.ground import Ground, GroundError, start_ground
from sijill.adapters.ground_kafka import KafkaServer
from sijill.adapters.ground_postgres import PostgresServer
from sijill.adapters.ground_process import HOST, choose_ports
from sijill.adapters.schema_server import SchemaServer
from sijill.cli.children import Children, Say
from sijill.cli.lag import Lag
from sijill.domain import rulebook
from sijill.domain.rulebook import Book
from sijill.settings import KEY_NAMES, PREFIX, Settings

KEY_BYTES = 32


class Ports(NamedTuple):
    """Ports on the loopback address; 0 takes any. Metrics take one port for each service."""

    kafka: int
    postgres: int
    schemas: int
    metrics: int


FIXED = Ports(kafka=19092, postgres=15432, schemas=18081, metrics=19400)
"""The ports of `sijill up`. Metrics: the relay at 19400, registrar n at 19400 + n."""

ANY = Ports(0, 0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to run, and where."""

    folder: Path
    hub_file: Path
    ports: Ports
    registrars: int
    as_of: int | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    """Where settings may stand; `SIJILL_HUB_FILE` in it is the caller's to follow."""


class Hub:
    """A running hub."""

    def __init__(self, settings: Settings, ground: Ground, children: Children) -> None:
        self.settings = settings
        self.children = children
        self._servers: dict[str, KafkaServer | PostgresServer] = {}
        with suppress(GroundError):
            self._servers["Kafka"] = ground.kafka
        with suppress(GroundError):
            self._servers["PostgreSQL"] = ground.postgres

    def tend(self) -> None:
        """Keep the services running. Raises GroundError when a server of ours has ended."""
        self.children.tend()
        for name, server in self._servers.items():
            if server.pid is None:
                raise GroundError(f"{name} has ended; its log lies in {self.settings.data_dir}.")


@contextmanager
def running(plan: Plan, say: Say) -> Iterator[Hub]:
    """Start a hub and stop it at the end: services first, then the servers that are ours.

    Kafka and PostgreSQL are started unless the environment names others. Raises GroundError,
    SettingsError and the errors of Kafka and PostgreSQL clients.
    """
    with ExitStack() as stack:
        ground = stack.enter_context(
            start_ground(
                plan.folder,
                progress=say,
                kafka_bootstrap=plan.environment.get(f"{PREFIX}KAFKA_BOOTSTRAP") or None,
                postgres_dsn=plan.environment.get(f"{PREFIX}POSTGRES_DSN") or None,
                kafka_port=plan.ports.kafka,
                postgres_port=plan.ports.postgres,
            )
        )
        wishes = [plan.ports.schemas]
        wishes += [
            plan.ports.metrics and plan.ports.metrics + n for n in range(plan.registrars + 1)
        ]
        schema_port, *metrics_ports = choose_ports(wishes)
        for wish, port in zip(wishes, (schema_port, *metrics_ports), strict=True):
            if wish not in (0, port):
                say(f"Port {wish} is taken: moved to {port}")
        chosen = choose(plan, ground, schema_url=f"http://{HOST}:{schema_port}")
        book = rulebook.load(chosen.country)
        stack.enter_context(closing(SchemaServer(schema_topics(book), port=schema_port)))
        settings_file.save(chosen, plan.hub_file)
        prepare(chosen, book, say)
        children = Children(plan.folder / "log", hub_file=plan.hub_file, say=say)
        stack.callback(children.stop)
        children.serve("relay", "relay", metrics_port=metrics_ports[0])
        for number, port in enumerate(metrics_ports[1:], start=1):
            children.serve(f"registrar-{number}", "registrar", metrics_port=port)
        metrics = ", ".join(map(str, metrics_ports))
        say(f"Schemas are served on port {schema_port}, metrics on {metrics}")
        yield Hub(chosen, ground, children)


def choose(plan: Plan, ground: Ground, *, schema_url: str) -> Settings:
    """Return the settings of this hub: the environment's, then those of its last run, then new.

    Keys are made once: a database is bound to the keys that filled it.
    """
    known = json.loads(plan.hub_file.read_text("utf-8")) if plan.hub_file.exists() else {}
    fresh = {
        PREFIX + name.upper(): secrets.token_hex(KEY_BYTES)
        for name in KEY_NAMES
        if name not in known
    }
    found = settings_file.load(
        {
            **fresh,
            **{
                name: value
                for name, value in plan.environment.items()
                if name != f"{PREFIX}HUB_FILE"
            },
            f"{PREFIX}KAFKA_BOOTSTRAP": ground.kafka_bootstrap,
            f"{PREFIX}POSTGRES_DSN": ground.postgres_dsn,
            f"{PREFIX}DATA_DIR": str(plan.folder),
            f"{PREFIX}SCHEMA_URL": schema_url,
        },
        plan.hub_file,
    )
    return replace(found, as_of=plan.as_of) if plan.as_of is not None else found


def schema_topics(book: Book) -> dict[str, str]:
    """Return the schema of every topic that carries one, by the topic's name."""
    carried = {
        topic.name: topics.PATTERNS[topic.pattern].schema.format(stream=topic.stream)
        for topic in topics.all_topics(book)
    }
    return {topic: schema for topic, schema in carried.items() if schema in schemas.NAMES}


def prepare(settings: Settings, book: Book, say: Say) -> None:
    """Bring database and topics to this version; what differs in existing topics is only said."""
    for name in postgres.migrate(settings.postgres_dsn):
        say(f"Applied {name}")
    admin = kafka.admin(settings)
    for row in topics.apply(admin, book):
        say(f"{row.topic}: {row.setting} is {row.found}, wanted {row.wanted}")
    # A broker says that a topic is made before it serves all of its partitions.
    Lag(admin, (topic.name for topic in topics.all_topics(book))).ask()
