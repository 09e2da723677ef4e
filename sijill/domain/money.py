"""Amounts of money: 64-bit integers in a currency's counting unit, and how people read them.

The counting unit is what payment systems really count: whole dinars for IQD, cents for USD.
No floating point number ever holds an amount.
"""

from typing import Final

CURRENCIES: Final[dict[str, int]] = {
    "IQD": 0,
    "USD": 2,
    "EUR": 2,
    "GBP": 2,
    "TRY": 2,
    "SAR": 2,
    "JOD": 3,
}
"""Currency code to the decimal digits that its counting unit has below the main unit."""

ARABIC_NAMES: Final[dict[str, str]] = {
    "IQD": "دينار عراقي",
    "USD": "دولار أمريكي",
    "EUR": "يورو",
    "GBP": "جنيه إسترليني",
    "TRY": "ليرة تركية",
    "SAR": "ريال سعودي",
    "JOD": "دينار أردني",
}

_TO_ARABIC = str.maketrans("0123456789,.", "٠١٢٣٤٥٦٧٨٩٬٫")


def arabic_digits(text: str) -> str:
    """Return the text with Arabic-Indic digits and the Arabic thousands and decimal marks."""
    return text.translate(_TO_ARABIC)


def format(amount: int, currency: str, lang: str) -> str:  # noqa: A001 - reads as money.format(…)
    """Return an amount (counting units) as people of the language ("en" or "ar") write it.

    Raises KeyError for a currency that is not in CURRENCIES.
    """
    exponent = CURRENCIES[currency]
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), 10**exponent)
    number = f"{whole:,}" + (f".{rest:0{exponent}d}" if exponent else "")
    if lang == "ar":
        return f"{sign}{arabic_digits(number)} {ARABIC_NAMES[currency]}"
    return f"{sign}{currency} {number}"
