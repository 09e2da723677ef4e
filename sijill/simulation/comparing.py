"""What the registry found against what was planted: missed, extra, or all accounted for."""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from sijill.simulation.truth import RecordName


class Finding(NamedTuple):
    """One open alert: its rule, and all records that it names."""

    rule: str
    records: Collection[RecordName]


class Comparison(NamedTuple):
    """Planted overlaps without a finding, and findings that nobody planted."""

    missed: tuple[dict[str, Any], ...]
    extra: tuple[Finding, ...]


def compare(truth: dict[str, Any], findings: Iterable[Finding]) -> Comparison:
    """Match findings and planted overlaps one to one.

    A finding is the planted overlap of the same rule whose sides it names; it may name further
    evidence. A second finding of one planted overlap is extra.
    """
    planted: dict[tuple[str, RecordName], list[dict[str, Any]]] = {}
    for overlap in truth["overlaps"]:
        planted.setdefault((overlap["rule"], tuple(overlap["left"])), []).append(overlap)
    found: set[int] = set()
    extra = []
    for finding in findings:
        names = set(finding.records)
        for overlap in (one for name in names for one in planted.get((finding.rule, name), ())):
            right = overlap["right"]
            if id(overlap) not in found and (right is None or tuple(right) in names):
                found.add(id(overlap))
                break
        else:
            extra.append(finding)
    missed = tuple(overlap for overlap in truth["overlaps"] if id(overlap) not in found)
    return Comparison(missed, tuple(extra))
