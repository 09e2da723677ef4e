"""Golden explanations: what a clerk reads of each type of rule, in English and in Arabic.

The texts stand in tests/cli/explained/, one file for each type and language.
"""

import re
from datetime import date
from pathlib import Path

import pytest

from sijill.cli.explain.plain import plain
from sijill.cli.explain.text import lines
from sijill.domain import rulebook
from sijill.domain.alerts import Answer
from sijill.domain.dossier import Dossier, dossier
from sijill.domain.dossier.shapes import Said
from sijill.domain.explain import ISOLATE, POP
from tests.changed_book import amended
from tests.domain.dossiers import case

GOLDEN = Path(__file__).parent / "explained"
BOOK = rulebook.parse(amended())
DAY = date(2026, 6, 20)
WIDTH = 80

WORLDS = {
    "pair": ("spn P1 2025-11-01 ..", "pension P1 2026-03-15 ..", "paid spn P1 2026-04 216000"),
    "twice-enrolled": (
        "disability P1 2026-01-01 .. 2026-05-10",
        "disability P1 2026-04-10 .. suspended 2026-04-20 .. 2026-04-30 disputed",
    ),
    "twice-paid": (
        "paid martyr-family P1 2026-05 500000",
        "paid krg-martyr P1 2026-05 400000 by krg-molsa",
    ),
    "after-death": (
        "death P1 2026-01-10",
        "paid pension P1 2026-05 500000",
        "paid pension P1 2026-06 500000",
    ),
    "household": (
        "spn H1 2026-01-01 ..",
        "head H1 P1 2020-01-01 ..",
        "spouse H1 P2 2020-01-01 ..",
        "salary P2 2026-02 .. 2026-04 900000",
        "paid spn H1 2026-03 216000",
    ),
    "permitted": ("spn P1 2026-01-01 ..", "martyr-family P1 2026-05-01 .. 2026-05-31"),
}


def told(name: str, lang: str) -> Dossier:
    """Return the dossier of a world; the pair has an answer that does not cover everything."""
    answer = Answer("molsa", "1;;;0;IQD", "ON_HOLD", DAY.toordinal() + 10, 0, b"")
    said = (Said(answer, "OTHER", "waits for a letter"),) if name == "pair" else ()
    found = case(*WORLDS[name], as_of=DAY, book=BOOK, said=said)
    return dossier(found, BOOK, as_of=DAY.toordinal(), lang=lang)


@pytest.mark.parametrize("lang", ["en", "ar"])
@pytest.mark.parametrize("name", WORLDS)
def test_explanation_reads_as_it_should(name: str, lang: str) -> None:
    """Facts, periods, law, exceptions, decisions, history, ends and time: word for word."""
    text = "\n".join(lines(told(name, lang), BOOK, width=WIDTH)) + "\n"

    assert text == (GOLDEN / f"{name}.{lang}.txt").read_text("utf-8")


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("name", WORLDS)
def test_lines_fit_a_terminal(name: str, width: int) -> None:
    """No line is wider than the terminal; what is set apart in a line ends in it."""
    for lang in ("en", "ar"):
        for line in lines(told(name, lang), BOOK, width=width):
            assert len(line.replace(ISOLATE, "").replace(POP, "")) <= width
            assert line.count(ISOLATE) == line.count(POP)


@pytest.mark.parametrize("name", WORLDS)
def test_arabic_has_its_own_digits(name: str) -> None:
    """Outside of what is set apart, Arabic text has Arabic-Indic digits and no Latin words."""
    text = "\n".join(lines(told(name, "ar"), BOOK, width=WIDTH))

    outside = re.sub(f"{ISOLATE}[^{POP}]*{POP}", "", text)

    assert not re.search("[0-9]", outside)
    assert set(re.findall("[A-Za-z]+", outside)) <= {"T", "VOID"}


def test_json_says_the_same() -> None:
    """A program reads the same content, with ISO dates and the last day of each period."""
    found = plain(told("pair", "en"), width=WIDTH)

    assert found["spans"] == [{"from": "2026-03-15", "through": None}]
    assert [fact["record_id"] for fact in found["facts"]] == ["r01", "r02", "r03"]
    assert found["facts"][2]["last"] == "2026-04-30"
    assert found["rule"]["law"] == [{"cite": "Law 11/2014", "published": "2014-01-01", "url": None}]
    assert found["tested"][0]["label"] == "widows"
    assert [end["kind"] for end in found["ends"]] == ["exit", "void", "void", "category"]
    assert found["next_change"] == "2026-07-01"
    assert found["drawing"][-1].startswith("[#]")
