"""The relay: from the outbox in PostgreSQL to the output topics in Kafka.

In: rows of `outbox`, as registrars commit them.
Out: alert, notice, advice, referral, receipt, rejected and person topics.
State: the tables of migration 0002, and the topic sijill.relay.progress.v1.
Guarantee: readers of committed records see each row once, and for each key its versions from 1,
    gapless and in order; nothing is published that a crash of the database could undo. A database
    that was rebuilt or restored takes the topics over by `sijill/adapters/recovery.py`.
"""

import logging
import time

import psycopg
from confluent_kafka import KafkaException

from sijill.adapters import metrics
from sijill.adapters.faultpoint import faultpoint
from sijill.adapters.halt import HaltError
from sijill.adapters.recovery import Recovery
from sijill.adapters.relay_log import OutcomeUnknownError, Progress, RelayLog
from sijill.adapters.relay_store import Numbered, RelayStore, Standing
from sijill.settings import Settings

BATCH_ROWS = 10_000
IDLE_WAIT_S = 0.5
DOUBT_WAIT_S = 1.0
SHOWN_EVERY_S = 1.0

LOG = logging.getLogger("sijill.relay")


class ForeignKeysError(HaltError):
    """The topics were written under other keys than this database's."""


class ProgressLostError(HaltError):
    """The database has published more than the progress topic tells."""


class Relay:
    """One turn is one batch: number it, publish it, record it."""

    def __init__(self, settings: Settings) -> None:
        self._store = RelayStore(settings.postgres_dsn)
        self._log = RelayLog(settings)
        self._standing: Standing | None = None
        self._left_over: list[Numbered] = []
        self._settings = settings
        self._recovery: Recovery | None = None
        self._shown = 0.0

    def step(self) -> bool:
        """Publish one batch under the lease; False when there was nothing to do for us."""
        try:
            with self._store.lease() as ours:
                metrics.put("relay_leader", ours)
                self._show_backlog()
                if not ours:
                    self._stop_recovery()
                if ours and self._reign() and self._cycle():
                    return True
            self._store.wait(IDLE_WAIT_S)
        except OutcomeUnknownError as doubt:
            self._doubt("outcome_unknown", str(doubt))
        except KafkaException as error:
            self._doubt("kafka", str(error.args[0].name()))
        except psycopg.Error as error:
            # A session that the server ended may say so by any class of error, such as 25P03.
            if not (self._lost() or isinstance(error, psycopg.OperationalError)):
                raise
            self._doubt("database", error.sqlstate or "connection lost")
            self._store.reconnect()
        return False

    def close(self) -> None:
        """Give the lease back, so that a successor starts at once."""
        self._stop_recovery()
        self._log.close()
        self._store.close()

    def _reign(self) -> bool:
        """Take over where nobody or another relay reigned; False while the hub has no identity."""
        if self._standing is not None and self._store.reigns and self._log.is_open:
            return True
        self._stop_recovery()
        self._standing = self._store.take_over()
        if self._standing is None:
            return False
        faultpoint("relay.reigning")
        progress = self._log.open()
        if foreign(self._standing, progress):
            self._recovery = Recovery(self._settings, self._store.epoch)
            return True
        self._store.record(progress.number if progress else 0)
        self._left_over = self._store.unrecorded()
        LOG.info("took over", extra={"number": self._standing.highest})
        return True

    def _recover(self, recovery: Recovery) -> bool:
        """Do a piece of the recovery; at its end say on the topics that they are ours."""
        worked = recovery.step()
        if recovery.done:
            self._stop_recovery()
            self._standing = self._store.take_over()
            assert self._standing is not None
            self._log.publish([], _progress(self._standing, self._standing.highest))
            self._left_over = []
        return worked

    def _stop_recovery(self) -> None:
        if self._recovery is not None:
            self._recovery.close()
            self._recovery = None

    def _lost(self) -> bool:
        return self._store.lost or (self._recovery is not None and self._recovery.lost)

    def _cycle(self) -> bool:
        assert self._standing is not None
        if self._recovery is not None:
            return self._recover(self._recovery)
        started = time.monotonic()
        rows = self._left_over or self._store.number(BATCH_ROWS)
        if not rows:
            return False
        faultpoint("relay.numbered")
        self._store.hold()
        numbered = time.monotonic()
        last = rows[-1].number
        self._log.publish(rows, _progress(self._standing, last))
        faultpoint("relay.published")
        published = time.monotonic()
        self._store.record(last)
        self._left_over = []
        faultpoint("relay.recorded")
        metrics.observe("relay_stage_seconds", numbered - started, stage="number")
        metrics.observe("relay_stage_seconds", published - numbered, stage="publish")
        metrics.observe("relay_stage_seconds", time.monotonic() - published, stage="record")
        metrics.put("relay_number", last)
        return True

    def _show_backlog(self) -> None:
        now = time.monotonic()
        if now - self._shown > SHOWN_EVERY_S:
            self._shown = now
            pending, oldest_s = self._store.backlog()
            metrics.put("outbox_pending", pending)
            metrics.put("outbox_oldest_seconds", oldest_s)

    def _doubt(self, kind: str, reason: str) -> None:
        """Trust nothing that was known: the next turn takes over anew."""
        LOG.warning("starting again from what is written", extra={"kind": kind, "reason": reason})
        metrics.add("failures_total", kind=kind)
        self._standing = None
        self._stop_recovery()
        time.sleep(DOUBT_WAIT_S)


def foreign(standing: Standing, progress: Progress | None) -> bool:
    """Whether the topics were written from another database, or a later state of this one.

    Raises the named error that forbids this database ever to publish to these topics.
    """
    if progress is None:
        if standing.published:
            raise ProgressLostError("the progress topic is empty, yet records were published")
        return False
    keys = (standing.hub_fingerprint, standing.registry_fingerprint)
    if keys != (progress.hub_fingerprint, progress.registry_fingerprint):
        raise ForeignKeysError("the output topics were written under other keys")
    if standing.generation != progress.generation or progress.number > standing.highest:
        return True
    if progress.number < standing.published:
        raise ProgressLostError("the progress topic holds less than was published")
    return False


def _progress(standing: Standing, number: int) -> Progress:
    return Progress(
        standing.generation, number, standing.hub_fingerprint, standing.registry_fingerprint
    )
