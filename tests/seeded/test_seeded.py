"""Proofs of the trial itself: what counts as caught, and what does not."""

from pathlib import Path

import pytest

from tests.seeded import bug as bugs
from tests.seeded import trial
from tests.seeded.bug import Bug, Edit, StaleError

NODE = "tests/test_there.py::test_it"


def a_bug(search: str = "one", replace: str = "two") -> Bug:
    """Return a bug that is an edit of one word."""
    return Bug("b", "a story", NODE, (Edit("code.py", search, replace),))


def a_report(tmp_path: Path, inside: str) -> list[trial.Told]:
    """Return what a report with one test tells."""
    report = tmp_path / "report.xml"
    report.write_text(
        f"<testsuites><testsuite><testcase>{inside}</testcase></testsuite></testsuites>"
    )
    return trial.told(report)


def failure(last: str) -> str:
    """Return the part of a report in which a test has failed."""
    return f"<failure>    assert 1 == 2\nE   assert 1 == 2\n\n{last}</failure>"


@pytest.mark.parametrize("name", bugs.names())
def test_every_bug_can_still_be_sown(name: str) -> None:
    """Each edit applies to the code as it is, gives a program, and names a test that is there."""
    bugs.load(name).check(bugs.ROOT)


@pytest.mark.parametrize("text", ["zero", "one one"])
def test_edit_that_does_not_apply_is_an_error(tmp_path: Path, text: str) -> None:
    """A text that stands nowhere, or more than once, is a stale bug and never a pass."""
    (tmp_path / "code.py").write_text(text)

    with pytest.raises(StaleError):
        a_bug().sow(tmp_path)


def test_bug_whose_test_is_gone_is_an_error(tmp_path: Path) -> None:
    """A bug must name a test that stands in its file."""
    (tmp_path / "code.py").write_text("one")

    with pytest.raises(StaleError):
        a_bug().check(tmp_path)


@pytest.mark.parametrize("kind", ["AssertionError", "Failed"])
def test_failed_assertion_of_the_test_catches(tmp_path: Path, kind: str) -> None:
    """An assertion that fails, or an error that is not raised, in the test's own file."""
    found = a_report(tmp_path, failure(f"tests/test_there.py:7: {kind}"))

    assert trial.judge(a_bug(), found).caught


@pytest.mark.parametrize(
    "inside",
    [
        "",  # it passed
        "<skipped/>",
        "<error>tests/test_there.py:7: AssertionError</error>",  # in a fixture
        failure("tests/test_there.py:7: ImportError"),
        failure("sijill/code.py:7: AssertionError"),  # the product's own assertion
        failure("tests/services/story.py:7: AssertionError"),  # patience of a tool is over
    ],
)
def test_anything_else_does_not_catch(tmp_path: Path, inside: str) -> None:
    """A test that passes, is skipped, or fails elsewhere has not caught the bug."""
    found = a_report(tmp_path, inside)

    assert not trial.judge(a_bug(), found).caught


def test_child_that_told_nothing_does_not_catch(tmp_path: Path) -> None:
    """Where no report was written, nothing was caught."""
    assert not trial.judge(a_bug(), trial.told(tmp_path / "none.xml")).caught
