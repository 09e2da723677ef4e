"""What scenes are made of: enrollments, payments, deaths, versions, and the note in the truth."""

from collections.abc import Iterable
from typing import Any

from sijill.simulation import records
from sijill.simulation.calendar import Month
from sijill.simulation.people import Person, block, identifier
from sijill.simulation.programmes import Programme
from sijill.simulation.records import SEQ_STEP, Draft, Origin
from sijill.simulation.stage import BOTH, Stage

Plant = dict[str, Any]
"""One row of the plants file."""


def note(
    stage: Stage, plant: Plant, *drafts: Draft, evidence: Iterable[Draft] = (), period: str = ""
) -> None:
    """Tell the truth file what was played: the sides, and what else the finding rests on."""
    names = [draft.record for draft in drafts]
    more = [draft.record for draft in evidence]
    if "rule" in plant:
        stage.truth.expect(
            plant["rule"], *names, evidence=more, story=plant["story"], period=period
        )
    elif "permitted_by" in plant:
        stage.truth.permit(plant["permitted_by"], *names, story=plant["story"])
    else:
        stage.truth.nothing(*names, story=plant["story"])


def enroll(
    stage: Stage,
    person: Person,
    programme: Programme,
    *,
    by: str,
    number: int | None,
    start: int,
    through: int | None = None,
    status: str = "ACTIVE",
    ministry: str = "",
    roster: bool = True,
) -> Draft:
    """Write an enrollment, and a roster of one head where the programme has one."""
    ministry = ministry or programme.ministries[0]
    family = programme.roster.number(number) if programme.roster and number else None
    if programme.roster and family and roster:
        head = records.line("1", stage.known(person, ministry, by), role="HEAD", start=start)
        origin = Origin(programme.roster.ministry, f"R-{family}", SEQ_STEP, start, "ACTIVE")
        code = programme.roster.code
        stage.write(records.household(origin, roster=code, number=family, lines=[head]))
    return stage.enroll(
        stage.known(person, ministry, by),
        programme,
        start=start,
        through=through,
        ministry=ministry,
        number=family,
        status=status,
    )


def pay(
    stage: Stage, person: Person, programme: Programme, month: Month, *, by: str, number: int
) -> None:
    """Write the month's payment, so that the overlap has money in it."""
    family = programme.roster.number(number) if programme.roster else None
    stage.pay(stage.known(person, programme.ministries[0], by), programme, month, number=family)


def join(stage: Stage, person: Person, *, day: int, programme: Programme) -> None:
    """Write the third record: it carries the identifiers of the other two."""
    stage.enroll(stage.known(person, programme.ministries[0], BOTH), programme, start=day)


def new_version(stage: Stage, draft: Draft, status: str, day: int, **changes: Any) -> Draft:
    """Write the record's next version: another status, and changes of its fields."""
    head = Origin(
        draft.ministry,
        draft.payload["source_record_id"],
        draft.payload["source_seq"] + SEQ_STEP,
        day,
        status,
    ).head()
    return stage.write(draft._replace(payload={**draft.payload, **head, **changes}))


def death(stage: Stage, plant: Plant, person: Person, day: int) -> Draft:
    """Write the death of a person who held the national number."""
    known = [identifier("NATIONAL_NUMBER", person.national_number)]
    origin = Origin(plant["registrar"], stage.record_id("death"), SEQ_STEP, day + 2, "RECORDED")
    whole = block(person, script="arabic", identifiers=known)
    return stage.write(records.vital(origin, person=whole, kind="DEATH", day=day))
