"""Proofs of the Kafka clients' settings, against a broker."""

import time
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition, murmur2

from sijill.adapters import kafka
from sijill.settings import Settings
from tests.broker import create_topics, read_topic, settled_ends

TOPIC = "sijill.molsa.payment.v1"


@pytest.fixture
def settings(clean_hub: Settings) -> Settings:
    """A clean hub with the small book's topics, of two partitions."""
    create_topics(clean_hub)
    return clean_hub


def test_recreated_topic_has_another_id(settings: Settings) -> None:
    """A topic that was deleted and created again under its name is told from the old one."""
    admin = kafka.admin(settings)
    first = kafka.topic_id(admin, TOPIC)
    admin.delete_topics([TOPIC], operation_timeout=10)[TOPIC].result(10)
    while TOPIC in admin.list_topics(timeout=10).topics:
        time.sleep(0.05)
    create_topics(settings)

    again = kafka.topic_id(admin, TOPIC)

    assert first
    assert again != first
    assert kafka.topic_id(admin, TOPIC) == again


def test_unknown_topic_has_no_id(settings: Settings) -> None:
    """A topic that does not exist is an error, not an empty id."""
    with pytest.raises(KafkaException):
        kafka.topic_id(kafka.admin(settings), "sijill.nobody.payment.v1")


def test_open_transaction_holds_the_readable_end_back(settings: Settings) -> None:
    """The committed end is where a reader of committed records stops."""
    admin, places = kafka.admin(settings), [(TOPIC, 0), (TOPIC, 1)]
    producer = kafka.producer(settings, transactional_id="proof")
    producer.init_transactions(10)
    producer.begin_transaction()
    producer.produce(TOPIC, b"x", partition=0)
    producer.flush(10)

    held = kafka.end_offsets(admin, places)
    written = kafka.end_offsets(admin, places, committed=False)
    producer.abort_transaction(10)

    assert held == {(TOPIC, 0): 0, (TOPIC, 1): 0}
    assert written == {(TOPIC, 0): 1, (TOPIC, 1): 0}
    assert settled_ends(settings, TOPIC)[TOPIC, 0] == 2
    assert read_topic(settings, TOPIC) == []


def test_offset_out_of_range_is_an_error(settings: Settings) -> None:
    """A consumer that is told to read where the log is not never jumps elsewhere by itself."""
    with closing(kafka.reader(settings)) as reader:
        reader.assign([TopicPartition(TOPIC, 0, 1000)])
        error = _first(reader).error()

    assert error is not None
    assert error.code() == KafkaError._AUTO_OFFSET_RESET  # noqa: SLF001


def test_keys_lie_where_java_clients_put_them(settings: Settings) -> None:
    """The partition of a key is murmur2's, for every client that a ministry may use."""
    keys = [bytes([n, n]) for n in range(40)]
    producer = kafka.producer(settings)
    for key in keys:
        producer.produce(TOPIC, b"x", key)
    producer.flush(10)

    placed = {m.key(): m.partition() for m in read_topic(settings, TOPIC)}

    assert placed == {key: murmur2(key, 2) for key in keys}


def test_group_gives_one_partition_of_every_topic_to_one_member(settings: Settings) -> None:
    """Two members share the partitions so that partition i of every topic meets at one."""
    names = [TOPIC, "sijill.molsa.enrollment.v1", "sijill.trade.household.v1"]
    first, second = (kafka.consumer(settings, "proof") for _ in range(2))
    with closing(first), closing(second):
        first.subscribe(names)
        second.subscribe(names)
        deadline = time.monotonic() + 30
        while not (len(first.assignment()) == len(second.assignment()) == 3):
            first.poll(0.1)
            second.poll(0.1)
            assert time.monotonic() < deadline
        held = [{tp.partition for tp in member.assignment()} for member in (first, second)]

    assert sorted(map(sorted, held)) == [[0], [1]]


def _first(reader: Consumer) -> Message:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        message = reader.poll(0.1)
        if message is not None:
            return message
    raise AssertionError("nothing came")


def test_client_properties_come_from_a_file(tmp_path: Path) -> None:
    """A real cluster's protocol and credentials are read from a properties file, comments aside."""
    file = tmp_path / "client.properties"
    file.write_text("# ours\nsecurity.protocol = SASL_SSL\nsasl.password=a=b\n", encoding="utf-8")

    found = kafka.client_properties(file)

    assert found == {"security.protocol": "SASL_SSL", "sasl.password": "a=b"}
