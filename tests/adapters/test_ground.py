"""The ground keeps its data, dies with its parent, and says in one sentence what it lacks."""

import psycopg

from sijill.settings import Settings


def test_start(clean_hub: Settings) -> None:
    """A started ground serves PostgreSQL 18."""
    with psycopg.connect(clean_hub.postgres_dsn) as connection:
        version = connection.info.server_version // 10_000

    assert version == 18
