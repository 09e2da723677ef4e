"""Rulebooks: what is read, and every fault that is refused with its file, rule and field."""

from datetime import date
from pathlib import Path

import pytest

from sijill.domain import cases, rulebook
from sijill.domain.event import INF
from sijill.domain.rulebook import LoadError
from sijill.domain.timeline import value_at
from tests.domain.books import FILES, with_book, with_rule

DAY = date(2024, 6, 1).toordinal()


def test_the_example_holds() -> None:
    """Golden cases of retroactive law, waivers, sums and settling all pass in a small book."""
    count, failures = cases.run(FILES)

    assert (count, failures) == (5, [])


def test_money_in_files_is_in_whole_units() -> None:
    """A ceiling of 450 USD is read as 45,000 cents, and governs from its first day on."""
    (rule,) = rulebook.parse(FILES).rules

    values = rule.params["ceiling"].values
    assert value_at(values, DAY) == 45_000
    assert value_at(values, date(2023, 12, 31).toordinal()) == 0
    assert rule.materiality == 2_500


def test_law_is_known_from_its_publication() -> None:
    """A book as known before an order was published does not have the order's value."""
    early = rulebook.parse(FILES, known=date(2024, 3, 9).toordinal())
    late = rulebook.parse(FILES, known=date(2024, 3, 10).toordinal())

    ceilings = [value_at(book.rules[0].params["ceiling"].values, DAY) for book in (early, late)]
    assert ceilings == [0, 45_000]


def test_source_rank() -> None:
    """A ministry that is not named for an attribute comes after all that are."""
    book = rulebook.parse(FILES)

    assert (book.source_rank("death", "civil"), book.source_rank("death", "aid")) == (0, 1)


def test_iraq_has_all_ministries() -> None:
    """Iraq's book has the fifteen ministries of the design, each with names and streams."""
    book = rulebook.load("iraq")

    assert len(book.ministries) == 15
    assert (book.id, book.version, book.time_zone, book.currency, book.known) == (
        *("iraq", "2026-1", "Asia/Baghdad", "IQD"),
        INF,
    )
    assert book.blockers() == ()


def test_a_folder_is_a_book_too(tmp_path: Path) -> None:
    """A book may lie in any folder, and its digest depends on its content alone."""
    (tmp_path / "rules").mkdir()
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)

    book = rulebook.load(tmp_path)

    assert book.digest == rulebook.parse(dict(reversed(FILES.items()))).digest
    assert book.digest != rulebook.parse(with_book('version   = "1"', 'version = "2"')).digest


def test_law_that_nobody_has_read_for_a_year() -> None:
    """A rule warns when its law was last read more than a year before, and works on."""
    book = rulebook.parse(FILES)

    assert book.stale(date(2027, 11, 1).toordinal()) == ()
    assert book.stale(date(2027, 11, 2).toordinal()) == ("nowhere.salary",)


def test_a_doubt_that_blocks() -> None:
    """A rule with a blocking doubt loads for what-if, and may not be activated until accepted."""
    blocked = with_rule('effect = "taint"', 'effect = "block"')
    accepted = with_rule('effect = "taint"', 'effect = "block"\naccepted = "A. Clerk, 2026-11-02"')

    assert len(rulebook.parse(blocked).blockers()) == 1
    assert rulebook.parse(accepted).blockers() == ()


