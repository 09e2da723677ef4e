"""Proof that hub and oracle say the same of the turns that records take, told as stories.

After each turn the hub is verified whole; what a turn does to the open alerts is asserted too, so
that a story in which nothing happens proves nothing.
"""

from typing import Any

import pytest

from tests.changed_book import amended
from tests.oracle.hub import VerifiedHub, verified_hub
from tests.services.story import AS_OF, enrollment, event, payment, person

__all__ = ["verified_hub"]

ALI, SARA, HUDA = "198012345678", "198587654321", "199001010101"
CARD = ("PASSPORT", "A1234567")
NAMES = ("علي", "حسن", "زينب", "مريم", "كريم", "سعاد", "نور")

Said = tuple[str, dict[str, Any]]


def vital(kind: str, number: str, day: str, seq: int = 1, **fields: Any) -> Said:
    """Return an entry of a civil register about the bearer of a national number."""
    common: dict[str, Any] = {"status": "RECORDED", "kind": kind, "event_date": day}
    return event("vital", f"{kind}-{number}", seq, **common | {"person": person(number)} | fields)


def roster(number: str, *members: tuple[str, str], seq: int = 1, **fields: Any) -> Said:
    """Return a family's roster of (role, national number)."""
    lines = [
        {"line_id": str(n), "person": person(who), "role": role, "member_from": "2020-01-01"}
        for n, (role, who) in enumerate(members)
    ]
    common: dict[str, Any] = {"status": "ACTIVE", "roster": "spn-family", "lines": lines}
    return event("household", f"R{number}", seq, household_number=number, **common | fields)


def salary(number: str, seq: int = 1, **fields: Any) -> Said:
    """Return a public salary since February."""
    common: dict[str, Any] = {"status": "ACTIVE", "kind": "PUBLIC_SALARY"}
    common |= {"income_from": "2026-02-01", "person": person(number)}
    return event("income", f"S{number}", seq, **common | fields)


def test_notice_of_a_ministry_that_is_no_longer_asked(hub: VerifiedHub) -> None:
    """A ministry whose record has left the evidence sees its notice withdrawn."""
    ali = person(ALI)
    paid = [payment("a", "krg-martyr", ali), payment("c", "krg-martyr", ali)]
    mine = payment("b", "martyr-family", ali)
    gone = payment("b", "martyr-family", ali, source_seq=2, status="VOID")

    birth = vital("BIRTH", ALI, "1980-01-01")
    three = hub.told(("interior", [birth]), ("krg-molsa", paid), ("martyrs", [mine]))
    two = hub.told(("martyrs", [gone]))

    assert three == two == [("iq.paid-twice", "NONE")]


@pytest.mark.long
def test_persons_merge_and_split(hub: VerifiedHub) -> None:
    """A late identifier merges two persons, its correction parts them, two numbers never meet."""
    card = enrollment("p1", "pension", person(ids=[CARD]))
    joined = vital("BIRTH", ALI, "1980-01-01", person=person(ALI, ids=[CARD]))
    apart = vital("BIRTH", ALI, "1980-01-01", 2)
    rival = vital("BIRTH", SARA, "1985-01-01", person=person(SARA, ids=[CARD]))

    two = hub.told(("molsa", [enrollment("e1", "spn", person(ALI))]), ("pensions", [card]))
    one = hub.told(("interior", [joined]))
    left_out = hub.told(("interior", [rival]))
    conflicts = hub.verify().differences.compared["facts"]
    split = hub.told(("interior", [apart]))

    assert (two, one, split) == ([], [("iq.spn.pension", "NONE")], [])
    assert len(left_out) == 1
    assert conflicts == 4


