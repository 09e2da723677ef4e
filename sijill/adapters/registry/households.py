"""Households: locked late and in order, read with everyone they touch, evaluated by their rules."""

from collections.abc import Iterable
from typing import NamedTuple

from sijill.adapters.postgres import Cursor, bigint_array, bytea_array, update_rows
from sijill.adapters.registry.alerts import Context, Finding
from sijill.adapters.registry.fold import Folded
from sijill.adapters.registry.state import pack_alerts, unpack, unpack_alerts
from sijill.domain import alerts
from sijill.domain.fold import persons
from sijill.domain.household import Name, assemble
from sijill.domain.identity import group
from sijill.domain.rules import evaluate_household
from sijill.domain.rules.overlap import PersonFacts

_EMPTY = pack_alerts({})


class Seen(NamedTuple):
    """What the households' rules found anew, and what no finding supports any more."""

    found: dict[bytes, Finding]
    lost: set[bytes]


def evaluate(
    cursor: Cursor,
    context: Context,
    folded: Folded,
    *,
    touched: Iterable[bytes],
    book_seq: int,
) -> Seen:
    """Evaluate the touched households on what stands after this batch.

    Their locks are taken last: the registrar that comes second reads what the first has committed.
    """
    keys = sorted(set(touched))
    seen = Seen({}, set())
    if not keys:
        return seen
    standing = _lock(cursor, keys, folded.names)
    people = _people(cursor, keys, folded, context)
    rows = []
    for key, (name, state) in standing.items():
        before = unpack_alerts(state)
        household = assemble(name, people.get(key, []), context.book)
        overlaps, next_change = evaluate_household(household, context.book, context.as_of)
        after: dict[bytes, bytes] = {}
        for overlap in overlaps:
            number = alerts.alert_id(context.hub_key, overlap)
            after[number] = alerts.content(overlap)
            if before.get(number) != after[number]:
                seen.found[number] = Finding(overlap, after[number], None, key)
        seen.lost.update(before.keys() - after.keys())
        rows.append((key, pack_alerts(after), next_change, book_seq))
    columns = {"key": "bytea", "state": "bytea", "next_change": "int4", "book_seq": "int8"}
    update_rows(cursor, "household", columns, rows)
    return seen


def _lock(
    cursor: Cursor, keys: list[bytes], names: dict[bytes, Name]
) -> dict[bytes, tuple[Name, bytes]]:
    """Make the households that are new, in order, then lock them all, in order."""
    new = [key for key in keys if key in names]
    cursor.execute(
        "INSERT INTO household (key, ministry, roster, number, state, next_change, book_seq) "
        "SELECT k, m, r, n, %s, 2147483647, 0 "
        "FROM unnest(%s::bytea[], %s::text[], %s::text[], %s::text[]) AS new (k, m, r, n) "
        "ORDER BY k ON CONFLICT DO NOTHING",
        [
            _EMPTY,
            bytea_array(new),
            [names[k].ministry for k in new],
            [names[k].roster for k in new],
            [names[k].number for k in new],
        ],
    )
    cursor.execute(
        "SELECT key, ministry, roster, number, state FROM household WHERE key = ANY(%s) "
        "ORDER BY key FOR NO KEY UPDATE",
        [bytea_array(keys)],
        binary=True,
    )
    return {key: (Name(*name), state) for key, *name, state in cursor}


def _people(
    cursor: Cursor, keys: list[bytes], folded: Folded, context: Context
) -> dict[bytes, list[PersonFacts]]:
    """Return the persons that each household touches, this batch's own changes included."""
    cursor.execute(
        "SELECT household, cluster FROM household_cluster WHERE household = ANY(%s)",
        [bytea_array(keys)],
        binary=True,
    )
    links = cursor.fetchall()
    views = dict(folded.views)
    missing = sorted({cluster for _, cluster in links} - views.keys())
    cursor.execute(
        "SELECT id, state FROM cluster WHERE id = ANY(%s)", [bigint_array(missing)], binary=True
    )
    for number, packed in cursor:
        state = unpack(packed)
        views[number] = persons(group(state.facts, state.saturated), context.book)
    people: dict[bytes, list[PersonFacts]] = {}
    for household, cluster in links:
        people.setdefault(household, []).extend(views.get(cluster, ()))
    return people
