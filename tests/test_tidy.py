"""Style is a test: what a reviewer would otherwise have to say again and again."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

import schemas
from sijill import settings, topics
from sijill.adapters import metrics
from sijill.settings import Settings

ROOT = Path(__file__).parent.parent
PACKAGES = ("sijill", "services", "connectors", "schemas", "tests")
MODULES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))

FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 60
POSITIONAL_MAX = 4
ORACLE_LINES_MAX = (800, 530)  # the model; its own border, so that no refusal is taken on trust
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}

# The domain has no clock, no input or output, no log; a rulebook's loader may open its files.
IMPURE = {
    *("asyncio", "logging", "multiprocessing", "os", "random", "secrets", "socket"),
    *("sqlite3", "subprocess", "tempfile", "threading", "time", "urllib", "uuid"),
}
# Written in two halves, so that this file does not name what no file may name.
NOT_COMMITTED = re.compile(
    "|".join(
        re.escape(first + second)
        for first, second in (
            ("TO", "DO"), ("FIX", "ME"), ("XX", "X:"), ("for ", "now,"), ("for ", "now."),
            ("/wo", "rk/"), ("/tm", "p/"), ("/ho", "me/"), ("pypi", ".org"),
            ("python", "hosted.org"), ("maven", ".org"), ("npmjs", ".org"), ("crates", ".io"),
        )
    )
)  # fmt: skip
FAKES = re.compile(r"\b(monkeypatch|unittest\.mock|MagicMock|mocker)\b")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    """The path below the repository."""
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.Module) -> Iterator[Function]:
    """Every function and method of a module."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def body_lines(function: Function) -> int:
    """Lines of a function from its first statement after the docstring to its last."""
    statements = function.body[1:] if ast.get_docstring(function) else function.body
    if not statements:
        return 0
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1


def positional(function: Function) -> int:
    """How many arguments may be passed by place, without `self` or `cls`."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    return len([argument for argument in arguments if argument.arg not in ("self", "cls")])


def imports(path: Path) -> set[str]:
    """The full names of what a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def committed() -> list[Path]:
    """The files that git keeps; without git, all that the packages hold."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        return MODULES
    paths = [ROOT / name for name in done.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def documentation() -> str:
    """All that README and docs/ say."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages if page.exists())


def test_files_are_short() -> None:
    """A file has at most 300 lines."""
    lines = {name_of(path): path.read_text(encoding="utf-8").count("\n") for path in MODULES}

    assert {name: count for name, count in lines.items() if count > FILE_LINES_MAX} == {}


def test_functions_are_short() -> None:
    """A function's body has at most 60 lines, and at most four parameters go by place."""
    wrong = [
        f"{name_of(path)}:{function.lineno} {function.name}: {lines} lines, {places} places"
        for path in MODULES
        for function in functions(ast.parse(path.read_text(encoding="utf-8")))
        if (lines := body_lines(function)) > FUNCTION_LINES_MAX
        or (places := positional(function)) > POSITIONAL_MAX
    ]

    assert wrong == []


def test_modules_say_what_they_are() -> None:
    """Every module has a docstring and a name that means something."""
    wrong = [
        name_of(path)
        for path in MODULES
        if path.stem in EMPTY_NAMES or not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]

    assert wrong == []


def test_tests_state_their_rule() -> None:
    """Every test has a docstring: the rule that it proves."""
    wrong = [
        f"{name_of(path)} {function.name}"
        for path in MODULES
        if path.name.startswith("test_")
        for function in functions(ast.parse(path.read_text(encoding="utf-8")))
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]

    assert wrong == []


def test_no_leftovers() -> None:
    """No committed text holds unfinished work, a path of one machine or a registry's address."""
    kinds = {".py", ".md", ".sql", ".toml", ".sh", ".json", ".avsc", ".yml", ".yaml", ".txt"}
    wrong = [
        f"{name_of(path)}: {found[0]}"
        for path in committed()
        if path.suffix in kinds or path.name in ("Makefile", "run")
        if (found := NOT_COMMITTED.search(path.read_text(encoding="utf-8")))
    ]

    assert wrong == []


def test_nothing_is_faked() -> None:
    """No test patches or mocks: the ground is real."""
    files = [path for path in MODULES if path != Path(__file__)]

    assert [name_of(file) for file in files if FAKES.search(file.read_text("utf-8"))] == []


