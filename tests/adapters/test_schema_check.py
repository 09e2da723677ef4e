"""The schema check: what it demands of a schema, of its versions and of the lock file."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st

import schemas
from sijill.adapters.schema_check import check, main, marks, read_lock, write_lock
from sijill.adapters.schema_compatibility import incompatibilities
from sijill.adapters.schema_lint import lint
from sijill.domain.money import CURRENCIES
from tests.adapters.avro_records import records

TEXT = {"type": "string", "maxLength": 8}


def record(*fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A schema that is right but for what the test puts in."""
    shape = {"type": "record", "name": "Thing", "namespace": "sijill", "doc": "A thing to test."}
    return shape | {"fields": list(fields)} | more


def field(kind: Any, name: str = "part", **more: Any) -> dict[str, Any]:
    """A documented field of some type."""
    return {"name": name, "type": kind, "doc": "A part of it."} | more


def enum(*symbols: str, name: str = "Kind", **more: Any) -> dict[str, Any]:
    """A documented enum."""
    return {"type": "enum", "name": name, "doc": "Some kind.", "symbols": list(symbols)} | more


def copy_of_schemas(folder: Path) -> Path:
    """A folder with the schemas and the lock, to be changed."""
    for path in Path(schemas.__file__).parent.glob("*.*"):
        if path.suffix in (".avsc", ".json"):
            shutil.copy(path, folder)
    return folder


def test_our_schemas_are_right() -> None:
    """The schemas of the project have no fault, and the command says so by its exit status."""
    assert check(Path(schemas.__file__).parent) == []
    assert main([]) == 0


def test_known_fingerprints() -> None:
    """Fingerprints are CRC-64-AVRO, in the order of bytes of the single-object framing."""
    # The specification gives 0x7275d51a3f395c8f for the schema "int".
    assert marks('"int"').fingerprint == bytes.fromhex("7275d51a3f395c8f")[::-1].hex()


@pytest.mark.parametrize("stream", ["enrollment", "payment", "income", "alert", "notice"])
def test_currencies_are_those_of_the_money_table(stream: str) -> None:
    """A currency of a schema is one that the money table knows, and the other way round."""
    text = schemas.text(stream)
    symbols = next(
        json.loads(line.removeprefix('"symbols": ').removesuffix(","))
        for line in map(str.strip, text.splitlines())
        if line.startswith('"symbols": ["IQD"')
    )

    assert symbols == [*CURRENCIES, "UNKNOWN"]


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ("no json", ": no Avro schema"),
        ({"type": "thing"}, ": no Avro schema"),
        ("string", ": no Avro schema"),
        (["null"], ": a schema is one record"),
        (record(field(TEXT), doc="x" * 33_000), ": the text is larger"),
        (record(field(TEXT), namespace="other"), ": the namespace is not sijill"),
        (record(field(TEXT), doc="thing"), ": the type Thing is documented"),
        (record(field(TEXT, doc="")), ".part: a field is documented"),
        (record(field(TEXT, doc="No full sentence")), ".part: a field is documented"),
        (record(field(TEXT, name="aPart")), ".aPart: a field is named in lower case"),
        (record(field("string")), ".part: a text states its maxLength"),
        (record(field({"type": "string"})), ".part: a text states its maxLength"),
        (record(field("double")), ".part: double is not used"),
        (record(field({"type": "float"})), ".part: float is not used"),
        (record(field({"type": "bytes", "logicalType": "decimal", "precision": 9})),
         ".part: decimal is not used"),
        (record(field({"type": "map", "values": "int"})), ".part: map is not used"),
        (record(field({"type": "array", "items": "null"})), ".part: items without a byte"),
        (record(), ": a record without fields"),
        (record(field(enum("A"))), ".part: an enum has a default"),
        (record(field(enum("a", default="a"))), ".part: the symbol a is not in upper case"),
        (record(field(["int", "null"])), ".part: a union begins with null"),
        (record(field(["null", "int"])), ".part: a union begins with null"),
        (record(field(["null", *({"type": "fixed", "size": 1, "name": f"F{n}"} for n in range(8))],
                      default=None)), ".part: a union has at most 8"),
        (record(field(["null", "Thing"], default=None)), ".part: the type Thing holds itself"),
        (record(field({"type": "array", "items": {"type": "array", "items": {"type": "array",
         "items": {"type": "array", "items": {"type": "array", "items": {"type": "array",
         "items": {"type": "array", "items": "int"}}}}}}})), ": nested deeper than 8"),
    ],
)  # fmt: skip
def test_lint(schema: object, fault: str) -> None:
    """Each demand on a schema, when broken, is told with the path to it."""
    found = lint(schema if isinstance(schema, str) else json.dumps(schema))

    assert any(fault in one for one in found), found


