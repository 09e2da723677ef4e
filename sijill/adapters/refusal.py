"""Why a record is refused: stable reason codes with one sentence each, in English and Arabic.

The order of the table is the order of precedence: when one record has several faults, the first
of them is its reason and all of them stand in its detail. A refusal names fields, never values.
"""

REASONS: dict[str, tuple[str, str]] = {
    # The envelope: what can be said before a byte of the payload is understood.
    "NOT_A_SOURCE_TOPIC": (
        "The topic is not one that a ministry writes.",
        "الموضوع ليس من المواضيع التي تكتبها الوزارات.",
    ),
    "NO_VALUE": ("The record has no value.", "السجل بلا قيمة."),
    "VALUE_TOO_LARGE": (
        "The value is larger than a record may be.",
        "القيمة أكبر من الحد المسموح به للسجل.",
    ),
    "TOO_MANY_HEADERS": (
        "The record carries too many or too large headers.",
        "ترويسات السجل كثيرة جداً أو كبيرة جداً.",
    ),
    "BAD_FRAME": (
        "The value does not begin with a known framing of Avro.",
        "لا تبدأ القيمة بتأطير معروف من Avro.",
    ),
    "UNKNOWN_SCHEMA": (
        "The schema that the value names is not in the lock file.",
        "المخطط الذي تشير إليه القيمة غير موجود في ملف التثبيت.",
    ),
    "WRONG_SCHEMA": (
        "The schema belongs to another topic.",
        "المخطط يعود إلى موضوع آخر.",
    ),
    # The encoding: bytes that are not an Avro record of that schema.
    "TRUNCATED": ("The value ends too early.", "تنتهي القيمة قبل اكتمالها."),
    "TRAILING_BYTES": ("Bytes follow after the record.", "توجد بيانات زائدة بعد السجل."),
    "BAD_LENGTH": (
        "A length or a count in the encoding is impossible.",
        "طول أو عدد غير ممكن في الترميز.",
    ),
    "BAD_INDEX": (
        "An enum or union index in the encoding is out of range.",
        "مؤشر قائمة أو اتحاد خارج النطاق في الترميز.",
    ),
    "BAD_NUMBER": (
        "A number does not fit the type of its field.",
        "رقم لا يناسب نوع حقله.",
    ),
    "BAD_BOOLEAN": (
        "A truth value is neither true nor false.",
        "قيمة منطقية ليست صحيحة ولا خاطئة.",
    ),
    "BAD_UTF8": ("A text is not valid UTF-8.", "نص غير صالح بترميز UTF-8."),
    "DUPLICATE_KEY": ("A key of a map occurs twice.", "مفتاح مكرر في خريطة."),
    # The sender.
    "WRONG_MINISTRY": (
        "The ministry in the payload is not the one of the topic.",
        "الوزارة المذكورة في المحتوى ليست وزارة الموضوع.",
    ),
    "KEY_IS_IDENTIFIER": (
        "The key of the record shows an identifier of a person.",
        "مفتاح السجل يكشف معرّف شخص.",
    ),
    # The fields.
    "UNKNOWN_SYMBOL": (
        "A field that decides the meaning holds a symbol that is not known.",
        "حقل يحدد المعنى يحمل رمزاً غير معروف.",
    ),
    "MISSING": ("A required field is empty.", "حقل مطلوب فارغ."),
    "BAD_TEXT": (
        "A text holds characters that no text may hold.",
        "نص يحتوي على محارف غير مسموح بها.",
    ),
    "TEXT_TOO_LONG": ("A text is longer than its field allows.", "نص أطول مما يسمح به حقله."),
    "TOO_MANY_ITEMS": (
        "A list holds more items than a record may have.",
        "قائمة تحتوي على عناصر أكثر من المسموح.",
    ),
    "BAD_SEQ": (
        "The number of the version is negative.",
        "رقم الإصدار سالب.",
    ),
    "BAD_INSTANT": (
        "The recording time lies outside the years 2000 to 2200.",
        "وقت التسجيل خارج السنوات من 2000 إلى 2200.",
    ),
    "BAD_DATE": (
        "A date lies outside the years 1900 to 2200.",
        "تاريخ خارج السنوات من 1900 إلى 2200.",
    ),
    "REVERSED_PERIOD": (
        "A period ends before it begins.",
        "فترة تنتهي قبل أن تبدأ.",
    ),
    "FUTURE_BIRTH": (
        "The date of birth lies after the recording time.",
        "تاريخ الميلاد بعد وقت التسجيل.",
    ),
    "BAD_AMOUNT": (
        "An amount is negative or larger than any benefit.",
        "مبلغ سالب أو أكبر من أي إعانة ممكنة.",
    ),
    "UNKNOWN_CURRENCY": (
        "The currency is missing or not in the currency table.",
        "العملة غير مذكورة أو غير موجودة في جدول العملات.",
    ),
    "BAD_DEGREE": (
        "The degree of disability is not between 0 and 100.",
        "درجة العجز ليست بين 0 و100.",
    ),
    "BAD_IDENTIFIER": (
        "An identifier does not have the form of its kind.",
        "معرّف لا يطابق شكل نوعه.",
    ),
    "TWO_NATIONAL_NUMBERS": (
        "One person carries two different national numbers.",
        "شخص واحد يحمل رقمين وطنيين مختلفين.",
    ),
    "DUPLICATE_LINE": (
        "Two lines of a roster have the same number.",
        "سطران في السجل الأسري يحملان الرقم نفسه.",
    ),
    "BAD_NOTICE_ID": (
        "The notice id is not made of hexadecimal digits.",
        "معرّف الإشعار ليس مكوناً من أرقام ست عشرية.",
    ),
    "BAD_BOOK": (
        "The rulebook of an activation cannot be put in force.",
        "كتاب القواعد المرسل للتفعيل لا يمكن العمل به.",
    ),
    "NUMBER_TAKEN": (
        "Another operation has this number: it came first and holds.",
        "عملية أخرى تحمل هذا الرقم: وصلت أولاً وهي السارية.",
    ),
    # The program.
    "UNPROCESSABLE": (
        "The hub failed on this record, which is kept and offered again; the fault may be ours.",
        "تعذّر على المركز معالجة هذا السجل، وهو محفوظ وستعاد معالجته، وقد يكون الخطأ من جانبنا.",
    ),
}