SECOND_EXCEPTION = """[[exception]]
label   = "other"
over    = "base"
from    = 2014-07-01
when    = { fact = "category", code = "orphan" }
verdict = "none"
source  = "act"
"""
PERMITTED_TEXTS = """permitted.en = "Checked: permitted under {cite} ({exception})."
permitted.ar = "تم التحقق: مسموح بموجب {cite} ({exception})."
"""
RULE_FAULTS = {
    "an unknown field": ("severity =", "severety = 1\nseverity =", "severety"),
    "a float": ("value = 450", "value = 450.0", "params.ceiling.values[1].value"),
    "a negative number": ("value = 450", "value = -1", "params.ceiling.values[1].value"),
    "a date in quotes": ("from        = 2014-07-01", 'from = "2014-07-01"', "version[0].from"),
    "a date with a time": ("reviewed = 2026-11-01", "reviewed = 2026-11-01T00:00:00", "reviewed"),
    "an unknown type": ('"OVL-HH"', '"OVL-XX"', "type"),
    "an unknown programme": ('programme = "cash"', 'programme = "gold"', "sides.left.programme"),
    "sides that meet everything": ('programme = "cash", ', "", "sides"),
    "an unknown role": ('"spouse"]', '"spouze"]', "sides.right.role"),
    "an unknown class": ('"public-salary"]', '"salary"]', "sides.right.class"),
    "a source that is not listed": (
        'value = 450, source = "order"',
        'value = 450, source = "ordre"',
        "params.ceiling.values[1].source",
    ),
    "a source that nothing uses": (
        "[sources]\n",
        '[sources]\nidle = { cite = "Idle", published = 2020-01-01 }\n',
        "sources.idle",
    ),
    "a retroactive value that does not say so": (
        ", retroactive = true",
        "",
        "params.ceiling.values[1].retroactive",
    ),
    "a value that says so and is not": (
        'value = 0, source = "act"',
        'value = 0, source = "act", retroactive = true',
        "params.ceiling.values[0].retroactive",
    ),
    "two values for one day": (
        "{ from = 2014-07-01, value = 0,",
        '{ from = 2014-07-01, value = 1, source = "act" },\n{ from = 2014-07-01, value = 0,',
        "params.ceiling.values",
    ),
    "a number without a unit": ('unit   = "USD/month"', 'unit = "dollars"', "params.ceiling.unit"),
    "a parameter that is not there": ('than = "ceiling"', 'than = "roof"', "test.amount.than"),
    "an exception over nothing": ('over    = "base"', 'over = "bass"', "exception waived.over"),
    "exceptions of equal rank": (
        "[[unsure]]",
        SECOND_EXCEPTION + "[[unsure]]",
        "exception other.over",
    ),
    "a doubt about nothing": ('on     = "params.ceiling"', 'on = "params.roof"', "unsure"),
    "an unknown placeholder": ("({cite}). To be", "({cites}). To be", "texts.raised"),
    "a placeholder that reaches inside": ("{left} and", "{left.x} and", "texts.raised"),
    "placeholders that differ by language": ("{left} and {right}", "{left}", "texts.raised"),
    "a text that claims more": ("To be examined", "Fraud", "texts.raised.en"),
    "no text for a permission": (
        PERMITTED_TEXTS,
        "",
        "texts.permitted",
    ),
    "a case that says an unknown thing": (
        "permitted = [",
        "allowed = [",
        "case[2].then[0].allowed",
    ),
    "no case of an exception": (', permitted = ["2024-07"]', "", "case"),
    "a period that its type does not have": ('period = "month"', 'period = "day"', "test.period"),
    "a test that its type lacks": (
        'amount = { sum = "right", op = ">", than = "ceiling" }\n',
        "",
        "test",
    ),
}


@pytest.mark.parametrize("fault", RULE_FAULTS)
def test_faults_of_a_rule_are_refused(fault: str) -> None:
    """A rule with a fault is refused, and the error names file, rule and field."""
    old, new, field = RULE_FAULTS[fault]

    with pytest.raises(LoadError) as raised:
        rulebook.parse(with_rule(old, new))

    error = raised.value
    assert (error.file, error.rule, error.field) == ("rules/salary.toml", "nowhere.salary", field)


BOOK_FAULTS = {
    "a code that stands twice": ('code    = "civil"', 'code    = "aid"', "ministry[1].code"),
    "a code of the hub itself": ('code    = "civil"', 'code    = "relay"', "ministry[1].code"),
    "a code with capitals": ('code    = "civil"', 'code    = "Civil"', "ministry[1].code"),
    "an unknown stream": ('["vital", "decision"]', '["vitals"]', "ministry[1].streams"),
    "an owner that does not take part": ('["aid"]', '["ade"]', "programme[0].ministry"),
    "an owner that writes no enrollments": ('["aid"]', '["civil"]', "programme[0].ministry"),
    "an unknown class": ('class         = "cash"', 'class = "gold"', "programme[0].class"),
    "a roster without households": (
        "household     = true",
        "household = false",
        "programme[0].roster",
    ),
    "an unknown currency": ('"USD"', '"XXX"', "currency"),
    "no rank for an attribute": ("death = [", "dead = [", "source_ranks.death"),
    "a language that is missing": ('{ en = "Cash", ar', '{ en = "Cash", fr', "programme[0].title"),
}


@pytest.mark.parametrize("fault", BOOK_FAULTS)
def test_faults_of_a_book_are_refused(fault: str) -> None:
    """A book with a fault is refused, and the error names file and field."""
    old, new, field = BOOK_FAULTS[fault]

    with pytest.raises(LoadError) as raised:
        rulebook.parse(with_book(old, new))

    assert (raised.value.file, raised.value.field) == ("book.toml", field)


@pytest.mark.parametrize(
    ("files", "file"),
    [
        ({}, "book.toml"),
        ({**FILES, "rules/x.toml": b"= ["}, "rules/x.toml"),
        ({**FILES, "rules/x.toml": b"\xff"}, "rules/x.toml"),
        ({**FILES, "notes.txt": b""}, "notes.txt"),
        ({**FILES, "rules/twice.toml": FILES["rules/salary.toml"]}, "rules/twice.toml"),
    ],
)
def test_faults_of_files_are_refused(files: dict[str, bytes], file: str) -> None:
    """A missing book, broken TOML, a foreign file and a rule id that stands twice are refused."""
    with pytest.raises(LoadError) as raised:
        rulebook.parse(files)

    assert raised.value.file == file


def test_a_book_that_is_not_there() -> None:
    """An unknown country is a LoadError like any other."""
    with pytest.raises(LoadError, match="atlantis"):
        rulebook.load("atlantis")
