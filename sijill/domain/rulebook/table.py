"""Reading TOML tables strictly: every key known, every type right, every error with its place."""

from collections.abc import Mapping
from datetime import date, datetime

from sijill.domain.rulebook.model import LANGUAGES, LoadError, Texts


class Table:
    """One table of a file, read key by key; `close` refuses the keys that nobody read."""

    def __init__(self, content: object, *, file: str, rule: str = "", path: str = "") -> None:
        self.file, self.rule, self.path = file, rule, path
        if not isinstance(content, dict):
            raise self.error("", "is no table")
        self._content: dict[str, object] = content
        self._read: set[str] = set()

    def error(self, key: str, reason: str) -> LoadError:
        """Return the error that names this table's file, rule and the field."""
        field = ".".join(part for part in (self.path, key) if part)
        return LoadError(self.file, self.rule, field or "(file)", reason)

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self._content

    def entries(self) -> tuple[str, ...]:
        """Return the names of the entries, in the file's order."""
        return tuple(self._content)

    def text(self, key: str, *, choice: tuple[str, ...] = ()) -> str:
        """Return a non-empty string, one of `choice` when that is given."""
        value = self._take(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "must be a text")
        if choice and value not in choice:
            raise self.error(key, f"is {value!r}, must be one of {', '.join(choice)}")
        return value

    def text_or(self, key: str, default: str | None = None) -> str | None:
        """Return a string, or the default when the key is absent."""
        return self.text(key) if self.has(key) else default

    def number(self, key: str, *, default: int | None = None) -> int:
        """Return a whole number that is not negative; floats are refused."""
        if default is not None and not self.has(key):
            return default
        value = self._take(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.error(key, "must be a whole number, zero or more")
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return true or false."""
        value = self._take(key) if self.has(key) else default
        if not isinstance(value, bool):
            raise self.error(key, "must be true or false")
        return value

    def day(self, key: str) -> int:
        """Return a TOML date as an ordinal; a date with a time is refused."""
        value = self._take(key)
        if isinstance(value, datetime) or not isinstance(value, date):
            raise self.error(key, "must be a date, written without quotes")
        return value.toordinal()

    def texts(self, key: str) -> Texts:
        """Return {"en": …, "ar": …}; one plain string serves both languages."""
        value = self._take(key)
        if isinstance(value, str) and value.strip():
            return dict.fromkeys(LANGUAGES, value)
        if not isinstance(value, dict) or set(value) != set(LANGUAGES):
            raise self.error(key, f"must have exactly the languages {', '.join(LANGUAGES)}")
        if not all(isinstance(text, str) and text.strip() for text in value.values()):
            raise self.error(key, "must have a text in each language")
        return value

    def names(self, key: str, *, known: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a list of different strings (one string is a list of one), all among `known`."""
        value = self._take(key)
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
            raise self.error(key, "must be a list of texts")
        if len(set(listed)) != len(listed):
            raise self.error(key, "says one name twice")
        for name in listed:
            if known and name not in known:
                raise self.error(key, f"names {name!r}, which is not known")
        return tuple(listed)

    def lines(self, key: str) -> tuple[str, ...]:
        """Return a list of strings, which may repeat."""
        value = self._take(key)
        if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
            raise self.error(key, "must be a list of texts")
        return tuple(value)

    def table(self, key: str) -> "Table":
        """Return the table under a key."""
        return self._inner(self._take(key), key)

    def tables(self, key: str) -> list["Table"]:
        """Return the list of tables under a key; an absent key gives none."""
        listed = self._take(key) if self.has(key) else []
        if not isinstance(listed, list):
            raise self.error(key, "must be a list of tables")
        return [self._inner(content, f"{key}[{place}]") for place, content in enumerate(listed)]

    def raw(self) -> Mapping[str, object]:
        """Return the content as it is, and count every key as read."""
        self._read.update(self._content)
        return self._content

    def close(self) -> None:
        """Refuse the first key that was never read: most often a misspelt one."""
        for key in self._content:
            if key not in self._read:
                raise self.error(key, "is not a known field")

    def _inner(self, content: object, key: str) -> "Table":
        path = f"{self.path}.{key}" if self.path else key
        return Table(content, file=self.file, rule=self.rule, path=path)

    def _take(self, key: str) -> object:
        if key not in self._content:
            raise self.error(key, "is missing")
        self._read.add(key)
        return self._content[key]
