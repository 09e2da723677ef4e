"""A hub for the oracle's proofs: it publishes what follows, and is held against the oracle."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from services.relay import Relay
from sijill.cli.verify.work import Report, verify
from sijill.settings import Settings
from tests.services.story import AS_OF, Hub


class VerifiedHub(Hub):
    """A hub whose registrar and relay run to the end, and which is then verified."""

    def settle(self) -> None:
        """Apply and publish everything."""
        self.run()
        with closing(Relay(self.settings)) as relay:
            while relay.step():
                pass

    def verify(self, *, persons: int | None = None, turn: int = 0) -> Report:
        """Return the report on the hub as it stands."""
        return verify(self.settings, persons=persons, turn=turn, say=lambda _: None)

    def kinds(self, *, persons: int | None = None) -> set[str]:
        """Return the kinds of differences that a verification finds."""
        return set(self.verify(persons=persons).differences.counts)


@pytest.fixture(name="hub")
def verified_hub(clean_hub: Settings) -> Iterator[VerifiedHub]:
    """A hub whose day is fixed."""
    started = VerifiedHub(replace(clean_hub, as_of=AS_OF))
    yield started
    started.connection.close()
