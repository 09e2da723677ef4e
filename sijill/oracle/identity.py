"""Which versions are in use, who is who in them, and what the registry says of each person."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sijill.oracle.border.reading import Identifier, Mention, Name, Version
from sijill.oracle.law import Book

SATURATED = 5
"""An identifier that more different people carry links nothing."""


class InUse(NamedTuple):
    """A source record: its version in use, and the greatest content beside it, if disputed."""

    version: Version
    other: bytes | None


@dataclass(frozen=True, eq=False)
class Fact:
    """One line of a version in use. Keys and `place` are hashes, for their order alone."""

    version: Version
    mention: Mention
    disputed: bool
    place: tuple[bytes, str]

    @property
    def stream(self) -> str:
        """The stream of its record."""
        return self.version.name[1]

    @property
    def body(self) -> dict[str, Any]:
        """What it says."""
        return self.mention.body

    @property
    def source(self) -> tuple[str, str, str, str]:
        """Its place among records as people name them."""
        return (*self.version.name, self.mention.line)


@dataclass(frozen=True, eq=False)
class Person:
    """One derived person with the payments that hang on it, and what is said of it."""

    facts: tuple[Fact, ...]
    row: dict[str, Any]


class Grouping(NamedTuple):
    """The persons, the payments that wait for one, the links left out, what links nothing."""

    persons: list[Person]
    waiting: list[Fact]
    conflicts: set[tuple[bytes, tuple[bytes, str]]]
    saturated: set[Identifier]


def record_key(name: Name) -> bytes:
    """Return the hash that stands for a source record in the order of links and in alert ids."""
    return hashlib.blake2b("\0".join(name).encode(), digest_size=16).digest()


def in_use(versions: Iterable[Version]) -> dict[Name, InUse]:
    """Return each record's version in use: the highest number, then the greatest content."""
    found: dict[Name, dict[tuple[int, bytes], Version]] = defaultdict(dict)
    for version in versions:
        found[version.name].setdefault((version.seq, version.content), version)
    used = {}
    for name, rivals in found.items():
        best, *others = sorted(rivals, reverse=True)
        beside = [content for seq, content in others if seq == best[0]]
        used[name] = InUse(rivals[best], beside[0] if beside else None)
    return used


def facts_of(used: Iterable[InUse]) -> list[Fact]:
    """Return the lines of all versions in use, in the order of their places."""
    facts = [
        Fact(version, mention, other is not None, (record_key(version.name), mention.line))
        for version, other in used
        for mention in version.mentions
    ]
    return sorted(facts, key=lambda fact: fact.place)


def group(facts: list[Fact], book: Book, shared: frozenset[bytes] = frozenset()) -> Grouping:
    """Return who is who: links by rank, token and mention; none joins two national numbers.

    `shared` are tokens known to be saturated although not all of their carriers are at hand.
    """
    signatures = defaultdict(set)
    for fact in facts:
        for one in fact.mention.ids:
            signatures[one].add(fact.mention.signature)
    saturated = {one for one, seen in signatures.items() if len(seen - {None}) > SATURATED}
    saturated |= {one for one in signatures if one.token in shared}
    links = sorted(
        (one, fact.place)
        for fact in facts
        for one in fact.mention.ids
        if fact.stream != "payment" and one not in saturated
    )
    home: dict[Any, set[Any]] = {f.place: {f.place} for f in facts if f.stream != "payment"}
    conflicts = set()
    for one, place in links:
        here, there = home.setdefault(one, {one}), home[place]
        numbers = {n for n in here | there if isinstance(n, Identifier) and n.rank == 0}
        if len(numbers) > 1:
            conflicts.add((one.token, place))
        elif here is not there:
            here |= there
            home.update(dict.fromkeys(there, here))
    members: dict[int, list[Fact]] = defaultdict(list)
    waiting: list[Fact] = []
    for fact in facts:
        hooks = [one for one in (*fact.mention.ids, fact.place) if one in home]
        hook = fact.place if fact.stream != "payment" else hooks[0] if hooks else None
        (members[id(home[hook])] if hook else waiting).append(fact)
    persons = [Person(tuple(held), _row(held, book)) for held in members.values()]
    return Grouping(persons, waiting, conflicts, saturated)


def _row(facts: list[Fact], book: Book) -> dict[str, Any]:
    """Return what is said of a person: each attribute by the best source that gives it."""

    def best(attribute: str, told: Iterable[Fact]) -> Fact | None:
        ranks = book.source_ranks[attribute]

        def weight(fact: Fact) -> tuple[int, int, bytes]:
            ministry, version = fact.version.name[0], fact.version
            rank = ranks.index(ministry) if ministry in ranks else len(ranks)
            return -rank, version.occurred_at, version.content

        return max(told, key=weight, default=None)

    mentions = [fact for fact in facts if fact.stream != "payment"]

    def said(attribute: str, *fields: str) -> dict[str, Any]:
        fact = best(attribute, [f for f in mentions if f.mention.person[fields[0]] is not None])
        return {field: fact.mention.person[field] if fact else None for field in fields}

    deaths = [f for f in mentions if f.stream == "vital" and f.body["kind"] == "DEATH"]
    death = best("death", deaths)
    first = min(fact.place for fact in mentions)
    birth = said("birth", "birth_date", "birth_precision")
    return {
        "key": hashlib.blake2b(first[0] + first[1].encode(), digest_size=16).digest(),
        **said("name", "given", "father", "grandfather", "great_grandfather", "family"),
        **said("name", "mother_given", "mother_father"),
        **said("sex", "sex"),
        "birth_date": birth["birth_date"],
        "birth_precision": birth["birth_precision"] or "UNKNOWN",
        **said("residence", "governorate", "district"),
        **said("residence", "residence_country"),
        "death": death.body["event_date"] if death else None,
    }
