"""The fold: worksets of facts become clusters, persons and findings; what changed is written."""

import hashlib
import marshal
from collections.abc import Collection, Iterator
from typing import NamedTuple

from sijill.adapters.postgres import Cursor
from sijill.adapters.registry import clusters, facts, plain, worksets
from sijill.adapters.registry.alerts import Context, Finding
from sijill.adapters.registry.folded import Folded
from sijill.adapters.registry.state import ClusterState, head_of, pack_head, pack_one
from sijill.domain import alerts
from sijill.domain.event import INF, Enrollment, Fact, Membership
from sijill.domain.fold import persons
from sijill.domain.household import Name, named_by
from sijill.domain.identity import group, is_mention
from sijill.domain.regroup import Part, Regrouped, Workset, regroup
from sijill.domain.rulebook import Book
from sijill.domain.rules import evaluate_person
from sijill.domain.rules.overlap import PersonFacts

IDS_AT_ONCE = 500


class Evaluated(NamedTuple):
    """One cluster after the change, evaluated."""

    part: Part
    state: ClusterState
    people: list[PersonFacts]
    next_change: int
    findings: dict[bytes, Finding]
    rows: dict[bytes, plain.Said]
    names: dict[bytes, Name]
    """The households that the cluster's facts name."""


def fold(cursor: Cursor, opened: clusters.Opened, context: Context) -> Folded:
    """Group, fold and evaluate everything that changes: the short way where it is enough."""
    folded = Folded()
    folded.known = set(opened.rows)
    changes = opened.search.changes
    folded.rosters = {
        k for k, c in changes.items() if c.stream == "household" and c.event and c.old
    }
    disputed = {key for key, change in changes.items() if change.event is None}
    done: set[int] = set()
    additions = worksets.additions(opened)
    spoken_of = {
        number
        for number, came in additions.items()
        if number in opened.rows and (is_mention(came[0]) or any(map(is_mention, came)))
    }
    mentions = facts.read(cursor, spoken_of, mentions_only=True)
    for number, came in additions.items():
        before = opened.rows.get(number)
        grown = plain.grow(before, came, context, mentions=mentions.get(number, []))
        if grown is not None:
            _take(folded, number, before, grown=grown, facts=came, book=context.book)
            done.add(number)
    source = _new_ids(cursor)
    for work, old in worksets.worksets(cursor, opened, done):
        regrouped = regroup(work, lambda: next(source))
        evaluated = [_evaluate(part, context) for part in regrouped.parts]
        _gather(
            folded, work, regrouped,
            old=old, evaluated=evaluated, disputed=disputed, context=context,
        )  # fmt: skip
    if folded.persons or folded.gone:
        (folded.revision,) = clusters.new_ids(cursor, 1)
    return folded


def _take(
    folded: Folded,
    number: int,
    before: clusters.Locked | None,
    *,
    grown: plain.Grown,
    facts: list[Fact],
    book: Book,
) -> None:
    """Note what a plain cluster's new facts change."""
    head = grown.head
    for fact in facts:
        _place(folded, fact, number, book)
        detail = fact.detail
        if isinstance(detail, Enrollment) and (name := named_by(fact, book)):
            folded.held.setdefault(name.key, set()).add(detail.programme)
    for name in grown.names:
        folded.names[name.key] = name
    for key, paid in grown.paid:
        folded.paid.setdefault(key, []).append(paid)
    known = before.state.households if before else ()
    if len(head.households) > len(known):
        folded.links_new.update((h, number) for h in head.households if h not in known)
    if grown.person is not None:
        folded.near.update(head.households)
        key, said = grown.person
        stood = dict(before.state.persons) if before else {}
        hashed = _digest(number, said)
        if stood.get(key) != hashed:
            folded.persons[key], folded.homes[key] = said, number
            folded.persons_known.update(stood)
            folded.gone.update(old for old in stood if old != key)
            head = head._replace(persons=((key, hashed),))
    folded.rows[number] = (pack_head(head), grown.next_change)


def _place(folded: Folded, fact: Fact, number: int, book: Book) -> None:
    """Note in which cluster an arriving fact lies: with its record, or as a line of a roster."""
    detail, packed = fact.detail, pack_one(fact)
    if isinstance(detail, Membership) and (name := named_by(fact, book)):
        folded.lines.append(
            (*fact[:2], name.key, number, detail.role, detail.start, detail.stop, packed)
        )
    else:
        folded.placed[fact.record] = (number, packed)


def _new_ids(cursor: Cursor) -> Iterator[int]:
    while True:
        yield from clusters.new_ids(cursor, IDS_AT_ONCE)


