"""What a post answers: one query serves all the requests that ask meanwhile."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from frontdoor_gateway.core.submissions import Asked, Origin, Reader, StoreAwayError, Submissions


@dataclass(slots=True, eq=False)
class _Round:
    """What is asked for by one query, and what came of it."""

    asked: set[Asked] = field(default_factory=set)
    found: Mapping[Asked, Origin] | StoreAwayError | None = None


class Origins:
    """Finds which events may be answered. While one query runs, questions gather for the next."""

    def __init__(self, store: Submissions) -> None:
        self._store = store
        self._asking = asyncio.Lock()
        self._next = _Round()

    async def find(self, reader: Reader, events: Collection[UUID]) -> Mapping[UUID, Origin]:
        """Those that who asks may answer. Raises `StoreAwayError`."""
        mine = self._next
        mine.asked.update((reader, event) for event in events)
        async with self._asking:
            if mine.found is None:  # nobody else has asked for this round, or whoever did has gone
                await self._ask(mine)
        if isinstance(mine.found, StoreAwayError):
            raise StoreAwayError from mine.found
        found = mine.found or {}
        return {event: origin for event in events if (origin := found.get((reader, event)))}

    async def _ask(self, mine: _Round) -> None:
        if mine is self._next:
            self._next = _Round()
        try:
            mine.found = await self._store.origins(mine.asked)
        except StoreAwayError as error:
            mine.found = error
