"""The kinds of identifiers: which of them link records of one person, how they are read and kept.

An identifier is kept as a token only: a keyed hash of its kind, its scope and its normal form. Two
records carry the same identifier when their tokens are equal, and nobody can tell the identifier
from a token without the key.
"""

import hashlib
import hmac
import re
from functools import cache
from typing import Final, NamedTuple

from sijill.domain.texts import clean_id


class Kind(NamedTuple):
    """What one kind of identifier means: the smaller the rank, the stronger the identifier."""

    rank: int
    scope: str  # "" everywhere | "issuer" per issuing country | "ministry" per sending ministry
    links: bool
    form: str  # what the normal form must match
    drop: str  # characters that people write in for legibility


NOT_LINKING: Final = 99
_ANY = r".{1,64}"
_GROUPING = " -./"

KINDS: Final[dict[str, Kind]] = {
    # No check digit of the national number is published, so its length is all that can be tested.
    "NATIONAL_NUMBER": Kind(0, "", True, r"[0-9]{12}", _GROUPING),
    "PASSPORT": Kind(1, "issuer", True, _ANY, _GROUPING),
    "REFUGEE_NUMBER": Kind(2, "", True, _ANY, _GROUPING),
    "INSURANCE_NUMBER": Kind(3, "ministry", True, _ANY, " "),
    "BENEFICIARY_NUMBER": Kind(4, "ministry", True, _ANY, " "),
    # What a family or an account holder shares never makes two records one person.
    "HOUSEHOLD_NUMBER": Kind(NOT_LINKING, "ministry", False, _ANY, " "),
    "RATION_CARD": Kind(NOT_LINKING, "", False, _ANY, _GROUPING),
    "PHONE": Kind(NOT_LINKING, "", False, _ANY, _GROUPING + "()"),
    "ACCOUNT": Kind(NOT_LINKING, "", False, _ANY, _GROUPING),
    "CIVIL_STATUS": Kind(NOT_LINKING, "", False, _ANY, " "),
    "OTHER": Kind(NOT_LINKING, "ministry", False, _ANY, " "),
}

_DROPS = {name: str.maketrans("", "", kind.drop) for name, kind in KINDS.items()}
_FORMS = {name: re.compile(kind.form) for name, kind in KINDS.items()}
_WORDS = frozenset(
    ["NA", "N/A", "NIL", "NONE", "NULL", "TEST", "UNKNOWN", "XXX", "لايوجد", "غيرمعروف", "بلا"]
)
_COUNTING = "01234567890123456789"


def normalise(kind: str, value: str) -> str | None:
    """Return the form in which identifiers are compared, or None when the kind forbids it.

    Digits of any script become ASCII, letters upper case, and the marks that group digits go.
    The result is empty for a value that holds nothing else.
    """
    text = clean_id(value)
    if text is None:
        return None
    normal = text.translate(_DROPS[kind]).upper()
    return normal if not normal or _FORMS[kind].fullmatch(normal) else None


@cache
def _repeated() -> frozenset[str]:
    return frozenset(mark * length for mark in "0123456789X-*?" for length in range(1, 65))


def is_dummy(normal: str) -> bool:
    """Say whether a normal form is a known filler, such as zeros, a counted row, or a word.

    A single digit other than zero is an identifier: small registers count from one.
    """
    if normal in _repeated():
        return len(normal) > 3 or normal[0] in "0X-*?"
    return normal in _WORDS or (len(normal) > 5 and normal in _COUNTING)


def scope_of(kind: str, ministry: str, issuer: str | None) -> str:
    """Return the scope within which an identifier of this kind is unique."""
    scope = KINDS[kind].scope
    if scope == "ministry":
        return ministry
    return (issuer or "").upper() if scope == "issuer" else ""


def token(key: bytes, *, kind: str, scope: str, normal: str) -> bytes:
    """Return the 16-byte keyed hash of an identifier in its normal form: HMAC-SHA256, cut."""
    return hmac.digest(key, f"{kind}\0{scope}\0{normal}".encode(), "sha256")[:16]


class Tokens:
    """Makes tokens under one key, with the parts of the hash that never change made beforehand.

    `Tokens(key)(kind, scope, normal)` equals `token(key, …)` at less than half its cost.
    """

    def __init__(self, key: bytes) -> None:
        block = key if len(key) <= 64 else hashlib.sha256(key).digest()
        block = block.ljust(64, b"\0")
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        # By kind and scope; bounded, because senders can invent issuers.
        self._prefixed: dict[tuple[str, str], hashlib._Hash] = {}

    def __call__(self, kind: str, scope: str, normal: str) -> bytes:
        """Return the 16-byte token of an identifier."""
        inner = self._prefix(kind, scope).copy()
        inner.update(normal.encode())
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()[:16]

    def _prefix(self, kind: str, scope: str) -> "hashlib._Hash":
        known = self._prefixed.get((kind, scope))
        if known is not None:
            return known
        prefix = self._inner.copy()
        prefix.update(f"{kind}\0{scope}\0".encode())
        if len(self._prefixed) < 1024:
            self._prefixed[kind, scope] = prefix
        return prefix
