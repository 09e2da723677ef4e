"""Proofs on a real PostgreSQL: the transaction itself, told stories in any order and any split."""

from collections.abc import Iterator

import pytest
from hypothesis import given

from sijill.adapters.registry.digest import digest
from tests.properties import calm
from tests.properties.derived import demanded, open_alerts, tabled
from tests.properties.examples import examples
from tests.properties.leaving import due_to_be_known, known
from tests.properties.registry import Registry, database
from tests.properties.stories import BOOK, Delivery, Story, Told, told
from tests.properties.telling import Mention, said
from tests.services.story import event


@pytest.fixture(scope="module")
def registry(postgres_dsn: str) -> Iterator[Registry]:
    """A registry that is emptied before each story."""
    with database(postgres_dsn) as started:
        yield started


@given(told())
@examples(50)
def test_any_delivery_ends_in_the_digest_of_the_calm_one(registry: Registry, one: Told) -> None:
    """Any order, repetition and split, by two processes in turn, ends as the calm order does."""
    story, delivery = one
    registry.tell(story)
    quiet = digest(registry.connection), open_alerts(registry)

    registry.tell(story, delivery)

    assert (digest(registry.connection), open_alerts(registry)) == quiet


@given(told())
@examples(50)
def test_registry_says_what_the_facts_say(registry: Registry, one: Told) -> None:
    """After any delivery tables agree with the facts, alerts with the rules, readers with both."""
    story, delivery = one

    registry.tell(story, delivery)

    assert tabled(registry) == demanded(registry)
    assert open_alerts(registry) == calm.shown(story.events, BOOK, story.as_of)
    assert known(registry) == due_to_be_known(registry)


@given(told())
@examples(30, shrink=False)
def test_two_processes_at_once_end_in_the_digest_of_the_calm_order(
    registry: Registry, one: Told
) -> None:
    """Two connections that apply their batches at the same time end as one in order does."""
    story, delivery = one
    registry.tell(story)
    quiet = digest(registry.connection)

    registry.race(story, delivery)

    assert digest(registry.connection) == quiet
    assert tabled(registry) == demanded(registry)


@given(told())
@examples(15)
def test_voided_story_leaves_no_person_and_no_alert(registry: Registry, one: Told) -> None:
    """When every record of a story becomes void, nobody is left, and no alert stays open."""
    story, delivery = one
    voided = story.voided()

    registry.tell(voided, delivery.then(range(len(story.sentences), len(voided.sentences))))

    left = ("cluster", "identifier", "carrier", "member", "person", "household_cluster")
    assert registry.filled(left) == []
    assert open_alerts(registry) == {}


@pytest.mark.parametrize("order", [((0,), (1,)), ((1,), (0,))])
def test_roster_that_is_only_disputed_keeps_its_lines(
    registry: Registry, order: tuple[tuple[int, ...], ...]
) -> None:
    """A second content of a roster's version takes its lines' place, or leaves them where they are.

    Found by these stories when the fold was rewritten.
    """
    lines = [{"line_id": "1", "person": Mention("Ali", ("N1",)).block(), "role": "HEAD"}]
    both = [
        event("household", "h1", status="ACTIVE", roster="spn-family", household_number="H1",
              lines=[{**line, "member_from": day} for line in lines])
        for day in ("2020-01-01", "2021-01-01")
    ]  # fmt: skip
    story = Story(tuple(said("molsa", one) for one in both))

    registry.tell(story, Delivery(order))

    assert tabled(registry)["member"] == demanded(registry)["member"] != {}
