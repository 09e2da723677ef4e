"""Where the drills play: servers, a published world, and what a calm run of it ends in."""

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from sijill import topics
from sijill.adapters import kafka, operations
from sijill.adapters.ground import Ground
from sijill.adapters.registry import digest
from sijill.adapters.registry.positions import Place
from sijill.settings import PREFIX, Settings
from sijill.simulation.messages import Message
from sijill.simulation.publishing import publish
from tests.broker import delete_topics
from tests.faults import wire, world
from tests.faults.verdicts import demand
from tests.faults.wire import Wire
from tests.faults.world import ROUTING_KEY
from tests.services.story import AS_OF, Hub


class Ending(NamedTuple):
    """What a run ends in, and what every run must end in: the registry and its open alerts."""

    digest: digest.Digest
    alerts: frozenset[tuple[Any, ...]]


class Stage:
    """Servers of its own, and one world; each drill gets an empty hub on it."""

    def __init__(self, ground: Ground, folder: Path, *, seed: int, persons: int) -> None:
        """Make the world; nothing is published yet."""
        self.ground, self.folder = ground, folder
        self.seed, self.persons = seed, persons
        settings = Settings(
            kafka_bootstrap=ground.kafka_bootstrap,
            postgres_dsn=ground.postgres_dsn,
            registry_key=b"registry-key-of-the-drills-only-",
            hub_key=b"hub-key-of-the-drills-only------",
            routing_key=ROUTING_KEY,
            data_dir=folder,
            as_of=AS_OF,
        )
        delete_topics(settings.kafka_bootstrap)
        self.hub = Hub(settings)
        self.world = world.make(seed=seed, persons=persons)
        self._published: Sequence[Message] | None = None

    @property
    def settings(self) -> Settings:
        """Settings under which the hub of the drills runs."""
        return self.hub.settings

    def environment(self, *, as_of: int | None = AS_OF) -> dict[str, str]:
        """Return the environment of a service; `as_of` None lets it ask its clock."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
        chosen = {
            "kafka_bootstrap": self.settings.kafka_bootstrap,
            "postgres_dsn": self.settings.postgres_dsn,
            "registry_key": self.settings.registry_key.hex(),
            "hub_key": self.settings.hub_key.hex(),
            "routing_key": self.settings.routing_key.hex(),
            "hub_file": str(self.folder / "hub.json"),
        }
        if as_of is not None:
            chosen["as_of"] = date.fromordinal(as_of).isoformat()
        return kept | {PREFIX + name.upper(): value for name, value in chosen.items()}

    def empty(self, *, keep_sources: bool) -> None:
        """Make database and output topics empty; source topics, too, unless they are kept."""
        if keep_sources:
            names = {t.name for t in topics.all_topics(self.hub.book) if t.pattern in OUTPUT}
            delete_topics(self.settings.kafka_bootstrap, only=names)
        else:
            delete_topics(self.settings.kafka_bootstrap)
            self._published = None
        topics.apply(kafka.admin(self.settings), self.hub.book)
        self.hub.empty()

    def publish(self, messages: Sequence[Message], *, transactions: bool = True) -> int:
        """Publish messages as ministries do; return how many a transaction's abort took back."""
        transactional = world.TRANSACTIONAL if transactions else frozenset[str]()
        self._published = None
        return publish(messages, self.settings, transactional=transactional).aborted

    def publish_also(self, answers: Sequence[Message]) -> None:
        """Add answers to the world, and to the source topics that hold it already."""
        publish(answers, self.settings)
        self.world = self.world.with_answers(answers)
        self._published = self.world.messages

    def close(self) -> None:
        """Close the stage's own connection."""
        self.hub.connection.close()

    def prepare_world(self) -> None:
        """Let the source topics hold the world, once: what replays read."""
        if self._published is not self.world.messages:
            self.empty(keep_sources=False)
            self.publish(self.world.messages)
            self._published = self.world.messages
        else:
            self.empty(keep_sources=True)

    def ending(self) -> Ending:
        """Return what the registry holds now."""
        rows = self.hub.rows(
            "SELECT id, decision, months, amount FROM alert WHERE open AND verdict = 'raised'"
        )
        alerts = frozenset((i.hex(), d, tuple(months), amount) for i, d, months, amount in rows)
        return Ending(digest.digest(self.hub.connection), alerts)


OUTPUT = (*wire.PATTERNS, "progress")


def check_ending(
    stage: Stage, reader: Wire, *, expected: Ending | None, sent: int | None
) -> Ending:
    """Demand of a hub that has settled what every run must show; return what it ended in.

    `sent` is how many messages the source topics hold, aborted ones left out; None when a drill
    cannot know it.
    """
    reader.catch_up()
    wire.check_versions(reader)
    ending = stage.ending()
    demand(wire.alert_fold(reader) == ending.alerts, "alerts as read are the open alerts")
    accounts = _accounts(stage.hub)
    told = {p: account for p, account in accounts.items() if not p[0].startswith("sijill.hub.")}
    moved = {place: account for place, account in told.items() if account[1] > account[0]}
    demand(wire.receipt_accounts(reader) == moved, "receipts add up to the accounts")
    refused = stage.hub.rows(
        'SELECT topic, partition, "offset" FROM quarantine '
        "WHERE topic NOT LIKE 'sijill.hub.%' ORDER BY 1, 2, 3"
    )
    demand(wire.rejected_places(reader) == refused, "each refused record is sent back once")
    if sent is not None:
        carried = sum(sum(a[2:6]) for place, a in accounts.items() if place != operations.PLACE)
        void = {place: a[6] for place, a in accounts.items() if a[6]}
        said = f"{sent} messages were sent, {carried} have outcomes, void are {void}"
        demand(carried == sent, f"every message has one outcome: {said}")
    if expected is not None:
        demand(ending.digest == expected.digest, "the digest is that of the calm run")
        demand(ending.alerts == expected.alerts, "the open alerts are those of the calm run")
    return ending


def _accounts(hub: Hub) -> dict[Place, tuple[int, ...]]:
    """Return (first, next, five counts) of every position; each must reach its partition's end."""
    demand(not hub.behind(), "every position is at the end of its partition")
    rows = hub.rows(
        "SELECT topic, partition, first_offset, next_offset, applied, duplicate, superseded, "
        "quarantined, void FROM position"
    )
    accounts = {(row[0], row[1]): tuple(row[2:]) for row in rows}
    for place, (first, after, *counts) in accounts.items():
        demand(sum(counts) == after - first, f"{place}: every offset has one outcome")
    return accounts
