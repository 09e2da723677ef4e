"""One verification: a snapshot of the database, the topics up to it, the model, the comparison."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sijill import topics
from sijill.adapters import postgres
from sijill.adapters.postgres import bytea_array
from sijill.cli.verify import accounts, expected, gathering, output, snapshot
from sijill.cli.verify.differences import Differences
from sijill.cli.verify.gathering import Gathered
from sijill.cli.verify.sample import Sample
from sijill.cli.verify.snapshot import Snapshot
from sijill.oracle.identity import Grouping, record_key
from sijill.oracle.law import Book
from sijill.oracle.meetings import Meetings
from sijill.oracle.model import Alert, Model
from sijill.settings import Settings

Say = Callable[[str], None]
Rows = dict[Any, dict[str, Any]]


@dataclass
class Report:
    """What was compared, what differed, and what keeps the hub from being settled."""

    unsettled: list[str] = field(default_factory=list)
    differences: Differences = field(default_factory=Differences)
    covered: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def status(self) -> int:
        """Return the exit status: 1 for any difference, 2 for a hub that is not settled."""
        return 1 if self.differences.counts else 2 if self.unsettled else 0


def verify(
    settings: Settings, *, persons: int | None = None, turn: int = 0, wait_s: float = 0, say: Say
) -> Report:
    """Compare the hub with the model; with `persons`, on a sample of about so many.

    Waits up to `wait_s` seconds for a settled hub. A registry with due work is between two states
    and is not compared; unread events and unpublished rows are only left out.
    """
    began = time.monotonic()
    report = Report()
    with postgres.connect(settings.postgres_dsn) as connection:
        snapshot.wait(settings, connection, wait_s)
        say("reading the registry")
        seen, report.unsettled = snapshot.take(
            settings, connection, report.differences, persons=persons, turn=turn
        )
    if seen is not None:
        _compare(settings, seen, report, say)
    report.seconds = round(time.monotonic() - began, 1)
    return report


def _compare(settings: Settings, seen: Snapshot, report: Report, say: Say) -> None:
    differences, sample = report.differences, seen.sample
    book = gathering.book_of(settings, seen, differences, say)
    gathered = gathering.gather(settings, seen, book, say)
    moved = _drop_moved(settings, seen, gathered) if sample else 0
    say("grouping persons and evaluating the rules")
    model = gathered.model
    grouping = model.grouping(book, frozenset(sample.saturated) if sample else frozenset())
    found = model.alerts(grouping, book, seen.as_of)
    side = _Side(settings, seen, model, grouping=grouping, book=book)
    report.covered = side.covered(gathered, moved)
    if sample:
        found = {number: one for number, one in found.items() if side.judges(one)}
        _drawn(settings, gathered.drawn, differences)
    side.compare_facts(differences)
    side.compare_people(differences)
    side.compare_alerts(found, Meetings(book, seen.as_of).horizon, differences)
    must = output.expected(found, book, settings.hub_key)
    mine = {(topics.name("alert"), number) for number in seen.registry.alerts} | must.keys()
    output.check(
        settings, seen.given, must, only=mine if sample else None, differences=differences, say=say
    )
    accounts.check(seen.books, None if sample else model, differences)


class _Side:
    """The model's side of a comparison, cut to what the snapshot covers."""

    def __init__(
        self,
        settings: Settings,
        seen: Snapshot,
        model: Model,
        *,
        grouping: Grouping,
        book: Book,
    ) -> None:
        self.settings, self.seen, self.registry = settings, seen, seen.registry
        self.grouping, self.book = grouping, book
        self.facts = expected.facts(grouping, settings.registry_key)
        if seen.sample:
            places = self._places(seen.sample)
            self.facts = {place: self.facts[place] for place in places}
        self.used = model.in_use()
        self.names = {key: row["name"] for key, row in self.registry.records.items()}
        self.names |= {key: row["name"] for key, row in expected.records(self.used).items()}

    def _places(self, sample: Sample) -> set[tuple[bytes, str]]:
        """Return the facts that the sample covers: the hub's own, and what belongs to them."""
        families = Meetings(self.book, self.seen.as_of).families(self.grouping.persons)
        places = {
            fact.place
            for family, touched in families.items()
            if family in sample.families
            for fact, _ in touched
        }
        for place, fact in self.facts.items():
            known = any(token in sample.tokens for _, token in fact["identifiers"])
            if known or place in self.registry.facts:
                places.add(place)
        return places

    def covered(self, gathered: Gathered, moved: int) -> dict[str, int]:
        """Return how much the comparison covers."""
        sample = self.seen.sample
        found = {
            "records read": gathered.read,
            "records on the hub's word": len(self.seen.books.on_trust()) + moved,
        }
        if sample:
            found |= {
                "persons in the registry": sample.persons,
                "persons drawn": sample.drawn,
                "clusters": len(self.registry.states),
                "records kept": sum(map(len, gathered.model.accepted.values())),
                "records drawn": len(gathered.drawn.accepted),
            }
        return found

    def judges(self, alert: Alert) -> bool:
        """Return whether everything that an alert can rest on is in the sample."""
        family = alert.overlap.meeting.family
        if family is not None:
            return expected.family_key(family) in self.registry.households
        return all(fact.place in self.facts for fact in alert.overlap.evidence)

    def record(self, key: bytes) -> str:
        """Return a record's name for the hub's owner."""
        return "/".join(self.names[key]) if key in self.names else f"record {key.hex()}"

    def line(self, place: tuple[bytes, str]) -> str:
        """Return the name of a line of a record."""
        return f"{self.record(place[0])} {place[1]}".strip()

    def compare_facts(self, differences: Differences) -> None:
        """Compare records, facts, who is who, links left out, and decisions."""
        records = expected.records(self.used)
        if self.seen.sample:
            records = {key: records[key] for key, _ in self.facts}
        registry = self.registry
        differences.compare("records", records, registry.records, named=self.record)
        differences.compare("facts", self.facts, registry.facts, named=self.line)
        conflicts = {one for one in self.grouping.conflicts if one[1] in self.facts}
        other = sorted(place for _, place in conflicts ^ registry.conflicts)
        differences.each("links left out: different", map(self.line, other))
        decisions = expected.decisions(self.used)
        differences.compare("decisions", decisions, registry.decisions, named=self.record)

    def compare_people(self, differences: Differences) -> None:
        """Compare persons, roster lines and households."""
        registry = self.registry
        persons = expected.persons(self.grouping)
        members = expected.members(self.grouping)
        homes = {fact["grouping"] for fact in self.facts.values()}
        persons = {key: row for key, row in persons.items() if key in homes}
        members = {place: row for place, row in members.items() if place in self.facts}
        differences.compare("persons", persons, registry.persons, named=_person)
        differences.compare("roster lines", members, registry.members, named=self.line)
        if self.seen.sample is None:
            households = expected.households(self.grouping, self.book, self.seen.as_of)
            missing = households.keys() - registry.households.keys()
            differences.each("households: missing", sorted(key.hex() for key in missing))

    def compare_alerts(
        self, found: dict[bytes, Alert], horizon: int, differences: Differences
    ) -> None:
        """Compare open alerts, what they rest on, and where their answers would meet them."""
        registry = self.registry
        differences.compare("alerts", expected.alerts(found), registry.alerts, named=bytes.hex)
        packed: Rows = {
            number: {**row, "spans": _cut(row["spans"], horizon)}
            for number, row in registry.overlaps.items()
        }
        must = expected.overlaps(found, self.settings.registry_key)
        differences.compare("evidence of alerts", must, packed, named=bytes.hex)
        notices = expected.notices(found, self.settings.hub_key)
        missing = (n.hex() for n, row in notices.items() if registry.notices.get(n) != row)
        differences.each("notices: missing or of another alert", missing)


