"""Proofs of the bench's load: its shares, its repetition, and that every event is a good one."""

from collections import Counter

import pytest

from sijill.adapters.acceptance import Acceptor
from sijill.domain.event import Event
from tests.bench.workload import Workload


def test_shares_are_those_of_the_bench() -> None:
    """Six in ten events are payments, three enrollments, one is something else."""
    streams = Counter(
        message.topic.split(".")[2] for message in Workload(events=5_000, persons=1_000).messages()
    )

    assert (streams["payment"], streams["enrollment"]) == (3_000, 1_500)
    assert streams["household"] + streams["income"] + streams["vital"] == 500


def test_every_event_is_accepted_once() -> None:
    """No event is refused, and no source record comes twice."""
    acceptor = Acceptor(b"registry-key-of-the-tests-only--")
    events = [acceptor.accept(*m) for m in Workload(events=5_000, persons=1_000).messages()]

    assert len({event.record for event in events if isinstance(event, Event)}) == 5_000


def test_load_repeats_itself() -> None:
    """The same arguments give the same bytes."""
    one, two = (list(Workload(events=2_000, persons=400).messages()) for _ in range(2))

    assert one == two


def test_too_many_persons_are_refused() -> None:
    """A person without an enrollment would have payments that nobody owns."""
    with pytest.raises(ValueError, match="persons"):
        Workload(events=1_000, persons=900)
