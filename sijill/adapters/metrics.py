"""Every metric of the hub in one table, and the HTTP server that shows them.

A label never holds a person, an event or an offset: labels are topics, partitions, rule ids and
words from fixed lists. One process serves one port; there is no multi-process mode.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

PREFIX = "sijill_"
SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
RECORDS = (1.0, 10.0, 100.0, 500.0, 1000.0, 2000.0, 5000.0, 10_000.0, 20_000.0)


class Metric(NamedTuple):
    """One row of the table; the name goes without the prefix."""

    name: str
    kind: str  # counter | gauge | histogram
    labels: tuple[str, ...]
    help: str
    buckets: tuple[float, ...] = SECONDS


PARTITION = ("topic", "partition")

# fmt: off
METRICS: tuple[Metric, ...] = (
    # Every process.
    Metric("build_info", "gauge", ("service", "version"), "Always 1; says what runs."),
    Metric("steps_total", "counter", ("worked",), "Turns of the service loop."),
    Metric("loop_seconds_total", "counter", ("state",), "Loop time by state: work or idle."),
    Metric("last_step_timestamp_seconds", "gauge", (), "When the loop last turned."),
    Metric("failures_total", "counter", ("kind",), "Failures that were retried, by kind."),
    # The registrar. The figures of positions are read from their rows every few seconds, so a
    # restart keeps them: the accounted offsets add up to next offset minus first offset.
    Metric("events_outcome_total", "counter", ("topic", "outcome"), "Offsets by first outcome."),
    Metric("position_first_offset", "gauge", PARTITION, "First offset ever accounted."),
    Metric("position_next_offset", "gauge", PARTITION, "Next offset to apply."),
    Metric("consumer_lag_records", "gauge", PARTITION, "Offsets not read yet, as last heard."),
    Metric("accounted_offsets", "gauge", (*PARTITION, "outcome"), "Offsets so far by outcome."),
    Metric("event_apply_latency_seconds", "histogram", ("stream",), "Append to commit."),
    Metric("stage_seconds", "histogram", ("stage",), "Batch time by stage of the transaction."),
    Metric("batch_records", "histogram", (), "Records in a batch.", RECORDS),
    Metric("transaction_retries_total", "counter", ("sqlstate",), "Batches done again."),
    Metric("quarantined_total", "counter", ("topic", "reason"), "Records put into quarantine."),
    Metric("quarantine_open", "gauge", ("reason",), "Quarantined records not yet settled."),
    Metric("alert_changes_total", "counter", ("rule", "state"), "Alert revisions written."),
    Metric("as_of_day", "gauge", (), "The hub's day, as days since the year 1."),
    Metric("sweep_left", "gauge", (), "Rows that an older rulebook left, as far as counted."),
    # The relay.
    Metric("outbox_pending", "gauge", (), "Outbox rows waiting, as far as counted."),
    Metric("outbox_oldest_seconds", "gauge", (), "Age of the oldest waiting outbox row."),
    Metric("relay_published_total", "counter", ("topic",), "Records committed to a topic."),
    Metric("relay_dropped_total", "counter", ("topic",), "Rows equal to what was published."),
    Metric("relay_number", "gauge", (), "Number of the last record known to be published."),
    Metric("relay_stage_seconds", "histogram", ("stage",), "Cycle time: number, publish, record."),
    Metric("relay_leader", "gauge", (), "1 while this relay holds the lease."),
    Metric("relay_recovery", "gauge", ("stage",), "1 at the stage: wait, fold, compare."),
    Metric("relay_recovery_offsets", "gauge", (), "Source offsets that recovery waits for."),
    Metric("relay_recovery_records_total", "counter", (), "Records of output topics folded."),
    Metric("relay_differences_total", "counter", ("topic",), "Rows that a new generation adds."),
    # The publisher.
    Metric("publisher_failed_total", "counter", ("topic", "reason"), "Records it did not take."),
)
# fmt: on

_KINDS: Mapping[str, Any] = {"counter": Counter, "gauge": Gauge, "histogram": Histogram}


def _instrument(row: Metric, registry: CollectorRegistry) -> Any:
    extra = {"buckets": row.buckets} if row.kind == "histogram" else {}
    make = _KINDS[row.kind]
    return make(PREFIX + row.name, row.help, row.labels, registry=registry, **extra)


REGISTRY = CollectorRegistry()
_INSTRUMENTS = {row.name: _instrument(row, REGISTRY) for row in METRICS}


def add(name: str, amount: float = 1, **labels: str) -> None:
    """Add to a counter of the table. Raises KeyError for a name that is not in it."""
    _child(name, labels).inc(amount)


def put(name: str, value: float, **labels: str) -> None:
    """Set a gauge of the table. Raises KeyError for a name that is not in it."""
    _child(name, labels).set(value)


def observe(name: str, value: float, **labels: str) -> None:
    """Count one observation in a histogram. Raises KeyError for a name that is not in it."""
    _child(name, labels).observe(value)


def observe_all(name: str, values: Iterable[float], **labels: str) -> None:
    """Count many observations under the same labels, which are looked up once."""
    child = _child(name, labels)
    for each in values:
        child.observe(each)


def value(name: str, **labels: str) -> float:
    """Return the present value of a counter or gauge; 0.0 for labels never used."""
    found = REGISTRY.get_sample_value(PREFIX + name, labels)
    return 0.0 if found is None else found


def _child(name: str, labels: Mapping[str, str]) -> Any:
    instrument = _INSTRUMENTS[name]
    return instrument.labels(**labels) if labels else instrument


class Server:
    """The HTTP server of one process: /metrics, /livez and /readyz, on its own thread."""

    def __init__(self, http: ThreadingHTTPServer) -> None:
        """Start to serve."""
        self._http = http
        self.port: int = http.server_address[1]
        self._thread = threading.Thread(target=http.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop to serve and free the port."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def _always() -> bool:
    return True


def serve(
    port: int,
    *,
    host: str = "127.0.0.1",
    live: Callable[[], bool] = _always,
    ready: Callable[[], bool] = _always,
) -> Server:
    """Serve the metrics and the health of this process; port 0 takes any free one.

    `live` and `ready` answer with status 200 or 503. Raises OSError when the port is taken.
    """
    checks = {"/livez": live, "/readyz": ready}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, generate_latest(REGISTRY), CONTENT_TYPE_LATEST)
            elif self.path in checks:
                well = checks[self.path]()
                self._answer(200 if well else 503, b"ok\n" if well else b"no\n", "text/plain")
            else:
                self._answer(404, b"not found\n", "text/plain")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: a scrape every few seconds is no news."""

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Server(ThreadingHTTPServer((host, port), Handler))
