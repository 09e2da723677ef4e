"""A registry in memory that keeps its clusters as the registrar does: change by change.

It makes worksets, lets the domain regroup them, and follows every pointer that comes back. What
the registrar reads from tables stands here in dictionaries; what the domain decides is not redone.
"""

from collections.abc import Iterable, Iterator
from itertools import count

from sijill.adapters.registry.records import Change, Version, classify
from sijill.domain.event import Event, Fact
from sijill.domain.identity import SATURATION
from sijill.domain.regroup import Line, Part, Regrouped, Workset, regroup


class Memory:
    """Records, clusters and identifiers after the batches that were applied."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.versions: dict[bytes, Version] = {}
        self.parts: dict[int, Part] = {}
        self.homes: dict[Line, int] = {}
        self.leads: dict[bytes, int | None] = {}
        self.carriers: dict[bytes, dict[Line, bytes | None]] = {}
        self._ids = count(1)

    def apply(self, events: Iterable[Event]) -> list[str]:
        """Apply one batch and return what became of each event."""
        outcomes, changes = classify(events, self.versions)
        self.versions |= {key: change.new for key, change in changes.items()}
        personal = {key: change for key, change in changes.items() if change.stream != "decision"}
        worksets = list(self._worksets(personal))
        # A roster's lines may come to other worksets than those from which its old lines go.
        for fact in (fact for work in worksets for fact in work.gone):
            del self.homes[fact[:2]]
            for _, token in fact.tokens:
                self.carriers.get(token, {}).pop(fact[:2], None)
        for work in worksets:
            self._settle(work, regroup(work, lambda: next(self._ids)))
        return outcomes

    def _worksets(self, changes: dict[bytes, Change]) -> Iterator[Workset]:
        """Yield what belongs together: clusters joined by the arriving facts and thawed tokens."""
        arriving = {
            fact[:2]: fact._replace(disputed=change.new.other is not None)
            for change in changes.values()
            if change.event
            for fact in change.event.facts
        }
        gone = {
            line: fact
            for part in self.parts.values()
            for fact in part.facts
            if (line := fact[:2])[0] in changes and changes[line[0]].event
        }
        thawed = self._thaw(gone.values(), arriving.values())
        # Where a changed record lay, for its facts go, or become disputed.
        sets: list[set[object]] = [
            {number} for line, number in self.homes.items() if line[0] in changes
        ]
        sets += [{token, *self._carrying(token)} for token in thawed]
        for line, fact in arriving.items():
            carried = {t for _, t in fact.tokens}
            led = {n for t in carried if (n := self.leads.get(t)) is not None}
            warm = {t for t in carried if t not in self.carriers or t in thawed}
            before = {self.homes[line]} if line in self.homes else set()
            sets.append({line, *led, *warm, *before})
        for group in _joined(sets):
            numbers = {node for node in group if isinstance(node, int)}
            lines = {node for node in group if isinstance(node, tuple)}
            yield self._workset(changes, numbers, {n: arriving[n] for n in lines}, thawed=thawed)

    def _workset(
        self,
        changes: dict[bytes, Change],
        numbers: set[int],
        arriving: dict[Line, Fact],
        *,
        thawed: set[bytes],
    ) -> Workset:
        standing: dict[Line, Fact] = {}
        gone = []
        homes = {}
        for number in sorted(numbers):
            for fact in self.parts[number].facts:
                homes[fact[:2]] = number
                change = changes.get(fact.record)
                if change and change.event:
                    gone.append(fact)
                else:
                    standing[fact[:2]] = fact._replace(disputed=True) if change else fact
        facts = (*standing.values(), *arriving.values(), *gone)
        near = {token for fact in facts for _, token in fact.tokens}
        new = {token for fact in arriving.values() for _, token in fact.tokens}
        return Workset(
            ids=tuple(sorted(numbers)),
            standing=standing,
            arriving=arriving,
            gone=tuple(gone),
            homes=homes,
            leads={t: n for t in new if (n := self.leads.get(t)) is not None},
            saturated=frozenset(t for t in near if t in self.carriers) - thawed,
            thawed=frozenset(thawed & near),
        )

    def _carrying(self, token: bytes) -> set[int]:
        return {self.homes[line] for line in self.carriers.get(token, ())}

    def _thaw(self, gone: Iterable[Fact], arriving: Iterable[Fact]) -> set[bytes]:
        """Return the saturated tokens that too few people carry once the batch is applied."""
        touched = {t for fact in gone for _, t in fact.tokens if t in self.carriers}
        thawed = set()
        for token in touched:
            left = {f[:2] for f in gone if any(t == token for _, t in f.tokens)}
            signs = {sign for line, sign in self.carriers[token].items() if line not in left}
            signs |= {f.signature for f in arriving if any(t == token for _, t in f.tokens)}
            if len(signs - {None}) <= SATURATION:
                thawed.add(token)
        return thawed

    def _settle(self, work: Workset, done: Regrouped) -> None:
        """Follow what the regrouping says, and nothing else."""
        for token in work.thawed:
            del self.carriers[token]
        for number in work.ids:
            del self.parts[number]
        self.parts |= {part.id: part for part in done.parts}
        self.homes |= {
            fact[:2]: part.id
            for part in done.parts
            for fact in part.facts
            if fact[:2] in work.arriving
        }
        self.homes |= done.moved
        self.leads |= done.tokens
        for token in done.forgotten:
            del self.leads[token]
        for token, fact, _ in done.carriers:
            self.carriers.setdefault(token, {})[fact[:2]] = fact.signature


def _joined(sets: Iterable[set[object]]) -> list[set[object]]:
    """Return the sets, those that share a member made one."""
    joined: list[set[object]] = []
    for one in sets:
        touching = [other for other in joined if other & one]
        joined = [other for other in joined if not other & one]
        joined.append(one.union(*touching))
    return joined
