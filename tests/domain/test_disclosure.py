"""Proofs of disclosure: each side learns its own record and no more than the rule allows."""

from datetime import date

from sijill.domain import disclosure, rulebook, rules
from sijill.domain.event import Enrollment, Fact, Income, Membership, Payment, Vital
from sijill.domain.rules.overlap import HouseholdFacts, Member, Overlap, PersonFacts
from tests.domain.test_identity import fact

BOOK = rulebook.load("iraq")
START = date(2026, 1, 1).toordinal()
STOP = date(2026, 6, 1).toordinal()


def enrolled(number: int, ministry: str, programme: str, household: str | None = None) -> Fact:
    """Return an enrollment of the first months of 2026."""
    detail = Enrollment(
        programme, "ACTIVE", START, STOP, (), household, (), None, None, (), None, None, None,
        None, None,
    )  # fmt: skip
    return fact(number)._replace(stream="enrollment", ministry=ministry, detail=detail)


def only(overlaps: list[Overlap]) -> Overlap:
    """Return the one overlap that was raised."""
    (overlap,) = [o for o in overlaps if o.verdict == "raised"]
    return overlap


def test_both_sides_of_a_pair_are_told_and_see_a_class() -> None:
    """Each of two incompatible programmes learns the other's class, never its record."""
    facts = (enrolled(1, "molsa", "spn"), enrolled(2, "pensions", "pension"))
    overlap = only(rules.evaluate_person(PersonFacts(facts, None, b""), BOOK, STOP)[0])

    assert disclosure.told(overlap, BOOK) == ["molsa", "pensions"]
    pension = BOOK.programmes["pension"].klass
    assert disclosure.seen_class(overlap, BOOK, "molsa") == pension


def test_registry_of_a_death_is_not_a_party() -> None:
    """A payment after death is examined by its payer; the civil registry only gave evidence."""
    paid = Payment(
        "pension", "MADE", "2026-05", date(2026, 5, 1).toordinal(), STOP, 1, "IQD", "CASH",
        None, None, None, None, None, None,
    )  # fmt: skip
    payment = fact(1)._replace(stream="payment", ministry="pensions", detail=paid)
    death = fact(2)._replace(ministry="interior", detail=Vital("DEATH", START, None, None))
    person = PersonFacts((payment, death), START, b"")
    overlap = only(rules.evaluate_person(person, BOOK, STOP)[0])

    assert disclosure.told(overlap, BOOK) == ["pensions"]


def test_agency_of_a_household_member_learns_nothing() -> None:
    """The payer of the spouse's salary gets no notice of the family's benefit."""
    benefit = enrolled(1, "molsa", "spn", "H1")
    salary = fact(2)._replace(
        stream="income",
        ministry="finance",
        detail=Income("PUBLIC_SALARY", START, STOP, ((START, STOP, 900_000, "IQD", None),), None),
    )
    line = fact(3)._replace(
        stream="household",
        ministry="molsa",
        detail=Membership("spn-family", "H1", "SPOUSE", START, STOP, None),
    )
    spouse = PersonFacts((salary, line), None, b"s")
    household = HouseholdFacts(
        "molsa", "spn-family", "H1", (Member("SPOUSE", START, STOP, line, spouse),), (benefit,)
    )
    overlap = only(rules.evaluate_household(household, BOOK, STOP)[0])

    assert disclosure.told(overlap, BOOK) == ["molsa"]
