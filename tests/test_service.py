"""Proofs of the loop that every process shares, run as processes of their own."""

import json
import logging
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sijill.adapters import metrics
from sijill.service import Health, JsonLines

PROGRAM = """
import sys, time
from sijill.adapters.halt import HaltError
from sijill.service import run
from sijill.settings import Settings

settings = Settings(kafka_bootstrap="", postgres_dsn="", registry_key=b"", hub_key=b"",
                    routing_key=b"")

class Loop:
    def step(self):
        print("step begins", flush=True)
        {body}
        print("step ends", flush=True)
        return False
    def close(self):
        print("closed", flush=True)

sys.exit(run("proof", lambda _: Loop(), settings, stalled_after_s=0.5))
"""


@contextmanager
def service(body: str) -> Iterator[subprocess.Popen[str]]:
    """Run a service whose step does `body`, from the moment when its first step begins."""
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(body=body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stderr is not None
    with child, child.stdout, child.stderr:
        try:
            assert child.stdout.readline() == "step begins\n"
            yield child
        finally:
            child.kill()


def ended(child: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait for the end and return what is left of the output, and the log.

    Not `communicate`: it passes over what came in one piece with the line already read.
    """
    assert child.stdout is not None
    assert child.stderr is not None
    child.wait(timeout=20)
    return child.stdout.read(), child.stderr.read()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_lets_the_step_end(number: signal.Signals) -> None:
    """After the first signal the step in hand ends, the loop is closed, and the status is 0."""
    with service("time.sleep(0.5)") as child:
        child.send_signal(number)
        rest, _ = ended(child)

    assert (rest, child.returncode) == ("step ends\nclosed\n", 0)


def test_second_signal_ends_at_once() -> None:
    """A step that does not return does not hold a process whose operator asks twice."""
    with service("time.sleep(60)") as child:
        child.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        child.send_signal(signal.SIGTERM)
        rest, _ = ended(child)

    assert (rest, child.returncode) == ("", 130)


def test_named_stop_tells_its_reason() -> None:
    """A named stop ends with status 3 and its own text, after the loop is closed."""
    with service("raise HaltError('look at the topics')") as child:
        rest, log = ended(child)

    last = json.loads(log.splitlines()[-1])
    assert (rest, child.returncode) == ("closed\n", 3)
    assert (last["error"], last["text"]) == ("HaltError", "look at the topics")


def test_crash_does_not_quote_data() -> None:
    """Any other error ends with status 1 and is told by type and place, never by its text."""
    with service("raise ValueError('canary ' + '7' * 12)") as child:
        _, log = ended(child)

    last = json.loads(log.splitlines()[-1])
    assert (child.returncode, last["error"]) == (1, "ValueError")
    assert last["where"][-1].startswith("<string>:")
    assert "canary" not in log
    assert "7" * 12 not in log


def test_liveness_is_progress() -> None:
    """A process whose step does not return is not alive, however well it answers."""
    with service("time.sleep(60)") as child:
        assert child.stderr is not None
        port = json.loads(child.stderr.readline())["port"]
        first = status(port, "/livez")
        time.sleep(0.8)

        assert (first, status(port, "/livez"), status(port, "/readyz")) == (200, 503, 503)
        assert status(port, "/metrics") == 200


def test_ready_means_that_a_step_has_returned() -> None:
    """A process that only started is alive and not yet ready."""
    health = Health(10)
    before = (health.live(), health.ready())
    health.turned()

    assert (before, health.ready()) == ((True, False), True)


def test_log_holds_only_listed_fields() -> None:
    """What is not on the list is left out, and arguments are not put into the event."""
    record = logging.LogRecord("sijill.x", logging.INFO, "f", 1, "read %s", ("Zainab",), None)
    record.__dict__ |= {"topic": "sijill.molsa.payment.v1", "national_number": "199912345678"}

    line = JsonLines("proof").format(record)

    assert json.loads(line)["topic"] == "sijill.molsa.payment.v1"
    assert json.loads(line)["event"] == "read %s"
    assert "Zainab" not in line
    assert "199912345678" not in line


def test_log_line_is_one_line() -> None:
    """A field with line ends or terminal codes cannot forge a second line."""
    record = logging.LogRecord("sijill.x", logging.INFO, "f", 1, "event", (), None)
    record.__dict__["reason"] = "a\nb\u2028c\x1b[31m"

    line = JsonLines("proof").format(record)

    assert len(line.splitlines()) == 1
    assert line.isprintable()


def status(port: int, path: str) -> int:
    """Return the HTTP status of a path of the metrics port."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_server_frees_its_port() -> None:
    """A closed metrics server leaves its port to the next one."""
    first = metrics.serve(0)
    first.close()
    second = metrics.serve(first.port)
    second.close()

    assert first.port == second.port
