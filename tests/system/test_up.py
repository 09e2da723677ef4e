"""Proofs of the hub that a person starts, talks to with the other commands, and stops."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

import schemas

WAIT_S = 90.0


class Up:
    """A hub started by `sijill up`, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said = folder / "said.txt"
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("SIJILL_")}
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.said.open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "sijill.cli", "up", "--registrars", "1"],
                cwd=self.folder,
                env=self.environment | {"PYTHONUNBUFFERED": "1"},
                stdout=said,
                stderr=said,
            )
        wait_for(lambda: "The hub is up" in self.said.read_text() or process.poll() is not None)
        assert process.poll() is None, self.said.read_text()
        return process

    def again(self) -> None:
        """Start it again on the same data."""
        self.process = self._start()

    def stop(self) -> int:
        """Stop it as a service manager does; return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_S)

    def run(self, *arguments: str, status: int = 0) -> str:
        """Return what another command says, which must end with that status."""
        done = subprocess.run(
            [sys.executable, "-m", "sijill.cli", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
        assert done.returncode == status, done.stderr
        return done.stdout

    def query(self, statement: Any) -> Any:
        """Return the first field of the first row."""
        dsn = json.loads((self.folder / "var" / "hub.json").read_text())["postgres_dsn"]
        with psycopg.connect(dsn) as connection:
            row = connection.execute(statement).fetchone()
        return row[0] if row else None


def wait_for(condition: Any) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A running hub with one registrar."""
    hub = Up(tmp_path_factory.mktemp("up"))
    yield hub
    if hub.process.poll() is None:
        hub.stop()


def events(*changes: dict[str, Any]) -> str:
    """Return enrollments as lines of a file, the first example with changes."""
    record = schemas.examples("enrollment")[0]
    lines = [
        {"ministry": "molsa", "stream": "enrollment", "record": {**record, **change}}
        for change in changes
    ]
    return "\n".join(map(json.dumps, lines))


def test_commands_find_the_hub(up: Up) -> None:
    """Every command finds the running hub by its file, and its topics are as the table says."""
    assert json.loads(up.run("topics", "apply", "--json")) == []
    assert json.loads(up.run("migrate", "--json")) == []


def refused(up: Up, record_id: str) -> dict[str, Any]:
    """Publish a record with a negative number of its version; return it as listed."""
    before = up.query("SELECT count(*) FROM quarantine")
    file = up.folder / f"{record_id}.jsonl"
    file.write_text(events({"source_record_id": record_id, "source_seq": -1}), encoding="utf-8")
    assert json.loads(up.run("publish", file.name, "--json")) == {"published": 1}
    wait_for(lambda: up.query("SELECT count(*) FROM quarantine") == before + 1)
    listed: list[dict[str, Any]] = json.loads(up.run("quarantine", "list", "--json"))
    return max(listed, key=lambda row: row["appended"])


def place_of(row: dict[str, Any]) -> str:
    """Return the place of a refused record as the command line takes it."""
    return f"{row['topic']}/{row['partition']}/{row['offset']}"


def test_refused_record_is_kept(up: Up) -> None:
    """A refused record is listed with its reason, and kept byte for byte."""
    row = refused(up, "B-1")
    shown = json.loads(up.run("quarantine", "show", place_of(row), "--json"))

    assert (row["reason"], shown["detail"]) == ("BAD_SEQ", ["source_seq:BAD_SEQ"])
    assert b"B-1" in bytes.fromhex(shown["value"])


def test_quarantine_shows_no_value(up: Up) -> None:
    """A refused record is shown in hexadecimal; nothing of it can be read as text."""
    shown = up.run("quarantine", "show", place_of(refused(up, "B-2")))

    assert ("زينب" in shown, "B-2" in shown, "source_seq" in shown) == (False, False, True)


def test_from_file_to_alert(up: Up) -> None:
    """Two enrollments of one person in one programme, from a file, become an alert in words."""
    file = events({"source_record_id": "A-1"}, {"source_record_id": "A-2"})
    (up.folder / "twice.jsonl").write_text(file, encoding="utf-8")
    up.run("publish", "twice.jsonl")

    wait_for(lambda: "A-2" in up.run("alerts", "follow", "--from-start", "--until-end"))
    (line, *_) = up.run("alerts", "follow", "--from-start", "--until-end", "--json").splitlines()
    assert json.loads(line)["rule"] == "iq.enrolled-twice"


def test_a_line_that_does_not_fit(up: Up) -> None:
    """A line that does not fit its schema is named by its number, and no value is quoted."""
    (up.folder / "odd.jsonl").write_text(events({"source_seq": "سر"}), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "sijill.cli", "publish", "odd.jsonl"],
        cwd=up.folder,
        env=up.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "line 1" in done.stderr, "سر" in done.stderr) == (1, True, False)


def test_crash_is_repaired(up: Up) -> None:
    """A registrar that is killed is started again, and works."""
    children = Path(f"/proc/{up.process.pid}/task/{up.process.pid}/children")
    pids = [int(pid) for pid in children.read_text().split()]
    lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids}
    (registrar,) = [pid for pid, line in lines.items() if line.endswith(b"run\0registrar\0")]
    os.kill(registrar, signal.SIGKILL)
    (up.folder / "more.jsonl").write_text(events({"source_record_id": "A-9"}), encoding="utf-8")
    up.run("publish", "more.jsonl")

    wait_for(lambda: up.query("SELECT count(*) FROM record WHERE record_id = 'A-9'") == 1)
    assert "registrar-1 ended with status -9" in up.said.read_text()


def test_stop_and_start_again(up: Up) -> None:
    """SIGTERM ends the hub with status 0; started again, it has the same registry."""
    wait_for(lambda: up.query("SELECT book_seq FROM hub") is not None)
    before = json.loads(up.run("digest", "--json"))["hash"]

    assert up.stop() == 0
    assert up.run("digest", status=1) == ""
    up.again()
    after = json.loads(up.run("digest", "--json"))["hash"]
    assert (len(before), after) == (64, before)
