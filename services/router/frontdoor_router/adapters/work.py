"""Opens the router's transactions: for batches of the bus and for clocks. One at a time in a process, fenced across them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from uuid import UUID

import asyncpg

from frontdoor_chassis.bus import Batch, Received
from frontdoor_chassis.clock import Clock
from frontdoor_chassis.directory import Directory
from frontdoor_chassis.relay import Relay
from frontdoor_chassis.signing import Signer
from frontdoor_chassis.store.positions import move
from frontdoor_router.adapters import clockwork, writing
from frontdoor_router.adapters.session import PgSession
from frontdoor_router.core.decide import Arrived, withdrawal_notice
from frontdoor_router.core.decision import AuditEntry, IdMaker
from frontdoor_router.core.firing import fire
from frontdoor_router.core.outgoing import ledger
from frontdoor_router.core.receiving import merge
from frontdoor_schemas.envelope import Envelope, Receipt

EPOCH_LOCK = 0x66726F6E74
"""Advisory lock that decisions share and a change of policy takes alone."""
CLOCK_BATCH = 100


class PolicyChangedError(Exception):
    """Another instance has activated another policy; this one has to stop and be started with the same pack."""


class Works:
    """Makes transactions over one pool."""

    def __init__(
        self,
        *,
        pool: asyncpg.Pool,
        directory: Directory,
        signer: Signer,
        relay: Relay,
        clock: Clock,
        ids: IdMaker,
        rebuild: Callable[[bytes, str], Arrived],
    ) -> None:
        self._pool = pool
        self._directory = directory
        self._signer = signer
        self._relay = relay
        self._clock = clock
        self._ids = ids
        self._rebuild = rebuild
        self._one_at_a_time = asyncio.Lock()
        self.epoch = ""

    async def activate(self, epoch: str, *, pack: str, number: int, pack_hash: str, agreements: Sequence[str]) -> None:
        """Make a policy the one in force: audited, alone. The same one again changes nothing."""
        now = self._clock.now()
        async with self._one_at_a_time, self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", EPOCH_LOCK)
            if await connection.fetchval("SELECT id FROM epoch ORDER BY activated_at DESC LIMIT 1") != epoch:
                await connection.execute(
                    "INSERT INTO epoch VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET activated_at = excluded.activated_at",
                    epoch,
                    pack,
                    number,
                    pack_hash,
                    list(agreements),
                    now,
                )
                entry = AuditEntry("epoch.activated", None, {"agreements": list(agreements), "hash": pack_hash})
                await writing.save_audit(connection, [(None, entry)], epoch=epoch, now=now)
        self.epoch = epoch

    @asynccontextmanager
    async def batch(self, batch: Batch) -> AsyncIterator["Work"]:
        """One transaction for one batch: positions first, outbox last; handed to the relay once committed."""
        async with self._open() as work:
            await move(work.connection, batch.moves)
            yield work

    @asynccontextmanager
    async def _open(self) -> AsyncIterator["Work"]:
        now = self._clock.now()
        async with self._one_at_a_time, self._pool.acquire() as connection:
            async with connection.transaction():
                await self._share_epoch(connection)
                work = Work(
                    connection=connection,
                    directory=self._directory,
                    signer=self._signer,
                    epoch=self.epoch,
                    rebuild=self._rebuild,
                    ids=self._ids,
                )
                yield work
                row = await work.finish(now)
            if row is not None:
                self._relay.offer([row])

    async def _share_epoch(self, connection: asyncpg.Connection) -> None:
        found = await connection.fetchval(
            "SELECT id FROM epoch, (SELECT pg_advisory_xact_lock_shared($1)) AS shared ORDER BY activated_at DESC LIMIT 1", EPOCH_LOCK
        )
        if found != self.epoch:
            raise PolicyChangedError(f"policy {found} is in force, this instance has {self.epoch}")

    async def fire_due(self, *, today: date, confirmed: bool) -> int:
        """Fire the stages that are due. Returns how many."""
        now = self._clock.now()
        async with self._open() as work:
            running = await clockwork.due_obligations(work.connection, now, CLOCK_BATCH)
            for one in running:
                fired = fire(one, self._directory, self._ids, now=now, today=today, confirmed=confirmed)
                for notice in fired.notices:
                    work.tell(notice, one.envelope)
                for remind in fired.reminds:
                    work.control(remind.desk, remind)
                work.note(one.event, fired.audit)
                told = [("escalate", n.desk) for n in fired.notices] or [("remind", r.desk) for r in fired.reminds]
                await clockwork.advance(work.connection, one, now, told)
            return len(running)


class Work(PgSession):
    """A session that also takes receipts and parks what cannot be read."""

    def __init__(self, *, ids: IdMaker, **kept: object) -> None:
        super().__init__(**kept)  # type: ignore[arg-type] # the session's own fields, by name
        self._ids = ids

    async def receive(self, receipts: Sequence[Receipt], now: datetime) -> int:
        """Merge receipts; meet obligations; tell who read something withdrawn; update publishers' ledgers."""
        named = list({r.disclosure for r in receipts})
        rows = await clockwork.read_disclosures(self.connection, named)
        hang_on = [*rows, *(r.stands_for for r in rows.values() if r.stands_for)]
        owed = await clockwork.read_owed(self.connection, hang_on)
        merged = merge(receipts, rows, owed)
        await clockwork.write_merged(self.connection, merged)
        await writing.meet_obligations(self.connection, merged.met, now)
        for row in merged.read_after_withdrawal:
            envelope = await self._envelope(row.event)
            self.tell(withdrawal_notice(self._ids, row.id, row.standing.desk), envelope)
        if merged.ledgers:
            for head, standings in await clockwork.visible_standings(self.connection, list(merged.ledgers)):
                update = ledger(
                    event=head["id"],
                    desk=head["source"],
                    version=head["ledger_version"],
                    missing=head["missing"],
                    standings=standings,
                    others_close_at=head["others_close_at"],
                )
                self.control(head["source"], update)
        for obligation, by in merged.met:
            self.note(None, AuditEntry("obligation.met", None, {"obligation": str(obligation), "by": by}))
        return merged.unknown

    async def _envelope(self, event: UUID) -> Envelope:
        row = await self.connection.fetchrow("SELECT id, type, thread, cause, occurred_at, received_at FROM event WHERE id = $1", event)
        return Envelope.model_construct(**dict(row), schema_version=1, after=None, source=None)

    async def park_raw(self, record: Received, reason: str, now: datetime) -> None:
        """Keep a record that cannot be read. It stays until a person has seen to it."""
        await self.connection.execute(
            "INSERT INTO parked (topic, partition, off, at, reason, record) VALUES ($1, $2, $3, $4, $5, $6)",
            record.topic,
            record.partition,
            record.offset,
            now,
            reason,
            record.value,
        )
        self.note(None, AuditEntry("record.parked", None, {"topic": record.topic, "offset": record.offset, "reason": reason}))
