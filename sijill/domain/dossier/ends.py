"""What would end an overlap: each possible end is tried on the facts before it is told.

An end is a change of one record (an exit, a reversal, a VOID, a corrected date), a code that an
exception asks for, or, for payments that only together are too many, a change of several.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from sijill.domain import explain, money
from sijill.domain.dossier.subject import Change, Subject, again
from sijill.domain.event import INF, Enrollment, Fact, Income, Membership, Payment, Vital
from sijill.domain.rulebook import Book, Rule
from sijill.domain.rulebook.model import Exemption, Texts
from sijill.domain.rules.holding import source_order
from sijill.domain.rules.overlap import Overlap
from sijill.domain.timeline import value_at

TEXTS: Final[dict[str, Texts]] = {
    "exit": {
        "en": "an exit of {what} dated before {day}",
        "ar": "إنهاء {what} بتاريخ سابق على {day}",
    },
    "income": {"en": "an end of {what} before {day}", "ar": "انتهاء {what} قبل {day}"},
    "member": {
        "en": "a correction of {what}: no member on or after {day}",
        "ar": "تصحيح {what}: ليس من أفراد الأسرة اعتباراً من {day}",
    },
    "void": {"en": "VOID of {what}", "ar": "إلغاء {what} (VOID)"},
    "reversal": {"en": "reversal of {what}", "ar": "استرداد {what}"},
    "reversals": {
        "en": "reversal of {count} of these payments: {what}",
        "ar": "استرداد {count} من هذه الدفعات: {what}",
    },
    "death": {
        "en": "a correction of {what} to {day} or later",
        "ar": "تصحيح تاريخ {what} إلى {day} أو بعده",
    },
    "amount": {
        "en": "a correction of {what} to no more than {amount} a month",
        "ar": "تصحيح مبلغ {what} إلى ما لا يزيد على {amount} شهرياً",
    },
    "waiver": {
        "en": "a waiver {code} on {what} for the whole overlap ({cite})",
        "ar": "إعفاء {code} على {what} لكامل مدة التداخل ({cite})",
    },
    "category": {
        "en": "the legal category {code} on {what} ({cite})",
        "ar": "الفئة القانونية {code} على {what} ({cite})",
    },
}


class End(NamedTuple):
    """One way in which an overlap would end: what kind, of which records, from when, in words.

    `leaves` is "nothing", or "permitted" where the overlap would be permitted instead.
    """

    kind: str
    records: tuple[tuple[str, str, str], ...]
    """(ministry, stream, source record id) of what would change."""
    day: int | None
    leaves: str
    text: str


class _Try(NamedTuple):
    """A change to be tried, and how it is told."""

    kind: str
    facts: tuple[Fact, ...]
    change: Change
    day: int | None = None
    extra: tuple[tuple[str, str], ...] = ()


def ends(overlap: Overlap, subject: Subject, book: Book, *, as_of: int, lang: str) -> list[End]:
    """Return the ends that were found true: with each of them the rules find it no more."""
    found = []
    for trial in _trials(overlap, book, lang):
        after = subject.changed(trial.change, book)
        left = again(overlap, after.overlaps(book, as_of)[0])
        if left is None or left.verdict == "permitted":
            found.append(_told(trial, "permitted" if left else "nothing", lang))
    return found


def _told(trial: _Try, leaves: str, lang: str) -> End:
    values = {
        "what": what(trial.facts, lang),
        "day": explain.day_text(trial.day, lang) if trial.day is not None else "",
        "count": _number(len(trial.facts), lang),
        **dict(trial.extra),
    }
    records = tuple((fact.ministry, fact.stream, fact.record_id) for fact in trial.facts)
    text = TEXTS[trial.kind][lang].format_map(values)
    return End(trial.kind, tuple(dict.fromkeys(records)), trial.day, leaves, text)


def what(facts: Iterable[Fact], lang: str) -> str:
    """Return records by stream and id: "the enrollment M-17", or several ids of one stream."""
    listed = tuple(facts)
    ids = ("، " if lang == "ar" else ", ").join(
        dict.fromkeys(explain.code(fact.record_id, lang) for fact in listed)
    )
    return f"{explain.STREAMS[listed[0].stream][lang]} {ids}" if len(listed) == 1 else ids


def _trials(overlap: Overlap, book: Book, lang: str) -> Iterator[_Try]:
    rule = book.rule(overlap.rule)
    first = overlap.spans[0][0]
    evidence = sorted(overlap.evidence, key=source_order)
    for fact in evidence:
        detail = fact.detail
        if isinstance(detail, Enrollment | Income | Membership) and detail.start < first:
            kinds = {"enrollment": "exit", "income": "income", "household": "member"}
            yield _Try(kinds[fact.stream], (fact,), _ending(fact, first), first)
    yield from _amounts(rule, overlap, book, lang)
    yield from _payments(evidence, overlap.type)
    yield from _deaths(rule, overlap)
    for fact in evidence:
        # The payments of a payment rule are told together, by their reversal.
        if not isinstance(fact.detail, Payment):
            yield _Try("void", (fact,), _without({fact.record}))
    for exemption in rule.exemptions:
        yield from _exemption(rule, exemption, overlap, lang)


def _ending(fact: Fact, day: int) -> Change:
    """Return the change that lets a fact end on the day before `day`."""

    def change(other: Fact) -> Fact:
        if (other.record, other.line) != (fact.record, fact.line):
            return other
        return other._replace(detail=other.detail._replace(stop=day))  # type: ignore[call-arg]

    return change


def _without(records: set[bytes]) -> Change:
    return lambda fact: None if fact.record in records else fact


def _payments(evidence: list[Fact], rule_type: str) -> Iterator[_Try]:
    """Try each payment alone; where none is enough, as many of them as it takes."""
    paid = [fact for fact in evidence if isinstance(fact.detail, Payment)]
    alone = len(paid) <= 2 if rule_type == "PAY-DUP" else len(paid) == 1
    if alone:
        for fact in paid:
            yield _Try("reversal", (fact,), _without({fact.record}))
    elif paid:
        # Of one benefit paid several times the greatest payment may stay.
        stays = _greatest(paid) if rule_type == "PAY-DUP" else None
        gone = tuple(fact for fact in paid if fact is not stays)
        yield _Try("reversals", gone, _without({fact.record for fact in gone}))


def _greatest(paid: list[Fact]) -> Fact:
    return max(paid, key=lambda fact: (getattr(fact.detail, "amount", 0), fact.record_id))


def _deaths(rule: Rule, overlap: Overlap) -> Iterator[_Try]:
    death = overlap.right
    if rule.run_off is None or death is None or not isinstance(death.detail, Vital):
        return
    days = value_at(rule.params[rule.run_off].values, death.detail.day) or 0
    last = max(f.detail.start for f in overlap.evidence if isinstance(f.detail, Payment))

    def later(fact: Fact) -> Fact:
        if not isinstance(fact.detail, Vital) or fact.detail.kind != "DEATH":
            return fact
        return fact._replace(detail=fact.detail._replace(day=last - days))

    yield _Try("death", (death,), later, last - days)


def _amounts(rule: Rule, overlap: Overlap, book: Book, lang: str) -> Iterator[_Try]:
    if rule.ceiling is None or overlap.right is None:
        return
    income = overlap.right
    ceiling = value_at(rule.params[rule.ceiling].values, overlap.spans[-1][0]) or 0
    if ceiling == 0 or not isinstance(income.detail, Income):
        return
    detail = income.detail
    fixed = detail._replace(amounts=((detail.start, detail.stop, ceiling, book.currency, None),))

    def change(fact: Fact) -> Fact:
        return fact._replace(detail=fixed) if fact.record == income.record else fact

    said = (("amount", money.format(ceiling, book.currency, lang)),)
    yield _Try("amount", (income,), change, None, said)


def _exemption(rule: Rule, exemption: Exemption, overlap: Overlap, lang: str) -> Iterator[_Try]:
    kind, code, side = exemption.when
    bearer = overlap.left if side == "left" else overlap.right
    if bearer is None or not isinstance(bearer.detail, Enrollment):
        return
    detail = bearer.detail
    if kind == "category":
        fixed = detail._replace(categories=(*detail.categories, code))
    else:
        fixed = detail._replace(waivers=(*detail.waivers, (code, overlap.spans[0][0], INF)))

    def change(fact: Fact) -> Fact:
        return fact._replace(detail=fixed) if fact.record == bearer.record else fact

    cite = rule.sources[exemption.source].cite[lang]
    said = (("code", explain.code(code, lang)), ("cite", cite))
    yield _Try(kind, (bearer,), change, None, said)


def _number(count: int, lang: str) -> str:
    return money.arabic_digits(str(count)) if lang == "ar" else str(count)