NEWER = field("int", name="more", default=0)


@pytest.mark.parametrize(
    ("reader", "writer", "fault"),
    [
        (record(field(TEXT), NEWER), record(field(TEXT)), None),
        (record(field(TEXT)), record(field(TEXT), NEWER), None),
        (record(field(TEXT), field("int", name="more")), record(field(TEXT)), ".more: the writer"),
        (record(field("long")), record(field("int")), None),
        (record(field("int")), record(field("long")), ".part: long cannot be read as int"),
        (record(field("bytes")), record(field("string")), None),
        (record(field(["null", "int"])), record(field("int")), None),
        (record(field("int")), record(field(["null", "int"])), ".part: null cannot be read"),
        (record(field(["null", "int"])), record(field("string")), ".part: no branch"),
        (record(field(enum("A", default="A"))), record(field(enum("A", "B"))), None),
        (record(field(enum("A"))), record(field(enum("A", "B"))), ".part: the reader has neither"),
        (record(field(enum("A", name="Sort"))), record(field(enum("A"))), ".part: the type Kind"),
        (record(field(enum("A", name="Sort", aliases=["Kind"]))), record(field(enum("A"))), None),
        (record(field("int", name="new", aliases=["part"])), record(field("int")), None),
        (record(field({"type": "array", "items": "int"})),
         record(field({"type": "array", "items": TEXT})), ".part[]: string cannot"),
        (record(field({"type": "fixed", "name": "F", "size": 2})),
         record(field({"type": "fixed", "name": "F", "size": 3})), ".part: the size"),
        (record(field({"type": "int", "logicalType": "date"})), record(field("int")),
         ".part: the logical type"),
        (record(field(TEXT), name="Other"), record(field(TEXT)), ": the type Thing"),
    ],
)  # fmt: skip
def test_compatibility(reader: dict[str, Any], writer: dict[str, Any], fault: str | None) -> None:
    """A reader's differences are allowed or told, by Avro's rules and by ours on logical types."""
    found = incompatibilities(reader, writer)

    assert found == [] if fault is None else any(fault in one for one in found), found


@pytest.mark.parametrize("name", schemas.NAMES)
def test_every_schema_reads_itself(name: str) -> None:
    """A schema is compatible with itself: named types and their repetitions are resolved."""
    schema = json.loads(schemas.text(name))

    assert incompatibilities(schema, json.loads(schemas.text(name))) == []


CHANGED = [
    record(field("int"), NEWER),
    record(field("int"), field(["null", "int"], name="more", default=None)),
    record(field("long")),
    record(field("long"), field(enum("A", "B", default="A"), name="more", default="B")),
    record(field(["null", "long"])),
    record(field(TEXT)),
    record(NEWER),
]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_fastavro_agrees(data: st.DataObject) -> None:
    """What the check calls readable, fastavro does read."""
    reader, writer = (data.draw(st.sampled_from(CHANGED)) for _ in range(2))
    if incompatibilities(reader, writer):
        return
    parsed = parse_schema(json.loads(json.dumps(writer)))
    buffer = io.BytesIO()
    one = data.draw(records("everything"))
    values = {"part": one["small"], "more": None if _optional(writer) else one["small"]}
    if any(part["name"] == "more" and isinstance(part["type"], dict) for part in writer["fields"]):
        values["more"] = one["kind"] if one["kind"] != "C" else "A"
    if writer["fields"][0]["type"] == TEXT:
        values["part"] = one["text"]
    schemaless_writer(buffer, parsed, values)
    buffer.seek(0)

    assert schemaless_reader(buffer, parsed, parse_schema(json.loads(json.dumps(reader))))


