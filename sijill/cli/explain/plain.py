"""A dossier as programs read it: the same content, with dates as ISO writes them."""

from datetime import UTC, date, datetime
from typing import Any

from sijill.domain.dossier.drawing import draw
from sijill.domain.dossier.shapes import Dossier
from sijill.domain.event import INF

DAYS = frozenset(
    (*("raised_on", "as_of", "valid_from", "valid_through", "published", "first", "last", "day"),
     *("until", "next_change"))
)  # fmt: skip
SPANS = frozenset(("spans", "days", "pauses"))


def plain(dossier: Dossier, *, width: int) -> dict[str, Any]:
    """Return the dossier as JSON holds it; the drawing stands in it as lines."""
    told: dict[str, Any] = {name: _plain(name, value) for name, value in dossier._asdict().items()}
    del told["rows"], told["window"]
    told["asked"] = [{"ministry": code, "notice": notice} for code, notice in dossier.asked]
    told["drawing"] = draw(dossier.rows, dossier.window, width=width, today=dossier.as_of)
    return told


def _plain(name: str, value: Any) -> Any:
    if name in SPANS:
        return [
            {"from": _iso(start), "through": _iso(stop - 1) if stop < INF else None}
            for start, stop in value
        ]
    if name in DAYS:
        return None if value is None else _iso(value)
    if name == "occurred_at":
        moment = datetime.fromtimestamp(value / 1000, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if hasattr(value, "_asdict"):
        return {inner: _plain(inner, each) for inner, each in value._asdict().items()}
    if isinstance(value, tuple):
        return [_plain("", each) for each in value]
    return value


def _iso(day: int) -> str:
    return date.fromordinal(day).isoformat()
