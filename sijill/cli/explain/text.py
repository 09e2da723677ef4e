"""A dossier as people read it in a terminal, in English or in Arabic."""

import textwrap
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sijill.cli import alert_text
from sijill.cli.explain.words import (
    CODES,
    ENDING_CODES,
    PARAMS,
    ROLES,
    UNITS,
    coded,
    word,
)
from sijill.domain import explain, money
from sijill.domain.dossier.drawing import draw
from sijill.domain.dossier.shapes import Dossier, FactTold, RuleTold
from sijill.domain.event import INF
from sijill.domain.rulebook import Book


def lines(dossier: Dossier, book: Book, *, width: int) -> list[str]:
    """Return the whole explanation in lines of at most `width` characters, ids apart."""
    lang = dossier.lang
    sections = (
        ("state", _state(dossier, book)),
        ("facts", _facts(dossier, book)),
        ("periods", drawing(dossier, width=width)),
        ("rule", _rule(dossier.rule, lang) if dossier.rule else [word("none", lang)]),
        ("exceptions", _tested(dossier)),
        ("decisions", _decisions(dossier, book)),
        ("history", _history(dossier)),
        ("ends", _ends(dossier, book)),
        ("time", _time(dossier)),
    )
    told = [f"{word('alert', lang)} {_code(dossier.alert, lang)}", ""]
    told += textwrap.wrap(dossier.sentence, width)
    for name, said in sections:
        told += ["", word(name, lang)]
        for line in said:
            told += [line] if name == "periods" else _wrapped(line, width)
    return [*told, "", *textwrap.wrap(word("caution", lang), width)]


def drawing(dossier: Dossier, *, width: int) -> list[str]:
    """Return the drawing and its legend; in Arabic each line keeps its direction."""
    lang = dossier.lang
    drawn = draw(dossier.rows, dossier.window, width=width - 2, today=dossier.as_of)
    legend = [f"  {line}" for line in textwrap.wrap(word("legend", lang), width - 2)]
    return [*(_code(f"  {line}", lang) for line in drawn), *legend]


