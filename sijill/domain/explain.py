"""Why: an overlap in a sentence that a clerk understands, in English and in Arabic.

Texts come from the rule's file; this fills in programmes, months, money and law. `reason` is for
the hub's owner and names both sides; `notice` is for one ministry and tells of the other side no
more than its class of benefit.
"""

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Final

from sijill.domain import money
from sijill.domain.event import Enrollment, Fact, Income, Payment, Vital
from sijill.domain.rulebook.model import Book, Rule, Texts
from sijill.domain.rules.household import amount_on
from sijill.domain.rules.overlap import Overlap
from sijill.domain.timeline import month_span, value_at

MONTHS: Final[dict[str, tuple[str, ...]]] = {
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    # The names used in Iraq and the Levant.
    "ar": (
        *("كانون الثاني", "شباط", "آذار", "نيسان", "أيار", "حزيران"),
        *("تموز", "آب", "أيلول", "تشرين الأول", "تشرين الثاني", "كانون الأول"),
    ),
}

INCOMES: Final[dict[str, Texts]] = {
    "PUBLIC_SALARY": {"en": "a public salary", "ar": "راتب حكومي"},
    "PENSION": {"en": "a pension", "ar": "راتب تقاعدي"},
    "INSURED_WORK": {"en": "insured work", "ar": "عمل مضمون"},
    "BUSINESS_OWNERSHIP": {"en": "ownership of a business", "ar": "ملكية نشاط تجاري"},
    "PROFESSIONAL_LICENCE": {"en": "licence of a profession", "ar": "إجازة مزاولة مهنة"},
}
DEATH: Final[Texts] = {"en": "a death", "ar": "وفاة"}

MEMBER: Final[Texts] = {"en": "membership of a household", "ar": "عضوية في أسرة"}
REPEALED: Final[Texts] = {
    "en": "The rule is no longer in the rulebook.",
    "ar": "لم تعد القاعدة واردة في كتاب القواعد.",
}

STREAMS: Final[dict[str, Texts]] = {
    "enrollment": {"en": "the enrollment", "ar": "التسجيل"},
    "payment": {"en": "the payment", "ar": "الدفعة"},
    "household": {"en": "the roster record", "ar": "السجل الأسري"},
    "vital": {"en": "the death", "ar": "واقعة الوفاة"},
    "income": {"en": "the income", "ar": "الدخل"},
}

ISOLATE, POP = "\u2066", "\u2069"
"""What stands between them, left to right, neither turns nor turns what is around it."""

LISTED = 3
"""At most so many runs of months are spelled out; the rest is a number."""

UNSURE: Final[Texts] = {
    "en": " Not all of this is certain.",
    "ar": " ليس كل ما ورد هنا مؤكداً.",
}
DISPUTED: Final[Texts] = {
    "en": " One of the records is disputed.",
    "ar": " أحد السجلات موضع خلاف.",
}


def reason(overlap: Overlap, book: Book, lang: str) -> str:
    """Return the overlap's reason in a language ("en" or "ar"), both sides by name."""
    return _filled(overlap, book, lang, say=lambda fact: title(fact, book, lang))


def notice(overlap: Overlap, book: Book, lang: str, *, ministry: str) -> str:
    """Return the reason as one ministry may read it: what is not its own appears by class only."""

    def say(fact: Fact) -> str:
        own = fact.ministry == ministry
        return title(fact, book, lang) if own else class_title(fact, book, lang)

    return _filled(overlap, book, lang, say=say)


def legal_basis(overlap: Overlap, book: Book, lang: str) -> tuple[str, ...]:
    """Return the citations that the overlap rests on: the version's, then the exception's."""
    rule = book.rule(overlap.rule)
    named = [version.source for _, _, version in rule.in_force if version.label == overlap.version]
    named += [e.source for e in rule.exemptions if e.label == overlap.exception]
    return tuple(dict.fromkeys(rule.sources[name].cite[lang] for name in named))


def title(fact: Fact, book: Book, lang: str) -> str:
    """Return what a fact is about, by name: the programme, the kind of income, a death."""
    detail = fact.detail
    if isinstance(detail, Enrollment | Payment):
        programme = book.programmes.get(detail.programme)
        return programme.titles[lang] if programme else detail.programme
    return class_title(fact, book, lang)


def class_title(fact: Fact, book: Book, lang: str) -> str:
    """Return what others may learn of a fact: its class."""
    detail = fact.detail
    if isinstance(detail, Enrollment | Payment):
        programme = book.programmes.get(detail.programme)
        return book.classes[programme.klass][lang] if programme else detail.programme
    if isinstance(detail, Income):
        return INCOMES[detail.kind][lang]
    return DEATH[lang]


