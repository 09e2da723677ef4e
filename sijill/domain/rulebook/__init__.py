"""A country's rulebook: read from its folder, checked whole, used as plain values.

A book is a mapping of file names to bytes: `book.toml` and one file per rule under `rules/`. That
same mapping travels in the operation that activates the book, so parsing is pure: `parse`.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from sijill.domain.event import INF
from sijill.domain.rulebook.book_file import parse_book
from sijill.domain.rulebook.lint import check
from sijill.domain.rulebook.model import Book, LoadError, Ministry, Programme, Rule
from sijill.domain.rulebook.rule_file import Frame, parse_rule

__all__ = ["Book", "LoadError", "Ministry", "Programme", "Rule", "load", "parse", "read"]

BOOK = "book.toml"


def load(place: Path | str) -> Book:
    """Return the book of a folder, or of a country that ships with the hub ("iraq").

    Raises LoadError, also when there is no such book.
    """
    return parse(read(place))


def read(place: Path | str) -> dict[str, bytes]:
    """Return the files of a book by their names: what `parse` takes and activation carries."""
    folder: Traversable = Path(place)
    if not folder.is_dir():
        folder = files("sijill.rulebooks") / str(place)
    if not (folder / BOOK).is_file():
        raise LoadError(BOOK, "", "(file)", f"no book is found for {str(place)!r}")
    content = {BOOK: (folder / BOOK).read_bytes()}
    rules = folder / "rules"
    for entry in rules.iterdir() if rules.is_dir() else ():
        if entry.name.endswith(".toml"):
            content[f"rules/{entry.name}"] = entry.read_bytes()
    return content


def parse(content: Mapping[str, bytes], *, known: int = INF) -> Book:
    """Return the book that the files make, with the law published up to the day `known`.

    The hub always uses the whole book (`known = INF`); another day answers "what did the law say
    then?". Raises LoadError naming file, rule and field.
    """
    if BOOK not in content:
        raise LoadError(BOOK, "", "(file)", "is missing")
    digest = hashlib.blake2b(digest_size=16)
    rules: list[Rule] = []
    book = parse_book(_toml(BOOK, content[BOOK]), BOOK)
    frame = Frame(tuple(book["programmes"]), book["currency"], known)
    for name in sorted(content):
        digest.update(len(name).to_bytes(4) + name.encode() + len(content[name]).to_bytes(8))
        digest.update(content[name])
        if name == BOOK:
            continue
        if not name.startswith("rules/") or not name.endswith(".toml"):
            raise LoadError(name, "", "(file)", "is no file of a rulebook")
        parsed = _toml(name, content[name])
        rule = parse_rule(parsed, name, frame)
        if known == INF:
            check(rule, parsed)
        if any(other.id == rule.id for other in rules):
            raise LoadError(name, rule.id, "id", "is another rule's id already")
        rules.append(rule)
    rules.sort(key=lambda rule: rule.id)
    return Book(**book, rules=tuple(rules), digest=digest.digest(), known=known)


def _toml(name: str, content: bytes) -> dict[str, object]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LoadError(name, "", "(file)", f"is no TOML: {error}") from error
