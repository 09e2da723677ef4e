"""A second version of the first book: what a parliament might change, as edits of its files."""

from pathlib import Path

from sijill.domain import rulebook

IRAQ = rulebook.read("iraq")

BOOK = "book.toml"
PENSION = "rules/spn-pension.toml"
SALARY = "rules/spn-public-salary.toml"
DEATH = "rules/paid-after-death.toml"
RAFHA = "rules/rafha-pension.toml"
DISABILITY = "rules/disability-pension.toml"

_CEILING = 'values = [{ from = 2014-01-01, value = 0, source = "law-11-2014" }]'
_CEILING_NOW = """values = [
  { from = 2014-01-01, value = 0, source = "law-11-2014" },
  { from = 2026-01-01, value = 700_000, source = "law-11-2014" },
]"""
_RUN_OFF = 'values = [{ from = 2000-01-01, value = 30, source = "after-death" }]'
_RUN_OFF_NOW = """values = [
  { from = 2000-01-01, value = 30, source = "after-death" },
  { from = 2025-01-01, value = 90, source = "after-death" },
]"""
_EXEMPTION = """
[[exception]]
label   = "widows"
over    = "base"
from    = 2014-01-01
when    = { fact = "category", code = "widow" }
verdict = "permitted"
source  = "law-11-2014"

[[unsure]]"""
_PERMITTED = """[texts]
permitted.en = "{left} and {right} in {months}: checked, permitted under {cite}."
permitted.ar = "تزامن «{left}» مع «{right}» في {months}: تم التحقق، مسموح بموجب {cite}."
"""
_WIDOW = """
[[case]]
name  = "a widow keeps both"
facts = ["spn P1 2024-01-01 ..", "pension P1 2024-01-01 .. 2024-01-31", "category P1 widow"]
then  = [{ known = 2024-12-31, raised = [], permitted = ["2024-01"], exception = "widows" }]
"""


def replaced(files: dict[str, bytes], name: str, old: str, new: str) -> dict[str, bytes]:
    """Return the files with one piece of one of them replaced; the piece must be there."""
    text = files[name].decode()
    assert old in text
    return {**files, name: text.replace(old, new, 1).encode()}


def named(version: str, files: dict[str, bytes] = IRAQ) -> dict[str, bytes]:
    """Return the book under another version's name."""
    return replaced(files, BOOK, 'version   = "2026-1"', f'version   = "{version}"')


def amended(version: str = "2026-2") -> dict[str, bytes]:
    """Return the book with a threshold and a date changed, a rule less, a rule more, an exemption.

    Salaries count from 700,000 dinars a month, a death has 90 days of run-off, Rafha salaries may
    meet a pension, a disability allowance may not, and widows keep transfer and pension. All its
    golden cases hold.
    """
    files = named(version)
    files = replaced(files, SALARY, _CEILING, _CEILING_NOW)
    files = replaced(files, DEATH, _RUN_OFF, _RUN_OFF_NOW)
    files = replaced(files, PENSION, "\n[[unsure]]", _EXEMPTION)
    files = replaced(files, PENSION, "[texts]\n", _PERMITTED)
    files[PENSION] += _WIDOW.encode()
    rafha = files.pop(RAFHA).decode()
    files[DISABILITY] = (
        rafha.replace("iq.rafha.pension", "iq.disability.pension")
        .replace('programme = "rafha"', 'programme = "disability"')
        .replace("rafha P1", "disability P1")
        .replace("disability P1 2021-01 1000000", "disability P1 2021-01 170000")
        .encode()
    )
    return files


def written(files: dict[str, bytes], folder: Path) -> str:
    """Write a book into a folder, as an operator has it, and return the folder's path."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return str(folder)
