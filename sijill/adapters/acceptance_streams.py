"""From a decoded record of one stream to what it says: the lines of its facts.

One reader per stream. Each returns its lines as `Line`; the acceptor makes facts of them.
"""

from collections.abc import Callable
from typing import NamedTuple

from sijill.adapters.acceptance_fields import Record, Sheet
from sijill.adapters.acceptance_person import Who, one_token, read_person
from sijill.domain.event import Detail, Enrollment, Income, Membership, Payment, Vital
from sijill.domain.identifiers import Tokens


class Line(NamedTuple):
    """One line of a record: its number ("" when the record has only one), person, statement."""

    number: str
    who: Who
    detail: Detail


Reader = Callable[[Sheet, Record, Tokens], tuple[Line, ...]]


def _who(sheet: Sheet, record: Record, block: Record, tokens: Tokens) -> Who:
    return read_person(sheet, block, occurred_at=record["occurred_at"], tokens=tokens)


def _account(sheet: Sheet, record: Record, tokens: Tokens) -> bytes | None:
    value = sheet.code(record, "account")
    if value is None:
        return None
    return one_token(sheet, {"kind": "ACCOUNT", "value": value, "issuer": None}, tokens)[1]


def enrollment(sheet: Sheet, record: Record, tokens: Tokens) -> tuple[Line, ...]:
    """Read one spell in a programme."""
    start, stop = sheet.span(record, "enrolled_from", "enrolled_through")
    degree = record["disability_degree"]
    if degree is not None and not 0 <= degree <= 100:
        sheet.fault("disability_degree", "BAD_DEGREE")
    care = record["care_recipient"]
    amount = sheet.amount(record)
    detail = Enrollment(
        programme=sheet.required(record, "programme"),
        status=sheet.symbol(record, "status"),
        start=start,
        stop=stop,
        suspensions=tuple(
            sheet.span(one, "suspended_from", "suspended_through")
            for one in sheet.items(record, "suspensions")
        ),
        household=sheet.code(record, "household_number"),
        categories=sheet.codes(record, "category_codes"),
        disability_degree=degree,
        care_recipient=None if care is None else one_token(sheet, care, tokens)[1],
        waivers=tuple(
            (sheet.required(one, "code"), *sheet.span(one, "waived_from", "waived_through"))
            for one in sheet.items(record, "waivers")
        ),
        centre=sheet.code(record, "delivery_centre"),
        account=_account(sheet, record, tokens),
        exit_reason=sheet.code(record, "exit_reason"),
        amount=amount,
        currency=sheet.currency(record, needed=amount is not None),
    )
    return (Line("", _who(sheet, record, record["person"], tokens), detail),)


def payment(sheet: Sheet, record: Record, tokens: Tokens) -> tuple[Line, ...]:
    """Read one payment for one period."""
    start, stop = sheet.span(record, "period_from", "period_through")
    detail = Payment(
        programme=sheet.required(record, "programme"),
        status=sheet.symbol(record, "status"),
        period=sheet.required(record, "period"),
        start=start,
        stop=stop,
        amount=sheet.amount(record) or 0,
        currency=sheet.currency(record) or "",
        form=sheet.symbol(record, "form"),
        planned_on=sheet.day(record, "planned_on"),
        paid_on=sheet.day(record, "paid_on"),
        household=sheet.code(record, "household_number"),
        account=_account(sheet, record, tokens),
        reference=sheet.code(record, "payment_reference"),
        centre=sheet.code(record, "delivery_centre"),
    )
    return (Line("", _who(sheet, record, record["person"], tokens), detail),)


def household(sheet: Sheet, record: Record, tokens: Tokens) -> tuple[Line, ...]:
    """Read a roster; its governorate and district stand in for those that a member lacks."""
    sheet.symbol(record, "status")
    roster = sheet.required(record, "roster")
    number = sheet.required(record, "household_number")
    centre = sheet.code(record, "delivery_centre")
    governorate = sheet.code(record, "governorate")
    district = sheet.text(record, "district")
    lines = []
    for one in sheet.items(record, "lines"):
        start, stop = sheet.span(one, "member_from", "member_through")
        who = _who(sheet, record, one["person"], tokens)
        person = who.person
        if person.governorate is None and person.district is None:
            person = person._replace(governorate=governorate, district=district)
        detail = Membership(roster, number, one["role"], start, stop, centre)
        lines.append(Line(sheet.required(one, "line_id"), who._replace(person=person), detail))
    if len({line.number for line in lines}) < len(lines):
        sheet.fault("line_id", "DUPLICATE_LINE")
    return tuple(lines)


def vital(sheet: Sheet, record: Record, tokens: Tokens) -> tuple[Line, ...]:
    """Read one entry of a civil register."""
    sheet.symbol(record, "status")
    partner = record["partner"]
    other = None if partner is None else _who(sheet, record, partner, tokens)
    detail = Vital(
        kind=sheet.symbol(record, "kind"),
        day=sheet.day(record, "event_date") or 0,
        country=sheet.country(record, "country"),
        partner=other.tokens[0][1] if other and other.tokens else None,
    )
    sheet.code(record, "registration")
    who = _who(sheet, record, record["person"], tokens)
    if other:
        who = who._replace(shown=who.shown + other.shown)
    return (Line("", who, detail),)


def income(sheet: Sheet, record: Record, tokens: Tokens) -> tuple[Line, ...]:
    """Read one source of income with its dated amounts."""
    sheet.symbol(record, "status")
    start, stop = sheet.span(record, "income_from", "income_through")
    amounts = tuple(
        (
            *sheet.span(one, "amount_from", "amount_through"),
            sheet.amount(one) or 0,
            sheet.currency(one) or "",
        )
        for one in sheet.items(record, "amounts")
    )
    detail = Income(sheet.symbol(record, "kind"), start, stop, amounts, sheet.text(record, "payer"))
    return (Line("", _who(sheet, record, record["person"], tokens), detail),)


READERS: dict[str, Reader] = {
    "enrollment": enrollment,
    "payment": payment,
    "household": household,
    "vital": vital,
    "income": income,
}
