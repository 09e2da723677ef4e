"""The country's data files, read as plain data: places, names, ways of life, the book's codes."""

import tomllib
from importlib.resources import files
from typing import Any

Data = dict[str, Any]


def read(country: str, name: str) -> Data:
    """Return the simulation's own file `name`.toml of the country.

    Raises FileNotFoundError when nobody has described that country for the simulation.
    """
    path = files("sijill.simulation") / country / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def book(country: str) -> Data:
    """Return the country's book.toml, for its codes and rosters only."""
    path = files("sijill.rulebooks") / country / "book.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))
