"""Scenes: small stories of one person or family that are an overlap, or come close to one.

Each function plays one scene from a row of the country's plants file. `when` names the variant: the
first ones of each scene are overlaps, the others are near misses in which nothing must happen.
"""

from collections.abc import Callable

from sijill.simulation import records
from sijill.simulation.people import identifier
from sijill.simulation.playing import Plant, death, enroll, join, new_version, note, pay
from sijill.simulation.records import SEQ_STEP, Origin
from sijill.simulation.stage import BOTH, FILE, NUMBER, PASSPORT, Stage

LINKS = {"number": (NUMBER, NUMBER), "passport": (PASSPORT, PASSPORT), "third": (NUMBER, PASSPORT)}
"""By which identifiers two records know one person; `third` needs a third record to join them."""


def two_enrollments(stage: Stage, plant: Plant) -> None:
    """Play two enrollments of one person that meet, or do not.

    Overlaps: `open` (both go on), `past` (both are over). Near misses: `touching` (one ends on
    the eve of the other), `before` (it ended long before), `void`, `proposed`, `suspended` (the
    first one rested meanwhile), `corrected` (the second began later than was first written).
    """
    left, right = (stage.programme(plant[side]) for side in ("left", "right"))
    home, when = stage.couple(plant["region"]), plant["when"]
    person, number = home.head, home.number
    month = stage.month(back=2)
    first = month.first - stage.rng.randrange(200, 900)
    through = {"touching": month.first - 1, "before": month.first - 40, "corrected": month.last}
    over = month.last + 20 if when in ("past", "suspended") else None
    second = stage.new_family_number() if left.code == right.code else number
    by_left, by_right = LINKS[plant["link"]]
    ended = through.get(when, month.last + 50 if when == "past" else None)
    one = enroll(stage, person, left, by=by_left, number=number, start=first, through=ended)
    two = enroll(
        stage,
        person,
        right,
        by=by_right,
        number=second,
        start=month.first,
        through=over,
        status="PROPOSED" if when == "proposed" else "ACTIVE",
    )
    if plant["link"] == "third":
        join(stage, person, day=month.first + 2, programme=stage.programme(plant["third"]))
    if when in ("open", "past"):
        pay(stage, person, left, month, by=by_left, number=number)
        if left.benefit_class != right.benefit_class:
            pay(stage, person, right, month, by=by_right, number=second)
    elif when == "void":
        stage.void(two, month.first + 9)
    elif when == "suspended":
        rest = {"suspended_from": month.first - 1, "suspended_through": over}
        wire = {name: records.wire_day(day) for name, day in rest.items()}
        new_version(stage, one, "SUSPENDED", month.first, suspensions=[wire])
    elif when == "corrected":
        later = records.wire_day(month.last + 1)
        new_version(stage, two, "ACTIVE", month.last + 4, enrolled_from=later)
    note(stage, plant, one, two)


def paid_twice(stage: Stage, plant: Plant) -> None:
    """Play two payments of one benefit for one month, by one payer or by two.

    Overlap: `made`. Near misses: `reversed` and `void` (the second one was taken back), `planned`
    (it is only announced), `next-month` (it is for another period).
    """
    left, right = (stage.programme(plant[side]) for side in ("left", "right"))
    home, when = stage.couple(plant["region"]), plant["when"]
    month = stage.month(back=1)
    start = month.first - 100
    enroll(stage, home.head, left, by=BOTH, number=home.number, start=start)
    number = left.roster.number(home.number) if left.roster else None
    one, two = (
        stage.pay(
            stage.known(home.head, ministry, by),
            programme,
            stage.month_at(month.place + 1) if when == "next-month" and last else month,
            ministry=ministry,
            number=number,
            status="PLANNED" if when == "planned" and last else "MADE",
        )
        for programme, ministry, by, last in (
            (left, plant["payers"][0], NUMBER, False),
            (right, plant["payers"][1], LINKS[plant["link"]][1], True),
        )
    )
    if when == "void":
        stage.void(two, month.last + 3)
    if when == "reversed":
        new_version(stage, two, "REVERSED", month.last + 3)
    note(stage, plant, one, two, period=month.key)


