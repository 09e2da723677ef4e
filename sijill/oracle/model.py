"""The model as a whole: events in, in any order; out comes what the registry must hold."""

import json
from collections import defaultdict
from contextlib import suppress
from typing import NamedTuple

from sijill.oracle.border import avro
from sijill.oracle.border.avro import Refused
from sijill.oracle.border.reading import Name, Raw, Version, accept
from sijill.oracle.decisions import alert_id, notice_ids, stage
from sijill.oracle.identity import Grouping, InUse, facts_of, group, in_use
from sijill.oracle.law import Book
from sijill.oracle.overlaps import Overlap, find

Place = tuple[str, int]  # a topic and one of its partitions


class Alert(NamedTuple):
    """An overlap with what the decisions make of it."""

    overlap: Overlap
    stage: str


class Model:
    """Everything that was read, and what follows from it."""

    def __init__(self, registry_key: bytes, hub_key: bytes) -> None:
        self.registry_key, self.hub_key = registry_key, hub_key
        self.refused: dict[tuple[str, int, int], tuple[str, ...]] = {}
        self.accepted: dict[Name, list[tuple[Place, int, Version]]] = defaultdict(list)

    def take(self, raw: Raw) -> None:
        """Read one record of a source topic."""
        try:
            version = accept(raw, self.registry_key)
        except Refused as refused:
            self.refused[raw.topic, raw.partition, raw.offset] = refused.args
        else:
            self.keep(raw, version)

    def keep(self, raw: Raw, version: Version) -> None:
        """Keep an accepted version, with where it stood."""
        self.accepted[version.name].append(((raw.topic, raw.partition), raw.offset, version))

    def in_use(self) -> dict[Name, InUse]:
        """Return each source record with its version in use."""
        return in_use(version for read in self.accepted.values() for _, _, version in read)

    def outcomes(self, late: set[tuple[str, int, int]]) -> dict[Place, dict[int, str]]:
        """Return what became of each accepted offset; "" where nobody knows any more.

        That is where the order of two partitions decides, or when a `late` offset was taken in.
        """
        found: dict[Place, dict[int, str]] = defaultdict(dict)
        for read in self.accepted.values():
            known = len({place for place, _, _ in read}) == 1
            known = known and not any((*place, offset) in late for place, offset, _ in read)
            seq, contents = -1, []
            for place, offset, version in sorted(read, key=lambda one: one[:2]):
                if version.seq > seq:
                    outcome, seq, contents = "applied", version.seq, [version.content]
                elif version.seq < seq:
                    outcome = "superseded"
                elif version.content in contents:
                    outcome = "duplicate"
                else:
                    outcome, contents = "quarantined", sorted([*contents, version.content])[-2:]
                found[place][offset] = outcome if known else ""
        return found

    def grouping(self, book: Book, shared: frozenset[bytes] = frozenset()) -> Grouping:
        """Return who is who; `shared` are tokens that are known to link nothing."""
        return group(facts_of(self.in_use().values()), book, shared)

    def alerts(self, grouping: Grouping, book: Book, as_of: int) -> dict[bytes, Alert]:
        """Return every open alert by its id, what is permitted among them."""
        answers: dict[bytes, list[Version]] = defaultdict(list)
        for version, _ in self.in_use().values():
            if version.name[1] == "decision" and not version.void:
                answers[bytes.fromhex(version.body["notice_id"])].append(version)
        found = {}
        for overlap in find(grouping.persons, book, as_of).values():
            told = [a for n in notice_ids(self.hub_key, overlap).values() for a in answers[n]]
            growth = book.materiality(overlap.meeting.rule["id"])
            state = stage(self.hub_key, overlap, told, as_of=as_of, materiality=growth)
            found[alert_id(self.hub_key, overlap)] = Alert(overlap, state)
        return found


def book_in_force(raws: list[Raw]) -> tuple[int, dict[str, str]] | None:
    """Return the number and the files of the book that the operations put in force."""
    books: dict[int, dict[str, str]] = {}
    for raw in raws:
        with suppress(Refused):
            record, _ = avro.record_of("operation", raw.value or b"")
            if record["kind"] == "ACTIVATE_BOOK":
                books.setdefault(record["operation_seq"], json.loads(record["body"]))
    return max(books.items()) if books else None
