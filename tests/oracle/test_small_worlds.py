"""The hub's own code and the oracle, on thousands of small worlds in which everything collides."""

from datetime import date

import pytest

from tests.oracle import pure, rich_book
from tests.oracle.small_worlds import Chance

AS_OF = date(2026, 6, 1).toordinal()
WORLDS = 250
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
        found = pure.differences(pure.raws([*sent, *answers]), FILES, as_of=as_of, known=known)
        assert found.counts == {}, (seed, found.examples)
        alerts += found.compared["alerts"]
        decided += len(answers)

    assert (alerts > 0, decided > 0) == (True, True)
