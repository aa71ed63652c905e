"""Reminders in PostgreSQL. One that is taken is hidden from other instances for a while."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from frontdoor_notifier.adapters.patience import Patience, patient
from frontdoor_notifier.core.reminders import Reminder
from frontdoor_schemas.vocabulary import Level

_TAKE = """
WITH due AS (
    SELECT id FROM reminder WHERE state = 'waiting' AND next_at <= $4 ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE reminder r SET next_at = $2, attempts = attempts + 1, first_at = coalesce(first_at, $1)
    FROM due WHERE r.id = due.id RETURNING r.*
)
SELECT t.*, d.wanted, d.state AS delivery_state, r.level, c.disclosure IS NOT NULL AS taken_back
FROM taken t
LEFT JOIN delivery d ON d.id = t.disclosure
LEFT JOIN reached r ON r.disclosure = t.disclosure
LEFT JOIN recall c ON c.disclosure = t.disclosure
"""


class PgReminders:
    """Reminders to be sent."""

    def __init__(self, *, pool: asyncpg.Pool, patience: Patience) -> None:
        self.patience = patience
        self._pool = pool

    @patient
    async def due(self, *, up_to: datetime, now: datetime, hold_until: datetime, limit: int) -> Sequence[Reminder]:
        """Take reminders whose time had come at a moment."""
        return [_reminder(r) for r in await self._pool.fetch(_TAKE, now, hold_until, limit, up_to)]

    @patient
    async def waiting(self, now: datetime) -> int:
        """How many could be sent now."""
        count: int = await self._pool.fetchval("SELECT count(*) FROM reminder WHERE state = 'waiting' AND next_at <= $1", now)
        return count


def _reminder(row: asyncpg.Record) -> Reminder:
    received = Level.received if row["delivery_state"] == "delivered" else None
    return Reminder(
        id=row["id"],
        desk=row["desk"],
        reason=row["reason"],
        disclosure=row["disclosure"],
        due=row["due"],
        at=row["at"],
        attempts=row["attempts"],
        first_at=row["first_at"],
        taken_back=row["taken_back"],
        wanted=Level(row["wanted"]) if row["wanted"] else None,
        reached=Level(row["level"]) if row["level"] else received,
    )
