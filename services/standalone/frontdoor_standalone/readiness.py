"""Waits for services to be ready."""

import asyncio
from collections.abc import Callable, Iterable

import httpx

READY_SECONDS = 90.0
"""Several processes on a busy machine import for a while."""
POLL_SECONDS = 0.05


class NotReadyError(RuntimeError):
    """A service did not come up; the message says which and what it answers."""


async def wait_until_ready(bases: Iterable[str], check: Callable[[], None]) -> None:
    """Return when every service says that it is ready. `check` raises when waiting is in vain. Raises `NotReadyError`."""
    deadline = asyncio.get_running_loop().time() + READY_SECONDS
    async with httpx.AsyncClient() as client:
        for base in bases:
            while (said := await _ready(client, base)) != "ok":
                check()
                if asyncio.get_running_loop().time() > deadline:
                    raise NotReadyError(f"{base} is not ready: {said}")
                await asyncio.sleep(POLL_SECONDS)


async def _ready(client: httpx.AsyncClient, base: str) -> str:
    try:
        response = await client.get(f"{base}/health/ready")
    except httpx.TransportError as error:
        return type(error).__name__
    return "ok" if response.is_success else response.text
