"""`sijill migrate`: bring the database's tables to the version of this program."""

import json

import click

from sijill import settings
from sijill.adapters import postgres


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the names as a JSON list.")
def migrate(*, as_json: bool) -> None:
    """Apply the migrations that the database has not seen; again is harmless."""
    applied = postgres.migrate(settings.load().postgres_dsn)
    if as_json:
        click.echo(json.dumps(applied))
    else:
        click.echo("\n".join(f"applied {name}" for name in applied) or "nothing to apply")
