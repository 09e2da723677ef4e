"""The fuzzer in short: it finds nothing in the border, and finds what is planted."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import schemas
from sijill.adapters.acceptance import Acceptor
from sijill.adapters.refusal import REASONS, Refusal
from sijill.domain.event import Event
from tests.fuzz.__main__ import main, watch, write
from tests.fuzz.mutation import Case, case
from tests.fuzz.running import KEY, Finding, InFlight, attempt

Answer = Event | Refusal


def test_nothing_is_found_in_short(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A few thousand cases break no rule, and meet every stream and most reasons of the table."""
    status = main(["--cases", "2500", "--minutes", "8", "--findings", str(tmp_path)])
    told = capfd.readouterr().out
    answers = {part.split()[0] for part in told.splitlines()[-1].removeprefix("fuzz: ").split(", ")}

    assert (status, list(tmp_path.iterdir())) == (0, []), told
    assert "fuzz: seed " in told
    assert set(schemas.STREAMS) <= answers, told
    assert len(answers & REASONS.keys()) >= 20, told


def test_a_case_is_its_seed_and_number() -> None:
    """The same seed and number make the same case, wherever the run began."""
    assert [case(7, n) for n in range(20)] == [case(7, n) for n in range(20)]
    assert case(7, 1) != case(8, 1)


class Planted(Acceptor):
    """A border with one mistake in it."""

    def __init__(self, mistake: str) -> None:
        super().__init__(KEY)
        self.mistake = mistake
        self.turn = 0

    def accept(self, topic: str, key: bytes | None, value: bytes | None, headers: Any) -> Answer:
        """Answer with the mistake."""
        answer = super().accept(topic, key, value, headers)
        self.turn += 1
        return getattr(self, self.mistake)(answer, value or b"")  # type: ignore[no-any-return]

    def raises(self, _answer: Answer, value: bytes) -> Answer:
        """Raise what quotes a value."""
        raise LookupError(value)

    def forgets(self, answer: Answer, _value: bytes) -> Answer:
        """Answer otherwise each second time."""
        return answer if self.turn % 2 else Refusal("MISSING")

    def leaks(self, answer: Answer, _value: bytes) -> Answer:
        """Show a value in the detail."""
        return Refusal("BAD_TEXT", ("زينب:BAD_TEXT",)) if isinstance(answer, Refusal) else answer

    def invents(self, answer: Answer, _value: bytes) -> Answer:
        """Show a field that no schema has."""
        return Refusal("BAD_TEXT", ("zaynab:BAD_TEXT",)) if isinstance(answer, Refusal) else answer

    def labels(self, answer: Answer, _value: bytes) -> Answer:
        """Take the label for content."""
        if isinstance(answer, Refusal):
            return answer
        return answer._replace(content=answer.content + answer.event_id.encode())

    def frames(self, answer: Answer, value: bytes) -> Answer:
        """Refuse one of the framings."""
        return Refusal("BAD_FRAME") if value[:1] == b"\xc3" else answer

    def hides(self, answer: Answer, _value: bytes) -> Answer:
        """Let a NUL through."""
        return answer._replace(record_id="\0") if isinstance(answer, Event) else answer

    def mistakes(self, answer: Answer, _value: bytes) -> Answer:
        """Name another sender."""
        return answer._replace(ministry="nobody") if isinstance(answer, Event) else answer

    def dawdles(self, _answer: Answer, _value: bytes) -> Answer:
        """Never come to an end."""
        while True:
            self.turn += 1


@pytest.mark.parametrize(
    ("mistake", "what"),
    [
        ("raises", "LookupError at "),
        ("forgets", "not pure"),
        ("leaks", "more than names"),
        ("invents", "more than names"),
        ("labels", "the label"),
        ("frames", "another answer"),
        ("hides", "no text may hold"),
        ("mistakes", "another sender"),
        ("dawdles", "TooSlowError"),
    ],
)
def test_planted_mistakes_are_found(mistake: str, what: str) -> None:
    """Each rule of the judge catches the mistake that it is there for, and quotes no value."""
    border = Planted(mistake)

    def tries() -> None:
        for number in range(200):
            attempt(border, number, case(1, number), cpu_s=0.5)

    with pytest.raises(Finding, match=what) as caught:
        tries()
    assert "زينب" not in caught.value.what


def test_a_finding_is_written_and_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A finding's file holds the whole case, and repeating it gives the border's answer today."""
    bad = Case("sijill.molsa.enrollment.v1", b"\xff", b"\0\0", (("h", None), ("h", b"\xfe")))
    write(Finding(3, bad, "what it was"), 5, tmp_path)
    (path,) = tmp_path.iterdir()
    # In a process of its own: the limit of memory stays on whoever sets it.
    command = [sys.executable, "-m", "tests.fuzz", "--repeat", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})

    assert path.name == "fuzz-5-3.json"
    assert (done.returncode, done.stdout) == (0, "fuzz: BAD_FRAME, no finding\n"), done.stderr
    assert "case 3: what it was" in capsys.readouterr().out


def test_memory_is_limited() -> None:
    """What takes more memory than the limit fails, and so is a finding."""
    program = "from tests.fuzz.running import limit_memory; limit_memory(); bytearray(2 << 30)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)

    assert done.stderr.endswith(b"MemoryError\n")


@pytest.mark.parametrize(
    "ending",
    ["import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "import time; time.sleep(600)"],
    ids=["killed by a case", "stuck in a case"],
)
def test_a_process_that_a_case_kills_is_a_finding(tmp_path: Path, ending: str) -> None:
    """The watcher ends a process that stays at one case, and knows which case ended it."""
    marker = tmp_path / "in-flight"
    in_flight = InFlight(marker)
    program = f"""
from pathlib import Path
from tests.fuzz.running import InFlight
InFlight(Path({str(marker)!r})).put(42)
{ending}
"""
    status = watch([sys.executable, "-c", program], in_flight, still_s=3.0)

    assert status < 0
    assert in_flight.read() == 42
