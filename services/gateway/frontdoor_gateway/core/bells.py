"""Wakes those who wait for something new for a desk, within the process."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress


class Bells:
    """One bell a desk. A long poll or a stream waits for it; the consumer rings it after its commit."""

    def __init__(self) -> None:
        self._bells: dict[str, asyncio.Event] = {}
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nobody is to wait any more."""
        return self._closed

    def ear(self, desk: str) -> asyncio.Event:
        """What to wait on. Taken before looking, so that what is filed in between is heard."""
        return self._bells.setdefault(desk, asyncio.Event())

    async def wait(self, ear: asyncio.Event, seconds: float) -> None:
        """Return when it rings, when the time is over, or when everything closes."""
        if not self._closed:
            with suppress(TimeoutError):
                await asyncio.wait_for(ear.wait(), seconds)

    def ring(self, desks: Iterable[str]) -> None:
        """Something is new for these desks."""
        for desk in desks:
            if bell := self._bells.pop(desk, None):
                bell.set()

    def close(self) -> None:
        """Let go of everybody who waits."""
        self._closed = True
        self.ring(list(self._bells))
