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
from sijill.adapters.refusal import Refusal
from sijill.adapters.registry import batch, bisection, due, gauges, hub, reoffer, set_aside
from sijill.adapters.source import Fetched, Source, headers_of
from sijill.domain import rulebook
from sijill.domain.event import Event
from sijill.settings import Settings

RECORDS_MAX = 10_000
"""The most records of one batch; without a backlog a batch holds what has come in WAIT_S."""

WAIT_S = 0.05
EXHAUSTED_WAIT_S = 1.0
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

    def __init__(
        self,
        settings: Settings,
        *,
        acceptor: Acceptor | None = None,
        records_max: int = RECORDS_MAX,
    ) -> None:
        """Start where the database stands; another acceptor decides what is an event."""
        self._settings = settings
        self._records_max = records_max
        self._astray = False
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
            self._acceptor = acceptor or Acceptor(settings.registry_key)
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
            if self._astray:
                self._read_again()
            return self._turn()
        except psycopg.Error as error:
            if self._connection.closed:
                self._reconnect()
            elif postgres.is_exhausted(error):
                self._back_off(error)
            else:
                raise
        except bisection.Contended:
            LOG.warning("other registrars were always first")
        self._astray = True
        return True

    def _turn(self) -> bool:
        self._operations.step(self._connection)
        fetched = self._source.fetch(self._records_max, WAIT_S)
        if fetched.ends:
            faultpoint("registrar.fetched")
            self._apply(fetched)
        self._move_day()
        self._show()
        behind = len(fetched.messages) >= self._records_max // 4
        if behind and time.monotonic() - self._due_done < DUE_EVERY_S:
            return True
        return self._due() or bool(fetched.ends)

    def close(self) -> None:
        """Leave the group and close the connections; nothing is left half done."""
        self._open.close()

    def _apply(self, fetched: Fetched) -> None:
        """Apply what was fetched, in halves if it must be, from the positions after a loss."""
        started = time.monotonic()
        arrivals = [self._arrival(message) for message in fetched.messages]
        decoded = time.monotonic()
        metrics.observe("stage_seconds", decoded - started, stage="accept")
        whole = batch.Batch(arrivals, fetched.starts, fetched.ends)
        if broken := set_aside.refused(whole):
            set_aside.check_flood(self._connection, broken)
        try:
            for applied in bisection.in_parts(
                whole, self._applied, halve=set_aside.halves, set_aside=self._without
            ):
                metrics.observe("stage_seconds", time.monotonic() - decoded, stage="apply")
                self._count(applied)
                decoded = time.monotonic()
        except batch.PositionBehind:
            self._astray = True

    def _applied(self, part: batch.Batch) -> batch.Applied:
        applied = self._tried(lambda: batch.apply(self._connection, part, self._keys))
        if dropped := len(part.arrivals) - len(applied.outcomes):
            # Another registrar has these partitions, and applied the records before us.
            LOG.warning("records below the position are dropped", extra={"records": dropped})
        faultpoint("registrar.committed")
        return applied

    def _without(self, part: batch.Batch, error: Exception) -> batch.Applied:
        """Apply a batch of one record as if that had been refused, unless there is a flood."""
        rest = set_aside.without(part, error)
        set_aside.check_flood(self._connection, set_aside.refused(rest))
        return self._applied(rest)

    def _count(self, applied: batch.Applied) -> None:
        """Tell Kafka, and the metrics, what was committed."""
        self._source.applied(applied.positions)
        gauges.count(applied.outcomes, applied.shown)

    def _tried(self, attempt: Callable[[], T]) -> T:
        """Return the attempt's result, under the book in force, in spite of conflicts.

        Raises:
            bisection.Contended: there were too many conflicts.

        """
        while True:
            try:
                return bisection.persist(self._connection, attempt)
            except batch.BookChanged:
                self._keys = self._read_keys()

    def _arrival(self, message: Message) -> batch.Arrival:
        topic, key, value = str(message.topic()), message.key(), message.value()
        place = (topic, int(message.partition() or 0), int(message.offset() or 0))
        headers = headers_of(message)
        verdict: Event | Refusal
        try:
            verdict = self._acceptor.accept(topic, key, value, headers)
        except Exception as error:  # noqa: BLE001 - raised again unless the record is to blame
            verdict = set_aside.broken(place, error)
        return batch.Arrival(*place, message.timestamp()[1], key, value, headers, verdict)

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
        """Open a new connection, with patience."""
        LOG.warning("database connection lost")
        metrics.add("failures_total", kind="database")
        self._disconnect()
        self._connection = postgres.reconnect(self._settings.postgres_dsn)

    def _back_off(self, error: psycopg.Error) -> None:
        """Wait for what the database lacks, such as room on its disk: no record is to blame."""
        LOG.warning("database exhausted", extra={"sqlstate": error.sqlstate})
        metrics.add("failures_total", kind="exhausted")
        time.sleep(EXHAUSTED_WAIT_S)

    def _read_again(self) -> None:
        """Read from the stored positions: what was fetched since may not have been applied."""
        self._operations.rewind(self._connection)
        self._source.rewind()
        self._astray = False
