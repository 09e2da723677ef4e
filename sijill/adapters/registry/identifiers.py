"""Identifier rows: which cluster a token leads to, and who carries a saturated one."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sijill.adapters.postgres import Cursor, bigint_array, bytea_array, update_rows
from sijill.domain.event import Fact
from sijill.domain.identity import SATURATION


class Leads(NamedTuple):
    """Where tokens lead: to a cluster, or nowhere because they are saturated."""

    clusters: dict[bytes, int]
    saturated: frozenset[bytes]

    def joined(self, more: "Leads") -> "Leads":
        """Return these leads with more of them."""
        return Leads(self.clusters | more.clusters, self.saturated | more.saturated)

    def of(self, tokens: Collection[bytes]) -> "Leads":
        """Return where these of the tokens lead."""
        clusters = {token: self.clusters[token] for token in tokens if token in self.clusters}
        return Leads(clusters, self.saturated.intersection(tokens))


def read(cursor: Cursor, tokens: Collection[bytes]) -> Leads:
    """Read where the tokens lead now; saturated ones are locked, in token order."""
    if not tokens:
        return Leads({}, frozenset())
    wanted = bytea_array(sorted(tokens))
    cursor.execute(
        "SELECT token, cluster FROM identifier WHERE token = ANY(%s)", [wanted], binary=True
    )
    found: dict[bytes, int | None] = dict(cursor.fetchall())
    saturated = sorted(token for token, cluster in found.items() if cluster is None)
    if saturated:
        cursor.execute(
            "SELECT token, cluster FROM identifier WHERE token = ANY(%s) "
            "ORDER BY token FOR NO KEY UPDATE",
            [bytea_array(saturated)],
            binary=True,
        )
        found.update(cursor.fetchall())
    clusters = {token: cluster for token, cluster in found.items() if cluster is not None}
    return Leads(clusters, frozenset(t for t, c in found.items() if c is None))


def claim(cursor: Cursor, candidates: dict[bytes, int]) -> set[bytes]:
    """Insert new tokens in order and return those that are ours.

    One that another registrar inserted first stays as it is; the caller reads it in a separate
    statement, for this one cannot see the other's row.
    """
    tokens = sorted(candidates)
    cursor.execute(
        "INSERT INTO identifier (token, cluster) SELECT t, c "
        "FROM unnest(%s::bytea[], %s::bigint[]) AS n (t, c) ORDER BY t ON CONFLICT DO NOTHING "
        "RETURNING token",
        [bytea_array(tokens), bigint_array([candidates[t] for t in tokens])],
        binary=True,
    )
    return {token for (token,) in cursor}


def move(cursor: Cursor, moved: dict[bytes, int | None]) -> None:
    """Let tokens lead elsewhere; None marks them saturated."""
    rows = [(token, cluster, cluster is None) for token, cluster in sorted(moved.items())]
    update_rows(
        cursor, "identifier", {"token": "bytea", "cluster": "int8", "saturated": "bool"}, rows
    )


def forget(cursor: Cursor, tokens: Iterable[bytes]) -> None:
    """Delete tokens that no current record carries."""
    gone = sorted(tokens)
    if gone:
        cursor.execute("DELETE FROM identifier WHERE token = ANY(%s)", [bytea_array(gone)])


def drop_carriers(cursor: Cursor, gone: Sequence[tuple[bytes, Fact]]) -> None:
    """Take (token, fact) pairs off the list of who carries a saturated token."""
    if gone:
        tokens, facts = zip(*gone, strict=True)
        cursor.execute(
            "DELETE FROM carrier USING unnest(%s::bytea[], %s::bytea[], %s::text[]) AS g (t, r, l) "
            "WHERE token = t AND record = r AND line = l",
            [bytea_array(tokens), bytea_array([f.record for f in facts]), [f.line for f in facts]],
            prepare=False,
        )


def add_carriers(cursor: Cursor, rows: Iterable[tuple[bytes, Fact, int]]) -> None:
    """Put (token, fact, its cluster) on the list of who carries a saturated token."""
    cursor.executemany(
        "INSERT INTO carrier (token, record, line, signature, cluster) "
        "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (token, record, line) "
        "DO UPDATE SET signature = excluded.signature, cluster = excluded.cluster",
        [(token, f.record, f.line, f.signature, cluster) for token, f, cluster in rows],
    )


def thawed(cursor: Cursor, arriving: dict[bytes, set[bytes]]) -> dict[bytes, list[int]]:
    """Return the saturated tokens that too few people carry now, with their carriers' clusters.

    Those clusters must be joined again.

    `arriving` maps each token to the signatures of this batch's own new carriers.
    """
    result: dict[bytes, list[int]] = {}
    for token, signatures in sorted(arriving.items()):
        cursor.execute(
            "SELECT array_agg(DISTINCT signature) FILTER (WHERE signature IS NOT NULL), "
            "array_agg(DISTINCT cluster) FROM carrier WHERE token = %s",
            [token],
        )
        row = cursor.fetchone() or (None, None)
        if len(signatures.union(row[0] or ())) <= SATURATION:
            result[token] = row[1] or []
    return result
