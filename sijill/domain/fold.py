"""What the registry says of a person, chosen among the records that mention it.

Where records differ on an attribute: the book's source rank for the attribute, then occurred_at,
then the greater content hash. Sequence numbers compare only within one record, never here.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from sijill.domain.event import Fact, Person, Vital
from sijill.domain.identity import Grouping, is_mention, mention_of
from sijill.domain.rulebook import Book
from sijill.domain.rules.overlap import PersonFacts

NOBODY = Person(*(None,) * 9, "UNKNOWN", None, None, None)
"""A mention that says nothing."""


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
    told = [
        (_weight("death", fact, book), fact.detail.day)
        for fact in facts
        if isinstance(fact.detail, Vital) and fact.detail.kind == "DEATH"
    ]
    return max(told)[1] if told else None


def row(person: PersonFacts, book: Book) -> PersonRow:
    """Return the person's row: each attribute from its best source, whole names from one source."""
    mentions = [f for f in person.facts if is_mention(f)]
    if len(mentions) == 1 or len({f.person for f in mentions}) == 1:
        only = mentions[0].person
        return _row(person, name=only, mother=only, birth=only, place=only, said=only)

    def best(attribute: str, field: str) -> Person:
        told = [f for f in mentions if getattr(f.person, field) is not None]
        if not told:
            return NOBODY
        return max(told, key=lambda f: _weight(attribute, f, book)).person

    sex, country = best("sex", "sex").sex, best("residence", "country").country
    return _row(
        person,
        name=best("name", "given"),
        mother=best("name", "mother_given"),
        birth=best("birth", "birth"),
        place=best("residence", "governorate"),
        said=NOBODY._replace(sex=sex, country=country),
    )


def _row(
    person: PersonFacts,
    *,
    name: Person,
    mother: Person,
    birth: Person,
    place: Person,
    said: Person,
) -> PersonRow:
    """Return the row; parts of a name without a given name, and the like, say nothing."""
    if name.given is None:
        name = NOBODY
    if mother.mother_given is None:
        mother = NOBODY
    if birth.birth is None:
        birth = NOBODY
    if place.governorate is None:
        place = NOBODY
    values = (person.key, *name[:5], *mother[5:7], said.sex, *birth[8:10], person.death,
              *place[10:12], said.country)  # fmt: skip
    return tuple.__new__(PersonRow, values)


def _weight(attribute: str, fact: Fact, book: Book) -> tuple[int, int, bytes]:
    return (-book.source_rank(attribute, fact.ministry), fact.occurred_at, fact.content)
