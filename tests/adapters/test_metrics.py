"""Proofs of the metrics table."""

import re

import pytest

from sijill.adapters import metrics


def test_names_follow_the_conventions() -> None:
    """Counters end in _total, no name holds a unit below the base unit, and each is said."""
    for row in metrics.METRICS:
        assert re.fullmatch(r"[a-z][a-z_]*[a-z]", row.name)
        assert (row.kind == "counter") == row.name.endswith("_total"), row.name
        assert not re.search(r"_(ms|us|milliseconds|minutes|kb|mb)\b", row.name), row.name
        assert row.help.endswith("."), row.name


def test_no_label_can_grow_without_bound() -> None:
    """Labels come from one short list, in which nothing names a person, an event or an offset."""
    allowed = {"service", "version", "worked", "state", "kind", "topic", "partition", "outcome"}
    allowed |= {"stream", "stage", "sqlstate", "reason", "rule"}

    assert {label for row in metrics.METRICS for label in row.labels} <= allowed


def test_metric_outside_the_table_is_an_error() -> None:
    """A misspelt name is found at its first use."""
    with pytest.raises(KeyError):
        metrics.add("events_outcom_total")


def test_counters_gauges_and_histograms_are_shown() -> None:
    """What is counted stands in the exposition under the prefix, with its labels."""
    topic = "sijill.proof.payment.v1"
    before = metrics.value("events_outcome_total", topic=topic, outcome="applied")
    metrics.add("events_outcome_total", 2, topic=topic, outcome="applied")
    metrics.put("position_next_offset", 7, topic=topic, partition="0")

    assert metrics.value("events_outcome_total", topic=topic, outcome="applied") == before + 2
    assert metrics.value("position_next_offset", topic=topic, partition="0") == 7
