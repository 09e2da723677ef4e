"""Proofs of publishing: everything arrives, and aborted transactions leave void offsets."""

from datetime import date

from sijill import topics
from sijill.adapters import kafka
from sijill.domain import rulebook
from sijill.settings import Settings
from sijill.simulation.plan import Simulation
from sijill.simulation.publishing import Progress, publish
from tests.broker import read_topic, settled_ends

TOPIC = "sijill.disability.payment.v1"


def test_aborted_messages_are_sent_again(clean_hub: Settings) -> None:
    """Readers see every message of the transactional ministry once; the log holds more offsets."""
    topics.apply(kafka.admin(clean_hub), rulebook.load("iraq"))
    as_of = date(2026, 11, 24).toordinal()
    plan = Simulation(seed=2, persons=300, as_of=as_of, routing_key=clean_hub.routing_key)
    messages = list(plan.messages())
    progress: list[Progress] = []

    told = publish(messages, clean_hub, transactional=plan.transactional, progress=progress.append)

    wanted = sorted(message.value or b"" for message in messages if message.topic == TOPIC)
    found = sorted(message.value() or b"" for message in read_topic(clean_hub, TOPIC))
    assert found == wanted
    assert sum(settled_ends(clean_hub, TOPIC).values()) > len(wanted)
    assert told.messages == len(messages) == plan.truth["counts"]["published"]
    assert told.aborted > 0
    assert [step.messages for step in progress] == list(range(1000, len(messages), 1000))
