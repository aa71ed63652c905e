"""API keys in PostgreSQL: hashes only."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from frontdoor_gateway.adapters.errors import reached
from frontdoor_gateway.core.callers import StoredKey, new_key


class PgKeys:
    """The keys of one gateway's schema."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def all(self) -> Sequence[StoredKey]:
        """Every key; whether one is valid is asked of the clock, not of the database."""
        with reached():
            rows = await self._pool.fetch("SELECT id, desk, secret_sha256, valid_from, valid_until FROM api_key")
        return [StoredKey(*row) for row in rows]

    async def add(self, key: StoredKey) -> None:
        """Keep a key."""
        await self._pool.execute(
            "INSERT INTO api_key VALUES ($1, $2, $3, $4, $5)", key.id, key.desk, key.secret_sha256, key.valid_from, key.valid_until
        )

    async def end(self, key: str, at: datetime) -> bool:
        """Revoke from a moment on; false when there is no such key or it ended before."""
        sql = "UPDATE api_key SET valid_until = $2 WHERE id = $1 AND (valid_until IS NULL OR valid_until > $2)"
        return bool(await self._pool.execute(sql, key, at) == "UPDATE 1")


async def create_key(pool: asyncpg.Pool, desk: str, now: datetime, *, valid_for: timedelta | None = None) -> str:
    """Make a key for a desk, valid from now on, and return its text, which cannot be had again."""
    stored, text = new_key(desk, valid_from=now, valid_until=None if valid_for is None else now + valid_for)
    await PgKeys(pool).add(stored)
    return text
