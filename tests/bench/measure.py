"""One measurement: the load is published, then the hub's processes start and are timed."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from sijill import settings as settings_file
from sijill import topics
from sijill.adapters import kafka, postgres
from sijill.adapters.ground import Ground
from sijill.adapters.ground_process import HOST
from sijill.adapters.metrics import PREFIX
from sijill.adapters.postgres import Connection
from sijill.cli import hub
from sijill.cli.children import Children, Say
from sijill.cli.lag import Lag, accounts
from sijill.domain import rulebook
from sijill.settings import Settings
from tests.bench import alert_reader
from tests.bench.processes import Used, Watch
from tests.bench.workload import Workload

LOOK_EVERY_S = 0.25
SAY_EVERY_S = 15.0
STALLED_AFTER_S = 300.0
START_TIMEOUT_S = 60.0


class Timed(NamedTuple):
    """What one run of the hub over the whole load took, and what it made of it."""

    seconds: float
    start_seconds: float
    applied_seconds: float
    stages: dict[str, float]
    used: dict[str, Used]
    outcomes: dict[str, int]
    alerts: dict[str, int]
    alert_records: int
    persons: int
    outbox_left: int


class BenchFailed(Exception):
    """A process ended, or nothing moved for a long time; the message says which."""


def prepare(settings: Settings, say: Say) -> None:
    """Make the tables and the topics."""
    hub.prepare(settings, rulebook.load(settings.country), say)


def ends(settings: Settings) -> dict[tuple[str, int], int]:
    """Return where each partition of the source topics ends."""
    lag = _lag(settings)
    lag.ask()
    return lag.ends


def _lag(settings: Settings) -> Lag:
    return Lag(kafka.admin(settings), topics.source_topics(rulebook.load(settings.country)))


def publish(settings: Settings, load: Workload, say: Say) -> float:
    """Publish the whole load and return the seconds it took. Raises BenchFailed."""
    started = time.monotonic()
    producer = kafka.producer(settings, options={"queue.buffering.max.messages": 200_000})
    refused: list[str] = []

    def told(error: object, _message: object) -> None:
        if error is not None:
            refused.append(str(error))

    for number, (topic, key, value, headers) in enumerate(load.messages(), start=1):
        while True:
            try:
                producer.produce(topic, value, key, headers=[*headers], on_delivery=told)
            except BufferError:
                producer.poll(0.1)
            else:
                break
        if number % 1_000 == 0:
            producer.poll(0)
        if number % 200_000 == 0:
            say(f"Published {number:,}")
    if producer.flush(60.0) or refused:
        raise BenchFailed(f"The broker did not take the load: {refused[:1]}")
    return time.monotonic() - started


def time_hub(
    settings: Settings, ground: Ground, *, registrars: int, folder: Path, say: Say
) -> Timed:
    """Run relay and registrars over what is published, from their start to the last alert.

    The clock stops when every position has reached its end, one synchronous commit is done and
    every alert has been read back. Raises BenchFailed.
    """
    names = [f"registrar-{number + 1}" for number in range(registrars)]
    with (
        closing(postgres.connect(settings.postgres_dsn)) as connection,
        closing(alert_reader.AlertReader(settings)) as reader,
    ):
        started = time.monotonic()
        with _running(settings, ["relay", *names], folder, say) as children:
            servers = {"broker": ground.kafka.pid or 0, "postgres": ground.postgres.pid or 0}
            watch = Watch(servers | {name: child.pid for name, child in children.items()})
            progress = _Progress(_lag(settings), connection, children, say=say, logs=folder / "log")
            while progress.left():
                reader.read()
            _commit_durably(connection)
            applied = time.monotonic() - started
            while reader.records < _alert_records(connection):
                progress.check(reader.records)
                reader.read()
            seconds = time.monotonic() - started
            used = watch.stop()
            stages = _stages(folder, names)
        return Timed(
            seconds, progress.began - started, applied, stages, used, _outcomes(connection),
            reader.standing(), reader.records, _count(connection, "person"),
            _count(connection, "outbox"),
        )  # fmt: skip


def _commit_durably(connection: Connection) -> None:
    """Commit something synchronously: all that was committed before is then on the disk too."""
    with connection.transaction():
        connection.execute("SET LOCAL synchronous_commit = on")
        connection.execute("SELECT pg_logical_emit_message(true, 'sijill.bench', '')")


@contextmanager
def _running(
    settings: Settings, names: list[str], folder: Path, say: Say
) -> Iterator[dict[str, "subprocess.Popen[bytes]"]]:
    """Run the services; none is started again, because a crash is no figure."""
    hub_file = folder / "hub.json"
    settings_file.save(settings, hub_file)
    children = Children(folder / "log", hub_file=hub_file, say=say)
    try:
        yield {name: children.task(name, ["run", name.split("-")[0]]) for name in names}
    finally:
        children.stop()


class _Progress:
    """Watches the positions move, and the processes live."""

    def __init__(
        self,
        lag: Lag,
        connection: Connection,
        children: Mapping[str, "subprocess.Popen[bytes]"],
        *,
        say: Say,
        logs: Path,
    ) -> None:
        lag.ask()
        self._logs = logs
        self._lag, self._connection, self._children, self._say = lag, connection, children, say
        self._all = self._left = sum(lag.ends.values())
        self._seen = -1
        self._moved_at = self._said_at = time.monotonic()
        self.began = float("inf")
        """When the first offset was seen applied."""

    def left(self) -> int:
        """Return how many offsets are left, after a little while. Raises BenchFailed."""
        time.sleep(LOOK_EVERY_S)
        self._left = self._lag.behind(accounts(self._connection))
        if self._left < self._all:
            self.began = min(self.began, time.monotonic())
        self.check(self._left)
        if time.monotonic() - self._said_at > SAY_EVERY_S:
            self._said_at = time.monotonic()
            self._say(f"{self._left:,} of {self._all:,} are left")
        return self._left

    def check(self, figure: int) -> None:
        """Raise BenchFailed when a process has ended or the figure has stood still for long."""
        for name, child in self._children.items():
            if child.poll() is not None:
                told = (self._logs / f"{name}.log").read_text(encoding="utf-8").splitlines()
                last = "\n".join(told[-3:])
                raise BenchFailed(f"{name} ended with status {child.returncode}:\n{last}")
        now = time.monotonic()
        if figure != self._seen:
            self._seen, self._moved_at = figure, now
        elif now - self._moved_at > STALLED_AFTER_S:
            raise BenchFailed(f"nothing has moved for {STALLED_AFTER_S:.0f} s")


def _alert_records(connection: Connection) -> float:
    """Return how many records the alert topic holds at the end; infinite while some wait."""
    (waiting, sent) = connection.execute(
        "SELECT EXISTS (SELECT FROM outbox WHERE topic = %s), "
        "(SELECT coalesce(sum(version), 0)::bigint FROM published WHERE topic = %s)",
        [alert_reader.TOPIC] * 2,
    ).fetchone() or (True, 0)
    return float("inf") if waiting else int(sent)


def _stages(folder: Path, names: list[str]) -> dict[str, float]:
    """Return the seconds that the registrars spent in each stage, all of them together."""
    seconds: dict[str, float] = {}
    for name in names:
        with urllib.request.urlopen(
            f"http://{HOST}:{_port(folder / 'log' / f'{name}.log')}/metrics"
        ) as answer:
            text = answer.read().decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == f"{PREFIX}stage_seconds_sum":
                    stage = sample.labels["stage"]
                    seconds[stage] = seconds.get(stage, 0.0) + sample.value
    return seconds


def _port(log: Path) -> int:
    lines = (json.loads(line) for line in log.read_text().splitlines() if line.startswith("{"))
    return next(int(line["port"]) for line in lines if line.get("event") == "starting")


def _outcomes(connection: Connection) -> dict[str, int]:
    """Return what became of all offsets of the source topics; they add up to `offsets`."""
    (row,) = connection.execute(
        "SELECT sum(applied)::bigint, sum(duplicate)::bigint, sum(superseded)::bigint, "
        "sum(quarantined)::bigint, sum(void)::bigint, sum(next_offset - first_offset)::bigint "
        "FROM position WHERE topic NOT LIKE 'sijill.hub.operation%'"
    ).fetchall()
    names = ("applied", "duplicate", "superseded", "quarantined", "void", "offsets")
    return dict(zip(names, row, strict=True))


def _count(connection: Connection, table: str) -> int:
    (row,) = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchall()  # noqa: S608 - constant names
    return int(row[0])
