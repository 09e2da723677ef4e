"""Settings come from the environment before the hub file, and errors come all at once."""

import stat
from datetime import date
from pathlib import Path

import pytest

from sijill.settings import SettingsError, load, save

KEY = "0f" * 32
COMPLETE = {
    "SIJILL_KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "SIJILL_POSTGRES_DSN": "postgresql://sijill:secret@127.0.0.1/sijill",
    "SIJILL_REGISTRY_KEY": KEY,
    "SIJILL_HUB_KEY": KEY,
    "SIJILL_ROUTING_KEY": KEY,
}


@pytest.fixture
def hub_file(tmp_path: Path) -> Path:
    """A hub file as `sijill up` leaves it."""
    settings = load(COMPLETE | {"SIJILL_AS_OF": "2026-01-31"}, tmp_path / "none.json")
    save(settings, tmp_path / "hub.json")
    return tmp_path / "hub.json"


def test_hub_file_alone(hub_file: Path) -> None:
    """What was saved is what is loaded."""
    settings = load({}, hub_file)

    assert (settings.kafka_bootstrap, settings.registry_key, settings.as_of) == (
        "127.0.0.1:9092",
        bytes.fromhex(KEY),
        date(2026, 1, 31).toordinal(),
    )


def test_environment_wins(hub_file: Path) -> None:
    """The environment goes before the hub file, value by value."""
    settings = load({"SIJILL_KAFKA_BOOTSTRAP": "other:1"}, hub_file)

    assert (settings.kafka_bootstrap, settings.hub_key) == ("other:1", bytes.fromhex(KEY))


def test_hub_file_is_private(hub_file: Path) -> None:
    """Only its owner may read the hub file, for it holds keys."""
    assert stat.S_IMODE(hub_file.stat().st_mode) == 0o600


def test_errors_come_together(tmp_path: Path) -> None:
    """One error names every setting that is missing or wrong, and shows no key."""
    wrong = {
        "SIJILL_POSTGRES_DSN": "postgresql:///sijill",
        "SIJILL_REGISTRY_KEY": "not hex",
        "SIJILL_HUB_KEY": "0f0f",
        "SIJILL_AS_OF": "31.01.2026",
        "SIJILL_METRICS_PORT": "70000",
    }
    with pytest.raises(SettingsError) as caught:
        load(wrong, tmp_path / "none.json")

    assert str(caught.value) == (
        "Settings are missing or wrong: SIJILL_KAFKA_BOOTSTRAP is missing;"
        " SIJILL_REGISTRY_KEY is not hexadecimal; SIJILL_HUB_KEY has fewer than 16 bytes;"
        " SIJILL_ROUTING_KEY is missing; SIJILL_AS_OF is not a date such as 2026-01-31;"
        " SIJILL_METRICS_PORT is not a port number."
    )


def test_secrets_stay_hidden(tmp_path: Path) -> None:
    """Neither keys nor the password show in the representation."""
    shown = repr(load(COMPLETE, tmp_path / "none.json"))

    assert [word for word in ("secret", KEY, "\\x0f") if word in shown] == []
