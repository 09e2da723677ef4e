"""Proofs on the pure fold: whatever the order and the batches, the same persons and overlaps."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from sijill.domain import alerts
from sijill.domain.event import Event, Fact
from sijill.domain.identity import Grouping, clusters, saturated_tokens
from sijill.domain.rules.overlap import Overlap
from tests.properties import calm
from tests.properties.examples import examples
from tests.properties.memory import Memory
from tests.properties.stories import BOOK, Told, told


def lines(groups: Iterable[Iterable[Fact]]) -> list[list[tuple[bytes, str]]]:
    """Return the places of the facts of each group, in order."""
    return sorted(sorted(fact[:2] for fact in group) for group in groups)


def said(facts: Iterable[Fact]) -> list[Fact]:
    """Return what the facts say; the sender's label may differ between equal events."""
    return [fact._replace(event_id="") for fact in facts]


@given(told())
@examples(250)
def test_regrouping_by_batches_equals_grouping_from_nothing(one: Told) -> None:
    """Clusters kept batch by batch, their tokens and carriers, are those of the final facts."""
    story, delivery = one
    memory = Memory()

    for batch in delivery.batches:
        memory.apply(story.events[number] for number in batch)

    facts = calm.facts_of(calm.in_use(story.events))
    saturated = saturated_tokens(facts)
    final = clusters(facts, saturated)
    assert lines(part.facts for part in memory.parts.values()) == lines(final)
    assert {f for part in memory.parts.values() for f in said(part.facts)} == set(said(facts))
    assert memory.homes == {
        line: number
        for number, part in memory.parts.items()
        for line in (f[:2] for f in part.facts)
    }
    assert {t for t, n in memory.leads.items() if n is None} == saturated
    assert {t: n for t, n in memory.leads.items() if n is not None} == {
        token: number
        for number, part in memory.parts.items()
        for fact in part.facts
        for _, token in fact.tokens
        if token not in saturated
    }
    assert memory.carriers == {
        token: {f[:2]: f.signature for f in facts if any(t == token for _, t in f.tokens)}
        for token in saturated
    }


@given(told())
@examples(100)
def test_versions_in_use_are_a_function_of_the_set(one: Told) -> None:
    """In any order each record ends at its highest version, its greatest contents remembered."""
    story, delivery = one
    memory = Memory()

    outcomes = [
        memory.apply(story.events[number] for number in batch) for batch in delivery.batches
    ]

    assert {key: known[:3] for key, known in memory.versions.items()} == highest(story.events)
    applied = {e.record for e in story.events}
    assert sum(outcome.count("applied") for outcome in outcomes) >= len(applied)


def highest(events: Iterable[Event]) -> dict[bytes, tuple[int, bytes, bytes | None]]:
    """Return each record's highest number with its two greatest contents."""
    contents: dict[bytes, dict[int, set[bytes]]] = {}
    for event in events:
        contents.setdefault(event.record, {}).setdefault(event.seq, set()).add(event.content)
    found = {}
    for record, seqs in contents.items():
        greatest, *others = sorted(seqs[max(seqs)], reverse=True)
        found[record] = (max(seqs), greatest, others[0] if others else None)
    return found


@given(told())
@examples(100)
def test_persons_and_alerts_do_not_depend_on_the_order_of_events(one: Told) -> None:
    """The same events in any order, some repeated, give the same persons and the same alerts."""
    story, delivery = one
    other = [story.events[number] for batch in delivery.batches for number in batch]

    assert who(other) == who(story.events)
    assert calm.shown(other, BOOK, story.as_of) == calm.shown(story.events, BOOK, story.as_of)


def who(events: Iterable[Event]) -> set[Grouping]:
    """Return who is who, which payments wait, and which links were left out, by cluster."""
    return set(calm.groupings(calm.facts_of(calm.in_use(events))))


@given(told(), st.integers(0, 999))
@examples(100)
def test_nothing_changes_before_the_next_change(one: Told, days: int) -> None:
    """On every day before the day that an evaluation names, the answer is the same."""
    story, _ = one
    used = calm.in_use(story.events)
    facts = calm.facts_of(used)
    answer = calm.evaluated(facts, BOOK, story.as_of)
    day = story.as_of + days % (answer.next_change - story.as_of)

    later = calm.evaluated(facts, BOOK, day)

    assert contents(later.overlaps) == contents(answer.overlaps)


def contents(overlaps: Iterable[Overlap]) -> list[bytes]:
    """Return what each overlap says, as hashes in order."""
    return sorted(alerts.content(overlap) for overlap in overlaps)


@given(told())
@examples(100)
def test_voided_records_leave_nothing(one: Told) -> None:
    """When every record of a story becomes void, no cluster, identifier or carrier is left."""
    story, delivery = one
    voided = story.voided()
    memory = Memory()

    for batch in delivery.then(range(len(story.sentences), len(voided.sentences))).batches:
        memory.apply(voided.events[number] for number in batch)

    assert (memory.parts, memory.homes, memory.leads, memory.carriers) == ({}, {}, {}, {})
