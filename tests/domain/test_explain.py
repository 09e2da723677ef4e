"""Reasons: what an overlap says in Arabic and in English, and to whom."""

from datetime import date

import pytest

from sijill.domain import explain, rulebook
from sijill.domain.case_facts import read_world
from sijill.domain.rules import evaluate_household, evaluate_person
from sijill.domain.rules.overlap import Overlap

IRAQ = rulebook.load("iraq")


def found(*lines: str, as_of: date = date(2024, 12, 31)) -> Overlap:
    """Return the first overlap that the facts give."""
    world = read_world(lines, IRAQ)
    day = as_of.toordinal()
    answers = [evaluate_person(person, IRAQ, day)[0] for person in world.persons]
    answers += [evaluate_household(family, IRAQ, day)[0] for family in world.households]
    return next(overlap for overlaps in answers for overlap in overlaps)


PAIR = (
    "spn P1 2023-11-01 ..",
    "pension P1 2023-11-15 .. 2024-05-31",
    "paid spn P1 2024-03 216000",
)


def test_a_reason_in_english() -> None:
    """A reason names both programmes, the months as one run, the law and the money."""
    assert explain.reason(found(*PAIR), IRAQ, "en") == (
        "Social protection network (cash) and Civil or military pension are held by one person in "
        "November 2023 – May 2024 (Law 11/2014). Money at stake: IQD 216,000. To be examined."
    )


def test_a_reason_in_arabic() -> None:
    """The Arabic reason has Iraq's names of months, Arabic-Indic digits and the same content."""
    assert explain.reason(found(*PAIR), IRAQ, "ar") == (
        "تزامن «شبكة الحماية الاجتماعية (إعانة نقدية)» مع «الراتب التقاعدي المدني أو العسكري» "
        "لدى الشخص نفسه في تشرين الثاني ٢٠٢٣ – أيار ٢٠٢٤ (القانون رقم ١١ لسنة ٢٠١٤). "
        "المبلغ المعني: ٢١٦٬٠٠٠ دينار عراقي. للتدقيق."
    )


def test_a_notice_tells_a_ministry_no_more_than_the_class() -> None:
    """A ministry reads its own programme by name, and the other side's by its class alone."""
    overlap = found(*PAIR)

    assert "a pension" not in explain.reason(overlap, IRAQ, "en")
    assert "Social protection network (cash) and pension are" in explain.notice(
        overlap, IRAQ, "en", ministry="molsa"
    )
    assert "social assistance and Civil or military pension are" in explain.notice(
        overlap, IRAQ, "en", ministry="pensions"
    )


def test_a_death_is_told_with_its_dates() -> None:
    """The reason for a payment after death names the day of death, the run-off and the payments."""
    overlap = found("death P1 2024-03-10", "paid pension P1 2024-05 500000")

    english = explain.reason(overlap, IRAQ, "en")
    arabic = explain.reason(overlap, IRAQ, "ar")
    assert "1 payment(s) for May 2024, after the death on 10 March 2024 and 30 days" in english
    assert "بعد الوفاة بتاريخ ١٠ آذار ٢٠٢٤ ومهلة ٣٠ يوماً" in arabic


def test_a_salary_is_told_with_its_ceiling() -> None:
    """The reason for a salary beside a household benefit names salary and ceiling."""
    family = ("spn H1 2024-01-01 ..", "spouse H1 P2 2020-01-01 ..")

    known = explain.reason(found(*family, "salary P2 2024-04 .. 2024-04 400000"), IRAQ, "en")
    unknown = explain.reason(found(*family, "salary P2 2024-04 .. 2024-04"), IRAQ, "en")

    assert "IQD 400,000 a month, above IQD 0 (Law 11/2014)" in known
    assert "Money at stake: no payment shown" in known
    assert unknown.endswith("To be examined. Not all of this is certain.")


def test_two_payers_are_both_named() -> None:
    """One benefit that two payers paid is told under both programmes' names."""
    overlap = found("paid martyr-family P1 2024-05 500", "paid krg-martyr P1 2024-05 400")

    assert explain.reason(overlap, IRAQ, "en").startswith(
        "Paid 2 times for May 2024: Salary of a martyr's family / Salary of martyrs' families"
    )


def test_a_disputed_record_is_told() -> None:
    """A reason that rests on a disputed record says so in both languages."""
    overlap = found("spn P1 2024-01-01 .. disputed", "pension P1 2024-01-01 ..")

    assert explain.reason(overlap, IRAQ, "en").endswith("One of the records is disputed.")
    assert explain.reason(overlap, IRAQ, "ar").endswith("أحد السجلات موضع خلاف.")


def test_a_permission_is_an_answer() -> None:
    """A permitted overlap says under which law it was checked."""
    overlap = found("spn P1 2024-01-01 ..", "martyr-family P1 2024-12-01 ..")

    assert overlap.verdict == "permitted"
    assert explain.legal_basis(overlap, IRAQ, "en") == ("Amendments and budget law of 2023",)
    assert "permitted under Amendments" in explain.reason(overlap, IRAQ, "en")


@pytest.mark.parametrize(
    ("months", "english", "arabic"),
    [
        (("2024-06",), "June 2024", "حزيران ٢٠٢٤"),
        (("2024-11", "2024-12"), "November – December 2024", "تشرين الثاني – كانون الأول ٢٠٢٤"),
        (("2024-01", "2024-03"), "January 2024, March 2024", "كانون الثاني ٢٠٢٤، آذار ٢٠٢٤"),
        (
            ("2024-01", "2024-03", "2024-05", "2024-07", "2024-08"),
            "January 2024, March 2024, May 2024, 2 more months",
            "كانون الثاني ٢٠٢٤، آذار ٢٠٢٤، أيار ٢٠٢٤، وعدد ٢ من الأشهر الأخرى",
        ),
    ],
)
def test_months(months: tuple[str, ...], english: str, arabic: str) -> None:
    """Months are told in runs, at most three of them, the rest as a number."""
    assert explain.months_text(months, "en") == english
    assert explain.months_text(months, "ar") == arabic
