"""Weighted choice that is fast enough for millions of draws."""

from bisect import bisect
from collections.abc import Iterable
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Weighted(Generic[T]):
    """Items with weights; one draw is one random number and one binary search."""

    def __init__(self, pairs: Iterable[tuple[T, float]]) -> None:
        rows = list(pairs)
        if not rows:
            raise ValueError("there is nothing to choose from")
        self.items = [item for item, _ in rows]
        self._bounds = list(accumulate(weight for _, weight in rows))
        self._total = self._bounds[-1]

    def pick(self, rng: Random) -> T:
        """Return one item, each as often as its weight says."""
        return self.items[
            min(bisect(self._bounds, rng.random() * self._total), len(self.items) - 1)
        ]
