"""Sentences about few people, and the records that say them to the hub.

A sentence is one version of one source record. What it says stands in plain words in its text, so
that a failing example is read and not deciphered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sijill import topics
from sijill.adapters import codec
from tests.services.story import person

REGISTRY_KEY = b"registry-key-of-the-tests-only--"
HUB_KEY = b"hub-key-of-the-tests-only-------"

NUMBERS = {
    "N1": ("NATIONAL_NUMBER", "198012345678"),
    "N2": ("NATIONAL_NUMBER", "198587654321"),
    "N3": ("NATIONAL_NUMBER", "197311112222"),
    "P1": ("PASSPORT", "A1234567"),
    "P2": ("PASSPORT", "B7654321"),
    "R1": ("REFUGEE_NUMBER", "REF-1001"),
    "B1": ("BENEFICIARY_NUMBER", "BEN-77"),
}
"""Everything that records may be linked by; N are national numbers, P passports."""

SOMEBODY = "somebody"
NAMES = {
    SOMEBODY: None,
    "Ali": ("علي", "MALE", "1980-01-01"),
    "Sara": ("سارة", "FEMALE", "1985-05-05"),
    "Omar": ("عمر", "MALE", "1990-01-01"),
    "Zaynab": ("زينب", "FEMALE", "1970-01-01"),
    "Karim": ("كريم", "MALE", "1965-01-01"),
    "Suad": ("سعاد", "FEMALE", "1975-01-01"),
    "Jasim": ("جاسم", "MALE", "1955-01-01"),
}
"""Given name, sex and birth, which together tell people apart; nothing of them for somebody."""


class Mention(NamedTuple):
    """A person as one record names one: a name, and numbers that need not be the person's own."""

    name: str = SOMEBODY
    numbers: tuple[str, ...] = ()

    def block(self) -> dict[str, Any]:
        """Return the person block of a record."""
        said = NAMES[self.name]
        parts = {}
        if said is not None:
            parts = dict(zip(("given", "sex", "birth_date"), said, strict=True))
            parts["birth_precision"] = "DAY"
        return person(ids=[NUMBERS[number] for number in self.numbers], **parts)

    def __str__(self) -> str:
        """Say who it is, as "Ali (N1, P1)"."""
        return f"{self.name} ({', '.join(self.numbers) or 'no number'})"


@dataclass(frozen=True)
class Sentence:
    """One version of a source record: what a ministry says, in its fields and in words.

    A decision has no notice and no basis yet: `alert` says which of the open alerts, as they
    stand when the story comes to the sentence, the ministry answers.
    """

    ministry: str
    stream: str
    record_id: str
    seq: int
    occurred_at: str
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    alert: int | None = None

    @property
    def topic(self) -> str:
        """The topic on which the ministry says it."""
        return topics.name("source", self.ministry, self.stream)

    def value(self, **more: Any) -> bytes:
        """Return the record's bytes, with fields that are known only when it is sent."""
        record = {
            "event_id": f"{self.record_id}/{self.seq}",
            "ministry": self.ministry,
            "source_record_id": self.record_id,
            "source_seq": self.seq,
            "occurred_at": self.occurred_at,
            **self.fields,
            **more,
        }
        return codec.encode(self.stream, codec.from_json(self.stream, record))

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.ministry}, {self.record_id} version {self.seq}: {self.text}"


def said(
    ministry: str, event: tuple[str, Mapping[str, Any]], *, alert: int | None = None
) -> Sentence:
    """Return the sentence of an event that is written by hand."""
    stream, record = event
    fields = {name: value for name, value in record.items() if name not in _COMMON}
    record_id, seq = record["source_record_id"], record["source_seq"]
    text = str(record.get("status", ""))
    return Sentence(
        ministry, stream, record_id, seq, record["occurred_at"], text, fields, alert=alert
    )


_COMMON = ("event_id", "ministry", "source_record_id", "source_seq", "occurred_at")
