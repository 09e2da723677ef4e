"""A trial: the test of a bug, run in a copy of the tree by a process of its own, and judged."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from xml.etree import ElementTree as ET

from tests.seeded.bug import ROOT, Bug

PATIENCE_S = 240.0
"""For up to four tests, and as much again for every five."""
COPIED = ("sijill", "services", "connectors", "schemas", "tests", "pyproject.toml")

_ASSERTED = re.compile(r"^(tests/\S+\.py):\d+: (?:AssertionError|Failed)$", re.MULTILINE)
"""How pytest ends the report of a failed assertion, or of an error that was to be raised."""


class Told(NamedTuple):
    """What pytest told of one test: passed, failed or error, and the report's text."""

    outcome: str
    text: str


class Judgement(NamedTuple):
    """Whether a bug was caught, and if not, why not."""

    caught: bool
    reason: str


@contextmanager
def copy() -> Iterator[Path]:
    """Yield a copy of the tree, which is gone afterwards."""
    with TemporaryDirectory(prefix="seeded-", ignore_cleanup_errors=True) as folder:
        for name in COPIED:
            source, target = ROOT / name, Path(folder) / name
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy2(source, target)
        yield Path(folder)


def run(tree: Path, nodes: Sequence[str]) -> list[Told]:
    """Run the tests of a tree in a child, and return what was told of each.

    Nothing is told when the child ran too long, or when pytest could not begin.
    """
    report = tree / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider",
               "--tb=long", f"--junitxml={report}", *nodes]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    child = subprocess.Popen(
        command, cwd=tree, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        child.wait(PATIENCE_S * (1 + len(nodes) // 5))
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return []
    return told(report)


def told(report: Path) -> list[Told]:
    """Return what a report in JUnit's form tells of each test."""
    if not report.is_file():
        return []
    found = []
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - our own child wrote it
        error, failure = case.find("error"), case.find("failure")
        if error is not None:
            found.append(Told("error", error.text or ""))
        elif failure is not None:
            found.append(Told("failed", failure.text or ""))
        else:
            found.append(Told("skipped" if case.find("skipped") is not None else "passed", ""))
    return found


def passes(found: list[Told], count: int) -> bool:
    """Return whether at least so many tests ran and all of them passed."""
    return len(found) >= count and all(one.outcome == "passed" for one in found)


def judge(bug: Bug, found: list[Told]) -> Judgement:
    """Return whether an assertion of the bug's own test failed, and nothing else went wrong."""
    if not found:
        return Judgement(caught=False, reason="the test did not run to its end")
    failed = [one for one in found if one.outcome == "failed"]
    if any(one.outcome == "error" for one in found):
        return Judgement(caught=False, reason="the test did not begin or end in order")
    if not failed:
        return Judgement(caught=False, reason="the test passed")
    for one in failed:
        ended = _ASSERTED.findall(one.text)
        if not ended or ended[-1] != bug.test_file:
            return Judgement(caught=False, reason="the test failed, but not by its own assertion")
    return Judgement(caught=True, reason="")


def tried(bug: Bug) -> Judgement:
    """Sow the bug into a copy, run its test there, and judge."""
    with copy() as tree:
        bug.sow(tree)
        return judge(bug, run(tree, [bug.test]))
