"""One alert with everything that explains it, as people ask for it by its id."""

from typing import NamedTuple

from sijill.adapters.postgres import Connection
from sijill.adapters.registry import decisions, facts, hub
from sijill.adapters.registry.state import unpack_overlap
from sijill.domain import alerts, disclosure
from sijill.domain.dossier.shapes import Case, Revision, Said
from sijill.domain.dossier.subject import Subject
from sijill.domain.fold import persons
from sijill.domain.household import Name
from sijill.domain.identity import group
from sijill.domain.rulebook import Book
from sijill.domain.rules.overlap import Overlap, PersonFacts

ID_DIGITS = 32
_LISTED = 10


class AmbiguousError(Exception):
    """More than one alert begins with these digits."""


class Read(NamedTuple):
    """A case with the rulebook and the day under which it is explained."""

    case: Case
    book: Book
    as_of: int


def find(connection: Connection, digits: str) -> bytes | None:
    """Return the id of the alert whose id or notice id begins with these hexadecimal digits.

    Raises:
        AmbiguousError: several do.

    """
    low = bytes.fromhex(digits.ljust(ID_DIGITS, "0"))
    high = bytes.fromhex(digits.ljust(ID_DIGITS, "f"))
    rows = connection.execute(
        "SELECT id FROM alert WHERE id BETWEEN %s AND %s "
        "UNION SELECT alert FROM notice WHERE id BETWEEN %s AND %s AND alert IS NOT NULL LIMIT %s",
        [low, high, low, high, _LISTED],
    ).fetchall()
    if len(rows) > 1:
        raise AmbiguousError(f"{len(rows)} alerts or more begin with these digits; give more")
    return rows[0][0] if rows else None


def read(connection: Connection, alert: bytes, *, hub_key: bytes) -> Read:
    """Return the alert in one snapshot of the registry."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        state = hub.read(connection)
        assert state.book is not None
        row = connection.execute(
            "SELECT open, decision, revision, raised_on, household, body FROM alert WHERE id = %s",
            [alert],
        ).fetchone()
        assert row is not None
        is_open, stage, revision, raised_on, household, body = row
        overlap = unpack_overlap(body)
        case = Case(
            alert=alert,
            overlap=overlap,
            open=is_open,
            stage=stage,
            revision=revision,
            raised_on=raised_on,
            basis=alerts.basis(hub_key, overlap),
            history=_history(connection, alert),
            said=_said(connection, alert, overlap, hub_key),
            asked=tuple(
                (ministry, alerts.notice_id(hub_key, ministry, alert))
                for ministry in disclosure.told(overlap, state.book)
            ),
            subject=_subject(connection, overlap, household, state.book) if is_open else None,
        )
    return Read(case, state.book, state.as_of)


def _history(connection: Connection, alert: bytes) -> tuple[Revision, ...]:
    rows = connection.execute(
        "SELECT revision, state, decision, months, amount, as_of FROM alert_version "
        "WHERE alert = %s ORDER BY revision",
        [alert],
    )
    return tuple(Revision(n, s, d, tuple(m), a, day) for n, s, d, m, a, day in rows)


def _said(
    connection: Connection, alert: bytes, overlap: Overlap, hub_key: bytes
) -> tuple[Said, ...]:
    """Return the decisions, the earliest first."""
    owner = {
        notice: (alert, ministry)
        for notice, ministry in alerts.notices(hub_key, alert, overlap).items()
    }
    return tuple(said for _, said in decisions.said(connection, owner))


def _subject(
    connection: Connection, overlap: Overlap, household: bytes | None, book: Book
) -> Subject | None:
    """Return the persons that the alert lies on, grouped as they are today."""
    if household is None:
        people = [
            person
            for person in _people(
                connection,
                "SELECT cluster FROM record WHERE key = %s AND cluster IS NOT NULL",
                overlap.left.record,
                book=book,
            )
            if any(fact.record == overlap.left.record for fact in person.facts)
        ]
        return Subject(tuple(people), None) if people else None
    row = connection.execute(
        "SELECT ministry, roster, number FROM household WHERE key = %s", [household]
    ).fetchone()
    people = _people(
        connection,
        "SELECT cluster FROM household_cluster WHERE household = %s ORDER BY cluster",
        household,
        book=book,
    )
    return Subject(tuple(people), Name(*row)) if row and people else None


def _people(connection: Connection, query: str, key: bytes, *, book: Book) -> list[PersonFacts]:
    clusters = [cluster for (cluster,) in connection.execute(query.encode(), [key])]
    return [
        person
        for _, state in facts.states(connection, clusters)
        for person in persons(group(state.facts, state.saturated), book)
    ]