def _optional(schema: dict[str, Any]) -> bool:
    return any(
        part["name"] == "more" and isinstance(part["type"], list) for part in schema["fields"]
    )


def test_lock_holds_released_texts(tmp_path: Path) -> None:
    """A released text that changes its meaning is found; a change of documentation is not one."""
    folder = copy_of_schemas(tmp_path)
    path = folder / "feed.avsc"
    text = path.read_text("utf-8")
    path.write_text(text.replace("The health of", "How healthy is"), "utf-8")
    assert check(folder) == []

    path.write_text(text.replace('"quarantined"', '"refused"'), "utf-8")

    assert check(folder) == ["feed.avsc: is not the text that was released as feed 1"]


def test_new_versions_keep_the_old_text(tmp_path: Path) -> None:
    """A new version is locked under the next id, once the text before it lies under released/."""
    folder = copy_of_schemas(tmp_path)
    path = folder / "feed.avsc"
    text = path.read_text("utf-8")
    more = '{"name": "more", "doc": "A new field.", "type": "int", "default": 0},'
    path.write_text(text.replace('"fields": [', f'"fields": [{more}', 1), "utf-8")
    kept = "released/feed.1.avsc"
    assert write_lock(folder) == [f"feed.avsc: has changed; keep its released text as {kept}"]
    (folder / "released").mkdir()
    (folder / kept).write_text(text, "utf-8")

    assert write_lock(folder) == []
    assert check(folder) == []
    first, second = (entry for entry in read_lock(folder) if entry.name == "feed")
    assert (first.file, second.file) == (kept, "feed.avsc")
    assert (second.version, second.id) == (2, len(schemas.NAMES) + 1)


def test_incompatible_versions_are_found(tmp_path: Path) -> None:
    """A version that cannot read its predecessor, or be read by it, is a fault."""
    folder = copy_of_schemas(tmp_path)
    path = folder / "feed.avsc"
    text = path.read_text("utf-8")
    (folder / "released").mkdir()
    (folder / "released/feed.1.avsc").write_text(text, "utf-8")
    path.write_text(text.replace('"quarantined"', '"refused"'), "utf-8")
    assert write_lock(folder) == []

    faults = check(folder)

    assert [fault.partition(":")[0] for fault in faults] == [
        "released/feed.1.avsc cannot read feed.avsc",
        "feed.avsc cannot read released/feed.1.avsc",
    ]


def test_lock_is_complete_and_in_order(tmp_path: Path) -> None:
    """Gaps, repetitions, missing files and schemas that are not locked are all told."""
    folder = copy_of_schemas(tmp_path)
    entries = json.loads((folder / "lock.json").read_text("utf-8"))
    entries[3]["fingerprint"] = entries[4]["fingerprint"]
    entries[5]["id"] = 77
    entries[6]["file"] = "lost.avsc"
    (folder / "lock.json").write_text(json.dumps(entries[:-1]), "utf-8")

    faults = check(folder)

    assert "lock.json: the ids are not 1, 2, 3 and so on" in faults
    assert "lock.json: one fingerprint stands twice" in faults
    assert "lost.avsc: cannot be read, but lock.json names it" in faults


def test_the_command_fails_on_a_fault(tmp_path: Path) -> None:
    """Run as a program on a broken set, the check lists the faults and exits with 1."""
    package = tmp_path / "schemas"
    shutil.copytree(Path(schemas.__file__).parent, package)
    path = package / "feed.avsc"
    path.write_text(path.read_text("utf-8").replace('"quarantined"', '"refused"'), "utf-8")
    command = [sys.executable, "-m", "sijill.adapters.schema_check"]
    program = Path(schemas.__file__).parent.parent
    environment = {"PYTHONPATH": f"{tmp_path}:{program}"}

    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path
    )

    assert done.returncode == 1
    assert done.stdout == "feed.avsc: is not the text that was released as feed 1\n"
