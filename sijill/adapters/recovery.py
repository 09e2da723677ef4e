"""The relay's recovery: a database that is not the one which wrote the output topics takes over.

It may have been rebuilt from the source topics, or restored from an older backup. It publishes
nothing until it has caught up; then one transaction makes what is published its own, in the words
of the topics, and lets the outbox hold nothing but what differs. What the outbox held before is
discarded: it tells of a way on which readers are already further, or went another way.

A relay that dies on the way leaves nothing behind: the next one begins again.
"""

import logging
import secrets
import time
from collections.abc import Generator, Iterator
from contextlib import closing

from sijill import topics
from sijill.adapters import differences, kafka, metrics, outbox_left
from sijill.adapters.differences import Compared
from sijill.adapters.faultpoint import faultpoint
from sijill.adapters.outputs import Outputs
from sijill.adapters.postgres import Connection, Cursor, connect, copy_rows
from sijill.adapters.registry import alerts, due, hub
from sijill.adapters.registry.positions import Place
from sijill.adapters.relay_store import PAUSE_S, FencedError
from sijill.settings import Settings

PUBLISHED_AT_ONCE = 20_000
LOOKED_EVERY_S = 1.0
SAID_EVERY_S = 10.0

_COLUMNS = {"topic": "text", "key": "bytea", "version": "int8", "content": "bytea"}

LOG = logging.getLogger("sijill.relay")


class Recovery:
    """One relay's attempt under one epoch; `step` until it is `done`, else `close` it."""

    def __init__(self, settings: Settings, epoch: int) -> None:
        """Remember how far the source topics go now: so far the database must have come."""
        self._settings = settings
        self._epoch = epoch
        self._said = 0.0
        self._connection = connect(settings.postgres_dsn)
        self._connection.execute(f"SET idle_in_transaction_session_timeout = '{PAUSE_S}s'")
        self._ends = _source_ends(settings)
        self._steps = self._recover()
        self.done = False
        LOG.warning("the output topics are another generation's: recovering from them")

    def step(self) -> bool:
        """Do one bounded piece of it; False when there is nothing to do but wait.

        Raises:
            hub.WrongKeyError: the differences would bear ids that the topics do not know.
            outputs.ForeignRecordError: something else has written to an output topic.
            FencedError: another relay has taken over.
            psycopg.Error, KafkaException: begin again.

        """
        try:
            return next(self._steps)
        except StopIteration:
            self.done = True
            return True

    @property
    def lost(self) -> bool:
        """Whether its connection is closed, by whomever."""
        return self._connection.closed

    def close(self) -> None:
        """Undo what is not committed."""
        self._steps.close()
        self._connection.close()
        _show("none")

    def _recover(self) -> Generator[bool, None, None]:
        faultpoint("recovery.waiting")
        yield from self._wait()
        _check_key(self._connection, self._settings)
        outputs = Outputs()
        yield from self._fold(outputs)
        faultpoint("recovery.folded")
        while not (yield from self._adopt(outputs)):
            yield from self._wait()
        faultpoint("recovery.adopted")
        _show("none")
        LOG.info("recovered: what differs goes out under a new generation")

    def _wait(self) -> Iterator[bool]:
        """Let the registrars catch up with the ends, and with what is due or stale."""
        _show("wait")
        looked = 0.0
        while True:
            now = time.monotonic()
            if now - looked > LOOKED_EVERY_S:
                looked = now
                left = self._behind()
                metrics.put("relay_recovery_offsets", left)
                if not left and settled(self._connection):
                    return
                reason = "source offsets to apply" if left else "work that is due or stale"
                self._say("recovery waits", left, reason=reason)
            yield False

    def _behind(self) -> int:
        """Return how many offsets of the book's topics are not applied; at least 1 with no book."""
        book = hub.read(self._connection).book
        if book is None:
            return max(1, sum(self._ends.values()))
        wanted = {*topics.source_topics(book), topics.name("operation")}
        rows = self._connection.execute("SELECT topic, partition, next_offset FROM position")
        reached = {(topic, part): offset for topic, part, offset in rows}
        ends = {place: end for place, end in self._ends.items() if place[0] in wanted}
        return sum(max(0, end - reached.get(place, 0)) for place, end in ends.items())

    def _fold(self, outputs: Outputs) -> Iterator[bool]:
        _show("fold")
        folded = 0
        with closing(outputs.fold(self._settings)) as portions:
            for count in portions:
                folded += count
                metrics.add("relay_recovery_records_total", count)
                self._say("recovery folds the output topics", folded)
                yield True
        LOG.info("output topics are folded", extra={"records": folded})

    def _adopt(self, outputs: Outputs) -> Generator[bool, None, bool]:
        """Do the one transaction; returns False when something came due before it began."""
        _show("compare")
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SET LOCAL synchronous_commit = on")
            cursor.execute("SET LOCAL transaction_timeout = 0")
            if not settled(self._connection):
                return False
            compared = Compared(self._connection, self._context(), outputs)
            for _ in outbox_left.keep_untold(self._connection, outputs):
                yield True
            for _ in differences.write(self._settings, compared):
                self._say("recovery compares the registry with the topics", None)
                yield True
            for _ in _write_published(cursor, outputs):
                yield True
            self._take(cursor)
            faultpoint("recovery.adopting")
        return True

    def _context(self) -> alerts.Context:
        state = hub.read(self._connection)
        assert state.book is not None
        assert state.book_seq is not None
        return alerts.Context(self._settings.hub_key, state.book, state.as_of, state.book_seq)

    def _take(self, cursor: Cursor) -> None:
        """Give this database a new generation, if this relay still reigns."""
        cursor.execute(
            "UPDATE relay_progress SET published = highest WHERE epoch = %s", [self._epoch]
        )
        if not cursor.rowcount:
            raise FencedError("another relay has taken over the recovery")
        cursor.execute("UPDATE hub SET generation = %s", [secrets.token_bytes(16)])

    def _say(self, what: str, records: int | None, **more: str) -> None:
        now = time.monotonic()
        if now - self._said > SAID_EVERY_S:
            self._said = now
            LOG.info(what, extra=more | ({} if records is None else {"records": records}))


