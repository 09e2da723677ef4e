"""Proofs of the registrar's one transaction: all or nothing, once, and never past another's."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from sijill.adapters import postgres
from sijill.adapters.registry import batch
from sijill.adapters.registry.batch import Batch
from sijill.adapters.registry.digest import digest
from tests.properties.registry import KEYS, Registry, database, tried
from tests.properties.stories import Message, Story
from tests.properties.telling import NAMES, SOMEBODY, Mention, Sentence, said
from tests.services.story import enrollment, event, payment

ALI = Mention("Ali", ("N1",)).block()
CARD = Mention("Ali", ("P1",)).block()
BOTH = Mention("Ali", ("N1", "P1")).block()
SARA = Mention("Sara", ("N2",)).block()
CROWD = [Mention(name, ("R1",)).block() for name in NAMES if name != SOMEBODY]
PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def registry(postgres_dsn: str) -> Iterator[Registry]:
    """A registry that is emptied before each test."""
    with database(postgres_dsn) as started:
        yield started


def birth(record_id: str, who: dict[str, Any], seq: int = 1) -> tuple[str, dict[str, Any]]:
    """Return a birth, which says no more than who somebody is."""
    said_so: dict[str, Any] = {"status": "RECORDED", "kind": "BIRTH", "event_date": "1980-01-01"}
    return event("vital", record_id, seq, person=who, **said_so)


def roster(record_id: str, number: str, *people: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a family: its head, then spouses."""
    lines = [
        {"line_id": str(n), "person": who, "role": "SPOUSE" if n else "HEAD",
         "member_from": "2020-01-01"}
        for n, who in enumerate(people)
    ]  # fmt: skip
    fields: dict[str, Any] = {"roster": "spn-family", "household_number": number, "lines": lines}
    return event("household", record_id, status="ACTIVE", **fields)


