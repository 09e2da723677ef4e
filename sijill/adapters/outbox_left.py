"""What an outbox holds when another generation takes over: kept is only what was never told.

Receipts and rejected records tell of offsets, and no registry can tell them again: those that
readers do not have stay, a receipt that they have in part is cut. All else is written anew as a
difference, and goes.
"""

import marshal
from collections.abc import Iterator
from typing import Any

from sijill.adapters import codec
from sijill.adapters.codec import Record
from sijill.adapters.outputs import Outputs, origin
from sijill.adapters.postgres import Connection, bigint_array

AT_ONCE = 10_000
IDS_AT_ONCE = 50_000
_COUNTED = ("duplicate", "superseded", "quarantined", "void")


def keep_untold(connection: Connection, told: Outputs) -> Iterator[None]:
    """Delete every versioned row, and of the others what the topics already tell."""
    for portion in _unversioned(connection):
        gone = []
        for number, topic, value, headers in portion:
            if topic.split(".")[1] == "rejected":
                place = origin(marshal.loads(headers))
                known = place[2] in told.rejected.get(place[:2], ())
            else:
                known = _cut(connection, told, number, value)
            if known:
                gone.append(number)
        connection.execute("DELETE FROM outbox WHERE id = ANY(%s)", [bigint_array(gone)])
        yield
    row = connection.execute("SELECT min(id), max(id) FROM outbox").fetchone()
    first, last = row if row and row[0] is not None else (0, -1)
    for start in range(first, last + 1, IDS_AT_ONCE):
        connection.execute(
            "DELETE FROM outbox WHERE id >= %s AND id < %s AND schema_id IS NOT NULL",
            [start, start + IDS_AT_ONCE],
        )
        yield


def _unversioned(connection: Connection) -> Iterator[list[tuple[Any, ...]]]:
    with connection.cursor("relay_outbox") as cursor:
        cursor.execute("SELECT id, topic, value, headers FROM outbox WHERE schema_id IS NULL")
        while portion := cursor.fetchmany(AT_ONCE):
            yield portion


def _cut(connection: Connection, told: Outputs, number: int, value: bytes) -> bool:
    """Return whether all of a receipt is told; what is told of it is cut off."""
    receipt, _ = codec.decode("receipt", value)
    start = told.receipted.get((receipt["topic"], receipt["partition"]), 0)
    if receipt["first_offset"] < start < receipt["next_offset"]:
        rest = codec.encode("receipt", remainder(receipt, start))
        connection.execute("UPDATE outbox SET value = %s WHERE id = %s", [rest, number])
    return bool(receipt["next_offset"] <= start)


def remainder(receipt: Record, start: int) -> Record:
    """Return the receipt of the offsets from `start` on; each keeps its outcome."""
    runs = [
        {**run, "first_offset": max(start, run["first_offset"])}
        for run in receipt["exceptions"]
        if run["last_offset"] >= start
    ]
    counts = dict.fromkeys(_COUNTED, 0)
    for run in runs:
        counts[run["outcome"].lower()] += run["last_offset"] + 1 - run["first_offset"]
    applied = receipt["next_offset"] - start - sum(counts.values())
    return {**receipt, **counts, "first_offset": start, "applied": applied, "exceptions": runs}
