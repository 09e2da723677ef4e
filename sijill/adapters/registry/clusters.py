"""Clusters: found through identifiers, locked in ascending order, read as compact states."""

from collections.abc import Iterator
from typing import NamedTuple, cast

from sijill.adapters.faultpoint import faultpoint
from sijill.adapters.postgres import Cursor, bigint_array, bytea_array
from sijill.adapters.registry import facts, identifiers
from sijill.adapters.registry.records import Change
from sijill.adapters.registry.state import Head, unpack_head
from sijill.domain.event import Fact
from sijill.domain.forest import Forest
from sijill.domain.regroup import Line

TRIES = 3


class Unsettled(Exception):
    """Other registrars kept moving these persons; the caller halves the batch and tries again."""


class Locked(NamedTuple):
    """A locked cluster, its facts not read."""

    state: Head
    next_change: int
    book_seq: int


class Opened(NamedTuple):
    """The locked clusters and what arrives in them.

    `leads` says where tokens lead, `saturated` which lead nowhere.
    """

    rows: dict[int, Locked]
    search: "_Search"
    leads: dict[bytes, int]
    saturated: frozenset[bytes]


class _Search(NamedTuple):
    """What one attempt looks for: the arriving facts and where they may lead."""

    changes: dict[bytes, Change]
    arriving: dict[Line, Fact]
    old: dict[bytes, list[int]]
    due: frozenset[int]
    touched: set[int]
    thaw: set[bytes]


def open_clusters(cursor: Cursor, changes: dict[bytes, Change], due: frozenset[int]) -> Opened:
    """Lock every cluster that the changes, or the ids that are `due`, can reach.

    If another cluster appears after the locks are taken, the savepoint gives them up and the
    union is locked instead.

    Raises:
        Unsettled: after `TRIES` attempts.

    """
    old = _old_clusters(cursor, changes)
    search = _Search(changes, _arriving(changes), old, due, set(due), set())
    for _ in range(TRIES):
        cursor.execute("SAVEPOINT clusters")
        opened = _attempt(cursor, search)
        if opened is not None:
            cursor.execute("RELEASE SAVEPOINT clusters")
            return opened
        cursor.execute("ROLLBACK TO SAVEPOINT clusters")
        faultpoint("clusters.retried")
    raise Unsettled


def _attempt(cursor: Cursor, search: _Search) -> Opened | None:
    tokens = {token for fact in search.arriving.values() for _, token in fact.tokens}
    leads = identifiers.read(cursor, tokens)
    unknown = tokens - leads.clusters.keys() - leads.saturated
    ours: set[bytes] = set()
    claimed: set[int] = set()
    if unknown:
        candidates = _candidates(cursor, search, leads, unknown)
        claimed = set(candidates.values()) - set(leads.clusters.values())
        ours = identifiers.claim(cursor, candidates)
        leads.clusters.update((token, candidates[token]) for token in ours)
        if len(ours) < len(unknown):
            leads = leads.joined(identifiers.read(cursor, unknown - ours))
    wanted = {*leads.clusters.values(), *search.touched}
    wanted.update(cluster for old in search.old.values() for cluster in old)
    rows = _lock(cursor, wanted)
    # What a locked cluster carries leads to it; so does what we have inserted. Only the rest may
    # have been moved before the lock was ours.
    sure = ours | {t for t, number in leads.clusters.items() if _carries(rows.get(number), t)}
    again = identifiers.read(cursor, tokens - sure)
    vanished = wanted - rows.keys() - claimed - (search.touched - set(leads.clusters.values()))
    if again != leads.of(tokens - sure) or vanished:
        search.touched.update(leads.clusters.values(), again.clusters.values())
        return None
    saturated = leads.saturated.union(*(row.state.saturated for row in rows.values()))
    thawed = _thaw(cursor, search, rows, saturated)
    if thawed.keys() - search.thaw:
        search.thaw.update(thawed)
        search.touched.update(cluster for ids in thawed.values() for cluster in ids)
        return None
    return Opened(rows, search, leads.clusters, saturated - search.thaw)


