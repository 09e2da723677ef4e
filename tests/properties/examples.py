"""How many examples the properties take, and from which seed: both from the environment.

`SIJILL_EXAMPLES=20` takes twenty times as many as `make test` does; `SIJILL_SEED=N` takes others.
Nothing is kept between runs, so that equal numbers give equal examples.
"""

import os
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, seed, settings

FACTOR = int(os.environ.get("SIJILL_EXAMPLES", "1"))
SEED = int(os.environ.get("SIJILL_SEED", "20261124"))

T = TypeVar("T", bound=Callable[..., Any])


def examples(count: int, *, shrink: bool = True) -> Callable[[T], T]:
    """Let a property hold for `count` examples times the factor, without a limit of time.

    A property whose result may hang on who comes first is told not to shrink.
    """
    phases = [Phase.explicit, Phase.generate, *([Phase.shrink] if shrink else [])]
    chosen = settings(
        max_examples=count * FACTOR,
        database=None,
        deadline=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )

    def decorate(test: T) -> T:
        return seed(SEED)(chosen(test))

    return decorate
