"""`sijill quarantine`: records that were refused, byte for byte, and why.

Values are shown as hexadecimal only: they were not understood, and nobody asked for a person.
"""

import json
import marshal
from datetime import UTC, datetime
from typing import Any

import click
import psycopg
from psycopg.rows import dict_row

from sijill import settings
from sijill.adapters.refusal import REASONS
from sijill.cli.failures import EXIT_FAILED

HEX_COLUMNS = 32

_LIST = (
    'SELECT topic, partition, "offset", reason, detail, status, append_ms, '
    "octet_length(value) AS bytes FROM quarantine "
    "WHERE (%(topic)s::text IS NULL OR topic = %(topic)s) "
    "AND (%(reason)s::text IS NULL OR reason = %(reason)s) "
    'ORDER BY topic, partition, "offset" LIMIT %(limit)s'
)
_COUNT = (
    "SELECT reason, count(*) AS records FROM quarantine WHERE status = 'open' "
    "GROUP BY reason ORDER BY reason"
)


@click.group()
def quarantine() -> None:
    """Look at records that were refused."""


@quarantine.command("list")
@click.option("--topic", help="Only records of this topic.")
@click.option("--reason", help="Only records refused for this reason.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_records(*, topic: str | None, reason: str | None, limit: int, as_json: bool) -> None:
    """List refused records by their place in Kafka, with the reason; no value is shown."""
    rows = _rows(_LIST, {"topic": topic, "reason": reason, "limit": limit})
    for row in rows:
        row["appended"] = _instant(row.pop("append_ms"))
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        place = f"{row['topic']}/{row['partition']}/{row['offset']}"
        click.echo(f"{row['appended']}  {row['reason']:<22} {place}  {', '.join(row['detail'])}")
    counts = _rows(_COUNT, {})
    click.echo(f"{sum(row['records'] for row in counts)} open in all")
    for row in counts:
        click.echo(f"  {row['records']:>7}  {row['reason']:<22} {sentence(row['reason'])}")


@quarantine.command("show")
@click.argument("place", metavar="TOPIC/PARTITION/OFFSET")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object; bytes in hexadecimal.")
def show(place: str, *, as_json: bool) -> None:
    """Show one refused record: reason, fields at fault, and its bytes in hexadecimal."""
    topic, _, rest = place.partition("/")
    partition, _, offset = rest.partition("/")
    if not (partition.isascii() and partition.isdigit() and offset.isascii() and offset.isdigit()):
        raise click.UsageError("A place is TOPIC/PARTITION/OFFSET, as `quarantine list` shows it.")
    rows = _rows(
        'SELECT * FROM quarantine WHERE topic = %s AND partition = %s AND "offset" = %s',
        [topic, int(partition), int(offset)],
    )
    if not rows:
        click.echo(f"sijill: no refused record lies at {place}.", err=True)
        raise click.exceptions.Exit(EXIT_FAILED)
    record = _shown(rows[0])
    if as_json:
        click.echo(json.dumps(record, indent=1))
        return
    click.echo(f"{place}  appended {record['appended']}, {record['status']}")
    for lang in (0, 1):
        click.echo(f"{record['reason']}: {sentence(record['reason'], lang)}")
    click.echo(f"fields at fault: {', '.join(record['detail']) or 'none named'}")
    click.echo(f"key   {record['key'] if record['key'] is not None else 'none'}")
    for name, value in record["headers"]:
        click.echo(f"header {name}  {value}")
    value = record["value"]
    click.echo(f"value {'none' if value is None else f'{len(value) // 2} bytes'}")
    for start in range(0, len(value or ""), HEX_COLUMNS * 2):
        click.echo(f"  {start // 2:08x}  {value[start : start + HEX_COLUMNS * 2]}")


def sentence(reason: str, lang: int = 0) -> str:
    """Return the reason in words, English (0) or Arabic (1)."""
    if reason == "DISPUTED":
        return (
            "Another record with the same number says something else.",
            "سجل آخر بالرقم نفسه يذكر شيئاً مختلفاً.",
        )[lang]
    return REASONS[reason][lang] if reason in REASONS else ""


def _rows(query: Any, values: Any) -> list[dict[str, Any]]:
    dsn = settings.load().postgres_dsn
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        return connection.execute(query, values).fetchall()


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("topic", "partition", "offset", "reason", "detail")},
        "status": row["status"],
        "appended": _instant(row["append_ms"]),
        "key": None if row["key"] is None else row["key"].hex(),
        "headers": [(name, value.hex()) for name, value in marshal.loads(row["headers"])],
        "value": None if row["value"] is None else row["value"].hex(),
    }


def _instant(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
