"""Whether the registry agrees with itself: what leads somewhere leads there, history is whole."""

from collections.abc import Iterator
from typing import LiteralString

from sijill.adapters.postgres import Connection
from sijill.cli.verify.differences import Differences
from sijill.cli.verify.stored import Registry, Scope, rows

_HISTORY = (
    "SELECT encode(id, 'hex') FROM alert LEFT JOIN ("
    " SELECT alert, count(*) AS rows, min(revision) AS first, max(revision) AS last,"
    " (array_agg(state ORDER BY revision DESC))[1] AS state,"
    " (array_agg(decision ORDER BY revision DESC))[1] AS decision"
    " FROM alert_version GROUP BY alert) AS told ON alert = id "
    "WHERE rows IS DISTINCT FROM revision OR first <> 1 OR last <> revision OR "
    "CASE WHEN NOT open THEN state NOT IN ('WITHDRAWN', 'LAPSED') "
    "WHEN verdict = 'permitted' THEN state NOT IN ('WITHDRAWN', 'PERMITTED') "
    "ELSE state IN ('WITHDRAWN', 'PERMITTED', 'LAPSED') END"
)
"""Alerts whose revisions are not 1, 2, 3, …, or whose last revision says another state."""


def check(
    connection: Connection, registry: Registry, scope: Scope, differences: Differences
) -> None:
    """Compare the registry's pointers and histories with its own states."""
    homes = {
        (fact.record, fact.line): number
        for number, state in registry.states.items()
        for fact in state.facts
    }
    differences.each("clusters: wrong home of a record or roster line", _homes(registry, homes))
    differences.each("clusters: wrong lead of a token", _leads(connection, registry, scope))
    differences.each("clusters: wrong link to a household", _links(connection, registry, scope))
    open_alerts = {key: {"content": one["content"]} for key, one in registry.overlaps.items()}
    differences.compare("alerts by the states", registry.shown, open_alerts, named=bytes.hex)
    differences.each("alerts: row and evidence differ", _rows(registry))
    if scope.clusters is None:
        broken = connection.execute(_HISTORY)
        differences.each("alerts: history broken", (number for (number,) in broken))


def _homes(registry: Registry, homes: dict[tuple[bytes, str], int]) -> Iterator[str]:
    for place, number in homes.items():
        record = registry.records.get(place[0])
        member = registry.members.get(place)
        lies = member["cluster"] if member else record and record["cluster"]
        if lies != number:
            yield f"record {place[0].hex()} {place[1]}".strip()
    for place in registry.members.keys() - homes.keys():
        yield f"record {place[0].hex()} {place[1]}"


def _leads(connection: Connection, registry: Registry, scope: Scope) -> Iterator[str]:
    carried: dict[bytes, set[int | None]] = {}
    for number, state in registry.states.items():
        for fact in state.facts:
            for _, token in fact.tokens:
                saturated = token in state.saturated
                carried.setdefault(token, set()).add(None if saturated else number)
    keys = None if scope.clusters is None else carried
    found = rows(connection, "SELECT token, cluster, saturated FROM identifier", "token", keys)
    leads = {
        token: cluster for token, cluster, saturated in found if saturated == (cluster is None)
    }
    yield from (
        f"token {token.hex()}"
        for token in sorted(leads.keys() | carried.keys())
        if carried.get(token) != {leads.get(token, 0)}
    )


def _links(connection: Connection, registry: Registry, scope: Scope) -> Iterator[str]:
    keys = None if scope.clusters is None else scope.households
    query: LiteralString = "SELECT household, cluster FROM household_cluster"
    there = {(h, c) for h, c in rows(connection, query, "household", keys)}
    must = {
        (household, number)
        for number, state in registry.states.items()
        for household in state.households
        if keys is None or household in keys
    }
    yield from (f"household {household.hex()}" for household, _ in sorted(there ^ must))


def _rows(registry: Registry) -> Iterator[str]:
    fields = ("rule", "type", "verdict", "months", "amount", "currency", "certainty")
    for number, row in registry.alerts.items():
        if tuple(row[name] for name in fields) != registry.overlaps[number]["summary"]:
            yield number.hex()
