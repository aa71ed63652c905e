"""What the servers share: a folder that one process owns, and processes that outlived theirs."""

import fcntl
import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from frontdoor_standalone.servers import ServerError

_POLL_SECONDS = 0.02


class Ownership:
    """Says by a lock on a file that this process, and no other, runs the server of a folder.

    The system lets go of the lock when the process ends, however it ends: so whoever gets it knows that a server which
    still runs there was left behind.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "owner.lock"
        self._handle: int | None = None

    def take(self) -> None:
        """Raises `ServerError` when another process has it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise ServerError(f"{self._path.parent} is in use by another process; stop it, or choose another folder") from error
        self._handle = handle

    def release(self) -> None:
        """Let others have it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class FileLock:
    """Waits until no other process is inside."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self._handle)


def is_running(pid: int, *, mentions: str) -> bool:
    """Whether the process lives and its command line mentions the text, so that a reused number is not taken for it."""
    proc = Path(f"/proc/{pid}")
    if Path("/proc/self").exists():
        try:
            return mentions.encode() in (proc / "cmdline").read_bytes()
        except OSError:
            return False
    asked = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603 - a number
    return mentions in asked.stdout


def end(pid: int, *, mentions: str, asking: signal.Signals, seconds: float, group: bool = False) -> None:
    """Ask a process to end, wait, and kill it when it does not. With `group`, its whole process group."""
    send = os.killpg if group else os.kill
    for sent in (asking, signal.SIGKILL):
        if not is_running(pid, mentions=mentions):
            return
        with suppress(ProcessLookupError):  # it has ended in this moment
            send(pid, sent)
        deadline = time.monotonic() + seconds
        while is_running(pid, mentions=mentions) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago; somebody may take one before it is used, so be ready to ask again."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
