"""The words of an explanation, in English and in Arabic."""

from typing import Final

from sijill.domain.rulebook.model import Texts

WORDS: Final[dict[str, Texts]] = {
    "alert": {"en": "Alert", "ar": "التنبيه"},
    "examined": {"en": "To be examined", "ar": "للتدقيق"},
    "state": {"en": "State", "ar": "الحالة"},
    "facts": {"en": "Facts", "ar": "الوقائع"},
    "rule": {"en": "Rule and law", "ar": "القاعدة والسند القانوني"},
    "exceptions": {"en": "Exceptions tested", "ar": "الاستثناءات التي جرى التحقق منها"},
    "periods": {"en": "Periods", "ar": "المدد"},
    "decisions": {"en": "Decisions", "ar": "القرارات"},
    "history": {"en": "History", "ar": "السجل الزمني"},
    "ends": {"en": "What would end it", "ar": "ما الذي ينهيه"},
    "time": {"en": "What time alone changes", "ar": "ما يغيّره مرور الوقت وحده"},
    "open": {"en": "open", "ar": "قائم"},
    "closed": {"en": "no longer found", "ar": "لم يعد قائماً"},
    "open-ended": {"en": "no end", "ar": "دون نهاية"},
    "raised": {"en": "to be examined", "ar": "للتدقيق"},
    "permitted": {"en": "checked, permitted", "ar": "تم التحقق، مسموح"},
    "since": {"en": "since", "ar": "منذ"},
    "days": {"en": "Overlap", "ar": "مدة التداخل"},
    "months": {"en": "Months", "ar": "الأشهر"},
    "stake": {"en": "At stake", "ar": "المبلغ المعني"},
    "certainty": {"en": "Certainty", "ar": "درجة اليقين"},
    "decided": {"en": "What the decisions made of it", "ar": "ما آل إليه بموجب القرارات"},
    "asked": {"en": "To be examined by", "ar": "للتدقيق لدى"},
    "notice": {"en": "notice", "ar": "إشعار"},
    "version": {"en": "version", "ar": "النسخة"},
    "period": {"en": "Period", "ar": "المدة"},
    "suspended": {"en": "suspended", "ar": "موقوف"},
    "event": {"en": "Event", "ar": "الحدث"},
    "occurred": {"en": "occurred", "ar": "وقع في"},
    "household": {"en": "Household", "ar": "رقم الأسرة"},
    "role": {"en": "Role", "ar": "الصفة"},
    "amount": {"en": "Amount", "ar": "المبلغ"},
    "monthly": {"en": "a month", "ar": "شهرياً"},
    "status": {"en": "Status", "ar": "الوضع"},
    "disputed": {
        "en": "disputed: two contents of one version",
        "ar": "موضع خلاف: محتويان لنسخة واحدة",
    },
    "counted": {"en": "counted in the money at stake", "ar": "محتسبة في المبلغ المعني"},
    "in force": {"en": "In force", "ar": "نافذة"},
    "law": {"en": "Law", "ar": "السند القانوني"},
    "published": {"en": "published", "ar": "نُشر في"},
    "doubt": {"en": "Not settled", "ar": "غير محسوم"},
    "ask": {"en": "to be asked", "ar": "يُسأل"},
    "waiver": {"en": "waiver", "ar": "إعفاء"},
    "category": {"en": "legal category", "ar": "فئة قانونية"},
    "on": {"en": "on", "ar": "على"},
    "holds": {"en": "holds", "ar": "متحقق"},
    "not carried": {"en": "the record does not carry it", "ar": "السجل لا يحمله"},
    "none": {"en": "none", "ar": "لا يوجد"},
    "no exception": {"en": "the rule has none", "ar": "لا استثناءات في القاعدة"},
    "no decision": {"en": "nobody has answered yet", "ar": "لم يرد أي رد بعد"},
    "covers": {"en": "covers the evidence of today", "ar": "يغطي الأدلة الحالية"},
    "covers not": {
        "en": "covers less than the evidence of today",
        "ar": "لا يغطي كامل الأدلة الحالية",
    },
    "until": {"en": "until", "ar": "لغاية"},
    "to permitted": {"en": "the overlap is then permitted", "ar": "يصبح التداخل عندئذ مسموحاً"},
    "decision end": {
        "en": "A decision by {who} ends the case for exactly this evidence: {codes}",
        "ar": "قرار من {who} ينهي الحالة بشأن هذه الأدلة تحديداً: {codes}",
    },
    "permission": {
        "en": "Nothing: it is permitted, and nobody has to act.",
        "ar": "لا شيء: هو مسموح ولا يتطلب أي إجراء.",
    },
    "ended": {"en": "It is no longer found.", "ar": "لم يعد قائماً."},
    "tried": {
        "en": "Each of these alone was tried on the facts of today:",
        "ar": "جرت تجربة كل مما يأتي منفرداً على الوقائع الحالية:",
    },
    "no end": {
        "en": "No change of a single record ends it.",
        "ar": "لا ينهيه تغيير سجل واحد.",
    },
    "grows": {
        "en": "On {day} the month is added, as on each first of a month, until one record ends.",
        "ar": "في {day} يضاف الشهر، وكذلك في أول كل شهر، إلى أن ينتهي أحد السجلات.",
    },
    "begins": {
        "en": "On {day} another day or law begins to count; nothing changes before.",
        "ar": "في {day} يبدأ احتساب يوم آخر أو نص آخر، ولا يتغير شيء قبل ذلك.",
    },
    "decision": {
        "en": "On {day} a decision has run out.",
        "ar": "في {day} تكون مدة أحد القرارات قد انتهت.",
    },
    "nothing": {
        "en": "Nothing: time alone changes nothing.",
        "ar": "لا شيء: مرور الوقت وحده لا يغير شيئاً.",
    },
    "legend": {
        "en": "Time runs from left to right; the numbers are those of the facts,"
        " [#] is the overlap. T today, = in force, . paid period, < > goes on beyond.",
        "ar": "يجري الزمن في الرسم من اليسار إلى اليمين، والأرقام أرقام الوقائع،"
        " و[#] مدة التداخل. T اليوم، = نافذ، . مدة مصروفة، < > مستمر خارج الرسم.",
    },
    "caution": {
        "en": "A signal to be examined, not a decision: it stops no payment.",
        "ar": "هذه إشارة للتدقيق وليست قراراً: لا توقف أي راتب أو إعانة.",
    },
    "logged": {
        "en": "Your reading was logged (audit number {number}).",
        "ar": "تم تسجيل اطلاعك (رقم التدقيق {number}).",
    },
}