def salary(record_id: str, who: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a public salary since February."""
    shown = [{"amount_from": "2026-02-01", "amount": 900_000, "currency": "IQD"}]
    fields: dict[str, Any] = {"income_from": "2026-02-01", "amounts": shown}
    return event("income", record_id, status="ACTIVE", kind="PUBLIC_SALARY", person=who, **fields)


SPN = said("molsa", enrollment("e1", "spn", ALI, household_number="H1"))
PENSION = said("pensions", enrollment("p1", "pension", ALI))
OVERLAP = Story((SPN, PENSION))
WRITTEN = ("record", "identifier", "cluster", "person", "alert", "notice", "feed", "outbox")


@pytest.mark.parametrize("table", WRITTEN)
def test_batch_that_fails_at_any_table_leaves_nothing(registry: Registry, table: str) -> None:
    """Registry, alerts, outbox and position commit together; given back whole, all is applied."""
    registry.begin(OVERLAP.as_of)
    work = registry.read(OVERLAP.messages)
    with postgres.connect(registry.settings.postgres_dsn) as other, other.transaction():
        other.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE".encode())
        registry.connection.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            batch.apply(registry.connection, work, KEYS)
        registry.connection.execute("RESET lock_timeout")
    left = registry.filled(WRITTEN)
    positions = registry.rows("SELECT DISTINCT next_offset FROM position")

    tried(registry.connection, work)

    assert left == []
    assert positions == [(0,)]
    assert registry.rows("SELECT rule FROM alert WHERE open") == [("iq.spn.pension",)]
    assert registry.rows("SELECT DISTINCT next_offset FROM position") == [(1,)]


def test_batch_that_comes_again_counts_what_is_new(registry: Registry) -> None:
    """Offsets below the position were applied; in a second delivery they have no outcome at all."""
    other = said("molsa", enrollment("e2", "spn", SARA))
    first, second = Story((SPN, other)).messages
    registry.begin(OVERLAP.as_of)
    old, new = registry.read([first]), registry.read([second])
    tried(registry.connection, old)

    both = tried(registry.connection, Batch([*old.arrivals, *new.arrivals], old.starts, new.ends))

    assert [(o.arrival.offset, o.outcome) for o in both.outcomes] == [(1, "applied")]
    assert tried(registry.connection, old).outcomes == []
    assert registry.rows("SELECT next_offset, applied, duplicate, void FROM position") == [
        (2, 2, 0, 0)
    ]


FAMILY = said("molsa", roster("h1", "H1", ALI, SARA))
KNOWN = said("interior", birth("v1", ALI))
MERGED = (
    said("interior", birth("v1", BOTH)),
    SPN,
    said("pensions", enrollment("p1", "pension", CARD)),
)
FIVE = said("molsa", roster("h1", "H1", *CROWD[:5]))

Meeting = tuple[tuple[Sentence, ...], Sentence, Sentence]
MEETINGS: dict[str, Meeting] = {
    "a person who is known": ((KNOWN,), SPN, PENSION),
    "a person whom nobody knew": ((), SPN, PENSION),
    "a record": ((), SPN, said("molsa", enrollment("e1", "spn", SARA, source_seq=2))),
    "a family": ((FAMILY,), said("finance", salary("s1", SARA)), SPN),
    "a decision and its alert": (
        (SPN,),
        PENSION,
        said("molsa", event("decision", "d1", status="ISSUED", code="CONFIRMED"), alert=0),
    ),
    "a person who falls in two": (
        MERGED,
        said("interior", birth("v1", ALI, 2)),
        said("pensions", payment("b1", "pension", CARD)),
    ),
    "a number that many carry": (
        (FIVE,),
        said("interior", birth("v1", CROWD[5])),
        said("interior", birth("v2", CROWD[6])),
    ),
}
"""What two writers may meet at: what stood before, what the first and the second write."""


@pytest.mark.parametrize("place", MEETINGS)
def test_second_writer_sees_what_the_first_wrote(registry: Registry, place: str) -> None:
    """Two transactions at once end as one after the other does, wherever they meet."""
    before, first, second = MEETINGS[place]
    story = Story((*before, first, second))
    registry.tell(story)
    quiet = digest(registry.connection)
    registry.begin(story.as_of)
    registry.apply(story.messages[: len(before)])

    meet(registry, *story.messages[len(before) :])

    registry.settle()
    assert digest(registry.connection) == quiet


def meet(registry: Registry, first: Message, second: Message) -> None:
    """Let the second writer come while the first has not committed yet."""
    ahead, behind = registry.connections
    works = [registry.read([message], n) for n, message in enumerate((first, second))]
    waiter = threading.Thread(target=tried, args=(behind, works[1]))
    with ahead.transaction():
        batch.apply(ahead, works[0], KEYS)
        waiter.start()
        wait_until_blocked(registry, waiter)
    waiter.join()


def test_zombie_waits_at_the_position_and_applies_nothing(registry: Registry) -> None:
    """Two processes that hold one partition count each of its offsets once."""
    registry.begin(OVERLAP.as_of)
    registry.apply(OVERLAP.messages)
    # Repetitions, for these meet at no row that one of the two would have to insert.
    work = registry.read(OVERLAP.messages)
    ahead, behind = registry.connections
    heard: list[object] = []

    def wake() -> None:
        try:
            heard.append(tried(behind, work).outcomes)
        except psycopg.Error as error:
            heard.append(error)

    zombie = threading.Thread(target=wake)
    with ahead.transaction():
        batch.apply(ahead, work, KEYS)
        zombie.start()
        wait_until_blocked(registry, zombie)
    zombie.join()

    assert heard == [[]]
    assert registry.rows("SELECT sum(duplicate)::int FROM position") == [(2,)]


def wait_until_blocked(registry: Registry, thread: threading.Thread) -> None:
    """Return when the thread's transaction waits for another one's lock, or is over."""
    deadline = time.monotonic() + PATIENCE_S
    with postgres.connect(registry.settings.postgres_dsn) as watch:
        while thread.is_alive():
            row = watch.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ).fetchone()
            if row and row[0]:
                return
            assert time.monotonic() < deadline, "the second writer neither waits nor ends"
            time.sleep(0.01)
