"""`sijill audit verify`: whether the log of who read whose data is whole."""

import json

import click

from sijill import audit as chain
from sijill import settings
from sijill.adapters import postgres
from sijill.cli.failures import EXIT_FAILED


@click.group()
def audit() -> None:
    """Look at the log of who read a person's data."""


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def verify(*, as_json: bool) -> None:
    """Check that no entry was changed or taken out; exit status 1 when one was.

    Prints the number of entries and the hash that seals them. Keep that elsewhere from time to
    time: the chain alone cannot show that its newest entries were cut off.
    """
    with postgres.connect(settings.load().postgres_dsn) as connection:
        found = chain.verify(connection)
    if as_json:
        click.echo(json.dumps({**found._asdict(), "head": found.head.hex()}))
    elif found.broken is None:
        click.echo(f"{found.entries} entries are whole, sealed by {found.head.hex()}")
    else:
        click.echo(f"entry {found.broken} is not what was written; {found.entries} before it are")
    if found.broken is not None:
        raise click.exceptions.Exit(EXIT_FAILED)
