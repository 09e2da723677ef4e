"""`sijill simulate`: ministries that do not exist publish a year; the truth of it is kept."""

import json
import time
from contextlib import closing
from pathlib import Path

import click

from sijill import settings
from sijill.adapters import clock, postgres
from sijill.cli.days import DAY
from sijill.domain import rulebook
from sijill.settings import Settings
from sijill.simulation import publishing
from sijill.simulation.plan import MONTHS_MIN, Simulation

SAY_EVERY_S = 5.0
WAIT_S = 0.1
AHEAD_MIN = 1_000


@click.command()
@click.option("--persons", default=20_000, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True, help="The same seed, the same bytes.")
@click.option("--as-of", type=DAY, help="The day on which the year ends; else the hub's day.")
@click.option("--months", default=12, show_default=True, type=click.IntRange(MONTHS_MIN))
@click.option(
    "--truth", type=click.Path(dir_okay=False, path_type=Path), help="Where the truth is written."
)
@click.option(
    "--ahead",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Wait while so many events (1000 or more) are not yet applied; 0: never wait.",
)
@click.option(
    "--transactional",
    multiple=True,
    metavar="MINISTRY",
    help="Publishes in transactions, some of them aborted; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as a JSON object.")
def simulate(
    *,
    persons: int,
    seed: int,
    as_of: int | None,
    months: int,
    truth: Path | None,
    ahead: int,
    transactional: tuple[str, ...],
    as_json: bool,
) -> None:
    """Publish what all ministries would publish about a simulated population in one year."""
    chosen = settings.load()
    plan = Simulation(
        seed=seed,
        persons=persons,
        as_of=as_of or chosen.as_of or clock.today(rulebook.load(chosen.country).time_zone),
        months=months,
        country=chosen.country,
        routing_key=chosen.routing_key,
    )
    with closing(Throttle(chosen, ahead)) as throttle:
        published = publishing.publish(
            plan.messages(), chosen, transactional=frozenset(transactional), progress=throttle
        )
    found = plan.truth
    if truth is not None:
        settings.write_private(truth, json.dumps(found, ensure_ascii=False, indent=1))
    counts = {"published": published.messages, "aborted": published.aborted}
    if as_json:
        click.echo(json.dumps({**counts, "overlaps": len(found["overlaps"])}))
    else:
        click.echo(
            f"{counts['published']} events published, {len(found['overlaps'])} overlaps in them"
        )


class Throttle:
    """Tells the progress now and then, and makes the ministries wait for the hub if asked to."""

    def __init__(self, settings: Settings, ahead: int) -> None:
        # Less than a transaction that is still open would wait for itself.
        self._ahead = max(AHEAD_MIN, ahead) if ahead else 0
        self._connection = postgres.connect(settings.postgres_dsn) if ahead else None
        self._before = self._applied()
        self._said = time.monotonic()

    def __call__(self, progress: publishing.Progress) -> None:
        """Say how far it is; return when the hub is near enough."""
        if time.monotonic() - self._said > SAY_EVERY_S:
            click.echo(f"{progress.messages} events published", err=True)
            self._said = time.monotonic()
        while self._ahead and progress.messages - self._applied() + self._before > self._ahead:
            time.sleep(WAIT_S)

    def close(self) -> None:
        """Let the connection go."""
        if self._connection:
            self._connection.close()

    def _applied(self) -> int:
        """Return how many events of any source have their outcome."""
        if self._connection is None:
            return 0
        row = self._connection.execute(
            "SELECT coalesce(sum(next_offset - first_offset - void), 0) FROM position"
        ).fetchone()
        return int(row[0]) if row else 0
