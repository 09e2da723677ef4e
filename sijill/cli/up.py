"""`sijill up`: a whole hub on this machine until Ctrl-C."""

import os
import time
from pathlib import Path

import click

from sijill import settings
from sijill.cli.hub import FIXED, Plan, running
from sijill.cli.stopping import until_stopped
from sijill.service import EXIT_HALTED

TEND_EVERY_S = 0.5


@click.command()
@click.option(
    "--registrars", default=2, show_default=True, type=click.IntRange(1, 4), help="How many."
)
@click.option(
    "--data",
    "folder",
    default=settings.HUB_FILE.parent,
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where data, logs and hub.json are kept.",
)
def up(*, registrars: int, folder: Path) -> None:
    """Run Kafka, PostgreSQL and all services until Ctrl-C; data are kept for the next start.

    Ports: Kafka 19092, PostgreSQL 15432, schemas 18081, metrics from 19400; a port that is taken
    is moved, and said. Other commands find the hub by hub.json in the data folder.
    SIJILL_KAFKA_BOOTSTRAP and SIJILL_POSTGRES_DSN name servers to be used instead.
    """
    hub_file = Path(os.environ.get(f"{settings.PREFIX}HUB_FILE") or folder / "hub.json")
    plan = Plan(folder=folder, hub_file=hub_file, ports=FIXED, registrars=registrars)
    halts: list[str] = []
    with until_stopped(), running(plan, say) as hub:
        say(f"The hub is up; {hub_file} says where. Ctrl-C stops it.")
        try:
            while True:
                hub.tend()
                time.sleep(TEND_EVERY_S)
        finally:
            halts = hub.children.halts
            say("Stopping: the services finish their batches")
    say("Stopped")
    if halts:
        raise click.exceptions.Exit(EXIT_HALTED)


def say(sentence: str) -> None:
    """Tell the person at the terminal."""
    click.echo(sentence)
