"""The small careful steps of reading Avro bytes, shared by every generated decoder.

Each returns what it read and the position after it. `loose` collects one entry for whatever a
canonical encoder would have written shorter. An IndexError means that the bytes ended.
"""

import math
import struct

from sijill.adapters.refusal import Refusal


def wide(data: bytes, pos: int, first: int, loose: list[bool]) -> tuple[int, int]:
    """Return a number, still in zigzag, whose first byte was read already; and where it ends."""
    number, shift = first & 127, 7
    while True:
        byte = data[pos]
        pos += 1
        number |= (byte & 127) << shift
        if byte < 128:
            break
        shift += 7
        if shift > 63:
            raise Refusal("BAD_NUMBER")
    if number >> 64:
        raise Refusal("BAD_NUMBER")
    if not byte:  # the last seven bits add nothing: a shorter encoding exists
        loose.append(True)
    return number, pos


def long_number(data: bytes, pos: int, loose: list[bool]) -> tuple[int, int]:
    """Return the number at a position, and the position after it."""
    number, pos = data[pos], pos + 1
    if number > 127:
        number, pos = wide(data, pos, number, loose)
    return (number >> 1) ^ -(number & 1), pos


def length(data: bytes, pos: int, loose: list[bool]) -> tuple[int, int]:
    """Return where a text or bytes end, whose length stands at a position, and where they begin."""
    number, pos = long_number(data, pos, loose)
    if number < 0:
        raise Refusal("BAD_LENGTH")
    return pos + number, pos


def index(data: bytes, pos: int, count: int, loose: list[bool]) -> tuple[int, int]:
    """Return the index of a symbol or branch, below `count`, and the position after it."""
    number, pos = long_number(data, pos, loose)
    if not 0 <= number < count:
        raise Refusal("BAD_INDEX")
    return number, pos


def block(
    data: bytes, pos: int, loose: list[bool], *, width: int, have: int, most: int
) -> tuple[int, int, int]:
    """Return the item count of the next block, the position of its items, and their announced end.

    The end is -1 when the block does not announce it. `width` is the least size of one item,
    `have` the number of items that earlier blocks brought, `most` the number that is allowed.
    """
    count, pos = long_number(data, pos, loose)
    end = -1
    if count < 0:
        loose.append(True)
        count = -count
        size, pos = long_number(data, pos, loose)
        end = pos + size
        if not pos <= end <= len(data):
            raise Refusal("BAD_LENGTH")
    if count and have:
        loose.append(True)
    if count * width > len(data) - pos:
        raise Refusal("BAD_LENGTH")
    if count + have > most:
        raise Refusal("TOO_MANY_ITEMS")
    return count, pos, end


def finite(form: struct.Struct, data: bytes, pos: int) -> float:
    """Return the floating-point number at a position; NaN and infinities are refused."""
    number: float = form.unpack_from(data, pos)[0]
    if not math.isfinite(number):
        raise Refusal("BAD_NUMBER")
    return number
