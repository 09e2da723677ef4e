"""One digest, in short: the registry is a function of the accepted events, the book and the day.

`make faults` plays the same scenarios longer, and those that other tests hold in short: servers
that die, relays that sleep (`tests/services/test_relay*.py`), topics made again
(`tests/adapters/test_source.py`).
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sijill.adapters.faultpoint import POINTS
from sijill.adapters.ground import Ground
from tests.faults import calm
from tests.faults.scenarios import Form, plays
from tests.faults.stage import Ending, Stage
from tests.faults.verdicts import Broken, Invalid, demand, demand_hit

SEED = 20_261_124
PERSONS = 60


@pytest.fixture(scope="module")
def stage(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A small world on this session's servers."""
    place = tmp_path_factory.mktemp("drills")
    with closing(Stage(ground, place, seed=SEED, persons=PERSONS)) as made:
        yield made


@pytest.fixture(scope="module")
def expected(stage: Stage) -> Ending:
    """What an undisturbed hub ends in."""
    return calm.play(stage)


@pytest.mark.parametrize(
    "name",
    [
        "replay", "clocks", "sleeping-registrar", "thrice", "book", "kills", "lost-tail",
    ],
)  # fmt: skip
def test_disturbed_hub_ends_as_the_calm_one(name: str, stage: Stage, expected: Ending) -> None:
    """Whatever happens on the way: same digest, same open alerts, every offset and version once."""
    for play in plays(name, Form.SHORT, seed=SEED):
        assert play(stage, expected).evidence["alerts"] == len(expected.alerts)


def test_every_point_is_struck_by_a_run() -> None:
    """The quick and the full drills kill at each point of the table."""
    for form in (Form.QUICK, Form.FULL):
        (play,) = plays("kills", form, seed=SEED)
        struck = {fault.point for side in ("registrar", "relay") for fault in play.keywords[side]}
        (other,) = plays("rebuilt", form, seed=SEED)
        assert struck | set(other.keywords["points"]) == set(POINTS)


def test_fault_that_did_not_hit_is_neither_held_nor_broken(tmp_path: Path) -> None:
    """What did not happen has shown nothing, and says so by another word than a broken promise."""
    with pytest.raises(Invalid, match="never"):
        demand_hit(tmp_path.joinpath("struck").exists(), "never")
    with pytest.raises(Broken, match="promise"):
        demand(tmp_path.joinpath("struck").exists(), "promise")
