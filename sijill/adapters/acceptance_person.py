"""The person block of a record: its parts, the tokens of its identifiers, its signature."""

import hashlib
from datetime import date
from typing import NamedTuple

from sijill.adapters.acceptance_fields import EPOCH, Record, Sheet
from sijill.domain.event import Person
from sijill.domain.identifiers import KINDS, Tokens, is_dummy, normalise, scope_of
from sijill.domain.names import skeleton

_DAY_MS = 86_400_000

Ranked = tuple[tuple[int, bytes], ...]
"""The tokens of linking identifiers as (rank, token), strongest first."""


class Who(NamedTuple):
    """A person block, read: what it says, how it links, and its identifiers in the clear."""

    person: Person
    tokens: Ranked
    signature: bytes | None
    shown: tuple[str, ...]  # normal forms of all identifiers, only to compare with the key


def read_person(sheet: Sheet, block: Record, *, occurred_at: int, tokens: Tokens) -> Who:
    """Return what a person block says; its faults go to the sheet."""
    sex = block["sex"]
    person = Person(
        given=sheet.text(block, "given"),
        father=sheet.text(block, "father"),
        grandfather=sheet.text(block, "grandfather"),
        great_grandfather=sheet.text(block, "great_grandfather"),
        family=sheet.text(block, "family"),
        mother_given=sheet.text(block, "mother_given"),
        mother_father=sheet.text(block, "mother_father"),
        sex=None if sex == "UNKNOWN" else sex,
        birth=_birth(sheet, block, occurred_at),
        birth_precision="UNKNOWN" if block["birth_date"] is None else block["birth_precision"],
        governorate=sheet.code(block, "governorate"),
        district=sheet.text(block, "district"),
        country=sheet.country(block, "residence_country"),
    )
    ranked, shown = _tokens(sheet, block, tokens)
    return Who(person, ranked, signature(person), shown)


def signature(person: Person) -> bytes | None:
    """Return what tells different people apart who carry one identifier.

    None unless given name, year of birth and sex are all known.
    """
    if person.given is None or person.sex is None:
        return None
    if person.birth is None or person.birth_precision == "UNKNOWN":
        return None
    name = skeleton(person.given)
    if not name:
        return None
    year = date.fromordinal(person.birth).year
    return hashlib.blake2b(f"{name}\0{year}\0{person.sex}".encode(), digest_size=16).digest()


def one_token(sheet: Sheet, identifier: Record, tokens: Tokens) -> tuple[str, bytes | None]:
    """Return the normal form of an identifier and its token; a dummy has none."""
    kind = identifier["kind"]
    normal = _normal(sheet, identifier)
    issuer = sheet.code(identifier, "issuer")
    if not normal or is_dummy(normal):
        return "", None
    return normal, tokens(kind, scope_of(kind, sheet.ministry, issuer), normal)


def _birth(sheet: Sheet, block: Record, occurred_at: int) -> int | None:
    before = len(sheet.faults)
    day = sheet.day(block, "birth_date")
    if day is None or len(sheet.faults) > before:
        return None
    # The date is local and the instant is UTC: a child may be born "tomorrow", by hours.
    if day - EPOCH > occurred_at // _DAY_MS + 1:
        sheet.fault("birth_date", "FUTURE_BIRTH")
    return day


def _tokens(sheet: Sheet, block: Record, tokens: Tokens) -> tuple[Ranked, tuple[str, ...]]:
    ranked: set[tuple[int, bytes]] = set()
    shown = []
    for identifier in sheet.items(block, "identifiers"):
        kind = KINDS[identifier["kind"]]
        if kind.links:
            normal, token = one_token(sheet, identifier, tokens)
            if token is not None:
                ranked.add((kind.rank, token))
        else:
            normal = _normal(sheet, identifier)
        shown.append(normal)
    if sum(rank == 0 for rank, _ in ranked) > 1:
        sheet.fault("identifiers", "TWO_NATIONAL_NUMBERS")
    return tuple(sorted(ranked)), tuple(shown)


def _normal(sheet: Sheet, identifier: Record) -> str:
    raw = sheet.required(identifier, "value")
    if not raw:
        return ""
    normal = normalise(identifier["kind"], raw)
    if normal is None:
        sheet.fault("value", "BAD_IDENTIFIER")
    return normal or ""
