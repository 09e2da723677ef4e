"""What readers of the output topics know at the end, and what the registry says they must know.

The rows of the outbox go through the relay's own rule (which repetitions are dropped); the last
record of each key counts, as for a reader who has read everything.
"""

from typing import Any

from sijill import topics
from sijill.adapters import codec
from sijill.adapters.registry import facts
from sijill.adapters.registry.state import unpack_overlap
from sijill.domain import alerts, disclosure, fold
from sijill.domain.event import EPOCH, Enrollment
from sijill.domain.identity import group
from sijill.domain.rules import evaluate_person
from sijill.domain.rules.overlap import Overlap
from sijill.domain.versions import Waiting, assign
from tests.properties.registry import Registry
from tests.properties.stories import BOOK
from tests.properties.telling import HUB_KEY

Known = dict[tuple[str, bytes], Any]

_PERSON = ("given", "father", "grandfather", "great_grandfather", "family", "mother_given",
           "mother_father", "birth_precision", "governorate")  # fmt: skip


def known(registry: Registry) -> Known:
    """Return what a reader knows: open alerts and notices by topic and key, persons."""
    rows = registry.rows(
        "SELECT id, topic, key, revision, content, schema_id, value, headers FROM outbox "
        "WHERE schema_id IS NOT NULL ORDER BY id"
    )
    sent, _, _ = assign([Waiting(*row) for row in rows], {})
    last = {(one.row.topic, one.row.key or b""): one for one in sent}
    said: Known = {}
    for place, one in last.items():
        schema_id, value = one.row.schema_id, one.row.value
        if value is None or schema_id is None:
            continue
        framed = codec.with_version(schema_id, one.version or 1, value)
        name = codec.schema_of(framed).name
        record, _ = codec.decode(name, framed)
        if name == "person":
            parts = {part: record[part] for part in _PERSON}
            dates = (record["sex"], record["birth_date"], record["death_date"])
            said[place] = (parts, *dates, sorted(record["programmes"]), record["open_alerts"])
        elif record["state"] != "WITHDRAWN":
            said[place] = (
                record["decision_state"], list(record["months"]), record["amount"],
                record["certainty"], record["basis"],
            )  # fmt: skip
    return said


def due_to_be_known(registry: Registry) -> Known:
    """Return what the registry says that a reader must know."""
    said: Known = {}
    for number, body, stage in registry.rows(
        "SELECT id, body, decision FROM alert WHERE open AND verdict = 'raised'"
    ):
        overlap = unpack_overlap(body)
        told = _told(overlap, stage)
        said[topics.name("alert"), number] = told
        for ministry in disclosure.told(overlap, BOOK):
            place = topics.name("notice", ministry), alerts.notice_id(HUB_KEY, ministry, number)
            said[place] = told
    ((as_of,),) = registry.rows("SELECT as_of FROM hub")
    with registry.connection.transaction():
        states = dict(facts.states(registry.connection))
    for state in states.values():
        for person in fold.persons(group(state.facts, state.saturated), BOOK):
            row = fold.row(person, BOOK)
            found, _ = evaluate_person(person, BOOK, as_of)
            programmes = {
                f.detail.programme for f in person.facts if isinstance(f.detail, Enrollment)
            }
            place = topics.name("person"), alerts.keyed(HUB_KEY, b"person", person.key)
            said[place] = (
                {part: getattr(row, part) for part in _PERSON},
                row.sex or "UNKNOWN",
                row.birth and row.birth - EPOCH,
                row.death and row.death - EPOCH,
                sorted(programmes),
                sum(overlap.verdict == "raised" for overlap in found),
            )
    return said


def _told(overlap: Overlap, stage: str) -> tuple[object, ...]:
    certainty, basis = overlap.certainty.upper(), alerts.basis(HUB_KEY, overlap)
    return stage, list(overlap.months), overlap.amount, certainty, basis
