"""The short way: a new fact comes to a cluster about which nothing is special.

Nearly every event is a payment or one more record of a person whom no rule concerns. Then grouping
everything again would give the same person with one fact more, and evaluating everything again
nothing. This says so at a fraction of the cost, or that it cannot tell: then the long way is taken
(`fold.py`). Both give the same state, but for the order in which facts are packed.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sijill.adapters.registry.alerts import Context
from sijill.adapters.registry.clusters import Locked
from sijill.adapters.registry.state import (
    NOTHING,
    ClusterState,
    Head,
    Plain,
)
from sijill.domain.event import INF, Enrollment, Fact, Payment, Vital
from sijill.domain.fold import PersonRow, person_key, row
from sijill.domain.household import Name, named_by
from sijill.domain.identity import SATURATION, is_mention
from sijill.domain.rulebook import Book
from sijill.domain.rules import evaluate_person
from sijill.domain.rules.holding import paid_key
from sijill.domain.rules.overlap import PersonFacts
from sijill.domain.rules.plan import plan_of

Said = tuple[PersonRow, list[str], int]
"""What is published of a person: the row, the programmes, the number of open alerts."""

Period = tuple[str, str]
"""A benefit class and the key of a period that was paid."""


class Grown(NamedTuple):
    """A plain cluster with its new facts."""

    head: Head
    next_change: int
    person: tuple[bytes, Said] | None
    """The person's key and what is said of it, when a mention came."""
    names: list[Name]
    """The households that the new facts name."""
    paid: list[tuple[bytes, Period]]
    """(household's key, period) of the payments that are compared in a household."""


class _Paid(NamedTuple):
    """Payments that can be taken: what they add to the cluster, and to households."""

    periods: tuple[Period, ...]
    names: list[Name]
    in_households: list[tuple[bytes, Period]]


def plain_of(state: ClusterState, people: list[PersonFacts], context: Context) -> Plain | None:
    """Return what makes a cluster plain, after its evaluation; None when something is special."""
    if len(people) != 1 or state.alerts or state.saturated:
        return None
    (person,) = people
    if person.death is not None or len(person.facts) < len(state.facts):
        return None
    plan = plan_of(context.book)
    paid: set[Period] = set()
    for fact in person.facts:
        compared = paid_key(fact, fact.detail, plan) if isinstance(fact.detail, Payment) else None
        if compared is not None and not compared[0]:
            if compared[1] in paid:
                return None
            paid.add(compared[1])
    mentions = [fact for fact in person.facts if is_mention(fact)]
    signatures = {f.signature for f in person.facts if f.signature is not None}
    return Plain(_tokens(mentions), tuple(signatures), tuple(paid))


def grow(
    before: Locked | None,
    facts: list[Fact],
    context: Context,
    *,
    mentions: list[Fact],
) -> Grown | None:
    """Return the cluster with the new facts, or None when that has to be worked out in full.

    `before` is None for a cluster that this batch has claimed. `mentions` are those that stand in
    the cluster; they are needed only when another one comes.
    """
    state = NOTHING if before is None else before.state
    if state.plain is None or (before is not None and before.book_seq != context.book_seq):
        return None
    new, payments = _parted(facts)
    carried, signatures, periods = state.plain
    if before is None:
        carried = _tokens(new[:1])
    for fact in facts:
        if fact.signature not in signatures and fact.signature is not None:
            signatures = (*signatures, fact.signature)
    if len(signatures) > SATURATION or not _belong(new, carried):
        return None
    paid = _pay(payments, carried, periods, context.book)
    if paid is None:
        return None
    names = paid.names
    next_change, person = (INF if before is None else before.next_change), None
    if new:
        evaluated = _evaluate((*mentions, *new), context)
        if evaluated is None:
            return None
        next_change, person = evaluated
        names += [name for fact in new if (name := named_by(fact, context.book))]
    households = state.households
    if names:
        households = tuple(sorted({*households, *[name.key for name in names]}))
    head = Head(Plain(carried, signatures, paid.periods), state.persons, households, (), ())
    return Grown(head, next_change, person, names, paid.in_households)


def _parted(facts: list[Fact]) -> tuple[list[Fact], list[Fact]]:
    """Return the mentions and the payments; nearly always there is but one fact."""
    if len(facts) == 1:
        return (facts, []) if is_mention(facts[0]) else ([], facts)
    return [f for f in facts if is_mention(f)], [f for f in facts if not is_mention(f)]


def _belong(mentions: list[Fact], carried: tuple[bytes, ...]) -> bool:
    """Return whether these mentions are of the living person who carries these tokens."""
    for fact in mentions:
        for _, token in fact.tokens:
            if token not in carried:
                return False
        if isinstance(fact.detail, Vital) and fact.detail.kind == "DEATH":
            return False
    return bool(carried)


def _pay(
    payments: list[Fact], carried: tuple[bytes, ...], periods: tuple[Period, ...], book: Book
) -> _Paid | None:
    """Return the payments taken; None when one would wait or was made for a period twice."""
    paid = _Paid(periods, [], [])
    plan = plan_of(book)
    for fact in payments:
        if fact.tokens[0][1] not in carried and not any(t in carried for _, t in fact.tokens):
            return None
        detail = fact.detail
        assert isinstance(detail, Payment)
        name = named_by(fact, book) if detail.household is not None else None
        if name is not None:
            paid.names.append(name)
        compared = paid_key(fact, detail, plan)
        if compared is not None:
            in_household, period = compared
            if in_household:
                assert name is not None
                paid.in_households.append((name.key, period))
            elif period in periods:
                return None
            else:
                periods = (*periods, period)
    return paid._replace(periods=periods) if periods else paid


def _evaluate(
    mentions: tuple[Fact, ...], context: Context
) -> tuple[int, tuple[bytes, Said]] | None:
    """Return the next change, the person and what is said of it; None when there is a finding.

    What was paid decorates a finding and makes none, unless a period was paid twice.
    """
    if len(mentions) > 1:
        mentions = tuple(sorted(mentions, key=_line))
    subject = PersonFacts(mentions, None, person_key(*_line(mentions[0])))
    overlaps, next_change = evaluate_person(subject, context.book, context.as_of)
    if overlaps:
        return None
    return next_change, (subject.key, said_of(subject, 0, context.book))


def said_of(person: PersonFacts, raised: int, book: Book) -> Said:
    """Return what is published of a person with that many open alerts."""
    programmes = {f.detail.programme for f in person.facts if isinstance(f.detail, Enrollment)}
    return row(person, book), sorted(programmes), raised


def _tokens(mentions: Iterable[Fact]) -> tuple[bytes, ...]:
    return tuple({token: None for fact in mentions for _, token in fact.tokens})


def _line(fact: Fact) -> tuple[bytes, str]:
    return fact[:2]
