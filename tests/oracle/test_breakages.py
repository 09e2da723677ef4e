"""Proof that verify finds what is broken: each breakage is made, found by its kind, and undone."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from psycopg import sql

from sijill import topics
from sijill.adapters import kafka
from sijill.adapters.registry.state import pack_one, unpack_one
from tests.broker import read_topic
from tests.oracle.hub import VerifiedHub, verified_hub
from tests.services.story import enrollment, event, payment, person

__all__ = ["verified_hub"]

ALI, SARA = "198012345678", "198587654321"


class Breakage(NamedTuple):
    """What is done to which rows of a table, and the kind of difference that must be found.

    `change` is the assignment of an UPDATE; None deletes the rows.
    """

    table: str
    change: str | Callable[[VerifiedHub], None] | None
    where: str
    kind: str

    def make(self, hub: VerifiedHub) -> None:
        """Break the stored state."""
        if callable(self.change):
            self.change(hub)
            return
        table = sql.Identifier(self.table)
        change = sql.SQL("UPDATE {} SET {}" if self.change else "DELETE FROM {}")
        what = sql.SQL(self.change or "")
        where = sql.SQL(self.where)
        done = hub.connection.execute(sql.SQL(" WHERE ").join([change.format(table, what), where]))
        assert done.rowcount > 0, self


def world(hub: VerifiedHub) -> None:
    """Fill the hub with a family, its overlaps, a decision, a dispute and a refused record."""
    ali, sara = person(ALI, given="علي"), person(SARA, ids=[("PASSPORT", "A1")])
    lines = [
        {"line_id": "1", "person": ali, "role": "HEAD", "member_from": "2020-01-01"},
        {"line_id": "2", "person": sara, "role": "SPOUSE", "member_from": "2020-01-01"},
    ]
    roster: dict[str, Any] = {
        "status": "ACTIVE",
        "roster": "spn-family",
        "household_number": "H1",
        "lines": lines,
    }
    hub.publish("pensions", enrollment("p1", "pension", ali))
    hub.publish(
        "molsa",
        event("household", "h1", **roster),
        enrollment("e1", "spn", ali, household_number="H1"),
        payment("y1", "spn", ali, household_number="H1"),
        payment("y2", "spn", ali, household_number="H1", month="2026-04"),
        payment("bad", "spn", ali, amount=-1),
    )
    salary: dict[str, Any] = {"kind": "PUBLIC_SALARY", "income_from": "2026-02-01", "person": sara}
    hub.publish("finance", event("income", "s1", status="ACTIVE", **salary))
    hub.publish("disability", enrollment("d1", "disability", sara))
    hub.publish("disability", enrollment("d1", "disability", sara, exit_reason="rival"))
    hub.run()
    hub.publish("molsa", hub.answer("molsa", "FALSE_MATCH", rule="iq.spn.pension"))
    hub.settle()


def drop_payment(hub: VerifiedHub) -> None:
    """Let a payment vanish from its cluster, as if it had never been folded."""
    hub.connection.execute("UPDATE record SET cluster = NULL, fact = NULL WHERE record_id = 'y2'")


def part_person(hub: VerifiedHub) -> None:
    """Take a number from a mention, so that its person falls in two."""
    ((packed,),) = hub.rows("SELECT fact FROM record WHERE record_id = 'p1'")
    alone = unpack_one(packed)._replace(tokens=())
    hub.connection.execute("UPDATE record SET fact = %s WHERE record_id = 'p1'", [pack_one(alone)])


PAIR = "rule = 'iq.spn.pension'"
OTHER = "body = (SELECT body FROM alert WHERE rule <> 'iq.spn.pension' LIMIT 1)"
BOOK = "book = convert_to(replace(convert_from(book, 'UTF8'), 'military', 'civil'), 'UTF8')"
HOME = "clusters: wrong home of a record or roster line"
COUNTED = "applied = applied + 1, void = void - 1"

SOME = (
    Breakage("alert", "open = false", PAIR, "alerts: missing"),  # a withdrawal without a record
    Breakage("alert", "amount = amount + 1", "true", "alerts: different"),
    Breakage("record", drop_payment, "", "facts: missing"),
    Breakage("record", part_person, "", "facts: different"),
    Breakage("member", "household = ''", "role = 'SPOUSE'", "roster lines: different"),
    Breakage("person", "given = 'x'", "given IS NOT NULL", "persons: different"),
    Breakage("identifier", "cluster = -1", "true", "clusters: wrong lead of a token"),
)
"""Breakages that a sample with their person finds, too."""

BREAKAGES = (
    *SOME,
    Breakage("alert", None, PAIR, "alerts: missing"),
    Breakage("alert", "verdict = 'permitted'", PAIR, "alerts: different"),
    Breakage("alert", OTHER, PAIR, "evidence of alerts: different"),
    Breakage("alert", OTHER, PAIR, "alerts: row and evidence differ"),
    Breakage("alert", "open = false", PAIR, "alerts by the states: missing"),
    Breakage("alert", "decision = 'NONE'", PAIR, "alerts: different"),  # a decision skipped
    Breakage("decision", None, "true", "decisions: missing"),
    Breakage("decision", "code = 'CLOSED'", "true", "decisions: different"),
    Breakage("notice", "alert = NULL", "true", "notices: missing or of another alert"),
    Breakage("member", None, "role = 'SPOUSE'", "roster lines: missing"),
    Breakage("record", "seq = seq + 1", "record_id = 'e1'", "records: different"),
    Breakage("record", "other = NULL", "other IS NOT NULL", "records: different"),
    Breakage("record", "cluster = -1", "record_id = 'y1'", HOME),
    Breakage("household_cluster", None, "true", "clusters: wrong link to a household"),
    Breakage("household", None, "true", "households: missing"),
    Breakage("alert_version", None, "state = 'DECIDED'", "alerts: history broken"),
    Breakage("position", COUNTED, "applied > 0", "partitions: wrong count of applied"),
    Breakage("quarantine", None, "reason = 'BAD_AMOUNT'", "quarantine: missing"),
    Breakage("quarantine", "reason = 'BAD_DATE'", "true", "quarantine: another reason"),
    Breakage("hub", BOOK, "true", "rulebook: not the one that the operations put in force"),
)


@contextmanager
def broken(hub: VerifiedHub, breakage: Breakage) -> Iterator[None]:
    """Break the stored state, and put the table back as it was."""
    table = sql.Identifier(breakage.table)
    hub.connection.execute(sql.SQL("CREATE TABLE saved AS TABLE {}").format(table))
    breakage.make(hub)
    yield
    hub.connection.execute(sql.SQL("DELETE FROM {}").format(table))
    hub.connection.execute(sql.SQL("INSERT INTO {} TABLE saved").format(table))
    hub.connection.execute("DROP TABLE saved")


def missed(hub: VerifiedHub, breakages: Iterable[Breakage], persons: int | None) -> list[Any]:
    """Return the breakages that a verification does not find, with what it found."""
    found = []
    for breakage in breakages:
        with broken(hub, breakage):
            kinds = hub.kinds(persons=persons)
        if breakage.kind not in kinds:
            found.append((breakage, kinds))
    return found


@pytest.mark.long
def test_every_breakage_is_found(hub: VerifiedHub) -> None:
    """Each breakage of the stored state is found by its kind, and nothing is found without one."""
    world(hub)
    sound = hub.verify()

    assert (sound.status, sound.differences.examples) == (0, {})
    assert missed(hub, BREAKAGES, None) == []
    assert hub.kinds() == set()


def test_samples_find_breakages_too(hub: VerifiedHub) -> None:
    """What is broken about a drawn person is found, and so is a drawn record that is lost."""
    world(hub)
    lost = Breakage("record", None, "record_id = 'd1'", "records drawn: missing or older")

    assert missed(hub, (*SOME, lost), 50) == []
    assert hub.kinds(persons=50) == set()


@pytest.mark.parametrize("state", ["due", "stale"])
def test_unsettled_hub_is_not_compared(hub: VerifiedHub, state: str) -> None:
    """Work that is due, or that an older book left, is said and gives a status of its own."""
    world(hub)
    column = "next_change" if state == "due" else "book_seq"
    hub.connection.execute(sql.SQL("UPDATE cluster SET {} = 0").format(sql.Identifier(column)))

    report = hub.verify()

    assert (report.status, report.differences.compared) == (2, {})
    assert "due or stale" in report.unsettled[0]


@pytest.mark.long
def test_unread_events_are_left_out(hub: VerifiedHub) -> None:
    """Events that are not applied yet are said, and what was applied is compared all the same."""
    world(hub)
    hub.publish("pensions", enrollment("p9", "pension", person(ALI)))

    report = hub.verify()

    assert (report.status, report.differences.counts) == (2, {})
    assert report.unsettled == ["1 offsets are not applied yet"]
    assert report.differences.compared["alerts"] > 0


def test_output_that_differs_is_found(hub: VerifiedHub) -> None:
    """An alert that never reaches its topic, and a version that comes twice, are found."""
    ali = person(ALI)
    hub.publish("molsa", enrollment("e1", "spn", ali))
    hub.publish("pensions", enrollment("p1", "pension", ali))
    hub.run()
    hub.connection.execute(
        "DELETE FROM outbox WHERE topic = %s OR topic = %s",
        [topics.name("alert"), topics.name("notice", "molsa")],
    )
    hub.settle()

    lost = hub.kinds()
    (notice,) = read_topic(hub.settings, topics.name("notice", "pensions"))
    producer = kafka.producer(hub.settings)
    producer.produce(topics.name("notice", "pensions"), notice.value(), notice.key())
    producer.flush()
    twice = hub.kinds()

    assert lost == {"output: missing"}
    assert twice == {"output: missing", "output: repeated version"}
