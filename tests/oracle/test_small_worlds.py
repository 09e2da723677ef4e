"""The hub's own code and the oracle, on thousands of small worlds in which everything collides."""

from datetime import date
from typing import Any

import pytest

from sijill.cli.verify.differences import Differences
from sijill.oracle.border.reading import Raw
from tests.oracle import pure, rich_book
from tests.oracle.pure import Sent
from tests.oracle.small_worlds import Chance
from tests.services.story import enrollment, event, payment, person

AS_OF = date(2026, 6, 1).toordinal()
WORLDS = 250
SETTLING = (0, 3, 5, 12, 40)
"""The days that the rules of the book let pass."""
FILES = rich_book.files()


@pytest.mark.parametrize("start", range(0, WORLDS, 50))
def test_oracle_agrees_on_small_worlds(start: int) -> None:
    """Whatever the order, versions, identifiers, law and day: both say the same in everything."""
    alerts = decided = 0
    for seed in range(start, start + 50):
        chance = Chance(seed)
        sent = chance.world(12 + seed % 24)
        as_of = AS_OF - seed % 7 * 17
        known = as_of if seed % 3 else AS_OF * 2
        half = pure.raws(sent[: len(sent) * 3 // 4])
        answers = chance.decisions(pure.asked(half, FILES, as_of=as_of, known=known))
        read = pure.raws([*sent, *answers, *chance.more()])
        for day in days(read, as_of, known=known):
            found = pure.differences(read, FILES, as_of=day, known=known)
            assert found.counts == {}, (seed, day, found.examples)
            alerts += found.compared["alerts"]
        decided += len(answers)

    assert (alerts > 20, decided > 10) == (True, True)


def days(read: list[Raw], as_of: int, *, known: int) -> list[int]:
    """Return the as-of day, and days on which some overlap comes into being or has settled."""
    begun = sorted(set(pure.since(read, FILES, as_of=as_of, known=known)))
    turns = {since + settle for since in begun[:2] for settle in SETTLING}
    return [as_of, *sorted(turns)]


@pytest.mark.parametrize(
    ("more", "until", "stage"),
    [
        (100_000, None, "CONFIRMED"),
        (200_000, None, "REOPENED"),
        (100_000, "2026-06-01", "CONFIRMED"),
        (100_000, "2026-05-31", "REOPENED"),
    ],
)
def test_oracle_agrees_on_how_far_a_decision_reaches(
    more: int, until: str | None, stage: str
) -> None:
    """An answer covers money that grew by no more than the materiality, through its last day."""
    ali = person("198012345678")
    sent: list[Sent] = [
        ("molsa", *enrollment("e1", "spn", ali)),
        ("pensions", *enrollment("p1", "pension", ali)),
        ("molsa", *payment("y1", "spn", ali, month="2026-03")),
    ]
    known = AS_OF * 2
    (_, notice, basis), *_ = pure.asked(pure.raws(sent), FILES, as_of=AS_OF, known=known)
    answer: dict[str, Any] = {
        "status": "ISSUED",
        "notice_id": notice.hex(),
        "basis": basis,
        "code": "CONFIRMED",
        "until": until,
    }
    sent.append(("molsa", *event("decision", "d1", **answer)))
    sent.append(("molsa", *payment("y2", "spn", ali, month="2026-04", amount=more)))

    read = pure.raws(sent)
    found = pure.differences(read, FILES, as_of=AS_OF, known=known)
    hub = pure.registry(read, FILES, as_of=AS_OF, known=known, refused=Differences(), model=None)

    assert found.counts == {}
    assert [alert["decision"] for alert in hub.alerts.values()] == [stage]
