"""Proof that the command's text, JSON and exit status tell what was found."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from sijill.cli import main
from tests.oracle.hub import VerifiedHub, verified_hub
from tests.services.story import enrollment, person

__all__ = ["verified_hub"]

ALI = "198012345678"


def run(hub: VerifiedHub, *arguments: str) -> tuple[int, str]:
    """Run `sijill verify` on the hub; return its status and what it printed."""
    settings = hub.settings
    env = {
        "SIJILL_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "SIJILL_POSTGRES_DSN": settings.postgres_dsn,
        "SIJILL_REGISTRY_KEY": settings.registry_key.hex(),
        "SIJILL_HUB_KEY": settings.hub_key.hex(),
        "SIJILL_ROUTING_KEY": settings.routing_key.hex(),
        "SIJILL_HUB_FILE": "no-such-file.json",
    }
    done = CliRunner().invoke(main, ["verify", *arguments], env=env)
    return done.exit_code, done.stdout


def test_status_text_and_json(hub: VerifiedHub) -> None:
    """0 when all agrees, 1 with kinds, counts and names when not, 2 for an unsettled hub."""
    hub.publish("molsa", enrollment("e1", "spn", person(ALI, given="زينب")))
    hub.publish("pensions", enrollment("p1", "pension", person(ALI)))
    empty = run(hub)
    hub.settle()
    sound = run(hub)
    sample: dict[str, Any] = json.loads(run(hub, "--sample", "1", "--json")[1])
    hub.connection.execute("UPDATE alert SET amount = 5")
    status, told = run(hub, "--json")
    report: dict[str, Any] = json.loads(told)
    hub.publish("molsa", enrollment("e2", "spn", person(ALI)))
    hub.connection.execute("UPDATE alert SET amount = 0")
    behind = run(hub, "--wait", "0.2")

    assert (empty[0], "no rulebook" in empty[1]) == (2, True)
    assert (sound[0], "Everything agrees" in sound[1]) == (0, True)
    assert (sample["status"], sample["covered"]["persons drawn"]) == (0, 1)
    assert (status, report["differences"]["alerts: different"]) == (1, 1)
    assert report["examples"]["alerts: different"][0].endswith(": amount")
    assert (behind[0], "not applied yet" in behind[1]) == (2, True)
    assert not any(word in told + sound[1] for word in (ALI, "زينب"))


@pytest.mark.parametrize("arguments", [["--sample", "0"], ["--wait", "-1"]])
def test_wrong_use(arguments: list[str]) -> None:
    """A sample of nobody and a negative wait are wrong use."""
    assert CliRunner().invoke(main, ["verify", *arguments]).exit_code == 2
