"""`sijill topics`: the table of topics, and the broker brought to it without silent change."""

import json
from dataclasses import asdict

import click

from sijill import settings
from sijill import topics as table
from sijill.adapters import kafka
from sijill.cli.failures import EXIT_FAILED
from sijill.domain import rulebook


@click.group()
def topics() -> None:
    """Show the topics that the country's book calls for, and create them."""


@topics.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.option("--country", default="iraq", show_default=True, envvar="SIJILL_COUNTRY")
def list_topics(*, as_json: bool, country: str) -> None:
    """List every topic of a country's book with its schema and writer; no broker is asked."""
    book = rulebook.load(country)
    rows = [
        {
            "topic": topic.name,
            "schema": pattern.schema.format(stream=topic.stream),
            "partitions": pattern.partitions or "common",
            "cleanup": pattern.cleanup,
            "writes": pattern.writes,
            "reads": pattern.reads,
        }
        for topic in table.all_topics(book)
        for pattern in [table.PATTERNS[topic.pattern]]
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    width = max(len(str(row["topic"])) for row in rows)
    for row in rows:
        click.echo(f"{row['topic']:<{width}}  {row['schema']:<18}  {row['writes']}")


@topics.command("apply")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as a JSON list.")
@click.option(
    "--partitions",
    default=table.PARTITIONS_EMBEDDED,
    show_default=True,
    type=click.IntRange(1),
    help="The common partition count; it is for life.",
)
def apply(*, as_json: bool, partitions: int) -> None:
    """Create the topics that are missing, and show where existing ones differ.

    An existing topic is never changed. Exit status 1 when there are differences.
    """
    chosen = settings.load()
    book = rulebook.load(chosen.country)
    differences = table.apply(kafka.admin(chosen), book, partitions=partitions)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in differences], indent=1))
    elif differences:
        for row in differences:
            click.echo(f"{row.topic}: {row.setting} is {row.found}, wanted {row.wanted}")
    else:
        click.echo(f"{len(table.all_topics(book))} topics are as the table says")
    if differences:
        raise click.exceptions.Exit(EXIT_FAILED)
