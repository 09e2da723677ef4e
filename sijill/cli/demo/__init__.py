"""`sijill demo`: simulated ministries publish a year; watch the registry fill and alerts appear."""

import json
import sys
from pathlib import Path

import click

from sijill.cli.days import DAY
from sijill.cli.demo.play import Play, on_stage
from sijill.cli.demo.summary import summary
from sijill.cli.demo.view import make_view
from sijill.cli.failures import EXIT_FAILED
from sijill.cli.stopping import until_stopped
from sijill.service import EXIT_NOW
from sijill.settings import write_private


@click.command()
@click.option("--persons", default=20_000, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True, help="Another seed, another population.")
@click.option("--as-of", type=DAY, help="The day on which the year ends; today when left out.")
@click.option("--registrars", default=2, show_default=True, type=click.IntRange(1, 4))
@click.option(
    "--verify",
    "verified",
    is_flag=True,
    help="At the end, compare the hub with an independent model; takes a minute or more.",
)
@click.option("--once", is_flag=True, help="End after the summary instead of staying up.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the figures to this file.",
)
def demo(
    *,
    persons: int,
    seed: int,
    as_of: int | None,
    registrars: int,
    verified: bool,
    once: bool,
    json_file: Path | None,
) -> None:
    """Run a whole hub on empty data while simulated ministries publish a year.

    Real Kafka, real PostgreSQL, the services as they run anywhere. Ends with a summary: what became
    of every event, which planted overlaps were found, how fast alerts came, and three of them in
    full. Exit status 1 when anything was lost, missed, extra or unaccounted,
    or differs from the model.
    """
    wanted = Play(persons=persons, seed=seed, as_of=as_of, registrars=registrars, verified=verified)
    failed: bool | None = None
    with until_stopped(), on_stage(wanted, make_view(sys.stdout)) as performance:
        verdict = performance.perform(wanted)
        failed = bool(verdict.failures)
        click.echo("\n".join(summary(verdict, performance.book)))
        if json_file is not None:
            write_private(json_file, json.dumps(verdict.figures, indent=1))
        if not once:
            click.echo(
                f"\nThe hub stays up until Ctrl-C. In another terminal:\n"
                f"  SIJILL_HUB_FILE={performance.hub_file} sijill alerts follow --from-start"
            )
            performance.stay()
    if failed is None:
        raise click.exceptions.Exit(EXIT_NOW)
    if failed:
        raise click.exceptions.Exit(EXIT_FAILED)
