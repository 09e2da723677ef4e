"""A small book of nowhere, whose one rule has all that a rule file can have."""

from pathlib import Path

from sijill.domain import rulebook

FILES = rulebook.read(Path(__file__).parent / "nowhere")


def with_rule(old: str, new: str) -> dict[str, bytes]:
    """Return the files with one piece of the rule replaced; the piece must be there."""
    return _with("rules/salary.toml", old, new)


def with_book(old: str, new: str) -> dict[str, bytes]:
    """Return the files with one piece of the book replaced; the piece must be there."""
    return _with("book.toml", old, new)


def _with(name: str, old: str, new: str) -> dict[str, bytes]:
    text = FILES[name].decode()
    assert old in text
    return {**FILES, name: text.replace(old, new, 1).encode()}
