"""The hub row: which keys, schemas, rulebook and day this database is bound to."""

import hashlib
import json
import secrets
from functools import cache, lru_cache
from typing import NamedTuple

import schemas
from sijill.adapters.acceptance import CHECK_VERSION
from sijill.adapters.halt import HaltError
from sijill.adapters.postgres import Connection, Cursor
from sijill.domain.rulebook import Book, parse
from sijill.settings import Settings


class WrongKeyError(HaltError):
    """The database was filled under another key; tokens or ids would not meet."""


class Hub(NamedTuple):
    """The hub row as a registrar needs it; no book before the first activation."""

    as_of: int
    book_seq: int | None
    book: Book | None


def fingerprint(key: bytes) -> bytes:
    """Return what the database may know of a key: enough to recognise it, not to use it."""
    return hashlib.blake2b(key, digest_size=16, person=b"sijill-key").digest()


@cache
def accepted_under() -> str:
    """Return the name of the schema lock and check version that this code accepts events with."""
    lock = hashlib.sha256(schemas.read("lock.json").encode()).hexdigest()[:12]
    return f"{lock}/{CHECK_VERSION}"


def bind(connection: Connection, settings: Settings, *, today: int) -> None:
    """Bind an empty database to these keys, or check that it is bound to them.

    Raises:
        WrongKeyError: another registry or hub key filled this database.

    """
    keys = (fingerprint(settings.registry_key), fingerprint(settings.hub_key))
    as_of = settings.as_of if settings.as_of is not None else today
    connection.execute(
        "INSERT INTO hub (registry_fingerprint, hub_fingerprint, schema_lock, generation, as_of) "
        "VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [*keys, accepted_under(), secrets.token_bytes(16), as_of],
    )
    row = connection.execute("SELECT registry_fingerprint, hub_fingerprint FROM hub").fetchone()
    assert row is not None
    if tuple(row) != keys:
        raise WrongKeyError("this database was filled under another registry or hub key")


def bound_under(connection: Connection) -> str:
    """Return the schema lock and check version under which the quarantine was last gone through."""
    row = connection.execute("SELECT schema_lock FROM hub").fetchone()
    assert row is not None
    return str(row[0])


def read(connection: Connection) -> Hub:
    """Return the day and the rulebook in force."""
    row = connection.execute("SELECT as_of, book_seq, book FROM hub").fetchone()
    assert row is not None
    as_of, seq, packed = row
    return Hub(as_of, seq, _book(packed) if packed is not None else None)


@lru_cache(maxsize=4)
def _book(packed: bytes) -> Book:
    """Return the book of the hub's row; reading it is much dearer than reading the row."""
    return parse(unpack_book(packed))


def look(connection: Connection) -> tuple[int, int]:
    """Return the hub's day and the number of the activation in force, 0 before the first."""
    row = connection.execute("SELECT as_of, coalesce(book_seq, 0) FROM hub").fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def move_day(connection: Connection, day: int) -> bool:
    """Move the hub's day forward; return whether it moved. It never goes back."""
    moved = connection.execute("UPDATE hub SET as_of = %s WHERE as_of < %s", [day, day])
    return moved.rowcount > 0


def activate(cursor: Cursor, seq: int, body: bytes) -> bool:
    """Put the book of an operation in force if its number is the highest so far."""
    cursor.execute("SELECT book_seq FROM hub FOR UPDATE")
    row = cursor.fetchone()
    if row is None or (row[0] is not None and row[0] >= seq):
        return False
    cursor.execute("UPDATE hub SET book_seq = %s, book = %s", [seq, body])
    return True


def pack_book(files: dict[str, bytes]) -> bytes:
    """Return a book's files as one JSON map, as an operation carries them."""
    return json.dumps({name: files[name].decode() for name in sorted(files)}).encode()


def unpack_book(packed: bytes) -> dict[str, bytes]:
    """Return the files that `pack_book` packed."""
    return {name: text.encode() for name, text in json.loads(packed).items()}
