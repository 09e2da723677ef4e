"""Every scenario by name, in three sizes: short in `make test`, quick in CI, full by hand."""

from collections.abc import Callable
from enum import Enum
from functools import partial
from random import Random

from tests.faults import kills, rebuilt, recreated, servers, twins, worlds
from tests.faults.drill import Drill
from tests.faults.stage import Ending, Stage

Play = partial[Drill]
"""Called with a stage and the calm ending."""


class Form(Enum):
    """How much of a scenario is played."""

    SHORT = "short"
    QUICK = "quick"
    FULL = "full"


def _always(play: Callable[[Stage, Ending], Drill]) -> Callable[[Form, Random], list[Play]]:
    return lambda _form, _rng: [partial(play)]


def _kills(form: Form, rng: Random) -> list[Play]:
    """Every named point at least once; the short form takes three, with a registrar beside."""
    if form is Form.SHORT:
        registrar = kills.chosen(rng, rng.sample(kills.BY_RECORDS, 1), rounds=1)
        relay = kills.chosen(rng, rng.sample(kills.RELAY, 2), rounds=1)
    else:
        rounds = 1 if form is Form.QUICK else 2
        registrar = kills.chosen(rng, kills.REGISTRAR, rounds=rounds)
        relay = kills.chosen(rng, kills.RELAY, rounds=rounds)
    beside = form is Form.SHORT
    return [partial(kills.kills, registrar=registrar, relay=relay, beside=beside)]


def _book(form: Form, _rng: Random) -> list[Play]:
    return [partial(worlds.book_changed, replayed=form is not Form.SHORT)]


def _database(form: Form, _rng: Random) -> list[Play]:
    return [partial(servers.database, rounds=3 if form is Form.FULL else 1)]


def _sleeping_registrar(form: Form, _rng: Random) -> list[Play]:
    """The full form also sleeps with locks held, until PostgreSQL ends that session after 60 s."""
    points = ["registrar.fetched", *(["batch.written"] if form is Form.FULL else [])]
    return [partial(twins.sleeping_registrar, point=point) for point in points]


def _sleeping_relay(form: Form, rng: Random) -> list[Play]:
    points = ["relay.numbered", "relay.publishing", "relay.published"]
    if form is not Form.FULL:
        points = [rng.choice(points)]
    return [partial(twins.sleeping_relay, point=point) for point in points]


def _topic_made_again(form: Form, _rng: Random) -> list[Play]:
    running = (False, True) if form is Form.FULL else (True,)
    return [partial(recreated.topic_made_again, running=each) for each in running]


def _rebuilt(form: Form, _rng: Random) -> list[Play]:
    """The short form lets the relay take over undisturbed."""
    points = () if form is Form.SHORT else kills.TAKING_OVER
    return [partial(rebuilt.rebuilt, points=points)]


SCENARIOS: dict[str, Callable[[Form, Random], list[Play]]] = {
    "replay": _always(worlds.replay),
    "clocks": _always(worlds.clocks),
    "sleeping-registrar": _sleeping_registrar,
    "sleeping-relay": _sleeping_relay,
    "thrice": _always(worlds.thrice),
    "aborts": _always(worlds.aborts),
    "book": _book,
    "kills": _kills,
    "two-registrars": _always(twins.two_registrars),
    "database": _database,
    "lost-tail": _always(servers.lost_tail),
    "broker": _always(servers.broker),
    "rebuilt": _rebuilt,
    "topic-made-again": _topic_made_again,
}
"""Those that only read the published world come first, so that it is published once for them."""


def plays(name: str, form: Form, *, seed: int) -> list[Play]:
    """Return what a scenario plays; the seed decides what is left to chance."""
    return SCENARIOS[name](form, Random(f"{seed}/{name}"))