def _evaluate(part: Part, context: Context) -> Evaluated:
    """Return the cluster's persons, findings and new state."""
    book = context.book
    people = persons(group(part.facts, part.saturated), book)
    findings: dict[bytes, Finding] = {}
    rows: dict[bytes, plain.Said] = {}
    next_change = INF
    for person in people:
        overlaps, change = evaluate_person(person, book, context.as_of)
        next_change = min(next_change, change)
        for overlap in overlaps:
            number = alerts.alert_id(context.hub_key, overlap)
            findings[number] = Finding(overlap, alerts.content(overlap), part.id, None)
        raised = sum(overlap.verdict == "raised" for overlap in overlaps)
        rows[person.key] = plain.said_of(person, raised, book)
    named = {name for fact in part.facts if (name := named_by(fact, book))}
    names = {name.key: name for name in named}
    state = ClusterState(
        part.facts,
        part.saturated,
        {number: finding.content for number, finding in findings.items()},
        {key: _digest(part.id, said) for key, said in rows.items()},
        frozenset(names),
    )
    return Evaluated(part, state, people, next_change, findings, rows, names)


def _digest(cluster: int, said: plain.Said) -> bytes:
    packed = marshal.dumps((cluster, tuple(said[0]), said[1], said[2]), alerts.PLAIN)
    return hashlib.blake2b(packed, digest_size=8).digest()


def _gather(
    folded: Folded,
    work: Workset,
    regrouped: Regrouped,
    *,
    old: dict[int, ClusterState],
    evaluated: list[Evaluated],
    disputed: Collection[bytes],
    context: Context,
) -> None:
    """Note what one workset changes; `disputed` are records of which nothing else changed."""
    folded.tokens |= regrouped.tokens
    folded.forgotten |= regrouped.forgotten
    folded.thawed |= work.thawed
    folded.carriers += regrouped.carriers
    folded.dissolved |= set(regrouped.dissolved) & folded.known
    alerts_old: dict[bytes, bytes] = {}
    people_old: dict[bytes, bytes] = {}
    for number, state in old.items():
        alerts_old |= state.alerts
        people_old |= state.persons
        folded.links_old |= {(h, number) for h in state.households}
    alerts_new: set[bytes] = set()
    people_new: set[bytes] = set()
    for part, state, people, next_change, findings, rows, names in evaluated:
        folded.names |= names
        as_plain = plain.plain_of(state, people, context)
        folded.rows[part.id] = (pack_head(head_of(state, as_plain)), next_change)
        folded.views[part.id] = people
        folded.links_new |= {(h, part.id) for h in state.households}
        alerts_new.update(findings)
        people_new.update(rows)
        folded.found |= {i: f for i, f in findings.items() if alerts_old.get(i) != f.content}
        for key, said in rows.items():
            if people_old.get(key) != state.persons[key]:
                folded.persons[key] = said
                folded.homes[key] = part.id
        _lines(folded, work, part, disputed=disputed, book=context.book)
    folded.lost |= alerts_old.keys() - alerts_new
    # Not `|=`: with a view of keys that copies the whole set, once for every workset.
    folded.persons_known.update(people_old)
    folded.gone |= people_old.keys() - people_new
    for line, number in regrouped.moved.items():
        if work.standing[line].stream == "household":
            folded.moved_lines[line] = number
        else:
            folded.moved[line[0]] = number
    _touch(folded, work, old, evaluated=evaluated, context=context)


def _lines(
    folded: Folded, work: Workset, part: Part, *, disputed: Collection[bytes], book: Book
) -> None:
    """Note where the arriving records lie now, and the roster lines among them."""
    for fact in part.facts:
        line = (fact.record, fact.line)
        if line not in work.arriving:
            if fact.record in disputed:
                folded.rewritten[line] = pack_one(fact)
            continue
        _place(folded, fact, part.id, book)


def _touch(
    folded: Folded,
    work: Workset,
    old: dict[int, ClusterState],
    *,
    evaluated: list[Evaluated],
    context: Context,
) -> None:
    """Note the households to look at again.

    A payment concerns its own household alone; any other change may concern every household
    that the persons belong to, before and after. Another book may have given them other ones.
    """
    changed = [*work.arriving.values(), *work.gone]
    if changed and all(fact.stream == "payment" for fact in changed):
        before = {household for state in old.values() for household in state.households}
        after = {household for e in evaluated for household in e.state.households}
        folded.households |= before ^ after
        for fact in changed:
            name = named_by(fact, context.book)
            if name is not None:
                folded.names[name.key] = name
                folded.households.add(name.key)
        return
    for fact in changed:
        name = named_by(fact, context.book)
        if name is not None:
            folded.names[name.key] = name
    for state in (*old.values(), *(e.state for e in evaluated)):
        folded.households |= state.households
