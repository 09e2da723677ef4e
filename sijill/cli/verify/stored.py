"""What the registry holds, from one snapshot of the database: the side that is."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString, NamedTuple

from sijill.adapters.postgres import Connection, bigint_array, bytea_array
from sijill.adapters.registry import facts
from sijill.adapters.registry.state import ClusterState, unpack_household, unpack_overlap
from sijill.domain import alerts as domain_alerts
from sijill.domain.event import Fact
from sijill.domain.fold import person_key
from sijill.domain.identity import group, mention_of
from sijill.domain.rules.overlap import Overlap

Fields = dict[str, Any]
Line = tuple[bytes, str]


class Scope(NamedTuple):
    """The part of the registry that is compared: clusters and households; None is all of it."""

    clusters: Sequence[int] | None = None
    households: Sequence[bytes] | None = None


@dataclass
class Registry:
    """The registry in the words of its tables, by keys, and what its own pointers say."""

    records: dict[bytes, Fields] = field(default_factory=dict)
    facts: dict[Line, Fields] = field(default_factory=dict)
    conflicts: set[tuple[bytes, Line]] = field(default_factory=set)
    persons: dict[bytes, Fields] = field(default_factory=dict)
    members: dict[Line, Fields] = field(default_factory=dict)
    households: dict[bytes, Fields] = field(default_factory=dict)
    decisions: dict[bytes, Fields] = field(default_factory=dict)
    alerts: dict[bytes, Fields] = field(default_factory=dict)
    overlaps: dict[bytes, Fields] = field(default_factory=dict)
    notices: dict[bytes, Fields] = field(default_factory=dict)
    states: dict[int, ClusterState] = field(default_factory=dict)
    shown: dict[bytes, Fields] = field(default_factory=dict)
    """What the packed states say of open alerts: their content's hash."""


def read(connection: Connection, scope: Scope) -> Registry:
    """Return the registry, or the part in scope."""
    found = Registry()
    _clusters(connection, scope, found)
    _records(connection, scope, found)
    _people(connection, scope, found)
    _households(connection, scope, found)
    _alerts(connection, scope, found)
    return found


def rows(
    connection: Connection, query: LiteralString, column: LiteralString, keys: Iterable[Any] | None
) -> Iterable[Any]:
    """Return the rows of a query, those of the given keys when it is not None."""
    if keys is None:
        return connection.execute(query)
    wanted = sorted(keys)
    pack = bigint_array if column in ("id", "cluster") else bytea_array
    return connection.execute(f"{query} WHERE {column} = ANY(%s)", [pack(wanted)])


def states(
    connection: Connection, clusters: Iterable[int] | None
) -> Iterator[tuple[int, ClusterState]]:
    """Yield the clusters by id, all of them when it is None, with their facts."""
    yield from facts.states(connection, None if clusters is None else sorted(clusters))


def _clusters(connection: Connection, scope: Scope, found: Registry) -> None:
    for number, state in states(connection, scope.clusters):
        found.states[number] = state
        grouping = group(state.facts, state.saturated)
        for person in grouping.persons:
            key = person_key(*mention_of(person))
            found.facts |= {line(f): {"grouping": key, **said(f)} for f in person}
        found.facts |= {line(f): {"grouping": None, **said(f)} for f in grouping.waiting}
        found.conflicts |= {(c.token, (c.record, c.line)) for c in grouping.conflicts}
        found.shown |= {number: {"content": c} for number, c in state.alerts.items()}


def line(fact: Fact) -> Line:
    """Return where a fact stands."""
    return fact.record, fact.line


def said(fact: Fact) -> Fields:
    """Return what a fact says; the event's label may differ between equal events."""
    found: Fields = {
        "disputed": fact.disputed,
        "occurred_at": fact.occurred_at,
        "content": fact.content,
        "identifiers": fact.tokens,
        "signature": fact.signature,
        "detail": tuple(fact.detail),
    }
    if fact.stream != "payment":  # whose names nobody reads, so the hub need not keep them
        found["person"] = tuple(fact.person)
    return found


