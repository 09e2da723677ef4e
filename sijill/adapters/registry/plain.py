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
    Packed,
    Plain,
    pack_one,
    unpack_some,
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


class Grown(NamedTuple):
    """A plain cluster with its new facts."""

    state: Packed
    next_change: int
    person: tuple[bytes, Said] | None
    """The person's key and what is said of it, when a mention came."""
    names: list[Name]
    """The households that the new facts name."""
    paid: list[tuple[bytes, tuple[str, str]]]
    """(household key, class and period) of the payments that are compared in a household."""


def plain_of(state: ClusterState, people: list[PersonFacts], context: Context) -> Plain | None:
    """Return what makes a cluster plain, after its evaluation; None when something is special."""
    if len(people) != 1 or state.alerts or state.saturated:
        return None
    (person,) = people
    if person.death is not None or len(person.facts) < len(state.facts):
        return None
    plan = plan_of(context.book)
    paid: set[tuple[str, str]] = set()
    for fact in person.facts:
        if isinstance(fact.detail, Payment):
            key = paid_key(fact, fact.detail, plan, household=False)
            if key in paid:
                return None
            if key is not None:
                paid.add(key)
    mentions = [fact for fact in person.facts if is_mention(fact)]
    signatures = {f.signature for f in person.facts if f.signature is not None}
    return Plain(_tokens(mentions), tuple(signatures), tuple(paid))


def grow(before: Locked | None, facts: list[Fact], context: Context, *, seq: int) -> Grown | None:
    """Return the cluster with the new facts, or None when that has to be worked out in full.

    `before` is None for a cluster that this batch has claimed; `seq` is that of the book in force.
    """
    state = NOTHING if before is None else before.state
    if state.plain is None or (before is not None and before.book_seq != seq):
        return None
    mentions = [fact for fact in facts if fact.stream != "payment"]
    carried, signatures, paid = state.plain
    if before is None:
        carried = _tokens(mentions[:1])
    news = {f.signature for f in facts if f.signature not in signatures and f.signature}
    if len(signatures) + len(news) > SATURATION or not _belong(mentions, carried):
        return None
    payments = _Payments(carried, {*paid}, context.book)
    if not all([payments.take(fact) for fact in facts if fact.stream == "payment"]):
        return None
    plain = Plain(carried, (*signatures, *news), tuple(payments.paid))
    names = payments.names
    state = state._replace(plain=plain, payments=(*state.payments, *payments.packed))
    next_change, person = (INF if before is None else before.next_change), None
    if mentions:
        standing = sorted((*unpack_some(state.mentions), *mentions), key=_line)
        key = person_key(*_line(standing[0]))
        subject = PersonFacts(tuple(standing), None, key)
        overlaps, next_change = evaluate_person(subject, context.book, context.as_of)
        if overlaps:
            return None
        person = key, said_of(subject, 0, context.book)
        names += [name for fact in mentions if (name := named_by(fact, context.book))]
        packed = tuple([pack_one(fact) for fact in mentions])
        state = state._replace(mentions=state.mentions + packed)
    if names:
        households = {*state.households, *(name.key for name in names)}
        state = state._replace(households=tuple(sorted(households)))
    return Grown(state, next_change, person, names, payments.in_households)


class _Payments:
    """The new payments of one cluster, as they are taken one by one."""

    def __init__(self, carried: tuple[bytes, ...], paid: set[tuple[str, str]], book: Book) -> None:
        self._carried, self._book, self._plan = carried, book, plan_of(book)
        self.paid = paid
        self.packed: list[bytes] = []
        self.names: list[Name] = []
        self.in_households: list[tuple[bytes, tuple[str, str]]] = []

    def take(self, fact: Fact) -> bool:
        """Take a payment; False when it would wait, or was paid for a period twice."""
        detail = fact.detail
        assert isinstance(detail, Payment)
        if not any([token in self._carried for _, token in fact.tokens]):
            return False
        key = paid_key(fact, detail, self._plan, household=False)
        if key is not None:
            if key in self.paid:
                return False
            self.paid.add(key)
        name = named_by(fact, self._book)
        if name is not None:
            self.names.append(name)
            shared = paid_key(fact, detail, self._plan, household=True)
            if shared is not None:
                self.in_households.append((name.key, shared))
        self.packed.append(pack_one(fact))
        return True


def said_of(person: PersonFacts, raised: int, book: Book) -> Said:
    """Return what is published of a person with that many open alerts."""
    programmes = {f.detail.programme for f in person.facts if isinstance(f.detail, Enrollment)}
    return row(person, book), sorted(programmes), raised


def _tokens(mentions: Iterable[Fact]) -> tuple[bytes, ...]:
    return tuple({token: None for fact in mentions for _, token in fact.tokens})


def _belong(mentions: list[Fact], carried: tuple[bytes, ...]) -> bool:
    """Return whether these mentions are of the living person who carries these tokens."""
    for fact in mentions:
        if not all([token in carried for _, token in fact.tokens]):
            return False
        if isinstance(fact.detail, Vital) and fact.detail.kind == "DEATH":
            return False
    return bool(carried)


def _line(fact: Fact) -> tuple[bytes, str]:
    return fact[:2]
