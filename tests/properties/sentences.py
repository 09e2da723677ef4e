"""What ministries may say: one strategy per stream, each sentence with its words.

Every strategy shrinks towards the plainest sentence: version 1, somebody without a number, the
first date of a list.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.properties.telling import NAMES, NUMBERS, Mention, Sentence
from tests.services.story import NOON

DAYS = ("2026-01-01", "2026-02-10", "2026-03-15", "2026-05-31")
ENDS = (None, "2026-03-20", "2026-04-30", None)
MONTHS = ("2026-05", "2026-03", "2026-06")
INSTANTS = (NOON, "2026-02-01T12:00:00Z")
PEOPLE = tuple(NAMES)
LINKING = tuple(NUMBERS)
CODES = ("CONFIRMED", "FALSE_MATCH", "UNDER_REVIEW", "ON_HOLD", "WAIVED", "CLOSED")

Draw = Callable[[st.SearchStrategy[Any]], Any]
Said = tuple[dict[str, Any], str]
"""A record's fields, and the same in words."""


class Slot(NamedTuple):
    """A source record of the cast: who keeps it, where, and what it is about."""

    ministry: str
    stream: str
    record_id: str
    about: str | None = None
    family: str | None = None


E1 = Slot("molsa", "enrollment", "e1", "spn", "H1")
E2 = Slot("molsa", "enrollment", "e2", "spn", "H2")
K1 = Slot("krg-molsa", "enrollment", "k1", "krg-welfare", "H1")
P1 = Slot("pensions", "enrollment", "p1", "pension")
P2 = Slot("pensions", "enrollment", "p2", "pension")
M1 = Slot("martyrs", "enrollment", "m1", "martyr-family")
R1 = Slot("prisoners", "enrollment", "r1", "rafha")
A1 = Slot("molsa", "payment", "a1", "spn", "H1")
B1 = Slot("pensions", "payment", "b1", "pension")
B2 = Slot("pensions", "payment", "b2", "pension")
C1 = Slot("krg-molsa", "payment", "c1", "krg-welfare", "H1")
H1 = Slot("molsa", "household", "h1", "spn-family", "H1")
H2 = Slot("molsa", "household", "h2", "spn-family", "H2")
V1 = Slot("interior", "vital", "v1")
V2 = Slot("interior", "vital", "v2")
V3 = Slot("molsa", "vital", "v3")
S1 = Slot("finance", "income", "s1")
S2 = Slot("education", "income", "s2")
D1 = Slot("molsa", "decision", "d1")
D2 = Slot("pensions", "decision", "d2")
D3 = Slot("hub", "decision", "d3")
D4 = Slot("molsa", "decision", "d4")

SCENES = (
    (E1, P1, V1, D1),
    (E1, P1),
    (E1, P1, B1, D2),
    (E1, P1, D1, D2, D4),
    (B1, B2, D2),
    (B1, B2, V1),
    (B1, V1, V3),
    (E1, H1, S1),
    (E1, H1, S1, S2, D1),
    (E1, H1, S1, V1),
    (A1, C1, H1),
    (A1, E1, P1),
    (E1, E2, H1, H2),
    (E1, M1, D1),
    (R1, P1, P2, D3),
    (P1, K1, V2),
)
"""Records that meet under some rule, with answers to what they raise."""

EXTRAS = (V1, V2, H1, H2, P1, E1, B1, S1, D3)

