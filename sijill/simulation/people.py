"""The simulated people, and how a ministry's record writes one of them down."""

from dataclasses import dataclass, field
from typing import Any

from sijill.domain.event import EPOCH
from sijill.simulation.geography import Governorate
from sijill.simulation.naming import Chain

# Any odd factor without a common divisor of the range gives each person another number.
_NUMBERS = 900_000_000_000
_NUMBER_STEP = 700_006_299_911
_PASSPORTS = 100_000_000
_PASSPORT_STEP = 61_803_399

# Kinds that link records, strongest first: what a publisher keys its messages by.
STRENGTH = (
    "NATIONAL_NUMBER",
    "PASSPORT",
    "REFUGEE_NUMBER",
    "INSURANCE_NUMBER",
    "BENEFICIARY_NUMBER",
)

_EASTERN = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_ASCII = str.maketrans("٠١٢٣٤٥٦٧٨٩", "0123456789")
EASTERN_EVERY = 13
"""One person in so many has the number on file in Arabic-Indic digits."""

Block = dict[str, Any]


@dataclass(slots=True)
class Person:
    """One person; `number` is ours, all identifiers follow from it."""

    number: int
    chain: Chain
    sex: str
    birth: int
    birth_precision: str
    place: Governorate
    district: str
    registered: bool
    """Whether the person holds the 12-digit national number."""
    passport: bool

    @property
    def national_number(self) -> str:
        """Return the 12 digits, whether or not they have been issued."""
        return str(100_000_000_000 + (self.number * _NUMBER_STEP + 271_828_182) % _NUMBERS)

    @property
    def passport_number(self) -> str:
        """Return the passport's letter and digits, whether or not one has been issued."""
        return f"A{(self.number * _PASSPORT_STEP + 14_142) % _PASSPORTS:08d}"

    def beneficiary_number(self) -> str:
        """Return the number under which a ministry without the card's number files the person."""
        return f"BN-{self.number:08d}"


@dataclass(slots=True)
class Household:
    """People who live together; each programme will file them under a number of its own."""

    number: int
    place: Governorate
    district: str
    head: Person
    spouse: Person | None
    children: list[Person] = field(default_factory=list)
    elders: list[Person] = field(default_factory=list)
    way: str = ""

    @property
    def members(self) -> list[tuple[str, Person]]:
        """Return (role, person) of everybody, the head first."""
        couple = [("HEAD", self.head)] + ([("SPOUSE", self.spouse)] if self.spouse else [])
        children = [("CHILD", child) for child in self.children]
        return couple + children + [("PARENT", elder) for elder in self.elders]


def identifier(kind: str, value: str, issuer: str | None = None) -> Block:
    """Return one identifier as the schema writes it."""
    return {"kind": kind, "value": value, "issuer": issuer}


def held(person: Person, *, passport: bool = False, beneficiary: bool = False) -> list[Block]:
    """Return the identifiers that a ministry holds of the person, strongest first.

    The national number stands whenever there is one; `passport` asks for the passport too, and
    `beneficiary` for the ministry's own number, which is what remains of people without papers.
    """
    found = []
    if person.registered:
        number = person.national_number
        eastern = person.number % EASTERN_EVERY == 0
        found.append(
            identifier("NATIONAL_NUMBER", number.translate(_EASTERN) if eastern else number)
        )
    if passport and person.passport:
        found.append(identifier("PASSPORT", person.passport_number, person.place.country))
    if beneficiary:
        found.append(identifier("BENEFICIARY_NUMBER", person.beneficiary_number()))
    return found


def block(person: Person, *, script: str, identifiers: list[Block], brief: bool = False) -> Block:
    """Return the person as one ministry writes it; a brief block (a pay list) has no mother."""
    chain, variant = person.chain, person.number
    great = None if brief or variant % 3 == 0 else chain.great_grandfather.written(script, variant)
    return {
        "identifiers": identifiers,
        "given": chain.given.written(script, variant),
        "father": chain.father.written(script, variant),
        "grandfather": chain.grandfather.written(script, variant),
        "great_grandfather": great,
        "family": chain.family.written(script, variant) if chain.family else None,
        "mother_given": None if brief else chain.mother_given.written(script, variant),
        "mother_father": None if brief else chain.mother_father.written(script, variant),
        "sex": person.sex.upper(),
        "birth_date": person.birth - EPOCH,
        "birth_precision": person.birth_precision,
        "governorate": person.place.code,
        "district": None if brief else person.district,
        "residence_country": None,
    }


def strongest(identifiers: list[Block], ministry: str) -> str | None:
    """Return the strongest identifier with its kind and scope, None when no kind of them links.

    Its digits are ASCII, as those who hash identifiers have agreed.
    """
    for kind in STRENGTH:
        for one in identifiers:
            if one["kind"] == kind:
                return f"{kind}\0{_scope(one, ministry)}\0{one['value'].translate(_ASCII)}"
    return None


def _scope(one: Block, ministry: str) -> str:
    kind = one["kind"]
    if kind == "PASSPORT":
        return one["issuer"] or ""
    return ministry if kind in ("INSURANCE_NUMBER", "BENEFICIARY_NUMBER") else ""
