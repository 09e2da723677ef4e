"""Proofs of the check of a rulebook: every fault at once, each with its place."""

from sijill.domain import faults
from tests.changed_book import BOOK, DEATH, IRAQ, PENSION, RAFHA, SALARY, amended, replaced


def places(files: dict[str, bytes]) -> list[tuple[str, str]]:
    """Return file and field of each fault."""
    return [(fault.file, fault.field) for fault in faults.check(files).faults]


def test_sound_books_have_no_fault() -> None:
    """Neither the book that ships nor its changed version has a fault, and all cases are tried."""
    for files in (IRAQ, amended()):
        checked = faults.check(files)

        assert checked.faults == ()
        assert checked.book is not None
        assert checked.cases == sum(len(rule.cases) for rule in checked.book.rules)


def test_every_fault_is_listed() -> None:
    """Faults in several rules are listed together; one does not hide the others."""
    files = replaced(IRAQ, PENSION, 'severity = "normal"', 'severity = "dire"')
    files = replaced(files, DEATH, "run_off = ", "run_of = ")
    files = replaced(files, SALARY, "amount = 216_000 }", "amount = 216_001 }")
    files = replaced(files, RAFHA, "rafha P1 2021-01-01 ..", "rafha P1 someday ..")

    assert places(files) == [
        (DEATH, "test.run_of"),
        (RAFHA, "case"),
        (PENSION, "severity"),
        (
            SALARY,
            "case \"the spouse's salary beside the family's transfer\", known 2023-06-20, amount",
        ),
    ]


def test_failing_case_tells_what_was_found() -> None:
    """A golden case that fails is told with what it says and what the rule finds, as dates."""
    files = replaced(IRAQ, PENSION, "since = 2024-03-15", "since = 2024-03-16")

    (fault,) = faults.check(files).faults

    assert fault.reason == "expected 2024-03-16, found 2024-03-15"
    assert str(fault).startswith(f"{PENSION}: iq.spn.pension: case ")


def test_doubt_that_blocks_is_a_fault() -> None:
    """A doubt that nobody has accepted is a fault of the book, although it loads."""
    files = replaced(IRAQ, RAFHA, 'effect = "note"', 'effect = "block"')

    checked = faults.check(files)

    assert checked.book is not None
    assert [(f.file, f.rule, f.field) for f in checked.faults] == [
        (RAFHA, "iq.rafha.pension", "unsure on sides.right")
    ]


def test_broken_book_is_told_once() -> None:
    """What makes every rule unreadable is one fault, not one for each rule."""
    assert places({**IRAQ, BOOK: b"no book"}) == [(BOOK, "(file)")]
    assert places({name: IRAQ[name] for name in IRAQ if name != BOOK}) == [(BOOK, "(file)")]


def test_one_id_twice_is_a_fault() -> None:
    """Two files that claim one rule id are a fault of the whole, found although each is sound."""
    assert places({**IRAQ, "rules/z-again.toml": IRAQ[RAFHA]}) == [("rules/z-again.toml", "id")]
