"""What the oracle says, in the words of the registry's tables: the side that must be."""

import hashlib
from collections.abc import Iterable
from typing import Any

from sijill.domain.event import INF
from sijill.oracle.border.reading import Name, Version, identifier
from sijill.oracle.decisions import notice_ids
from sijill.oracle.identity import Fact, Grouping, InUse, record_key
from sijill.oracle.law import Book
from sijill.oracle.meetings import Family, Meetings
from sijill.oracle.model import Alert

Fields = dict[str, Any]
Line = tuple[bytes, str]
"""A line of a record, by the record's key."""

PERSON = (
    "given", "father", "grandfather", "great_grandfather", "family", "mother_given",
    "mother_father", "sex", "birth_date", "birth_precision", "governorate", "district",
    "residence_country",
)  # fmt: skip
"""Fields of a person block, in the order of the domain's Person."""


def records(used: dict[Name, InUse]) -> dict[bytes, Fields]:
    """Return every source record by its key."""
    return {
        record_key(name): {
            "seq": version.seq,
            "content": version.content,
            "other": other,
            "void": version.void,
            "name": name,
        }
        for name, (version, other) in used.items()
    }


def facts(grouping: Grouping, registry_key: bytes) -> dict[Line, Fields]:
    """Return every fact by its place, with the person on whom it hangs (None: it waits)."""
    homes = {f.place: p.row["key"] for p in grouping.persons for f in p.facts}
    everything = [f for p in grouping.persons for f in p.facts] + grouping.waiting
    return {
        fact.place: {"grouping": homes.get(fact.place), **_fact(fact, registry_key)}
        for fact in everything
    }


def _fact(fact: Fact, registry_key: bytes) -> Fields:
    signature = fact.mention.signature
    text = "\0".join(map(str, signature)) if signature else None
    said: Fields = {
        "disputed": fact.disputed,
        "occurred_at": fact.version.occurred_at,
        "content": fact.version.content,
        "identifiers": tuple((one.rank, one.token) for one in fact.mention.ids),
        "signature": text and hashlib.blake2b(text.encode(), digest_size=16).digest(),
        "detail": _DETAILS[fact.stream](fact, registry_key),
    }
    if fact.stream != "payment":
        said["person"] = tuple(fact.mention.person[field] for field in PERSON)
    return said


def _stop(through: int | None) -> int:
    return INF if through is None else through + 1


def _token(fact: Fact, block: Fields | None, registry_key: bytes) -> bytes | None:
    one = identifier(fact.version.name[0], block, registry_key) if block else None
    return one.token if one else None


def _account(fact: Fact, registry_key: bytes) -> bytes | None:
    value = fact.body["account"]
    block = {"kind": "ACCOUNT", "value": value, "issuer": None}
    return _token(fact, block if value else None, registry_key)


def _enrollment(fact: Fact, registry_key: bytes) -> tuple[Any, ...]:
    body = fact.body
    rests = ((r["suspended_from"], _stop(r["suspended_through"])) for r in body["suspensions"])
    waived = ((r["code"], r["waived_from"], _stop(r["waived_through"])) for r in body["waivers"])
    return (
        body["programme"], body["status"], body["enrolled_from"], _stop(body["enrolled_through"]),
        tuple(rests), body["household_number"], tuple(body["category_codes"]),
        body["disability_degree"], _token(fact, body["care_recipient"], registry_key),
        tuple(waived), body["delivery_centre"], _account(fact, registry_key),
        body["exit_reason"], body["amount"], body["currency"],
    )  # fmt: skip


def _payment(fact: Fact, registry_key: bytes) -> tuple[Any, ...]:
    body = fact.body
    return (
        body["programme"], body["status"], body["period"], body["period_from"],
        _stop(body["period_through"]), body["amount"], body["currency"], body["form"],
        body["planned_on"], body["paid_on"], body["household_number"],
        _account(fact, registry_key), body["payment_reference"], body["delivery_centre"],
    )  # fmt: skip


def _membership(fact: Fact, _: bytes) -> tuple[Any, ...]:
    body = fact.body
    ends = (body["member_from"], _stop(body["member_through"]))
    return (
        body["roster"], body["household_number"], body["role"], *ends, body["delivery_centre"]
    )  # fmt: skip


