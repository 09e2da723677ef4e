"""Where the simulated people live: governorates by population, with their districts."""

from typing import NamedTuple

from sijill.simulation.choosing import Weighted
from sijill.simulation.scenery import Data


class Governorate(NamedTuple):
    """One governorate; `region` says whose welfare system serves it."""

    code: str
    people: int
    districts: tuple[str, ...]
    region: str
    script: str
    remote: bool
    country: str


def governorates(data: Data) -> Weighted[Governorate]:
    """Return the governorates of a geography file, weighted by their people."""
    rows = [
        Governorate(
            row["code"],
            row["people"],
            tuple(row["districts"]),
            row.get("region", "federal"),
            row.get("script", "arabic"),
            row.get("remote", False),
            data["country"],
        )
        for row in data["governorate"]
    ]
    return Weighted((row, row.people) for row in rows)
