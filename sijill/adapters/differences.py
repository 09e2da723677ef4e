"""What the registry says and the output topics do not: the rows that a new generation begins with.

Everything here runs in one transaction that sees one moment of the registry. Its functions are
generators: between two portions the relay shows that it lives.
"""

import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import schemas
from sijill import topics
from sijill.adapters import codec, metrics, outputs, wire
from sijill.adapters.outputs import Key, Outputs
from sijill.adapters.postgres import Connection
from sijill.adapters.registry import alerts, facts, outlet, persons
from sijill.adapters.registry.outlet import Row
from sijill.adapters.registry.plain import Said, said_of
from sijill.adapters.registry.state import ClusterState, unpack_overlap
from sijill.domain import alerts as naming
from sijill.domain import disclosure, fold
from sijill.domain.identity import group
from sijill.domain.rules import evaluate_person
from sijill.domain.rules.overlap import PersonFacts
from sijill.settings import Settings

AT_ONCE = 1_000

_OPEN_ALERTS = (
    "SELECT id, body, decision, revision, raised_on, told FROM alert "
    "WHERE open AND verdict = 'raised'"
)

LOG = logging.getLogger("sijill.relay")


class Compared(NamedTuple):
    """The registry of one moment, beside what the topics tell."""

    connection: Connection
    context: alerts.Context
    told: Outputs


def write(settings: Settings, compared: Compared) -> Iterator[None]:
    """Write a row for all that differs, alerts and notices first, then persons."""
    yield from _write_alerts(settings, compared)
    yield from _write_persons(compared)


def _write_alerts(settings: Settings, compared: Compared) -> Iterator[None]:
    """Write what is raised or amended, then withdraw what stands in no registry any more."""
    standing: set[Key] = set()
    for portion in _portions(compared.connection, "alerts", _OPEN_ALERTS):
        for found in portion:
            shown = _shown(compared.context, *found)
            rows = outlet.alert_rows(compared.context, [shown], caused_at=0)
            standing.update((row.topic, row.key or b"") for row in rows)
            if any(_news(compared.told, row) for row in rows):
                _put(compared.connection, _stated(compared, shown))
        yield
    for topic in _topics_of(compared.told, "alert", "notice"):
        yield from _withdraw(settings, compared, topic, standing=standing)


def _shown(context: alerts.Context, *found: Any) -> alerts.Shown:
    """Return an open alert as a change of it would be shown."""
    number, body, decision, revision, raised_on, told = found
    overlap = unpack_overlap(body)
    asked = disclosure.told(overlap, context.book) if told is None else told
    basis = naming.basis(context.hub_key, overlap)
    return alerts.Shown(
        number, overlap, "AMENDED", decision, revision, raised_on, basis, asked, None, []
    )


def _stated(compared: Compared, shown: alerts.Shown) -> list[Row]:
    """Return the rows that say something new, each with the state that its own key is in."""
    again = "REOPENED" if shown.stage == "REOPENED" else "AMENDED"
    rows = []
    for state, stood in (("RAISED", False), (again, True)):
        changed = shown._replace(state=state)
        for row in outlet.alert_rows(compared.context, [changed], caused_at=0):
            told = compared.told.get(row.topic, row.key or b"")
            if _news(compared.told, row) and (told is not None and told.stands) == stood:
                rows.append(row)
    return rows


def _news(told: Outputs, row: Row) -> bool:
    before = told.get(row.topic, row.key or b"")
    return before is None or before.content != row.content


def _withdraw(
    settings: Settings, compared: Compared, topic: str, *, standing: set[Key]
) -> Iterator[None]:
    """Withdraw what readers hold open and the registry does not: in the words last told."""
    wanted: dict[int, set[int]] = {}
    for key in compared.told.keys(topic):
        told = compared.told.get(topic, key)
        if told is not None and told.stands and (topic, key) not in standing:
            wanted.setdefault(told.partition, set()).add(told.offset)
    if not wanted:
        return
    schema = topic.split(".")[1]
    schema_id = schemas.current(schema).id
    for message in outputs.read_again(settings, topic, wanted):
        record, _ = codec.decode(schema, message.value() or b"")
        record["state"] = "WITHDRAWN"
        if "caused_at" in record:
            record["caused_at"] = 0
        body = codec.encode_unversioned(schema, record)
        row = Row(topic, message.key(), 0, wire.WITHDRAWN, schema_id, body, None)
        _put(compared.connection, [row])
        yield


def _write_persons(compared: Compared) -> Iterator[None]:
    """Write the persons of every cluster, and a tombstone for each key that is no person's."""
    topic, hub_key = topics.name("person"), compared.context.hub_key
    known: set[bytes] = set()
    states = facts.states(compared.connection)
    while portion := list(islice(states, AT_ONCE)):
        said = {}
        for _, state in portion:
            for person in _persons(state, compared.context):
                said[person.key] = _said(person, compared.context)
        rows = persons.rows(hub_key, said, [], revision=0)
        known.update(row.key or b"" for row in rows)
        _put(compared.connection, [row for row in rows if _news(compared.told, row)])
        yield
    gone = []
    for key in compared.told.keys(topic):
        told = compared.told.get(topic, key)
        if told is not None and told.stands and key not in known:
            gone.append(Row(topic, key, 0, None, schemas.current("person").id, None, None))
    for start in range(0, len(gone), AT_ONCE):
        _put(compared.connection, gone[start : start + AT_ONCE])
        yield


def _persons(state: ClusterState, context: alerts.Context) -> list[PersonFacts]:
    return fold.persons(group(state.facts, state.saturated), context.book)


def _said(person: PersonFacts, context: alerts.Context) -> Said:
    """Return what is published of a person, as the fold of a batch says it."""
    overlaps, _ = evaluate_person(person, context.book, context.as_of)
    raised = sum(overlap.verdict == "raised" for overlap in overlaps)
    return said_of(person, raised, context.book)


def _topics_of(told: Outputs, *patterns: str) -> list[str]:
    return [topic for topic in told.topics() if topic.split(".")[1] in patterns]


def _portions(connection: Connection, name: str, query: str) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a query in portions, while other statements run between them."""
    with connection.cursor(f"relay_{name}") as cursor:
        cursor.execute(query.encode())
        while portion := cursor.fetchmany(AT_ONCE):
            yield portion


def _put(connection: Connection, rows: Sequence[Row]) -> None:
    with connection.cursor() as cursor:
        outlet.write(cursor, rows)
    for row in rows:
        metrics.add("relay_differences_total", topic=row.topic)
