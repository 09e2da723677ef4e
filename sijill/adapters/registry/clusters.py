"""Clusters: found through identifiers, locked in ascending order, read as compact states."""

from collections.abc import Iterator
from typing import NamedTuple, cast

from sijill.adapters.faultpoint import faultpoint
from sijill.adapters.postgres import Cursor, bigint_array, bytea_array
from sijill.adapters.registry import identifiers
from sijill.adapters.registry.records import Change
from sijill.adapters.registry.state import ClusterState, unpack
from sijill.domain.event import Fact
from sijill.domain.regroup import Line, Workset

TRIES = 3


class Unsettled(Exception):
    """Other registrars kept moving these persons; the caller halves the batch and tries again."""


class Opened(NamedTuple):
    """The locked clusters, by id, and the worksets that the batch's changes make of them."""

    states: dict[int, ClusterState]
    worksets: list[Workset]


class _Search(NamedTuple):
    """What one attempt looks for: the arriving facts and where they may lead."""

    changes: dict[bytes, Change]
    arriving: dict[Line, Fact]
    old: dict[bytes, list[int]]
    touched: set[int]
    thaw: set[bytes]


def open_worksets(cursor: Cursor, changes: dict[bytes, Change], touched: set[int]) -> Opened:
    """Lock every cluster that the changes, or the `touched` ids, can reach.

    If another cluster appears after the locks are taken, the savepoint gives them up and the
    union is locked instead.

    Raises:
        Unsettled: after `TRIES` attempts.

    """
    search = _Search(changes, _arriving(changes), _old_clusters(cursor, changes), touched, set())
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
    claimed: set[int] = set()
    if unknown:
        candidates = _candidates(cursor, search, leads, unknown)
        claimed = set(candidates.values()) - set(leads.clusters.values())
        identifiers.claim(cursor, candidates)
        leads = identifiers.read(cursor, tokens)
    wanted = {*leads.clusters.values(), *search.touched}
    wanted.update(cluster for old in search.old.values() for cluster in old)
    states = _lock(cursor, wanted)
    again = identifiers.read(cursor, tokens)
    vanished = wanted - states.keys() - claimed - (search.touched - set(leads.clusters.values()))
    if again != leads or vanished:
        search.touched.update(again.clusters.values())
        return None
    saturated = leads.saturated.union(*(s.saturated for s in states.values()))
    thawed = _thaw(cursor, search, states, saturated)
    if thawed.keys() - search.thaw:
        search.thaw.update(thawed)
        search.touched.update(cluster for ids in thawed.values() for cluster in ids)
        return None
    known = saturated - search.thaw
    return Opened(states, list(_worksets(search, states, leads.clusters, known)))


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


def _lock(cursor: Cursor, ids: set[int]) -> dict[int, ClusterState]:
    cursor.execute(
        "SELECT id, state FROM cluster WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        [bigint_array(sorted(ids))],
        binary=True,
    )
    return {number: unpack(packed) for number, packed in cursor}


def _thaw(
    cursor: Cursor, search: _Search, states: dict[int, ClusterState], saturated: frozenset[bytes]
) -> dict[bytes, list[int]]:
    """Take the changed records' old facts off their saturated tokens; return those that thaw."""
    if not saturated:
        return {}
    gone = [
        (token, fact)
        for state in states.values()
        if state.saturated
        for fact in state.facts
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


def _worksets(
    search: _Search,
    states: dict[int, ClusterState],
    leads: dict[bytes, int],
    saturated: frozenset[bytes],
) -> Iterator[Workset]:
    """Yield the worksets: clusters joined by the arriving facts and by thawed tokens."""
    forest = Forest()
    for number in states:
        forest.find(number)
    for line, fact in search.arriving.items():
        forest.find(line)
        for _, token in fact.tokens:
            if token in leads:
                forest.join(leads[token], line)
            elif token in search.thaw:
                forest.join(token, line)
        old = search.old.get(fact.record, ())
        if fact.stream != "household" and old:
            forest.join(old[0], line)
    for number, state in states.items():
        for token in state.saturated & search.thaw:
            forest.join(token, number)
    sets: dict[object, tuple[list[int], list[Line]]] = {}
    for node in list(forest.parent):
        if isinstance(node, bytes):
            continue
        numbers, lines = sets.setdefault(forest.find(node), ([], []))
        numbers.append(node) if isinstance(node, int) else lines.append(node)  # type: ignore[arg-type]
    for numbers, lines in sets.values():
        yield _workset(search, states, leads, saturated=saturated, numbers=numbers, lines=lines)


def _workset(
    search: _Search,
    states: dict[int, ClusterState],
    leads: dict[bytes, int],
    *,
    saturated: frozenset[bytes],
    numbers: list[int],
    lines: list[Line],
) -> Workset:
    standing: dict[Line, Fact] = {}
    homes: dict[Line, int] = {}
    gone = []
    for number in numbers:
        for fact in states[number].facts if number in states else ():
            line = (fact.record, fact.line)
            homes[line] = number
            change = search.changes.get(fact.record)
            if change is None:
                standing[line] = fact
            elif change.event is None:
                standing[line] = fact._replace(disputed=True)
            else:
                gone.append(fact)
    arriving = {line: search.arriving[line] for line in lines}
    here = {t for f in arriving.values() for _, t in f.tokens if t in leads}
    near = {t for f in (*standing.values(), *arriving.values(), *gone) for _, t in f.tokens}
    return Workset(
        tuple(sorted(numbers)),
        standing,
        arriving,
        tuple(gone),
        homes,
        {t: leads[t] for t in here},
        saturated & near,
        frozenset(search.thaw & near),
    )


class Forest:
    """Disjoint sets of cluster ids, tokens and lines."""

    def __init__(self) -> None:
        self.parent: dict[object, object] = {}

    def find(self, node: object) -> object:
        """Return the representative of the node's set."""
        parent = self.parent
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    def join(self, one: object, other: object) -> None:
        """Join two sets."""
        self.parent[self.find(other)] = self.find(one)
