"""The outbox of receipts: rows are written in the transaction of what they report, and numbered as submissions are."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from frontdoor_chassis.relay import OutboxRow
from frontdoor_gateway.adapters.errors import reached
from frontdoor_gateway.core.receipts import by_desk
from frontdoor_gateway.core.submissions import Sign
from frontdoor_schemas.envelope import Receipt, Receipts
from frontdoor_schemas.topics import RECEIPTS, of_receipts


class PgReceipts:
    """The outbox of receipts of one gateway's schema."""

    def __init__(self, pool: asyncpg.Pool, *, gateway: str, sign: Sign) -> None:
        self._pool = pool
        self._gateway = gateway
        self._sign = sign

    async def add(self, connection: asyncpg.Connection, items: Sequence[Receipt], at: datetime) -> list[OutboxRow]:
        """Write receipts inside the caller's transaction, each record of one desk. Takes the head's lock: call it last."""
        records = [(desk, Receipts(by=self._gateway, at=at, items=mine)) for desk, mine in by_desk(items)]
        return await self._number(connection, [(desk, r.model_dump_json(exclude_none=True).encode()) for desk, r in records])

    async def _number(self, connection: asyncpg.Connection, values: Sequence[tuple[str, bytes]]) -> list[OutboxRow]:
        if not values:
            return []
        last = await connection.fetchval("UPDATE receipt_head SET position = position + $1 RETURNING position", len(values))
        first = last - len(values) + 1
        rows = [(first + n, desk, value) for n, (desk, value) in enumerate(values)]
        await connection.execute(
            "INSERT INTO receipt_outbox (position, desk, record) SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[])",
            *(list(column) for column in zip(*rows, strict=True)),
        )
        return [self._row(*row) for row in rows]

    def _row(self, position: int, desk: str, value: bytes) -> OutboxRow:
        return OutboxRow(position, (self._sign(RECEIPTS, desk.encode(), value, of_receipts(position)),))

    async def sent_up_to(self) -> int:
        """The outbox's mark."""
        with reached():
            return int(await self._pool.fetchval("SELECT sent_up_to FROM receipt_head"))

    async def read(self, after: int, limit: int) -> Sequence[OutboxRow]:
        """Rows of the outbox, as the records that were or will be sent."""
        sql = "SELECT position, desk, record FROM receipt_outbox WHERE position > $1 ORDER BY position LIMIT $2"
        with reached():
            return [self._row(*row) for row in await self._pool.fetch(sql, after, limit)]

    async def mark_sent(self, up_to: int) -> None:
        """Move the mark, never back."""
        with reached():
            await self._pool.execute("UPDATE receipt_head SET sent_up_to = $1 WHERE sent_up_to < $1", up_to)
