"""Proofs that one command shows the whole hub, and that its exit status tells the truth."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

PERSONS = 300
KEYS = (
    "published", "applied", "duplicate", "superseded", "quarantined", "void", "unaccounted",
    "alerts_raised", "alerts_withdrawn", "missed", "extra", "events_per_second",
    "alert_latency_p50_s", "alert_latency_p99_s",
)  # fmt: skip


class Demo(NamedTuple):
    """A demonstration that has ended."""

    folder: Path
    done: subprocess.CompletedProcess[str]
    figures: dict[str, Any]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A small demonstration, to its end."""
    folder = tmp_path_factory.mktemp("demo")
    done = run(folder, "demo", "--persons", str(PERSONS), "--once", "--verify", "--json",
               "figures.json")  # fmt: skip
    figures = folder / "figures.json"
    assert figures.exists(), done.stderr
    return Demo(folder, done, json.loads(figures.read_text(encoding="utf-8")))


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the hub in a folder, as a person would."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SIJILL_")}
    return subprocess.run(
        [sys.executable, "-m", "sijill.cli", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_demo_ends_well(demo: Demo) -> None:
    """A demonstration in which nothing is lost, missed, extra or unaccounted exits with 0."""
    _, done, figures = demo

    assert (done.returncode, figures["missed"], figures["extra"]) == (0, 0, 0), done.stdout


def test_demo_agrees_with_the_oracle(demo: Demo) -> None:
    """The hub is held against the oracle at the end, and nothing differs."""
    assert "compared in" in demo.done.stdout
    assert ", 0 differ." in demo.done.stdout


def test_demo_figures(demo: Demo) -> None:
    """The figures have exactly the promised keys, and every published event has one outcome."""
    figures = demo.figures
    outcomes = ("applied", "duplicate", "superseded", "quarantined", "unaccounted")

    assert tuple(figures) == KEYS
    assert figures["published"] == sum(figures[key] for key in outcomes)
    assert figures["unaccounted"] == 0
    assert figures["void"] > 0


def test_demo_latency(demo: Demo) -> None:
    """Alerts are timed by Kafka's own clock, and the slowest percent is not the faster half."""
    figures = demo.figures

    assert 0 < figures["alert_latency_p50_s"] <= figures["alert_latency_p99_s"]


def test_demo_summary(demo: Demo) -> None:
    """The summary tells alerts in full in English and in Arabic, and where events stayed."""
    _, done, figures = demo

    assert f"published {figures['published']:,} = applied" in done.stdout
    assert done.stdout.count("to be examined by:") == 3
    assert done.stdout.count("للتدقيق لدى:") == 3
    assert "BAD_FRAME" in done.stdout


def test_demo_leaves_no_process(demo: Demo) -> None:
    """When the demonstration has ended, none of its processes is left."""
    left = []
    for place in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if place.resolve().is_relative_to(demo.folder):
                left.append((place.parent / "cmdline").read_bytes())

    assert left == []
