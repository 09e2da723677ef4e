"""A reader of committed records that reads every output topic throughout a drill, and its findings.

What it demands of the wire: each (key, version) of alerts, notices and persons once, in order and
without a gap; receipts that give each offset one outcome; each refused record once; and alerts
whose fold is the registry's open alerts.
"""

import threading
import time
from collections import defaultdict
from contextlib import closing
from itertools import pairwise
from typing import Any, NamedTuple, Self

from confluent_kafka import KafkaError, Message, TopicPartition

from sijill import topics
from sijill.adapters import codec, kafka
from sijill.adapters.registry.positions import Place
from sijill.adapters.source import headers_of
from sijill.settings import Settings
from tests.broker import settled_ends
from tests.faults.verdicts import Broken, demand

VERSIONED = ("alert", "notice", "person")
PATTERNS = (*VERSIONED, "receipt", "rejected")
OUTCOMES = ("applied", "duplicate", "superseded", "quarantined", "void")
PATIENCE_S = 60.0


class Seen(NamedTuple):
    """One record as the reader saw it."""

    place: Place
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Wire:
    """The reader, on a thread of its own; a broker that is away for a while does not end it."""

    def __init__(self, settings: Settings, book: topics.Book) -> None:
        """Begin to read at the first record of every output topic."""
        self._settings = settings
        wanted = [t for t in topics.all_topics(book) if t.pattern in PATTERNS]
        self._pattern = {topic.name: topic.pattern for topic in wanted}
        shown = kafka.admin(settings).list_topics(timeout=30).topics
        self._next = {(t.name, part): 0 for t in wanted for part in shown[t.name].partitions}
        self._seen: list[Seen] = []
        self._done = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def catch_up(self) -> None:
        """Return when everything that is committed now has been read."""
        ends: dict[Place, int] = {}
        for topic in self._pattern:
            ends |= settled_ends(self._settings, topic)
        deadline = time.monotonic() + PATIENCE_S
        while any(self._next[place] < end for place, end in ends.items()):
            if self._failure is not None:
                raise self._failure
            demand(time.monotonic() < deadline, "a reader of committed records sees all of them")
            time.sleep(0.05)

    def records(self, pattern: str) -> list[Seen]:
        """Return what was read of the topics of one pattern, in order for each partition."""
        return [seen for seen in self._seen if self._pattern[seen.place[0]] == pattern]

    def aborted(self, pattern: str) -> int:
        """Return how many records lie in these topics' logs that no reader of ours may see."""
        places = [place for place in self._next if self._pattern[place[0]] == pattern]
        options = {"isolation.level": "read_uncommitted"}
        with closing(kafka.reader(self._settings, options=options)) as reader:
            reader.assign([TopicPartition(*place, 0) for place in places])
            there, waiting = 0, set(places)
            while waiting:
                for message in reader.consume(500, 0.1):
                    if message.error() is None:
                        there += 1
                    else:
                        waiting.discard(_place(message))
        return there - len(self.records(pattern))

    def _read(self) -> None:
        try:
            with closing(kafka.reader(self._settings)) as reader:
                reader.assign([TopicPartition(*place, 0) for place in self._next])
                while not self._done.is_set():
                    for message in reader.consume(500, 0.1):
                        self._take(message)
        except Exception as error:  # noqa: BLE001 - it is raised where the drill waits
            self._failure = error

    def _take(self, message: Message) -> None:
        error, place, offset = message.error(), _place(message), int(message.offset() or 0)
        if error is None:
            self._next[place] = offset + 1
            key, value = message.key(), message.value()
            self._seen.append(Seen(place, offset, key, value, headers_of(message)))
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
            self._next[place] = max(offset, self._next[place])
        elif not error.retriable() and error.code() not in _AWAY:
            raise Broken(f"the reader met {error.name()}")


_AWAY = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)  # noqa: SLF001 - their public names


def _place(message: Message) -> Place:
    return str(message.topic()), int(message.partition() or 0)


def check_versions(wire: Wire) -> int:
    """Demand each (key, version) once and gapless from 1; return how many were seen."""
    count = 0
    for pattern in VERSIONED:
        last: dict[tuple[str, bytes | None], int] = {}
        for seen in wire.records(pattern):
            if seen.value is None:
                continue  # A tombstone takes no version.
            version = codec.decode(pattern, seen.value)[0]["version"]
            name = (seen.place[0], seen.key)
            demand(
                version == last.get(name, 0) + 1,
                f"{pattern}: versions of a key are gapless, each once "
                f"(after {last.get(name, 0)} came {version})",
            )
            last[name] = version
            count += 1
    return count


def alert_fold(wire: Wire) -> set[tuple[Any, ...]]:
    """Return (id, decision, months, amount) of the alerts that are open for who read them all."""
    folded = {
        seen.key: codec.decode("alert", seen.value or b"")[0] for seen in wire.records("alert")
    }
    return {
        (record["alert_id"], record["decision_state"], tuple(record["months"]), record["amount"])
        for record in folded.values()
        if record["state"] != "WITHDRAWN"
    }


def receipt_accounts(wire: Wire) -> dict[Place, tuple[int, ...]]:
    """Return (first, next, five counts) per source partition, as its receipts add up.

    Raises Broken when two receipts of a partition overlap, or leave a gap between them.
    """
    told: dict[Place, list[dict[str, Any]]] = defaultdict(list)
    for seen in wire.records("receipt"):
        record, _ = codec.decode("receipt", seen.value or b"")
        told[record["topic"], record["partition"]].append(record)
    accounts = {}
    for place, records in told.items():
        records.sort(key=lambda record: (record["first_offset"], record["next_offset"]))
        demand(
            all(a["next_offset"] == b["first_offset"] for a, b in pairwise(records)),
            f"{place}: receipts give each offset one outcome",
        )
        sums = (sum(record[word] for record in records) for word in OUTCOMES)
        accounts[place] = (records[0]["first_offset"], records[-1]["next_offset"], *sums)
    return accounts


def rejected_places(wire: Wire) -> list[tuple[str, int, int]]:
    """Return the source place of every refused record that was sent back, in order."""
    places = []
    for seen in wire.records("rejected"):
        said = dict(seen.headers)
        numbers = (int(said[f"sijill-rejected-{word}"]) for word in ("partition", "offset"))
        places.append((said["sijill-rejected-topic"].decode(), *numbers))
    return sorted(places)  # type: ignore[arg-type]
