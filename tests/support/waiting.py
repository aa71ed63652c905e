"""Waiting for what others bring about."""

import asyncio
import time
from collections.abc import Awaitable, Callable

PAUSE_SECONDS = 0.02


async def until(there: Callable[[], Awaitable[bool]], what: str = "what was waited for", seconds: float = 30) -> None:
    """Return when something is so; fail when that takes too long."""
    deadline = time.monotonic() + seconds
    while not await there():
        assert time.monotonic() < deadline, f"{what}: that never came"
        await asyncio.sleep(PAUSE_SECONDS)
