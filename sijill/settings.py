"""Settings: read once, at the edge, from the environment and from what `sijill up` wrote.

Precedence: environment variable, then hub file, then default. All errors are reported together.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

HUB_FILE = Path("var/hub.json")
"""Where `sijill up` writes what it chose; every command reads it when no setting is given."""

PREFIX = "SIJILL_"
KEY_NAMES = ("registry_key", "hub_key", "routing_key")
KEY_BYTES_MIN = 16


class SettingsError(Exception):
    """Settings are missing or wrong; the message names every one of them, and no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the hub's parts are and which keys it uses; secrets stay out of `repr`."""

    kafka_bootstrap: str
    postgres_dsn: str = field(repr=False)
    registry_key: bytes = field(repr=False)  # tokens of identifiers; only registrars hold it
    hub_key: bytes = field(repr=False)  # alert and notice ids
    routing_key: bytes = field(repr=False)  # Kafka keys; publishers hold it
    country: str = "iraq"
    data_dir: Path = Path("var")
    as_of: int | None = None  # a day ordinal; None means: today in the book's time zone
    metrics_port: int = 0  # 0: any free port
    metrics_host: str = "127.0.0.1"  # 0.0.0.0 in a container
    kafka_config: Path | None = None  # client properties: TLS, SASL, passwords
    schema_url: str | None = None


def load(env: Mapping[str, str] = os.environ, hub_file: Path = HUB_FILE) -> Settings:
    """Return the settings, or raise `SettingsError` that names all that is missing or wrong.

    `SIJILL_HUB_FILE` in the environment names another hub file.
    """
    errors: list[str] = []
    raw = _read_hub(Path(env.get(f"{PREFIX}HUB_FILE", hub_file)), errors)
    for name in Settings.__dataclass_fields__:
        value = env.get(PREFIX + name.upper(), "")
        if value:
            raw[name] = value
    reader = _Reader(raw, errors)
    values = {
        "kafka_bootstrap": reader.text("kafka_bootstrap"),
        "postgres_dsn": reader.text("postgres_dsn"),
        **{name: reader.key(name) for name in KEY_NAMES},
        "country": raw.get("country") or "iraq",
        "data_dir": Path(raw.get("data_dir") or "var"),
        "as_of": reader.day("as_of"),
        "metrics_port": reader.port("metrics_port"),
        "metrics_host": raw.get("metrics_host") or "127.0.0.1",
        "kafka_config": Path(raw["kafka_config"]) if raw.get("kafka_config") else None,
        "schema_url": raw.get("schema_url") or None,
    }
    if errors:
        raise SettingsError("Settings are missing or wrong: " + "; ".join(errors) + ".")
    return Settings(**values)  # type: ignore[arg-type]


def save(settings: Settings, hub_file: Path = HUB_FILE) -> None:
    """Write the settings so that only this user can read them, and never a half of them."""
    raw = {
        "kafka_bootstrap": settings.kafka_bootstrap,
        "postgres_dsn": settings.postgres_dsn,
        **{name: getattr(settings, name).hex() for name in KEY_NAMES},
        "country": settings.country,
        "data_dir": str(settings.data_dir),
        "as_of": date.fromordinal(settings.as_of).isoformat() if settings.as_of else "",
        "schema_url": settings.schema_url or "",
    }
    write_private(hub_file, json.dumps(raw, indent=1))


def write_private(path: Path, text: str) -> None:
    """Replace the file at once, with mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    with contextlib.suppress(FileNotFoundError):
        draft.unlink()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    draft.replace(path)


def _read_hub(path: Path, errors: list[str]) -> dict[str, str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        errors.append(f"the hub file {path} cannot be read ({type(error).__name__})")
        return {}
    if not isinstance(content, dict):
        errors.append(f"the hub file {path} is not an object")
        return {}
    return {str(name): str(value) for name, value in content.items() if value not in ("", None)}


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one value after another and collects what is wrong."""

    raw: Mapping[str, str]
    errors: list[str]

    def text(self, name: str) -> str:
        value = self.raw.get(name, "")
        if not value:
            self.errors.append(f"{PREFIX}{name.upper()} is missing")
        return value

    def key(self, name: str) -> bytes:
        variable = PREFIX + name.upper()
        value = self.raw.get(name, "")
        if not value:
            self.errors.append(f"{variable} is missing")
            return b""
        try:
            key = bytes.fromhex(value)
        except ValueError:
            self.errors.append(f"{variable} is not hexadecimal")
            return b""
        if len(key) < KEY_BYTES_MIN:
            self.errors.append(f"{variable} has fewer than {KEY_BYTES_MIN} bytes")
        return key

    def day(self, name: str) -> int | None:
        value = self.raw.get(name, "")
        if not value:
            return None
        try:
            return date.fromisoformat(value).toordinal()
        except ValueError:
            self.errors.append(f"{PREFIX}{name.upper()} is not a date such as 2026-01-31")
            return None

    def port(self, name: str) -> int:
        value = self.raw.get(name, "0")
        if value.isascii() and value.isdigit() and int(value) < 65536:
            return int(value)
        self.errors.append(f"{PREFIX}{name.upper()} is not a port number")
        return 0
