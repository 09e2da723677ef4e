"""The registrar: from the ministries' events to the registry, its alerts and the outbox.

In: sijill.<ministry>.{enrollment,payment,household,vital,income,decision}.v1,
    sijill.hub.decision.v1 and sijill.hub.operation.v1.
Out: rows of `outbox`, which the relay publishes.
State: PostgreSQL, the only commit point; nothing that matters outlives a batch in this process.
Guarantee: every offset has exactly one outcome, counted once; registry, alerts, outbox and
    position commit together or not at all.
"""

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

import psycopg
from confluent_kafka import Message

from sijill import topics
from sijill.adapters import clock, metrics, operations, postgres
from sijill.adapters.acceptance import Acceptor
from sijill.adapters.faultpoint import faultpoint
from sijill.adapters.halt import HaltError
from sijill.adapters.registry import batch, clusters, due, gauges, hub, reoffer
from sijill.adapters.source import Fetched, Source, headers_of, record_hash
from sijill.domain import rulebook
from sijill.settings import Settings

RECORDS_MAX = 5_000
WAIT_S = 0.05
TRIES_MAX = 20
BACK_OFF_S = 0.05
DAY_EVERY_S = 5.0
DUE_EVERY_S = 1.0
"""Under a backlog a portion of what is due is done this often: it must not wait for ever."""

GAUGES_EVERY_S = 2.0

LOG = logging.getLogger("sijill.registrar")
T = TypeVar("T")


class BookBlockedError(HaltError):
    """The book of the first start holds doubts that nobody has accepted."""


