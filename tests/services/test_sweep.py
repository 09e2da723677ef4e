"""Proofs of the sweep: after another book every alert is what it would be under that book alone."""

import dataclasses
import time
from collections.abc import Iterator

import pytest

from services.registrar import RECORDS_MAX
from sijill.adapters import operations
from sijill.adapters.registry import batch, due
from sijill.adapters.registry.digest import Digest, digest
from sijill.domain import rulebook
from sijill.settings import Settings
from tests.changed_book import BOOK, IRAQ, PENSION, RAFHA, SALARY, named, replaced
from tests.services.story import AS_OF, Hub, enrollment, event, payment, person
from tests.services.test_decisions import answer

ALI = "198012345678"
SARA = "198587654321"
FETCHED_S = 1.0
"""Enough for the client to hold what was published, so that the next step takes it."""

BACKLOG = RECORDS_MAX * 5 // 4
"""More events than one batch takes, and enough in the rest to be a backlog."""


@pytest.fixture
def hub(clean_hub: Settings) -> Iterator[Hub]:
    """A hub whose day is fixed."""
    started = Hub(dataclasses.replace(clean_hub, as_of=AS_OF))
    yield started
    started.connection.close()


def alone(hub: Hub) -> Digest:
    """Return the digest of a database that never knew another book than the one in force."""
    hub.empty()
    hub.run()
    return digest(hub.connection)


def test_quiet_hub_sweeps(hub: Hub) -> None:
    """A book without a rule withdraws its alerts although no event comes."""
    hub.publish("prisoners", enrollment("r1", "rafha", person(ALI)))
    hub.publish("pensions", enrollment("p1", "pension", person(ALI)))
    without = named("2026-2", {n: text for n, text in IRAQ.items() if n != RAFHA})

    with hub.registrar() as loop:
        hub.drain(loop)
        raised = hub.alerts()
        hub.activate(without, seq=2)
        hub.drain(loop)

    assert raised == [("iq.rafha.pension", "NONE")]
    assert hub.alerts() == []
    assert hub.rows("SELECT state FROM alert_version ORDER BY revision") == [
        ("RAISED",),
        ("WITHDRAWN",),
    ]
    assert due.left(hub.connection) == 0


def test_decisions_are_weighed_by_the_new_book(hub: Hub) -> None:
    """What a decision covers is said by the book in force, although the finding stays the same."""
    hub.publish("molsa", enrollment("e1", "spn", person(ALI), household_number="H1"))
    hub.publish("pensions", enrollment("p1", "pension", person(ALI)))
    generous = replaced(named("2026-2"), PENSION, "severity", "materiality = 500_000\nseverity")

    with hub.registrar() as loop:
        hub.drain(loop)
        hub.publish("molsa", answer(hub, "molsa", "PERMITTED"))
        hub.drain(loop)
        hub.publish("molsa", payment("m1", "spn", person(ALI), household_number="H1"))
        hub.publish("molsa", payment("m2", "spn", person(ALI)))
        hub.drain(loop)
        grown = hub.alerts()
        hub.activate(generous, seq=2)
        hub.drain(loop)

    assert grown == [("iq.spn.pension", "REOPENED")]
    assert hub.alerts() == [("iq.spn.pension", "PERMITTED")]
    assert digest(hub.connection) == alone(hub)


def test_answer_that_runs_out_beside_a_reopened_one_is_settled(hub: Hub) -> None:
    """A decision that runs out and changes nothing is looked at once, not for ever."""
    hub.publish("molsa", enrollment("e1", "spn", person(ALI)))
    hub.publish("pensions", enrollment("p1", "pension", person(ALI)))

    with hub.registrar() as loop:
        hub.drain(loop)
        hub.publish("molsa", answer(hub, "molsa", "ON_HOLD", until="2026-05-31"))
        hub.publish("pensions", answer(hub, "pensions", "ON_HOLD", until="2026-06-10"))
        hub.drain(loop)
        hub.move_day(AS_OF + 10)
        hub.drain(loop)

    assert hub.alerts() == [("iq.spn.pension", "REOPENED")]
    assert due.pending(hub.connection) == 0


