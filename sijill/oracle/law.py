"""A rulebook from its TOML files: what governs each day, read again for every question."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

EXPONENTS = {"IQD": 0, "USD": 2, "EUR": 2, "GBP": 2, "TRY": 2, "SAR": 2, "JOD": 3}
"""Decimal digits of each currency's counting unit."""

Table = dict[str, Any]


class Book:
    """A country's book, with the law that was published up to a day."""

    def __init__(self, files: Mapping[str, str], known: int | None = None) -> None:
        parsed = {name: tomllib.loads(text) for name, text in files.items()}
        book = parsed.pop("book.toml")
        self.known = known
        self.currency: str = book["currency"]
        self.source_ranks: dict[str, list[str]] = book["source_ranks"]
        self.ministries = {row["code"] for row in book["ministry"]}
        self.programmes: dict[str, Table] = {row["code"]: row for row in book["programme"]}
        self.rules: list[Table] = sorted(parsed.values(), key=lambda rule: str(rule["id"]))
        self._versions: dict[tuple[str, int], Table | None] = {}

    def owned(self, programme: str, ministry: str) -> Table | None:
        """Return a programme's row if the ministry may speak for it."""
        row = self.programmes.get(programme)
        return row if row and ministry in listed(row["ministry"]) else None

    def version(self, rule: Table, day: int) -> Table | None:
        """Return the version of a rule in force on a day; asked for many days, so remembered."""
        key = (rule["id"], day)
        if key not in self._versions:
            self._versions[key] = self.governing(rule, rule["version"], day)
        return self._versions[key]

    def governing(self, rule: Table, rows: list[Table], day: int) -> Table | None:
        """Return the row in force on a day: the latest first day, then the latest published."""
        known = [row for row in rows if row["from"].toordinal() <= day and self._known(rule, row)]
        return max(
            known,
            key=lambda r: (r["from"], rule["sources"][r["source"]]["published"]),
            default=None,
        )

    def exceptions(self, rule: Table, label: str) -> list[Table]:
        """Return what overrides a version, the last word first."""
        over = {row["over"]: row for row in rule.get("exception", ()) if self._known(rule, row)}
        chain: list[Table] = []
        while label in over:
            chain.insert(0, over[label])
            label = over[label]["label"]
        return chain

    def parameter(self, rule: Table, name: str, day: int) -> int | None:
        """Return a dated number of the law on a day; money in counting units."""
        param = rule["params"][name]
        row = self.governing(rule, param["values"], day)
        scale = 10 ** EXPONENTS.get(param["unit"].split("/")[0], 0)
        return int(row["value"]) * scale if row else None

    def materiality(self, rule_id: str) -> int:
        """Return by how much money an alert may grow before it is asked again."""
        found = [rule.get("materiality", 0) for rule in self.rules if rule["id"] == rule_id]
        return int(sum(found) * 10 ** EXPONENTS[self.currency])

    def last_day(self) -> int:
        """Return the last day from which anything of the book governs."""
        rows = [row for rule in self.rules for row in rule["version"] + rule.get("exception", [])]
        rows += [
            r for rule in self.rules for p in rule.get("params", {}).values() for r in p["values"]
        ]
        return max((row["from"].toordinal() for row in rows), default=0)

    def _known(self, rule: Table, row: Table) -> bool:
        published = rule["sources"][row["source"]]["published"].toordinal()
        return self.known is None or published <= self.known


def listed(value: str | list[str] | None) -> list[str]:
    """Return a list, of which one string is a short form."""
    return [value] if isinstance(value, str) else list(value or ())


@cache
def month_of(day: int) -> str:
    """Return the month of a day, such as "2024-06"."""
    return date.fromordinal(day).isoformat()[:7]
