"""The registry's figures for /metrics: what a batch did, and what the database says.

Positions are shown as the database has them, so that a restart does not reset the accounting.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from sijill.adapters import clock, metrics
from sijill.adapters.postgres import Connection
from sijill.adapters.registry import due
from sijill.adapters.registry.alerts import Shown
from sijill.adapters.registry.batch import Outcome
from sijill.adapters.registry.positions import Place

OUTCOMES = ("applied", "duplicate", "superseded", "quarantined", "void")


def count(outcomes: Sequence[Outcome], shown: Sequence[Shown] = ()) -> None:
    """Count what a committed batch did, and how long after Kafka's append it was committed."""
    for change in shown:
        metrics.add("alert_changes_total", rule=change.overlap.rule, state=change.state)
    if not outcomes:
        return
    now_ms = clock.now_s() * 1000
    became = Counter((o.arrival.topic, o.outcome) for o in outcomes)
    refused = Counter((o.arrival.topic, o.reason) for o in outcomes if o.reason is not None)
    waited: dict[str, list[float]] = defaultdict(list)
    for outcome in outcomes:
        # Clocks of two machines differ: what seems to lie ahead took no time.
        waited_s = max(0.0, now_ms - outcome.arrival.append_ms) / 1000
        waited[outcome.arrival.topic].append(waited_s)
    for (topic, word), number in became.items():
        metrics.add("events_outcome_total", number, topic=topic, outcome=word)
    for (topic, reason), number in refused.items():
        metrics.add("quarantined_total", number, topic=topic, reason=reason)
    for topic, seconds in waited.items():
        metrics.observe_all("event_apply_latency_seconds", seconds, stream=topic.split(".")[2])
    metrics.observe("batch_records", len(outcomes))


def show(connection: Connection, places: Sequence[Place]) -> None:
    """Put the gauges of these partitions' positions, and of the hub as a whole.

    A handful of small queries: to be called every few seconds, not in every batch.
    """
    for topic, partition, first, after, *counts in connection.execute(
        "SELECT topic, partition, first_offset, next_offset, "
        "applied, duplicate, superseded, quarantined, void "
        "FROM position JOIN unnest(%s::text[], %s::int[]) AS ours (t, p) "
        "ON topic = t AND partition = p",
        [[t for t, _ in places], [p for _, p in places]],
    ):
        labels = {"topic": str(topic), "partition": str(partition)}
        metrics.put("position_first_offset", first, **labels)
        metrics.put("position_next_offset", after, **labels)
        for outcome, number in zip(OUTCOMES, counts, strict=True):
            metrics.put("accounted_offsets", number, outcome=outcome, **labels)
    # Settled reasons are counted too, as zero: a gauge that is not put again keeps its value.
    for reason, number in connection.execute(
        "SELECT reason, count(*) FILTER (WHERE status = 'open') FROM quarantine GROUP BY reason"
    ):
        metrics.put("quarantine_open", number, reason=str(reason))
    for (as_of,) in connection.execute("SELECT as_of FROM hub"):
        metrics.put("as_of_day", as_of)
    metrics.put("sweep_left", due.left(connection))
