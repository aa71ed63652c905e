"""Deliveries in PostgreSQL: one transaction a commit, everything in it in batches."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from frontdoor_chassis.relay import OutboxRow
from frontdoor_chassis.signing import Signer
from frontdoor_chassis.store.bodies import unpack
from frontdoor_chassis.store.positions import move
from frontdoor_notifier.adapters import statements as sql
from frontdoor_notifier.adapters.outbox import receipt_records, signed
from frontdoor_notifier.adapters.patience import Patience, patient
from frontdoor_notifier.adapters.rows import NOTICE_COLUMNS, changed_columns, filed_columns, parcel_of, state_of, taken_back_of
from frontdoor_notifier.core.ledger import Unit
from frontdoor_notifier.core.parcels import Parcel, TakenBack
from frontdoor_notifier.core.ports import Content, Known
from frontdoor_notifier.core.sequence import DeskSequence

T = TypeVar("T")


class PgStore:
    """Writes what the ledger gathered, and reads what memory has lost or never had."""

    def __init__(self, *, pool: asyncpg.Pool, signer: Signer, patience: Patience) -> None:
        self.patience = patience
        self._pool = pool
        self._signer = signer

    @patient
    async def write(self, unit: Unit) -> Sequence[OutboxRow]:
        """Write everything in one transaction; the outbox comes last, so that its lock is held briefly."""
        async with self._pool.acquire() as connection, connection.transaction():
            await move(connection, unit.moves)
            await _write_deliveries(connection, unit)
            await _write_sequences(connection, unit.sequences)
            await _write_reminders(connection, unit)
            await _many(connection, sql.INSERT_REFUSED, unit.refused, lambda r: (r.topic, r.partition, r.offset, r.reason, r.at))
            if unit.disabled:
                columns = _columns(unit.disabled, lambda d: (d.desk, d.reason, d.version))
                await connection.execute(sql.DISABLE_ENDPOINTS, *columns, unit.at)
            return await self._write_receipts(connection, unit)

    async def _write_receipts(self, connection: asyncpg.Connection, unit: Unit) -> Sequence[OutboxRow]:
        records = receipt_records(unit.receipts, unit.at)
        if not records:
            return ()
        positions = await connection.fetch(sql.INSERT_OUTBOX, [k for k, _ in records], [r for _, r in records], len(records))
        rows = zip(sorted(p["position"] for p in positions), records, strict=True)
        return [OutboxRow(position, (signed(self._signer, position, key, record),)) for position, (key, record) in rows]

    @patient
    async def sequences(self, desks: Sequence[str]) -> Mapping[str, DeskSequence]:
        """Sequences of those desks of which anything was filed."""
        rows = await self._pool.fetch("SELECT * FROM sequence WHERE desk = ANY($1)", list(desks))
        return {
            r["desk"]: DeskSequence(r["desk"], r["incarnation"], r["first"], r["seen_to"], tuple(r["holes"]), r["gap_since"]) for r in rows
        }

    @patient
    async def known(self, disclosures: Sequence[UUID]) -> Mapping[UUID, Known]:
        """Those that were filed or recalled before."""
        ids = list(disclosures)
        recalls = await self._pool.fetch("SELECT disclosure, how FROM recall WHERE disclosure = ANY($1)", ids)
        known = {r["disclosure"]: Known(None, TakenBack(r["how"])) for r in recalls}
        rows = await self._pool.fetch(
            "SELECT id, state, taken_back, next_at, filed_at, settled_at, code FROM delivery WHERE id = ANY($1)", ids
        )
        return known | {r["id"]: Known(state_of(r), taken_back_of(r["taken_back"])) for r in rows}

    @patient
    async def pending(self, desk: str, limit: int) -> Sequence[Parcel]:
        """The first deliveries still owed to a desk, in order of number, without content."""
        rows = await self._pool.fetch(
            f"SELECT {NOTICE_COLUMNS}, attempts, next_at, first_at, code, taken_back FROM delivery "  # noqa: S608 - a constant of ours
            "WHERE desk = $1 AND state IN ('waiting', 'sending') ORDER BY incarnation, number LIMIT $2",
            desk,
            limit,
        )
        return [parcel_of(r) for r in rows]

    @patient
    async def contents(self, disclosures: Sequence[UUID]) -> Mapping[UUID, Content]:
        """What to send for those still owed."""
        rows = await self._pool.fetch(
            "SELECT id, body, taken_back FROM delivery WHERE id = ANY($1) AND state IN ('waiting', 'sending')", list(disclosures)
        )
        return {r["id"]: Content(unpack(r["body"]) if r["body"] is not None else None, taken_back_of(r["taken_back"])) for r in rows}

    @patient
    async def overdue(self, now: datetime) -> int:
        """Deliveries to enabled endpoints that nobody holds a lease for and that could be sent now."""
        count: int = await self._pool.fetchval(
            """
            SELECT count(*) FROM delivery d JOIN endpoint e USING (desk)
            WHERE d.state IN ('waiting', 'sending') AND e.status = 'enabled' AND (d.next_at IS NULL OR d.next_at <= $1)
              AND (e.lease_owner IS NULL OR e.lease_until <= $1)
            """,
            now,
        )
        return count


async def _write_deliveries(connection: asyncpg.Connection, unit: Unit) -> None:
    if unit.filed:
        await connection.execute(sql.INSERT_DELIVERIES, *filed_columns(unit.filed))
    if unit.changed:
        await connection.execute(sql.UPDATE_DELIVERIES, *changed_columns(unit.changed))
    if unit.take_backs:
        columns = _columns(unit.take_backs, lambda t: (t.disclosure, t.how, t.at))
        await connection.execute(sql.TAKE_BACK, *columns)
        await connection.execute(sql.INSERT_RECALLS, *columns)
    await _many(connection, sql.INSERT_ATTEMPTS, unit.attempts, lambda a: (a.delivery, a.at, a.code, a.milliseconds))


async def _write_sequences(connection: asyncpg.Connection, sequences: Sequence[DeskSequence]) -> None:
    plain = [s for s in sequences if not s.holes]
    await _many(connection, sql.UPSERT_PLAIN_SEQUENCES, plain, lambda s: (s.desk, s.incarnation, s.first, s.seen_to))
    for s in sequences:
        if s.holes:  # arrays of arrays do not go through unnest, and gaps are rare
            await connection.execute(sql.UPSERT_SEQUENCE, s.desk, s.incarnation, s.first, s.seen_to, list(s.holes), s.gap_since)


async def _write_reminders(connection: asyncpg.Connection, unit: Unit) -> None:
    await _many(connection, sql.UPSERT_REACHED, unit.reached, lambda r: (r.disclosure, r.level, r.at))
    await _many(connection, sql.INSERT_REMINDERS, unit.reminders, lambda r: (r.id, r.desk, r.reason, r.disclosure, r.due, r.at))
    await _many(connection, sql.UPDATE_REMINDERS, unit.reminded, lambda r: (r.id, r.state, r.code, r.at, r.next_at))


async def _many(connection: asyncpg.Connection, statement: str, items: Sequence[T], columns: Callable[[T], tuple[Any, ...]]) -> None:
    if items:
        await connection.execute(statement, *_columns(items, columns))


def _columns(items: Sequence[T], columns: Callable[[T], tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*(columns(item) for item in items), strict=True)]
