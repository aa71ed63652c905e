"""A consumer's database reduced to what the bus needs of it: positions, moved with a fence, and what was done."""

import asyncio
from collections.abc import Mapping, Sequence

from frontdoor_chassis.bus import Batch, Position, Received
from frontdoor_chassis.store.ports import FencedError


class PositionTable:
    """Commits a batch wholly or not at all, as the transaction of the work does."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], Position] = {}
        self.done: list[Received] = []
        self.loads = 0
        self._may_load: asyncio.Semaphore | None = None

    async def load(self, topics: Sequence[str]) -> Mapping[tuple[str, int], Position]:
        self.loads += 1
        found = {at: position for at, position in self.rows.items() if at[0] in topics}
        if self._may_load is not None:
            await self._may_load.acquire()
        return found

    def hold(self) -> None:
        """Let the database be slow: whoever loads waits for `release`."""
        self._may_load = asyncio.Semaphore(0)

    def release(self, *, first: int = 1000) -> None:
        """Answer so many of those who wait, or come."""
        assert self._may_load is not None
        for _ in range(first):
            self._may_load.release()

    def commit(self, batch: Batch) -> None:
        """Move the positions and keep the records; raises `FencedError` when one is not where the batch began."""
        for move in batch.moves:
            row = self.rows.get((move.topic, move.partition), Position(move.topic_id, 0))
            if row != Position(move.topic_id, move.old):
                raise FencedError(f"{move.topic}[{move.partition}] is at {row.offset}, not {move.old}")
        for move in batch.moves:
            self.rows[move.topic, move.partition] = Position(move.topic_id, move.new)
        self.done += batch.records

    def put_back(self, topic: str, offset: int, *, partition: int = 0) -> None:
        """Set a position by hand, as an operator does."""
        self.rows[topic, partition] = Position(self.rows[topic, partition].topic_id, offset)

    def values(self) -> list[bytes]:
        """What was done, in order."""
        return [record.value for record in self.done]
