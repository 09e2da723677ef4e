"""Proofs of the topic table and of how it is applied."""

import pytest
from confluent_kafka.admin import NewTopic

from sijill import topics
from sijill.adapters import kafka
from sijill.settings import Settings
from tests.broker import SmallBook, SmallMinistry


def test_book_makes_the_topics_of_its_ministries() -> None:
    """Each ministry gets its streams, a decision topic, and its own outputs."""
    names = {topic.name for topic in topics.all_topics(SmallBook()) if topic.ministry == "trade"}

    assert names == {
        "sijill.trade.household.v1",
        "sijill.trade.decision.v1",
        "sijill.notice.trade.v1",
        "sijill.advice.trade.v1",
        "sijill.referral.trade.v1",
        "sijill.receipt.trade.v1",
        "sijill.rejected.trade.v1",
    }


def test_ministry_may_not_be_called_like_a_part_of_the_hub() -> None:
    """A code that is a word of the hub is refused, because topics tell senders apart by it."""
    book = SmallBook({"alert": SmallMinistry()})

    with pytest.raises(ValueError, match="alert"):
        topics.all_topics(book)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sijill.molsa.payment.v1", ("molsa", "payment")),
        ("sijill.hub.decision.v1", ("hub", "decision")),
        ("sijill.hub.payment.v1", None),
        ("sijill.notice.molsa.v1", None),
        ("sijill.alert.payment.v1", None),
        ("other.molsa.payment.v1", None),
        ("sijill.molsa.payment.v2", None),
    ],
)
def test_origin_is_told_by_the_topic_alone(name: str, expected: tuple[str, str] | None) -> None:
    """The sender and the stream follow from the name, for source topics only."""
    assert topics.origin(name) == expected


def test_source_topics_are_those_with_an_origin() -> None:
    """What the registrar reads as events is what has an origin."""
    book = SmallBook()

    expected = tuple(t.name for t in topics.all_topics(book) if topics.origin(t.name))

    assert topics.source_topics(book) == expected


def test_applying_twice_changes_nothing(clean_hub: Settings) -> None:
    """The first run creates every topic, the second one finds no difference."""
    admin, book = kafka.admin(clean_hub), SmallBook()

    first = topics.apply(admin, book, partitions=2)
    found = set(admin.list_topics(timeout=10).topics)
    second = topics.apply(admin, book, partitions=2)

    assert (first, second) == ((), ())
    assert {topic.name for topic in topics.all_topics(book)} <= found


def test_difference_is_shown_and_not_repaired(clean_hub: Settings) -> None:
    """An existing topic with other partitions or settings is reported and left as it is."""
    admin, name = kafka.admin(clean_hub), "sijill.alert.overlap.v1"
    wrong = NewTopic(name, 3, 1, config={"retention.ms": "1000"})
    admin.create_topics([wrong])[name].result(10)

    shown = topics.apply(admin, SmallBook(), partitions=2)

    expected = {
        topics.Difference(name, "message.timestamp.type", "LogAppendTime", "CreateTime"),
        topics.Difference(name, "partitions", "2", "3"),
        topics.Difference(name, "retention.ms", "-1", "1000"),
    }
    assert set(shown) == expected
    assert set(topics.apply(admin, SmallBook(), partitions=2)) == expected
