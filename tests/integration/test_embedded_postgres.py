"""The PostgreSQL that runs without Docker: it starts, ends, and comes back after whatever was killed."""

import os
import pwd
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from frontdoor_standalone.servers import ServerError
from frontdoor_standalone.servers.postgres import EmbeddedPostgres
from frontdoor_standalone.servers.processes import is_running

pytestmark = pytest.mark.needs_postgres

# Starts a server, says its number, and waits to be killed.
_OWNER = """
import sys, time
from pathlib import Path
from frontdoor_standalone.servers.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(120)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="frontdoor-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)  # PostgreSQL runs as another user when this runs as root
        yield Path(name) / "postgres"


async def test_it_serves_a_role_that_is_not_superuser_and_leaves_nothing_running(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        server.create_role("router")
        server.create_role("router")
        server.create_database("router", owner="router")
        server.create_database("router", owner="router")
        connection = await asyncpg.connect(server.dsn("router", role="router"))
        assert await connection.fetchval("SELECT usesuper FROM pg_user WHERE usename = current_user") is False
        assert await connection.fetchval("SHOW fsync") == "on"
        assert await connection.fetchval("SHOW listen_addresses") == ""
        await connection.close()
        pid = server.pid
        sockets = server.dsn().partition("host=")[2]
        assert os.path.isdir(sockets)  # noqa: ASYNC240, PTH112 - nothing else runs on this loop
    assert pid is not None
    assert not is_running(pid, mentions=str(folder))
    assert server.pid is None
    assert not os.path.exists(sockets)  # noqa: ASYNC240, PTH110 - nothing else runs on this loop


async def test_what_was_committed_is_there_after_the_server_was_killed(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    server.start()
    dsn, pid = server.dsn(), server.pid
    assert pid is not None
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE kept (n int)")
    await connection.execute("INSERT INTO kept VALUES (7)")
    os.kill(pid, signal.SIGKILL)
    connection.terminate()
    server.stop()
    with server:
        assert server.dsn() == dsn  # whoever has the address finds it again
        assert server.execute("SELECT n FROM kept") == "7"


def test_a_server_whose_owner_was_killed_is_ended_and_replaced(folder: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", _OWNER, str(folder)], stdout=subprocess.PIPE, text=True)  # noqa: S603 - ourselves
    assert owner.stdout is not None
    left_behind = int(owner.stdout.readline())
    with pytest.raises(ServerError, match="in use by another process"):
        EmbeddedPostgres(folder).start()
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert is_running(left_behind, mentions=str(folder))
    old_sockets = Path((folder / "data" / "postmaster.pid").read_text().splitlines()[4])
    with EmbeddedPostgres(folder) as server:
        assert server.pid != left_behind
        assert not old_sockets.exists()
        assert not is_running(left_behind, mentions=str(folder))
        assert server.execute("SELECT 1") == "1"


def test_a_killed_preparation_is_begun_again(folder: Path) -> None:
    (folder / "data.unfinished" / "base").mkdir(parents=True)
    with EmbeddedPostgres(folder) as server:
        assert server.execute("SELECT 1") == "1"


def test_data_of_another_major_version_is_refused(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(ServerError, match="made by PostgreSQL 16"):
        EmbeddedPostgres(folder).start()


def test_a_server_that_cannot_start_says_where_the_reason_is(folder: Path) -> None:
    with pytest.raises(ServerError, match=r"postgres\.log says why"):
        EmbeddedPostgres(folder, settings={"shared_buffers": "nonsense"}).start()
    with EmbeddedPostgres(folder) as server:  # nothing of the failure stays
        assert server.execute("SELECT 1") == "1"


def test_a_statement_that_is_refused_says_so(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server, pytest.raises(ServerError, match="syntax error"):
        server.execute("SELEKT 1")
    with pytest.raises(ServerError, match="not running"):
        server.dsn()


def test_it_runs_for_an_ordinary_user_too() -> None:
    with tempfile.TemporaryDirectory(prefix="frontdoor-") as name:
        child = os.fork()  # not a new Python: the ordinary user may not be able to reach this one's files
        if child == 0:
            os._exit(_serve_as_ordinary_user(Path(name)))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _serve_as_ordinary_user(folder: Path) -> int:
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    with EmbeddedPostgres(folder / "postgres") as server:
        answer, pid = server.execute("SELECT 1"), server.pid
    ended = pid is not None and not is_running(pid, mentions=str(folder))
    return 0 if answer == "1" and ended else 1
