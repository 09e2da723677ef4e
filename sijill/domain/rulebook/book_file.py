"""The book's own file: ministries with their streams, programmes, classes, source ranks."""

from collections.abc import Iterable, Mapping
from typing import Any

from sijill.domain.event import STREAMS
from sijill.domain.money import CURRENCIES
from sijill.domain.rulebook.model import ATTRIBUTES, Ministry, Programme, Texts
from sijill.domain.rulebook.table import Table

RESERVED = frozenset(
    {"hub", "pulse", "alert", "notice", "advice", "referral", "receipt", "rejected"}
    | {"registry", "relay"}
)
"""Words that stand where a ministry's code stands in topic names."""


def parse_book(content: Mapping[str, object], file: str) -> dict[str, Any]:
    """Return the fields of a Book that its own file gives. Raises LoadError at the first fault."""
    top = Table(content, file=file)
    ministries = _ministries(top.tables("ministry"))
    classes = _classes(top.table("classes"))
    fields = {
        "id": top.text("id"),
        "version": top.text("version"),
        "time_zone": top.text("time_zone"),
        "currency": top.text("currency", choice=tuple(CURRENCIES)),
        "titles": top.texts("title"),
        "ministries": ministries,
        "programmes": _programmes(top.tables("programme"), ministries, classes),
        "classes": classes,
        "source_ranks": _source_ranks(top.table("source_ranks"), ministries),
    }
    top.close()
    return fields


def _ministries(rows: Iterable[Table]) -> dict[str, Ministry]:
    ministries: dict[str, Ministry] = {}
    for row in rows:
        code = _new_code(row, ministries)
        if code in RESERVED:
            raise row.error("code", f"is {code!r}, which names a part of the hub")
        ministries[code] = Ministry(code, row.texts("name"), row.names("streams", known=STREAMS))
        row.close()
    return ministries


def _classes(table: Table) -> dict[str, Texts]:
    return {name: table.texts(name) for name in table.entries()}


def _programmes(
    rows: Iterable[Table], ministries: Mapping[str, Ministry], classes: Mapping[str, Texts]
) -> dict[str, Programme]:
    programmes: dict[str, Programme] = {}
    for row in rows:
        code = _new_code(row, programmes)
        owners = row.names("ministry", known=tuple(ministries))
        for owner in owners:
            if "enrollment" not in ministries[owner].streams:
                raise row.error("ministry", f"{owner!r} writes no enrollments")
        household = row.flag("household")
        roster = _roster(row.table("roster"), ministries) if row.has("roster") else None
        if roster and not household:
            raise row.error("roster", "needs household = true")
        programmes[code] = Programme(
            code=code,
            ministries=owners,
            klass=row.text("class", choice=tuple(classes)),
            benefit_class=row.text("benefit_class"),
            roster=roster,
            household=household,
            titles=row.texts("title"),
        )
        row.close()
    return programmes


def _roster(table: Table, ministries: Mapping[str, Ministry]) -> tuple[str, str]:
    ministry = table.text("ministry", choice=tuple(ministries))
    if "household" not in ministries[ministry].streams:
        raise table.error("ministry", f"{ministry!r} writes no households")
    roster = (ministry, table.text("code"))
    table.close()
    return roster


def _source_ranks(table: Table, ministries: Mapping[str, Ministry]) -> dict[str, tuple[str, ...]]:
    ranks = {name: table.names(name, known=tuple(ministries)) for name in ATTRIBUTES}
    table.close()
    return ranks


def _new_code(row: Table, taken: Mapping[str, object]) -> str:
    """Return the row's code: lower case, digits and hyphens, and not taken yet."""
    code = row.text("code")
    if not code.isascii() or not code.replace("-", "a").isalnum() or code != code.lower():
        raise row.error("code", "must be of small letters, digits and hyphens")
    if code in taken:
        raise row.error("code", f"{code!r} stands there twice")
    return code
