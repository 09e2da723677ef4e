"""The broker's jars: fetched once, kept in the user's cache, checked against the lock each time.

jgo writes straight to the final path and only warns of a wrong checksum, so the committed lock
(`kafka_jars.json`: coordinate → SHA-256) is the truth, and this module does the checking.
"""

import fcntl
import hashlib
import importlib.resources
import json
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sijill.adapters.ground_process import GroundError

DOWNLOADS_AT_ONCE = 4

Lock = Mapping[str, str]


def read_lock() -> Lock:
    """Return the committed lock: coordinate `group:artifact:version` → SHA-256 in hex."""
    text = importlib.resources.files("sijill.adapters").joinpath("kafka_jars.json").read_text()
    lock: dict[str, str] = json.loads(text)
    return lock


def cache_folder(fallback: Path) -> Path:
    """Return the user's cache folder for jars, or `fallback` when that cannot be written."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(root) / "sijill" / "jars"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        fallback.mkdir(parents=True, exist_ok=True)
        return fallback
    return folder if os.access(folder, os.W_OK) else fallback


def fetch_jars(
    folder: Path,
    lock: Lock,
    progress: Callable[[str], None],
    *,
    repositories: dict[str, str] | None = None,
) -> list[Path]:
    """Return the jars of the lock, downloading those that the folder lacks.

    `repositories` (name → address) replaces the resolver's own, for a mirror.

    Raises:
        GroundError: a jar can be neither found nor downloaded, or differs from the lock.
    """
    with _only_one(folder):
        missing = [name for name in lock if not _matches(folder, name, lock[name])]
        if missing:
            _download(
                folder, {name: lock[name] for name in missing}, progress, repositories=repositories
            )
    return [folder / _path(name) for name in lock]


def _download(
    folder: Path,
    lock: Lock,
    progress: Callable[[str], None],
    *,
    repositories: dict[str, str] | None,
) -> None:
    # Imported late: a second start needs neither jgo nor its network client.
    with warnings.catch_warnings(action="ignore"):  # it has an opinion on XDG_RUNTIME_DIR
        from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415

    maven = MavenContext(
        repo_cache=folder,
        resolver=PythonResolver(),
        local_repos=[],
        remote_repos=repositories,
        timeout=60,
    )
    progress(f"Kafka: downloading {len(lock)} jars (about 45 MB in all, once) into {folder}")
    pool = ThreadPoolExecutor(DOWNLOADS_AT_ONCE)
    try:
        for done, _ in enumerate(pool.map(partial(_download_one, folder, maven), lock.items()), 1):
            if done % 5 == 0 or done == len(lock):
                progress(f"Kafka: {done} of {len(lock)} jars")
    except OSError as error:  # what its network client raises, too
        #:
        raise GroundError(
            f"Kafka's jars are not in the cache {folder} and cannot be downloaded"
            f" ({type(error).__name__}): connect to the network once, or name a running cluster"
            " in SIJILL_KAFKA_BOOTSTRAP."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _download_one(folder: Path, maven: object, entry: tuple[str, str]) -> None:
    name, checksum = entry
    group, artifact, version = name.split(":")
    (folder / _path(name)).unlink(missing_ok=True)
    try:
        maven.project(group, artifact).at_version(version).artifact().resolve()  # type: ignore[attr-defined]
    except RuntimeError as error:
        raise GroundError(f"The jar {name} cannot be downloaded: {error}.") from error
    if not _matches(folder, name, checksum):
        (folder / _path(name)).unlink(missing_ok=True)
        raise GroundError(f"The checksum of {name} differs from the lock file; it was not used.")


def _path(name: str) -> Path:
    group, artifact, version = name.split(":")
    return Path(*group.split("."), artifact, version, f"{artifact}-{version}.jar")


def _matches(folder: Path, name: str, checksum: str) -> bool:
    try:
        with (folder / _path(name)).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == checksum
    except FileNotFoundError:
        return False


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Let one process at a time change the cache; the others wait and then find it full."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
