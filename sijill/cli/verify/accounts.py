"""The accounting identities: every offset of every source partition has exactly one outcome."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from sijill.adapters.postgres import Connection
from sijill.adapters.refusal import UNPROCESSABLE
from sijill.cli.lag import OUTCOMES, Account, accounts
from sijill.cli.verify.differences import Differences
from sijill.cli.verify.log import Place
from sijill.oracle.model import Model

ENCODING = frozenset(
    ("TRUNCATED", "TRAILING_BYTES", "BAD_LENGTH", "BAD_INDEX", "BAD_UTF8", "BAD_NUMBER",
     "BAD_BOOLEAN", "DUPLICATE_KEY", "TOO_MANY_ITEMS")
)  # fmt: skip
"""Reasons that the oracle gives as one, since another decoder finds another fault first."""

OPERATION = "sijill.hub.operation.v1"


class Quarantined(NamedTuple):
    """One row of the quarantine."""

    reason: str
    status: str


Offset = tuple[str, int, int]


class Books(NamedTuple):
    """The positions and the quarantine as the database has them."""

    positions: dict[Place, Account]
    quarantine: dict[Offset, Quarantined]

    def on_trust(self) -> set[Offset]:
        """Return the offsets of records that broke a batch, which only the hub can know."""
        return {
            place
            for place, row in self.quarantine.items()
            if row.reason == UNPROCESSABLE and row.status == "open"
        }


def read(connection: Connection) -> Books:
    """Return the books."""
    rows = connection.execute('SELECT topic, partition, "offset", reason, status FROM quarantine')
    quarantine = {(t, p, o): Quarantined(reason, status) for t, p, o, reason, status in rows}
    return Books(accounts(connection), quarantine)


def check(books: Books, model: Model | None, differences: Differences) -> None:
    """Compare the counts of each partition with each other and, with all records read, with these.

    What became of a record's version may depend on which of two partitions was read first; such
    offsets may have any outcome, and the sum must be right all the same.
    """
    quarantined = Counter((topic, part) for topic, part, _ in books.quarantine)
    differences.compared["partitions"] = len(books.positions)
    for place, account in sorted(books.positions.items()):
        name = f"{place[0]}/{place[1]}"
        if account.accounted != account.next_offset - account.first_offset:
            differences.note("partitions: outcomes do not add up to the offsets", name)
        if account.quarantined != quarantined[place]:
            differences.note("partitions: quarantine and its count differ", name)
    if model is not None:
        for kind, example in _against(books, model):
            differences.note(kind, example)


def _against(books: Books, model: Model) -> Iterator[tuple[str, str]]:
    must: dict[Place, dict[int, str]] = defaultdict(dict)
    released = {place for place, row in books.quarantine.items() if row.status == "released"}
    for place, told in model.outcomes(released).items():
        must[place] |= told
    for topic, part, offset in (*model.refused, *books.quarantine):
        if must[topic, part].get(offset) != "":
            must[topic, part].setdefault(offset, "quarantined")
    yield from _reasons(books, model, must)
    for topic, part, offset in released:
        must[topic, part][offset] = "quarantined"
    for place, account in sorted(books.positions.items()):
        if place[0] == OPERATION:
            continue
        counts = Counter(must[place].values())
        counts["void"] = account.next_offset - account.first_offset - len(must[place])
        for name, found in zip(OUTCOMES, account[: len(OUTCOMES)], strict=True):
            if not counts[name] <= found <= counts[name] + counts[""]:
                yield f"partitions: wrong count of {name}", f"{place[0]}/{place[1]}"


def _reasons(
    books: Books, model: Model, must: dict[Place, dict[int, str]]
) -> Iterator[tuple[str, str]]:
    """Yield what is quarantined and should not be, the other way round, or for another reason."""
    trusted = books.on_trust()
    for (topic, part, offset), row in sorted(books.quarantine.items()):
        name, refused = f"{topic}/{part}/{offset}", model.refused.get((topic, part, offset))
        if (topic, part, offset) in trusted or topic == OPERATION:
            continue
        if row.reason == "DISPUTED" and row.status == "open":
            if must[topic, part].get(offset) not in ("quarantined", ""):
                yield "quarantine: not disputed", name
        elif row.status == "open":
            reason = "UNREADABLE" if row.reason in ENCODING else row.reason
            if refused is None:
                yield "quarantine: refused without reason", name
            elif reason not in refused:
                yield "quarantine: another reason", name
        elif row.status == "released" and refused is not None:
            yield "quarantine: released in spite of a reason", name
    for (topic, part), outcomes in sorted(must.items()):
        for offset, outcome in outcomes.items():
            if outcome == "quarantined" and (topic, part, offset) not in books.quarantine:
                yield "quarantine: missing", f"{topic}/{part}/{offset}"
