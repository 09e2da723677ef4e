"""`sijill rules list`: which rules there are, from when on, by which law, for which programmes."""

import json
from datetime import date
from typing import Any

import click

from sijill import settings
from sijill.adapters import postgres
from sijill.adapters.registry import hub
from sijill.cli.failures import EXIT_FAILED
from sijill.domain import rulebook
from sijill.domain.event import INF
from sijill.domain.rulebook import Book, Rule
from sijill.domain.rulebook.model import Side, Version


@click.command("list")
@click.argument("path", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_rules(path: str | None, *, as_json: bool) -> None:
    """List the rules in force in the hub, or those at PATH (a folder or a country's book).

    For each rule: id, type, law, programmes, and the versions with their first and last day.
    """
    seq, book = (None, rulebook.load(path)) if path is not None else _in_force()
    rows = [row(rule) for rule in book.rules]
    if as_json:
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    where = f"operation {seq}, in force" if seq is not None else "not asked of a hub"
    click.echo(f"book {book.id}, version {book.version} ({where}): {len(rows)} rules")
    for each in rows:
        click.echo(f"{each['id']:<24} {each['type']:<16} {each['title']['en']}")
        click.echo(f"  {' × '.join(', '.join(side) or 'all' for side in each['programmes'])}")
        for version in each["dates"]:
            until = version["through"] or ""
            click.echo(
                f"  {version['from']} .. {until:<10} {version['verdict']:<10} {version['law']}"
            )


def row(rule: Rule) -> dict[str, Any]:
    """Return a rule as programs read it; days are dates, the last one included."""
    sides = [rule.left] + ([rule.right] if rule.right else [])
    return {
        "id": rule.id,
        "type": rule.type,
        "title": dict(rule.title),
        "severity": rule.severity,
        "legal_basis": [
            {"cite": dict(source.cite), "published": _iso(source.published), "url": source.url}
            for source in rule.sources.values()
        ],
        "dates": [_version(rule, *piece) for piece in rule.in_force],
        "programmes": [_programmes(side) for side in sides],
        "exceptions": [exemption.label for exemption in rule.exemptions],
    }


def _version(rule: Rule, start: int, stop: int, version: Version) -> dict[str, str | None]:
    return {
        "version": version.label,
        "from": _iso(start),
        "through": _iso(stop - 1) if stop < INF else None,
        "verdict": version.verdict,
        "law": rule.sources[version.source].cite["en"],
    }


def _programmes(side: Side) -> list[str]:
    """Return programmes and classes of income in order; empty stands for every programme."""
    return sorted(side.keys)


def _in_force() -> tuple[int, Book]:
    with postgres.connect(settings.load().postgres_dsn) as connection:
        if connection.execute("SELECT FROM hub").fetchone() is None:
            found = None
        else:
            found = hub.read(connection)
    if found is None or found.book is None or found.book_seq is None:
        click.echo("sijill: no rulebook is in force; the first registrar puts one.", err=True)
        raise click.exceptions.Exit(EXIT_FAILED)
    return found.book_seq, found.book


def _iso(day: int) -> str:
    return date.fromordinal(day).isoformat()
