"""What a publisher may ask about its own events."""

from typing import Any
from uuid import UUID

from frontdoor_chassis.clock import Clock
from frontdoor_gateway.core.callers import Caller
from frontdoor_gateway.core.failures import UnknownEventError
from frontdoor_gateway.core.ledger import heading, view
from frontdoor_gateway.core.submissions import Reader, Reads, Submissions


class PublishedEvents:
    """The ledger, event by event and as a list. Another's event is as unknown as one that never was."""

    def __init__(self, *, store: Submissions, clock: Clock, reads: Reads) -> None:
        self._store = store
        self._clock = clock
        self._reads = reads

    async def ledger(self, caller: Caller, event: UUID) -> dict[str, Any]:
        """Of an own event, or of one by a desk whose work the agency has. Raises `UnknownEventError`."""
        found = await self._store.published(self._reader(caller), event)
        if found is None:
            raise UnknownEventError
        return view(found, self._clock.now())

    async def newest(self, caller: Caller, *, before: UUID | None, limit: int) -> list[dict[str, Any]]:
        """The agency's events, newest first, older than the one named."""
        return [heading(p) for p in await self._store.list_published(self._reader(caller), before=before, limit=limit)]

    def _reader(self, caller: Caller) -> Reader:
        return self._reads(caller.desk, self._clock.now())
