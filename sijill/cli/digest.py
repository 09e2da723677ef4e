"""`sijill digest`: one hash of the registry, to compare two databases or two moments."""

import json
from datetime import date

import click

from sijill import settings
from sijill.adapters import postgres
from sijill.adapters.refusal import UNPROCESSABLE
from sijill.adapters.registry.digest import digest as read_digest


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def digest(*, as_json: bool) -> None:
    """Print the hash of facts, persons, open alerts and decisions, and what it covers.

    Refuses with status 3 while work is due, because the registry is then between two states.
    """
    with postgres.connect(settings.load().postgres_dsn) as connection:
        found = read_digest(connection)
    as_of = date.fromordinal(found.as_of).isoformat()
    if as_json:
        click.echo(json.dumps({**found._asdict(), "as_of": as_of}))
        return
    click.echo(found.hash)
    covers = ", ".join(f"{count} {name}" for name, count in sorted(found.counts.items()))
    click.echo(f"covers {covers}")
    click.echo(f"as of {as_of}, book {found.book}, schema lock {found.schema_lock}")
    if found.set_aside:
        click.echo(
            f"not in it: {found.set_aside} records that the program cannot process "
            f"(sijill quarantine list --reason {UNPROCESSABLE}); compare the hash when none is left"
        )
