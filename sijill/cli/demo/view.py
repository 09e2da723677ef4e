"""The live view: tables that change in a terminal, one line now and then anywhere else."""

import sys
import time
from collections.abc import Mapping
from typing import Protocol, TextIO

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from sijill.cli.demo.watching import Picture

LINE_EVERY_S = 5.0
ROWS_MAX = 9


class View(Protocol):
    """Where the demonstration shows itself."""

    def say(self, sentence: str) -> None:
        """Tell something once."""
        ...

    def show(self, picture: Picture) -> None:
        """Show the present state."""
        ...

    def close(self) -> None:
        """Leave the last state standing."""
        ...


def make_view(stream: TextIO) -> View:
    """Return tables for a terminal, lines for everything else."""
    return Tables(Console(file=stream)) if stream.isatty() else Lines()


class Lines:
    """Progress as lines of text."""

    def __init__(self) -> None:
        self._shown = 0.0

    def say(self, sentence: str) -> None:
        """Print the sentence."""
        click.echo(sentence)
        sys.stdout.flush()

    def show(self, picture: Picture) -> None:
        """Print one line, not more often than every few seconds."""
        if time.monotonic() - self._shown >= LINE_EVERY_S:
            self._shown = time.monotonic()
            self.say(line(picture))

    def close(self) -> None:
        """Do nothing: what was printed stands."""


class Tables:
    """The same in tables that change in place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None

    def say(self, sentence: str) -> None:
        """Print the sentence above the tables."""
        self._console.print(Text(sentence, style="dim"))

    def show(self, picture: Picture) -> None:
        """Change the tables."""
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()
        self._live.update(tables(picture), refresh=True)

    def close(self) -> None:
        """Leave the last tables standing."""
        if self._live is not None:
            self._live.stop()


def line(picture: Picture) -> str:
    """Return the picture in one line."""
    return (
        f"{picture.seconds:5.0f} s  {picture.account.accounted:,} events, {picture.rate:,.0f}/s, "
        f"lag {picture.lag:,}; {picture.registry.persons:,} persons; "
        f"{picture.raised - picture.withdrawn} alerts open ({_seconds(picture)}); "
        f"{picture.account.quarantined} in quarantine"
    )


def tables(picture: Picture) -> Group:
    """Return the picture as tables."""
    account, registry = picture.account, picture.registry
    flow = _table("Events", {
        "readable in Kafka": picture.readable,
        "applied": account.applied,
        "duplicate": account.duplicate,
        "superseded": account.superseded,
        "quarantined": account.quarantined,
        "void": account.void,
        "waiting (lag)": picture.lag,
    })  # fmt: skip
    held = _table("Registry", {**registry._asdict(), "waiting for Kafka": picture.outbox})
    head = Text.assemble(
        (f"{picture.seconds:4.0f} s", "bold"),
        f"   {picture.rate:,.0f} events/s   lag {picture.lag:,}   ",
        f"alerts on their topic {_seconds(picture)}   ",
        (f"{picture.raised} raised, {picture.withdrawn} withdrawn", "bold"),
    )
    grid = Table.grid(padding=(0, 4))
    grid.add_row(
        flow,
        held,
        Group(_table("Open alerts by rule", picture.by_rule), _table("by pair", picture.by_pair)),
        _table("Quarantine by reason", picture.quarantine),
    )
    return Group(head, grid)


def _table(title: str, rows: Mapping[str, int]) -> Table:
    table = Table(title=title, title_justify="left", box=None, show_header=False, padding=(0, 1))
    table.add_column()
    table.add_column(justify="right")
    ordered = list(rows.items())
    if len(ordered) > ROWS_MAX:
        ordered.sort(key=lambda row: -row[1])
        left_out = sum(count for _, count in ordered[ROWS_MAX - 1 :])
        ordered = [*ordered[: ROWS_MAX - 1], ("others", left_out)]
    for name, count in ordered:
        table.add_row(name, f"{count:,}")
    return table


def _seconds(picture: Picture) -> str:
    if picture.p50_s is None or picture.p99_s is None:
        return "none yet"
    return f"after {picture.p50_s:.1f} s, 99 % within {picture.p99_s:.1f} s"
