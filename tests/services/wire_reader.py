"""A reader of committed records that runs beside the relay, as a console or a ministry would."""

import threading
from collections import defaultdict
from contextlib import closing
from itertools import pairwise

from confluent_kafka import KafkaError, Message, TopicPartition

from sijill import topics
from sijill.adapters import codec, kafka
from sijill.adapters.codec import Record
from sijill.adapters.outputs import origin, written_by_relay
from sijill.adapters.source import headers_of
from tests.broker import settled_ends
from tests.services.story import Hub

Fold = dict[tuple[str, bytes], tuple[int, Record]]


class WireReader:
    """Everything that the relay's topics show, from the first record on, in order."""

    def __init__(self, hub: Hub) -> None:
        """Start to read; the topics must exist."""
        self._hub = hub
        self._messages: list[Message] = []
        self._failures: list[KafkaError] = []
        self._reached: dict[tuple[str, int], int] = {}
        self._stop = threading.Event()
        self._patterns = written_by_relay(kafka.admin(hub.settings).list_topics(timeout=10))
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def close(self) -> None:
        """Stop reading."""
        self._stop.set()
        self._thread.join()
        assert self._failures == []

    def catch_up(self) -> None:
        """Return when everything that is committed now has been seen."""
        for topic in self._patterns:
            for place, end in settled_ends(self._hub.settings, topic).items():
                while self._reached.get(place, 0) < end:
                    assert self._thread.is_alive()
                    self._stop.wait(0.05)

    def counts(self) -> dict[str, int]:
        """Return how many records each kind of topic has shown."""
        self.catch_up()
        found: dict[str, int] = defaultdict(int)
        for message in list(self._messages):
            found[self._patterns[str(message.topic())]] += 1
        return dict(found)

    def fold(self) -> Fold:
        """Return what each key of a versioned topic says; its versions come once each, gapless."""
        self.catch_up()
        versions: dict[tuple[str, bytes], int] = {}
        folded: Fold = {}
        for message in list(self._messages):
            pattern = self._patterns[str(message.topic())]
            if pattern in ("receipt", "rejected"):
                continue
            key = (str(message.topic()), message.key() or b"")
            value = message.value()
            if value is None:
                assert folded.pop(key, None) is not None, "a tombstone for nothing"
                continue
            record, _ = codec.decode(pattern, value)
            assert record["version"] == versions.get(key, 0) + 1, key
            versions[key] = record["version"]
            folded[key] = (record["version"], record)
        return folded

    def receipts(self) -> dict[tuple[str, int], list[tuple[int, int]]]:
        """Return the ranges of each source partition; they follow one another."""
        self.catch_up()
        ranges: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
        for message in list(self._messages):
            if self._patterns[str(message.topic())] == "receipt":
                receipt, _ = codec.decode("receipt", message.value() or b"")
                place = (receipt["topic"], receipt["partition"])
                ranges[place].append((receipt["first_offset"], receipt["next_offset"]))
        for place, told in ranges.items():
            assert all(a[1] == b[0] for a, b in pairwise(told)), (place, told)
        return ranges

    def rejected(self) -> list[tuple[str, int, int]]:
        """Return the places of the records that were sent back."""
        self.catch_up()
        return [
            origin(headers_of(message))
            for message in list(self._messages)
            if self._patterns[str(message.topic())] == "rejected"
        ]

    def _read(self) -> None:
        with closing(kafka.reader(self._hub.settings)) as reader:
            known = reader.list_topics(timeout=10).topics
            places = [(t, part) for t in self._patterns for part in known[t].partitions]
            reader.assign([TopicPartition(*place, 0) for place in places])
            while not self._stop.is_set():
                for message in reader.consume(1000, 0.1):
                    place = (str(message.topic()), message.partition() or 0)
                    error = message.error()
                    if error is None:
                        self._messages.append(message)
                        self._reached[place] = (message.offset() or 0) + 1
                    elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                        self._reached[place] = message.offset() or 0
                    else:
                        self._failures.append(error)


def check(hub: Hub, reader: WireReader) -> None:
    """Assert that what the reader holds is what the registry says, neither more nor less."""
    folded = reader.fold()
    alert, person = topics.name("alert"), topics.name("person")
    shown = {
        (record["alert_id"], record["decision_state"], tuple(record["months"]), record["amount"])
        for (topic, _), (_, record) in folded.items()
        if topic == alert and record["state"] != "WITHDRAWN"
    }
    rows = hub.rows(
        "SELECT id, decision, months, amount, told FROM alert WHERE open AND verdict = 'raised'"
    )
    notices = [
        record["notice_id"]
        for (topic, _), (_, record) in folded.items()
        if ".notice." in topic and record["state"] != "WITHDRAWN"
    ]
    persons = [key for topic, key in folded if topic == person]

    assert shown == {(i.hex(), stage, tuple(m), amount) for i, stage, m, amount, _ in rows}
    assert len(notices) == sum(len(told) for *_, told in rows)
    assert [(len(persons),)] == hub.rows("SELECT count(*) FROM person")
    ends = {place: told[-1][1] for place, told in reader.receipts().items()}
    reached = hub.rows(
        "SELECT topic, partition, next_offset FROM position "
        "WHERE topic NOT LIKE 'sijill.hub.%' AND next_offset > first_offset"
    )
    assert ends == {(topic, part): offset for topic, part, offset in reached}
    places = hub.rows('SELECT topic, partition, "offset" FROM quarantine')
    assert sorted(reader.rejected()) == sorted(places)
