"""Inboxes in PostgreSQL. Every statement is scoped by a desk or by the records that the router addressed to one."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from frontdoor_chassis.relay import OutboxRow
from frontdoor_chassis.store.bodies import unpack
from frontdoor_gateway.adapters.errors import reached
from frontdoor_gateway.adapters.receipts import PgReceipts
from frontdoor_gateway.core.inbox import Channel, Item, Marked, Page
from frontdoor_gateway.core.sequence import BEGINNING, Cursor
from frontdoor_schemas.envelope import DeliveryKind, Receipt
from frontdoor_schemas.vocabulary import Level

_LEVEL_COLUMN = {Level.received: "received_at", Level.opened: "opened_at", Level.acted: "acted_at"}
_HIGHER = {
    Level.received: "received_at IS NULL AND opened_at IS NULL AND acted_at IS NULL",
    Level.opened: "opened_at IS NULL AND acted_at IS NULL",
    Level.acted: "acted_at IS NULL",
}

_READ = """
    SELECT h.recalls, i.incarnation, i.number, i.disclosure, i.delivery, i.withdrawn_at, i.recall
    FROM inbox_head h JOIN inbox i ON i.desk = h.desk
    WHERE h.desk = $1 AND (i.incarnation, i.number) > ($2, $3) AND (i.incarnation, i.number) <= (h.incarnation, h.number)
    ORDER BY i.incarnation, i.number LIMIT $4
"""
"""One statement, so that the items and the count of recalls are of one moment."""

_RECEIVE = """
    UPDATE inbox SET received_at = $5
    WHERE desk = $1 AND (incarnation, number) <= ($2, $3) AND (incarnation, number) > ($6, $7)
      AND (recall IS NULL OR recall > $4) AND received_at IS NULL AND opened_at IS NULL AND acted_at IS NULL
    RETURNING disclosure
"""
"""What was recalled before the reader's page was read was a tombstone in it, and was not received."""


class PgInboxes:
    """The inboxes of one gateway's schema."""

    def __init__(self, pool: asyncpg.Pool, *, receipts: PgReceipts) -> None:
        self._pool = pool
        self._receipts = receipts

    async def read(self, desk: str, after: Cursor, limit: int) -> Page:
        """As the port says."""
        with reached():
            rows = await self._pool.fetch(_READ, desk, after.incarnation, after.number, limit)
        items = [_item(r) for r in rows]
        return Page(items, items[-1].cursor if items else after)

    async def answer(self, desk: str, event: UUID) -> bytes | None:
        """As the port says."""
        sql = "SELECT delivery FROM inbox WHERE event = $1 AND desk = $2 AND kind = $3 AND delivery IS NOT NULL"
        with reached():
            packed = await self._pool.fetchval(sql, event, desk, DeliveryKind.answer.value)
        return None if packed is None else unpack(packed)

    async def collected(self, desk: str) -> Cursor:
        """As the port says."""
        sql = "SELECT collected_incarnation, collected_number, recalls FROM inbox_head WHERE desk = $1"
        with reached():
            row = await self._pool.fetchrow(sql, desk)
        return Cursor(*row) if row else BEGINNING

    async def collect(self, desk: str, cursor: Cursor, *, channel: Channel, at: datetime) -> Sequence[OutboxRow]:
        """As the port says. Most cursors were seen before, and cost one look."""
        with reached():
            head = await self._pool.fetchrow("SELECT * FROM inbox_head WHERE desk = $1", desk)
            _require_given(cursor, head)
            if head is None or not _beyond(cursor, head):
                return []
            async with self._pool.acquire() as connection, connection.transaction():
                return await self._collect(connection, desk, cursor, channel, at)

    async def _collect(
        self, connection: asyncpg.Connection, desk: str, cursor: Cursor, channel: Channel, at: datetime
    ) -> Sequence[OutboxRow]:
        head = await connection.fetchrow("SELECT * FROM inbox_head WHERE desk = $1 FOR UPDATE", desk)
        if not _beyond(cursor, head):
            return []
        before = head["collected_incarnation"], head["collected_number"]
        rows = await connection.fetch(_RECEIVE, desk, *cursor, at, *before)
        sql = "UPDATE inbox_head SET collected_incarnation = $2, collected_number = $3 WHERE desk = $1"
        await connection.execute(sql, desk, *cursor.place)
        receipts = [Receipt(disclosure=r["disclosure"], desk=desk, level=Level.received, channel=channel, at=at) for r in rows]
        return await self._receipts.add(connection, receipts, at)

    async def acknowledge(self, desk: str, marks: Sequence[Marked], at: datetime) -> tuple[Sequence[bool], Sequence[OutboxRow]]:
        """As the port says. A level below the one reached, and a call told of before, change nothing and report nothing."""
        with reached():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute("SELECT FROM inbox_head WHERE desk = $1 FOR UPDATE", desk)
                sql = "SELECT disclosure FROM inbox WHERE desk = $1 AND disclosure = ANY ($2::uuid[])"
                known = {r["disclosure"] for r in await connection.fetch(sql, desk, [m.disclosure for m in marks])}
                news = [r for m in marks if m.disclosure in known and (r := await self._mark(connection, desk, m, at))]
                return [m.disclosure in known for m in marks], await self._receipts.add(connection, news, at)

    async def _mark(self, connection: asyncpg.Connection, desk: str, mark: Marked, at: datetime) -> Receipt | None:
        if mark.level is None:
            changed = await connection.execute(
                "UPDATE inbox SET told_at = $3 WHERE desk = $1 AND disclosure = $2 AND told_at IS NULL", desk, mark.disclosure, mark.told_at
            )
            receipt = Receipt(disclosure=mark.disclosure, desk=desk, by_telephone=True, channel="telephone", at=mark.told_at or at)
        else:
            column, higher = _LEVEL_COLUMN[mark.level], _HIGHER[mark.level]
            sql = f"UPDATE inbox SET {column} = $3 WHERE desk = $1 AND disclosure = $2 AND {higher}"  # noqa: S608 - columns of this module
            changed = await connection.execute(sql, desk, mark.disclosure, at)
            receipt = Receipt(disclosure=mark.disclosure, desk=desk, level=mark.level, channel="inbox", at=at)
        return receipt if changed == "UPDATE 1" else None


def _item(row: asyncpg.Record) -> Item:
    delivery = unpack(row["delivery"]) if row["delivery"] is not None else None
    cursor = Cursor(row["incarnation"], row["number"], row["recalls"])
    return Item(cursor, row["disclosure"], delivery, row["withdrawn_at"], row["recall"])


def _require_given(cursor: Cursor, head: asyncpg.Record | None) -> None:
    given = Cursor(0, 0, 0) if head is None else Cursor(head["incarnation"], head["number"], head["recalls"])
    if cursor.place > given.place or cursor.recalls > given.recalls:
        raise LookupError("no such cursor was given out")


def _beyond(cursor: Cursor, head: asyncpg.Record) -> bool:
    return cursor.place > (head["collected_incarnation"], head["collected_number"])
