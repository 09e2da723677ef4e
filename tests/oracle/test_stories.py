"""Proof that hub and oracle say the same of the turns that records take, told as stories."""

from typing import Any

from tests.oracle.hub import VerifiedHub, verified_hub
from tests.services.story import event, payment, person

__all__ = ["verified_hub"]

BIRTH: dict[str, Any] = {"status": "RECORDED", "kind": "BIRTH", "event_date": "1980-01-01"}


def test_notice_of_a_ministry_that_is_no_longer_asked(hub: VerifiedHub) -> None:
    """A ministry whose record has left the evidence sees its notice withdrawn."""
    ali = person("198012345678")
    hub.publish("interior", event("vital", "v1", person=ali, **BIRTH))
    hub.publish("krg-molsa", payment("a", "krg-martyr", ali), payment("c", "krg-martyr", ali))
    hub.publish("martyrs", payment("b", "martyr-family", ali))
    hub.settle()
    before = hub.verify()
    hub.publish("martyrs", payment("b", "martyr-family", ali, source_seq=2, status="VOID"))
    hub.settle()

    after = hub.verify()

    assert (before.status, before.differences.examples) == (0, {})
    assert (after.status, after.differences.examples) == (0, {})
