"""`make faults`: every drill, on servers of its own; each must end where a calm run does.

Exit status 0: every promise was held. 1: one was broken. 4: none was broken, but a fault did not
hit, so that its drill has shown nothing and the run is invalid.
"""

import argparse
import logging
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sijill.adapters.ground import start_ground
from tests.faults import calm
from tests.faults.scenarios import SCENARIOS, Form, Play, plays
from tests.faults.stage import Ending, Stage
from tests.faults.verdicts import Broken, Invalid
from tests.ground import fast_folder

HELD, BROKEN, INVALID = 0, 1, 4
PERSONS = {Form.QUICK: 150, Form.FULL: 400}
KEPT = Path("var/faults")
"""Where the logs of a run that did not hold are kept."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the chosen drills and return the exit status."""
    chosen = _parser().parse_args(arguments)
    form = Form(chosen.form)
    seed = random.randrange(10**6) if chosen.seed is None else chosen.seed
    names = chosen.only or list(SCENARIOS)
    persons = chosen.persons or PERSONS[form]
    print(f"{form.value} drills of seed {seed}, {persons} persons: {', '.join(names)}", flush=True)
    logging.getLogger("sijill.kafka").setLevel(logging.CRITICAL)  # Brokers are killed on purpose.
    with tempfile.TemporaryDirectory(
        prefix="sijill-", dir=fast_folder(), ignore_cleanup_errors=True
    ) as place:
        folder = Path(place)
        with start_ground(folder / "ground", progress=print) as ground:
            stage = Stage(ground, folder / "drills", seed=seed, persons=persons)
            with closing(stage):
                status = _play_all(stage, form, names)
            if status != HELD:
                _keep(folder / "drills", seed)
    words = {
        HELD: "HELD: every drill ended as the calm run did.",
        BROKEN: "BROKEN",
        INVALID: "INVALID",
    }
    print(words[status])
    return status


def _play_all(stage: Stage, form: Form, names: Sequence[str]) -> int:
    try:
        started = time.monotonic()
        expected = calm.play(stage)
        said = f"{len(stage.world.messages)} messages, {len(expected.alerts)} open alerts"
        print(f"calm run: {said}, {time.monotonic() - started:.0f} s", flush=True)
    except Invalid as invalid:
        print(f"INVALID calm run: {invalid}")
        return INVALID
    except Broken as broken:
        print(f"BROKEN calm run: this does not hold: {broken}")
        return BROKEN
    found = [
        _judge(stage, expected, name, play)
        for name in names
        for play in plays(name, form, seed=stage.seed)
    ]
    wrong = [status for status in (BROKEN, INVALID) if status in found]
    if wrong:
        again = f"{form.value} --seed {stage.seed} --persons {stage.persons} --only NAME"
        print(f'One of them alone: make faults FAULTS="{again}"')
    return wrong[0] if wrong else HELD


def _judge(stage: Stage, expected: Ending, name: str, play: Play) -> int:
    """Play one drill, say what came of it in one line, and return its status."""
    started = time.monotonic()
    try:
        evidence = play(stage, expected).evidence
    except Invalid as invalid:
        print(f"INVALID {name}: this did not happen: {invalid}", flush=True)
        return INVALID
    except Broken as broken:
        print(f"BROKEN {name}: this does not hold: {broken}", flush=True)
        return BROKEN
    except Exception:  # noqa: BLE001 - the drills that follow are played all the same
        print(f"BROKEN {name}:\n{traceback.format_exc()}", flush=True)
        return BROKEN
    said = ", ".join(f"{word} {value}" for word, value in evidence.items())
    print(f"held {name}, {time.monotonic() - started:.0f} s: {said}", flush=True)
    return HELD


def _keep(logs: Path, seed: int) -> None:
    place = KEPT / str(seed)
    shutil.copytree(logs, place, dirs_exist_ok=True)
    print(f"The processes' logs are in {place}.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    forms = [form.value for form in PERSONS]
    parser.add_argument("form", nargs="?", choices=forms, default=Form.FULL.value)
    parser.add_argument("--only", action="append", choices=list(SCENARIOS), help="play this drill")
    parser.add_argument("--seed", type=int, help="repeat a run: world, faults and order by chance")
    parser.add_argument("--persons", type=int, help="how large the world is")
    return parser


if __name__ == "__main__":
    sys.exit(main())
