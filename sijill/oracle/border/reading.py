"""Acceptance: from a Kafka record to the version that it states, or to the reason why not.

A pure function of topic, key, value, headers and the schema lock: one walk over the record beside
its schema checks every text, day, amount and symbol. Days come out as ordinals; ends stay
inclusive, None is an open one.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from sijill.oracle.border import avro
from sijill.oracle.border.avro import Refused
from sijill.oracle.border.names import skeleton

TOPIC = re.compile(
    r"sijill\.([a-z][a-z0-9-]{0,31})\.(enrollment|payment|household|vital|income|decision)\.v1"
)
EPOCH = 719_163
FIRST_DAY, LAST_DAY = EPOCH - 25_567, EPOCH + 84_370  # 1900-01-01 and 2200-12-31
BOUNDS = {
    "source_seq": (0, 2**63 - 1, "BAD_SEQ"),
    "occurred_at": (946_684_800_000, 7_289_654_399_999, "BAD_INSTANT"),
    "amount": (0, 10**15, "BAD_AMOUNT"),
    "disability_degree": (0, 100, "BAD_DEGREE"),
}
# Fields whose digits stay as written; in all others they become ASCII.
FOR_READING = set(
    "given father grandfather great_grandfather family mother_given mother_father district payer "
    "note decided_by".split()
)
KINDS = {  # kind: (rank, None when it links nothing; scope; marks that people write in)
    "NATIONAL_NUMBER": (0, "", " -./"),
    "PASSPORT": (1, "issuer", " -./"),
    "REFUGEE_NUMBER": (2, "", " -./"),
    "INSURANCE_NUMBER": (3, "ministry", " "),
    "BENEFICIARY_NUMBER": (4, "ministry", " "),
    "HOUSEHOLD_NUMBER": (None, "ministry", " "),
    "RATION_CARD": (None, "", " -./"),
    "PHONE": (None, "", " -./()"),
    "ACCOUNT": (None, "", " -./"),
    "CIVIL_STATUS": (None, "", " "),
    "OTHER": (None, "ministry", " "),
}
FILLERS = set("NA N/A NIL NONE NULL TEST UNKNOWN XXX لايوجد غيرمعروف بلا".split())
DIGITS = {base + n: str(n) for base in (0x0660, 0x06F0) for n in range(10)}

Name = tuple[str, str, str]  # a source record: ministry, stream, id


class Raw(NamedTuple):
    """A record as Kafka gives it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Identifier(NamedTuple):
    """An identifier in its normal form; sorts by the rank of its kind, then by its token."""

    rank: int | None
    token: bytes
    kind: str
    scope: str
    normal: str


class Mention(NamedTuple):
    """One line of a version: who, by which identifiers that link, and what it says."""

    line: str
    person: dict[str, Any]
    ids: tuple[Identifier, ...]
    signature: tuple[str, int, str] | None
    body: dict[str, Any]


class Version(NamedTuple):
    """One accepted event: a version of one source record; `mentions` is empty when it is void."""

    name: Name
    seq: int
    content: bytes
    occurred_at: int
    void: bool
    mentions: tuple[Mention, ...]
    body: dict[str, Any]


