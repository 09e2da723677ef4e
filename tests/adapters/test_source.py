"""Proofs of the way in: positions decide where to read, and nothing is ever silently reset."""

import dataclasses
from collections.abc import Iterator

import pytest

from sijill import topics
from sijill.adapters import kafka
from sijill.adapters.registry import hub as registry_hub
from sijill.adapters.source import (
    LogRangeError,
    RecordChangedError,
    TopicRecreatedError,
    gather,
)
from sijill.settings import Settings
from tests.broker import delete_topics, read_topic
from tests.services.story import AS_OF, Hub, enrollment, person

ALI = person("198012345678")


@pytest.fixture
def hub(clean_hub: Settings) -> Iterator[Hub]:
    """A hub whose day is fixed, with one enrollment applied."""
    started = Hub(dataclasses.replace(clean_hub, as_of=AS_OF))
    started.publish("molsa", enrollment("e1", "spn", ALI))
    started.run()
    yield started
    started.connection.close()


def recreate(hub: Hub) -> None:
    """Delete and create all topics, then fill them as before, so that offsets look right."""
    delete_topics(hub.settings.kafka_bootstrap)
    topics.apply(kafka.admin(hub.settings), hub.book)
    hub.publish("molsa", enrollment("e1", "spn", ALI))


def test_recreated_topic_stops_the_registrar(hub: Hub) -> None:
    """A topic that was deleted and made again has other records under the old offsets."""
    recreate(hub)

    with pytest.raises(TopicRecreatedError):
        hub.run()


def test_position_beyond_the_log_stops_the_registrar(hub: Hub) -> None:
    """A log that was cut behind the position is a named error, not a jump to its end."""
    hub.connection.execute(
        "UPDATE position SET next_offset = next_offset + 10, void = void + 10 "
        "WHERE topic = 'sijill.molsa.enrollment.v1'"
    )

    with pytest.raises(LogRangeError):
        hub.run()


def test_another_record_at_the_last_offset_stops_the_registrar(hub: Hub) -> None:
    """The last applied record is read once more; if it is another, the log is not the one known."""
    hub.connection.execute("UPDATE position SET last_hash = 'x' WHERE applied > 0")

    with pytest.raises(RecordChangedError):
        hub.run()


def test_another_key_refuses_the_database(hub: Hub) -> None:
    """A registrar with another registry key would make other tokens, so it does not start."""
    hub.settings = dataclasses.replace(
        hub.settings, registry_key=b"another key of enough length----"
    )

    with pytest.raises(registry_hub.WrongKeyError):
        hub.run()


def test_applied_events_are_not_applied_again(hub: Hub) -> None:
    """A registrar that starts again goes on at its position, whatever Kafka's group says."""
    before = hub.outcomes()

    hub.run()

    assert hub.outcomes() == before


def test_record_that_comes_again_is_taken_once(hub: Hub) -> None:
    """What comes a second time, within one call or after it, is not handed on again."""
    hub.publish("molsa", *(enrollment(f"e{n}", "spn", ALI) for n in range(2, 6)))
    topic = "sijill.molsa.enrollment.v1"
    messages = read_topic(hub.settings, topic)
    reached = {(topic, part): 0 for part in range(topics.PARTITIONS_EMBEDDED)}

    once = gather([*messages, *messages], reached)
    again = gather(messages, reached)

    assert once.messages == messages
    assert sum(once.ends.values()) - sum(once.starts.values()) == len(messages) == 5
    assert again == ([], {}, {})
