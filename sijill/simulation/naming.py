"""Names as four-part chains, each part in three scripts and in several passport spellings."""

from random import Random
from typing import NamedTuple

from sijill.simulation.choosing import Weighted
from sijill.simulation.scenery import Data

_PLAIN = str.maketrans("أإآ", "ااا")


class Name(NamedTuple):
    """One name part as Arabic, Sorani and Latin letters write it."""

    arabic: str
    sorani: str
    latin: tuple[str, ...]

    def written(self, script: str, variant: int) -> str:
        """Return the name in that script; `variant` chooses among the Latin spellings.

        "plain" is Arabic as hurried clerks type it, without the hamza on an alef.
        """
        if script == "plain":
            return self.arabic.translate(_PLAIN)
        if script == "latin":
            return self.latin[variant % len(self.latin)]
        return self.sorani if script == "sorani" else self.arabic


class Chain(NamedTuple):
    """A whole name: given, father, grandfather, great-grandfather, family; and the mother's."""

    given: Name
    father: Name
    grandfather: Name
    great_grandfather: Name
    family: Name | None
    mother_given: Name
    mother_father: Name


class Onomasticon:
    """The names of one country, drawn as they are borne."""

    def __init__(self, data: Data) -> None:
        arabic = {sex: _rows(data[sex]) for sex in ("male", "female")}
        self._given = {("arabic", sex): Weighted(rows) for sex, rows in arabic.items()} | {
            # Arabic and Kurdish names are borne side by side where Sorani is written.
            ("sorani", sex): Weighted([*rows, *_rows(data[f"kurdish_{sex}"], times=6)])
            for sex, rows in arabic.items()
        }
        self._family = {
            "arabic": Weighted(_rows(data["family"])),
            "sorani": Weighted(_rows(data["kurdish_family"])),
        }

    def given(self, rng: Random, *, sex: str, script: str) -> Name:
        """Return a given name of that sex, as frequent as it is among writers of that script."""
        return self._given[script, sex].pick(rng)

    def family(self, rng: Random, script: str) -> Name:
        """Return a family, tribal or place name."""
        return self._family[script].pick(rng)

    def chain(self, rng: Random, *, sex: str, script: str) -> Chain:
        """Return the name of a person without known parents; three in five bear a family name."""
        male, female = self._given[script, "male"], self._given[script, "female"]
        own = male if sex == "male" else female
        return Chain(
            own.pick(rng),
            male.pick(rng),
            male.pick(rng),
            male.pick(rng),
            self.family(rng, script) if rng.random() < 0.6 else None,
            female.pick(rng),
            male.pick(rng),
        )

    def child(self, rng: Random, *, sex: str, script: str, parents: tuple[Chain, Chain]) -> Chain:
        """Return the name of a child of these parents: (father's chain, mother's chain)."""
        father, mother = parents
        return Chain(
            self.given(rng, sex=sex, script=script),
            father.given,
            father.father,
            father.grandfather,
            father.family,
            mother.given,
            mother.father,
        )


def _rows(lines: list[str], *, times: int = 1) -> list[tuple[Name, float]]:
    rows = []
    for line in lines:
        arabic, sorani, latin, weight = line.split("|")
        rows.append((Name(arabic, sorani, tuple(latin.split("/"))), float(weight) * times))
    return rows