# Made once: a strategy costs more to make than to draw from.
_SEQ = st.sampled_from((1, 2, 3))
_INSTANT = st.sampled_from(INSTANTS)
_WHICH = st.integers(0, 3)
_ENROLLED = st.sampled_from(("ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "EXITED", "PROPOSED", "VOID"))
_DAY = st.sampled_from(DAYS[:3])
_END = st.sampled_from(ENDS)
_MONTH = st.sampled_from(MONTHS)
_PAID = st.sampled_from(("MADE", "MADE", "MADE", "MADE", "REVERSED", "PLANNED", "VOID"))
_AMOUNT = st.sampled_from((100_000, 90_000))
_ACTIVE = st.sampled_from(("ACTIVE", "ACTIVE", "ACTIVE", "VOID"))
_CROWD = st.integers(0, 12)
_NUMBER = st.sampled_from(LINKING)
_ROLE = st.sampled_from(("HEAD", "SPOUSE", "CHILD"))
_KIND = st.sampled_from(("BIRTH", "DEATH", "DEATH"))
_RECORDED = st.sampled_from(("RECORDED", "RECORDED", "RECORDED", "VOID"))
_START = st.sampled_from(DAYS)
_INCOME = st.sampled_from(("PUBLIC_SALARY", "PUBLIC_SALARY", "PENSION"))
_SHOWN = st.booleans()
_CODE = st.sampled_from(CODES)
_UNTIL = st.sampled_from((None, None, "2026-05-20", "2026-06-05"))
_ISSUED = st.sampled_from(("ISSUED", "ISSUED", "ISSUED", "VOID"))
_FAMILY = {
    None: st.none(),
    "H1": st.sampled_from(("H1", "H1", "H2", None)),
    "H2": st.sampled_from(("H2", "H1", None)),
}

mentions = st.builds(
    lambda name, *numbers: Mention(name, tuple(n for n in numbers if n)),
    st.sampled_from(PEOPLE),
    st.sampled_from(("N1", "N1", "N1", "", "N2", "N3")),
    st.sampled_from(("", "P1", "P1", "P2")),
    st.sampled_from(("", "", "", "R1")),
    st.sampled_from(("", "", "", "B1")),
)


@st.composite
def sentences(draw: Draw, slots: tuple[Slot, ...], faces: list[Mention]) -> Sentence:
    """Return one version of the record of one of the slots, about one of the faces."""
    slot = draw(st.sampled_from(slots))
    seq, occurred_at = draw(_SEQ), draw(_INSTANT)
    fields, text = _SAID[slot.stream](draw, slot, faces)
    if fields["status"] == "VOID":
        text = "void"
    at = "" if occurred_at == NOON else f" (recorded {occurred_at[:10]})"
    return Sentence(
        slot.ministry, slot.stream, slot.record_id, seq, occurred_at, text + at, fields,
        alert=draw(_WHICH) if slot.stream == "decision" else None,
    )  # fmt: skip


def _enrollment(draw: Draw, slot: Slot, faces: list[Mention]) -> Said:
    who = draw(st.sampled_from(faces))
    status = draw(_ENROLLED)
    start, end = draw(_DAY), draw(_END)
    family = draw(_FAMILY[slot.family])
    fields = {
        "status": status, "person": who.block(), "programme": slot.about,
        "enrolled_from": start, "enrolled_through": end, "household_number": family,
    }  # fmt: skip
    dates = f"from {start}" + (f" through {end}" if end else "")
    home = f", family {family}" if family else ""
    return fields, f"{who} in {slot.about} {dates}{home}, {status.lower()}"


def _payment(draw: Draw, slot: Slot, faces: list[Mention]) -> Said:
    who, month = draw(st.sampled_from(faces)), draw(_MONTH)
    status = draw(_PAID)
    amount = draw(_AMOUNT)
    family = draw(_FAMILY[slot.family])
    fields = {
        "status": status, "person": who.block(), "programme": slot.about, "period": month,
        "period_from": f"{month}-01", "period_through": f"{month}-28", "amount": amount,
        "currency": "IQD", "form": "CASH", "household_number": family,
    }  # fmt: skip
    home = f", family {family}" if family else ""
    return fields, f"{amount} of {slot.about} for {month} to {who}{home}, {status.lower()}"


def _household(draw: Draw, slot: Slot, faces: list[Mention]) -> Said:
    status = draw(_ACTIVE)
    crowd = draw(_CROWD)
    if crowd > 4:
        # As many different people as it takes, all with one number.
        number = draw(_NUMBER)
        people = [Mention(name, (number,)) for name in PEOPLE[1 : crowd - 3]]
    else:
        people = draw(st.lists(st.sampled_from(faces), max_size=3))
    roles = [draw(_ROLE) for _ in people]
    ends = [draw(_END) for _ in people] if crowd <= 4 else [None] * len(people)
    lines = [
        {"line_id": str(number), "person": who.block(), "role": role,
         "member_from": "2020-01-01", "member_through": end}
        for number, (who, role, end) in enumerate(zip(people, roles, ends, strict=True), 1)
    ]  # fmt: skip
    fields = {
        "status": status, "roster": slot.about, "household_number": slot.family, "lines": lines,
    }  # fmt: skip
    said = [
        f"{role.lower()} {who}" + (f" through {end}" if end else "")
        for who, role, end in zip(people, roles, ends, strict=True)
    ]
    return fields, f"family {slot.family} is " + ("; ".join(said) or "nobody")


def _vital(draw: Draw, _: Slot, faces: list[Mention]) -> Said:
    who, day = draw(st.sampled_from(faces)), draw(_DAY)
    kind = draw(_KIND)
    status = draw(_RECORDED)
    fields = {"status": status, "kind": kind, "event_date": day, "person": who.block()}
    return fields, f"{kind.lower()} of {who} on {day}"


def _income(draw: Draw, _: Slot, faces: list[Mention]) -> Said:
    who, start = draw(st.sampled_from(faces)), draw(_START)
    kind = draw(_INCOME)
    end = draw(_END) if start != DAYS[3] else None
    status = draw(_ACTIVE)
    amounts = [{"amount_from": start, "amount": 900_000, "currency": "IQD"}]
    fields = {
        "status": status, "kind": kind, "person": who.block(), "income_from": start,
        "income_through": end, "amounts": amounts if draw(_SHOWN) else [],
    }  # fmt: skip
    dates = f"from {start}" + (f" through {end}" if end else "")
    shown = "900000 a month" if fields["amounts"] else "no amount shown"
    return fields, f"{kind.lower().replace('_', ' ')} of {who} {dates}, {shown}"


def _decision(draw: Draw, _: Slot, __: list[Mention]) -> Said:
    code = draw(_CODE)
    until = draw(_UNTIL)
    status = draw(_ISSUED)
    fields = {"status": status, "code": code, "until": until}
    return fields, f"{code}" + (f" until {until}" if until else "")


_SAID: dict[str, Callable[[Draw, Slot, list[Mention]], Said]] = {
    "enrollment": _enrollment,
    "payment": _payment,
    "household": _household,
    "vital": _vital,
    "income": _income,
    "decision": _decision,
}
