"""The fuzzer as a command: `python -m tests.fuzz --minutes 3`.

It prints its seed, tries case after case in a process with a limit of memory, and at the first
finding writes the case to a file and ends with status 1. `--seed` makes the same cases again,
`--repeat FILE` tries one finding. A process that a case kills, or that does not come to an end, is
a finding too.
"""

import argparse
import json
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sijill.adapters.acceptance import Acceptor
from tests.fuzz.mutation import Case, case
from tests.fuzz.running import KEY, Finding, InFlight, attempt, limit_memory, run

STILL_S = 60.0
"""How long a process may go on with one case before it is ended."""


def main(arguments: list[str]) -> int:
    """Run the fuzzer as its arguments say; return 0 when there was no finding."""
    options = _parser().parse_args(arguments)
    if options.repeat is not None:
        return repeat(options.repeat)
    if options.child is not None:
        return child(options)
    seed = secrets.randbits(32) if options.seed is None else options.seed
    print(f"fuzz: seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        marker = Path(folder) / "in-flight"
        in_flight = InFlight(marker)
        command = [sys.executable, "-m", "tests.fuzz", "--seed", str(seed), "--child", str(marker)]
        for name in ("minutes", "first", "cases", "findings"):
            value = getattr(options, name)
            command += [] if value is None else [f"--{name}", str(value)]
        status = watch(command, in_flight, still_s=STILL_S)
    if status not in (0, 1):
        number = in_flight.read()
        killed = Finding(number, case(seed, number), f"the process ended with status {status}")
        write(killed, seed, options.findings)
    return 0 if status == 0 else 1


def child(options: argparse.Namespace) -> int:
    """Try the cases in this process, under its limits."""
    limit_memory()
    started = time.monotonic()
    try:
        tried = run(
            options.seed, first=options.first, until=started + options.minutes * 60,
            cases=options.cases, in_flight=InFlight(options.child),
        )  # fmt: skip
    except Finding as finding:
        write(finding, options.seed, options.findings)
        return 1
    count, took = tried.answers.total(), time.monotonic() - started
    print(f"fuzz: {count:,} cases, {count / took:,.0f}/s, no finding")
    print(f"fuzz: slowest case {tried.slowest}, {tried.slowest_s * 1000:.0f} ms")
    told = [f"{name} {number:,}" for name, number in tried.answers.most_common()]
    print("fuzz: " + ", ".join(told))
    return 0


def watch(command: list[str], in_flight: InFlight, *, still_s: float) -> int:
    """Run a process, ending it when it stays at one case too long; return its status."""
    with subprocess.Popen(command) as running:
        seen, since = in_flight.read(), time.monotonic()
        while True:
            try:
                return running.wait(0.2)
            except subprocess.TimeoutExpired:
                now = in_flight.read()
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > still_s:
                running.kill()


def write(finding: Finding, seed: int, folder: Path) -> None:
    """Write a finding to a file of its own, and say where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"fuzz-{seed}-{finding.number}.json"
    found = finding.case
    path.write_text(json.dumps({
        "what": finding.what, "seed": seed, "number": finding.number, "topic": found.topic,
        "key": _hex(found.key), "value": _hex(found.value),
        "headers": [(name, _hex(text)) for name, text in found.headers],
    }, indent=1), encoding="utf-8")  # fmt: skip
    print(f"fuzz: finding in case {finding.number}: {finding.what}\nfuzz: --repeat {path}")


def repeat(path: Path) -> int:
    """Try the case of a file again, under the same limits."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    headers = tuple((name, _bytes(text)) for name, text in stored["headers"])
    tried = Case(stored["topic"], _bytes(stored["key"]), _bytes(stored["value"]), headers)
    limit_memory()
    try:
        print(f"fuzz: {attempt(Acceptor(KEY), stored['number'], tried)}, no finding")
    except Finding as finding:
        print(f"fuzz: {finding.what}")
        return 1
    return 0


def _hex(data: bytes | None) -> str | None:
    return None if data is None else data.hex()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0, help="how long to try (3)")
    parser.add_argument("--cases", type=int, help="how many cases at most")
    parser.add_argument("--seed", type=int, help="the seed of an earlier run")
    parser.add_argument("--first", type=int, default=0, help="the first case's number")
    parser.add_argument("--findings", type=Path, default=Path("var/fuzz"), help="folder for them")
    parser.add_argument("--repeat", type=Path, help="try the case of this file again")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
