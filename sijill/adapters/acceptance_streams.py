"""From a decoded, checked record of one stream to what it says: the lines of its facts.

One reader per stream. Here stand the demands that concern several fields together; what concerns
one field or one period was judged while it was decoded, and `…_stop` is already exclusive.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from sijill.adapters.acceptance_person import Linker, Who
from sijill.adapters.acceptance_texts import Faults
from sijill.domain.event import Detail, Enrollment, Income, Membership, Payment, Vital

Record = dict[str, Any]

# Makes a named tuple of its values in order, at a third of the cost of its constructor.
_new = tuple.__new__


class Line(NamedTuple):
    """One line of a record: its number ("" when the record has only one), person, statement."""

    number: str
    who: Who
    detail: Detail


Lines = list[Line]
Reader = Callable[[Linker, Record, Faults], Lines]


def enrollment(linker: Linker, record: Record, faults: Faults) -> Lines:
    """Read one spell in a programme."""
    care, account = record["care_recipient"], record["account"]
    if record["amount"] is not None and record["currency"] is None:
        faults.append(("currency", "UNKNOWN_CURRENCY"))
    detail = _new(
        Enrollment,
        (
            record["programme"],
            record["status"],
            record["enrolled_from"],
            record["enrolled_stop"],
            tuple([(one["suspended_from"], one["suspended_stop"]) for one in record["suspensions"]])
            if record["suspensions"]
            else (),
            record["household_number"],
            tuple(record["category_codes"]),
            record["disability_degree"],
            care and linker.token(care, faults),
            tuple(
                [(one["code"], one["waived_from"], one["waived_stop"]) for one in record["waivers"]]
            )
            if record["waivers"]
            else (),
            record["delivery_centre"],
            account and linker.token(("ACCOUNT", account, None), faults),
            record["exit_reason"],
            record["amount"],
            record["currency"],
        ),
    )
    return [_new(Line, ("", linker.read(record["person"], faults), detail))]


def payment(linker: Linker, record: Record, faults: Faults) -> Lines:
    """Read one payment for one period."""
    account = record["account"]
    detail = _new(
        Payment,
        (
            record["programme"],
            record["status"],
            record["period"],
            record["period_from"],
            record["period_stop"],
            record["amount"],
            record["currency"],
            record["form"],
            record["planned_on"],
            record["paid_on"],
            record["household_number"],
            account and linker.token(("ACCOUNT", account, None), faults),
            record["payment_reference"],
            record["delivery_centre"],
        ),
    )
    return [_new(Line, ("", linker.read(record["person"], faults), detail))]


def household(linker: Linker, record: Record, faults: Faults) -> Lines:
    """Read a roster; its governorate and district stand in for those that a member lacks."""
    lines = []
    place = {"governorate": record["governorate"], "district": record["district"]}
    for one in record["lines"]:
        who = linker.read(one["person"], faults)
        if who.person.governorate is None and who.person.district is None:
            who = who._replace(person=who.person._replace(**place))
        detail = Membership(
            roster=record["roster"],
            number=record["household_number"],
            role=one["role"],
            start=one["member_from"],
            stop=one["member_stop"],
            centre=record["delivery_centre"],
        )
        lines.append(Line(one["line_id"], who, detail))
    if len({line.number for line in lines}) < len(lines):
        faults.append(("line_id", "DUPLICATE_LINE"))
    return lines


def vital(linker: Linker, record: Record, faults: Faults) -> Lines:
    """Read one entry of a civil register; a partner is known by the strongest token."""
    partner = None
    if record["partner"] is not None:
        other = linker.read(record["partner"], faults)
        partner = other.tokens[0][1] if other.tokens else None
    detail = Vital(record["kind"], record["event_date"], record["country"], partner)
    return [_new(Line, ("", linker.read(record["person"], faults), detail))]


def income(linker: Linker, record: Record, faults: Faults) -> Lines:
    """Read one source of income with its dated amounts."""
    amounts = [
        (
            one["amount_from"],
            one["amount_stop"],
            one["amount"],
            one["currency"],
            one["component"],
        )
        for one in record["amounts"]
    ]
    detail = Income(
        kind=record["kind"],
        start=record["income_from"],
        stop=record["income_stop"],
        amounts=tuple(amounts),
        source=record["payer"],
    )
    return [_new(Line, ("", linker.read(record["person"], faults), detail))]


READERS: dict[str, Reader] = {
    "enrollment": enrollment,
    "payment": payment,
    "household": household,
    "vital": vital,
    "income": income,
}
