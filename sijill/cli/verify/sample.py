"""A sample of the registry that is whole in itself: persons by keyed hash, and what they touch.

Drawn persons bring their clusters, which are closed over identifiers; these bring the households
that their facts name; these bring the clusters of everyone they touch, without whom a household
cannot be judged. Persons are compared in all of these clusters, households in the inner ones.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from sijill.adapters.postgres import Connection, bytea_array
from sijill.cli.verify.stored import Scope, states
from sijill.oracle.border.reading import Version
from sijill.oracle.identity import InUse, facts_of, record_key
from sijill.oracle.law import Book
from sijill.oracle.meetings import Family, Meetings


def family_of(version: Version, book: Book) -> Family | None:
    """Return the household that a version names."""
    facts = facts_of([InUse(version, None)])
    return Meetings(book, 0).family(facts[0]) if facts else None


@dataclass
class Sample:
    """What was drawn, and how an event of the log is known to belong to it."""

    scope: Scope
    persons: int
    drawn: int
    key: bytes
    tokens: set[bytes] = field(default_factory=set)
    saturated: set[bytes] = field(default_factory=set)
    records: set[bytes] = field(default_factory=set)
    families: set[Family] = field(default_factory=set)

    def holds(self, version: Version, book: Book) -> bool:
        """Return whether a version belongs to the sample, by what the version itself says."""
        if version.name[1] == "decision" or record_key(version.name) in self.records:
            return True
        if any(one.token in self.tokens for mention in version.mentions for one in mention.ids):
            return True
        return family_of(version, book) in self.families

    def draws(self, version: Version) -> bool:
        """Return whether a record is drawn for itself: who is lost whole would else be missed."""
        mac = hmac.digest(self.key, record_key(version.name), hashlib.sha256)
        return int.from_bytes(mac[:8], "big") * max(1, self.persons) < self.drawn << 64


def draw(connection: Connection, wanted: int, *, key: bytes) -> Sample:
    """Draw about so many persons, in the snapshot of the connection's transaction."""
    count = connection.execute("SELECT count(*) FROM person").fetchone()
    rows = connection.execute(
        "SELECT cluster FROM person ORDER BY sha256(%s || key) LIMIT %s", [key, wanted]
    ).fetchall()
    core = {cluster for (cluster,) in rows}
    inner = dict(states(connection, core))
    households = sorted({key for state in inner.values() for key in state.households})
    touched = connection.execute(
        "SELECT DISTINCT cluster FROM household_cluster WHERE household = ANY(%s)",
        [bytea_array(households)],
    )
    inner |= states(connection, {cluster for (cluster,) in touched} - core)
    scope = Scope(sorted(inner), households)
    sample = Sample(scope, count[0] if count else 0, len(rows), key)
    for state in inner.values():
        sample.saturated |= state.saturated
        for fact in state.facts:
            sample.records.add(fact.record)
            sample.tokens.update(token for _, token in fact.tokens)
    sample.tokens -= sample.saturated
    for ministry, roster, number in connection.execute(
        "SELECT ministry, roster, number FROM household WHERE key = ANY(%s)",
        [bytea_array(households)],
    ):
        sample.families.add((ministry, roster, number))
    return sample
