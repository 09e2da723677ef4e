"""What must be, computed calmly: all facts of a story at once, in one order, without a registry.

The domain's own functions say who is who and what overlaps; what is proved is that the order and
the batches in which a registry meets the records change nothing of it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sijill.domain import alerts
from sijill.domain.event import INF, Event, Fact
from sijill.domain.fold import persons
from sijill.domain.household import assemble, named_by
from sijill.domain.identity import Grouping, clusters, group, saturated_tokens
from sijill.domain.rulebook import Book
from sijill.domain.rules import evaluate_household, evaluate_person
from sijill.domain.rules.overlap import Overlap
from tests.properties.telling import HUB_KEY


class Open(NamedTuple):
    """An open alert: what it rests on, and what the decisions make of it."""

    overlap: Overlap
    stage: str


def in_use(events: Iterable[Event]) -> list[tuple[Event, bool]]:
    """Return each record's version in use and whether it is disputed: a function of the set.

    The highest number counts, and among its contents the greatest. Records come in the order in
    which they were heard of, so that what must not hang on it is put to the proof.
    """
    best: dict[bytes, int] = {}
    for event in (events := list(events)):
        best[event.record] = max(event.seq, best.get(event.record, event.seq))
    contents: dict[bytes, dict[bytes, Event]] = {}
    for event in events:
        if event.seq == best[event.record]:
            contents.setdefault(event.record, {})[event.content] = event
    return [(found[max(found)], len(found) > 1) for found in contents.values()]


def facts_of(used: Iterable[tuple[Event, bool]]) -> list[Fact]:
    """Return the facts that the versions in use say."""
    return [f._replace(disputed=disputed) for event, disputed in used for f in event.facts]


def groupings(facts: list[Fact]) -> list[Grouping]:
    """Return who is who, cluster by cluster."""
    saturated = saturated_tokens(facts)
    return [group(cluster, saturated) for cluster in clusters(facts, saturated)]


class Evaluated(NamedTuple):
    """Every overlap of persons and of households, and the next day on which one could change."""

    overlaps: list[Overlap]
    next_change: int


def evaluated(facts: list[Fact], book: Book, as_of: int) -> Evaluated:
    """Return what the rules say of all persons and households on the day."""
    people = [person for one in groupings(facts) for person in persons(one, book)]
    names = {name for fact in facts if (name := named_by(fact, book))}
    families = [assemble(name, people, book) for name in sorted(names)]
    answers = [evaluate_person(person, book, as_of) for person in people]
    answers += [evaluate_household(family, book, as_of) for family in families]
    return Evaluated(
        [overlap for overlaps, _ in answers for overlap in overlaps],
        min((change for _, change in answers), default=INF),
    )


def open_alerts(events: Iterable[Event], book: Book, as_of: int) -> dict[bytes, Open]:
    """Return the open alerts, raised or permitted, and where the decisions have brought them."""
    used = in_use(events)
    answers: dict[bytes, list[alerts.Answer]] = {}
    for event, _ in used:
        said = event.decision
        if said is not None:
            answers.setdefault(said.notice, []).append(
                alerts.Answer(event.ministry, said.basis, said.code, said.until,
                              event.occurred_at, event.content)
            )  # fmt: skip
    result = {}
    found = evaluated(facts_of(used), book, as_of).overlaps
    # Of one id the last counts: what is raised comes after what is permitted.
    for number, overlap in {alerts.alert_id(HUB_KEY, o): o for o in found}.items():
        heard = [
            answer
            for ministry in (*alerts.ministries(overlap), alerts.HUB)
            for answer in answers.get(alerts.notice_id(HUB_KEY, ministry, number), ())
            if answer.ministry == ministry
        ]
        verdict = alerts.decide(
            alerts.basis(HUB_KEY, overlap), heard, as_of=as_of,
            materiality=book.rule(overlap.rule).materiality,
        )  # fmt: skip
        result[number] = Open(overlap, verdict.stage)
    return result


def shown(events: Iterable[Event], book: Book, as_of: int) -> dict[bytes, tuple[bytes, str]]:
    """Return what each open alert says, as a hash, and its state."""
    found = open_alerts(events, book, as_of)
    return {number: (alerts.content(alert.overlap), alert.stage) for number, alert in found.items()}
