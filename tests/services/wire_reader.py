"""The reader of the drills beside a hub of stories, and what it must hold when all is settled."""

from sijill import topics
from sijill.adapters import codec
from sijill.adapters.codec import Record
from tests.faults.wire import (
    PATTERNS,
    VERSIONED,
    Wire,
    alert_fold,
    check_versions,
    receipt_accounts,
    rejected_places,
)
from tests.services.story import Hub

Fold = dict[tuple[str, bytes], tuple[int, Record]]


class WireReader:
    """Everything that the relay's topics show, from the first record on, in order."""

    def __init__(self, hub: Hub) -> None:
        """Start to read; the topics must exist."""
        self.wire = Wire(hub.settings, hub.book)
        self.wire.__enter__()

    def close(self) -> None:
        """Stop reading."""
        self.wire.__exit__()

    def counts(self) -> dict[str, int]:
        """Return how many records each kind of topic has shown."""
        self.wire.catch_up()
        counted = {pattern: len(self.wire.records(pattern)) for pattern in PATTERNS}
        return {pattern: count for pattern, count in counted.items() if count}

    def fold(self) -> Fold:
        """Return what each key of a versioned topic says; its versions come once each, gapless."""
        self.wire.catch_up()
        check_versions(self.wire)
        folded: Fold = {}
        for pattern in VERSIONED:
            for seen in self.wire.records(pattern):
                key = (seen.place[0], seen.key or b"")
                if seen.value is None:
                    assert folded.pop(key, None) is not None, "a tombstone for nothing"
                    continue
                record, _ = codec.decode(pattern, seen.value)
                folded[key] = (record["version"], record)
        return folded


def check(hub: Hub, reader: WireReader) -> None:
    """Assert that what the reader holds is what the registry says, neither more nor less."""
    folded = reader.fold()
    rows = hub.rows(
        "SELECT id, decision, months, amount, told FROM alert WHERE open AND verdict = 'raised'"
    )
    notices = [
        record["notice_id"]
        for (topic, _), (_, record) in folded.items()
        if ".notice." in topic and record["state"] != "WITHDRAWN"
    ]
    persons = [key for topic, key in folded if topic == topics.name("person")]

    assert alert_fold(reader.wire) == {
        (i.hex(), stage, tuple(months), amount) for i, stage, months, amount, _ in rows
    }
    assert len(notices) == sum(len(told) for *_, told in rows)
    assert [(len(persons),)] == hub.rows("SELECT count(*) FROM person")
    reached = hub.rows(
        "SELECT topic, partition, next_offset FROM position "
        "WHERE topic NOT LIKE 'sijill.hub.%' AND next_offset > first_offset"
    )
    accounts = receipt_accounts(reader.wire)
    assert {(*place, account[1]) for place, account in accounts.items()} == set(reached)
    places = hub.rows('SELECT topic, partition, "offset" FROM quarantine')
    assert rejected_places(reader.wire) == sorted(places)
