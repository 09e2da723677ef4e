"""What the demonstration sees of its hub: Kafka's ends, the tables, and the alert topic."""

import time
from collections import Counter, deque
from collections.abc import Iterable
from typing import Any, NamedTuple

from sijill import topics
from sijill.adapters import kafka, postgres
from sijill.adapters.registry import due
from sijill.cli import alert_text
from sijill.cli.alert_feed import Alert, AlertFeed
from sijill.cli.lag import NOTHING, Account, Lag, Place, accounts
from sijill.domain.rulebook import Book
from sijill.settings import Settings

RATE_OVER_S = 5.0

_COUNTS = (
    "SELECT (SELECT count(*) FROM record), (SELECT count(*) FROM person), "
    "(SELECT count(*) FROM household), (SELECT count(*) FROM identifier), "
    "(SELECT count(*) FROM outbox)"
)
_QUARANTINE = "SELECT reason, count(*) FROM quarantine GROUP BY reason ORDER BY reason"


class Registry(NamedTuple):
    """How many rows the registry holds."""

    records: int
    persons: int
    households: int
    identifiers: int


class Picture(NamedTuple):
    """The hub at one moment; `seconds` since publishing began."""

    seconds: float
    readable: int
    account: Account
    lag: int
    rate: float
    registry: Registry
    outbox: int
    raised: int
    withdrawn: int
    by_rule: Counter[str]
    by_pair: Counter[str]
    p50_s: float | None
    p99_s: float | None
    quarantine: dict[str, int]


class Alerts:
    """The alert topic, folded: the last revision of each alert, and how soon each came."""

    def __init__(self) -> None:
        self.last: dict[str, dict[str, Any]] = {}
        self.latencies: list[float] = []

    def take(self, found: Iterable[Alert]) -> None:
        """Take in what was read."""
        for alert in found:
            self.last[alert.record["alert_id"]] = alert.record
            if alert.latency_s is not None:
                self.latencies.append(alert.latency_s)

    @property
    def open(self) -> list[dict[str, Any]]:
        """Return the alerts that are not withdrawn."""
        return [record for record in self.last.values() if record["state"] != "WITHDRAWN"]

    def latency(self, part: float) -> float | None:
        """Return the seconds within which that part of all alerts came; None before the first."""
        if not self.latencies:
            return None
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


class Watching:
    """Looks at the hub from outside, as an operator's tools would."""

    def __init__(self, settings: Settings, book: Book) -> None:
        self.connection = postgres.connect(settings.postgres_dsn)
        self.alerts = Alerts()
        self._feed = AlertFeed(settings, from_start=True)
        self._lag = Lag(kafka.admin(settings), topics.source_topics(book))
        self._began = time.monotonic()
        self._done: deque[tuple[float, int]] = deque([(self._began, 0)])

    def look(self) -> Picture:
        """Return the present picture."""
        self.alerts.take(self._feed.poll(0))
        lag = self._lag.read(self.connection)
        now = time.monotonic()
        account = self.total()
        counts = self.connection.execute(_COUNTS).fetchone() or (0, 0, 0, 0, 0)
        still_open = self.alerts.open
        return Picture(
            seconds=now - self._began,
            readable=sum(self._lag.ends.values()),
            account=account,
            lag=lag,
            rate=self._rate(now, account.accounted),
            registry=Registry(*counts[:4]),
            outbox=counts[4],
            raised=len(self.alerts.last),
            withdrawn=len(self.alerts.last) - len(still_open),
            by_rule=Counter(record["rule"] for record in still_open),
            by_pair=Counter(map(alert_text.pair, still_open)),
            p50_s=self.alerts.latency(0.5),
            p99_s=self.alerts.latency(0.99),
            quarantine=dict(self.connection.execute(_QUARANTINE).fetchall()),
        )

    def settled(self, picture: Picture) -> bool:
        """Whether all that is in Kafka is applied, nothing is due, and all is on its topic."""
        if picture.lag or picture.outbox or due.pending(self.connection):
            return False
        row = self.connection.execute(
            "SELECT NOT EXISTS (SELECT FROM outbox) AND published = highest FROM relay_progress"
        ).fetchone()
        return bool(row and row[0])

    def by_topic(self) -> dict[str, Account]:
        """Return the account of each source topic."""
        wanted: set[Place] = set(self._lag.ends)
        sums: dict[str, Account] = {}
        for (topic, partition), account in sorted(accounts(self.connection).items()):
            if (topic, partition) in wanted:
                sums[topic] = sums.get(topic, NOTHING).plus(account)
        return sums

    def total(self) -> Account:
        """Return the account of all source topics together."""
        total = NOTHING
        for account in self.by_topic().values():
            total = total.plus(account)
        return total

    def read_rest(self) -> None:
        """Read the alert topic to its end."""
        self.alerts.take(self._feed.rest())

    def close(self) -> None:
        """Let the connections go."""
        self._feed.close()
        self.connection.close()

    def _rate(self, now: float, done: int) -> float:
        self._done.append((now, done))
        while len(self._done) > 2 and now - self._done[0][0] > RATE_OVER_S:
            self._done.popleft()
        then, before = self._done[0]
        return (done - before) / (now - then) if now > then else 0.0