def test_domain_is_pure() -> None:
    """The domain imports itself and the standard library without its clocks, files and logs."""
    allowed = (set(sys.stdlib_module_names) - IMPURE) | {"sijill"}
    wrong = {
        name_of(path): sorted(bad)
        for path in (ROOT / "sijill" / "domain").rglob("*.py")
        if (
            bad := {
                name
                for name in imports(path)
                if name.split(".")[0] not in allowed
                or (name.startswith("sijill") and not name.startswith("sijill.domain"))
            }
        )
    }

    assert wrong == {}


def test_simulation_knows_no_answer() -> None:
    """The simulated ministries import neither rules nor identity nor the oracle."""
    answers = ("sijill.domain.rules", "sijill.domain.identity", "sijill.oracle")
    wrong = [
        f"{name_of(path)}: {name}"
        for path in (ROOT / "sijill" / "simulation").rglob("*.py")
        for name in imports(path)
        if name.startswith(answers)
    ]

    assert wrong == []


def test_oracle_is_small_and_apart() -> None:
    """The oracle imports itself, the standard library and fastavro, and is soon read whole."""
    folder = ROOT / "sijill" / "oracle"
    lines = dict.fromkeys((folder, folder / "border"), 0)
    names = set()
    for path in folder.rglob("*.py"):
        names |= imports(path)
        lines[path.parent] += path.read_text(encoding="utf-8").count("\n")
    own = tuple(f"{name}." for name in (*sys.stdlib_module_names, "fastavro", "sijill.oracle"))

    assert [name for name in names if not f"{name}.".startswith(own)] == []
    assert all(count <= most for count, most in zip(lines.values(), ORACLE_LINES_MAX, strict=True))


@pytest.mark.parametrize("name", schemas.NAMES)
def test_schema_has_topic_and_example(name: str) -> None:
    """Every schema travels on a topic and has an example beside it."""
    carried = {pattern.schema for pattern in topics.PATTERNS.values()}
    streams = set(schemas.STREAMS) if "{stream}" in carried else set()

    assert (name in carried | streams, len(schemas.examples(name)) > 0) == (True, True)


def test_schema_files_are_all_listed() -> None:
    """No schema file lies about that the package does not list."""
    assert {path.stem for path in (ROOT / "schemas").glob("*.avsc")} == set(schemas.NAMES)


def test_names_are_documented() -> None:
    """README or docs/ name every service, every metric and every setting."""
    text = documentation()
    services = [path.stem for path in (ROOT / "services").glob("[!_]*.py")]
    shown = [metrics.PREFIX + metric.name for metric in metrics.METRICS]
    variables = [settings.PREFIX + name.upper() for name in Settings.__dataclass_fields__]

    assert [name for name in services + shown + variables if f"`{name}`" not in text] == []


def test_migrations_are_numbered() -> None:
    """Migrations are numbered from 1 without a gap."""
    folder = ROOT / "sijill" / "adapters" / "migrations"
    numbers = sorted(int(path.name[:4]) for path in folder.glob("*.sql"))

    assert numbers == list(range(1, len(numbers) + 1))


def test_requirements_are_locked() -> None:
    """Every direct dependency stands in the hashed lock files, which name no index."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {
        "requirements.txt": project["dependencies"],
        "requirements-dev.txt": project["dependencies"] + project["optional-dependencies"]["dev"],
    }
    missing = [
        f"{file}: {entry}"
        for file, entries in wanted.items()
        for entry in entries
        if f"\n{re.split(r'[][<>=~!]', entry)[0]}==" not in (ROOT / file).read_text("utf-8")
    ]

    assert missing == []


def test_make_targets() -> None:
    """The Makefile has the eight targets, each with its line of help."""
    documented = re.findall(
        r"^([a-z]+):.*## \S", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
    )

    assert sorted(documented) == sorted(
        ["setup", "check", "test", "demo", "up", "bench", "faults", "help"]
    )


def test_changelog_is_well_formed() -> None:
    """The changelog opens with Unreleased, and its entries are sentences under known headings."""
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    headings = [line for line in lines if line.startswith("## ")]
    wrong = [line for line in lines if line.startswith("### ") and line[4:] not in kinds]
    # An entry goes on in indented lines; its last line is the one before something else.
    ends = [
        line
        for line, after in pairwise([*lines, ""])
        if line[:2] in ("- ", "  ") and after[:2] != "  "
    ]

    assert (lines[0], headings[0]) == ("# Changelog", "## Unreleased")
    assert wrong + [line for line in ends if not line.endswith(".")] == []


def test_json_is_json() -> None:
    """Every JSON and Avro schema file parses."""
    for path in committed():
        if path.suffix in (".json", ".avsc"):
            json.loads(path.read_text(encoding="utf-8"))
