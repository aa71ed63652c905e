"""Receipts on their way to the bus: one aggregated record a commit, through an outbox with dense positions."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from frontdoor_chassis.bus import Record
from frontdoor_chassis.relay import OutboxRow
from frontdoor_chassis.signing import Signer
from frontdoor_notifier.adapters.patience import Patience, patient
from frontdoor_schemas.envelope import MAX_RECEIPTS, Receipt, Receipts
from frontdoor_schemas.topics import RECEIPTS, of_receipts

WRITER = "notifier"


def receipt_records(receipts: Sequence[Receipt], at: datetime) -> list[tuple[str, bytes]]:
    """Keys and values of the records. Receipts merge by maximum, so their order, and hence the key, is no matter of truth."""
    chunks = [receipts[n : n + MAX_RECEIPTS] for n in range(0, len(receipts), MAX_RECEIPTS)]
    return [(chunk[0].desk, Receipts.model_construct(by=WRITER, at=at, items=tuple(chunk)).model_dump_json().encode()) for chunk in chunks]


def signed(signer: Signer, position: int, key: str, record: bytes) -> Record:
    """A record of the receipts topic."""
    return signer.record(RECEIPTS, key.encode(), record, of_receipts(position))


class PgOutbox:
    """Reads rows back that were committed and are not known to be on the bus."""

    def __init__(self, *, pool: asyncpg.Pool, signer: Signer, patience: Patience) -> None:
        self.patience = patience
        self._pool = pool
        self._signer = signer

    @patient
    async def sent_up_to(self) -> int:
        """The last position that was marked as sent."""
        position: int = await self._pool.fetchval("SELECT sent_up_to FROM outbox_head")
        return position

    @patient
    async def read(self, after: int, limit: int) -> Sequence[OutboxRow]:
        """Committed rows after a position, in order."""
        rows = await self._pool.fetch(
            "SELECT position, key, record FROM outbox WHERE position > $1 ORDER BY position LIMIT $2", after, limit
        )
        return [OutboxRow(r["position"], (signed(self._signer, r["position"], r["key"], r["record"]),)) for r in rows]

    @patient
    async def mark_sent(self, up_to: int) -> None:
        """Remember that everything up to a position is on the bus."""
        await self._pool.execute("UPDATE outbox_head SET sent_up_to = greatest(sent_up_to, $1)", up_to)
