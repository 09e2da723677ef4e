"""The registrar's one transaction: from a batch of records to registry, alerts and outbox.

Everything that a batch does commits together with the positions that it moves, or not at all.
Lock order, the same for every writer: positions, book and day, records, identifiers, clusters,
households, notices, alerts.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sijill.adapters.faultpoint import faultpoint
from sijill.adapters.postgres import Connection, Cursor
from sijill.adapters.refusal import Refusal
from sijill.adapters.registry import (
    alerts,
    clusters,
    decisions,
    feed,
    fold,
    households,
    outlet,
    persons,
    positions,
    quarantine,
    records,
)
from sijill.adapters.registry.folded import write as write_folded
from sijill.adapters.registry.positions import Place
from sijill.domain.event import Event
from sijill.domain.rulebook import Book


class Arrival(NamedTuple):
    """One record as it came from Kafka, with the verdict of acceptance."""

    topic: str
    partition: int
    offset: int
    append_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    verdict: Event | Refusal


class Batch(NamedTuple):
    """Arrivals in order of offset per partition, and what was read of each partition.

    Reading was gapless from `starts` to before `ends`: offsets without an arrival carry no event.
    """

    arrivals: Sequence[Arrival]
    starts: dict[Place, int]
    ends: dict[Place, int]


class Outcome(NamedTuple):
    """What became of one offset: applied, duplicate, superseded or quarantined, and why."""

    arrival: Arrival
    outcome: str
    reason: str | None


class Applied(NamedTuple):
    """What a batch did, for metrics: outcomes, alerts shown, positions reached."""

    outcomes: list[Outcome]
    shown: list[alerts.Shown]
    positions: dict[Place, int]


class Keys(NamedTuple):
    """The hub's secrets that the transaction needs, and the rulebook in force."""

    hub_key: bytes
    book: Book
    book_seq: int


def apply(connection: Connection, batch: Batch, keys: Keys) -> Applied:
    """Apply a batch in one transaction.

    Raises:
        BookChanged: another rulebook was activated meanwhile; load it and try again.
        PositionBehind: the database lost what it had acknowledged; read from the positions again.
        clusters.Unsettled: other registrars kept moving the same persons.
        psycopg.Error: the transaction was rolled back; `postgres.RETRIED` says when to retry.

    """
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        standing = positions.lock(cursor, sorted(batch.ends))
        if any(standing[p].next_offset < start for p, start in batch.starts.items()):
            raise PositionBehind
        fresh = [
            a for a in batch.arrivals if a.offset >= standing[a.topic, a.partition].next_offset
        ]
        context = context_of(cursor, keys)
        outcomes, changes = _classify(cursor, fresh)
        shown, out = settle(cursor, context, keys, changes=changes, work=Work())
        faultpoint("batch.written")
        caused_at = max((a.append_ms for a in fresh), default=0)
        quarantine.write(cursor, outcomes)
        feed.write(cursor, fresh)
        advances = _advances(outcomes, batch.ends, standing)
        positions.advance(cursor, advances)
        outlet.write(
            cursor,
            [
                *outlet.alert_rows(context, shown, caused_at=caused_at),
                *out,
                *quarantine.rejected(outcomes),
                *_receipts(outcomes, advances, standing),
            ],
        )
        faultpoint("batch.committing")
    return Applied(outcomes, shown, {place: step.next_offset for place, step in advances.items()})


class Work(NamedTuple):
    """What has to be evaluated again although no record in it changed."""

    clusters: frozenset[int] = frozenset()
    households: frozenset[bytes] = frozenset()
    alerts: frozenset[bytes] = frozenset()


def settle(
    cursor: Cursor,
    context: alerts.Context,
    keys: Keys,
    *,
    changes: dict[bytes, records.Change],
    work: Work,
) -> tuple[list[alerts.Shown], list[outlet.Row]]:
    """Fold the changes, evaluate the rules and write what follows; return what leaves the hub."""
    decided = [c.event for c in changes.values() if c.stream == "decision" and c.event]
    personal = {k: c for k, c in changes.items() if c.stream != "decision"}
    opened = clusters.open_clusters(cursor, personal, work.clusters)
    faultpoint("batch.locked")
    folded = fold.fold(cursor, opened, context)
    records.write(cursor, changes, folded.placed, moved=folded.moved)
    write_folded(cursor, folded, keys.book_seq)
    seen = households.evaluate(cursor, context, folded, due=work.households, book_seq=keys.book_seq)
    answered = decisions.write(cursor, decided)
    shown = alerts.settle(
        cursor, context,
        found=folded.found | seen.found,
        lost=alerts.Lost(folded.lost, seen.lost),
        answered=answered,
        due=set(work.alerts),
    )  # fmt: skip
    rows = persons.rows(context.hub_key, folded.persons, folded.gone, revision=folded.revision)
    return shown, rows


