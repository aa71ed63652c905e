"""The router's outbox: one row a batch, dense positions."""

from collections.abc import Sequence

import asyncpg

from frontdoor_chassis.relay import OutboxRow
from frontdoor_router.adapters.writing import unpack_records


class PgOutbox:
    """Reads rows back that were committed and not sent."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def sent_up_to(self) -> int:
        """The last position that was marked as sent."""
        position: int = await self._pool.fetchval("SELECT sent_up_to FROM outbox_head")
        return position

    async def read(self, after: int, limit: int) -> Sequence[OutboxRow]:
        """Committed rows after a position, in order."""
        rows = await self._pool.fetch("SELECT position, records FROM outbox WHERE position > $1 ORDER BY position LIMIT $2", after, limit)
        return [OutboxRow(r["position"], unpack_records(r["records"])) for r in rows]

    async def mark_sent(self, up_to: int) -> None:
        """Remember that everything up to a position is on the bus."""
        await self._pool.execute("UPDATE outbox_head SET sent_up_to = greatest(sent_up_to, $1)", up_to)
