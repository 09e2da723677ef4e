"""Programmes as the simulation sees them: codes and rosters of the book, the life file's habits."""

from random import Random
from typing import NamedTuple

from sijill.simulation.calendar import Month
from sijill.simulation.scenery import Data


class Roster(NamedTuple):
    """The list of families that a household programme uses, and who keeps it."""

    ministry: str
    code: str

    def number(self, household: int) -> str:
        """Return the number under which this roster files that household."""
        initials = "".join(word[0] for word in self.code.split("-")).upper()
        return f"{initials}-{household:07d}"


class Programme(NamedTuple):
    """One programme: what it gives to whom, how often, and who may pay it."""

    code: str
    ministries: tuple[str, ...]
    benefit_class: str
    household: bool
    roster: Roster | None
    amount: tuple[int, int, int]
    per_member: bool
    currency: str
    form: str
    since: int
    months: tuple[int, ...]
    once: bool
    planned: bool
    categories: tuple[str, ...]
    has_degree: bool

    def draw_amount(self, rng: Random, members: int) -> int:
        """Return a monthly amount in the currency's counting unit."""
        low, high, step = self.amount
        amount = low + step * rng.randrange((high - low) // step + 1)
        return amount * members if self.per_member else amount

    def pays_in(self, month: Month, start: int) -> bool:
        """Return whether an enrollment that began on `start` is given something that month."""
        if self.once:
            return month.first <= start <= month.last
        return start <= month.first and month.number in self.months


def programmes(book: Data, life: Data) -> dict[str, Programme]:
    """Return every programme of the book that the life file describes, by code.

    Raises KeyError when the life file names a programme that the book does not know.
    """
    listed = {row["code"]: row for row in book["programme"]}
    return {code: _programme(listed[code], habits) for code, habits in life["programme"].items()}


def _programme(row: Data, habits: Data) -> Programme:
    roster = row.get("roster")
    low, high, step = habits["amount"]
    return Programme(
        row["code"],
        tuple(row["ministry"]),
        row["benefit_class"],
        row["household"],
        Roster(roster["ministry"], roster["code"]) if roster else None,
        (low, high, step),
        habits.get("times") == "member",
        habits.get("currency", "IQD"),
        habits.get("form", "CASH"),
        habits["since"],
        tuple(habits.get("months", range(1, 13))),
        habits.get("once", False),
        habits.get("planned", False),
        tuple(habits.get("categories", ())),
        habits.get("degree", False),
    )
