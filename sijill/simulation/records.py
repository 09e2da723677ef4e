"""What a source record looks like on the wire: one function per stream, plain dictionaries out.

Days come in as ordinals, `through` days are inclusive and None when open. `event_id` is missing:
it is the label of a message, given when the message is made.
"""

from typing import Any, NamedTuple
from zlib import crc32

from sijill.domain.event import EPOCH
from sijill.simulation.calendar import instant
from sijill.simulation.people import Block, strongest

SEQ_STEP = 10
"""Versions are numbered in tens, so that a correction finds room between two of them."""


class Draft(NamedTuple):
    """One version of one source record before it becomes a message.

    `key_source` is what the message's key is made of, one and the same for all versions of a
    record: so all of them lie on one partition, in order. `single` says that no other version
    of the record will come.
    """

    stream: str
    payload: Block
    key_source: str
    single: bool

    @property
    def ministry(self) -> str:
        """Return the code of the sending ministry."""
        code: str = self.payload["ministry"]
        return code

    @property
    def record(self) -> tuple[str, str, str]:
        """Return (ministry, stream, source record id)."""
        return self.payload["ministry"], self.stream, self.payload["source_record_id"]


class Origin(NamedTuple):
    """Which version of which record, and on which day its office wrote it."""

    ministry: str
    record_id: str
    seq: int
    day: int
    status: str

    def head(self) -> Block:
        """Return the fields that all streams share."""
        return {
            "ministry": self.ministry,
            "source_record_id": self.record_id,
            "source_seq": self.seq,
            "occurred_at": instant(self.day, hash_of(self.record_id) + self.seq),
            "status": self.status,
        }


def hash_of(text: str) -> int:
    """Return a number that is the same on every machine and in every run."""
    return crc32(text.encode())


def wire_day(day: int | None) -> int | None:
    """Return an ordinal as the wire writes dates: days since 1970."""
    return None if day is None else day - EPOCH


def key_source_of(origin: Origin, stream: str, person: Block) -> str:
    """Return what a message about this person is keyed by: the strongest identifier held.

    It is the very text that the publisher hashes, so that a person's records meet on one partition
    whoever sends them; a record without such an identifier goes by its own number.
    """
    return strongest(person["identifiers"], origin.ministry) or (
        f"{origin.ministry}\0{stream}\0{origin.record_id}"
    )


def enrollment(
    origin: Origin,
    *,
    person: Block,
    programme: str,
    start: int,
    through: int | None = None,
    single: bool = False,
    **more: Any,
) -> Draft:
    """Return an enrollment from `start` through `through`; `more` are fields of the schema."""
    payload = {
        **origin.head(),
        "person": person,
        "programme": programme,
        "enrolled_from": start - EPOCH,
        "enrolled_through": wire_day(through),
        **more,
    }
    return Draft("enrollment", payload, key_source_of(origin, "enrollment", person), single)


def payment(
    origin: Origin,
    *,
    person: Block,
    programme: str,
    period: tuple[str, int, int],
    amount: int,
    single: bool = False,
    **more: Any,
) -> Draft:
    """Return a payment; `period` is (key, first day, last day); `more` may override any field."""
    payload = {
        **origin.head(),
        "person": person,
        "programme": programme,
        "period": period[0],
        "period_from": period[1] - EPOCH,
        "period_through": period[2] - EPOCH,
        "amount": amount,
        "currency": "IQD",
        "form": "CASH",
        **more,
    }
    return Draft("payment", payload, key_source_of(origin, "payment", person), single)


def line(
    line_id: str, person: Block, *, role: str, start: int, through: int | None = None
) -> Block:
    """Return one line of a household's roster."""
    return {
        "line_id": line_id,
        "person": person,
        "role": role,
        "member_from": start - EPOCH,
        "member_through": wire_day(through),
    }


def household(
    origin: Origin, *, roster: str, number: str, lines: list[Block], **more: Any
) -> Draft:
    """Return a roster with everyone who ever belonged; one of them is the head."""
    payload = {
        **origin.head(),
        "roster": roster,
        "household_number": number,
        "lines": lines,
        **more,
    }
    head = next(one["person"] for one in lines if one["role"] == "HEAD")
    source = key_source_of(origin, "household", head)
    return Draft("household", payload, source, single=False)


def vital(origin: Origin, *, person: Block, kind: str, day: int, **more: Any) -> Draft:
    """Return a birth, death, marriage, divorce or change of residence."""
    payload = {**origin.head(), "person": person, "kind": kind, "event_date": day - EPOCH, **more}
    return Draft("vital", payload, key_source_of(origin, "vital", person), single=False)


def income(
    origin: Origin,
    *,
    person: Block,
    kind: str,
    start: int,
    amount: int,
    through: int | None = None,
    **more: Any,
) -> Draft:
    """Return an income of one constant amount a month, in the counting unit of IQD."""
    amounts = [
        {
            "amount_from": start - EPOCH,
            "amount_through": wire_day(through),
            "amount": amount,
            "currency": "IQD",
        }
    ]
    payload = {
        **origin.head(),
        "person": person,
        "kind": kind,
        "income_from": start - EPOCH,
        "income_through": wire_day(through),
        "amounts": amounts,
        **more,
    }
    return Draft("income", payload, key_source_of(origin, "income", person), single=False)


def decision(origin: Origin, *, notice: str, code: str) -> Draft:
    """Return an answer to a notice, under a basis that covers no evidence."""
    payload = {
        **origin.head(),
        "notice_id": notice,
        "basis": "1;;;0;IQD",
        "code": code,
        "decided_by": f"desk-{origin.seq % 7}",
    }
    return Draft("decision", payload, f"{origin.ministry}\0decision\0{notice}", single=True)
