"""Records that break the program for their own sake: kept in quarantine, few, and offered again.

A record that nobody can process is no reason to hold up the others, and none to lose it: it is
quarantined byte for byte as UNPROCESSABLE, and every start of a registrar offers it again. But
when such records come in a flood, the code or the database is at fault and not they, so the
registrar halts before it puts a whole ministry aside.
"""

import logging
from collections.abc import Iterable, Sequence

import psycopg

from sijill.adapters.halt import HaltError, where
from sijill.adapters.postgres import Connection
from sijill.adapters.refusal import UNPROCESSABLE, Refusal
from sijill.adapters.registry import positions
from sijill.adapters.registry.batch import Arrival, Batch
from sijill.adapters.registry.bisection import Contended, blames_record
from sijill.adapters.registry.positions import Place

FLOOD_MAX = 10
"""The most records that may lie set aside out of the last `FLOOD_WITHIN`."""

FLOOD_WITHIN = 10_000
"""How many offsets, over all partitions, one record that is set aside counts towards a flood."""

LOG = logging.getLogger("sijill.registrar")

Offset = tuple[str, int, int]
"""A record's place: topic, partition, offset."""


class FloodError(HaltError):
    """Too many records break the program: the code or the database is at fault, not they."""


def broken(record: Offset, error: Exception) -> Refusal:
    """Return the refusal of a record on which acceptance failed; raise what no record causes."""
    if not blames_record(error):
        raise error
    tell(record, error)
    return Refusal(UNPROCESSABLE)


def halves(batch: Batch) -> Sequence[Batch]:
    """Return two batches that say what one said, in order; none when it holds one record or less.

    A partition's range is cut at its first record of the second half. Offsets that carry no event
    go with the record before them.
    """
    if len(batch.arrivals) < 2:
        return ()
    middle = len(batch.arrivals) // 2
    first, second = batch.arrivals[:middle], batch.arrivals[middle:]
    cuts = dict(batch.ends)
    for arrival in reversed(second):
        cuts[arrival.topic, arrival.partition] = arrival.offset
    return (
        _part(first, batch.starts, cuts),
        _part(second, {place: cuts[place] for place in batch.ends}, batch.ends),
    )


def _part(arrivals: Sequence[Arrival], starts: dict[Place, int], ends: dict[Place, int]) -> Batch:
    """Return a batch of the partitions of which something lies between start and end."""
    places = [place for place in ends if ends[place] > starts[place]]
    return Batch(arrivals, {p: starts[p] for p in places}, {p: ends[p] for p in places})


def without(batch: Batch, error: Exception) -> Batch:
    """Return the batch of one record with that record refused; without any, raise the error."""
    if not batch.arrivals:
        raise error
    (arrival,) = batch.arrivals
    tell((arrival.topic, arrival.partition, arrival.offset), error)
    return batch._replace(arrivals=[arrival._replace(verdict=Refusal(UNPROCESSABLE))])


def refused(batch: Batch) -> list[Offset]:
    """Return the records of a batch that are to be set aside."""
    return [
        (a.topic, a.partition, a.offset)
        for a in batch.arrivals
        if isinstance(a.verdict, Refusal) and a.verdict.reason == UNPROCESSABLE
    ]


def check_flood(connection: Connection, more: Iterable[Offset]) -> None:
    """Raise if these records, with those already set aside, were a flood.

    Raises:
        FloodError: nothing more must be set aside before a person has looked.

    """
    with connection.cursor() as cursor:
        since = positions.accounted(cursor) - FLOOD_WITHIN
    rows = connection.execute(
        'SELECT topic, partition, "offset", accounted > %s FROM quarantine '
        "WHERE reason = %s AND status = 'open'",
        [since, UNPROCESSABLE],
    ).fetchall()
    new = set(more) - {(topic, partition, offset) for topic, partition, offset, _ in rows}
    found = sum(lately for *_, lately in rows) + len(new)
    if new and found > FLOOD_MAX:
        raise FloodError(
            f"{found} of the last {FLOOD_WITHIN} records cannot be processed: look for the "
            "fault in the program or the database; the log names the errors"
        )


def tell(record: Offset, error: Exception) -> None:
    """Log which record broke the program, and where; the error's text may quote it and is not."""
    sqlstate = error.sqlstate if isinstance(error, psycopg.Error | Contended) else None
    LOG.error(
        "a record cannot be processed",
        extra={
            **dict(zip(("topic", "partition", "offset"), record, strict=True)),
            "error": type(error).__name__, "sqlstate": sqlstate, "where": where(error),
        },
    )  # fmt: skip
