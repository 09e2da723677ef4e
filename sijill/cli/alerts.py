"""`sijill alerts follow`: the alert topic in words, as it grows."""

import json
from contextlib import closing
from typing import Any

import click

from sijill import settings
from sijill.cli import alert_text
from sijill.cli.alert_feed import AlertFeed
from sijill.cli.stopping import until_stopped
from sijill.domain import rulebook

WAIT_S = 0.5


@click.group()
def alerts() -> None:
    """Read the alerts."""


@alerts.command()
@click.option("--from-start", is_flag=True, help="Begin with the first alert ever.")
@click.option("--until-end", is_flag=True, help="End where the topic ends, instead of waiting.")
@click.option(
    "--lang", default="both", show_default=True, type=click.Choice([*alert_text.LANGUAGES, "both"])
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def follow(*, from_start: bool, until_end: bool, lang: str, as_json: bool) -> None:
    """Print every alert as it is raised, amended, decided or withdrawn, until Ctrl-C.

    Only committed records are read. With --until-end this prints what there is and ends.
    """
    chosen = settings.load()
    book = rulebook.load(chosen.country)
    languages = alert_text.LANGUAGES if lang == "both" else (lang,)
    with until_stopped(), closing(AlertFeed(chosen, from_start=from_start)) as feed:
        while not (until_end and feed.at_end):
            for alert in feed.poll(WAIT_S):
                if as_json:
                    click.echo(json.dumps(_plain(alert.record, alert.appended_ms)))
                    continue
                for language in languages:
                    click.echo("\n".join(alert_text.lines(alert.record, book, language)))
                click.echo()


def _plain(record: dict[str, Any], appended_ms: int) -> dict[str, Any]:
    """Return the record as JSON can hold it; days stay days since 1970, as on the wire."""
    return {**record, "appended_at": appended_ms}