def accept(raw: Raw, registry_key: bytes) -> Version:
    """Return the version that a record states. Raises Refused."""
    origin = TOPIC.fullmatch(raw.topic)
    if origin is None:
        raise Refused("NOT_A_SOURCE_TOPIC")
    ministry, stream = origin.groups()
    size = sum(len(name) + len(text) for name, text in raw.headers)
    if len(raw.headers) > 64 or size > 65_536:
        raise Refused("TOO_MANY_HEADERS")
    if raw.value is None:
        raise Refused("NO_VALUE")
    record, canonical = avro.record_of(stream, raw.value)
    check = _Check(avro.current(stream), ministry, registry_key)
    body = check.value(check.schema.node, record, "")
    mentions = check.mentions(stream, body)
    if body["ministry"] != ministry:
        check.faults.append("WRONG_MINISTRY")
    if stream == "decision" and not re.fullmatch("([0-9a-fA-F]{2}){8,32}", body["notice_id"]):
        check.faults.append("BAD_NOTICE_ID")
    if raw.key and len(raw.key) > 2 and _shown(raw.key, body):
        check.faults.append("KEY_IS_IDENTIFIER")
    if check.faults:
        raise Refused(*check.faults)
    # The content is everything but the first field, the sender's label.
    size, start = canonical[0], 1
    if size > 127:
        size, start = size & 127 | canonical[1] << 7, 2
    content = hashlib.blake2b(canonical[start + size // 2 :], digest_size=16).digest()
    name, void = (ministry, stream, body["source_record_id"]), body["status"] == "VOID"
    said = () if void else tuple(mentions)
    return Version(name, body["source_seq"], content, body["occurred_at"], void, said, body)


class _Check:
    """The check of one record: values as they are kept, and the reasons against it."""

    def __init__(self, schema: avro.Schema, ministry: str, key: bytes) -> None:
        self.schema, self.ministry, self.key = schema, ministry, key
        self.faults: list[str] = []
        self.today = 0

    def value(self, node: Any, value: Any, field: str, *, optional: bool = False) -> Any:
        """Return a value as it is kept."""
        if isinstance(node, list):
            return None if value is None else self.value(node[1], value, field, optional=True)
        node = self.schema.named.get(node, node) if isinstance(node, str) else node
        kind = node["type"] if isinstance(node, dict) else node
        if kind == "record":
            return self._record(node, value)
        if kind == "array":
            if len(value) > (32 if field == "identifiers" else 1000):
                raise Refused("UNREADABLE")
            return [self.value(node["items"], item, field) for item in value]
        if kind == "enum":
            if value != "UNKNOWN" or node["name"] == "BirthPrecision":
                return value
            if node["name"] != "Sex":
                currency = node["name"] == "Currency"
                self.faults.append("UNKNOWN_CURRENCY" if currency else "UNKNOWN_SYMBOL")
            return None
        if kind == "string":
            return self._text(value, field, node["maxLength"], optional=optional)
        if kind == "int" and not -(2**31) <= value < 2**31:
            raise Refused("UNREADABLE")
        if isinstance(node, dict) and node.get("logicalType") == "date":
            low, high, reason, value = FIRST_DAY, LAST_DAY, "BAD_DATE", value + EPOCH
        else:
            low, high, reason = BOUNDS.get(field, (value, value, ""))
        if not low <= value <= high:
            self.faults.append(reason)
        return max(low, min(high, value)) if reason == "BAD_DATE" else min(high, value)

    def _record(self, node: Any, value: dict[str, Any]) -> dict[str, Any]:
        kept = {}
        for field in node["fields"]:
            name = field["name"]
            kept[name] = self.value(field["type"], value[name], name)
            if name == "occurred_at":
                low, high, _ = BOUNDS[name]
                instant = kept[name] if low <= kept[name] <= high else high
                self.today = EPOCH + instant // 86_400_000
            first = kept.get(name.removesuffix("_through") + "_from", FIRST_DAY)
            if name.endswith("_through") and (kept[name] or first) < first:
                self.faults.append("REVERSED_PERIOD")
        if "birth_date" in kept:
            if kept["birth_date"] is None:
                kept["birth_precision"] = "UNKNOWN"
            elif kept["birth_date"] > self.today + 1:
                self.faults.append("FUTURE_BIRTH")
        return kept

    def _text(self, raw: str, field: str, limit: int, *, optional: bool) -> str | None:
        text = _clean(raw) if len(raw) <= 2 * limit + 63 else None
        if text is not None and field == "basis":
            text = raw if raw.isprintable() else None
        elif text is not None and field not in FOR_READING:
            text = text.translate(DIGITS)
        if text is None or len(text) > limit:
            too_long = len(raw if text is None else text) > limit
            self.faults.append("TEXT_TOO_LONG" if too_long else "BAD_TEXT")
            return None if optional else ""
        if field in ("country", "residence_country") and text:
            text = text.upper()
            if not re.fullmatch("[A-Z]{2}", text):
                self.faults.append("BAD_TEXT")
        if not text and not optional:
            self.faults.append("MISSING")
        return None if optional and not text else text

    def mentions(self, stream: str, body: dict[str, Any]) -> list[Mention]:
        """Return the lines of a checked record; what concerns several fields is checked here."""
        if stream == "decision":
            return []
        if stream != "household":
            if body.get("amount") is not None and body["currency"] is None:
                self.faults.append("UNKNOWN_CURRENCY")
            self._ids([body["care_recipient"]] if body.get("care_recipient") else [])
            if body.get("partner"):
                self._mention("", body["partner"], body)
            return [self._mention("", body["person"], body)]
        lines = []
        for line in body["lines"]:
            person = line["person"]
            if person["governorate"] is None and person["district"] is None:
                person = person | {place: body[place] for place in ("governorate", "district")}
            lines.append(self._mention(line["line_id"], person, {**body, **line}))
        if len({line.line for line in lines}) < len(lines):
            self.faults.append("DUPLICATE_LINE")
        return lines

    def _mention(self, line: str, person: dict[str, Any], body: dict[str, Any]) -> Mention:
        ids = self._ids([one for one in person["identifiers"] if KINDS[one["kind"]][0] is not None])
        if len({one.token for one in ids if one.rank == 0}) > 1:
            self.faults.append("TWO_NATIONAL_NUMBERS")
        return Mention(line, person, ids, _signature(person), body)

    def _ids(self, blocks: Iterable[dict[str, Any]]) -> tuple[Identifier, ...]:
        found = set()
        for one in blocks:
            normal = normal_form(one["kind"], one["value"])
            if one["kind"] == "NATIONAL_NUMBER" and not re.fullmatch("([0-9]{12})?", normal):
                self.faults.append("BAD_IDENTIFIER")
            found.add(identifier(self.ministry, one, self.key))
        return tuple(sorted(one for one in found if one is not None))


def identifier(ministry: str, block: dict[str, Any], key: bytes) -> Identifier | None:
    """Return the identifier that a ministry wrote, or None when it is a filler."""
    kind, normal = block["kind"], normal_form(block["kind"], block["value"])
    rank, scope, _ = KINDS[kind]
    if scope:
        scope = ministry if scope == "ministry" else (block["issuer"] or "").upper()
    repeated = len(set(normal)) == 1 and len(normal) <= 64
    if not normal or normal in FILLERS or (6 <= len(normal) <= 14 and normal in "0123456789" * 2):
        return None
    if repeated and (normal[0] in "0X-*?" or (normal[0] in "123456789" and len(normal) >= 4)):
        return None
    token = hmac.digest(key, f"{kind}\0{scope}\0{normal}".encode(), "sha256")[:16]
    return Identifier(rank, token, kind, scope, normal)


def normal_form(kind: str, value: str) -> str:
    """Return the form in which identifiers of a kind are compared."""
    marks = DIGITS | dict.fromkeys(map(ord, KINDS[kind][2]))
    return (_clean(value) or "").translate(marks).upper()


@lru_cache(1 << 16)
def _clean(raw: str) -> str | None:
    """Return a text as it is kept, None for what is no text."""
    text = re.sub("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]", "", raw)
    text = re.sub("[\t\n\v\f\r\x85\u2028\u2029]+", " ", text)
    marks = "".join("m" if unicodedata.category(c)[0] == "M" else "." for c in text)
    if "m" * 31 in marks or re.search("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", text):
        return None
    return unicodedata.normalize("NFC", text).strip()


def _signature(person: dict[str, Any]) -> tuple[str, int, str] | None:
    """Return what tells people apart who carry one identifier; None unless all of it is known."""
    name, sex = skeleton(person["given"] or ""), person["sex"]
    if not name or sex is None or person["birth_precision"] == "UNKNOWN":
        return None
    return name, date.fromordinal(person["birth_date"]).year, sex


def _shown(key: bytes, body: dict[str, Any]) -> bool:
    """Return whether a record's key shows an identifier of its payload."""
    holders = [body, *body.get("lines", ())]
    blocks = [
        holder[role] for holder in holders for role in ("person", "partner") if holder.get(role)
    ]
    shown = [one for block in blocks for one in block["identifiers"]]
    shown += [body["care_recipient"]] if body.get("care_recipient") else []
    try:
        text = key.decode()
    except UnicodeDecodeError:
        return False
    forms = {(one["kind"], normal_form(one["kind"], one["value"])) for one in shown}
    return any(
        (kind, normal_form(kind, text)) in forms for kind in KINDS if normal_form(kind, text)
    )