class PositionBehind(Exception):
    """A stored position lies before what this process began to read."""


class BookChanged(Exception):
    """The rulebook in force is not the one that this process has loaded."""


def context_of(cursor: Cursor, keys: Keys) -> alerts.Context:
    """Read book and day under a lock that keeps an activation away until the commit."""
    cursor.execute("SELECT as_of, book_seq FROM hub FOR SHARE")
    row = cursor.fetchone()
    if row is None or row[1] != keys.book_seq:
        raise BookChanged
    return alerts.Context(keys.hub_key, keys.book, *row)


def _classify(
    cursor: Cursor, fresh: list[Arrival]
) -> tuple[list[Outcome], dict[bytes, records.Change]]:
    """Return what each record is to the registry, and what the accepted ones change."""
    events = [a.verdict for a in fresh if isinstance(a.verdict, Event)]
    known = records.lock(cursor, {event.record for event in events})
    verdicts, changes = records.classify(events, known)
    told = iter(verdicts)
    outcomes = []
    for arrival in fresh:
        if isinstance(arrival.verdict, Refusal):
            outcomes.append(Outcome(arrival, "quarantined", arrival.verdict.reason))
            continue
        outcome = next(told)
        if outcome == records.DISPUTED:
            outcomes.append(Outcome(arrival, "quarantined", outcome))
        else:
            outcomes.append(Outcome(arrival, outcome, None))
    return outcomes, changes


def _advances(
    outcomes: list[Outcome], ends: dict[Place, int], standing: dict[Place, positions.Position]
) -> dict[Place, positions.Advance]:
    """Count each partition's outcomes; offsets that carried no event are void."""
    counts = {place: dict.fromkeys(_OUTCOMES, 0) for place in ends}
    last: dict[Place, Arrival] = {}
    for arrival, outcome, _ in outcomes:
        place = (arrival.topic, arrival.partition)
        counts[place][outcome] += 1
        last[place] = arrival
    advances = {}
    for place, count in counts.items():
        end = max(ends[place], standing[place].next_offset)
        void = end - standing[place].next_offset - sum(count.values())
        if end > standing[place].next_offset:
            seen = last.get(place)
            advances[place] = positions.Advance(
                end,
                seen.offset if seen else None,
                positions.record_hash(seen.key, seen.value) if seen else None,
                **count, void=void,
            )  # fmt: skip
    return advances


_OUTCOMES = ("applied", "duplicate", "superseded", "quarantined")


def _receipts(
    outcomes: list[Outcome],
    advances: dict[Place, positions.Advance],
    standing: dict[Place, positions.Position],
) -> list[outlet.Row]:
    """Return one receipt per partition of a ministry: runs of what was not applied."""
    by_place: dict[Place, list[Outcome]] = {place: [] for place in advances}
    for outcome in outcomes:
        by_place[outcome.arrival.topic, outcome.arrival.partition].append(outcome)
    rows = []
    for place, told in sorted(by_place.items()):
        ministry = place[0].split(".")[1]
        if ministry == "hub":
            continue
        start, end = standing[place].next_offset, advances[place].next_offset
        runs = _runs(told, start, end)
        rows += outlet.receipt_rows(
            ministry, *place, first_offset=start, next_offset=end, runs=runs
        )
    return rows


def _runs(told: list[Outcome], start: int, end: int) -> list[outlet.Run]:
    """Return the runs of equal outcome among the offsets, applied ones left out."""
    runs: list[outlet.Run] = []

    def add(first: int, last: int, outcome: str, reason: str | None) -> None:
        before = runs[-1] if runs else None
        same = before and (before.last_offset + 1, *before[2:]) == (first, outcome, reason)
        if before and same:
            runs[-1] = before._replace(last_offset=last)
        else:
            runs.append(outlet.Run(first, last, outcome, reason))

    expected = start
    for arrival, outcome, reason in told:
        if arrival.offset > expected:
            add(expected, arrival.offset - 1, "void", None)
        if outcome != records.APPLIED:
            add(arrival.offset, arrival.offset, outcome, reason)
        expected = arrival.offset + 1
    if end > expected:
        add(expected, end - 1, "void", None)
    return runs
