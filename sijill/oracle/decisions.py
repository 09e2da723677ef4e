"""What ministries' decisions make of an alert, by the evidence that each of them has seen."""

import hashlib
import hmac
from collections.abc import Iterable

from sijill.oracle.border.reading import Version
from sijill.oracle.identity import record_key
from sijill.oracle.overlaps import Overlap, name_of

STAGES = (
    "NONE REOPENED ACKNOWLEDGED UNDER_REVIEW ON_HOLD HANDED_OVER WAIVED PERMITTED DATA_ERROR "
    "FALSE_MATCH CONFIRMED CLOSED"
).split()
"""What decisions make of an alert, the least advanced first."""


def alert_id(hub_key: bytes, overlap: Overlap) -> bytes:
    """Return the id of an overlap's alert."""
    return _keyed(hub_key, b"alert", *name_of(overlap))


def notice_ids(hub_key: bytes, overlap: Overlap) -> dict[str, bytes]:
    """Return the id by which each ministry in the evidence knows the alert, and the hub itself."""
    alert = alert_id(hub_key, overlap)
    ministries = {fact.version.name[0] for fact in overlap.evidence}
    keys = {code: _keyed(hub_key, b"ministry", code.encode()) for code in ministries}
    return {code: _keyed(key, alert) for code, key in keys.items()} | {"hub": alert}


def stage(
    hub_key: bytes, overlap: Overlap, decisions: Iterable[Version], *, as_of: int, materiality: int
) -> str:
    """Return what the decisions make of an alert on a day.

    A decision counts from the ministry whose notice it names; of one ministry's, the latest stands.
    It covers the evidence when no record and no month is new, and the money grew by no more than
    `materiality`; else, or when it has run out, the alert is open again.
    """
    ids = notice_ids(hub_key, overlap)
    standing: dict[str, Version] = {}
    for one in sorted(decisions, key=lambda version: (version.occurred_at, version.content)):
        ministry = one.name[0]
        if not one.void and ids.get(ministry) == bytes.fromhex(one.body["notice_id"]):
            standing[ministry] = one
    codes = set()
    for one in standing.values():
        until = one.body["until"]
        over = until is not None and until < as_of
        covered = not over and _covers(hub_key, one.body["basis"], overlap, materiality)
        codes.add(one.body["code"] if covered else "REOPENED")
    if "CONFIRMED" in codes and codes & {"PERMITTED", "FALSE_MATCH", "DATA_ERROR", "WAIVED"}:
        return "DISPUTED"
    return min(codes, key=STAGES.index, default="NONE")


def _covers(hub_key: bytes, basis: str, overlap: Overlap, materiality: int) -> bool:
    """Return whether a basis, `1;record:content,…;months;amount;currency`, covers an overlap."""
    form, *parts = basis.split(";")
    if form != "1" or len(parts) != 4 or not (parts[2].isascii() and parts[2].isdigit()):
        return False
    records, months, amount, currency = parts
    if currency != overlap.currency or not set(overlap.months) <= set(months.split(",")):
        return False
    seen = {pair.split(":")[0] for pair in records.split(",")}
    keys = [record_key(fact.version.name) for fact in overlap.evidence]
    known = {_keyed(hub_key, b"record", key).hex() for key in keys}
    return known <= seen and overlap.amount <= int(amount) + materiality


def _keyed(key: bytes, *parts: bytes) -> bytes:
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hmac.digest(key, framed, hashlib.sha256)[:16]
