"""A seeded bug: its story, the edits that sow it, and the test that must catch it.

Each is a TOML file of the folder `bugs`: `story`, `test` (a node of pytest), and tables `edit` with
`file`, `search` and `replace`. The text searched for must stand in the file exactly once: an edit
that no longer applies is an error, never a pass.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUGS = Path(__file__).parent / "bugs"


class StaleError(Exception):
    """A bug that can no longer be sown, or whose test is gone: its file must follow the code."""


@dataclass(frozen=True)
class Edit:
    """One text of a file and what stands there instead."""

    file: str
    search: str
    replace: str


@dataclass(frozen=True)
class Bug:
    """One bug; `test` is the node of the test that must fail."""

    name: str
    story: str
    test: str
    edits: tuple[Edit, ...]

    @property
    def test_file(self) -> str:
        """The file of the test."""
        return self.test.split("::")[0]

    def sow(self, root: Path) -> None:
        """Write the bug into the tree; raises StaleError when an edit does not apply."""
        for file, text in self.sown(root).items():
            (root / file).write_text(text, encoding="utf-8")

    def sown(self, root: Path) -> dict[str, str]:
        """Return the files with the bug in them; raises StaleError when an edit does not apply."""
        texts: dict[str, str] = {}
        for edit in self.edits:
            path = root / edit.file
            if not path.is_file():
                raise StaleError(f"{self.name}: there is no file {edit.file}")
            text = texts.get(edit.file) or path.read_text(encoding="utf-8")
            found = text.count(edit.search)
            if found != 1:
                raise StaleError(f"{self.name}: the text stands {found} times in {edit.file}")
            texts[edit.file] = text.replace(edit.search, edit.replace)
        return texts

    def check(self, root: Path) -> None:
        """Raise StaleError unless the bug can be sown and its test is there."""
        for file, text in self.sown(root).items():
            compile(text, file, "exec")
        path = root / self.test_file
        function = re.sub(r"\[.*", "", self.test.rpartition("::")[2])
        if not path.is_file() or f"def {function}(" not in path.read_text(encoding="utf-8"):
            raise StaleError(f"{self.name}: there is no test {self.test}")


def load(name: str) -> Bug:
    """Return the bug of that name; raises StaleError when there is none."""
    path = BUGS / f"{name}.toml"
    if not path.is_file():
        raise StaleError(f"{name}: there is no such bug")
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    edits = tuple(Edit(**edit) for edit in content["edit"])
    return Bug(name, content["story"], content["test"], edits)


def names() -> list[str]:
    """Return the names of all bugs."""
    return sorted(path.stem for path in BUGS.glob("*.toml"))
