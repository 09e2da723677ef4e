"""The person block of a record: how its identifiers link, and what tells people apart."""

import hashlib
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from sijill.adapters.acceptance_texts import Faults
from sijill.domain.event import Person
from sijill.domain.identifiers import DUMMIES, KINDS, Tokens, normalise, scope_of
from sijill.domain.names import skeleton

Identifier = tuple[str, str, str | None]
"""An identifier as it stands on the wire, cleaned: kind, value, issuer."""

Block = tuple[list[Identifier], Person]
"""A decoded person block."""

Ranked = tuple[tuple[int, bytes], ...]
"""The tokens of linking identifiers as (rank, token), strongest first."""


class Who(NamedTuple):
    """A person block, read: what it says, how it links, what tells people apart."""

    person: Person
    tokens: Ranked
    signature: bytes | None


class Linker:
    """Makes tokens of the identifiers that one ministry sends."""

    def __init__(self, tokens: Tokens, ministry: str) -> None:
        self.ministry = ministry
        self._tokens = tokens
        self._finish = tokens.finish
        # Where the scope does not depend on the record, its part of the hash is made once.
        self._begun = {
            name: None if kind.scope == "issuer" else tokens.begin(name, scope_of(name, ministry))
            for name, kind in KINDS.items()
        }

    def read(self, block: Block, faults: Faults) -> Who:
        """Return what a person block says; its faults are noted."""
        identifiers, person = block
        return tuple.__new__(Who, (person, self.ranked(identifiers, faults), signature(person)))

    def ranked(self, identifiers: list[Identifier], faults: Faults) -> Ranked:
        """Return the tokens of the identifiers that link, strongest first."""
        if len(identifiers) == 1:
            rank = _RANKS.get(identifiers[0][0])
            token = None if rank is None else self.token(identifiers[0], faults)
            return () if rank is None or token is None else ((rank, token),)
        ranked = []
        for identifier in identifiers:
            rank = _RANKS.get(identifier[0])
            if rank is not None:
                token = self.token(identifier, faults)
                if token is not None:
                    ranked.append((rank, token))
        if len(ranked) > 1:
            ranked = sorted(set(ranked))
            if len(ranked) > 1 and ranked[1][0] == 0:
                faults.append(("identifiers", "TWO_NATIONAL_NUMBERS"))
        return tuple(ranked)

    def token(self, identifier: Identifier, faults: Faults) -> bytes | None:
        """Return the token of an identifier; a dummy has none."""
        kind, value, issuer = identifier
        normal = normalise(kind, value)
        if normal is None:
            faults.append(("value", "BAD_IDENTIFIER"))
            return None
        # An empty value was noted by the decoder; one of nothing but dashes stands for none.
        if not normal or normal in DUMMIES:
            return None
        begun = self._begun[kind]
        if begun is None:
            return self._tokens.of(kind, scope_of(kind, self.ministry, issuer), normal)
        return self._finish(begun, normal)


_RANKS = {name: kind.rank for name, kind in KINDS.items() if kind.links}


def signature(person: Person) -> bytes | None:
    """Return what tells different people apart who carry one identifier.

    None unless given name, year of birth and sex are all known.
    """
    given, sex, birth = person.given, person.sex, person.birth
    if given is None or sex is None or birth is None or person.birth_precision == "UNKNOWN":
        return None
    return _signature(given, date.fromordinal(birth).year, sex)


@lru_cache(maxsize=1 << 16)
def _signature(given: str, year: int, sex: str) -> bytes | None:
    name = skeleton(given)
    if not name:
        return None
    return hashlib.blake2b(f"{name}\0{year}\0{sex}".encode(), digest_size=16).digest()
