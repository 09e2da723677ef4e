"""Reading topics from one offset to another, as any Kafka client would: committed records only."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from sijill.adapters import kafka
from sijill.adapters.halt import HaltError
from sijill.adapters.source import headers_of
from sijill.oracle.border.reading import Raw
from sijill.settings import Settings

Place = tuple[str, int]
"""A topic and one of its partitions."""

AT_ONCE = 2_000
WAIT_S = 0.05
PATIENCE_S = 60.0
SAY_EVERY_S = 5.0


class LogEndedError(HaltError):
    """Records that were applied do not come from the log any more."""


def records(
    settings: Settings, ranges: Mapping[Place, tuple[int, int]], say: Callable[[str], None]
) -> Iterator[Message]:
    """Yield what lies in each partition from its first offset to before the last one.

    Each partition comes in order of its offsets. Raises LogEndedError when nothing comes for a
    minute, KafkaException for what the client cannot mend.
    """
    waiting = {place for place, (start, stop) in ranges.items() if start < stop}
    wanted = sum(stop - start for start, stop in ranges.values())
    seen, said = 0, time.monotonic()
    last = said
    with closing(kafka.reader(settings)) as reader:
        reader.assign([TopicPartition(*place, ranges[place][0]) for place in sorted(waiting)])
        while waiting:
            got = reader.consume(AT_ONCE, WAIT_S)
            now = time.monotonic()
            if got:
                last = now
            elif now - last > PATIENCE_S:
                raise LogEndedError(
                    f"nothing comes from {', '.join(sorted(t for t, _ in waiting))}"
                )
            if now - said > SAY_EVERY_S:
                say(f"{seen:,} records of {wanted:,} offsets read")
                said = now
            for message in got:
                place = (str(message.topic()), int(message.partition() or 0))
                stop, offset = ranges[place][1], int(message.offset() or 0)
                error = message.error()
                if error is None and offset < stop:
                    seen += 1
                    yield message
                elif error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001
                    if not error.retriable():
                        raise KafkaException(error)
                    continue
                if place in waiting and (error is not None or offset >= stop - 1):
                    waiting.discard(place)
                    reader.incremental_unassign([TopicPartition(*place)])


def raw(message: Message) -> Raw:
    """Return a message as the oracle takes it."""
    place = (str(message.topic()), int(message.partition() or 0), int(message.offset() or 0))
    return Raw(*place, message.key(), message.value(), headers_of(message))
