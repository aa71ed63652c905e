"""Sends what was committed to the outbox: from memory right after the commit, from the table when memory has a gap.

Outbox positions are dense and in commit order, so one number says all: everything below it is on the bus.
An end between sending and marking sends again; consumers deduplicate by id.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from frontdoor_chassis.bus.ports import Producer, Record, SendError
from frontdoor_chassis.supervise import Wake

log = structlog.get_logger(__name__)

MAX_BATCH = 500
"""Outbox rows sent at once: enough to amortise the round trip, little enough to repeat after a failure."""
MAX_REMEMBERED = 20_000
"""Rows kept in memory while the bus is slow; beyond that they are read back from the table."""
RETRY_SECONDS = 0.5
MARK_SECONDS = 0.25
"""How often the mark is written: what an end may send twice, against a commit for each batch."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One committed outbox row and the records it stands for."""

    position: int
    records: tuple[Record, ...]


class Outbox(Protocol):
    """The outbox of one service."""

    async def sent_up_to(self) -> int:
        """The last position that was marked as sent; 0 when none was."""
        ...

    async def read(self, after: int, limit: int) -> Sequence[OutboxRow]:
        """Committed rows after a position, in order."""
        ...

    async def mark_sent(self, up_to: int) -> None:
        """Remember that everything up to a position is on the bus. Never goes back."""
        ...


class Relay:
    """Moves one outbox to the bus. `offer` after each commit, `step` in a supervised loop."""

    def __init__(self, *, outbox: Outbox, producer: Producer) -> None:
        self.wake = Wake()
        self._outbox = outbox
        self._producer = producer
        self._memory: dict[int, OutboxRow] = {}
        self._sent: int | None = None
        self._marked = 0
        self._mark_due = 0.0
        self._behind = True
        self.failures = 0

    def offer(self, rows: Sequence[OutboxRow]) -> None:
        """Hand over rows that were just committed."""
        if len(self._memory) < MAX_REMEMBERED:
            self._memory.update((row.position, row) for row in rows)
        else:
            self._behind = True
        self.wake.set()

    @property
    def idle(self) -> bool:
        """Whether everything handed over is on the bus."""
        return not self._memory and not self._behind

    async def step(self) -> bool:
        """Send what is next. True when there may be more."""
        if self._sent is None:
            self._sent = self._marked = await self._outbox.sent_up_to()
        rows = await self._next_rows(self._sent)
        if not rows:
            await self._mark()
            return False
        try:
            await self._producer.send([record for row in rows for record in row.records])
        except SendError as error:
            self.failures += 1
            log.warning("relay.delayed", rows=len(rows), error=type(error).__name__, failures=self.failures)
            await asyncio.sleep(RETRY_SECONDS)
            return True
        self.failures = 0
        self._sent = rows[-1].position
        for row in rows:
            self._memory.pop(row.position, None)
        await self._mark()
        return True

    async def _next_rows(self, sent: int) -> Sequence[OutboxRow]:
        rows: list[OutboxRow] = []
        while len(rows) < MAX_BATCH and (row := self._memory.get(sent + 1 + len(rows))):
            rows.append(row)
        if rows:
            return rows
        found = await self._outbox.read(sent, MAX_BATCH)
        self._behind = len(found) == MAX_BATCH
        if not found:
            self._memory = {p: r for p, r in self._memory.items() if p > sent}
        return found

    async def _mark(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._sent is not None and self._sent > self._marked and now >= self._mark_due:
            await self._outbox.mark_sent(self._sent)
            self._marked = self._sent
            self._mark_due = now + MARK_SECONDS
