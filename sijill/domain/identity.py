"""Who is who: a person is derived from the current mentions, and from nothing else.

Two groupings, both pure functions of the facts given:

* a *cluster* is everything reachable through identifiers, whether the link was made or left out.
  It is what the registrar locks, loads and recomputes as one;
* a *person* is what the made links join inside a cluster. Links are made in one order, and a link
  that would bring two national numbers together is left out and reported.

Payments belong to a cluster but link nothing: they hang on their strongest identifier that a
mention carries. A saturated identifier (carried by more than `SATURATION` different people) links
nothing at all.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from sijill.domain.event import Fact
from sijill.domain.forest import Forest

SATURATION = 5
"""An identifier carried by more different signatures than this is nobody's own."""

NATIONAL = 0
"""The rank of the national number among the kinds of identifiers."""

Node = tuple[bytes, str] | bytes
"""A mention or payment by (record, line), or an identifier by its token."""


class Conflict(NamedTuple):
    """A link that was left out, since it would have joined two national numbers."""

    token: bytes
    record: bytes
    line: str


class Grouping(NamedTuple):
    """The persons of one cluster, the payments that wait for one, and the links left out."""

    persons: tuple[tuple[Fact, ...], ...]
    waiting: tuple[Fact, ...]
    conflicts: tuple[Conflict, ...]


def is_mention(fact: Fact) -> bool:
    """Return whether the fact mentions a person, as all but payments do."""
    return fact.stream != "payment"


def mention_of(facts: Iterable[Fact]) -> tuple[bytes, str]:
    """Return the smallest mention among a person's facts: the person's stable name."""
    return min((f.record, f.line) for f in facts if is_mention(f))


def saturated_tokens(facts: Iterable[Fact]) -> set[bytes]:
    """Return the tokens that more than `SATURATION` different signatures among `facts` carry."""
    facts = list(facts)
    # Hardly any cluster knows so many different people.
    if len({fact.signature for fact in facts} - {None}) <= SATURATION:
        return set()
    carried: dict[bytes, set[bytes]] = {}
    for fact in facts:
        if fact.signature is not None:
            for _, token in fact.tokens:
                carried.setdefault(token, set()).add(fact.signature)
    return {token for token, seen in carried.items() if len(seen) > SATURATION}


class _Persons(Forest):
    """Mentions and tokens by person; a root remembers the national number of its set."""

    def __init__(self) -> None:
        super().__init__()
        self.national: dict[object, bytes] = {}

    def link(self, one: Node, other: Node) -> bool:
        """Join two sets; return False, and join nothing, if their national numbers differ."""
        a, b = self.find(one), self.find(other)
        number, another = self.national.get(a), self.national.get(b)
        if number is not None and another is not None and number != another:
            return False
        self.join(a, b)
        if number is None and another is not None:
            self.national[a] = another
        return True


def clusters(facts: Iterable[Fact], saturated: Collection[bytes]) -> list[list[Fact]]:
    """Return the facts by cluster: connected through any identifier that is not saturated."""
    facts = list(facts)
    if _shared(facts, saturated):
        return [facts]
    forest = Forest()
    for fact in facts:
        node = (fact.record, fact.line)
        forest.find(node)
        for _, token in fact.tokens:
            if token not in saturated:
                forest.join(token, node)
    parts: dict[object, list[Fact]] = {}
    for fact in facts:
        parts.setdefault(forest.find((fact.record, fact.line)), []).append(fact)
    return list(parts.values())


def group(facts: Iterable[Fact], saturated: Collection[bytes]) -> Grouping:
    """Return the persons of one cluster.

    Order: national numbers first, then by (rank of the kind, token, mention), so that the same
    mentions give the same persons in whatever order they came.
    """
    facts = sorted(facts, key=_line)
    mentions = [f for f in facts if is_mention(f)]
    numbers = {t for f in mentions for rank, t in f.tokens if rank == NATIONAL}
    if len(numbers) <= 1 and (len(mentions) <= 1 or _shared(mentions, saturated)):
        return _single(facts, mentions, saturated)
    forest = _Persons()
    links = sorted(
        (rank, token, (fact.record, fact.line))
        for fact in mentions
        for rank, token in fact.tokens
        if token not in saturated
    )
    conflicts = []
    for rank, token, node in links:
        if rank == NATIONAL:
            forest.national.setdefault(forest.find(token), token)
        if not forest.link(token, node):
            conflicts.append(Conflict(token, *node))
    persons: dict[object, list[Fact]] = {}
    for fact in mentions:
        persons.setdefault(forest.find((fact.record, fact.line)), []).append(fact)
    carried = {token for _, token, _ in links}
    waiting: list[Fact] = []
    for fact in facts:
        if fact.stream == "payment":
            hook = _hook(fact, carried)
            (waiting if hook is None else persons[forest.find(hook)]).append(fact)
    ordered = sorted((_ordered(p) for p in persons.values()), key=mention_of)
    return Grouping(tuple(ordered), tuple(waiting), tuple(conflicts))


def _shared(facts: list[Fact], saturated: Collection[bytes]) -> bool:
    """Return whether one identifier that is not saturated stands in every fact."""
    first = facts[0].tokens if facts else ()
    return any(
        link[1] not in saturated and all(link in fact.tokens for fact in facts) for link in first
    )


def _single(facts: list[Fact], mentions: list[Fact], saturated: Collection[bytes]) -> Grouping:
    """Group the commonest cluster, mentions of one person with payments, without a forest."""
    carried = {token for f in mentions for _, token in f.tokens if token not in saturated}
    person: list[Fact] = []
    waiting: list[Fact] = []
    for fact in facts:
        hangs = is_mention(fact) or _hook(fact, carried) is not None
        (person if hangs else waiting).append(fact)
    return Grouping((tuple(person),) if mentions else (), tuple(waiting), ())


def _hook(payment: Fact, carried: Collection[bytes]) -> bytes | None:
    """Return the payment's strongest identifier that a mention carries, if any."""
    for _, token in payment.tokens:
        if token in carried:
            return token
    return None


def _line(fact: Fact) -> tuple[bytes, str]:
    return fact[:2]


def _ordered(facts: list[Fact]) -> tuple[Fact, ...]:
    return tuple(sorted(facts, key=_line))