UNPROCESSABLE = "UNPROCESSABLE"
"""The reason that nothing in a record shows: it made the program fail."""

_ORDER = {reason: place for place, reason in enumerate(REASONS)}


class Refusal(Exception):  # a refusal is an answer, not an error of the program
    """A record that is not accepted: a reason of the table, and the fields that are at fault.

    It is raised inside the decoder and returned by the acceptor; two refusals are equal when
    they say the same.
    """

    def __init__(self, reason: str, detail: tuple[str, ...] = ()) -> None:
        """Keep the reason, which must stand in the table, and the names of the fields."""
        assert reason in REASONS, reason
        super().__init__(reason)
        self.reason = reason
        self.detail = detail

    def __eq__(self, other: object) -> bool:
        """Say whether the other is a refusal with the same reason and detail."""
        if not isinstance(other, Refusal):
            return NotImplemented
        return (self.reason, self.detail) == (other.reason, other.detail)

    def __hash__(self) -> int:
        """Hash what is compared."""
        return hash((self.reason, self.detail))

    def __repr__(self) -> str:
        """Show the reason and the fields; no value is in either."""
        return f"Refusal({self.reason!r}, {self.detail!r})"


def gather(faults: list[tuple[str, str]]) -> Refusal:
    """Return one refusal for all `(field, reason)` faults of a record; there must be one."""
    first = min((reason for _, reason in faults), key=_ORDER.__getitem__)
    return Refusal(first, tuple(sorted({f"{field}:{reason}" for field, reason in faults})))
