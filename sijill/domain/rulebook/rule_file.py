"""One rule from its TOML file: law, sides, dated values, verdicts, exceptions, texts, cases."""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from sijill.domain.money import CURRENCIES
from sijill.domain.rulebook.model import (
    INCOME_CLASSES,
    ROLES,
    TYPES,
    VERDICTS,
    Case,
    Exemption,
    LoadError,
    Param,
    Rule,
    Side,
    Source,
    Texts,
    Unsure,
    Version,
)
from sijill.domain.rulebook.table import Table
from sijill.domain.timeline import Timeline, dated

FACTS = ("enrollment", "payment", "income")
HOLDERS = ("person", "household", "member")
SEES = ("class", "month", "amount")
CONDITIONS = ("waiver", "category")
PLAIN_UNITS = ("days", "count")
THEN = frozenset(
    {"known", "raised", "permitted", "amount", "count", "since", "next"}
    | {"certainty", "exception", "change", "cause"}
)
"""What a golden case may say of one day of knowledge."""

T = TypeVar("T")


class Frame(NamedTuple):
    """What a rule's file is read against: parts of the book, and the day of knowledge."""

    programmes: tuple[str, ...]
    currency: str
    known: int


def parse_rule(content: Mapping[str, object], file: str, frame: Frame) -> Rule:
    """Return the rule of a parsed file. Raises LoadError at the first fault."""
    rule_id = content.get("id")
    rule_id = rule_id if isinstance(rule_id, str) else ""
    top = Table(content, file=file, rule=rule_id)
    sources = _sources(top.table("sources"))
    law = _Law(sources, frame.known)
    sides = top.table("sides")
    left = _side(sides.table("left"), frame.programmes)
    right = _side(sides.table("right"), frame.programmes) if sides.has("right") else None
    sides.close()
    params = _params(top, law)
    test = top.table("test")
    ceiling = _ceiling(test, params)
    run_off = _named(test, "run_off", params)
    in_force, exemptions = _versions(top, law), _exemptions(top, law)
    rule = Rule(
        id=top.text("id"),
        type=top.text("type", choice=TYPES),
        file=file,
        reviewed=top.day("reviewed"),
        severity=top.text("severity", choice=("high", "normal", "low")),
        materiality=top.number("materiality", default=0) * 10 ** CURRENCIES[frame.currency],
        title=top.texts("title"),
        sources=sources,
        left=left,
        right=right,
        period=test.text("period", choice=("day", "month", "key")),
        ceiling=ceiling,
        run_off=run_off,
        params=params,
        in_force=in_force,
        exemptions=exemptions,
        unsure=tuple(_unsure(doubt) for doubt in top.tables("unsure")),
        texts=_texts(top.table("texts")),
        cases=tuple(_case(case) for case in top.tables("case")),
    )
    test.close()
    top.close()
    for name in sources:
        if name not in law.used:
            raise LoadError(file, rule.id, f"sources.{name}", "is a source that nothing uses")
    return rule


class _Law:
    """The sources as the dated parts use them: which were used, and which are known yet."""

    def __init__(self, sources: Mapping[str, Source], known: int) -> None:
        self.sources, self.known = sources, known
        self.used: set[str] = set()

    def dates(self, table: Table) -> tuple[str, int, int]:
        """Return (source, first day governed, day published) of a dated part.

        A part whose law was published after it takes effect must say `retroactive = true`, and no
        other may: that catches mistyped years.
        """
        source, start = table.text("source"), table.day("from")
        if source not in self.sources:
            raise table.error("source", f"names {source!r}, which is not under [sources]")
        self.used.add(source)
        published = self.sources[source].published
        if table.flag("retroactive") != (published > start):
            raise table.error("retroactive", "must be true exactly when published is after from")
        return source, start, published


def _sources(table: Table) -> dict[str, Source]:
    return {name: _source(table.table(name)) for name in table.entries()}


def _source(table: Table) -> Source:
    source = Source(table.texts("cite"), table.day("published"), table.text_or("url"))
    table.close()
    return source


