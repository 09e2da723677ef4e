"""One performance: an empty hub, ministries that publish, and watching until all is done."""

import fcntl
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory

from sijill.adapters import clock
from sijill.adapters.halt import HaltError
from sijill.cli.demo.verdict import Evidence, Verdict, judge
from sijill.cli.demo.view import View
from sijill.cli.demo.watching import Picture, Watching
from sijill.cli.hub import ANY, Hub, Plan, running
from sijill.cli.verify.work import Report, verify
from sijill.domain import rulebook
from sijill.settings import HUB_FILE

COUNTRY = "iraq"
FOLDER = HUB_FILE.parent / "demo"
LOOK_EVERY_S = 1.0
TEND_EVERY_S = 0.5
CRASHES_MAX = 5
SETTLED_WITHIN_S = 30.0
AHEAD = 4_000
"""The ministries publish as fast as the hub keeps up, at most so many events ahead."""

TRANSACTIONAL = "social-security"
"""The ministry that publishes in transactions, so that some offsets carry no event."""


class DemoStoppedError(HaltError):
    """The performance cannot end well; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Play:
    """What is to be performed; `as_of` None is today."""

    persons: int
    seed: int
    as_of: int | None
    registrars: int
    verified: bool = False
    """Whether the hub is held against the oracle at the end."""


class Performance:
    """A hub at work, the ministries that publish to it, and what is seen of it."""

    def __init__(self, hub: Hub, view: View, folder: Path) -> None:
        self.hub_file = folder / "hub.json"
        self.book = rulebook.load(COUNTRY)
        self._hub = hub
        self._view = view
        self._truth = folder / "truth.json"

    def perform(self, play: Play) -> Verdict:
        """Publish the year, watch until all of it has arrived, and judge."""
        with closing(Watching(self._hub.settings, self.book)) as watching:
            picture = self._watch(watching, self._publish(play))
            watching.read_rest()
            self._view.close()
            rows = watching.connection.execute(
                "SELECT encode(id, 'hex') FROM alert WHERE open AND verdict = 'raised'"
            )
            evidence = Evidence(
                truth=json.loads(self._truth.read_text(encoding="utf-8")),
                by_topic=watching.by_topic(),
                total=watching.total(),
                quarantine=picture.quarantine,
                alerts=watching.alerts,
                open_in_registry=frozenset(number for (number,) in rows),
                registry=picture.registry,
                seconds=picture.seconds,
                oracle=self._verified() if play.verified else None,
            )
        return judge(evidence)

    def _verified(self) -> Report:
        self._view.say("Comparing the hub with the oracle")
        return verify(self._hub.settings, wait_s=SETTLED_WITHIN_S, say=self._view.say)

    def stay(self) -> None:
        """Keep the hub running until a signal comes."""
        while True:
            self._hub.tend()
            time.sleep(TEND_EVERY_S)

    def _publish(self, play: Play) -> Popen[bytes]:
        """Let the ministries begin, in a process of their own."""
        assert self._hub.settings.as_of is not None
        day = date.fromordinal(self._hub.settings.as_of).isoformat()
        command = ["simulate", "--persons", str(play.persons), "--seed", str(play.seed)]
        command += ["--as-of", day, "--truth", str(self._truth), "--ahead", str(AHEAD)]
        command += ["--transactional", TRANSACTIONAL]
        self._view.say(
            f"The ministries of {play.persons:,} persons publish the year up to {day} (seed "
            f"{play.seed})"
        )
        return self._hub.children.task("ministries", command)

    def _watch(self, watching: Watching, ministries: Popen[bytes]) -> Picture:
        """Show what happens until everything published is applied and on its topic."""
        while True:
            # Asked before looking: only what was published by then is surely in the picture.
            published = ministries.poll() is not None
            self._check(ministries)
            began = time.monotonic()
            picture = watching.look()
            self._view.show(picture)
            if published and watching.settled(picture):
                return picture
            # Looking counts rows: it may take a tenth of the time, not more.
            time.sleep(max(LOOK_EVERY_S, 10 * (time.monotonic() - began)))

    def _check(self, ministries: Popen[bytes]) -> None:
        """Raise DemoStoppedError when the performance cannot end any more."""
        self._hub.tend()
        children = self._hub.children
        logs = self.hub_file.parent / "log"
        if ministries.returncode:
            said = (logs / "ministries.log").read_text(encoding="utf-8").strip().splitlines()
            raise DemoStoppedError(f"the ministries could not publish: {''.join(said[-1:])}")
        if children.halts:
            raise DemoStoppedError("; ".join(children.halts))
        if children.crashes > CRASHES_MAX:
            raise DemoStoppedError(f"services crash again and again; their logs are in {logs}")


@contextmanager
def on_stage(play: Play, view: View) -> Iterator[Performance]:
    """Start an empty hub for one performance, and stop it at the end."""
    with empty_folder() as folder:
        plan = Plan(
            folder=folder,
            hub_file=folder / "hub.json",
            ports=ANY,
            registrars=play.registrars,
            as_of=play.as_of or clock.today(rulebook.load(COUNTRY).time_zone),
            # A performance never touches servers that serve something else.
            environment={},
        )
        try:
            with running(plan, view.say) as hub:
                yield Performance(hub, view, folder)
        finally:
            view.close()


@contextmanager
def empty_folder() -> Iterator[Path]:
    """Yield a folder without anything in it: `var/demo`, or another where that cannot be had."""
    with ExitStack() as stack:
        try:
            FOLDER.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context(FOLDER.with_name("demo.lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(FOLDER)
            FOLDER.mkdir()
            folder = FOLDER
        except OSError:
            # Another demonstration is on, or nothing may be written here.
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="sijill-demo-")))
        yield folder
