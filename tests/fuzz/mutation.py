"""Cases: a record of a source stream, whole or damaged, with a topic, a key and headers."""

from random import Random
from typing import NamedTuple

import schemas
from sijill.adapters import codec
from tests.fuzz import records

INTERESTING = (
    b"", b"\x00", b"\x01", b"\x02", b"\x7e", b"\x7f", b"\x80", b"\xff", b"\xc0\x80",
    b"\xed\xa0\x80", b"\x80" * 9 + b"\x01", b"\xff" * 9 + b"\x01", b"\x80" * 10 + b"\x01",
    b"\xfe\xff\xff\xff\x0f",
    b"\x80\x80\x80\x80\x80\x40", b"\xc3\x01", b"\x00\x00\x00\x00\x01",
)  # fmt: skip
GROWN_MAX = 65_536
"""How far a value is grown: what the time limit of one record holds for."""


class Case(NamedTuple):
    """One record as the border gets it."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


def case(seed: int, number: int) -> Case:
    """The case with this number in the run with this seed: the same on every machine."""
    chance = Random(f"{seed}/{number}")
    locked = chance.choice(records.versions())
    content = records.body(chance, locked)
    if chance.random() < 0.6:
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            content = _damaged(chance, content)
    framing = codec.frame(locked.id)
    if chance.random() < 0.3:
        framing = b"\xc3\x01" + bytes.fromhex(locked.fingerprint)
    value: bytes | None = framing + content
    if chance.random() < 0.04:
        value = _damaged(chance, framing) + content
    if chance.random() < 0.003:
        value = chance.choice((None, b"", framing, bytes(codec.VALUE_MAX + 1)))
    return Case(_topic(chance, locked.name, content), _key(chance), value, _headers(chance))


def _damaged(chance: Random, data: bytes) -> bytes:
    place = chance.randrange(len(data) + 1)
    kind = chance.randrange(9)
    if kind == 0:
        return data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]
    if kind == 1:
        return data[:place] + chance.choice(INTERESTING) + data[place + 1 :]
    if kind == 2:
        return data[:place] + chance.choice(INTERESTING) + data[place:]
    if kind == 3:
        return data[:place]
    if kind == 4:
        return data[:place] + data[place + chance.choice((1, 2, 5, 40)) :]
    if kind == 5:
        span = data[place : place + chance.choice((1, 2, 8, 60))]
        times = min(chance.choice((2, 3, 50, 5_000)), GROWN_MAX // (len(span) or 1))
        return (data[:place] + span * times + data[place:])[:GROWN_MAX]
    if kind == 6:
        other = records.body(chance, chance.choice(records.versions()))
        return data[:place] + other[chance.randrange(len(other)) :]
    if kind == 7:
        return data + chance.randbytes(chance.choice((1, 3, 100)))
    place %= len(data) or 1
    return data[:place] + bytes(byte ^ 16 for byte in data[place : place + 1]) + data[place + 1 :]


def _topic(chance: Random, stream: str, content: bytes) -> str:
    if chance.random() < 0.02:
        return chance.choice(
            ("", "sijill.alert.overlap.v1", "sijill.molsa.payment.v2", "sijill..x.v1")
        )
    if chance.random() < 0.02:
        stream = chance.choice(schemas.STREAMS)
    sender = next((m for m in records.MINISTRIES if m.encode() in content[:200]), "molsa")
    return f"sijill.{sender if chance.random() < 0.98 else 'martyrs'}.{stream}.v1"


def _key(chance: Random) -> bytes | None:
    kind = chance.randrange(10)
    if kind < 6:
        return None if kind < 2 else chance.randbytes(2)
    if kind < 9:
        return chance.choice(records.TEXTS).encode()
    return chance.randbytes(chance.choice((3, 12, 300)))


def _headers(chance: Random) -> tuple[tuple[str, bytes | None], ...]:
    if chance.random() < 0.9:
        return ()
    count = chance.choice((1, 2, 64, 65))
    return tuple(
        (
            chance.choice(("ce_id", "", "traceparent")),
            chance.choice((None, b"", b"\xff", b"x" * 1100)),
        )
        for _ in range(count)
    )