STAGES = ("wait", "fold", "compare")


def _show(stage: str) -> None:
    for each in STAGES:
        metrics.put("relay_recovery", each == stage, stage=each)


def settled(connection: Connection) -> bool:
    """Whether nothing is due, stale, or refused under other schemas than this program's."""
    if hub.bound_under(connection) != hub.accepted_under():
        return False
    return not any(due.work(connection, *hub.look(connection)))


def _check_key(connection: Connection, settings: Settings) -> None:
    row = connection.execute("SELECT hub_fingerprint FROM hub").fetchone()
    if row is None or row[0] != hub.fingerprint(settings.hub_key):
        raise hub.WrongKeyError("the relay has another hub key than this database")


def _source_ends(settings: Settings) -> dict[Place, int]:
    """Return the ends of every source topic that exists, of the operation topic too."""
    admin = kafka.admin(settings)
    known = admin.list_topics(timeout=kafka.TIMEOUT_S).topics
    names = [n for n in known if topics.origin(n) or n == topics.name("operation")]
    places = [(name, part) for name in names for part in known[name].partitions]
    return dict(kafka.end_offsets(admin, places))


def _write_published(cursor: Cursor, outputs: Outputs) -> Iterator[None]:
    """Replace what this database believed to have published by what the topics tell."""
    cursor.execute("TRUNCATE published, numbered")
    for topic in outputs.topics():
        keys = list(outputs.keys(topic))
        for start in range(0, len(keys), PUBLISHED_AT_ONCE):
            rows = []
            for key in keys[start : start + PUBLISHED_AT_ONCE]:
                told = outputs.get(topic, key)
                assert told is not None
                rows.append((topic, key, told.version, told.content))
            copy_rows(cursor, "published", _COLUMNS, rows)
            yield
