"""What the rules read and what they answer: the shapes shared by every evaluator."""

from typing import NamedTuple

from sijill.domain.event import Fact, Span


class PersonFacts(NamedTuple):
    """One derived person: every fact that hangs on it, sorted by (record, line)."""

    facts: tuple[Fact, ...]
    death: int | None
    """Day of death, chosen among the vital events by the book's source rank."""
    key: bytes
    """The person's smallest mention: stable for the set of facts, never a surrogate id."""


class Member(NamedTuple):
    """One current person of a household, by the roster line that names it."""

    role: str
    start: int
    stop: int
    line: Fact
    person: PersonFacts


class HouseholdFacts(NamedTuple):
    """One household of one programme's roster, with what was given to it.

    `facts` are the enrollments and payments of household programmes that carry this number, of
    any person, sorted by (record, line). Without a roster the enrolled person is the head and
    the only member.
    """

    ministry: str
    roster: str
    number: str
    members: tuple[Member, ...]
    facts: tuple[Fact, ...]


Subject = PersonFacts | HouseholdFacts


class Overlap(NamedTuple):
    """One finding of one rule: the whole evidence, when, how much, and how sure."""

    rule: str
    version: str
    """Label of the version of the rule that governs the last of the spans."""
    type: str
    left: Fact
    right: Fact | None
    evidence: tuple[Fact, ...]
    """Every fact the finding rests on, left and right included, sorted by (record, line)."""
    scope: bytes
    """For n-ary rules, what the one alert is about; b"" for rules with two sides."""
    period: str
    spans: tuple[Span, ...]
    months: tuple[str, ...]
    """ISO months ("2024-06") that the overlap touches."""
    amount: int
    """Money at stake in counting units of `currency`; 0 when no payment shows any."""
    currency: str
    certainty: str  # certain | disputed | unsure
    verdict: str  # raised | permitted
    exception: str | None
    since: int
    """The first day on which all facts of the overlap hold."""
