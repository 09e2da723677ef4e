"""`sijill publish FILE`: events from a file of JSON lines, as a ministry would send them."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

import click

from sijill import settings
from sijill import topics as table
from sijill.adapters import codec
from sijill.publisher import Publisher

Line = tuple[str, str, dict[str, Any]]


@click.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--json", "as_json", is_flag=True, help="Print the count as a JSON object.")
def publish(file: TextIO, *, as_json: bool) -> None:
    """Publish the events of FILE ("-" for standard input), one JSON object a line.

    A line names its topic, or its ministry and stream, and holds the record, with dates as
    2026-01-31: {"ministry": "molsa", "stream": "enrollment", "record": {...}}. The first line that
    does not fit stops the command; the lines before it are delivered and counted.
    """
    count = 0
    wrong: click.ClickException | None = None
    with Publisher(settings.load()) as publisher:
        try:
            for ministry, stream, record in read(file):
                publisher.publish(ministry, stream, record)
                count += 1
        except click.ClickException as error:
            wrong = error
    click.echo(json.dumps({"published": count}) if as_json else f"{count} events published")
    if wrong is not None:
        raise wrong


def read(lines: Iterable[str]) -> Iterator[Line]:
    """Yield (ministry, stream, record) of each line; ClickException names a line that is wrong."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _read_line(json.loads(line))
        except KeyError as error:
            raise click.ClickException(f"line {number}: {error.args[0]}") from error
        except (ValueError, TypeError, AttributeError) as error:
            # The text of these may quote a value of the record.
            raise click.ClickException(
                f"line {number} does not fit its schema ({type(error).__name__})"
            ) from error


def _read_line(line: dict[str, Any]) -> Line:
    if "topic" in line:
        origin = table.origin(line["topic"])
        if origin is None:
            raise KeyError("the topic is no source topic")
    else:
        origin = line["ministry"], line["stream"]
        if table.origin(table.name("source", *origin)) is None:
            raise KeyError("ministry and stream name no source topic")
    ministry, stream = origin
    record = codec.from_json(stream, {"ministry": ministry, **line["record"]})
    codec.encode_body(stream, record)
    return ministry, stream, record
