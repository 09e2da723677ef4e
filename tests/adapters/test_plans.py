"""Proofs that statements planned on small tables are good on large ones."""

from collections.abc import Iterator

import psycopg
import pytest

from sijill.adapters.postgres import Connection, connect, migrate, update_rows

FILL = (
    "INSERT INTO identifier (token, cluster) "
    "SELECT int8send(n), 1 FROM generate_series(%s::int8, %s) AS n"
)
COLUMNS = {"token": "bytea", "cluster": "int8"}
READ = (
    "SELECT sum(coalesce(seq_tup_read, 0) + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes "
    "AS i WHERE i.relid = t.relid))::int8 FROM pg_stat_user_tables AS t "
    "WHERE relname LIKE 'identifier%'"
)


@pytest.fixture
def connection(postgres_dsn: str) -> Iterator[Connection]:
    """A connection to a database with empty tables."""
    with psycopg.connect(postgres_dsn, dbname="postgres", autocommit=True) as server:
        server.execute("DROP DATABASE IF EXISTS sijill WITH (FORCE)")
        server.execute("CREATE DATABASE sijill")
    migrate(postgres_dsn)
    with connect(postgres_dsn) as opened:
        yield opened


def test_update_reads_its_own_rows_alone(connection: Connection) -> None:
    """However small a table was when it was first updated, an update reads the rows of its keys."""
    connection.execute(FILL, [1, 3])
    connection.execute("ANALYZE identifier")
    for _ in range(8):
        _update(connection, 1)
    connection.execute(FILL, [4, 20_000])
    before = _read(connection)
    _update(connection, 100)

    assert _read(connection) - before < 2_000


def _update(connection: Connection, rows: int) -> None:
    with connection.cursor() as cursor:
        update_rows(cursor, "identifier", COLUMNS, [(n.to_bytes(8, "big"), 2) for n in range(rows)])


def _read(connection: Connection) -> int:
    """Return how many rows of the table were read until now, wanted or not."""
    connection.execute("SELECT pg_stat_force_next_flush()")
    row = connection.execute(READ.encode()).fetchone()
    assert row is not None
    return int(row[0] or 0)
