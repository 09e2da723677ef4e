"""From a load and its measurement to the figures that are printed and kept."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.bench.measure import Timed
from tests.bench.processes import Machine

MILLION = 1_000_000


class Load(NamedTuple):
    """What was published, and what must follow from it."""

    events: int
    persons: int
    registrars: int
    expected: Mapping[str, int]


def figures(load: Load, timed: Timed, *, yardstick: float, machine: Machine) -> dict[str, Any]:
    """Return everything that the bench says, as JSON writes it.

    Rates are events per second; memory is in bytes; alerts count by rule.
    """
    rate = load.events / timed.seconds
    per_event = {stage: s / load.events * MILLION for stage, s in sorted(timed.stages.items())}
    accounted = sum(n for name, n in timed.outcomes.items() if name != "offsets")
    return {
        "events": load.events,
        "persons": load.persons,
        "registrars": load.registrars,
        "events_per_second": round(rate, 1),
        "consume_decode_per_second": round(yardstick, 1),
        "ratio_to_consume_decode": round(rate / yardstick, 4),
        "seconds": round(timed.seconds, 2),
        "seconds_to_first_batch": round(timed.start_seconds, 2),
        "seconds_to_last_position": round(timed.applied_seconds, 2),
        "microseconds_per_event": {stage: round(us, 2) for stage, us in per_event.items()},
        "cpu_seconds_per_million_events": {
            name: round(used.cpu_s / load.events * MILLION, 2) for name, used in timed.used.items()
        },
        "peak_memory_bytes": {name: used.memory for name, used in timed.used.items()},
        "outcomes": timed.outcomes,
        "unaccounted": load.events - accounted,
        "registry_persons": timed.persons,
        "alerts": sum(timed.alerts.values()),
        "alerts_by_rule": dict(sorted(timed.alerts.items())),
        "alerts_expected": dict(sorted(load.expected.items())),
        "alert_records": timed.alert_records,
        "outbox_left": timed.outbox_left,
        "machine": machine._asdict(),
    }


def faults(found: Mapping[str, Any]) -> list[str]:
    """Return why the figures are not to be trusted, one sentence each; empty when they are."""
    said = []
    if found["unaccounted"]:
        said.append(f"{found['unaccounted']} events have no outcome.")
    if found["outcomes"]["applied"] != found["events"]:
        said.append("Not every event was applied.")
    if found["alerts_by_rule"] != found["alerts_expected"]:
        said.append("The alerts are not those of the load.")
    return said


def lines(found: Mapping[str, Any]) -> list[str]:
    """Return the figures as a person reads them."""
    machine = found["machine"]
    cpu, memory = found["cpu_seconds_per_million_events"], found["peak_memory_bytes"]
    counts = {name: format(found[name], ",") for name in ("events", "persons", "alerts")}
    said = [
        "{events} events of {persons} persons, {alerts} alerts".format_map(counts)
        + f", {found['registrars']} registrars",
        _line("events per second", found["events_per_second"]),
        _line("consume and decode alone", found["consume_decode_per_second"]),
        f"  ratio of the two               {found['ratio_to_consume_decode']:>12.3f}",
        _line("seconds", found["seconds"]),
        _line("  to the first batch", found["seconds_to_first_batch"]),
        _line("  to the last position", found["seconds_to_last_position"]),
        "  microseconds of a registrar's time per event",
        *(_line(f"  {stage}", us) for stage, us in found["microseconds_per_event"].items()),
        "  CPU seconds per million events, and peak memory",
        *(
            _line(f"  {name}", seconds) + f"   {memory[name] / MILLION:,.0f} MB"
            for name, seconds in cpu.items()
        ),
        _line("  all", sum(cpu.values())),
        _line("outbox rows still to publish", found["outbox_left"]),
        _line("cores", machine["cores"]),
        _line("  busy with other work", machine["foreign_cores"]),
        _line("  load before", machine["load_before"]),
        _line("  load after", machine["load_after"]),
    ]
    return [*said, *(f"  WRONG: {fault}" for fault in faults(found))]


def _line(name: str, figure: float) -> str:
    return f"  {name:<30} {figure:>12,.1f}"
