"""The golden cases that stand in the rule files of every country."""

from importlib.resources import files

import pytest

from sijill.domain import cases, rulebook

COUNTRIES = sorted(
    entry.name for entry in files("sijill.rulebooks").iterdir() if (entry / "book.toml").is_file()
)


@pytest.mark.parametrize("country", COUNTRIES)
def test_golden_cases(country: str) -> None:
    """Every rule says what its own golden cases say, on every day of knowledge they name."""
    count, failures = cases.run(rulebook.read(country))

    assert failures == []
    assert count >= 3


def test_a_wrong_case_is_told() -> None:
    """A golden case that expects another month fails, with rule, case, day and field."""
    content = rulebook.read("iraq")
    name = "rules/rafha-pension.toml"
    content[name] = content[name].replace(b'["2021-01", "2021-02"]', b'["2021-01"]')

    (failure,) = cases.run(content)[1]

    assert (failure.rule, failure.field, failure.known) == (
        "iq.rafha.pension",
        "raised",
        "2021-12-31",
    )
