"""The hub without servers: its border and its pure domain, on records in memory."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sijill.adapters import codec
from sijill.adapters.acceptance import Acceptor
from sijill.adapters.refusal import Refusal
from sijill.adapters.registry import records
from sijill.adapters.registry.records import Change
from sijill.cli.verify import expected, stored
from sijill.cli.verify.accounts import ENCODING
from sijill.cli.verify.differences import Differences
from sijill.cli.verify.stored import Registry
from sijill.domain import alerts, rulebook
from sijill.domain.disclosure import rule_of
from sijill.domain.event import Event, Fact
from sijill.domain.fold import persons, row
from sijill.domain.household import assemble, named_by
from sijill.domain.identity import clusters, group, saturated_tokens
from sijill.domain.rules import evaluate_household, evaluate_person
from sijill.domain.rules.overlap import Overlap
from sijill.oracle.border.reading import Raw
from sijill.oracle.law import Book
from sijill.oracle.meetings import Meetings
from sijill.oracle.model import Model

REGISTRY_KEY = b"registry-key-of-the-tests-only--"
HUB_KEY = b"hub-key-of-the-tests-only-------"

Sent = tuple[str, str, dict[str, Any]]
"""A ministry, a stream, a record as JSON writes it."""


@dataclass
class Pure(Registry):
    """A registry without a database, and its overlaps as the rules gave them."""

    found: dict[bytes, Overlap] = field(default_factory=dict)


def same(reason: str, refused: Iterable[str]) -> bool:
    """Return whether the oracle, too, refuses for a reason."""
    return ("UNREADABLE" if reason in ENCODING else reason) in refused


def raws(sent: Iterable[Sent]) -> list[Raw]:
    """Return the records as they would lie in their topics."""
    found = []
    for offset, (ministry, stream, record) in enumerate(sent):
        full = codec.from_json(stream, {**record, "ministry": ministry})
        topic = f"sijill.{ministry}.{stream}.v1"
        found.append(Raw(topic, 0, offset, None, codec.encode(stream, full), ()))
    return found


def differences(
    read: Iterable[Raw], files: Mapping[str, bytes], *, as_of: int, known: int | None = None
) -> Differences:
    """Return where the hub's own code and the oracle differ on these records."""
    read = list(read)
    found = Differences()
    model = Model(REGISTRY_KEY, HUB_KEY)
    for raw in read:
        model.take(raw)
    texts = {name: text.decode() for name, text in files.items()}
    book = Book(texts, known)
    grouping = model.grouping(book)
    opened = model.alerts(grouping, book, as_of)
    hub = registry(read, files, as_of=as_of, known=known, refused=found, model=model)
    found.compare("records", expected.records(model.in_use()), hub.records, named=repr)
    found.compare("facts", expected.facts(grouping, REGISTRY_KEY), hub.facts, named=repr)
    found.each("conflicts", map(repr, grouping.conflicts ^ hub.conflicts))
    found.compare("persons", expected.persons(grouping), hub.persons, named=repr)
    horizon = Meetings(book, as_of).horizon
    packed = {
        number: {**one, "spans": tuple((a, min(b, horizon + 1)) for a, b in one["spans"])}
        for number, one in hub.overlaps.items()
    }
    found.compare("alerts", expected.alerts(opened), hub.alerts, named=bytes.hex)
    must = expected.overlaps(opened, REGISTRY_KEY)
    found.compare("evidence", must, packed, named=bytes.hex)
    return found


def asked(read: Iterable[Raw], files: Mapping[str, bytes], *, as_of: int, known: int) -> list[Any]:
    """Return (ministry, notice id, basis) of every notice of the open alerts, in order."""
    hub = registry(list(read), files, as_of=as_of, known=known, refused=Differences(), model=None)
    return [
        (ministry, alerts.notice_id(HUB_KEY, ministry, number), alerts.basis(HUB_KEY, overlap))
        for number, overlap in sorted(hub.found.items())
        for ministry in (*alerts.ministries(overlap), alerts.HUB)
    ]


