"""Proofs of identity: persons follow from the current mentions alone, merged and split alike."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from sijill.domain.event import Fact, Person, Vital
from sijill.domain.identity import SATURATION, clusters, group, saturated_tokens
from sijill.domain.regroup import Workset, regroup

NOBODY = Person(*(None,) * 9, "UNKNOWN", None, None, None)


def fact(number: int, *tokens: tuple[int, str], stream: str = "vital", sign: str = "") -> Fact:
    """Return a mention (or payment) of record `number` that carries the tokens."""
    return Fact(
        record=number.to_bytes(16, "big"),
        line="",
        stream=stream,
        ministry="m",
        record_id=str(number),
        seq=1,
        content=b"",
        disputed=False,
        occurred_at=0,
        event_id="",
        tokens=tuple(sorted((rank, name.encode()) for rank, name in tokens)),
        signature=sign.encode() or None,
        person=NOBODY,
        detail=Vital("BIRTH", 1, None, None),
    )


def names(persons: tuple[tuple[Fact, ...], ...]) -> list[list[str]]:
    """Return the record ids of each person."""
    return sorted(sorted(f.record_id for f in person) for person in persons)


def test_shared_identifier_makes_one_person() -> None:
    """Mentions joined by identifiers are one person; one without any is a person by itself."""
    facts = [fact(1, (0, "a")), fact(2, (0, "a"), (4, "b")), fact(3, (4, "b")), fact(4)]

    grouping = group(facts, ())

    assert names(grouping.persons) == [["1", "2", "3"], ["4"]]


def test_two_national_numbers_are_never_joined() -> None:
    """A link that would bring two national numbers together is left out and reported."""
    facts = [fact(1, (0, "a"), (4, "x")), fact(2, (0, "b"), (4, "x")), fact(3, (4, "x"))]

    grouping = group(facts, ())

    assert names(grouping.persons) == [["1", "3"], ["2"]]
    assert [(c.token, c.record) for c in grouping.conflicts] == [(b"x", facts[1].record)]
    assert len(clusters(facts, ())) == 1


def test_payment_hangs_on_its_strongest_carried_identifier_and_links_nothing() -> None:
    """A payment that names two persons joins neither; it hangs on the stronger identifier."""
    facts = [fact(1, (1, "p")), fact(2, (4, "b")), fact(3, (1, "p"), (4, "b"), stream="payment")]

    grouping = group(facts, ())

    assert names(grouping.persons) == [["1", "3"], ["2"]]


def test_payment_without_a_carried_identifier_waits() -> None:
    """A payment whose identifiers no mention carries belongs to nobody yet."""
    grouping = group([fact(3, (1, "p"), stream="payment")], ())

    assert grouping.persons == ()
    assert len(grouping.waiting) == 1


def test_identifier_of_too_many_people_links_nothing() -> None:
    """More different signatures than the limit on one token, and the token stops to link."""
    facts = [fact(n, (4, "x"), sign=f"s{n}") for n in range(SATURATION + 1)]

    saturated = saturated_tokens(facts)

    assert saturated == {b"x"}
    assert saturated_tokens(facts[:-1]) == set()
    assert len(clusters(facts, saturated)) == SATURATION + 1


carried = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from("abcde")), max_size=3, unique_by=lambda t: t[0]
)
worlds = st.lists(
    st.tuples(carried, st.sampled_from(["vital", "payment"]), st.sampled_from(["", "s", "t"])),
    min_size=1,
    max_size=9,
)


@given(worlds, st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_persons_do_not_depend_on_the_order_of_mentions(
    world: list[tuple[list[tuple[int, str]], str, str]], shuffle: random.Random
) -> None:
    """The same mentions in any order make the same persons, conflicts and waiting payments."""
    facts = [fact(n, *tokens, stream=s, sign=g) for n, (tokens, s, g) in enumerate(world)]
    other = facts[:]
    shuffle.shuffle(other)

    assert group(facts, ()) == group(other, ())


@given(worlds, st.data())
@settings(max_examples=300, deadline=None)
def test_regrouping_step_by_step_equals_grouping_at_once(
    world: list[tuple[list[tuple[int, str]], str, str]], data: st.DataObject
) -> None:
    """Facts that arrive and leave one by one end in the clusters of those that remain."""
    facts = [fact(n, *tokens, stream=s, sign=g) for n, (tokens, s, g) in enumerate(world)]
    leaving = data.draw(st.sets(st.sampled_from(range(len(facts)))))
    registry: dict[int, tuple[Fact, ...]] = {}
    leads: dict[bytes, int] = {}

    for one in facts:
        _step(registry, leads, arriving=one)
    for number in sorted(leaving):
        _step(registry, leads, gone=facts[number])

    left = [f for n, f in enumerate(facts) if n not in leaving]
    at_once = sorted(sorted(f.record_id for f in part) for part in clusters(left, ()))
    assert sorted(sorted(f.record_id for f in part) for part in registry.values()) == at_once
    assert set(leads) == {token for f in left for _, token in f.tokens}


def _step(
    registry: dict[int, tuple[Fact, ...]],
    leads: dict[bytes, int],
    *,
    arriving: Fact | None = None,
    gone: Fact | None = None,
) -> None:
    """Apply one change to an in-memory registry as the registrar would."""
    touched = {leads[t] for f in (arriving,) if f for _, t in f.tokens if t in leads}
    touched |= {n for n, facts in registry.items() if gone in facts}
    old = {(f.record, f.line): (n, f) for n in touched for f in registry[n] if f != gone}
    work = Workset(
        ids=tuple(sorted(touched)),
        standing={line: f for line, (_, f) in old.items()},
        arriving={(arriving.record, arriving.line): arriving} if arriving else {},
        gone=(gone,) if gone else (),
        homes={line: n for line, (n, _) in old.items()}
        | ({(gone.record, gone.line): min(touched)} if gone else {}),
        leads={t: leads[t] for f in (arriving,) if f for _, t in f.tokens if t in leads},
        saturated=frozenset(),
        thawed=frozenset(),
    )
    fresh = iter(range(max(registry, default=0) + 1, 10_000))
    done = regroup(work, lambda: next(fresh))
    for number in done.dissolved:
        del registry[number]
    registry |= {part.id: part.facts for part in done.parts}
    leads |= {token: number for token, number in done.tokens.items() if number is not None}
    for token in done.forgotten:
        leads.pop(token, None)
