"""Rules: the result depends on the set of facts, the book and the day, and on nothing else."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sijill.domain import rulebook
from sijill.domain.case_facts import World, read_world
from sijill.domain.event import INF, Enrollment
from sijill.domain.rules import evaluate_household, evaluate_person
from sijill.domain.rules.holding import COMPARED
from sijill.domain.rules.overlap import HouseholdFacts, Overlap, PersonFacts
from sijill.domain.rules.payments import household_scope

IRAQ = rulebook.load("iraq")
FIRST = date(2024, 1, 1).toordinal()
DAY = st.integers(FIRST, FIRST + 150)


def written(day: int) -> str:
    """Return a day as the notation of cases writes it."""
    return date.fromordinal(day).isoformat()


@st.composite
def period(draw: st.DrawFn) -> str:
    """Draw a period of the notation, open or closed."""
    start = draw(DAY)
    stop = draw(st.one_of(st.none(), st.integers(0, 90)))
    return (
        f"{written(start)} .. {written(start + stop)}"
        if stop is not None
        else written(start) + " .."
    )


@st.composite
def line(draw: st.DrawFn) -> str:
    """Draw a fact about one of two spouses, in the notation of golden cases."""
    person = draw(st.sampled_from(["P1", "P2"]))
    month = draw(st.sampled_from(["2024-01", "2024-02", "2024-03"]))
    amount = draw(st.sampled_from(["100", "250"]))
    programme = draw(
        st.sampled_from(["pension", "disability", "rafha", "martyr-family", "nowhere"])
    )
    mark = draw(st.sampled_from(["", "", " disputed"]))
    return draw(
        st.sampled_from(
            [
                f"spn H1 {draw(period())}{mark}",
                f"{programme} {person} {draw(period())}{mark}",
                f"{programme} {person} {draw(period())} suspended {draw(period())}",
                f"salary {person} {draw(period())} {amount}",
                f"spouse H1 P2 {draw(period())}",
                f"paid {programme} {person} {month} {amount}{mark}",
                f"paid spn H1 {month} {amount}",
                f"death {person} {written(draw(DAY))}",
            ]
        )
    )


LINES = st.lists(line(), min_size=2, max_size=9).map(
    lambda lines: ["head H1 P1 2023-01-01 ..", *lines]
)


def findings(world: World, as_of: int) -> tuple[list[Overlap], int]:
    """Return all overlaps of a world, and the first day on which one could change."""
    answers = [evaluate_person(person, IRAQ, as_of) for person in world.persons]
    answers += [evaluate_household(family, IRAQ, as_of) for family in world.households]
    overlaps = [overlap for found, _ in answers for overlap in found]
    return overlaps, min((change for _, change in answers), default=INF)


@given(LINES, DAY, st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing(lines: list[str], as_of: int, random: object) -> None:
    """Facts, members and household facts in any order give the same overlaps and next change."""
    world = read_world(lines, IRAQ)

    def shuffled(things: tuple[object, ...]) -> tuple[object, ...]:
        mixed = list(things)
        random.shuffle(mixed)  # type: ignore[attr-defined]
        return tuple(mixed)

    def mixed_person(person: PersonFacts) -> PersonFacts:
        return person._replace(facts=shuffled(person.facts))  # type: ignore[arg-type]

    def mixed_household(family: HouseholdFacts) -> HouseholdFacts:
        members = [m._replace(person=mixed_person(m.person)) for m in family.members]
        mixed = shuffled(tuple(members)), shuffled(family.facts)
        return family._replace(members=mixed[0], facts=mixed[1])  # type: ignore[arg-type]

    mixed = World(
        tuple(mixed_person(person) for person in world.persons),
        tuple(mixed_household(family) for family in world.households),
    )
    assert findings(mixed, as_of) == findings(world, as_of)


@given(LINES, DAY, st.integers(1, 200))
def test_nothing_changes_before_the_next_change(lines: list[str], as_of: int, later: int) -> None:
    """Between the as-of day and the next change the result stays what it is."""
    world = read_world(lines, IRAQ)

    overlaps, next_change = findings(world, as_of)

    assert as_of < next_change
    assert findings(world, min(as_of + later, next_change - 1))[0] == overlaps


@given(LINES, DAY)
def test_pairs_are_the_common_days(lines: list[str], as_of: int) -> None:
    """A pair is raised in exactly the months that have a day, by then, on which both hold."""
    world = read_world(lines, IRAQ)

    for person in world.persons:
        raised = {
            (overlap.left.record, overlap.right.record): overlap.months
            for overlap in evaluate_person(person, IRAQ, as_of)[0]
            if overlap.rule in ("iq.spn.pension", "iq.enrolled-twice") and overlap.right
        }
        assert raised == brute_force(person, as_of)


def brute_force(person: PersonFacts, as_of: int) -> dict[tuple[bytes, bytes], tuple[str, ...]]:
    """Return the expected pairs day by day, without timelines."""

    def held_on(detail: Enrollment, day: int) -> bool:
        suspended = any(start <= day < stop for start, stop in detail.suspensions)
        return detail.start <= day < detail.stop and not suspended

    enrolled = [
        (fact, fact.detail)
        for fact in person.facts
        if isinstance(fact.detail, Enrollment) and fact.detail.programme != "nowhere"
    ]
    expected: dict[tuple[bytes, bytes], tuple[str, ...]] = {}
    for left, one in enrolled:
        for right, other in enrolled:
            pair = (one.programme, other.programme) == ("spn", "pension")
            twice = one.programme == other.programme and left.record_id < right.record_id
            days = range(FIRST - 1, as_of + 1) if pair or twice else range(0)
            both = [day for day in days if held_on(one, day) and held_on(other, day)]
            if both:
                months = dict.fromkeys(date.fromordinal(day).isoformat()[:7] for day in both)
                expected[left.record, right.record] = tuple(months)
    return expected


def one_overlap(*lines: str, as_of: str = "2024-12-31") -> Overlap:
    """Return the one overlap that the facts give on a day."""
    (overlap,) = findings(read_world(lines, IRAQ), date.fromisoformat(as_of).toordinal())[0]
    return overlap


def test_two_sides_have_no_scope() -> None:
    """A pair is named by its two records alone: it has no scope and no period."""
    overlap = one_overlap("spn P1 2024-01-01 ..", "pension P1 2024-12-01 ..")

    assert (overlap.scope, overlap.period, overlap.right is not None) == (b"", "", True)
    assert overlap.evidence == tuple(sorted((overlap.left, overlap.right)))  # type: ignore[type-var]


def test_paid_twice_is_named_by_its_smallest_record() -> None:
    """Payments of a person give one overlap, named by the record that sorts first by its source."""
    paid = "paid martyr-family P1 2024-05 500"
    overlap = one_overlap(paid, "paid krg-martyr P1 2024-05 400", paid)

    assert overlap.scope == b"krg-molsa\0payment\0r02"
    assert (overlap.period, len(overlap.evidence)) == ("martyr-salary 2024-05", 3)
    assert (overlap.amount, overlap.currency) == (900, "IQD")


def test_paid_twice_to_a_household_is_named_by_the_household() -> None:
    """Payments that carry a household's number give one overlap, named by that household."""
    lines = ["spn H1 2024-01-01 ..", "paid spn H1 2024-05 216", "paid spn H1 P2 2024-05 216"]
    overlap = one_overlap(*lines)

    (family,) = read_world(lines, IRAQ).households
    assert overlap.scope == household_scope(family) == b"molsa\0spn-family\0H1"


