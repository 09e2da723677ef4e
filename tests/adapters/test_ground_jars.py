"""Jars come from a repository once and are used only when they equal the lock."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sijill.adapters.ground_jars import fetch_jars
from sijill.adapters.ground_process import GroundError

NAME = "org.example:thing:1.0"
JAR = b"the content of a jar"
PLACE = Path("org/example/thing/1.0/thing-1.0.jar")
LOCK = {NAME: hashlib.sha256(JAR).hexdigest()}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A Maven repository on the loopback that holds one jar."""
    (tmp_path / "remote" / PLACE).parent.mkdir(parents=True)
    (tmp_path / "remote" / PLACE).write_bytes(JAR)
    handler = partial(_Quiet, directory=str(tmp_path / "remote"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield {"here": f"http://127.0.0.1:{server.server_port}"}
        server.shutdown()


def test_download_once(tmp_path: Path, repository: dict[str, str]) -> None:
    """What is in the cache is not downloaded again."""
    said: list[str] = []
    first = fetch_jars(tmp_path / "cache", LOCK, said.append, repositories=repository)
    told = len(said)
    second = fetch_jars(tmp_path / "cache", LOCK, said.append, repositories={})

    assert (first, second, told, len(said)) == ([tmp_path / "cache" / PLACE],) * 2 + (2, 2)


def test_short_jar(tmp_path: Path, repository: dict[str, str]) -> None:
    """A jar that an interrupted download left short is fetched again."""
    cached = tmp_path / "cache" / PLACE
    cached.parent.mkdir(parents=True)
    cached.write_bytes(JAR[:5])
    fetch_jars(tmp_path / "cache", LOCK, lambda _: None, repositories=repository)

    assert cached.read_bytes() == JAR


def test_wrong_checksum(tmp_path: Path, repository: dict[str, str]) -> None:
    """A jar that differs from the lock is refused by name and not kept."""
    with pytest.raises(GroundError, match=r"org\.example:thing:1\.0 differs"):
        fetch_jars(tmp_path / "cache", {NAME: "0" * 64}, lambda _: None, repositories=repository)

    assert not (tmp_path / "cache" / PLACE).exists()


def test_absent_jar(tmp_path: Path, repository: dict[str, str]) -> None:
    """A jar that the repository does not have is an error that names it."""
    with pytest.raises(GroundError, match=r"org\.example:other:1\.0 cannot be downloaded"):
        fetch_jars(
            tmp_path / "cache",
            {"org.example:other:1.0": "0"},
            lambda _: None,
            repositories=repository,
        )
