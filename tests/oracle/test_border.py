"""The oracle's own border and the hub's: the same verdict on everything that can be sent."""

import pytest

from sijill.adapters.acceptance import Acceptor
from sijill.adapters.refusal import Refusal
from sijill.domain import names
from sijill.oracle.border.avro import Refused
from sijill.oracle.border.names import skeleton
from sijill.oracle.border.reading import Raw, Version, accept
from tests.adapters.bad_records import REFUSED, Bad
from tests.fuzz.mutation import Case, case
from tests.oracle.pure import REGISTRY_KEY, same

SEED = 20_261_124
CASES = 3_000
ACCEPTOR = Acceptor(REGISTRY_KEY)


def verdicts(sent: Case | Bad) -> tuple[object, object]:
    """Return what the hub and the oracle make of a record, in words that can be compared."""
    headers = tuple((name, text or b"") for name, text in sent.headers)
    raw = Raw(sent.topic, 0, 0, sent.key, sent.value, headers)
    hub = ACCEPTOR.accept(sent.topic, sent.key, sent.value, headers)
    try:
        found: Version | tuple[str, ...] = accept(raw, REGISTRY_KEY)
    except Refused as refused:
        found = refused.args
    if isinstance(hub, Refusal):
        refused_too = not isinstance(found, Version) and same(hub.reason, found)
        return hub.reason, hub.reason if refused_too else found
    said = (hub.ministry, hub.stream, hub.record_id), hub.seq, hub.content, hub.void
    tokens = [fact.tokens for fact in hub.facts]
    if not isinstance(found, Version):
        return said, found
    linked = [tuple((one.rank, one.token) for one in m.ids) for m in found.mentions]
    return (*said, tokens), (found.name, found.seq, found.content, found.void, linked)


@pytest.mark.parametrize("bad", REFUSED, ids=lambda bad: bad.line)
def test_bad_records_are_refused_alike(bad: Bad) -> None:
    """Each way in which a record can be bad is refused for the same reason by both."""
    hub, oracle = verdicts(bad)

    assert oracle == hub == bad.reason


def test_damaged_records_meet_one_verdict() -> None:
    """Records damaged at random are accepted or refused alike, and mean the same."""
    pairs = [verdicts(case(SEED, number)) for number in range(CASES)]

    assert [pair for pair in pairs if pair[0] != pair[1]] == []
    assert len({str(hub) for hub, _ in pairs}) > 100


@pytest.mark.parametrize(
    "name",
    [
        "عبد الرحمن",
        "Abd al-Rahman",
        "د. محمد بن علي",
        "آل ياسين",
        "ئه‌حمه‌د",
        "Sa'ad",
        "الهام",
        "ﻋﻠﻲ",
    ],
)
def test_skeletons_are_equal(name: str) -> None:
    """What tells people apart by name is the same for both."""
    assert skeleton(name) == names.skeleton(name)
