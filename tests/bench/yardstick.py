"""The yardstick: the same topics, only consumed and decoded, by as many processes.

It is the least that any consumer in Python pays for these events, so a ratio to it says more than
a rate does: a slow or busy machine slows both.
"""

import io
import json
import multiprocessing
import time
from collections.abc import Iterable, Mapping
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

from confluent_kafka import KafkaError, TopicPartition
from fastavro import parse_schema, schemaless_reader

import schemas
from sijill.adapters import codec, kafka
from sijill.settings import Settings

Place = tuple[str, int]

BATCH = 5_000
WAIT_S = 0.05
START_TIMEOUT_S = 60.0


def rate(settings: Settings, ends: Mapping[Place, int], processes: int) -> float:
    """Return events per second from the moment when every process is ready to read.

    Partition i of every topic goes to one process, as with the registrars.
    """
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(processes), context.Queue()
    shares = [
        {place: end for place, end in ends.items() if end and place[1] % processes == number}
        for number in range(processes)
    ]
    workers = [
        context.Process(target=_read, args=(settings, share, barrier, answers), daemon=True)
        for share in shares
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        if worker.exitcode:
            raise RuntimeError("a process of the yardstick failed")
    told = [answers.get() for _ in workers]
    seconds = max(ended for _, _, ended in told) - min(started for _, started, _ in told)
    return float(sum(count for count, _, _ in told) / seconds)


def _read(
    settings: Settings,
    ends: Mapping[Place, int],
    barrier: Barrier,
    answers: "Queue[tuple[int, float, float]]",
) -> None:
    """Read the partitions to their ends and tell how many, from when and until when."""
    reader = kafka.reader(settings)
    parsed = dict(_parsed())
    barrier.wait(START_TIMEOUT_S)
    started = time.monotonic()
    reader.assign([TopicPartition(topic, partition, 0) for topic, partition in ends])
    count, left = 0, len(ends)
    while left:
        for message in reader.consume(BATCH, WAIT_S):
            error, value = message.error(), message.value()
            if error is not None:
                # The marker of a partition's end; nothing is added any more.
                left -= error.code() == KafkaError._PARTITION_EOF  # noqa: SLF001 - its public name
            elif value is not None:
                schemaless_reader(io.BytesIO(value[5:]), parsed[value[:5]])
                count += 1
    answers.put((count, started, time.monotonic()))
    reader.close()


def _parsed() -> Iterable[tuple[bytes, Any]]:
    """Yield the framing of every locked schema and the schema itself, ready to read with."""
    for entry in schemas.lock():
        yield codec.frame(entry.id), parse_schema(json.loads(schemas.read(entry.file)))
