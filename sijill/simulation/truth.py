"""The truth file: what was planted and what was sent, written while it is done.

An overlap is named by its rule and the records it rests on, each as [ministry, stream, source
record id]. Counts say how many messages were sent and which outcome each was meant to have.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

RecordName = tuple[str, str, str]

APPLIED, DUPLICATE, SUPERSEDED = "applied", "duplicate", "superseded"


class Truth:
    """What the registry must find, and what must become of every message."""

    def __init__(self) -> None:
        self._overlaps: list[dict[str, Any]] = []
        self._permitted: list[dict[str, Any]] = []
        self._near_misses: list[dict[str, Any]] = []
        self._outcomes: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self.complete = False

    def expect(
        self,
        rule: str,
        *sides: RecordName,
        story: str,
        evidence: Sequence[RecordName] = (),
        period: str = "",
    ) -> None:
        """Note an overlap of the rule with this id that must be found.

        It has one side or two; `evidence` names the further records that it rests on.
        """
        left, right = sides[0], sides[1] if len(sides) > 1 else None
        self._overlaps.append(
            {
                "rule": rule,
                "left": list(left),
                "right": list(right) if right else None,
                "records": _lists([*sides, *evidence]),
                "period": period,
                "story": story,
            }
        )

    def permit(self, rule: str, *sides: RecordName, story: str) -> None:
        """Note a meeting of two records that the rule must answer with "permitted"."""
        self._permitted.append({"rule": rule, "records": _lists(sides), "story": story})

    def nothing(self, *records: RecordName, story: str) -> None:
        """Note records that come near an overlap and are none, for whoever reads an extra one."""
        self._near_misses.append({"records": _lists(records), "story": story})

    def sent(self, outcome: str) -> None:
        """Count one message; `outcome` is applied, duplicate, superseded or a refusal's reason."""
        if outcome in (APPLIED, DUPLICATE, SUPERSEDED):
            self._outcomes[outcome] += 1
        else:
            self._refused[outcome] += 1

    def as_dict(self) -> dict[str, Any]:
        """Return the truth file's content. Raises RuntimeError while messages are still to come."""
        if not self.complete:
            raise RuntimeError("the truth is complete when all messages have been taken")
        refused = dict(sorted(self._refused.items()))
        published = sum(self._outcomes.values()) + sum(refused.values())
        return {
            "overlaps": self._overlaps,
            "permitted": self._permitted,
            "near_misses": self._near_misses,
            "counts": {
                "published": published,
                "applied": self._outcomes[APPLIED],
                "duplicates": self._outcomes[DUPLICATE],
                "superseded": self._outcomes[SUPERSEDED],
                "refused": refused,
            },
        }


def _lists(records: Iterable[RecordName]) -> list[list[str]]:
    return sorted(list(record) for record in records)