def since(read: list[Raw], files: Mapping[str, bytes], *, as_of: int, known: int) -> list[int]:
    """Return the first day of every overlap that is found on a day."""
    hub = registry(read, files, as_of=as_of, known=known, refused=Differences(), model=None)
    return [overlap.since for overlap in hub.found.values()]


def registry(
    read: list[Raw],
    files: Mapping[str, bytes],
    *,
    as_of: int,
    known: int | None,
    refused: Differences,
    model: Model | None,
) -> Pure:
    """Return what the hub's own code makes of the records."""
    acceptor = Acceptor(REGISTRY_KEY)
    events = []
    for raw in read:
        verdict = acceptor.accept(raw.topic, raw.key, raw.value, raw.headers)
        if isinstance(verdict, Refusal):
            if model and not same(verdict.reason, model.refused.get(raw[:3], ())):
                refused.note("refusals", f"{raw[:3]} {verdict.reason}")
        else:
            events.append(verdict)
            if model and raw[:3] in model.refused:
                refused.note("refusals", f"{raw[:3]} accepted")
    _, changes = records.classify(events, {})
    book = rulebook.parse(files) if known is None else rulebook.parse(files, known=known)
    hub = Pure()
    for key, change in changes.items():
        event = change.event
        assert event is not None
        hub.records[key] = {
            "seq": event.seq, "content": event.content, "other": change.new.other,
            "void": event.void, "name": (event.ministry, event.stream, event.record_id),
        }  # fmt: skip
    facts = _facts(changes.values())
    saturated = saturated_tokens(facts)
    people = []
    for part in clusters(facts, saturated):
        grouping = group(part, saturated)
        people += persons(grouping, book)
        hub.facts |= {
            stored.line(f): {"grouping": None, **stored.said(f)} for f in grouping.waiting
        }
        hub.conflicts |= {(c.token, (c.record, c.line)) for c in grouping.conflicts}
    overlaps: list[Overlap] = []
    for person in people:
        said = {stored.line(f): {"grouping": person.key, **stored.said(f)} for f in person.facts}
        hub.facts |= said
        hub.persons[person.key] = _row(row(person, book))
        overlaps += evaluate_person(person, book, as_of)[0]
    for name in sorted({n for f in facts if (n := named_by(f, book)) is not None}):
        overlaps += evaluate_household(assemble(name, people, book), book, as_of)[0]
    decided = [c.event for c in changes.values() if c.stream == "decision" and c.event]
    for overlap in overlaps:
        number = alerts.alert_id(HUB_KEY, overlap)
        hub.overlaps[number] = stored.packed(overlap)
        hub.found[number] = overlap
        rule = rule_of(book, overlap.rule)
        stage = alerts.decide(
            alerts.basis(HUB_KEY, overlap),
            _answers(decided, overlap, number),
            as_of=as_of,
            materiality=rule.materiality if rule else 0,
        ).stage
        hub.alerts[number] = {
            "rule": overlap.rule, "type": overlap.type, "verdict": overlap.verdict,
            "decision": stage, "months": overlap.months, "amount": overlap.amount,
            "currency": overlap.currency, "certainty": overlap.certainty,
        }  # fmt: skip
    return hub


def _facts(changes: Iterable[Change]) -> list[Fact]:
    return [
        f._replace(disputed=change.new.other is not None)
        for change in changes
        if change.event
        for f in change.event.facts
    ]


def _row(said: Any) -> dict[str, Any]:
    row = {**said._asdict()}
    row["birth_date"], row["residence_country"] = row.pop("birth"), row.pop("country")
    return row


def _answers(decided: list[Event], overlap: Overlap, number: bytes) -> list[alerts.Answer]:
    ids = {m: alerts.notice_id(HUB_KEY, m, number) for m in (*alerts.ministries(overlap), "hub")}
    return [
        alerts.Answer(
            e.ministry,
            e.decision.basis,
            e.decision.code,
            e.decision.until,
            e.occurred_at,
            e.content,
        )
        for e in decided
        if e.decision and not e.void and ids.get(e.ministry) == e.decision.notice
    ]