def _side(table: Table, programmes: tuple[str, ...]) -> Side:
    fact = table.text("fact", choice=FACTS)
    keys: tuple[str, ...] = ()
    if fact == "income":
        keys = tuple(f"income:{name}" for name in table.names("class", known=INCOME_CLASSES))
    elif table.has("programme"):
        keys = table.names("programme", known=programmes)
    holder = table.text("holder", choice=HOLDERS)
    roles = table.names("role", known=ROLES) if table.has("role") else ()
    if (holder == "member") != bool(roles):
        raise table.error("role", "must be given for holder = member, and only there")
    side = Side(fact, frozenset(keys), holder, frozenset(roles), table.names("sees", known=SEES))
    table.close()
    return side


def _params(top: Table, law: _Law) -> dict[str, Param]:
    if not top.has("params"):
        return {}
    table = top.table("params")
    return {name: _param(table.table(name), law) for name in table.entries()}


def _param(table: Table, law: _Law) -> Param:
    unit = table.text("unit")
    currency, _, per = unit.partition("/")
    if unit not in PLAIN_UNITS and (currency not in CURRENCIES or per not in ("", "month")):
        raise table.error("unit", f"is {unit!r}, must be days, count, IQD, IQD/month or alike")
    scale = 10 ** CURRENCIES.get(currency, 0)
    values: list[tuple[int, int, int]] = []
    for row in table.tables("values"):
        _, start, published = law.dates(row)
        values.append((start, published, row.number("value") * scale))
        row.close()
    table.close()
    return Param(unit, _governing(values, law.known, table, "values"))


def _governing(values: list[tuple[int, int, T]], known: int, table: Table, key: str) -> Timeline[T]:
    """Return what governs each day, having refused two values for one day of one publication."""
    if not values:
        raise table.error(key, "must say at least one value")
    if len({value[:2] for value in values}) != len(values):
        raise table.error(key, "gives two answers for one day")
    return dated(values, known)


def _ceiling(test: Table, params: Mapping[str, Param]) -> str | None:
    if not test.has("amount"):
        return None
    amount = test.table("amount")
    amount.text("sum", choice=("right",))
    amount.text("op", choice=(">",))
    name = _named(amount, "than", params)
    amount.close()
    return name


def _named(table: Table, key: str, params: Mapping[str, Param]) -> str | None:
    name = table.text_or(key)
    if name is not None and name not in params:
        raise table.error(key, f"names {name!r}, which is not under [params]")
    return name


def _versions(top: Table, law: _Law) -> Timeline[Version]:
    versions: list[tuple[int, int, Version]] = []
    for row in top.tables("version"):
        source, start, published = law.dates(row)
        verdict = row.text("verdict", choice=VERDICTS)
        settle_days = row.number("settle_days", default=0)
        versions.append(
            (start, published, Version(row.text("label"), verdict, source, settle_days))
        )
        row.close()
    return _governing(versions, law.known, top, "version")


def _exemptions(top: Table, law: _Law) -> tuple[Exemption, ...]:
    found: list[Exemption] = []
    for row in top.tables("exception"):
        source, start, published = law.dates(row)
        when = row.table("when")
        fact = when.text("fact", choice=CONDITIONS)
        side = when.text_or("side", "left") or "left"
        condition = (fact, when.text("code"), side)
        when.close()
        verdict = row.text("verdict", choice=VERDICTS)
        exemption = Exemption(
            row.text("label"), row.text("over"), condition, verdict, source, start
        )
        row.close()
        if published <= law.known:
            found.append(exemption)
    return tuple(found)


def _unsure(table: Table) -> Unsure:
    doubt = Unsure(
        table.text("on"),
        table.text("what"),
        table.text("ask"),
        table.text("effect", choice=("note", "taint", "block")),
        table.text_or("accepted"),
    )
    table.close()
    return doubt


def _texts(table: Table) -> dict[str, Texts]:
    texts = {name: table.texts(name) for name in ("raised", "permitted") if table.has(name)}
    table.close()
    return texts


def _case(table: Table) -> Case:
    rows = table.tables("then")
    for row in rows:
        row.day("known")
        for key in row.entries():
            if key not in THEN:
                raise row.error(key, "is not a known field")
    thens = tuple(row.raw() for row in rows)
    case = Case(table.text("name"), table.lines("facts"), thens)
    table.close()
    return case
