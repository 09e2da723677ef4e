"""Show that each seeded bug is caught: `python -m tests.seeded [NAME...]`.

First the tests of the chosen bugs must pass on a copy without any of them. Then each bug is sown
into a copy of its own, where its test must fail by its own assertion. Status 0 says that all were
caught, 1 that one was not, 2 that a bug's file no longer fits the code.
"""

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.seeded import bug as bugs
from tests.seeded import trial

AT_ONCE = 2
REPORT_LINES = 15
"""How much is shown of a test that fails without any bug: the end, where the error stands."""


def main(names: Sequence[str]) -> int:
    """Try the bugs of these names, or all, and return the exit status."""
    try:
        chosen = [bugs.load(name) for name in names or bugs.names()]
        for bug in chosen:
            bug.check(bugs.ROOT)
    except bugs.StaleError as error:
        print(error, file=sys.stderr)
        return 2
    started = time.monotonic()
    nodes = sorted({bug.test for bug in chosen})
    with trial.copy() as tree:
        found = trial.run(tree, nodes)
    if not trial.passes(found, len(nodes)):
        print("without any bug, the tests do not all pass in time", file=sys.stderr)
        for one in found:
            print(one.outcome, *one.text.splitlines()[-REPORT_LINES:], sep="\n  ", file=sys.stderr)
        return 1
    print(f"{len(found)} tests pass without a bug ({time.monotonic() - started:.0f} s)", flush=True)
    # Most of a trial is waiting for servers that start, so two share the time of one.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        judged = zip(chosen, pool.map(trial.tried, chosen), strict=True)
        missed = sum(told(bug, judgement) for bug, judgement in judged)
    said = f"{len(chosen) - missed} of {len(chosen)} bugs were caught"
    print(f"{said} ({time.monotonic() - started:.0f} s)")
    return 1 if missed else 0


def told(bug: bugs.Bug, judgement: trial.Judgement) -> bool:
    """Print what became of a bug and return whether it was missed."""
    print(f"{'caught' if judgement.caught else 'MISSED'}  {bug.name}: {bug.story}", flush=True)
    if not judgement.caught:
        print(f"        {judgement.reason}: {bug.test}", flush=True)
    return not judgement.caught


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
