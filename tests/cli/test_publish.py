"""Proofs of how a file of events is read."""

import json

import click
import pytest

import schemas
from sijill.cli.publish import read

RECORD = schemas.examples("enrollment")[0]


def test_topic_or_ministry() -> None:
    """A line names its topic, or ministry and stream; both are read alike."""
    by_topic = {"topic": "sijill.molsa.enrollment.v1", "record": RECORD}
    by_name = {"ministry": "molsa", "stream": "enrollment", "record": RECORD}
    first, second = read([json.dumps(by_topic), "", json.dumps(by_name)])

    assert first == second
    assert first[:2] == ("molsa", "enrollment")


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        '{"record": {}}',
        '{"topic": "sijill.alert.overlap.v1", "record": {}}',
        '{"ministry": "molsa", "stream": "weather", "record": {}}',
        '{"ministry": "molsa", "stream": "enrollment", "record": {"event_id": "x"}}',
        json.dumps({"ministry": "molsa", "stream": "enrollment", "record": {**RECORD, "no": 1}}),
        json.dumps(
            {"ministry": "molsa", "stream": "enrollment", "record": {**RECORD, "source_seq": "x"}}
        ),
    ],
)
def test_a_wrong_line_is_named(line: str) -> None:
    """What is not an event is told by the number of its line."""
    with pytest.raises(click.ClickException, match="line 2"):
        list(read(["", line]))
