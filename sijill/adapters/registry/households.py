"""Households: locked late and in order, read with everyone they touch, evaluated by their rules."""

from collections.abc import Collection
from typing import NamedTuple

from sijill.adapters.postgres import Cursor, bigint_array, bytea_array, update_rows
from sijill.adapters.registry import facts
from sijill.adapters.registry.alerts import Context, Finding
from sijill.adapters.registry.folded import Folded
from sijill.adapters.registry.state import (
    EMPTY_HOUSEHOLD,
    HouseholdState,
    pack_household,
    unpack_head,
    unpack_household,
)
from sijill.domain import alerts
from sijill.domain.event import Enrollment, Payment
from sijill.domain.fold import persons
from sijill.domain.household import Name, assemble
from sijill.domain.identity import group
from sijill.domain.rules import evaluate_household
from sijill.domain.rules.holding import paid_key
from sijill.domain.rules.overlap import HouseholdFacts, PersonFacts
from sijill.domain.rules.plan import Plan, plan_of

_EMPTY = pack_household(EMPTY_HOUSEHOLD)


class Seen(NamedTuple):
    """What the households' rules found anew, and what no finding supports any more."""

    found: dict[bytes, Finding]
    lost: set[bytes]


class _Locked(NamedTuple):
    name: Name
    state: HouseholdState
    next_change: int
    book_seq: int


_Row = tuple[bytes, bytes, int, int]


def evaluate(
    cursor: Cursor, context: Context, folded: Folded, *, due: Collection[bytes], book_seq: int
) -> Seen:
    """Evaluate the touched households on what stands after this batch.

    Their locks are taken last: the registrar that comes second reads what the first has committed.
    Where neither a payment nor a change of a member can matter, locking is all.
    """
    seen = Seen({}, set())
    keys = sorted({*folded.households, *folded.near, *folded.paid, *due})
    if not keys:
        return seen
    standing = _lock(cursor, keys, folded.names, book_seq=book_seq)
    rows: list[_Row] = []
    unsure = []
    for key, row in standing.items():
        later = None
        if key not in folded.households and key not in due and row.book_seq == book_seq:
            later = _calm(row.state, key, folded, plan_of(context.book))
        if later is None:
            unsure.append(key)
        elif later != row.state:
            rows.append((key, pack_household(later), row.next_change, book_seq))
    people = _people(cursor, unsure, folded, context) if unsure else {}
    for key in unsure:
        row = standing[key]
        household = assemble(row.name, people.get(key, []), context.book)
        state, next_change = _evaluate(key, row.state, household, seen=seen, context=context)
        rows.append((key, pack_household(state), next_change, book_seq))
    columns = {"key": "bytea", "state": "bytea", "next_change": "int4", "book_seq": "int8"}
    update_rows(cursor, "household", columns, rows)
    return seen


def _calm(state: HouseholdState, key: bytes, folded: Folded, plan: Plan) -> HouseholdState | None:
    """Return the state after changes that no rule can care about; None when one could."""
    paid = folded.paid.get(key, ())
    after = state.paid.union(paid)
    held = state.held.union(folded.held.get(key, ()))
    if state.alerts or state.twice or len(after) < len(state.paid) + len(paid):
        return None
    if key in folded.near and not held.isdisjoint(plan.household_held):
        return None
    return state._replace(held=held, paid=after)


def _evaluate(
    key: bytes, before: HouseholdState, household: HouseholdFacts, *, seen: Seen, context: Context
) -> tuple[HouseholdState, int]:
    """Return the household's state and its next change; note what its rules find."""
    book = context.book
    overlaps, next_change = evaluate_household(household, book, context.as_of)
    after: dict[bytes, bytes] = {}
    for overlap in overlaps:
        number = alerts.alert_id(context.hub_key, overlap)
        after[number] = alerts.content(overlap)
        if before.alerts.get(number) != after[number]:
            seen.found[number] = Finding(overlap, after[number], None, key)
    seen.lost.update(before.alerts.keys() - after.keys())
    held = {f.detail.programme for f in household.facts if isinstance(f.detail, Enrollment)}
    paid = [
        paid_key(fact, fact.detail, plan_of(book))
        for fact in household.facts
        if isinstance(fact.detail, Payment)
    ]
    periods = [one[1] for one in paid if one and one[0]]
    once = frozenset(periods)
    state = HouseholdState(after, frozenset(held), once, twice=len(once) < len(periods))
    return state, next_change


def _lock(
    cursor: Cursor, keys: list[bytes], names: dict[bytes, Name], *, book_seq: int
) -> dict[bytes, _Locked]:
    """Make the households that are new, in order, then lock them all, in order."""
    new = [key for key in keys if key in names]
    cursor.execute(
        "INSERT INTO household (key, ministry, roster, number, state, next_change, book_seq) "
        "SELECT k, m, r, n, %s, 2147483647, %s "
        "FROM unnest(%s::bytea[], %s::text[], %s::text[], %s::text[]) AS new (k, m, r, n) "
        "ORDER BY k ON CONFLICT DO NOTHING",
        [
            _EMPTY,
            book_seq,
            bytea_array(new),
            [names[k].ministry for k in new],
            [names[k].roster for k in new],
            [names[k].number for k in new],
        ],
    )
    cursor.execute(
        "SELECT key, ministry, roster, number, state, next_change, book_seq FROM household "
        "WHERE key = ANY(%s) ORDER BY key FOR NO KEY UPDATE",
        [bytea_array(keys)],
        binary=True,
    )
    return {
        key: _Locked(Name(ministry, roster, number), unpack_household(state), *rest)
        for key, ministry, roster, number, state, *rest in cursor
    }


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
    heads = {number: unpack_head(packed) for number, packed in cursor}
    for number, lying in facts.read(cursor, heads.keys()).items():
        views[number] = persons(group(lying, heads[number].saturated), context.book)
    people: dict[bytes, list[PersonFacts]] = {}
    for household, cluster in links:
        people.setdefault(household, []).extend(views.get(cluster, ()))
    return people