def test_versions_are_disputed_void_and_late(hub: VerifiedHub) -> None:
    """Two contents of one number, a version that never was, and one that comes too late."""
    ali = person(ALI)
    first = enrollment("p1", "pension", ali)
    rival = enrollment("p1", "pension", ali, enrolled_from="2025-11-01")
    healed = enrollment("p1", "pension", ali, source_seq=3, exit_reason="healed")
    late = enrollment("p1", "pension", ali, source_seq=2, enrolled_from="2025-06-01")
    void = enrollment("p1", "pension", ali, source_seq=4, status="VOID")
    certainty = "SELECT certainty FROM alert WHERE open"

    hub.told(("molsa", [enrollment("e1", "spn", ali)]), ("pensions", [first, rival, first]))
    disputed = hub.rows(certainty)
    hub.told(("pensions", [healed, late]))
    certain = hub.rows(certainty)
    gone = hub.told(("pensions", [void]))

    assert (disputed, certain, gone) == ([("disputed",)], [("certain",)], [])


@pytest.mark.long
def test_death_is_annulled(hub: VerifiedHub) -> None:
    """A death makes later payments alerts, another register outranks it, and it can be void."""
    paid = [payment(m, "pension", person(ALI), month=m) for m in ("2026-03", "2026-04", "2026-05")]
    death = vital("DEATH", ALI, "2026-01-10")
    better = vital("DEATH", ALI, "2026-02-10")
    annulled = vital("DEATH", ALI, "2026-02-10", 2, status="VOID")

    alive = hub.told(("pensions", [enrollment("p1", "pension", person(ALI)), *paid]))
    dead = hub.told(("molsa", [death]))
    months = "SELECT months FROM alert WHERE open"
    early = hub.rows(months)
    hub.told(("interior", [better]))
    later = hub.rows(months)
    hub.told(("interior", [annulled]))

    assert (alive, dead) == ([], [("iq.paid-after-death", "NONE")])
    assert (early, later) == ([(["2026-03", "2026-04", "2026-05"],)], [(["2026-04", "2026-05"],)])
    assert hub.rows(months) == early


@pytest.mark.long
def test_decisions_meet_their_alerts(hub: VerifiedHub) -> None:
    """Answers before the alert, of both sides, of the hub itself, run out and outgrown."""
    pair = [enrollment("e1", "spn", person(ALI)), enrollment("p1", "pension", person(ALI))]
    rule = "iq.spn.pension"
    hub.told(("molsa", pair[:1]), ("pensions", pair[1:]))
    early = hub.answer("molsa", "CONFIRMED", rule=rule)
    other = hub.answer("pensions", "PERMITTED", rule=rule)
    held = hub.answer("hub", "ON_HOLD", rule=rule, until="2026-06-10")
    agreed = hub.answer("pensions", "CONFIRMED", rule=rule, source_seq=2)

    hub.empty()
    hub.renew_topics()
    before = hub.told(("molsa", [early]))
    met = hub.told(("molsa", pair[:1]), ("pensions", pair[1:]))
    disputed = hub.told(("pensions", [other]))
    hold = hub.told(("pensions", [agreed]), ("hub", [held]))
    hub.move_day(AS_OF + 10)
    run_out = hub.told()
    more = hub.told(("molsa", [payment("y", "spn", person(ALI), month="2026-06")]))

    stages = [[stage for _, stage in alerts] for alerts in (met, disputed, hold, run_out, more)]
    assert before == []
    assert stages == [["CONFIRMED"], ["DISPUTED"], ["ON_HOLD"], ["REOPENED"], ["REOPENED"]]


@pytest.mark.long
def test_number_is_saturated_and_thaws(hub: VerifiedHub) -> None:
    """A number that many people carry links nobody, and links again when few are left."""
    shared = ("BENEFICIARY_NUMBER", "0000-SHARED-7")

    def bearer(n: int, **fields: Any) -> Said:
        named = person(ids=[shared], given=NAMES[n], sex="MALE", birth_date="1970-01-01",
                       birth_precision="YEAR")  # fmt: skip
        return enrollment(f"e{n}", "spn", named, **fields)

    few = [bearer(0), enrollment("again", "spn", bearer(0)[1]["person"]), bearer(1)]
    crowd = [bearer(n) for n in range(2, len(NAMES))]
    gone = [bearer(n, source_seq=2, status="VOID") for n in range(2, len(NAMES))]

    linked = hub.told(("molsa", few))
    parted = hub.told(("molsa", crowd))
    again = hub.told(("molsa", gone))

    assert (len(linked), parted, again) == (3, [], linked)


