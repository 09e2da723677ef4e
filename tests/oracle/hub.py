"""A hub for the oracle's proofs: it publishes what follows, and is held against the oracle."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from services.relay import Relay
from sijill.adapters.registry.state import unpack_overlap
from sijill.cli.verify.work import Report, verify
from sijill.domain import alerts
from sijill.settings import Settings
from tests.services.story import AS_OF, Hub, event


class VerifiedHub(Hub):
    """A hub whose registrar and relay run to the end, and which is then verified."""

    def settle(self) -> None:
        """Apply and publish everything."""
        self.run()
        with closing(Relay(self.settings)) as relay:
            while relay.step():
                pass

    def verify(self, *, persons: int | None = None, turn: int = 0, wait_s: float = 0) -> Report:
        """Return the report on the hub as it stands."""
        return verify(self.settings, persons=persons, turn=turn, wait_s=wait_s, say=lambda _: None)

    def answer(
        self, ministry: str, code: str, *, rule: str, **fields: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return a ministry's decision on the only alert of a rule, with its notice's basis."""
        ((number, body),) = self.rows(f"SELECT id, body FROM alert WHERE rule = '{rule}'")  # noqa: S608 - our own rule ids
        key = self.settings.hub_key
        common = {
            "status": "ISSUED",
            "notice_id": alerts.notice_id(key, ministry, number).hex(),
            "basis": alerts.basis(key, unpack_overlap(body)),
            "code": code,
        }
        return event("decision", f"d-{ministry}-{rule}", **common | fields)

    def told(self, *sent: tuple[str, Sequence[tuple[str, dict[str, Any]]]]) -> list[Any]:
        """Publish what each ministry says, settle, and return the open alerts once verified."""
        for ministry, events in sent:
            self.publish(ministry, *events)
        self.settle()
        report = self.verify()
        assert (report.status, report.differences.examples) == (0, {})
        return self.alerts()

    def kinds(self, *, persons: int | None = None) -> set[str]:
        """Return the kinds of differences that a verification finds."""
        return set(self.verify(persons=persons).differences.counts)


@pytest.fixture(name="hub")
def verified_hub(clean_hub: Settings) -> Iterator[VerifiedHub]:
    """A hub whose day is fixed."""
    started = VerifiedHub(replace(clean_hub, as_of=AS_OF))
    yield started
    started.connection.close()
