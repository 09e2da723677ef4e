"""An alert in full, as people read it: English, or Arabic with its own digits and month names.

Numbers of records and codes stay as they were sent, set apart so that they keep their direction
within Arabic text.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from sijill.domain import explain, money
from sijill.domain.event import EPOCH
from sijill.domain.rulebook import Book
from sijill.domain.rulebook.model import Texts

LANGUAGES = ("en", "ar")

STATES: Final[dict[str, Texts]] = {
    "RAISED": {"en": "raised", "ar": "جديد"},
    "AMENDED": {"en": "amended", "ar": "معدَّل"},
    "REOPENED": {"en": "reopened", "ar": "أُعيد فتحه"},
    "DECIDED": {"en": "decided", "ar": "ورد بشأنه قرار"},
    "WITHDRAWN": {"en": "withdrawn", "ar": "مسحوب"},
    "PERMITTED": {"en": "found permitted", "ar": "مسموح"},
    "LAPSED": {"en": "lapsed", "ar": "انقضى"},
}
"""What happened to an alert last, in words."""

_EN = {
    "law": "law", "months": "months", "amount": "at stake", "certainty": "certainty",
    "severity": "severity", "household": "household", "asked": "to be examined by",
    "revision": "revision", "state": "state", "open": "open",
    "a household": "membership of a household", "a vital": "a death",
}  # fmt: skip
_AR = {
    "law": "السند القانوني", "months": "الأشهر", "amount": "المبلغ", "certainty": "درجة اليقين",
    "severity": "الأهمية", "household": "رقم الأسرة", "asked": "للتدقيق لدى",
    "revision": "المراجعة", "state": "الحالة", "open": "مستمر",
    "CERTAIN": "مؤكد", "DISPUTED": "أحد السجلات موضع خلاف", "UNSURE": "القاعدة غير محسومة",
    "HIGH": "عالية", "MEDIUM": "متوسطة", "LOW": "منخفضة",
    "enrollment": "تسجيل", "payment": "دفعة", "vital": "واقعة حياتية",
    "income": "دخل", "roster": "سجل أسري",
    "a household": "عضوية في أسرة", "a vital": "وفاة",
}  # fmt: skip
_AR |= {state: text["ar"] for state, text in STATES.items()}


def lines(alert: dict[str, Any], book: Book, lang: str) -> list[str]:
    """Return the alert (a decoded record of the alert topic) in lines; `lang` is "en" or "ar"."""
    word = words(lang)
    rule = next((rule for rule in book.rules if rule.id == alert["rule"]), None)
    title = rule.title[lang] if rule else alert["rule"]
    revision = f"{word('revision')} {digits(str(alert['revision']), lang)}"
    state = join((f"{word('state')}: {word(alert['state'])}", revision), lang)
    named = (explain.code(alert[name], lang) for name in ("rule", "rule_version"))
    head = f"{title} [{', '.join(named)}]"
    facts = [
        (word("law"), join(_laws(alert, book, lang), lang)),
        (word("months"), explain.months_text(tuple(alert["months"]), lang)),
        (word("amount"), _amount(alert, lang)),
        (word("certainty"), word(alert["certainty"])),
        (word("severity"), word(alert["severity"])),
        (word("household"), explain.code(alert["household_number"] or "", lang)),
        (word("asked"), join([ministry(code, book, lang) for code in alert["asked"]], lang)),
    ]
    return [
        head,
        f"  {alert[f'reason_{lang}']}",
        *(f"  • {_side(side, book, lang)}" for side in alert["sides"]),
        *(f"  {name}: {text}" for name, text in facts if text),
        f"  {state} [{explain.code(alert['alert_id'], lang)}]",
    ]


def short(alert: dict[str, Any], lang: str) -> str:
    """Return the alert in one line: its state and its reason."""
    state = words(lang)(alert["state"])
    return f"{state:<9} {explain.code(alert['alert_id'][:12], lang)}  {alert[f'reason_{lang}']}"


def pair(alert: dict[str, Any]) -> str:
    """Return what meets in the alert: its programmes or classes, each once, in order."""
    sides = [side for side in alert["sides"] if side["stream"] != "household"]
    return " × ".join(sorted({side["programme"] or side["klass"] for side in sides}))


def words(lang: str) -> Callable[[str], str]:
    """Return the look-up of a word of the topics in that language; unknown ones stay."""
    table = _AR if lang == "ar" else _EN

    def word(name: str) -> str:
        return table.get(name, name.lower())

    return word


def _side(side: dict[str, Any], book: Book, lang: str) -> str:
    programme = book.programmes.get(side["programme"] or "")
    if programme is not None:
        what = programme.titles[lang]
    elif side["klass"] in book.classes:
        what = book.classes[side["klass"]][lang]
    else:
        what = _class(side["klass"], lang)
    start, through = side["from"] + EPOCH, side["through"]
    until = words(lang)("open") if through is None else explain.day_text(through + EPOCH, lang)
    same = through is not None and through == side["from"]
    period = explain.day_text(start, lang) + ("" if same else f" – {until}")
    record = f"{stream(side['stream'], lang)} {explain.code(side['source_record_id'], lang)}"
    source = join((ministry(side["ministry"], book, lang), record), lang)
    return f"{what}: {period} ({source})"


def stream(name: str, lang: str) -> str:
    """Return the name of a stream in words."""
    return words(lang)("roster" if name == "household" else name)


def _class(klass: str, lang: str) -> str:
    """Return what is no benefit in words: an income, a membership in a household, a death."""
    kind = klass.upper().replace("-", "_")
    return explain.INCOMES[kind][lang] if kind in explain.INCOMES else words(lang)(f"a {klass}")


def _laws(alert: dict[str, Any], book: Book, lang: str) -> Iterable[str]:
    """Return the citations; the record holds them in English, the book knows the other wording."""
    known = {
        source.cite["en"]: source.cite[lang]
        for rule in book.rules
        if rule.id == alert["rule"]
        for source in rule.sources.values()
    }
    return [known.get(cite, cite) for cite in alert["legal_basis"]]


def _amount(alert: dict[str, Any], lang: str) -> str:
    if not alert["amount"]:
        return ""
    return money.format(alert["amount"], alert["currency"], lang)


def ministry(code: str, book: Book, lang: str) -> str:
    """Return a ministry's name, or the code of one that the book does not have."""
    known = book.ministries.get(code)
    return known.names[lang] if known else explain.code(code, lang)


def join(parts: Iterable[str], lang: str) -> str:
    """Return the parts as a list in a sentence."""
    return ("، " if lang == "ar" else ", ").join(parts)


def digits(text: str, lang: str) -> str:
    """Return the text with the language's own digits."""
    return money.arabic_digits(text) if lang == "ar" else text
