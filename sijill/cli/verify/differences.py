"""Differences between what must be and what is, by kind, with a few examples of each.

An example names a record, an alert or a person's key, and the fields that differ, never a value:
it is for the terminal of the hub's owner.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar

K = TypeVar("K", bound=Hashable)

EXAMPLES = 5


class Differences:
    """What was compared, and what differed."""

    def __init__(self) -> None:
        self.compared: dict[str, int] = {}
        self.counts: dict[str, int] = {}
        self.examples: dict[str, list[str]] = {}

    def note(self, kind: str, example: str) -> None:
        """Count one difference."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        shown = self.examples.setdefault(kind, [])
        if len(shown) < EXAMPLES:
            shown.append(example)

    def compare(
        self,
        kind: str,
        expected: Mapping[K, Mapping[str, Any]],
        found: Mapping[K, Mapping[str, Any]],
        *,
        named: Callable[[K], str],
    ) -> None:
        """Compare field by field what must be with what is."""
        self.compared[kind] = self.compared.get(kind, 0) + len(expected)
        for key in sorted(expected.keys() | found.keys(), key=repr):
            if key not in found:
                self.note(f"{kind}: missing", named(key))
            elif key not in expected:
                self.note(f"{kind}: extra", named(key))
            else:
                must, there = expected[key], found[key]
                fields = [name for name in must if must[name] != there.get(name)]
                if fields:
                    self.note(f"{kind}: different", f"{named(key)}: {', '.join(fields)}")

    def each(self, kind: str, examples: Iterable[str]) -> None:
        """Count each example as one difference; none is a check that held."""
        self.compared.setdefault(kind, 0)
        for example in examples:
            self.note(kind, example)
