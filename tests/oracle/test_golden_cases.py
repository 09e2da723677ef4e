"""The golden cases of the rule files, judged by the oracle."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from sijill.domain import rulebook
from sijill.domain.case_facts import World, read_world
from sijill.domain.event import INF, Enrollment, Income, Membership, Payment, Vital
from sijill.domain.event import Fact as HubFact
from sijill.domain.rulebook.model import Case, Rule
from sijill.oracle.border.reading import Mention, Version
from sijill.oracle.identity import Fact, Person
from sijill.oracle.law import Book
from sijill.oracle.overlaps import Overlap, find

FILES = rulebook.read("iraq")
TEXTS = {name: text.decode() for name, text in FILES.items()}
HUB_BOOK = rulebook.parse(FILES)
CASES = [(rule, case) for rule in HUB_BOOK.rules for case in rule.cases]


def through(stop: int) -> int | None:
    """Return the last day of a half-open period, as a record says it."""
    return None if stop == INF else stop - 1


def body(fact: HubFact) -> dict[str, Any]:
    """Return what a fact says, in the fields of its record."""
    match fact.detail:
        case Enrollment() as one:
            return {
                "programme": one.programme, "status": one.status, "enrolled_from": one.start,
                "enrolled_through": through(one.stop), "household_number": one.household,
                "category_codes": list(one.categories),
                "suspensions": [
                    {"suspended_from": start, "suspended_through": through(stop)}
                    for start, stop in one.suspensions
                ],
                "waivers": [
                    {"code": code, "waived_from": start, "waived_through": through(stop)}
                    for code, start, stop in one.waivers
                ],
            }  # fmt: skip
        case Payment() as one:
            return {
                "programme": one.programme, "status": one.status, "period": one.period,
                "period_from": one.start, "period_through": through(one.stop),
                "amount": one.amount, "currency": one.currency,
                "household_number": one.household,
            }  # fmt: skip
        case Membership() as one:
            return {
                "roster": one.roster, "household_number": one.number, "role": one.role,
                "member_from": one.start, "member_through": through(one.stop),
            }  # fmt: skip
        case Vital() as one:
            return {"kind": one.kind, "event_date": one.day}
        case Income() as one:
            amounts = [
                {"amount_from": start, "amount_through": through(stop), "amount": amount,
                 "currency": currency, "component": component}
                for start, stop, amount, currency, component in one.amounts
            ]  # fmt: skip
            ends = {"income_from": one.start, "income_through": through(one.stop)}
            return {"kind": one.kind, "amounts": amounts, **ends}


def persons(world: World) -> Iterator[Person]:
    """Yield the persons of a case as the oracle sees them."""
    for person in world.persons:
        facts = []
        for fact in person.facts:
            name = (fact.ministry, fact.stream, fact.record_id)
            mention = Mention(fact.line, {}, (), None, body(fact))
            version = Version(name, 1, fact.content, 0, False, (mention,), mention.body)
            facts.append(Fact(version, mention, fact.disputed, (fact.record, fact.line)))
        yield Person(tuple(facts), {"death": person.death})


def answer(rule: Rule, case: Case, day: int) -> dict[str, Any]:
    """Return what the oracle says of a case on a day, with the law that was published by then."""
    world = read_world(case.facts, HUB_BOOK)
    found = find(list(persons(world)), Book(TEXTS, known=day), day)
    mine = [one for one in found.values() if one.meeting.rule["id"] == rule.id]
    raised = [one for one in mine if one.verdict == "raised"]
    permitted = [one for one in mine if one.verdict == "permitted"]
    return {
        "raised": months(raised),
        "permitted": months(permitted),
        "amount": sum(one.amount for one in raised),
        "count": len(raised),
        "since": min((one.since for one in raised), default=None),
        "certainty": "/".join(sorted({one.certainty for one in raised})),
        "exception": "/".join(sorted({one.exception for one in permitted if one.exception})),
    }


def months(overlaps: list[Overlap]) -> list[str]:
    """Return the months of all overlaps, in order."""
    return sorted({month for one in overlaps for month in one.months})


@pytest.mark.parametrize(("rule", "case"), CASES, ids=[f"{r.id}: {c.name}" for r, c in CASES])
def test_golden_case(rule: Rule, case: Case) -> None:
    """The oracle says of each case what its rule's file says."""
    for then in case.then:
        day = then["known"]
        assert isinstance(day, date)
        found = answer(rule, case, day.toordinal())
        wanted = {
            field: value.toordinal() if isinstance(value, date) else value
            for field, value in then.items()
            if field in found
        }

        assert {field: found[field] for field in wanted} == wanted
