"""What the registry says of a person, chosen among the records that mention it.

Where records differ on an attribute: the book's source rank for the attribute, then occurred_at,
then the greater content hash. Sequence numbers compare only within one record, never here.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from sijill.domain.event import Fact
from sijill.domain.identity import Grouping, mention_of
from sijill.domain.rulebook import Book
from sijill.domain.rules.overlap import PersonFacts


class PersonRow(NamedTuple):
    """One person as people look it up."""

    key: bytes
    given: str | None
    father: str | None
    grandfather: str | None
    great_grandfather: str | None
    family: str | None
    mother_given: str | None
    mother_father: str | None
    sex: str | None
    birth: int | None
    birth_precision: str
    death: int | None
    governorate: str | None
    district: str | None
    country: str | None
    mentions: int


def person_key(record: bytes, line: str) -> bytes:
    """Return the 16-byte key of the person whose smallest mention is (record, line)."""
    return hashlib.blake2b(record + line.encode(), digest_size=16).digest()


def persons(grouping: Grouping, book: Book) -> list[PersonFacts]:
    """Return the persons of a grouping as the rules read them."""
    return [
        PersonFacts(facts, death(facts, book), person_key(*mention_of(facts)))
        for facts in grouping.persons
    ]


def death(facts: Iterable[Fact], book: Book) -> int | None:
    """Return the day of death that the best source gives, or None."""
    told = [f for f in facts if f.stream == "vital" and f.detail.kind == "DEATH"]  # type: ignore[union-attr]
    return max(told, key=_weight("death", book)).detail.day if told else None  # type: ignore[union-attr]


def row(person: PersonFacts, book: Book) -> PersonRow:
    """Return the person's row: each attribute from its best source, whole names from one source."""
    mentions = [f for f in person.facts if f.stream != "payment"]

    def best(attribute: str, *fields: str) -> tuple[object, ...]:
        told = [f for f in mentions if getattr(f.person, fields[0]) is not None]
        if not told:
            return (None,) * len(fields)
        chosen = max(told, key=_weight(attribute, book)).person
        return tuple(getattr(chosen, field) for field in fields)

    names = best("name", "given", "father", "grandfather", "great_grandfather", "family")
    mother = best("name", "mother_given", "mother_father")
    (sex,) = best("sex", "sex")
    birth, precision = best("birth", "birth", "birth_precision")
    place = best("residence", "governorate", "district")
    (country,) = best("residence", "country")
    return PersonRow(
        person.key,
        *names,  # type: ignore[arg-type]
        *mother,  # type: ignore[arg-type]
        sex,  # type: ignore[arg-type]
        birth,  # type: ignore[arg-type]
        precision or "UNKNOWN",  # type: ignore[arg-type]
        person.death,
        *place,  # type: ignore[arg-type]
        country,  # type: ignore[arg-type]
        len(mentions),
    )


def _weight(attribute: str, book: Book):  # type: ignore[no-untyped-def]  # noqa: ANN202
    def weight(fact: Fact) -> tuple[int, int, bytes]:
        return (-book.source_rank(attribute, fact.ministry), fact.occurred_at, fact.content)

    return weight
