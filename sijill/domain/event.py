"""What an accepted event says, in plain tuples: the vocabulary that all pure code shares.

Days are proleptic ordinals (`date.toordinal()`), periods are half-open `(start, stop)` with
`stop = INF` for an open end, amounts are integers in the currency's counting unit, instants are
milliseconds since 1970 (UTC). Every tuple holds only ints, strings, bytes, booleans, None and
tuples, so that a whole state can be packed with `marshal`.
"""

import hashlib
from typing import NamedTuple

INF = 2**31 - 1
"""The stop of a period that has no end yet."""

Span = tuple[int, int]
"""A half-open period of days."""

EPOCH = 719_163
"""The ordinal of 1970-01-01, from which Avro counts days."""

STREAMS = ("enrollment", "payment", "household", "vital", "income", "decision")


class Enrollment(NamedTuple):
    """One spell of one person (or of the household that this person heads) in a programme."""

    programme: str
    status: str  # PROPOSED | ACTIVE | SUSPENDED | EXITED
    start: int
    stop: int
    suspensions: tuple[Span, ...]
    household: str | None
    categories: tuple[str, ...]
    disability_degree: int | None
    care_recipient: bytes | None
    waivers: tuple[tuple[str, int, int], ...]
    centre: str | None
    account: bytes | None
    exit_reason: str | None
    amount: int | None
    currency: str | None


class Payment(NamedTuple):
    """One payment for one period of entitlement, planned, made or reversed."""

    programme: str
    status: str  # PLANNED | MADE | REVERSED
    period: str
    start: int
    stop: int
    amount: int
    currency: str
    form: str  # CASH | VOUCHER | IN_KIND | SERVICE
    planned_on: int | None
    paid_on: int | None
    household: str | None
    account: bytes | None
    reference: str | None
    centre: str | None


class Membership(NamedTuple):
    """One line of a household's roster: who belonged, as what, from when to when."""

    roster: str
    number: str
    role: str
    start: int
    stop: int
    centre: str | None


class Vital(NamedTuple):
    """A birth, death, marriage, divorce or change of residence, by its date."""

    kind: str  # BIRTH | DEATH | MARRIAGE | DIVORCE | RESIDENCE
    day: int
    country: str | None
    partner: bytes | None


class Income(NamedTuple):
    """One employment, pension, insured work or business, with its dated amounts per month."""

    kind: str  # PUBLIC_SALARY | PENSION | INSURED_WORK | BUSINESS_OWNERSHIP
    # | PROFESSIONAL_LICENCE
    start: int
    stop: int
    amounts: tuple[tuple[int, int, int, str, str | None], ...]
    """(start, stop, amount a month, currency, component): components of one day add up."""
    source: str | None


Detail = Enrollment | Payment | Membership | Vital | Income
DETAILS: dict[str, type[Detail]] = {
    "enrollment": Enrollment,
    "payment": Payment,
    "household": Membership,
    "vital": Vital,
    "income": Income,
}


class Person(NamedTuple):
    """What one mention says about its person; every part may be absent."""

    given: str | None
    father: str | None
    grandfather: str | None
    great_grandfather: str | None
    family: str | None
    mother_given: str | None
    mother_father: str | None
    sex: str | None  # FEMALE | MALE
    birth: int | None
    birth_precision: str  # DAY | MONTH | YEAR | UNKNOWN
    governorate: str | None
    district: str | None
    country: str | None


class Fact(NamedTuple):
    """One line of the current version of one source record: the unit of the fold.

    `tokens` are the strong identifiers as (rank of the kind, keyed hash), strongest first.
    `signature` tells different people apart who carry one identifier: present only when given
    name, birth year and sex are all present.
    """

    record: bytes
    line: str
    stream: str
    ministry: str
    record_id: str
    seq: int
    content: bytes
    disputed: bool
    occurred_at: int
    event_id: str
    tokens: tuple[tuple[int, bytes], ...]
    signature: bytes | None
    person: Person
    detail: Detail


class Decision(NamedTuple):
    """A ministry's answer to a notice, on exactly the evidence that its basis names."""

    notice: bytes
    basis: str
    code: str
    until: int | None
    reason: str | None
    note: str | None


class Event(NamedTuple):
    """An accepted event: one version of one source record, with its lines.

    `facts` is empty when the version is VOID, and for decisions; `households` names the
    (roster code, number) pairs that the version carries, for rosters without any line too.
    """

    record: bytes
    ministry: str
    stream: str
    record_id: str
    seq: int
    content: bytes
    event_id: str
    occurred_at: int
    void: bool
    facts: tuple[Fact, ...]
    decision: Decision | None


def record_key(ministry: str, stream: str, record_id: str) -> bytes:
    """Return the 16-byte key of a source record; no part may contain NUL."""
    name = f"{ministry}\0{stream}\0{record_id}".encode()
    return hashlib.blake2b(name, digest_size=16).digest()


def pack_fact(fact: Fact) -> tuple[object, ...]:
    """Return the fact as nested plain tuples, which `marshal` takes."""
    return (*fact[:12], tuple(fact.person), tuple(fact.detail))


def unpack_fact(packed: tuple[object, ...]) -> Fact:
    """Return the fact that `pack_fact` packed."""
    make = tuple.__new__  # a third of the cost of `_make`, a hundred thousand times a second
    person = make(Person, packed[12])  # type: ignore[arg-type]
    detail = make(DETAILS[packed[2]], packed[13])  # type: ignore[index,arg-type]
    return make(Fact, (*packed[:12], person, detail))
