"""The truth file: what was planted and what was sent, written while it is done.

An overlap is named by its rule and the records it rests on, each as [ministry, stream, source
record id]. Counts say how many messages were sent and which outcome each was meant to have.
"""

from collections import Counter
from typing import Any

RecordName = tuple[str, str, str]

APPLIED, DUPLICATE, SUPERSEDED = "applied", "duplicate", "superseded"


class Truth:
    """What the registry must find, and what must become of every message."""

    def __init__(self) -> None:
        self._overlaps: list[dict[str, Any]] = []
        self._near_misses: list[dict[str, Any]] = []
        self._outcomes: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self.complete = False

    def expect(
        self,
        rule: str,
        *records: RecordName,
        story: str,
        scope: str = "",
        period: str = "",
    ) -> None:
        """Note an overlap of the rule with this id that must be found.

        The first two records are its sides, left and right; an overlap of one side has one.
        """
        assert records
        left, right = records[0], records[1] if len(records) > 1 else None
        self._overlaps.append(
            {
                "rule": rule,
                "left": list(left),
                "right": list(right) if right else None,
                "records": sorted(list(record) for record in records),
                "scope": scope,
                "period": period,
                "story": story,
            }
        )

    def nothing(self, *records: RecordName, story: str) -> None:
        """Note records that come near an overlap and are none, for whoever reads an extra one."""
        names = sorted(list(record) for record in records)
        self._near_misses.append({"records": names, "story": story})

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
            "near_misses": self._near_misses,
            "counts": {
                "published": published,
                "applied": self._outcomes[APPLIED],
                "duplicates": self._outcomes[DUPLICATE],
                "superseded": self._outcomes[SUPERSEDED],
                "refused": refused,
            },
        }
