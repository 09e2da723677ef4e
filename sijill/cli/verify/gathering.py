"""The topics up to a snapshot's positions, taken into the model."""

from collections.abc import Callable
from dataclasses import dataclass

from sijill.cli.verify import log
from sijill.cli.verify.accounts import OPERATION
from sijill.cli.verify.differences import Differences
from sijill.cli.verify.snapshot import Snapshot
from sijill.oracle.border.avro import Refused
from sijill.oracle.border.reading import accept
from sijill.oracle.law import Book
from sijill.oracle.model import Model, book_in_force
from sijill.settings import Settings

Say = Callable[[str], None]


@dataclass
class Gathered:
    """What was read: all records, or those of a sample and those drawn for themselves."""

    model: Model
    drawn: Model
    read: int = 0


def book_of(settings: Settings, seen: Snapshot, differences: Differences, say: Say) -> Book:
    """Return the hub's book, having compared it with the one that the operations put in force."""
    account = seen.books.positions[OPERATION, 0]
    ranges = {(OPERATION, 0): (account.first_offset, account.next_offset)}
    # Whether a book can be put in force is the book's own check, which the model does not have.
    refused = {offset for topic, _, offset in seen.books.quarantine if topic == OPERATION}
    raws = [log.raw(message) for message in log.records(settings, ranges, say)]
    found = book_in_force([raw for raw in raws if raw.offset not in refused])
    differences.compared["rulebook"] = 1
    if found != (seen.book_seq, seen.book):
        differences.note("rulebook: not the one that the operations put in force", "hub")
    return Book(seen.book)


def gather(settings: Settings, seen: Snapshot, book: Book, say: Say) -> Gathered:
    """Read every source record that the positions cover; of a sample, keep what belongs to it."""
    keys = (settings.registry_key, settings.hub_key)
    found = Gathered(Model(*keys), Model(*keys))
    ranges = {
        place: (account.first_offset, account.next_offset)
        for place, account in seen.books.positions.items()
        if place[0] != OPERATION
    }
    trusted = seen.books.on_trust()
    for message in log.records(settings, ranges, say):
        raw = log.raw(message)
        found.read += 1
        if raw[:3] in trusted:
            continue
        if seen.sample is None:
            found.model.take(raw)
            continue
        try:
            version = accept(raw, settings.registry_key)
        except Refused:
            continue
        if seen.sample.holds(version, book):
            found.model.keep(raw, version)
        if seen.sample.draws(version):
            found.drawn.keep(raw, version)
    return found
