"""The summary of the demonstration, as text."""

from collections.abc import Iterable
from typing import Any

from sijill.cli import alert_text
from sijill.cli.demo.verdict import Finding, Verdict, finding
from sijill.cli.lag import OUTCOMES, Account
from sijill.domain.rulebook import Book

IN_FULL = 3
LISTED = 5


def summary(verdict: Verdict, book: Book) -> list[str]:
    """Return the lines of the summary."""
    return [
        "",
        *_accounting(verdict),
        "",
        *_truth(verdict),
        *_oracle(verdict),
        *_speed(verdict),
        "",
        *_in_full(verdict, book),
        *_result(verdict),
    ]


def _accounting(verdict: Verdict) -> Iterable[str]:
    yield "What became of every event, by topic (the outcomes add up to the offsets):"
    names = {topic.removeprefix("sijill."): row for topic, row in verdict.evidence.by_topic.items()}
    busy = {name: row for name, row in names.items() if row.accounted}
    width = max(map(len, [*busy, "topic"]))
    heads = (*OUTCOMES, "offsets")
    yield f"  {'topic':<{width}}" + "".join(f"{head:>12}" for head in heads)
    for name, row in [*busy.items(), ("all", verdict.evidence.total)]:
        cells = (*row[: len(OUTCOMES)], row.next_offset - row.first_offset)
        holds = "" if _holds(row) else "  DOES NOT ADD UP"
        yield f"  {name:<{width}}" + "".join(f"{cell:>12,}" for cell in cells) + holds
    figures = verdict.figures
    yield (
        f"  published {figures['published']:,} = applied {figures['applied']:,} + duplicate "
        f"{figures['duplicate']:,} + superseded {figures['superseded']:,} + quarantined "
        f"{figures['quarantined']:,} + unaccounted {figures['unaccounted']:,}"
    )
    yield "Quarantine by reason:"
    for reason, count in sorted(verdict.evidence.quarantine.items()):
        yield f"  {count:>6,}  {reason}"


def _holds(row: Account) -> bool:
    return row.accounted == row.next_offset - row.first_offset


def _truth(verdict: Verdict) -> Iterable[str]:
    planted = len(verdict.evidence.truth["overlaps"])
    yield (
        f"Truth file: {planted} overlaps planted, {len(verdict.missed)} missed, "
        f"{len(verdict.extra)} extra."
    )
    stories = {
        finding(o["rule"], map(tuple, o["records"])): o["story"]
        for o in verdict.evidence.truth["overlaps"]
    }
    near = {
        tuple(record): near["story"]
        for near in verdict.evidence.truth["near_misses"]
        for record in near["records"]
    }
    for missed in verdict.missed[:LISTED]:
        yield f"  missed {_named(missed)}: {stories[missed]}"
    for extra in verdict.extra[:LISTED]:
        told = next((near[record] for record in extra[1] if record in near), "nothing planted")
        yield f"  extra {_named(extra)}: {told}"


def _named(found: Finding) -> str:
    records = ", ".join("/".join(record) for record in sorted(found[1]))
    return f"{found[0]} ({records})"


def _oracle(verdict: Verdict) -> Iterable[str]:
    oracle = verdict.evidence.oracle
    if oracle is not None:
        names = ("records", "facts", "persons", "alerts", "output", "partitions")
        compared = (f"{oracle.differences.compared.get(name, 0):,} {name}" for name in names)
        differ = sum(oracle.differences.counts.values())
        yield (
            f"Oracle: {', '.join(compared)} compared in {oracle.seconds:.0f} s, {differ} differ."
        )
        for examples in oracle.differences.examples.values():
            yield from (f"  {example}" for example in examples)


def _speed(verdict: Verdict) -> Iterable[str]:
    figures, seen = verdict.figures, verdict.evidence
    registry = ", ".join(f"{count:,} {name}" for name, count in seen.registry._asdict().items())
    yield f"Registry: {registry}."
    yield (
        f"Speed: {figures['events_per_second']:,} events/s over {seen.seconds:.0f} s, until "
        f"everything was applied and published."
    )
    if figures["alert_latency_p50_s"] is not None:
        yield (
            f"Alerts: {figures['alerts_raised']} raised, {figures['alerts_withdrawn']} withdrawn; "
            f"on the topic {figures['alert_latency_p50_s']:.2f} s (half of them) to "
            f"{figures['alert_latency_p99_s']:.2f} s (99 %) after the event, by Kafka's append "
            f"times of {len(seen.alerts.latencies)} alert records."
        )


def _in_full(verdict: Verdict, book: Book) -> Iterable[str]:
    """Yield a few alerts in both languages, each of another rule where there are enough."""
    chosen: dict[str, dict[str, Any]] = {}
    ordered = sorted(verdict.evidence.alerts.open, key=lambda r: (-r["amount"], r["alert_id"]))
    for record in ordered:
        chosen.setdefault(record["rule"], record)
    taken = [*chosen.values(), *(r for r in ordered if r not in chosen.values())][:IN_FULL]
    for record in taken:
        for lang in alert_text.LANGUAGES:
            yield from alert_text.lines(record, book, lang)
        yield ""


def _result(verdict: Verdict) -> Iterable[str]:
    if not verdict.failures:
        yield "Nothing lost, nothing missed, nothing extra, nothing unaccounted."
    for failure in verdict.failures:
        yield f"FAILED: {failure}"
