"""How long a newcomer waits: from the command to a partnership that is ready, its database made on the way."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from bench.rig import STOP_SECONDS
from frontdoor_standalone.servers.processes import free_ports

START_SECONDS = 120.0
_POLL_SECONDS = 0.05


def standalone_seconds(folder: Path) -> float | None:
    """Seconds until every service of `frontdoor up` says that it is ready; None when it never does."""
    folder.mkdir(parents=True)
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "frontdoor_standalone", "up", "--port", str(port), "--state", str(folder / "state")]
    started = time.monotonic()
    with (folder / "up.log").open("wb") as output:
        running = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output)  # noqa: S603 - our own program
    try:
        return round(time.monotonic() - started, 2) if _ready(running, port) else None
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