def _wrapped(line: str, width: int) -> list[str]:
    """Return the line wrapped; what is set apart stays so where it goes on in the next line."""
    text = line.lstrip(" ")
    indent = 2 + len(line) - len(text)
    wrapped = textwrap.wrap(
        text, width, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    told, within = [], False
    for each in wrapped:
        margin = len(each) - len(each.lstrip(" "))
        begun = each[:margin] + (explain.ISOLATE if within else "") + each[margin:]
        within = begun.count(explain.ISOLATE) > begun.count(explain.POP)
        told.append(begun + (explain.POP if within else ""))
    return told


def _state(d: Dossier, book: Book) -> Iterator[str]:
    lang = d.lang
    yield _list(
        [word(d.verdict, lang), word("open" if d.open else "closed", lang),
         f"{word('since', lang)} {explain.day_text(d.raised_on, lang)}"], lang,
    )  # fmt: skip
    spans = [_period(start, stop - 1 if stop < INF else None, lang) for start, stop in d.spans]
    yield f"{word('days', lang)}: {_list(spans, lang)}"
    yield f"{word('months', lang)}: {explain.months_text(d.months, lang)}"
    yield f"{word('stake', lang)}: {money.format(d.amount, d.currency, lang)}"
    certainty = alert_text.words(lang)(d.certainty.upper())
    yield f"{word('certainty', lang)}: {certainty}"
    yield f"{word('decided', lang)}: {coded(CODES, d.stage, lang)}"
    for ministry, notice in d.asked:
        name = alert_text.ministry(ministry, book, lang)
        yield f"{word('asked', lang)}: {name} ({word('notice', lang)} {_code(notice, lang)})"


def _facts(d: Dossier, book: Book) -> Iterator[str]:
    for fact in d.facts:
        yield from _fact(fact, book, d.lang)


def _fact(fact: FactTold, book: Book, lang: str) -> Iterator[str]:
    source = alert_text.ministry(fact.ministry, book, lang)
    record = alert_text.stream(fact.stream, lang)
    version = f"{word('version', lang)} {_digits(str(fact.version), lang)}"
    line = f"/{fact.line}" if fact.line else ""
    yield f"{_code(f'[{fact.number}]', lang)} {fact.title}"
    yield "    " + _list([source, f"{record} {_code(fact.record_id + line, lang)}", version], lang)
    about = [f"{word('period', lang)}: {_period(fact.first, fact.last, lang)}"]
    pauses = [_period(start, stop - 1 if stop < INF else None, lang) for start, stop in fact.pauses]
    if pauses:
        about.append(f"{word('suspended', lang)}: {_list(pauses, lang)}")
    if fact.amount is not None and fact.currency is not None:
        monthly = f" {word('monthly', lang)}" if fact.stream != "payment" else ""
        about.append(money.format(fact.amount, fact.currency, lang) + monthly)
    if fact.status:
        about.append(f"{word('status', lang)}: {_code(fact.status, lang)}")
    if fact.role:
        about.append(f"{word('role', lang)}: {coded(ROLES, fact.role, lang)}")
    if fact.household:
        about.append(f"{word('household', lang)}: {_code(fact.household, lang)}")
    yield "    " + _list(about, lang)
    moment = datetime.fromtimestamp(fact.occurred_at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    yield "    " + _list(
        [f"{word('event', lang)} {_code(fact.event_id, lang)}",
         f"{word('occurred', lang)} {_code(moment, lang)}",
         *([word("counted", lang)] if fact.counted else []),
         *([word("disputed", lang)] if fact.disputed else [])], lang,
    )  # fmt: skip


def _rule(rule: RuleTold, lang: str) -> Iterator[str]:
    yield f"{rule.title} [{_list([_code(rule.id, lang), _code(rule.type, lang)], lang)}]"
    if rule.valid_from is not None:
        period = _period(rule.valid_from, rule.valid_through, lang)
        version = f"{word('version', lang)} {_code(rule.version, lang)}"
        yield f"{word('in force', lang)}: {period} ({version})"
    for law in rule.law:
        published = f"{word('published', lang)} {explain.day_text(law.published, lang)}"
        url = f", {_code(law.url, lang)}" if law.url else ""
        yield f"{word('law', lang)}: {law.cite} ({published}{url})"
    for name, value, unit in rule.params:
        yield f"{coded(PARAMS, name, lang)}: {_value(value, unit, lang)}"
    for what, ask in rule.doubts:
        asked = f"{word('ask', lang)}: {_code(ask, lang)}"
        yield f"{word('doubt', lang)}: {_code(what, lang)} ({asked})"


def _value(value: int, unit: str, lang: str) -> str:
    currency, _, per = unit.partition("/")
    if unit in UNITS:
        return f"{_digits(str(value), lang)} {UNITS[unit][lang]}".strip()
    return money.format(value, currency, lang) + (f" {word('monthly', lang)}" if per else "")


def _tested(d: Dossier) -> Iterator[str]:
    lang = d.lang
    if not d.tested:
        yield word("no exception", lang)
    for each in d.tested:
        condition = f"{word(each.condition, lang)} {_code(each.code, lang)}"
        where = f"{word('on', lang)} {_code(each.record_id, lang)}"
        held = [_period(a, b - 1 if b < INF else None, lang) for a, b in each.days]
        answer = f"{word('holds', lang)} {_list(held, lang)}" if held else word("not carried", lang)
        yield f"{_code(each.label, lang)}: {condition} {where} ({each.law}): {answer}"


def _decisions(d: Dossier, book: Book) -> Iterator[str]:
    lang = d.lang
    if not d.decisions:
        yield word("no decision", lang)
    for each in d.decisions:
        parts = [alert_text.ministry(each.ministry, book, lang), coded(CODES, each.code, lang)]
        if each.until is not None:
            parts.append(f"{word('until', lang)} {explain.day_text(each.until, lang)}")
        parts.append(word("covers" if each.covers else "covers not", lang))
        said = [_code(text, lang) for text in (each.reason, each.note) if text]
        yield f"{_list(parts, lang)}{': ' if said else ''}{_list(said, lang)}"


def _history(d: Dossier) -> Iterator[str]:
    lang = d.lang
    for each in d.history:
        parts = [
            coded(alert_text.STATES, each.state, lang),
            explain.months_text(each.months, lang),
            money.format(each.amount, d.currency, lang),
        ]
        if each.stage != "NONE":
            parts.append(coded(CODES, each.stage, lang))
        number = _digits(str(each.revision), lang)
        yield f"{number}. {explain.day_text(each.day, lang)}: {_list(parts, lang)}"


def _ends(d: Dossier, book: Book) -> Iterator[str]:
    lang = d.lang
    if not d.open:
        yield word("ended", lang)
        return
    if d.verdict == "permitted":
        yield word("permission", lang)
        return
    yield word("tried" if d.ends else "no end", lang)
    for end in d.ends:
        then = f" — {word('to permitted', lang)}" if end.leaves == "permitted" else ""
        yield f"• {end.text}{then}"
    who = [alert_text.ministry(ministry, book, lang) for ministry, _ in d.asked]
    codes = [
        f"{_code(code, lang)} ({CODES[code][lang]})" if lang == "ar" else code
        for code in ENDING_CODES
    ]
    if who:
        yield word("decision end", lang).format(who=_either(who, lang), codes=_list(codes, lang))


def _time(d: Dossier) -> Iterator[str]:
    if d.next_change is None or d.next_reason is None:
        yield word("nothing", d.lang)
        return
    yield word(d.next_reason, d.lang).format(day=explain.day_text(d.next_change, d.lang))


def _period(first: int, last: int | None, lang: str) -> str:
    start = explain.day_text(first, lang)
    if last == first:
        return start
    return f"{start} – {word('open-ended', lang) if last is None else explain.day_text(last, lang)}"


def _either(names: Iterable[str], lang: str) -> str:
    return {"en": " or ", "ar": " أو "}[lang].join(names)


def _list(parts: Iterable[str], lang: str) -> str:
    return alert_text.join(parts, lang)


def _code(text: str, lang: str) -> str:
    return explain.code(text, lang)


def _digits(text: str, lang: str) -> str:
    return alert_text.digits(text, lang)
