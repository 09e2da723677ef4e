"""How clusters merge and split when the facts in them change: one pure step.

A *workset* is the union of the clusters that a change can reach. Its facts are grouped again from
nothing, so that corrected records split what they had merged, by the same code.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from sijill.domain.event import Fact
from sijill.domain.identity import clusters, saturated_tokens

Line = tuple[bytes, str]
"""A fact's place: its record and the line in it."""


class Workset(NamedTuple):
    """Clusters that belong together for one change.

    `homes` says in which cluster each standing fact lay; `leads` where each token of a new fact
    leads; `gone` are the facts that the change takes away; `saturated` is known beforehand, and
    `thawed` are the tokens that have ceased to be saturated.
    """

    ids: tuple[int, ...]
    standing: dict[Line, Fact]
    arriving: dict[Line, Fact]
    gone: tuple[Fact, ...]
    homes: dict[Line, int]
    leads: dict[bytes, int]
    saturated: frozenset[bytes]
    thawed: frozenset[bytes]


class Part(NamedTuple):
    """One cluster after the change."""

    id: int
    facts: tuple[Fact, ...]
    saturated: frozenset[bytes]


class Regrouped(NamedTuple):
    """A workset after the change, with every pointer that has to follow.

    `tokens` maps a token to its new cluster, None when it has become saturated; `moved` are
    standing facts that lie in another cluster now; `carriers` are (token, fact, cluster) to note.
    """

    parts: tuple[Part, ...]
    dissolved: tuple[int, ...]
    tokens: dict[bytes, int | None]
    forgotten: frozenset[bytes]
    moved: dict[Line, int]
    carriers: tuple[tuple[bytes, Fact, int], ...]


def regroup(work: Workset, new_id: Callable[[], int]) -> Regrouped:
    """Group the workset's facts again; existing cluster ids are kept where they can be."""
    facts = {**work.standing, **work.arriving}
    fresh = saturated_tokens(facts.values()) - work.saturated
    saturated = work.saturated | fresh
    groups = [sorted(g, key=_line) for g in clusters(facts.values(), saturated)]
    groups.sort(key=lambda g: _line(g[0]))
    unused = set(work.ids)
    parts = []
    for members in groups:
        known = {work.homes[line] for line in map(_line, members) if line in work.homes} & unused
        number = min(known) if known else (_led(members, work, unused) or new_id())
        unused.discard(number)
        parts.append(Part(number, tuple(members), saturated and _carried(members) & saturated))
    tokens, forgotten = _pointers(work, parts, saturated)
    tokens.update(dict.fromkeys(fresh))
    moved = {
        _line(f): part.id
        for part in parts
        if work.ids != (part.id,)
        for f in part.facts
        if _line(f) in work.standing and work.homes[_line(f)] != part.id
    }
    carriers = tuple(
        (token, f, part.id)
        for part in parts
        if part.saturated
        for f in part.facts
        for token in sorted(t for _, t in f.tokens if t in part.saturated)
        if token in fresh or _line(f) in work.arriving or _line(f) in moved
    )
    return Regrouped(tuple(parts), tuple(sorted(unused)), tokens, forgotten, moved, carriers)


def _line(fact: Fact) -> Line:
    return fact[:2]


def _carried(facts: Iterable[Fact]) -> frozenset[bytes]:
    return frozenset(token for fact in facts for _, token in fact.tokens)


def _led(members: list[Fact], work: Workset, unused: set[int]) -> int | None:
    """Return an id that a token of the members leads to already, as claimed in this batch."""
    led = {work.leads[t] for f in members for _, t in f.tokens if t in work.leads} & unused
    return min(led) if led else None


def _pointers(
    work: Workset, parts: list[Part], saturated: frozenset[bytes]
) -> tuple[dict[bytes, int | None], frozenset[bytes]]:
    """Return the tokens that must lead elsewhere, and those that nothing carries any more."""
    before: dict[bytes, int] = {}
    for line, fact in work.standing.items():
        for _, token in fact.tokens:
            before[token] = work.homes[line]
    for fact in work.gone:
        for _, token in fact.tokens:
            before.setdefault(token, work.homes[_line(fact)])
    before.update(work.leads)
    moved: dict[bytes, int | None] = {}
    carried: set[bytes] = set()
    for part in parts:
        for token in _carried(part.facts):
            carried.add(token)
            if token not in saturated and (token in work.thawed or before.get(token) != part.id):
                moved[token] = part.id
    gone = {token for fact in work.gone for _, token in fact.tokens}
    return moved, frozenset(gone - carried - saturated)