@pytest.mark.parametrize(
    "lines",
    [
        ["spn P1 2024-01-01 ..", "gold P1 2024-01-01 ..", "paid gold P1 2024-05 1"],
        ["spn P1 2024-01-01 ..", "pension P1 2024-01-01 .. by education"],
        ["paid pension P1 2024-05 1", "paid pension P1 2024-05 1 by education"],
    ],
)
def test_what_the_book_does_not_know_is_left_alone(lines: list[str]) -> None:
    """Unknown programmes, and programmes under a ministry that does not own them, raise nothing."""
    assert findings(read_world(lines, IRAQ), FIRST + 700) == ([], INF)


def test_a_disputed_payment_taints_the_money() -> None:
    """A pair whose money rests on a disputed payment says that it is disputed."""
    overlap = one_overlap(
        "spn P1 2024-01-01 ..", "pension P1 2024-12-01 ..", "paid spn P1 2024-12 216 disputed"
    )

    assert (overlap.certainty, len(overlap.evidence)) == ("disputed", 2)


def test_an_open_overlap_lists_months_up_to_the_day() -> None:
    """An overlap without an end lists the months up to as-of, and grows with the next one."""
    world = read_world(["spn P1 2024-01-01 ..", "pension P1 2024-10-20 .."], IRAQ)

    (overlap,), next_change = findings(world, date(2024, 12, 31).toordinal())

    assert overlap.months == ("2024-10", "2024-11", "2024-12")
    assert overlap.spans == ((date(2024, 10, 20).toordinal(), INF),)
    assert next_change == date(2025, 1, 1).toordinal()


def test_a_flood_of_records_is_not_compared_one_by_one() -> None:
    """A hundred records of one person in one programme give the pairs of the first twenty only."""
    world = read_world(["pension P1 2024-01-01 .."] * 100, IRAQ)

    overlaps, _ = findings(world, FIRST)

    assert len(overlaps) == COMPARED * (COMPARED - 1) // 2


def test_law_is_cited_from_its_first_day_on() -> None:
    """An overlap names the version that governs its last day so far, and is looked at anew then."""
    file = "rules/spn-pension.toml"
    later = '[[version]]\nlabel = "later"\nfrom = 2025-02-10\nverdict = "exclusive"\n'
    files = rulebook.read("iraq")
    text = (
        files[file].decode().replace("[[unsure]]", later + 'source = "law-11-2014"\n[[unsure]]', 1)
    )
    book = rulebook.parse({**files, file: text.encode()})
    world = read_world(["spn P1 2024-01-01 ..", "pension P1 2024-01-01 .."], book)
    first = date(2025, 2, 10).toordinal()

    (before,), change = evaluate_person(world.persons[0], book, first - 1)
    (after,), _ = evaluate_person(world.persons[0], book, first)

    assert (before.version, change, after.version) == ("base", first, "later")
    assert before.spans == after.spans
