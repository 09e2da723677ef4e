"""What would end an overlap: each end that is told is true, and one day less is not enough."""

from datetime import date

import pytest

from sijill.domain import rulebook
from sijill.domain.case_facts import read_world
from sijill.domain.dossier.ends import End
from sijill.domain.rulebook import Book
from sijill.domain.rules import evaluate_household, evaluate_person
from tests.changed_book import amended
from tests.domain.dossiers import IRAQ, explained

AMENDED = rulebook.parse(amended())
DAY = date(2024, 6, 20)
PAIR = ("spn P1 2023-11-01 ..", "pension P1 2024-03-15 ..")
FAMILY = ("spn H1 2024-01-01 ..", "head H1 P1 2020-01-01 ..", "spouse H1 P2 2020-01-01 ..")
TWICE = ("paid disability P1 2024-05 170000", "paid disability P1 2024-05 150000")
LATE = ("death P1 2024-03-10", "paid pension P1 2024-05 500000", "paid pension P1 2024-06 500000")


def raised(*lines: str, book: Book = IRAQ) -> int:
    """Return how many overlaps the facts raise."""
    world = read_world(lines, book)
    day = DAY.toordinal()
    found = [o for p in world.persons for o in evaluate_person(p, book, day)[0]]
    found += [o for h in world.households for o in evaluate_household(h, book, day)[0]]
    return sum(overlap.verdict == "raised" for overlap in found)


def told(*lines: str, book: Book = IRAQ) -> list[str]:
    """Return the ends that are told for the first overlap of the facts."""
    return [end.text for end in explained(*lines, as_of=DAY, book=book).ends]


def test_two_enrollments() -> None:
    """The one that was there first can end on the day before, either can be void."""
    assert told(*PAIR) == [
        "an exit of the enrollment r01 dated before 15 March 2024",
        "VOID of the enrollment r01",
        "VOID of the enrollment r02",
    ]
    assert raised("spn P1 2023-11-01 .. 2024-03-14", PAIR[1]) == 0
    assert raised("spn P1 2023-11-01 .. 2024-03-15", PAIR[1]) == 1


def test_exception_is_an_end() -> None:
    """A code that an exception asks for ends the examination, and the end says what is left."""
    ends = explained(*PAIR, as_of=DAY, book=AMENDED).ends
    (category,) = [end for end in ends if end.kind == "category"]

    assert category == End(
        "category",
        (("molsa", "enrollment", "r01"),),
        None,
        "permitted",
        "the legal category widow on the enrollment r01 (Law 11/2014)",
    )
    assert raised(*PAIR, "category P1 widow", book=AMENDED) == 0


def test_two_payments() -> None:
    """Of two payments for one period the reversal of either ends it."""
    assert told(*TWICE) == ["reversal of the payment r01", "reversal of the payment r02"]
    assert raised(TWICE[0], TWICE[1] + " reversed") == 0


def test_three_payments() -> None:
    """Of three payments two have to go; the greatest may stay."""
    third = "paid disability P1 2024-05 160000"

    assert told(*TWICE, third) == ["reversal of 2 of these payments: r02, r03"]
    assert raised(TWICE[0], TWICE[1] + " reversed", third) == 1


def test_payments_after_death() -> None:
    """All late payments, or a death that was later, or no death: nothing less ends it."""
    ends = told(*LATE)

    assert "a correction of the death r01 to 2 May 2024 or later" in ends
    assert "VOID of the death r01" in ends
    assert any(end.startswith("reversal of 2 of these payments:") for end in ends)
    assert len(ends) == 3
    assert raised("death P1 2024-05-02", *LATE[1:]) == 0
    assert raised("death P1 2024-05-01", *LATE[1:]) == 1


def test_salary_beside_a_household() -> None:
    """The transfer, the salary or the membership; an amount only where the law has a ceiling."""
    salary = "salary P2 2024-04 .. 400000"
    ends = told(*FAMILY, salary)

    assert "an exit of the enrollment r01 dated before 1 April 2024" in ends
    assert "a correction of the roster record r03: no member on or after 1 April 2024" in ends
    assert not any("no more than" in end for end in ends)
    assert raised(FAMILY[0], FAMILY[1], "spouse H1 P2 2020-01-01 .. 2024-03-31", salary) == 0
    assert raised(FAMILY[0], FAMILY[1], "spouse H1 P2 2020-01-01 .. 2024-04-01", salary) == 1


def test_sum_of_salaries_has_no_single_end() -> None:
    """Where another member's salary alone is enough, this one's end does end this alert."""
    both = ("salary P2 2024-04 .. 400000", "salary P1 2024-04 .. 400000")
    ends = told(*FAMILY, *both)

    assert any(end.startswith("VOID of the income") for end in ends)
    assert raised(*FAMILY, *both) == 2
    assert raised(*FAMILY, both[0]) == 1


def test_what_ends_nothing_is_not_told() -> None:
    """A salary that keeps the ceiling ends nothing where another salary is above it already."""
    family = ("spn H1 2026-01-01 ..", "head H1 P1 2020-01-01 ..", "spouse H1 P2 2020-01-01 ..")
    alone = ("salary P2 2026-02 .. 900000",)
    both = (*alone, "salary P1 2026-02 .. 800000")
    day = date(2026, 6, 20)

    kinds = {
        salaries: [end.kind for end in explained(*family, *salaries, as_of=day, book=AMENDED).ends]
        for salaries in (alone, both)
    }

    assert "amount" in kinds[alone]
    assert "amount" not in kinds[both]
    assert "void" in kinds[both]


@pytest.mark.parametrize(
    ("facts", "day", "why"),
    [
        (PAIR, date(2024, 7, 1), "grows"),
        ((PAIR[0], "pension P1 2024-03-15 .. 2024-05-31"), None, None),
        ((PAIR[0] + " suspended 2024-05-01 .. 2024-07-09", PAIR[1]), date(2024, 7, 10), "begins"),
        (TWICE, None, None),
        (
            ("disability P1 2024-01-01 ..", "disability P1 2024-02-01 .. 2024-02-29", *PAIR),
            None,
            None,
        ),
        ((*LATE, "paid pension P1 2024-08 500000"), date(2024, 8, 1), "begins"),
    ],
)
def test_time(facts: tuple[str, ...], day: date | None, why: str | None) -> None:
    """The day on which time alone changes the alert is told, with how, or that there is none."""
    dossier = explained(*facts, as_of=DAY)

    assert dossier.next_change == (day.toordinal() if day else None)
    assert dossier.next_reason == why
