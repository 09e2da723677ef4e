"""Work that fails as a whole: tried again after a conflict, then in halves, down to one record.

Three kinds of error are told apart. A conflict passes when the work is done again. An error that
one record causes is met by bisection: the halves are done one after the other, in order, until the
record stands alone and is set aside. Every other error is not for us: what the machine lacks is
waited for, and the rest stops the process.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import psycopg

from sijill.adapters import metrics, postgres
from sijill.adapters.halt import HaltError
from sijill.adapters.postgres import Connection
from sijill.adapters.registry import batch, clusters

TRIES_MAX = 5
BACK_OFF_S = 0.05


class Contended(Exception):
    """Every try met a conflict; `sqlstate` is that of the last one."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate

    @property
    def alone(self) -> bool:
        """Whether the work stands in its own way.

        Another writer's row is seen by the next try, so one record that meets a unique violation
        every time has met itself.
        """
        return self.sqlstate == "23505"


_PASSING = (
    Contended,
    HaltError,
    batch.BookChanged,
    batch.PositionBehind,
    clusters.Unsettled,
    MemoryError,
    OSError,
)
"""What says nothing about a record: it is the loop, the machine or a person who must act."""

_NEVER_A_RECORD = (
    "080", "0A", "25", "28", "3D", "3F", "40", "42", "F0", "XX001", "XX002", *postgres.EXHAUSTED,
)  # fmt: skip
"""SQLSTATEs that no record causes: connection, privileges, tables that the program does not know,
damaged pages, and what a server lacks."""

Work = TypeVar("Work")
Done = TypeVar("Done")


def persist(connection: Connection, attempt: Callable[[], Done]) -> Done:
    """Return the attempt's result, trying again after conflicts with other writers.

    Raises:
        Contended: after `TRIES_MAX` conflicts.

    """
    sqlstate = ""
    for number in range(1, TRIES_MAX + 1):
        try:
            return attempt()
        except clusters.Unsettled:
            sqlstate = "unsettled"
        except psycopg.Error as error:
            if error.sqlstate not in postgres.RETRIED or connection.closed:
                raise
            sqlstate = error.sqlstate or ""
        metrics.add("transaction_retries_total", sqlstate=sqlstate)
        time.sleep(BACK_OFF_S * number)
    raise Contended(sqlstate)


def in_parts(
    whole: Work,
    attempt: Callable[[Work], Done],
    *,
    halve: Callable[[Work], Sequence[Work]],
    set_aside: Callable[[Work, Exception], Done],
) -> Iterator[Done]:
    """Yield what became of the work: of all at once if that can be, else part by part, in order.

    `halve` returns two parts, or none when the work is one record or less; `set_aside` does the
    work without its one record. An error that no record causes is raised, as is a conflict over
    one record; what was yielded before it is done.
    """
    waiting = [whole]
    while waiting:
        part = waiting.pop()
        try:
            done = attempt(part)
        except Exception as error:
            if not isinstance(error, Contended) and not blames_record(error):
                raise
            if halves := halve(part):
                metrics.add("failures_total", kind="halved")
                waiting.extend(reversed(halves))
                continue
            if isinstance(error, Contended) and not error.alone:
                raise
            done = set_aside(part, error)
        yield done


def blames_record(error: Exception) -> bool:
    """Say whether an error can be one record's own fault."""
    if isinstance(error, _PASSING):
        return False
    if not isinstance(error, psycopg.Error):
        return True
    if error.sqlstate is None:
        # The driver itself refused a value, or it has lost the server.
        return not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate not in postgres.RETRIED and not error.sqlstate.startswith(_NEVER_A_RECORD)
