"""What a dossier is made of: the case as it is read, and the explanation as it is told."""

from typing import NamedTuple

from sijill.domain.alerts import Answer
from sijill.domain.dossier.drawing import Row
from sijill.domain.dossier.ends import End
from sijill.domain.dossier.subject import Subject
from sijill.domain.rules.overlap import Overlap
from sijill.domain.timeline import Spans


class Revision(NamedTuple):
    """One revision of the alert, as its history holds it."""

    revision: int
    state: str
    stage: str
    months: tuple[str, ...]
    amount: int
    day: int


class Said(NamedTuple):
    """A decision that was sent on this alert."""

    answer: Answer
    reason: str | None
    note: str | None


class Case(NamedTuple):
    """An alert as the registry holds it, with the persons that it lies on, if it stands."""

    alert: bytes
    overlap: Overlap
    open: bool
    stage: str
    revision: int
    raised_on: int
    basis: str
    history: tuple[Revision, ...]
    said: tuple[Said, ...]
    asked: tuple[tuple[str, bytes], ...]
    """The ministries that are asked, each with its notice id."""
    subject: Subject | None


class Law(NamedTuple):
    """A text of law that the alert rests on."""

    cite: str
    published: int
    url: str | None


class RuleTold(NamedTuple):
    """The rule and the version of it that governs the overlap."""

    id: str
    title: str
    type: str
    severity: str
    version: str
    valid_from: int | None
    valid_through: int | None
    law: tuple[Law, ...]
    params: tuple[tuple[str, int, str], ...]
    """(name, value, unit) on the overlap's last first day."""
    doubts: tuple[tuple[str, str], ...]
    """What the rule's author could not settle, and whom to ask."""


class Tested(NamedTuple):
    """An exception that was tested: its condition, on whose record, and whether it held."""

    label: str
    condition: str
    code: str
    record_id: str
    valid_from: int
    law: str
    days: Spans
    """The days on which it holds; none where it does not."""


class FactTold(NamedTuple):
    """One fact: where it comes from, when it holds, what it is worth."""

    number: int
    title: str
    counted: bool
    """Whether it is no evidence of the overlap, but part of the money at stake."""
    ministry: str
    stream: str
    record_id: str
    line: str
    version: int
    event_id: str
    occurred_at: int
    first: int
    last: int | None
    pauses: Spans
    """The days within the period on which it is suspended."""
    status: str | None
    role: str | None
    household: str | None
    amount: int | None
    currency: str | None
    disputed: bool


class DecisionTold(NamedTuple):
    """A decision, and whether it covers the evidence as it is today."""

    ministry: str
    code: str
    until: int | None
    reason: str | None
    note: str | None
    occurred_at: int
    covers: bool


class Dossier(NamedTuple):
    """The whole explanation."""

    alert: str
    lang: str
    sentence: str
    state: str
    open: bool
    verdict: str
    stage: str
    revision: int
    raised_on: int
    as_of: int
    certainty: str
    months: tuple[str, ...]
    spans: Spans
    amount: int
    currency: str
    asked: tuple[tuple[str, str], ...]
    rule: RuleTold | None
    tested: tuple[Tested, ...]
    facts: tuple[FactTold, ...]
    rows: tuple[Row, ...]
    window: tuple[int, int]
    decisions: tuple[DecisionTold, ...]
    history: tuple[Revision, ...]
    ends: tuple[End, ...]
    next_change: int | None
    next_reason: str | None
    """grows: months are added; begins: another period begins; decision: an answer runs out."""
