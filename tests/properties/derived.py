"""What the tables beside the clusters say, and what the clusters' own facts say they must."""

from typing import Any

from sijill.adapters.registry import facts
from sijill.adapters.registry.state import ClusterState, unpack_overlap
from sijill.domain import alerts, fold
from sijill.domain.event import INF, Membership
from sijill.domain.household import named_by
from sijill.domain.identity import group
from sijill.domain.rules import evaluate_person
from tests.properties.registry import Registry
from tests.properties.stories import BOOK

Tables = dict[str, Any]


def tabled(registry: Registry) -> Tables:
    """Return what the tables hold, in the shape of `demanded`."""
    rows = registry.rows
    return {
        "record": dict(rows("SELECT key, cluster FROM record WHERE cluster IS NOT NULL")),
        "member": {(r, n): rest for r, n, *rest in rows("SELECT record, line, household, cluster, "
                                                        "role, start, stop FROM member")},
        "identifier": dict(rows("SELECT token, cluster FROM identifier")),
        "saturated": {t for (t,) in rows("SELECT token FROM identifier WHERE saturated")},
        "carrier": set(rows("SELECT token, record, line, signature, cluster FROM carrier")),
        "person": {row[0]: row[1:] for row in rows(f"SELECT {_PERSON}, cluster FROM person")},  # noqa: S608 - own names
        "household_cluster": set(rows("SELECT household, cluster FROM household_cluster")),
        "next_change": dict(rows("SELECT id, next_change FROM cluster")),
    }  # fmt: skip


def demanded(registry: Registry) -> Tables:
    """Return what the tables must hold, computed from the packed facts of every cluster."""
    ((as_of,),) = registry.rows("SELECT as_of FROM hub")
    with registry.connection.transaction():
        states = dict(facts.states(registry.connection))
    tables: Tables = {
        "record": {}, "member": {}, "identifier": {}, "saturated": set(), "carrier": set(),
        "person": {}, "household_cluster": set(), "next_change": {},
    }  # fmt: skip
    for number, state in states.items():
        _facts(tables, number, state)
        people = fold.persons(group(state.facts, state.saturated), BOOK)
        answers = [evaluate_person(person, BOOK, as_of) for person in people]
        changes = [change for _, change in answers]
        tables["next_change"][number] = min(changes, default=INF)
        for person in people:
            tables["person"][person.key] = (*fold.row(person, BOOK)[1:], number)
    return tables


def _facts(tables: Tables, number: int, state: ClusterState) -> None:
    """Add what one cluster's facts demand."""
    tables["saturated"] |= state.saturated
    for fact in state.facts:
        name, detail = named_by(fact, BOOK), fact.detail
        if name is not None:
            tables["household_cluster"].add((name.key, number))
        if isinstance(detail, Membership) and name is not None:
            said = [name.key, number, detail.role, detail.start, detail.stop]
            tables["member"][fact[:2]] = said
        else:
            tables["record"][fact.record] = number
        for _, token in fact.tokens:
            warm = token not in state.saturated
            tables["identifier"][token] = number if warm else None
            if not warm:
                tables["carrier"].add((token, *fact[:2], fact.signature, number))


def open_alerts(registry: Registry) -> dict[bytes, tuple[bytes, str]]:
    """Return what each open alert says, as a hash, and its state."""
    rows = registry.rows("SELECT id, body, decision FROM alert WHERE open")
    return {number: (alerts.content(unpack_overlap(body)), stage) for number, body, stage in rows}


_PERSON = ", ".join(fold.PersonRow._fields)