def _vital(fact: Fact, registry_key: bytes) -> tuple[Any, ...]:
    body = fact.body
    blocks = body["partner"]["identifiers"] if body["partner"] else ()
    ministry = fact.version.name[0]
    found = [identifier(ministry, block, registry_key) for block in blocks]
    linking = sorted(one for one in found if one and one.rank is not None)
    partner = linking[0].token if linking else None
    return body["kind"], body["event_date"], body["country"], partner


def _income(fact: Fact, _: bytes) -> tuple[Any, ...]:
    body = fact.body
    amounts = tuple(
        (r["amount_from"], _stop(r["amount_through"]), r["amount"], r["currency"], r["component"])
        for r in body["amounts"]
    )
    ends = (body["income_from"], _stop(body["income_through"]))
    return body["kind"], *ends, amounts, body["payer"]


_DETAILS = {
    "enrollment": _enrollment,
    "payment": _payment,
    "household": _membership,
    "vital": _vital,
    "income": _income,
}


def persons(grouping: Grouping) -> dict[bytes, Fields]:
    """Return every person's row by its key."""
    return {person.row["key"]: person.row for person in grouping.persons}


def members(grouping: Grouping) -> dict[Line, Fields]:
    """Return every current roster line."""
    lines = [f for p in grouping.persons for f in p.facts if f.stream == "household"]
    return {
        fact.place: {
            "household": family_key(
                (fact.version.name[0], fact.body["roster"], fact.body["household_number"])
            ),
            "role": fact.body["role"],
            "start": fact.body["member_from"],
            "stop": _stop(fact.body["member_through"]),
        }
        for fact in lines
    }


def family_key(family: Family) -> bytes:
    """Return the key under which a household is stored."""
    return hashlib.blake2b("\0".join(family).encode(), digest_size=16).digest()


def households(grouping: Grouping, book: Book, as_of: int) -> dict[bytes, Fields]:
    """Return every household that a current fact names, by its key."""
    named = Meetings(book, as_of).families(grouping.persons)
    return {family_key(family): {"name": family} for family in named}


def decisions(used: dict[Name, InUse]) -> dict[bytes, Fields]:
    """Return every decision in use by its record's key."""
    return {
        record_key(version.name): _decision(version)
        for version, _ in used.values()
        if version.name[1] == "decision" and not version.void
    }


def _decision(version: Version) -> Fields:
    body = version.body
    return {
        "ministry": version.name[0],
        "notice": bytes.fromhex(body["notice_id"]),
        "occurred_at": version.occurred_at,
        "content": version.content,
        "reason": body["reason_code"],
        **{field: body[field] for field in ("basis", "code", "until", "note")},
    }


def alerts(found: dict[bytes, Alert]) -> dict[bytes, Fields]:
    """Return what each open alert's row must say."""
    return {
        number: {
            "rule": alert.overlap.meeting.rule["id"],
            "type": alert.overlap.meeting.rule["type"],
            "verdict": alert.overlap.verdict,
            "decision": alert.stage,
            "months": alert.overlap.months,
            "amount": alert.overlap.amount,
            "currency": alert.overlap.currency,
            "certainty": alert.overlap.certainty,
        }
        for number, alert in found.items()
    }


def overlaps(found: dict[bytes, Alert], registry_key: bytes) -> dict[bytes, Fields]:
    """Return what each open alert rests on, as it is packed in its row."""
    return {
        number: {
            "version": alert.overlap.version,
            "exception": alert.overlap.exception,
            "period": alert.overlap.meeting.period,
            "spans": tuple(alert.overlap.runs),
            "since": alert.overlap.since,
            "sides": _sides(alert),
            "evidence": {fact.place: _fact(fact, registry_key) for fact in alert.overlap.evidence},
        }
        for number, alert in found.items()
    }


def _sides(alert: Alert) -> Iterable[Line]:
    return tuple(fact.place for fact in alert.overlap.meeting.sides)


def notices(found: dict[bytes, Alert], hub_key: bytes) -> dict[bytes, Fields]:
    """Return the meeting points of open alerts and answers, one for each ministry and the hub."""
    return {
        notice: {"ministry": ministry, "alert": number}
        for number, alert in found.items()
        for ministry, notice in notice_ids(hub_key, alert.overlap).items()
    }
