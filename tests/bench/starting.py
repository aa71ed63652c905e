"""How long a newcomer waits, from the command to a partnership that is ready with its database, and what it then occupies."""

import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench import proc
from bench.rig import STOP_SECONDS
from frontdoor_standalone.servers.processes import free_ports

START_SECONDS = 120.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds until every service says that it is ready, and megabytes then, the database with it; None when it never is."""

    seconds: float | None
    memory_mb: int | None


def start_standalone(folder: Path) -> Start:
    """Start `frontdoor up`, look at it, and end it."""
    folder.mkdir(parents=True)
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "frontdoor_standalone", "up", "--port", str(port), "--state", str(folder / "state")]
    started = time.monotonic()
    with (folder / "up.log").open("wb") as output:
        running = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output)  # noqa: S603 - our own program
    try:
        if not _ready(running, port):
            return Start(None, None)
        seconds = round(time.monotonic() - started, 2)
        return Start(seconds, proc.memory_mb(running.pid))
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()


def _ready(running: "subprocess.Popen[bytes]", port: int) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and running.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/router/health/ready", timeout=5).is_success:
                return True
        except httpx.TransportError:
            pass
        time.sleep(_POLL_SECONDS)
    return False
