"""What the registry holds, from one snapshot of the database: the side that is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sijill.adapters.postgres import Connection, bigint_array, bytea_array
from sijill.adapters.registry.state import ClusterState, unpack, unpack_alerts, unpack_overlap
from sijill.domain import alerts as domain_alerts
from sijill.domain.event import Fact
from sijill.domain.fold import person_key
from sijill.domain.identity import group, mention_of
from sijill.domain.rules.overlap import Overlap

Fields = dict[str, Any]
Line = tuple[bytes, str]


@dataclass
class Scope:
    """The part of the registry that is compared; None is all of it."""

    clusters: Sequence[int] | None = None
    households: Sequence[bytes] | None = None

    def where(self, column: str, kind: str = "clusters") -> tuple[str, list[Any]]:
        """Return a condition on a column of cluster ids or household keys, with its value."""
        wanted = getattr(self, kind)
        if wanted is None:
            return "true", []
        pack = bigint_array if kind == "clusters" else bytea_array
        return f"{column} = ANY(%s)", [pack(wanted)]


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


def _clusters(connection: Connection, scope: Scope, found: Registry) -> None:
    condition, values = scope.where("id")
    for number, packed in connection.execute(
        f"SELECT id, state FROM cluster WHERE {condition}".encode(), values
    ):
        state = unpack(packed)
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
    return {
        "disputed": fact.disputed,
        "occurred_at": fact.occurred_at,
        "content": fact.content,
        "identifiers": fact.tokens,
        "signature": fact.signature,
        "person": tuple(fact.person),
        "detail": tuple(fact.detail),
    }


def _records(connection: Connection, scope: Scope, found: Registry) -> None:
    keys = None if scope.clusters is None else sorted({key for key, _ in found.facts})
    condition, values = ("true", []) if keys is None else ("key = ANY(%s)", [bytea_array(keys)])
    for key, *name, seq, content, other, void, cluster in connection.execute(
        "SELECT key, ministry, stream, record_id, seq, content, other, void, cluster "
        f"FROM record WHERE {condition}".encode(),
        values,
    ):
        found.records[key] = {
            "seq": seq, "content": content, "other": other, "void": void, "name": tuple(name),
            "cluster": cluster,
        }  # fmt: skip


def _people(connection: Connection, scope: Scope, found: Registry) -> None:
    condition, values = scope.where("cluster")
    columns = (
        "given", "father", "grandfather", "great_grandfather", "family", "mother_given",
        "mother_father", "sex", "birth_date", "birth_precision", "governorate", "district",
        "residence_country", "death", "cluster",
    )  # fmt: skip
    for key, *values_of in connection.execute(
        "SELECT key, given, father, grandfather, great_grandfather, family, mother_given, "
        "mother_father, sex, birth, birth_precision, governorate, district, country, death, "
        f"cluster FROM person WHERE {condition}".encode(),
        values,
    ):
        row = dict(zip(columns, values_of, strict=True))
        found.persons[key] = {"key": key, **row}


def _households(connection: Connection, scope: Scope, found: Registry) -> None:
    condition, values = scope.where("cluster")
    for record, place, household, role, start, stop, cluster in connection.execute(
        "SELECT record, line, household, role, start, stop, cluster FROM member "
        f"WHERE {condition}".encode(),
        values,
    ):
        found.members[record, place] = {
            "household": household, "role": role, "start": start, "stop": stop, "cluster": cluster,
        }  # fmt: skip
    condition, values = scope.where("key", "households")
    for key, ministry, roster, number, packed in connection.execute(
        f"SELECT key, ministry, roster, number, state FROM household WHERE {condition}".encode(),
        values,
    ):
        found.households[key] = {"name": (ministry, roster, number)}
        found.shown |= {a: {"content": c} for a, c in unpack_alerts(packed).items()}


def _alerts(connection: Connection, scope: Scope, found: Registry) -> None:
    keys = None if scope.clusters is None else sorted(found.shown)
    condition, values = ("open", []) if keys is None else ("id = ANY(%s)", [bytea_array(keys)])
    for number, body, is_open, *row in connection.execute(
        "SELECT id, body, open, rule, type, verdict, decision, months, amount, currency, certainty "
        f"FROM alert WHERE {condition}".encode(),
        values,
    ):
        if is_open:
            rule, kind, verdict, decision, months, *money = row
            found.alerts[number] = {
                "rule": rule, "type": kind, "verdict": verdict, "decision": decision,
                "months": tuple(months), "amount": money[0], "currency": money[1],
                "certainty": money[2],
            }  # fmt: skip
            found.overlaps[number] = packed(unpack_overlap(body))
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