def _person(key: bytes) -> str:
    return f"person {key.hex()}"


def _cut(spans: tuple[tuple[int, int], ...], horizon: int) -> tuple[tuple[int, int], ...]:
    """Return the spans as far as the model's days reach."""
    return tuple((start, min(stop, horizon + 1)) for start, stop in spans if start <= horizon)


def _drop_moved(settings: Settings, seen: Snapshot, gathered: Gathered) -> int:
    """Take records out of a sample that belong to it by an older version alone.

    The version in use names other people and was not kept, so here the hub's word is taken.
    """
    known = seen.sample.records if seen.sample else set()
    names = {record_key(name): name for name in gathered.model.accepted}
    rows = _rows(settings, names.keys() - known)
    moved = 0
    for key, row in rows.items():
        kept = gathered.model.accepted[names[key]]
        if row > max((version.seq, version.content) for _, _, version in kept):
            del gathered.model.accepted[names[key]]
            moved += 1
    return moved


def _drawn(settings: Settings, drawn: Model, differences: Differences) -> None:
    """Compare the records drawn for themselves with the registry as it is by now."""
    must = expected.records(drawn.in_use())
    there = _rows(settings, must.keys())
    differences.compared["records drawn"] = len(must)
    for key, row in must.items():
        # A newer version may have come since.
        if there.get(key, (-1, b"")) < (row["seq"], row["content"]):
            differences.note("records drawn: missing or older", "/".join(row["name"]))


def _rows(settings: Settings, keys: Iterable[bytes]) -> dict[bytes, tuple[int, bytes]]:
    """Return the versions in use of records, as the registry has them now."""
    with postgres.connect(settings.postgres_dsn) as connection:
        rows = connection.execute(
            "SELECT key, seq, content FROM record WHERE key = ANY(%s)", [bytea_array(sorted(keys))]
        )
        return {key: (seq, content) for key, seq, content in rows}
