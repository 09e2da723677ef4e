"""The ground: a real Kafka and a real PostgreSQL as our children, or those that settings name.

Everything lies in one data folder: their data, their logs, and `ground.json` with the ports, the
password and the cluster id that later starts use again.
"""

import base64
import fcntl
import json
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from sijill.adapters.ground_kafka import KafkaServer
from sijill.adapters.ground_postgres import PostgresServer
from sijill.adapters.ground_process import GroundError, Watch, choose_ports
from sijill.settings import write_private

__all__ = ["Ground", "GroundError", "start_ground"]

Progress = Callable[[str], None]


class Ground:
    """The running servers; leaving the context, or `stop`, ends those that are our children."""

    def __init__(
        self, data_dir: Path, *, kafka_bootstrap: str | None, postgres_dsn: str | None
    ) -> None:
        self.data_dir = data_dir
        self._kafka_bootstrap = kafka_bootstrap
        self._postgres_dsn = postgres_dsn
        self._kafka: KafkaServer | None = None
        self._postgres: PostgresServer | None = None
        self._lock: IO[str] | None = None
        self._watch: Watch | None = None

    @property
    def kafka_bootstrap(self) -> str:
        """Address for Kafka clients."""
        return self._kafka_bootstrap or self.kafka.bootstrap

    @property
    def postgres_dsn(self) -> str:
        """Connection string for PostgreSQL clients; it holds a password: not for logs."""
        return self._postgres_dsn or self.postgres.dsn

    @property
    def kafka(self) -> KafkaServer:
        """The broker that is our child; `GroundError` when settings named another."""
        if self._kafka is None:
            raise GroundError("Kafka is not a child of this ground: settings name another.")
        return self._kafka

    @property
    def postgres(self) -> PostgresServer:
        """The database server that is our child; `GroundError` when settings named another."""
        if self._postgres is None:
            raise GroundError("PostgreSQL is not a child of this ground: settings name another.")
        return self._postgres

    @property
    def watch_pid(self) -> int | None:
        """The process that ends our children when we die, or None when there are none."""
        return self._watch.pid if self._watch else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop both servers at the same time and let the data folder go; may be repeated."""
        children = [server for server in (self._kafka, self._postgres) if server]
        with ThreadPoolExecutor(2) as pool:
            wait([pool.submit(server.stop) for server in children])
        if self._watch:
            self._watch.close()
            self._watch = None
        if self._lock:
            self._lock.close()
            self._lock = None

    def _start(self, progress: Progress, *, kafka_port: int, postgres_port: int) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._lock = _lock_folder(self.data_dir)
        self._watch = Watch()
        kafka = postgres = None
        if self._kafka_bootstrap is None:
            kafka = self._kafka = KafkaServer(self.data_dir / "kafka", watch=self._watch)
            kafka.end_orphan()
        if self._postgres_dsn is None:
            postgres = self._postgres = PostgresServer(
                self.data_dir / "postgres", watch=self._watch
            )
            postgres.end_orphan()
        state = _choose(self.data_dir, progress, kafka_port=kafka_port, postgres_port=postgres_port)

        def start_kafka(server: KafkaServer) -> None:
            server.prepare(
                port=int(state["kafka_port"]),
                controller_port=int(state["controller_port"]),
                cluster_id=str(state["cluster_id"]),
                progress=progress,
            )
            server.start()
            progress(f"Kafka serves on {server.bootstrap}")

        def start_postgres(server: PostgresServer) -> None:
            server.prepare(port=int(state["postgres_port"]), password=str(state["password"]))
            server.start()
            progress(f"PostgreSQL serves on port {state['postgres_port']}")

        pool = ThreadPoolExecutor(2)
        starts = [pool.submit(start_kafka, kafka)] if kafka else []
        starts += [pool.submit(start_postgres, postgres)] if postgres else []
        # Without waiting, so that Ctrl-C ends a start at once: a late child is refused its watch.
        pool.shutdown(wait=False)
        for start in starts:
            start.result()


def start_ground(
    data_dir: Path,
    *,
    progress: Progress = lambda _: None,
    kafka_bootstrap: str | None = None,
    postgres_dsn: str | None = None,
    kafka_port: int = 0,
    postgres_port: int = 0,
) -> Ground:
    """Start what is not named and return when it answers; old data in the folder is used again.

    Ports: the wish, else those of the last start, else any; one that is taken is moved, and
    `progress` (called from several threads, one sentence each) says so.

    Raises:
        GroundError: it cannot start; nothing is left running.
    """
    ground = Ground(data_dir.absolute(), kafka_bootstrap=kafka_bootstrap, postgres_dsn=postgres_dsn)
    gate = threading.Lock()
    stopped = threading.Event()

    def say(sentence: str) -> None:
        # Also the place where a start that goes on in a thread learns that nobody wants it.
        if stopped.is_set():
            raise GroundError("The start was interrupted.")
        with gate:
            progress(sentence)

    try:
        ground._start(say, kafka_port=kafka_port, postgres_port=postgres_port)  # noqa: SLF001 - one module
    except BaseException as error:
        stopped.set()
        ground.stop()
        if isinstance(error, OSError):
            raise GroundError(f"The data folder {data_dir} cannot be used: {error}.") from error
        raise
    return ground


def _lock_folder(folder: Path) -> IO[str]:
    """Hold the folder against other processes until the file is closed or we die."""
    file = (folder / "ground.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise GroundError(f"Another process uses the data folder {folder}.") from error
    return file


def _choose(
    folder: Path, progress: Progress, *, kafka_port: int, postgres_port: int
) -> dict[str, int | str]:
    """Return ports, cluster id and password, remembered from the last start where possible."""
    file = folder / "ground.json"
    state: dict[str, int | str] = json.loads(file.read_text()) if file.exists() else {}
    wishes = {
        "kafka_port": kafka_port or int(state.get("kafka_port", 0)),
        "postgres_port": postgres_port or int(state.get("postgres_port", 0)),
        "controller_port": int(state.get("controller_port", 0)),
    }
    ports = dict(zip(wishes, choose_ports(list(wishes.values())), strict=True))
    for name, wish in wishes.items():
        if wish and ports[name] != wish:
            progress(
                f"{name.replace('_', ' ').capitalize()} {wish} is taken: moved to {ports[name]}"
            )
    state.update(ports)
    # The tool that formats Kafka's folder takes a leading dash for an option, hence the letter.
    cluster = "k" + base64.urlsafe_b64encode(secrets.token_bytes(16)).decode()[1:22]
    state.setdefault("cluster_id", cluster)
    state.setdefault("password", secrets.token_urlsafe(24))
    write_private(file, json.dumps(state, indent=1))
    return state