ROLES: Final[dict[str, Texts]] = {
    "HEAD": {"en": "head", "ar": "رب الأسرة"},
    "SPOUSE": {"en": "spouse", "ar": "الزوج أو الزوجة"},
    "CHILD": {"en": "child", "ar": "ابن أو ابنة"},
    "PARENT": {"en": "parent", "ar": "أحد الوالدين"},
    "SIBLING": {"en": "sibling", "ar": "أخ أو أخت"},
    "GRANDCHILD": {"en": "grandchild", "ar": "حفيد"},
    "OTHER": {"en": "other", "ar": "أخرى"},
}

CODES: Final[dict[str, Texts]] = {
    "NONE": {"en": "none yet", "ar": "لا قرار بعد"},
    "REOPENED": {"en": "reopened", "ar": "أُعيد فتحه"},
    "ACKNOWLEDGED": {"en": "acknowledged", "ar": "تم الاستلام"},
    "UNDER_REVIEW": {"en": "under review", "ar": "قيد التدقيق"},
    "ON_HOLD": {"en": "on hold", "ar": "مؤجل"},
    "HANDED_OVER": {"en": "handed over", "ar": "محال"},
    "WAIVED": {"en": "waived", "ar": "معفى"},
    "PERMITTED": {"en": "permitted", "ar": "مسموح"},
    "DATA_ERROR": {"en": "error in the data", "ar": "خطأ في البيانات"},
    "FALSE_MATCH": {"en": "not one person", "ar": "ليس الشخص نفسه"},
    "CONFIRMED": {"en": "confirmed", "ar": "مؤكد"},
    "CLOSED": {"en": "closed", "ar": "مغلق"},
    "DISPUTED": {"en": "answers contradict each other", "ar": "القرارات متعارضة"},
}

PARAMS: Final[dict[str, Texts]] = {
    "ceiling": {"en": "ceiling", "ar": "السقف"},
    "run_off": {"en": "run-off", "ar": "المهلة"},
}
UNITS: Final[dict[str, Texts]] = {
    "days": {"en": "days", "ar": "يوماً"},
    "count": {"en": "", "ar": ""},
}

ENDING_CODES = ("PERMITTED", "WAIVED", "DATA_ERROR", "FALSE_MATCH", "CONFIRMED")
"""Decisions after which nobody has to look at the same evidence again."""


def word(name: str, lang: str) -> str:
    """Return a word or sentence of the table."""
    return WORDS[name][lang]


def coded(table: dict[str, Texts], name: str, lang: str) -> str:
    """Return a code in words; one that the table does not have as it was sent."""
    return table[name][lang] if name in table else name