def _records(connection: Connection, scope: Scope, found: Registry) -> None:
    query: LiteralString = (
        "SELECT key, ministry, stream, record_id, seq, content, other, void, cluster FROM record"
    )
    keys = None if scope.clusters is None else {key for key, _ in found.facts}
    for key, *name, seq, content, other, void, cluster in rows(connection, query, "key", keys):
        found.records[key] = {
            "seq": seq, "content": content, "other": other, "void": void, "name": tuple(name),
            "cluster": cluster,
        }  # fmt: skip


_PERSON = (
    "key", "given", "father", "grandfather", "great_grandfather", "family", "mother_given",
    "mother_father", "sex", "birth_date", "birth_precision", "governorate", "district",
    "residence_country", "death", "cluster",
)  # fmt: skip


def _people(connection: Connection, scope: Scope, found: Registry) -> None:
    query: LiteralString = (
        "SELECT key, given, father, grandfather, great_grandfather, family, mother_given, "
        "mother_father, sex, birth, birth_precision, governorate, district, country, death, "
        "cluster FROM person"
    )
    keys = None
    if scope.clusters is not None:
        keys = {key for state in found.states.values() for key in state.persons}
    for row in rows(connection, query, "key", keys):
        found.persons[row[0]] = dict(zip(_PERSON, row, strict=True))
    query = "SELECT record, line, household, role, start, stop, cluster FROM member"
    keys = None if scope.clusters is None else {key for key, _ in found.facts}
    for record, place, *row in rows(connection, query, "record", keys):
        # A roster may have lines about people beyond the sample.
        if keys is None or (record, place) in found.facts or row[-1] in found.states:
            fields = ("household", "role", "start", "stop", "cluster")
            found.members[record, place] = dict(zip(fields, row, strict=True))


def _households(connection: Connection, scope: Scope, found: Registry) -> None:
    query: LiteralString = "SELECT key, ministry, roster, number, state FROM household"
    for key, *name, packed in rows(connection, query, "key", scope.households):
        found.households[key] = {"name": tuple(name)}
        found.shown |= {a: {"content": c} for a, c in unpack_household(packed).alerts.items()}


def _alerts(connection: Connection, scope: Scope, found: Registry) -> None:
    for (
        number,
        body,
        household,
        rule,
        kind,
        verdict,
        decision,
        months,
        *money,
    ) in connection.execute(
        "SELECT id, body, household, rule, type, verdict, decision, months, amount, currency, "
        "certainty FROM alert WHERE open"
    ):
        overlap = unpack_overlap(body)
        if scope.clusters is not None and number not in found.shown:
            # The row names the place where it was found last, not where its facts lie now.
            inner = household in (scope.households or ())
            if not inner and any(line(fact) not in found.facts for fact in overlap.evidence):
                continue
        found.alerts[number] = {
            "rule": rule, "type": kind, "verdict": verdict, "decision": decision,
            "months": tuple(months), "amount": money[0], "currency": money[1],
            "certainty": money[2],
        }  # fmt: skip
        found.overlaps[number] = packed(overlap)
    for record, *row in connection.execute(
        "SELECT record, ministry, notice, basis, code, until, reason, note, occurred_at, content "
        "FROM decision"
    ):
        found.decisions[record] = dict(zip(_DECISION, row, strict=True))
    for notice, ministry, alert in connection.execute("SELECT id, ministry, alert FROM notice"):
        if alert in found.alerts:
            found.notices[notice] = {"ministry": ministry, "alert": alert}


_DECISION = (
    "ministry", "notice", "basis", "code", "until", "reason", "note", "occurred_at", "content",
)  # fmt: skip


def packed(overlap: Overlap) -> Fields:
    """Return what an alert rests on."""
    sides = (overlap.left, *([overlap.right] if overlap.right else []))
    return {
        "version": overlap.version,
        "exception": overlap.exception,
        "period": overlap.period,
        "spans": overlap.spans,
        "since": overlap.since,
        "sides": tuple(map(line, sides)),
        "evidence": {line(f): said(f) for f in overlap.evidence},
        "content": domain_alerts.content(overlap),
        "summary": (overlap.rule, overlap.type, overlap.verdict, overlap.months, overlap.amount,
                    overlap.currency, overlap.certainty),
    }  # fmt: skip
