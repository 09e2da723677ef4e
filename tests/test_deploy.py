"""Proofs that what stands in deploy/ agrees with the code."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sijill.adapters import metrics

PROMETHEUS = Path(__file__).parents[1] / "deploy" / "prometheus"
RULES = ("accounting.yml", "quarantine.yml")


def exposed_names() -> set[str]:
    """Return every series name that the metrics table makes."""
    names = set()
    for row in metrics.METRICS:
        ends = ("_bucket", "_sum", "_count") if row.kind == "histogram" else ("",)
        names |= {metrics.PREFIX + row.name + end for end in ends}
    return names


@pytest.mark.parametrize("file", RULES)
def test_rules_use_only_metrics_of_the_table(file: str) -> None:
    """A rule over a metric that nobody exposes would be silent for ever."""
    text = (PROMETHEUS / file).read_text(encoding="utf-8")
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))

    used = set(re.findall(r"(?<![:\w-])sijill_\w+", code.replace("sijill_offsets:", "")))

    assert used
    assert used <= exposed_names()


@pytest.mark.parametrize("file", RULES)
def test_runbooks_exist(file: str) -> None:
    """Every alert names a runbook that is there."""
    root = PROMETHEUS.parents[1]
    named = re.findall(r"runbook_url: (\S+)", (PROMETHEUS / file).read_text("utf-8"))

    assert named
    assert all((root / name).is_file() for name in named)


@pytest.mark.external
def test_promtool_accepts_rules_and_their_tests(external: Callable[[str], str]) -> None:
    """Each rule fires when its own tests say so, and only then."""
    promtool = external("promtool")
    for arguments in (
        ["check", "config", "prometheus.yml"],
        ["test", "rules", "accounting_test.yml", "quarantine_test.yml"],
    ):
        subprocess.run([promtool, *arguments], cwd=PROMETHEUS, check=True, capture_output=True)