@pytest.mark.long
def test_payment_waits_and_moves(hub: VerifiedHub) -> None:
    """A payment without a mention waits, and hangs on its strongest identifier that one carries."""
    both = person(ALI, ids=[CARD])
    twice = [payment("y1", "pension", both), payment("y2", "pension", both)]

    waiting = hub.told(("pensions", twice))
    hangs = hub.told(("interior", [vital("BIRTH", ALI, "1980-01-01", person=person(ids=[CARD]))]))
    moved = hub.told(("interior", [vital("BIRTH", HUDA, "1980-01-01", person=person(ALI))]))

    assert (waiting, hangs, moved) == ([], [("iq.paid-twice", "NONE")], hangs)


@pytest.mark.long
def test_household_has_its_own_rules(hub: VerifiedHub) -> None:
    """Salaries of head and spouse, a family paid twice, a roster that comes, changes and goes."""
    ali = person(ALI)
    first = enrollment("e1", "spn", ali, household_number="H1")
    planted = enrollment("e2", "spn", person(SARA), household_number="H1")
    paid = [
        payment("y1", "spn", ali, household_number="H1"),
        payment("y2", "spn", person(SARA), household_number="H1", month="2026-03"),
    ]
    couple = roster("H1", ("HEAD", ALI), ("SPOUSE", SARA))
    child = roster("H1", ("HEAD", ALI), ("CHILD", SARA), seq=2)
    void = roster("H1", seq=3, status="VOID", lines=[])

    alone = hub.told(
        ("molsa", [first, vital("BIRTH", SARA, "1985-01-01")]), ("wfp", [planted]),
        ("finance", [salary(SARA)]),
    )  # fmt: skip
    married = hub.told(("molsa", [couple]))
    twice = hub.told(("molsa", paid))
    grown = hub.told(("molsa", [child]))
    head = hub.told(("molsa", [void]), ("finance", [salary(ALI)]))

    earned, doubled = ("iq.spn.public-salary", "NONE"), ("iq.paid-twice", "NONE")
    assert (alone, married, twice) == ([], [earned], [doubled, earned])
    assert (grown, head) == ([doubled], [doubled, earned])


@pytest.mark.long
def test_record_is_set_aside_and_taken_in(hub: VerifiedHub) -> None:
    """A record that breaks its batch is left out on the hub's word, and counts once it is in."""
    hub.run()
    hub.connection.execute("ALTER TABLE record ADD CONSTRAINT bad CHECK (record_id <> 'p1')")
    bad = enrollment("p1", "pension", person(ALI))

    aside = hub.told(("molsa", [enrollment("e1", "spn", person(ALI))]), ("pensions", [bad, bad]))
    covered = hub.verify().covered["records on the hub's word"]
    hub.connection.execute("ALTER TABLE record DROP CONSTRAINT bad")
    taken = hub.told(("pensions", [bad]))

    assert (aside, covered, taken) == ([], 2, [("iq.spn.pension", "NONE")])
    assert hub.rows("SELECT status FROM quarantine") == [("released",), ("released",)]


@pytest.mark.long
def test_another_book_is_in_force(hub: VerifiedHub) -> None:
    """After an activation and its sweep, everything stands as under the new book."""
    ali = person(ALI)
    family = roster("H1", ("HEAD", ALI))
    hub.told(
        ("molsa", [enrollment("e1", "spn", ali, household_number="H1"), family]),
        ("pensions", [enrollment("p1", "pension", ali)]), ("finance", [salary(ALI)]),
        ("prisoners", [enrollment("r1", "rafha", ali)]),
    )  # fmt: skip
    before = hub.alerts()
    hub.activate(amended(), seq=2)

    after = hub.told()

    assert before != after
    assert after != []
