"""The relay's output, read as any client reads it and folded by key, against the open alerts."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sijill import topics
from sijill.adapters import kafka
from sijill.adapters.postgres import Connection
from sijill.cli.verify import log
from sijill.cli.verify.differences import Differences
from sijill.oracle.border.avro import record_of
from sijill.oracle.decisions import notice_ids
from sijill.oracle.law import Book
from sijill.oracle.model import Alert
from sijill.settings import Settings

Fields = dict[str, Any]
Key = tuple[str, bytes]
"""A topic and a key in it."""


@dataclass
class Sent:
    """What the database says of the output: each key's last version, and the keys on the way."""

    versions: dict[Key, int] = field(default_factory=dict)
    waiting: set[Key] = field(default_factory=set)


def sent(connection: Connection) -> Sent:
    """Return the versions that were given, as of the snapshot."""
    found = Sent()
    # Persons have versions too, and far more of them.
    mine = [topics.name("alert"), topics.name("notice", "%")]
    for topic, key, version in connection.execute(
        "SELECT topic, key, version FROM published WHERE topic LIKE ANY(%s)", [mine]
    ):
        found.versions[topic, key] = version
    for topic, key in connection.execute(
        "SELECT DISTINCT topic, key FROM outbox WHERE topic LIKE ANY(%s)", [mine]
    ):
        found.waiting.add((topic, key))
    return found


def check(
    settings: Settings,
    given: Sent,
    must: dict[Key, Fields],
    *,
    only: set[Key] | None,
    differences: Differences,
    say: Callable[[str], None],
) -> None:
    """Compare the last record of each key with the open alerts, and every key's versions.

    A key without an open alert must be withdrawn or absent. What the relay has not published yet
    is left out. With `only`, nothing is said of other keys but that their versions are gapless.
    """
    names = dict(_topics(settings))
    last: dict[Key, Fields] = {}
    reached: dict[Key, int] = {}
    for message in log.records(settings, _ranges(settings, names), say):
        key = (str(message.topic()), message.key() or b"")
        record, _ = record_of(names[key[0]], message.value() or b"")
        version = record["version"]
        if version != reached.get(key, 0) + 1:
            kind = "repeated" if version <= reached.get(key, 0) else "missing"
            differences.note(f"output: {kind} version", f"{key[0]} {key[1].hex()} {version}")
        reached[key] = version
        if version <= given.versions.get(key, 0):
            last[key] = record
    for key, version in given.versions.items():
        if key[0] in names and key not in given.waiting and reached.get(key, 0) < version:
            differences.note("output: missing version", f"{key[0]} {key[1].hex()} {version}")
    shown = {k: _shown(r) for k, r in last.items() if r["state"] != "WITHDRAWN"}
    ready = (shown.keys() | must.keys()) - given.waiting
    ready &= only if only is not None else ready
    differences.compare(
        "output",
        {key: must[key] for key in ready & must.keys()},
        {key: shown[key] for key in ready & shown.keys()},
        named=lambda key: f"{key[0]} {key[1].hex()}",
    )


def expected(alerts: dict[bytes, Alert], book: Book, hub_key: bytes) -> dict[Key, Fields]:
    """Return what the topics must show: each raised alert, and a notice to each ministry asked."""
    must: dict[Key, Fields] = {}
    for number, alert in alerts.items():
        if alert.overlap.verdict == "raised":
            said = _said(alert)
            must[topics.name("alert"), number] = said
            for ministry in asked(alert, book):
                notice = notice_ids(hub_key, alert.overlap)[ministry]
                must[topics.name("notice", ministry), notice] = said
    return must


def asked(alert: Alert, book: Book) -> Iterable[str]:
    """Return the ministries that are asked: those that give what a side of the rule is about.

    A household member's agency learns nothing, and the registry of a death is no party.
    """
    sides = alert.overlap.meeting.rule["sides"].values()
    about = {side["fact"] for side in sides if side["holder"] != "member"}
    givers = {f.version.name[0] for f in alert.overlap.evidence if f.stream in about}
    return givers & book.ministries


def _said(alert: Alert) -> Fields:
    overlap = alert.overlap
    return {
        "rule": overlap.meeting.rule["id"],
        "rule_version": overlap.version,
        "type": overlap.meeting.rule["type"],
        "decision_state": alert.stage,
        "months": list(overlap.months),
        "amount": overlap.amount,
        "currency": overlap.currency,
        "certainty": overlap.certainty.upper(),
    }


def _shown(record: Fields) -> Fields:
    return {name: record[name] for name in (
        "rule", "rule_version", "type", "decision_state", "months", "amount", "currency",
        "certainty",
    )}  # fmt: skip


def _topics(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the topics of alerts and notices that exist, with their schemas."""
    stem = topics.name("notice", "x").partition(".x.")[0] + "."
    for name in sorted(kafka.admin(settings).list_topics(timeout=kafka.TIMEOUT_S).topics):
        if name == topics.name("alert"):
            yield name, "alert"
        elif name.startswith(stem):
            yield name, "notice"


def _ranges(settings: Settings, names: Iterable[str]) -> dict[log.Place, tuple[int, int]]:
    admin = kafka.admin(settings)
    found = admin.list_topics(timeout=kafka.TIMEOUT_S).topics
    places = [(name, part) for name in names for part in found[name].partitions]
    ends = kafka.end_offsets(admin, places)
    lows = kafka.log_ranges(admin, places)
    return {place: (lows[place][0], ends[place]) for place in places}
