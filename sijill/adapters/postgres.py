"""PostgreSQL: connections, migrations, and the two fast ways in: packed arrays and COPY BINARY."""

import struct
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

Connection = psycopg.Connection[tuple[Any, ...]]
Cursor = psycopg.Cursor[tuple[Any, ...]]

_SESSION = (
    "-c jit=off -c plan_cache_mode=force_generic_plan -c deadlock_timeout=200ms "
    # Every statement of a service looks rows up by key. The planner must not think otherwise when
    # its statistics lag behind a table that grows: it would scan the table for each batch.
    "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off "
    "-c random_page_cost=1.1 -c work_mem=64MB "
    "-c idle_in_transaction_session_timeout=60s -c transaction_timeout=300s "
    "-c lock_timeout=120s -c timezone=UTC"
)
_MIGRATION_LOCK = 0x51171
RECONNECT_EVERY_S = 0.25
RETRIED = ("40001", "40P01", "23505", "25P03", "25P04", "55P03", "57014")
"""SQLSTATEs after which the whole batch is tried again: conflict, deadlock, a record row that
another registrar inserted first, and time limits."""

EXHAUSTED = ("53", "57P", "58", "25006")
"""How SQLSTATEs begin that say what the server lacks at the moment: room, memory, connections, a
disk that works, the right to write, or itself while it starts and stops."""


class _Packed(bytes):
    """An array that is already in PostgreSQL's binary form."""

    __slots__ = ()


class _Bytea(_Packed):
    __slots__ = ()


class _Text(_Packed):
    __slots__ = ()


class _Bigint(_Packed):
    __slots__ = ()


class _Integer(_Packed):
    __slots__ = ()


class _ByteaDumper(Dumper):
    format = Format.BINARY
    oid = 1001  # bytea[]

    def dump(self, obj: Any) -> bytes:
        return bytes(obj)


class _TextDumper(_ByteaDumper):
    oid = 1009  # text[]

    def dump(self, obj: Any) -> bytes:
        # COPY finds its dumpers by type, so that plain lists come here, too.
        return bytes(obj) if isinstance(obj, _Text) else bytes(text_array(obj))


class _BigintDumper(_ByteaDumper):
    oid = 1016  # bigint[]


class _IntegerDumper(_ByteaDumper):
    oid = 1007  # integer[]


def bytea_array(items: Sequence[bytes]) -> _Bytea:
    """Pack byte strings as one `bytea[]`: the driver's list adapter costs Python per element."""
    return _Bytea(_packed(items, oid=17))


def text_array(items: Sequence[str]) -> _Text:
    """Pack texts as one `text[]`."""
    return _Text(_packed([item.encode() for item in items], oid=25))


def _packed(items: Sequence[bytes], *, oid: int) -> bytes:
    if not items:
        return struct.pack(">iii", 0, 0, oid)
    parts = [struct.pack(">iiiii", 1, 0, oid, len(items), 1)]
    for item in items:
        parts.append(len(item).to_bytes(4, "big"))
        parts.append(item)
    return b"".join(parts)


def bigint_array(items: Sequence[int]) -> _Bigint:
    """Pack integers as one `bigint[]`."""
    return _Bigint(_numbers(items, oid=20, size=8))


def integer_array(items: Sequence[int]) -> _Integer:
    """Pack integers of 32 bits as one `integer[]`."""
    return _Integer(_numbers(items, oid=23, size=4))


def _numbers(items: Sequence[int], *, oid: int, size: int) -> bytes:
    if not items:
        return struct.pack(">iii", 0, 0, oid)
    head = struct.pack(">iiiii", 1, 0, oid, len(items), 1)
    form = ">" + ("iq" if size == 8 else "ii") * len(items)
    return head + struct.pack(form, *(x for item in items for x in (size, item)))


_PACKERS: dict[str, Callable[[Sequence[Any]], bytes]] = {
    "bytea": bytea_array, "int8": bigint_array, "int4": integer_array,
}  # fmt: skip


def connect(dsn: str, *, autocommit: bool = True) -> Connection:
    """Open a connection with the session settings that every service uses."""
    connection = psycopg.connect(dsn, autocommit=autocommit, options=_SESSION)
    connection.adapters.register_dumper(_Bytea, _ByteaDumper)
    connection.adapters.register_dumper(_Text, _TextDumper)
    connection.adapters.register_dumper(_Bigint, _BigintDumper)
    connection.adapters.register_dumper(_Integer, _IntegerDumper)
    return connection