def _carries(row: Locked | None, token: bytes) -> bool:
    plain = row.state.plain if row else None
    return plain is not None and token in plain.carried


def _arriving(changes: dict[bytes, Change]) -> dict[Line, Fact]:
    """Return the facts of the versions now in use, marked where they are disputed."""
    return {
        (f.record, f.line): f._replace(disputed=True) if change.new.other else f
        for change in changes.values()
        if change.event
        for f in change.event.facts
    }


def _old_clusters(cursor: Cursor, changes: dict[bytes, Change]) -> dict[bytes, list[int]]:
    """Return the clusters in which the changed records lay until now."""
    old = {
        key: [change.old.cluster]
        for key, change in changes.items()
        if change.old and change.old.cluster is not None
    }
    rosters = sorted(k for k, c in changes.items() if c.stream == "household" and c.old)
    if rosters:
        cursor.execute(
            "SELECT record, array_agg(DISTINCT cluster) FROM member WHERE record = ANY(%s) "
            "GROUP BY record",
            [bytea_array(rosters)],
        )
        old.update(dict(cursor.fetchall()))
    return old


def _candidates(
    cursor: Cursor, search: _Search, leads: identifiers.Leads, unknown: set[bytes]
) -> dict[bytes, int]:
    """Return a cluster for each unknown token: that of a token beside it, or a new one."""
    forest = Forest()
    for fact in search.arriving.values():
        linking = [t for _, t in fact.tokens if t not in leads.saturated]
        for token in linking[1:]:
            forest.join(linking[0], token)
    known: dict[object, int] = {}
    for token, cluster in leads.clusters.items():
        root = forest.find(token)
        known[root] = min(cluster, known.get(root, cluster))
    roots = {forest.find(token) for token in unknown}
    fresh = new_ids(cursor, len(roots - known.keys()))
    for root in sorted(cast("set[bytes]", roots - known.keys())):
        known[root] = next(fresh)
    return {token: known[forest.find(token)] for token in unknown}


def new_ids(cursor: Cursor, count: int) -> Iterator[int]:
    """Yield `count` new cluster ids; gaps in the sequence do not matter."""
    if count:
        cursor.execute("SELECT nextval('cluster_id') FROM generate_series(1, %s)", [count])
        yield from [number for (number,) in cursor.fetchall()]


def _lock(cursor: Cursor, ids: set[int]) -> dict[int, Locked]:
    cursor.execute(
        "SELECT id, state, next_change, book_seq FROM cluster WHERE id = ANY(%s) "
        "ORDER BY id FOR NO KEY UPDATE",
        [bigint_array(sorted(ids))],
        binary=True,
    )
    return {number: Locked(unpack_head(packed), *rest) for number, packed, *rest in cursor}


def _thaw(
    cursor: Cursor, search: _Search, rows: dict[int, Locked], saturated: frozenset[bytes]
) -> dict[bytes, list[int]]:
    """Take the changed records' old facts off their saturated tokens; return those that thaw."""
    if not saturated:
        return {}
    near = [number for number, row in rows.items() if row.state.saturated]
    gone = [
        (token, fact)
        for standing in facts.read(cursor, near).values()
        for fact in standing
        if fact.record in search.changes and search.changes[fact.record].event
        for _, token in fact.tokens
        if token in saturated
    ]
    if not gone:
        return {}
    arriving: dict[bytes, set[bytes]] = {token: set() for token, _ in gone}
    identifiers.read(cursor, arriving)  # locks the saturated rows
    identifiers.drop_carriers(cursor, gone)
    for fact in search.arriving.values():
        for _, token in fact.tokens:
            if token in arriving and fact.signature is not None:
                arriving[token].add(fact.signature)
    return identifiers.thawed(cursor, arriving)