def months_text(months: tuple[str, ...], lang: str) -> str:
    """Return months as people say them, runs shortened: "March – May 2024, July 2024"."""
    runs = _runs(months)
    said = [_run_text(first, last, lang) for first, last in runs[:LISTED]]
    left_out = sum(_index(last) - _index(first) + 1 for first, last in runs[LISTED:])
    if left_out:
        more = {"en": f"{left_out} more months", "ar": f"وعدد {left_out} من الأشهر الأخرى"}
        said.append(more[lang])
    text = ("، " if lang == "ar" else ", ").join(said)
    return money.arabic_digits(text) if lang == "ar" else text


def code(text: str, lang: str) -> str:
    """Return a code or record id for a sentence; in Arabic it is set apart and keeps direction."""
    return f"{ISOLATE}{text}{POP}" if lang == "ar" and text else text


def day_text(day: int, lang: str) -> str:
    """Return a day as people write it: "10 March 2024"."""
    when = date.fromordinal(day)
    text = f"{when.day} {MONTHS[lang][when.month - 1]} {when.year}"
    return money.arabic_digits(text) if lang == "ar" else text


def _filled(overlap: Overlap, book: Book, lang: str, *, say: Callable[[Fact], str]) -> str:
    rule = book.rule(overlap.rule)
    # Of payments that are one benefit, each payer's programme is named once.
    lefts = overlap.evidence if overlap.type == "PAY-DUP" else (overlap.left,)
    nothing = {"en": "no payment shown", "ar": "لا دفعات مبينة"}[lang]
    amount = money.format(overlap.amount, overlap.currency, lang) if overlap.amount else nothing
    values = {
        "left": " / ".join(sorted({say(fact) for fact in lefts})),
        "right": say(overlap.right) if overlap.right else "",
        "months": months_text(overlap.months, lang),
        "since": day_text(overlap.since, lang),
        "amount": amount,
        "cite": ("، " if lang == "ar" else ", ").join(legal_basis(overlap, book, lang)),
        "exception": overlap.exception or "",
        "count": _number(_payments(overlap), lang),
        "period": _period(overlap, lang),
        **_numbers(rule, overlap, book, lang=lang),
    }
    text = rule.texts[overlap.verdict][lang].format_map(values)
    doubt = {"unsure": UNSURE, "disputed": DISPUTED}.get(overlap.certainty)
    return text + (doubt[lang] if doubt else "")


def _numbers(rule: Rule, overlap: Overlap, book: Book, *, lang: str) -> dict[str, str]:
    """Return the numbers that only some types of rules have; the others' stay empty."""
    death = overlap.right.detail if overlap.right else None
    income, ceiling, run_off = "", "", ""
    if rule.ceiling and overlap.right:
        # The newest month that was found says what the salary is today.
        day = max(month_span(overlap.months[-1])[0], overlap.since)
        shown = amount_on(overlap.right, day, book.currency)
        unknown = {"en": "an amount not shown", "ar": "مبلغ غير مبين"}[lang]
        income = unknown if shown is None else money.format(shown, book.currency, lang)
        limit = value_at(rule.params[rule.ceiling].values, day) or 0
        ceiling = money.format(limit, book.currency, lang)
    if rule.run_off and isinstance(death, Vital):
        run_off = _number(value_at(rule.params[rule.run_off].values, death.day) or 0, lang)
    day_of_death = day_text(death.day, lang) if isinstance(death, Vital) else ""
    return {"income": income, "ceiling": ceiling, "run_off": run_off, "death": day_of_death}


def _payments(overlap: Overlap) -> int:
    return sum(isinstance(fact.detail, Payment) for fact in overlap.evidence)


def _period(overlap: Overlap, lang: str) -> str:
    """Return the period that was paid: its months where the key is a month, else the key itself."""
    key = overlap.period.rpartition(" ")[2]
    if (key,) == overlap.months:
        return months_text(overlap.months, lang)
    return f"{key} ({months_text(overlap.months, lang)})"


def _number(count: int, lang: str) -> str:
    return money.arabic_digits(f"{count:,}") if lang == "ar" else f"{count:,}"


def _index(month: str) -> int:
    year, number = month.split("-")
    return int(year) * 12 + int(number) - 1


def _runs(months: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the first and last month of each run without a gap."""
    if not months:
        return []
    breaks = [(a, b) for a, b in pairwise(months) if _index(b) > _index(a) + 1]
    firsts = [months[0], *(after for _, after in breaks)]
    lasts = [*(before for before, _ in breaks), months[-1]]
    return list(zip(firsts, lasts, strict=True))


def _run_text(first: str, last: str, lang: str) -> str:
    (year, month), (last_year, last_month) = first.split("-"), last.split("-")
    names = MONTHS[lang]
    start, stop = names[int(month) - 1], names[int(last_month) - 1]
    if first == last:
        return f"{start} {year}"
    if year == last_year:
        return f"{start} – {stop} {year}"
    return f"{start} {year} – {stop} {last_year}"
