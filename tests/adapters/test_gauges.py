"""Proofs of the registry's figures."""

import time

from sijill.adapters import metrics
from sijill.adapters.postgres import connect, migrate
from sijill.adapters.refusal import Refusal
from sijill.adapters.registry import gauges
from sijill.adapters.registry.batch import Arrival, Outcome
from sijill.settings import Settings

TOPIC = "sijill.gauges.payment.v1"


def test_positions_are_shown_as_the_database_has_them(clean_hub: Settings) -> None:
    """The accounted offsets of a partition add up to the offsets that its position passed."""
    migrate(clean_hub.postgres_dsn)
    with connect(clean_hub.postgres_dsn) as connection:
        connection.execute(
            "INSERT INTO position (topic, partition, topic_id, first_offset, next_offset, "
            "applied, duplicate, superseded, quarantined, void) "
            "VALUES (%s, 3, 'id', 10, 31, 11, 4, 3, 2, 1)",
            [TOPIC],
        )
        connection.execute(
            'INSERT INTO quarantine (topic, partition, "offset", reason, detail, headers, '
            "append_ms, status, checked_under) "
            "VALUES (%s, 3, 12, 'NOT_A_SOURCE_TOPIC', '{}', '', 0, 'replayed', 'this lock')",
            [TOPIC],
        )
        gauges.show(connection, [(TOPIC, 3)])

    place = {"topic": TOPIC, "partition": "3"}
    passed = metrics.value("position_next_offset", **place)
    passed -= metrics.value("position_first_offset", **place)
    outcomes = [metrics.value("accounted_offsets", **place, outcome=o) for o in gauges.OUTCOMES]
    assert outcomes == [11, 4, 3, 2, 1]
    assert sum(outcomes) == passed
    assert metrics.value("quarantine_open", reason="NOT_A_SOURCE_TOPIC") == 0


def test_batch_is_counted_by_outcome_and_reason() -> None:
    """Each offset is counted under its outcome, a refused one under its reason too."""
    refused = Refusal("NOT_A_SOURCE_TOPIC", ())
    append_ms = int(time.time() * 1000) - 2000
    arrival = Arrival(TOPIC, 0, 0, append_ms, None, b"", (), refused)

    gauges.count(
        [Outcome(arrival, "applied", None), Outcome(arrival, "quarantined", "NOT_A_SOURCE_TOPIC")]
    )

    assert metrics.value("events_outcome_total", topic=TOPIC, outcome="applied") == 1
    assert metrics.value("quarantined_total", topic=TOPIC, reason="NOT_A_SOURCE_TOPIC") == 1
    name = f"{metrics.PREFIX}event_apply_latency_seconds_sum"
    assert (metrics.REGISTRY.get_sample_value(name, {"stream": "payment"}) or 0) >= 4
