"""A desk's inbox: what it may read, how far it has proved that it has it, and what it says it did with it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from frontdoor_chassis.clock import Clock
from frontdoor_chassis.relay import OutboxRow, Relay
from frontdoor_gateway.core.bells import Bells
from frontdoor_gateway.core.callers import Caller
from frontdoor_gateway.core.failures import NotYourDeskError, UnreadableCursorError
from frontdoor_gateway.core.sequence import Cursor
from frontdoor_schemas.envelope import Delivery
from frontdoor_schemas.messages import message, tombstone
from frontdoor_schemas.vocabulary import Level

LOOK_SECONDS = 1.0
"""How often a waiting reader looks without having been rung: another process may have filed."""
MAX_PAGE = 500

Channel = Literal["inbox", "stream"]


@dataclass(frozen=True, slots=True)
class Item:
    """One number of a desk. Without `delivery` it was withdrawn then: a tombstone."""

    cursor: Cursor
    disclosure: UUID
    delivery: bytes | None
    withdrawn_at: datetime | None = None
    recall: int | None = None
    """Which of its desk's recalls withdrew it."""

    def message(self, desk: str) -> dict[str, Any]:
        """What the desk gets, with the cursor after it."""
        if self.delivery is not None:
            told = message(Delivery.model_validate_json(self.delivery))
        else:
            assert self.withdrawn_at is not None  # noqa: S101 - the two are written together
            place = self.cursor.place
            told = tombstone(
                disclosure=self.disclosure, desk=desk, incarnation=place.incarnation, number=place.number, at=self.withdrawn_at
            )
        return {"cursor": str(self.cursor), **told}


@dataclass(frozen=True, slots=True)
class Page:
    """Items in order without a gap, and the cursor that proves receipt of all of them when it comes back."""

    items: Sequence[Item]
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Marked:
    """What a desk says of one disclosure: a level it has reached, or that it was told by telephone at a moment."""

    disclosure: UUID
    level: Level | None = None
    told_at: datetime | None = None


class Inboxes(Protocol):
    """The inboxes of one gateway. Everything is scoped by a desk."""

    async def read(self, desk: str, after: Cursor, limit: int) -> Page:
        """Items beyond a cursor, up to the first gap."""
        ...

    async def answer(self, desk: str, event: UUID) -> bytes | None:
        """The delivery that answers a desk's own question, unless it was withdrawn."""
        ...

    async def collected(self, desk: str) -> Cursor:
        """How far a desk has proved that it has everything."""
        ...

    async def collect(self, desk: str, cursor: Cursor, *, channel: Channel, at: datetime) -> Sequence[OutboxRow]:
        """Mark everything up to the cursor as received, with the receipts for it. Idempotent.

        Raises `LookupError` for a cursor that was never given out.
        """
        ...

    async def acknowledge(self, desk: str, marks: Sequence[Marked], at: datetime) -> tuple[Sequence[bool], Sequence[OutboxRow]]:
        """Merge by maximum, with a receipt for each that is news; False for a disclosure that the desk never had."""
        ...


class InboxReader:
    """What the inbox routes call."""

    def __init__(self, *, inboxes: Inboxes, receipts: Relay, bells: Bells, clock: Clock) -> None:
        self._inboxes = inboxes
        self._receipts = receipts
        self._bells = bells
        self._clock = clock

    async def page(self, caller: Caller, desk: str | None, cursor: Cursor, *, limit: int, wait: float) -> Page:
        """The next items. Waits up to `wait` seconds for the first of them."""
        if desk is not None and desk != caller.desk:
            raise NotYourDeskError
        await self.collect(caller, cursor, channel="inbox")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        while True:
            ear = self._bells.ear(caller.desk)
            page = await self._inboxes.read(caller.desk, cursor, limit)
            left = deadline - loop.time()
            if page.items or left <= 0 or self._bells.closed:
                return page
            await self._bells.wait(ear, min(left, LOOK_SECONDS))

    async def answer(self, caller: Caller, event: UUID, *, wait: float) -> dict[str, Any] | None:
        """What a question of the caller's desk was answered, once it is in its inbox. Waits up to `wait` seconds for it.

        It stays in the inbox: that the response arrived is proved by nothing.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        while True:
            ear = self._bells.ear(caller.desk)
            found = await self._inboxes.answer(caller.desk, event)
            left = deadline - loop.time()
            if found is not None:
                return message(Delivery.model_validate_json(found))
            if left <= 0 or self._bells.closed:
                return None
            await self._bells.wait(ear, min(left, LOOK_SECONDS))

    async def collected(self, caller: Caller) -> Cursor:
        """After which cursor of its inbox the caller's desk will find what comes; reading on from it proves nothing new."""
        return await self._inboxes.collected(caller.desk)

    async def follow(self, caller: Caller, cursor: Cursor) -> AsyncIterator[Item | None]:
        """Items for ever, from a cursor on; None when there was nothing for a while, or everything closes.

        Each is read when it is asked for, so that what is recalled while the reader stands still is not given. Every cursor counts
        the recalls that came before the first item: what was recalled later, the reader may have in its hands. No such cursor can
        say that the reader has one of these and was never given another, so before the other it ends; who comes back with the
        cursor that it has reads on.
        """
        recalls: int | None = None
        while not self._bells.closed:
            ear = self._bells.ear(caller.desk)
            page = await self._inboxes.read(caller.desk, cursor, 1)
            for item in page.items:
                recalls = item.cursor.recalls if recalls is None else recalls
                if item.recall is not None and item.recall > recalls:
                    return
                yield replace(item, cursor=item.cursor._replace(recalls=recalls))
            if not page.items:
                await self._bells.wait(ear, LOOK_SECONDS)
                yield None
            cursor = page.cursor

    async def collect(self, caller: Caller, cursor: Cursor, *, channel: Channel) -> None:
        """A cursor that comes back proves that everything up to it was received."""
        try:
            rows = await self._inboxes.collect(caller.desk, cursor, channel=channel, at=self._clock.now())
        except LookupError as error:
            raise UnreadableCursorError from error
        self._receipts.offer(rows)

    async def acknowledge(self, caller: Caller, marks: Sequence[Marked]) -> Sequence[bool]:
        """Which of the marks were about something that the caller's desk has."""
        known, rows = await self._inboxes.acknowledge(caller.desk, marks, self._clock.now())
        self._receipts.offer(rows)
        return known