def paid_after_death(stage: Stage, plant: Plant) -> None:
    """Play a payment beside a death.

    Overlap: `after` (its period begins long after). Near misses: `last` (for a period before the
    death, handed out after it), `annulled` (the death is VOID), `corrected` (it was later).
    """
    programme = stage.programme(plant["left"])
    person, when = stage.person(), plant["when"]
    month = stage.month(back=5)
    early = stage.month_at(month.place - 5)
    dead = early.first + stage.rng.randrange(20)
    ended = dead if when in ("after", "last") else None
    enroll(stage, person, programme, by=BOTH, number=None, start=early.first - 900, through=ended)
    pay_for = stage.month_at(early.place) if when == "last" else month
    payment = stage.pay(
        stage.known(person, programme.ministries[0], NUMBER),
        programme,
        pay_for,
        day=dead + 15 if when == "last" else None,
    )
    died = death(stage, plant, person, dead)
    if when == "annulled":
        stage.void(died, month.first + 1)
    if when == "corrected":
        day = records.wire_day(month.last + 2)
        new_version(stage, died, "RECORDED", month.last + 4, event_date=day)
    note(stage, plant, payment, evidence=[died])


def member_income(stage: Stage, plant: Plant) -> None:
    """Play an income of a member of a family that receives a household benefit.

    Overlap: `open`. Near misses: `divorced` (the member had left before), `ended` (the income
    was over before), `void`, `below` (it is under the ceiling).
    """
    programme = stage.programme(plant["left"])
    home, when = stage.couple(plant["region"], grown_up=plant["role"] == "CHILD"), plant["when"]
    month = stage.month(back=2)
    start = month.first - 600
    family = stage.family(home, programme, since=start)
    assert family is not None
    member = next(line.person for line in family.lines if line.role == plant["role"])
    if when == "divorced":
        family.end(member, month.first - 50)
    stage.write(family.written(start + 1))
    enrolled = enroll(
        stage, home.head, programme, by=NUMBER, number=home.number, start=start, roster=False
    )
    income = stage.write(
        records.income(
            Origin(plant["payer"], stage.record_id("sal"), SEQ_STEP, month.first, "ACTIVE"),
            person=stage.known(member, plant["payer"]),
            kind=plant["kind"],
            start=start - 900 if when == "ended" else month.first,
            through=start - 10 if when == "ended" else None,
            amount=plant["amount"],
        )
    )
    if when == "void":
        stage.void(income, month.last)
    if when == "open":
        pay(stage, home.head, programme, month, by=NUMBER, number=home.number)
    note(stage, plant, enrolled, income)


def namesakes(stage: Stage, plant: Plant) -> None:
    """Play two people with one name and birthday in programmes that exclude each other."""
    left, right = (stage.programme(plant[side]) for side in ("left", "right"))
    one = stage.person()
    other = stage.person(like=one)
    start = stage.month().first - 300
    first = enroll(stage, one, left, by=NUMBER, number=stage.new_family_number(), start=start)
    second = enroll(stage, other, right, by=NUMBER, number=stage.new_family_number(), start=start)
    note(stage, plant, first, second)


def mistaken(stage: Stage, plant: Plant) -> None:
    """Play a record that carries another person's number until its office corrects it.

    Until then two people are one, and hold what excludes each other.
    """
    left, right = (stage.programme(plant[side]) for side in ("left", "right"))
    one, other = stage.person(), stage.person()
    month = stage.month()
    number = stage.new_family_number()
    first = enroll(stage, one, left, by=NUMBER, number=number, start=month.first - 400)
    ministry = right.ministries[0]
    wrong = stage.known(other, ministry, FILE)
    wrong["identifiers"].insert(0, identifier("NATIONAL_NUMBER", one.national_number))
    second = stage.enroll(wrong, right, start=month.first)
    later = month.last + 10
    new_version(stage, second, "ACTIVE", later, person=stage.known(other, ministry, BOTH))
    note(stage, plant, first, second)


def placeholder(stage: Stage, plant: Plant) -> None:
    """Play seven people under one passport number that a clerk made up; it links nobody."""
    left, right = (stage.programme(plant[side]) for side in ("left", "right"))
    start = stage.month().first - 300
    made_up = identifier("PASSPORT", f"P{stage.rng.randrange(10**7):07d}", "IQ")
    drafts = []
    for turn in range(7):
        person, programme = stage.person(), (left, right)[turn % 2]
        person.birth -= 400 * turn
        known = stage.known(person, programme.ministries[0], FILE)
        known["identifiers"].append(made_up)
        drafts.append(stage.enroll(known, programme, start=start + turn))
    note(stage, plant, *drafts)


SCENES: dict[str, Callable[[Stage, Plant], None]] = {
    scene.__name__: scene
    for scene in (
        two_enrollments,
        paid_twice,
        paid_after_death,
        member_income,
        namesakes,
        mistaken,
        placeholder,
    )
}
