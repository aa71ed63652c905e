"""Removes what is older than the deployment keeps."""

from datetime import datetime, timedelta
from typing import Protocol

import structlog

from frontdoor_chassis.clock import Clock

log = structlog.get_logger(__name__)


class Purge(Protocol):
    """Removes old rows."""

    async def purge(self, before: datetime) -> int:
        """Remove a chunk; returns how many rows."""
        ...


class Housekeeping:
    """The loop that cleans up."""

    def __init__(self, *, store: Purge, clock: Clock, keep: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._keep = keep

    async def step(self) -> bool:
        """Remove a chunk. True when there may be more."""
        removed = await self._store.purge(self._clock.now() - self._keep)
        if removed:
            log.info("rows.purged", rows=removed)
        return removed > 0