def reconnect(dsn: str, *, patience_s: float = 120.0) -> Connection:
    """Open a connection to a server that may be restarting, trying for `patience_s`.

    Raises:
        psycopg.OperationalError: the server did not come back in that time.

    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return connect(dsn)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(RECONNECT_EVERY_S)


def is_exhausted(error: psycopg.Error) -> bool:
    """Say whether the server lacks something that will come back; the connection is open still."""
    return error.sqlstate is not None and error.sqlstate.startswith(EXHAUSTED)


def migrate(dsn: str) -> list[str]:
    """Apply the migrations that the database has not seen, in order; return their names.

    Raises:
        psycopg.Error: a migration failed; the ones before it stay applied.

    """
    applied = []
    with connect(dsn) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, "
            "applied_at timestamptz NOT NULL DEFAULT now())"
        )
        done = {name for (name,) in connection.execute("SELECT name FROM migration")}
        folder = resources.files("sijill.adapters") / "migrations"
        for file in sorted(folder.iterdir(), key=lambda f: f.name):
            if file.name.endswith(".sql") and file.name not in done:
                with connection.transaction():
                    connection.execute(file.read_bytes())
                    connection.execute("INSERT INTO migration (name) VALUES (%s)", [file.name])
                applied.append(file.name)
    return applied


class _Statements(NamedTuple):
    """The statements that stage rows and update a table from them."""

    create: bytes
    stage: str
    update: bytes
    clear: bytes


def copy_rows(
    cursor: Cursor, table: str, columns: dict[str, str], rows: Iterable[Sequence[object]]
) -> None:
    """COPY `rows` into `table`; `columns` maps each column to its PostgreSQL type.

    Table and column names are constants of this code; nothing from outside gets into a statement.
    """
    with cursor.copy(_copy(table, tuple(columns))) as copy:
        copy.set_types(list(columns.values()))
        for row in rows:
            copy.write_row(row)


def update_rows(
    cursor: Cursor,
    table: str,
    columns: dict[str, str],
    rows: Sequence[Sequence[object]],
    *,
    keys: int = 1,
) -> None:
    """Update existing rows of `table` in one statement; the first `keys` columns find the row.

    Columns that can be packed go along as arrays, which spares the database a staging table.
    """
    if not rows:
        return
    if all(kind in _PACKERS for kind in columns.values()):
        arrays = [
            _PACKERS[kind](values)
            for kind, values in zip(columns.values(), zip(*rows, strict=True), strict=True)
        ]
        # Planned each time: a join planned for a small table and kept would compare every row of
        # one that has grown with every row of the batch.
        statement = _update_packed(table, tuple(columns.items()), keys)
        cursor.execute(statement, arrays, prepare=False)
        return
    statements = _update(table, tuple(columns.items()), keys)
    cursor.execute(statements.create)
    copy_rows(cursor, statements.stage, columns, rows)
    cursor.execute(statements.update, prepare=False)
    cursor.execute(statements.clear)


@cache
def _copy(table: str, columns: tuple[str, ...]) -> bytes:
    names = ", ".join(f'"{name}"' for name in columns)
    return f'COPY "{table}" ({names}) FROM STDIN (FORMAT BINARY)'.encode()


@cache
def _update_packed(table: str, columns: tuple[tuple[str, str], ...], keys: int) -> bytes:
    """Return the statement that updates a table from one array for each column."""
    names = ", ".join(f'"{name}"' for name, _ in columns)
    arrays = ", ".join(f"%s::{kind}[]" for _, kind in columns)
    values = ", ".join(f'"{name}" = s."{name}"' for name, _ in columns[keys:])
    match = " AND ".join(f't."{name}" = s."{name}"' for name, _ in columns[:keys])
    return (
        f'UPDATE "{table}" AS t SET {values} FROM unnest({arrays}) AS s ({names}) WHERE {match}'
    ).encode()


@cache
def _update(table: str, columns: tuple[tuple[str, str], ...], keys: int) -> _Statements:
    """Return the statements for one set of columns; each set has a staging table of its own."""
    mark = zlib.crc32(repr((columns, keys)).encode())
    stage = f"stage_{table}_{mark:08x}"
    typed = ", ".join(f'"{name}" {kind}' for name, kind in columns)
    values = ", ".join(f'"{name}" = s."{name}"' for name, _ in columns[keys:])
    match = " AND ".join(f't."{name}" = s."{name}"' for name, _ in columns[:keys])
    return _Statements(
        f'CREATE TEMP TABLE IF NOT EXISTS "{stage}" ({typed}) ON COMMIT DELETE ROWS'.encode(),
        stage,
        f'UPDATE "{table}" AS t SET {values} FROM "{stage}" AS s WHERE {match}'.encode(),
        f'DELETE FROM "{stage}"'.encode(),
    )
