"""Removes what is no longer needed, a little at a time."""

from datetime import datetime

import asyncpg

from frontdoor_notifier.adapters.patience import Patience, patient

CHUNK = 5_000
"""Rows removed in one transaction: a moment's work."""

_PURGE = (
    """
    WITH old AS (
        DELETE FROM delivery WHERE id IN (
            SELECT id FROM delivery WHERE settled_at < $1 AND state NOT IN ('waiting', 'sending', 'dead') LIMIT $2)
        RETURNING id
    ), history AS (DELETE FROM attempt a USING old WHERE a.delivery = old.id)
    SELECT count(*) FROM old
    """,
    "WITH old AS (DELETE FROM reached WHERE disclosure IN (SELECT disclosure FROM reached WHERE at < $1 LIMIT $2) RETURNING 1) "
    "SELECT count(*) FROM old",
    "WITH old AS (DELETE FROM reminder WHERE id IN (SELECT id FROM reminder WHERE settled_at < $1 LIMIT $2) RETURNING 1) "
    "SELECT count(*) FROM old",
)

_SENT = """
WITH old AS (
    DELETE FROM outbox WHERE position IN (
        SELECT o.position FROM outbox o, outbox_head h WHERE o.position <= h.sent_up_to ORDER BY o.position LIMIT $1)
    RETURNING 1)
SELECT count(*) FROM old
"""


class PgHousekeeping:
    """Purges the notifier's tables. Recalls are kept: a disclosure that comes in again must still not be sent."""

    def __init__(self, *, pool: asyncpg.Pool, patience: Patience) -> None:
        self.patience = patience
        self._pool = pool

    @patient
    async def purge(self, before: datetime) -> int:
        """Remove a chunk of what was settled before a moment, and of receipts that are on the bus. Returns how many rows."""
        removed = [await self._pool.fetchval(statement, before, CHUNK) for statement in _PURGE]
        removed.append(await self._pool.fetchval(_SENT, CHUNK))
        return sum(removed)
