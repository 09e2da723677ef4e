"""What a batch does to the clusters that it has locked: additions apart, the rest by worksets."""

from collections.abc import Collection, Iterator

from sijill.adapters.postgres import Cursor
from sijill.adapters.registry import facts
from sijill.adapters.registry.clusters import Opened
from sijill.adapters.registry.state import ClusterState, open_up
from sijill.domain.event import Fact
from sijill.domain.forest import Forest
from sijill.domain.regroup import Line, Workset


def additions(opened: Opened) -> dict[int, list[Fact]]:
    """Return the clusters in which nothing happens but that new facts arrive, with these facts.

    All tokens of such a fact lead to the one cluster, its record is new, and so is everything
    else that the batch does there.
    """
    search, leads = opened.search, opened.leads
    arriving: dict[int, list[Fact]] = {}
    other: set[int | None] = {number for old in search.old.values() for number in old}
    other |= search.due
    for fact in search.arriving.values():
        tokens = fact.tokens
        number = leads.get(tokens[0][1]) if tokens else None
        alone = len(tokens) == 1 or all(leads.get(token) == number for _, token in tokens)
        if number is None or not alone or fact.disputed or fact.record in search.old:
            other.update(leads.get(token) for _, token in tokens)
        else:
            arriving.setdefault(number, []).append(fact)
    return {number: came for number, came in arriving.items() if number not in other}


def worksets(
    cursor: Cursor, opened: Opened, done: Collection[int]
) -> Iterator[tuple[Workset, dict[int, ClusterState]]]:
    """Yield the worksets, each with the state of its clusters: joined by what arrives or thaws.

    Left out are clusters that are `done`, and with them all facts that lead there.
    """
    search, leads = opened.search, opened.leads
    forest = Forest()
    for number in opened.rows:
        if number not in done:
            forest.find(number)
    for line, fact in search.arriving.items():
        if fact.tokens and leads.get(fact.tokens[0][1]) in done:
            continue
        forest.find(line)
        for _, token in fact.tokens:
            if token in leads:
                forest.join(leads[token], line)
            elif token in search.thaw:
                forest.join(token, line)
        old = search.old.get(fact.record, ())
        if fact.stream != "household" and old:
            forest.join(old[0], line)
    standing = facts.read(cursor, opened.rows.keys() - done)
    states = {number: open_up(opened.rows[number].state, f) for number, f in standing.items()}
    for number, state in states.items():
        for token in state.saturated & search.thaw:
            forest.join(token, number)
    sets: dict[object, tuple[list[int], list[Line]]] = {}
    for node in list(forest.parent):
        if isinstance(node, bytes):
            continue
        numbers, lines = sets.setdefault(forest.find(node), ([], []))
        numbers.append(node) if isinstance(node, int) else lines.append(node)  # type: ignore[arg-type]
    for numbers, lines in sets.values():
        here = {n: states[n] for n in numbers if n in states}
        yield _workset(opened, here, numbers=numbers, lines=lines), here


def _workset(
    opened: Opened, states: dict[int, ClusterState], *, numbers: list[int], lines: list[Line]
) -> Workset:
    search, leads = opened.search, opened.leads
    standing: dict[Line, Fact] = {}
    homes: dict[Line, int] = {}
    gone = []
    for number, state in states.items():
        for fact in state.facts:
            line = (fact.record, fact.line)
            homes[line] = number
            change = search.changes.get(fact.record)
            if change is None:
                standing[line] = fact
            elif change.event is None:
                standing[line] = fact._replace(disputed=True)
            else:
                gone.append(fact)
    arriving = {line: search.arriving[line] for line in lines}
    here = {t for f in arriving.values() for _, t in f.tokens if t in leads}
    near = {t for f in (*standing.values(), *arriving.values(), *gone) for _, t in f.tokens}
    return Workset(
        tuple(sorted(numbers)),
        standing,
        arriving,
        tuple(gone),
        homes,
        {t: leads[t] for t in here},
        opened.saturated & near,
        frozenset(search.thaw & near),
    )
