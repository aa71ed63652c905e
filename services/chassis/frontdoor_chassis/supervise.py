"""Named, supervised loops: the first that fails stops the process; a stop drains to a deadline."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import structlog

log = structlog.get_logger(__name__)

Step = Callable[[], Awaitable[bool]]
"""One step of a loop. True: there may be more to do at once. False: idle, wait to be woken."""


class Wake:
    """Wakes an idle loop from within the process."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Wake the loop now, or spare it its next wait."""
        self._event.set()

    async def wait(self, timeout: float) -> None:
        """Return when woken or after `timeout` seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), timeout)
        self._event.clear()


class Loop:
    """Runs one step again and again; every test can call `step` by itself."""

    def __init__(self, name: str, step: Step, *, idle_seconds: float, wake: Wake | None = None, pace_seconds: float = 0.0) -> None:
        """`pace_seconds`: steps begin at least so far apart, so that what comes drop by drop shares commits."""
        self.name = name
        self.step = step
        self.wake = wake or Wake()
        self._idle = idle_seconds
        self._pace = pace_seconds
        self._stopping = False

    async def run(self) -> None:
        """Run until stopped. Whatever a step raises ends the loop, and with it the process."""
        loop = asyncio.get_running_loop()
        while not self._stopping:
            began = loop.time()
            if not await self.step() and not self._stopping:
                await self.wake.wait(self._idle)
            if (early := began + self._pace - loop.time()) > 0 and not self._stopping:
                await asyncio.sleep(early)

    def stop(self) -> None:
        """Finish the step under way and return."""
        self._stopping = True
        self.wake.set()


class Supervisor:
    """Runs loops side by side until told to stop or until one fails."""

    def __init__(self, loops: Mapping[str, Loop] | list[Loop], *, drain_seconds: float = 10.0) -> None:
        self._loops = list(loops.values()) if isinstance(loops, Mapping) else loops
        self._drain = drain_seconds
        self._tasks: list[asyncio.Task[None]] = []
        self.failed: str | None = None

    def start(self) -> None:
        """Start every loop as a named task."""
        self._tasks = [asyncio.create_task(loop.run(), name=loop.name) for loop in self._loops]

    async def wait(self) -> None:
        """Return when a loop has ended; raise what it raised."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            error = task.exception()
            self.failed = task.get_name() if error else None
            if error:
                log.error("loop.failed", loop=task.get_name(), error=type(error).__name__)
                raise error

    @property
    def alive(self) -> bool:
        """Whether every loop is running."""
        return bool(self._tasks) and not any(t.done() for t in self._tasks)

    async def stop(self) -> None:
        """Let steps finish until the drain deadline, then cancel what is left."""
        for loop in self._loops:
            loop.stop()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=self._drain)
        for task in late:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
