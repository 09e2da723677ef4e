"""The kinds of identifiers: which of them link records of one person, how they are read and kept.

An identifier is kept as a token only: a keyed hash of its kind, its scope and its normal form. Two
records carry the same identifier when their tokens are equal, and nobody can tell the identifier
from a token without the key.
"""

import hashlib
import hmac
from typing import Final, NamedTuple

from sijill.domain.texts import clean_id


class Kind(NamedTuple):
    """What one kind of identifier means: the smaller the rank, the stronger the identifier."""

    rank: int
    scope: str  # "" everywhere | "issuer" per issuing country | "ministry" per sending ministry
    links: bool
    digits: int | None = None  # how many digits it has, where that is all that is known
    drop: str = " "  # characters that people write in for legibility


NOT_LINKING: Final = 99
_GROUPING = " -./"

KINDS: Final[dict[str, Kind]] = {
    # No check digit of the national number is published, so its length is all that can be tested.
    "NATIONAL_NUMBER": Kind(0, "", links=True, digits=12, drop=_GROUPING),
    "PASSPORT": Kind(1, "issuer", links=True, drop=_GROUPING),
    "REFUGEE_NUMBER": Kind(2, "", links=True, drop=_GROUPING),
    "INSURANCE_NUMBER": Kind(3, "ministry", links=True),
    "BENEFICIARY_NUMBER": Kind(4, "ministry", links=True),
    # What a family or an account holder shares never makes two records one person.
    "HOUSEHOLD_NUMBER": Kind(NOT_LINKING, "ministry", links=False),
    "RATION_CARD": Kind(NOT_LINKING, "", links=False, drop=_GROUPING),
    "PHONE": Kind(NOT_LINKING, "", links=False, drop=_GROUPING + "()"),
    "ACCOUNT": Kind(NOT_LINKING, "", links=False, drop=_GROUPING),
    "CIVIL_STATUS": Kind(NOT_LINKING, "", links=False),
    "OTHER": Kind(NOT_LINKING, "ministry", links=False),
}

_DROPS = {name: str.maketrans("", "", kind.drop) for name, kind in KINDS.items()}
_WORDS = "NA N/A NIL NONE NULL TEST UNKNOWN XXX لايوجد غيرمعروف بلا"
_COUNTING = "01234567890123456789"


def normalise(kind: str, value: str) -> str | None:
    """Return the form in which identifiers are compared, or None when the kind forbids it.

    Digits of any script become ASCII, letters upper case, and the marks that group digits go.
    The result is empty for a value that holds nothing else.
    """
    # Most identifiers are plain; the rest is cleaned, which also finds what is no text.
    text = value if value.isascii() and value.isprintable() else clean_id(value)
    if text is None:
        return None
    normal = text.upper() if text.isalnum() else text.translate(_DROPS[kind]).upper()
    digits = KINDS[kind].digits
    if digits is None or not normal:
        return normal
    return normal if len(normal) == digits and normal.isascii() and normal.isdigit() else None


def _dummies() -> frozenset[str]:
    """Return the known fillers: a mark repeated, a counted row, a word for none."""
    # A single digit other than zero is an identifier: small registers count from one.
    repeated = {mark * length for mark in "0X-*?" for length in range(1, 65)}
    repeated |= {mark * length for mark in "123456789" for length in range(4, 65)}
    counted = {_COUNTING[start : start + length] for length in range(6, 15) for start in range(10)}
    return frozenset(repeated | counted | set(_WORDS.split()))


DUMMIES: Final = _dummies()
"""Normal forms that stand for no identifier at all and therefore never link."""


def scope_of(kind: str, ministry: str, issuer: str | None = None) -> str:
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

    `Tokens(key).of(kind, scope, normal)` equals `token(key, …)` at less than half its cost.
    """

    def __init__(self, key: bytes) -> None:
        block = key if len(key) <= 64 else hashlib.sha256(key).digest()
        block = block.ljust(64, b"\0")
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))

    def of(self, kind: str, scope: str, normal: str) -> bytes:
        """Return the 16-byte token of an identifier."""
        return self.finish(self.begin(kind, scope), normal)

    def begin(self, kind: str, scope: str) -> "hashlib._Hash":
        """Return the hash of a kind and a scope, from which many tokens can be finished."""
        prefix = self._inner.copy()
        prefix.update(f"{kind}\0{scope}\0".encode())
        return prefix

    def finish(self, begun: "hashlib._Hash", normal: str) -> bytes:
        """Return the 16-byte token of an identifier whose kind and scope were begun."""
        inner = begun.copy()
        inner.update(normal.encode())
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()[:16]
