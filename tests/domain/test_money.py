"""Money: counting units and how amounts are written."""

import pytest

from sijill.domain import money


@pytest.mark.parametrize(
    ("amount", "currency", "lang", "text"),
    [
        (216_000, "IQD", "en", "IQD 216,000"),
        (216_000, "IQD", "ar", "٢١٦٬٠٠٠ دينار عراقي"),
        (1_234_505, "USD", "en", "USD 12,345.05"),
        (1_234_505, "USD", "ar", "١٢٬٣٤٥٫٠٥ دولار أمريكي"),
        (-5, "USD", "en", "-USD 0.05"),
    ],
)
def test_amounts_as_people_write_them(amount: int, currency: str, lang: str, text: str) -> None:
    """An amount shows the digits of its counting unit, in the reader's digits."""
    assert money.format(amount, currency, lang) == text


def test_every_currency_has_an_arabic_name() -> None:
    """No currency can be counted that cannot be written in both languages."""
    assert money.CURRENCIES.keys() == money.ARABIC_NAMES.keys()