@pytest.mark.parametrize("households_first", [True, False])
@pytest.mark.parametrize("to_household", [True, False])
def test_rule_moves_between_person_and_household(
    hub: Hub, *, to_household: bool, households_first: bool
) -> None:
    """An alert that the new book finds elsewhere is not lost where the old one found it."""
    hub.publish("molsa", enrollment("e1", "spn", person(ALI), household_number="H1"))
    amount = {"amount_from": "2026-01-01", "amount": 900_000, "currency": "IQD"}
    hub.publish(
        "finance",
        event("income", "s1", status="ACTIVE", kind="PUBLIC_SALARY", person=person(ALI),
              income_from="2026-01-01", amounts=[amount]),
    )  # fmt: skip
    books = [personal_salary(), named("2026-3")]
    old, new = books if to_household else books[::-1]
    hub.activate(old, seq=2)
    hub.run()
    before = hub.alerts()

    hub.activate(new, seq=3)
    operations.Operations(hub.settings, hub.connection).read_to_end(hub.connection)
    for part in sorted(parts(hub), key=lambda part: bool(part.households) != households_first):
        settle(hub, part, new)
    hub.run()

    assert before == [("iq.spn.public-salary", "NONE")]
    assert hub.alerts() == before
    assert digest(hub.connection) == alone(hub)


def personal_salary() -> dict[str, bytes]:
    """Return a book in which a salary is compared with the transfer of the same person alone."""
    files = replaced(named("2026-2"), SALARY, 'type     = "OVL-HH"', 'type     = "OVL-PAIR"')
    files = replaced(files, SALARY, 'holder = "household"', 'holder = "person"')
    files = replaced(files, SALARY, 'holder = "member", role = ["head", "spouse"]',
                     'holder = "person"')  # fmt: skip
    files = replaced(files, SALARY, 'period = "month"', 'period = "day"')
    return replaced(files, SALARY, 'amount = { sum = "right", op = ">", than = "ceiling" }\n', "")


def parts(hub: Hub) -> list[batch.Work]:
    """Return what is due as two portions: the persons, and the households."""
    work = due.work(hub.connection, AS_OF, 3)
    return [batch.Work(clusters=work.clusters), batch.Work(households=work.households)]


def settle(hub: Hub, work: batch.Work, book: dict[str, bytes]) -> None:
    """Evaluate a portion again as a registrar does."""
    keys = batch.Keys(hub.settings.hub_key, rulebook.parse(book), 3)
    with hub.connection.transaction(), hub.connection.cursor() as cursor:
        due.settle_again(cursor, batch.context_of(cursor, keys), keys, work)


def test_payment_before_the_sweep_brings_a_new_household(hub: Hub) -> None:
    """A person whom an event reaches before the sweep does is looked at in every new household."""
    hub.publish("molsa", enrollment("e1", "spn", person(ALI), household_number="H1"))
    hub.publish("molsa", enrollment("e2", "spn", person(SARA), household_number="H1"))
    hub.publish("molsa", payment("m1", "spn", person(ALI), household_number="H1"))
    hub.publish("molsa", payment("m2", "spn", person(SARA), household_number="H1"))
    apart = replaced(
        named("2026-2"), BOOK, 'roster        = { ministry = "molsa", code = "spn-family" }\n', ""
    )
    hub.activate(apart, seq=2)

    with hub.registrar() as loop:
        hub.drain(loop)
        person_by_person = hub.alerts()
        hub.publish("pensions", payment("p1", "pension", person(ALI)))
        hub.publish("pensions", payment("p2", "pension", person(SARA)))
        hub.activate(named("2026-3"), seq=3)
        time.sleep(FETCHED_S)
        hub.drain(loop)

    assert person_by_person == []
    assert hub.alerts() == [("iq.paid-twice", "NONE")]
    assert digest(hub.connection) == alone(hub)


def test_backlog_does_not_starve_the_sweep(hub: Hub) -> None:
    """Under a backlog of events the sweep goes on; it does not wait for the end of it."""
    hub.publish("pensions", enrollment("p1", "pension", person(ALI)))
    many = [payment(f"m{n}", "pension", person(f"19{n:010d}")) for n in range(BACKLOG)]

    with hub.registrar(records_max=BACKLOG // 4) as loop:
        hub.drain(loop)
        hub.activate(named("2026-2"), seq=2)
        operations.Operations(hub.settings, hub.connection).read_to_end(hub.connection)
        assert due.left(hub.connection) == 1
        hub.publish("pensions", *many)
        time.sleep(FETCHED_S)
        while due.left(hub.connection):
            loop.step()
        still_behind = hub.behind()
        hub.drain(loop)

    assert still_behind
