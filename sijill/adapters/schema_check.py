"""Checks all schemas: their form, their compatibility with every released version, the lock.

`python -m sijill.adapters.schema_check` lists every fault and exits with 1 when there is one.
With `--write-lock` it first adds what is new to the lock file: a new schema, or a new version of a
known one, whose former text must then lie under `released/`.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from fastavro.schema import SchemaParseException, fingerprint, to_parsing_canonical_form

import schemas
from schemas import Locked
from sijill.adapters.schema_compatibility import incompatibilities
from sijill.adapters.schema_lint import lint

LOCK = "lock.json"
COMMON_FIELDS = ("event_id", "ministry", "source_record_id", "source_seq", "occurred_at", "status")


class Marks(NamedTuple):
    """What identifies a schema, whatever its layout and documentation."""

    fingerprint: str
    sha256: str


def marks(text: str) -> Marks:
    """Return the marks of a schema: of its parsing canonical form."""
    canonical = to_parsing_canonical_form(json.loads(text))
    # fastavro gives the eight bytes in the order in which they stand on the wire.
    return Marks(
        fingerprint(canonical, "CRC-64-AVRO"), hashlib.sha256(canonical.encode()).hexdigest()
    )


def check(folder: Path) -> list[str]:
    """Return every fault of the schemas in a folder, each as a file and a sentence."""
    texts = {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.avsc"))}
    faults = [f"{name}.avsc{fault}" for name, text in texts.items() for fault in lint(text)]
    if faults:
        return faults
    faults = [
        f"{name}.avsc: not in the table of schemas" for name in set(texts) - set(schemas.NAMES)
    ]
    faults += [f"{name}.avsc: missing" for name in schemas.NAMES if name not in texts]
    entries = read_lock(folder)
    faults += _check_common_fields(texts)
    faults += _check_lock(folder, entries)
    return faults or [*_check_current(texts, entries), *_check_versions(folder, entries)]


def read_lock(folder: Path) -> list[Locked]:
    """Return the entries of a folder's lock file; empty when there is none."""
    path = folder / LOCK
    return (
        [Locked(**entry) for entry in json.loads(path.read_text("utf-8"))] if path.exists() else []
    )


def write_lock(folder: Path) -> list[str]:
    """Add what is new to the lock file and return why something could not be added."""
    entries, faults = read_lock(folder), []
    for name in schemas.NAMES:
        path = folder / f"{name}.avsc"
        if not path.exists():
            continue
        now = marks(path.read_text("utf-8"))
        known = [entry for entry in entries if entry.name == name]
        if any(now.sha256 == entry.sha256 for entry in known):
            continue
        if known:
            former = max(known, key=lambda entry: entry.version)
            kept = f"released/{name}.{former.version}.avsc"
            if not (folder / kept).exists():
                faults.append(f"{name}.avsc: has changed; keep its released text as {kept}")
                continue
            entries[entries.index(former)] = former._replace(file=kept)
        number = max((entry.id for entry in entries), default=0) + 1
        entries.append(Locked(name, len(known) + 1, number, path.name, *now))
    lines = ",\n".join(f"  {json.dumps(entry._asdict())}" for entry in entries)
    (folder / LOCK).write_text(f"[\n{lines}\n]\n", "utf-8")
    return faults


def _check_common_fields(texts: dict[str, str]) -> Iterator[str]:
    """The source streams begin alike, so that nobody needs the stream to find a record's name."""
    first = None
    for name in schemas.STREAMS:
        fields = json.loads(texts[name])["fields"] if name in texts else []
        if fields and tuple(field["name"] for field in fields[:6]) != COMMON_FIELDS:
            yield f"{name}.avsc: does not begin with {', '.join(COMMON_FIELDS)}"
        types = [field["type"] for field in fields[:5]]
        first = first or types
        if types and types != first:
            yield f"{name}.avsc: the first five fields differ from those of other streams"


def _check_lock(folder: Path, entries: list[Locked]) -> Iterator[str]:
    """The lock numbers its entries without a gap, and every text is the one that was released."""
    if [entry.id for entry in entries] != list(range(1, len(entries) + 1)):
        yield f"{LOCK}: the ids are not 1, 2, 3 and so on"
    for name in dict.fromkeys(entry.name for entry in entries):
        versions = [entry.version for entry in entries if entry.name == name]
        if versions != list(range(1, len(versions) + 1)):
            yield f"{LOCK}: the versions of {name} are not 1, 2, 3 and so on"
    for mark in ("fingerprint", "sha256"):
        if len({getattr(entry, mark) for entry in entries}) < len(entries):
            yield f"{LOCK}: one {mark} stands twice"
    for entry in entries:
        try:
            found = marks((folder / entry.file).read_text("utf-8"))
        except (OSError, ValueError, SchemaParseException):
            yield f"{entry.file}: cannot be read, but {LOCK} names it"
            continue
        if found != (entry.fingerprint, entry.sha256):
            yield f"{entry.file}: is not the text that was released as {entry.name} {entry.version}"


def _check_current(texts: dict[str, str], entries: list[Locked]) -> Iterator[str]:
    newest = {entry.name: entry for entry in entries}
    for name in texts:
        if name not in newest:
            yield f"{name}.avsc: not in {LOCK}; add it with --write-lock"
        elif newest[name].file != f"{name}.avsc":
            yield f"{LOCK}: the newest version of {name} is {newest[name].file}"


def _check_versions(folder: Path, entries: list[Locked]) -> Iterator[str]:
    """FULL_TRANSITIVE: any version reads any other."""
    for reader in entries:
        for writer in entries:
            if reader.name == writer.name and reader.version != writer.version:
                pair: list[Any] = [
                    json.loads((folder / one.file).read_text("utf-8")) for one in (reader, writer)
                ]
                for fault in incompatibilities(*pair):
                    yield f"{reader.file} cannot read {writer.file}: {fault}"


def main(arguments: list[str]) -> int:
    """Run the check on the package's own schemas and return the exit status."""
    folder = Path(schemas.__file__).parent
    faults = write_lock(folder) if "--write-lock" in arguments else []
    faults = faults or check(folder)
    for fault in faults:
        sys.stdout.write(f"{fault}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
