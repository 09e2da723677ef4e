"""A database that fails on purpose: triggers of a test, on the real tables."""

from sijill.adapters.postgres import Connection

_RAISE = """
CREATE OR REPLACE FUNCTION break_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {when} THEN
        RAISE EXCEPTION 'of the test: %', {what} USING ERRCODE = '{sqlstate}';
    END IF;
    RETURN {result};
END $$
"""


def break_record(connection: Connection, marked: str, *, sqlstate: str = "P0001") -> None:
    """Let every batch fail that inserts a record whose id begins with the mark."""
    when = f"NEW.record_id LIKE '{marked}%'"
    _create(connection, "record", when=when, sqlstate=sqlstate, what="NEW.record_id")
    connection.execute(
        "CREATE TRIGGER broken BEFORE INSERT ON record FOR EACH ROW EXECUTE FUNCTION break_record()"
    )


def break_many(connection: Connection, most: int, *, sqlstate: str) -> None:
    """Let every batch fail that inserts more records than `most`."""
    when = f"(SELECT count(*) FROM come) > {most}"  # noqa: S608 - a number of the test's own
    _create(connection, "many", when=when, sqlstate=sqlstate, what="'too many'")
    connection.execute(
        "CREATE TRIGGER broken AFTER INSERT ON record REFERENCING NEW TABLE AS come "
        "FOR EACH STATEMENT EXECUTE FUNCTION break_many()"
    )


def mend(connection: Connection) -> None:
    """Let the database work again."""
    connection.execute("DROP TRIGGER broken ON record")


def _create(connection: Connection, name: str, *, when: str, sqlstate: str, what: str) -> None:
    result = "NEW" if name == "record" else "NULL"
    text = _RAISE.format(name=name, when=when, sqlstate=sqlstate, what=what, result=result)
    connection.execute(text.encode())
