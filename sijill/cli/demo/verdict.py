"""What the demonstration proves: every event accounted for, every planted overlap found, no other.

The truth file was written by the simulation while it planted; the alerts compared with it are those
that stand on the alert topic at the end.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sijill.cli.demo.watching import Alerts, Registry
from sijill.cli.lag import Account
from sijill.cli.verify.work import Report

Truth = Mapping[str, Any]
RecordName = tuple[str, str, str]
Finding = tuple[str, frozenset[RecordName]]
"""A rule and the records that meet in the overlap; rosters only say who belongs together."""

ROSTER = "household"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was seen at the end."""

    truth: Truth
    by_topic: Mapping[str, Account]
    total: Account
    quarantine: Mapping[str, int]
    alerts: Alerts
    open_in_registry: frozenset[str]
    """The ids of the alerts that are open in the database."""
    registry: Registry
    seconds: float
    oracle: Report | None = None
    halts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The figures, the differences, and the failures in words; none of them is a success."""

    evidence: Evidence
    figures: Mapping[str, int | float | None]
    missed: tuple[Finding, ...]
    extra: tuple[Finding, ...]
    outcomes: tuple[str, ...] = field(default=())
    """Outcomes that are not what the simulation meant, each in words."""
    lost: tuple[str, ...] = field(default=())
    """Alert ids that stand in the registry and not on the topic, or the other way round."""

    @property
    def failures(self) -> list[str]:
        """Return what went wrong, each in one sentence."""
        found = [
            f"{self.figures[key]} {text}"
            for key, text in (
                ("unaccounted", "events are unaccounted for."),
                ("missed", "planted overlaps were missed."),
                ("extra", "alerts rest on nothing that was planted."),
            )
            if self.figures[key]
        ]
        if self.lost:
            found.append(f"{len(self.lost)} alerts differ between registry and topic.")
        if self.evidence.oracle is not None:
            found += failures(self.evidence.oracle)
        return [*found, *self.outcomes, *self.evidence.halts]


def failures(oracle: Report) -> list[str]:
    """Return where hub and oracle differ, and why they could not be compared."""
    counts = oracle.differences.counts
    differ = [f"oracle: {count} {kind}." for kind, count in sorted(counts.items())]
    return differ + [f"oracle: {reason}." for reason in oracle.unsettled]


def judge(seen: Evidence) -> Verdict:
    """Return the verdict on what was seen."""
    counts, total = seen.truth["counts"], seen.total
    expected = {_expected(overlap) for overlap in seen.truth["overlaps"]}
    found = {_found(record) for record in seen.alerts.open}
    missed, extra = sorted(expected - found, key=_order), sorted(found - expected, key=_order)
    on_topic = {record["alert_id"] for record in seen.alerts.open}
    events = total.accounted - total.void
    withdrawn = len(seen.alerts.last) - len(on_topic)
    figures: dict[str, int | float | None] = {
        "published": counts["published"],
        "applied": total.applied,
        "duplicate": total.duplicate,
        "superseded": total.superseded,
        "quarantined": total.quarantined,
        "void": total.void,
        "unaccounted": counts["published"] - events,
        "alerts_raised": len(seen.alerts.last),
        "alerts_withdrawn": withdrawn,
        "missed": len(missed),
        "extra": len(extra),
        "events_per_second": round(counts["published"] / seen.seconds, 1),
        "alert_latency_p50_s": seen.alerts.latency(0.5),
        "alert_latency_p99_s": seen.alerts.latency(0.99),
    }
    return Verdict(
        evidence=seen,
        figures=figures,
        missed=tuple(missed),
        extra=tuple(extra),
        outcomes=tuple(_outcomes(counts, total, seen.quarantine)),
        lost=tuple(sorted(on_topic ^ seen.open_in_registry)),
    )


def _expected(overlap: Mapping[str, Any]) -> Finding:
    return finding(overlap["rule"], (tuple(record) for record in overlap["records"]))


def _found(record: Mapping[str, Any]) -> Finding:
    sides = record["sides"]
    return finding(
        record["rule"],
        ((side["ministry"], side["stream"], side["source_record_id"]) for side in sides),
    )


def finding(rule: str, records: Iterable[Any]) -> Finding:
    """Return what is compared of an overlap: its rule and the records that are no rosters."""
    return rule, frozenset(record for record in records if record[1] != ROSTER)


def _order(found: Finding) -> tuple[str, list[RecordName]]:
    return found[0], sorted(found[1])


def _outcomes(
    counts: Mapping[str, Any], total: Account, quarantine: Mapping[str, int]
) -> Iterable[str]:
    """Yield how the outcomes differ from what each message was meant to have."""
    meant = {name: counts[name] for name in ("applied", "duplicates", "superseded")}
    was = dict(zip(meant, (total.applied, total.duplicate, total.superseded), strict=True))
    for name, count in meant.items():
        if was[name] != count:
            yield f"{name}: {was[name]} instead of {count}."
    difference = Counter(quarantine)
    difference.subtract(Counter(counts["refused"]))
    for reason, count in sorted(difference.items()):
        if count:
            meant_count = counts["refused"].get(reason, 0)
            yield f"quarantined {reason}: {quarantine.get(reason, 0)} instead of {meant_count}."
