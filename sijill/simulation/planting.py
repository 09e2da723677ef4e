"""Plants the scenes of the country's plants file, each as often as its row says."""

from sijill.simulation.scenery import Data
from sijill.simulation.scenes import SCENES
from sijill.simulation.stage import Stage


class Planting:
    """The rows of a plants file, for a population of a given size."""

    def __init__(self, data: Data, persons: int) -> None:
        """Check the rows. KeyError when one names a scene that does not exist."""
        self._rows = [
            (SCENES[row["scene"]], {"region": data["region"], **row}) for row in data["plant"]
        ]
        self._persons = persons

    def play(self, stage: Stage) -> None:
        """Play every row at least once; what is written waits on the stage for its day."""
        for scene, row in self._rows:
            for _ in range(max(1, round(row["per_1000"] * self._persons / 1000))):
                scene(stage, row)