class Registrar:
    """One turn is one batch: fetch, accept, apply; when there is no backlog, what is due."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._gauged = self._day_checked = self._due_done = 0.0
        postgres.migrate(settings.postgres_dsn)
        with ExitStack() as open_now:
            self._connection = postgres.connect(settings.postgres_dsn)
            open_now.callback(self._disconnect)
            country = rulebook.load(settings.country)
            hub.bind(self._connection, settings, today=clock.today(country.time_zone))
            self._operations = operations.Operations(settings, self._connection)
            open_now.callback(self._operations.close)
            self._keys = self._activated(settings)
            self._acceptor = Acceptor(settings.registry_key)
            reoffer.reoffer(self._connection, self._acceptor, self._keys)
            names = topics.source_topics(self._keys.book)
            self._source = Source(settings, names, lambda: self._connection)
            open_now.callback(self._source.close)
            self._open = open_now.pop_all()

    @property
    def assigned(self) -> bool:
        """Whether the group has given this process its share of the partitions."""
        return bool(self._source.places)

    def lag(self) -> dict[tuple[str, int], int]:
        """Return how many offsets of each partition of ours are not read yet, as last heard."""
        return self._source.lag()

    def step(self) -> bool:
        """Apply one batch, or a portion of what is due; False when there was neither."""
        try:
            return self._turn()
        except psycopg.Error:
            if not self._connection.closed:
                raise
            self._reconnect()
            return True

    def _turn(self) -> bool:
        self._operations.step(self._connection)
        fetched = self._source.fetch(RECORDS_MAX, WAIT_S)
        if fetched.ends:
            faultpoint("registrar.fetched")
            self._apply(fetched)
        self._move_day()
        self._show()
        behind = len(fetched.messages) >= RECORDS_MAX // 4
        if behind and time.monotonic() - self._due_done < DUE_EVERY_S:
            return True
        return self._due() or bool(fetched.ends)

    def close(self) -> None:
        """Leave the group and close the connections; nothing is left half done."""
        self._open.close()

    def _apply(self, fetched: Fetched) -> None:
        """Apply what was fetched, again after a conflict, from the positions after a loss."""
        started = time.monotonic()
        arrivals = [self._arrival(message) for message in fetched.messages]
        decoded = time.monotonic()
        metrics.observe("stage_seconds", decoded - started, stage="accept")
        work = batch.Batch(arrivals, fetched.starts, fetched.ends)
        applied = self._tried(lambda: batch.apply(self._connection, work, self._keys))
        if applied is None:
            return
        metrics.observe("stage_seconds", time.monotonic() - decoded, stage="apply")
        if dropped := len(arrivals) - len(applied.outcomes):
            # Another registrar has these partitions, and applied the records before us.
            LOG.warning("records below the position are dropped", extra={"records": dropped})
        faultpoint("registrar.committed")
        self._source.applied(applied.positions)
        gauges.count(applied.outcomes, applied.shown)

    def _tried(self, attempt: Callable[[], T]) -> T | None:
        """Return the attempt's result; None when reading has to start from the positions again."""
        for number in range(TRIES_MAX):
            try:
                return attempt()
            except batch.BookChanged:
                self._keys = self._read_keys()
            except batch.PositionBehind:
                self._source.rewind()
                return None
            except clusters.Unsettled:
                metrics.add("transaction_retries_total", sqlstate="unsettled")
            except psycopg.Error as error:
                if error.sqlstate not in postgres.RETRIED or self._connection.closed:
                    raise
                metrics.add("transaction_retries_total", sqlstate=error.sqlstate or "")
            time.sleep(BACK_OFF_S * (number + 1))
        raise RuntimeError("a batch was tried too often")

    def _arrival(self, message: Message) -> batch.Arrival:
        topic, key, value = str(message.topic()), message.key(), message.value()
        headers = headers_of(message)
        return batch.Arrival(
            topic, int(message.partition() or 0), int(message.offset() or 0),
            message.timestamp()[1], key, value, headers, record_hash(key, value),
            self._acceptor.accept(topic, key, value, headers),
        )  # fmt: skip

    def _due(self) -> bool:
        """Evaluate a portion of what is due; the day and the book are the database's."""
        # A look without locks first: an idle hub writes nothing.
        shown = None
        if any(due.work(self._connection, *hub.look(self._connection))):
            shown = self._tried(lambda: due.settle_due(self._connection, self._keys))
        gauges.count((), shown or ())
        self._due_done = time.monotonic()
        return shown is not None

    def _move_day(self) -> None:
        """Move the hub's day at midnight of the book's time zone, unless settings fix it."""
        now = time.monotonic()
        if self._settings.as_of is None and now - self._day_checked > DAY_EVERY_S:
            hub.move_day(self._connection, clock.today(self._keys.book.time_zone))
            self._day_checked = now

    def _show(self) -> None:
        """Show the accounts of our partitions, as the database has them."""
        now = time.monotonic()
        if now - self._gauged > GAUGES_EVERY_S:
            gauges.show(self._connection, self._source.places)
            for (topic, partition), lag in self.lag().items():
                labels = {"topic": topic, "partition": str(partition)}
                metrics.put("consumer_lag_records", lag, **labels)
            self._gauged = now

    def _activated(self, settings: Settings) -> batch.Keys:
        """Read the operations to their end; the first start of all activates its own book."""
        self._operations.read_to_end(self._connection)
        if hub.read(self._connection).book is None:
            files = rulebook.read(settings.country)
            if doubts := rulebook.parse(files).blockers():
                raise BookBlockedError(f"the book must not be put in force: {'; '.join(doubts)}")
            value = operations.activation(files, seq=operations.FIRST_SEQ, operator="first start")
            operations.publish(settings, value)
            while hub.read(self._connection).book is None:
                self._operations.read_to_end(self._connection)
        return self._read_keys()

    def _read_keys(self) -> batch.Keys:
        state = hub.read(self._connection)
        assert state.book is not None
        assert state.book_seq is not None
        return batch.Keys(self._settings.hub_key, state.book, state.book_seq)

    def _disconnect(self) -> None:
        self._connection.close()

    def _reconnect(self) -> None:
        """Open a new connection, with patience, and read from the stored positions again."""
        LOG.warning("database connection lost")
        metrics.add("failures_total", kind="database")
        self._disconnect()
        self._connection = postgres.reconnect(self._settings.postgres_dsn)
        self._operations.rewind(self._connection)
        self._source.rewind()
