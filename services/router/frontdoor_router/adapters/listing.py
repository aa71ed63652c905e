"""Which standing lists are due and not made yet: from the pack's calendar and from the events that there are."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import asyncpg

from frontdoor_router.core.lists import CAUGHT_UP, MADE_AFTER, Standing, due_between, next_moment
from frontdoor_router.core.pack import Pack

Identify = Callable[[Standing], UUID]
"""The id of the event that a list will be."""


class PgLists:
    """Looks once for what was missed while the router was away, and from then on for what has come due since."""

    def __init__(self, pool: asyncpg.Pool, pack: Pack, identify: Identify) -> None:
        self._pool = pool
        self._pack = pack
        self._identify = identify
        self._one_look_at_a_time = asyncio.Lock()
        self._looked_until: datetime | None = None
        self._left: list[Standing] = []

    async def due(self, now: datetime) -> list[Standing]:
        """The lists that are to be made now, in order of time."""
        until = now - MADE_AFTER
        async with self._one_look_at_a_time:
            after = self._looked_until or await self._first(now)
            if until > after:
                found = due_between(self._pack.lists, self._pack.directory, self._pack.calendar, after, until)
                self._left += await self._not_made(found)
            self._looked_until = max(after, until)
            return list(self._left)

    def made(self, standing: Standing) -> None:
        """It was made, here or by another instance."""
        self._left.remove(standing)

    async def next_due(self, now: datetime) -> datetime | None:
        """When there is something to make: now, where anything is left."""
        if await self.due(now):
            return now
        moment = next_moment(self._pack.lists, self._pack.calendar, now - MADE_AFTER)
        return moment + MADE_AFTER if moment else None

    async def _first(self, now: datetime) -> datetime:
        """From when lists are made: not from before the exchange began."""
        began: datetime | None = await self._pool.fetchval("SELECT min(activated_at) FROM epoch")
        return max(began or now, now - CAUGHT_UP)

    async def _not_made(self, found: list[Standing]) -> list[Standing]:
        by_id = {self._identify(s): s for s in found}
        rows = await self._pool.fetch("SELECT id FROM event WHERE id = ANY($1::uuid[])", list(by_id)) if by_id else []
        made = {row["id"] for row in rows}
        return [s for event, s in by_id.items() if event not in made]
