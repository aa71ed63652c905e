"""What operators do, in PostgreSQL: the act, the new version of the endpoint and the audit in one transaction."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import asyncpg

from frontdoor_chassis.clock import Clock
from frontdoor_notifier.adapters.sealing import SecretBox
from frontdoor_notifier.core.endpoints import Status
from frontdoor_notifier.core.operators import AttemptView, DeadLetter, DeliveryView, EndpointView, ReminderView

_VERSION = "UPDATE endpoint_head SET version = version + 1 RETURNING version"

_CHANGE = """
UPDATE endpoint
SET url = $2, max_in_flight = $3, version = $4, changed_at = $5,
    status = CASE WHEN status = 'disabled' THEN 'enabled' ELSE status END,
    reason = CASE WHEN status = 'disabled' THEN NULL ELSE reason END
WHERE desk = $1 RETURNING desk
"""

_CREATE = """
INSERT INTO endpoint (desk, url, max_in_flight, version, changed_at, secret, status, lease_epoch)
VALUES ($1, $2, $3, $4, $5, $6, 'enabled', 0)
"""

_ROTATE = """
UPDATE endpoint SET previous_secret = secret, previous_until = $3, secret = $2, version = $4, changed_at = $5
WHERE desk = $1 RETURNING desk
"""

_STATUS = "UPDATE endpoint SET status = $2, reason = $3, version = $4, changed_at = $5 WHERE desk = $1 RETURNING desk"

_FRESH_START = """
UPDATE delivery SET next_at = NULL, first_at = NULL, attempts = 0 WHERE desk = $1 AND state IN ('waiting', 'sending')
"""

_RETRY = """
UPDATE delivery SET state = 'waiting', next_at = NULL, first_at = NULL, attempts = 0, settled_at = NULL
WHERE id = $1 AND state = 'dead' RETURNING desk
"""

_LIST = """
SELECT e.desk, e.url, e.status, e.reason, e.max_in_flight, e.changed_at,
       CASE WHEN e.previous_until > $3 THEN e.previous_until END AS rotating_until,
       (SELECT count(*) FROM delivery d WHERE d.desk = e.desk AND d.state IN ('waiting', 'sending')) AS owed
FROM endpoint e WHERE e.desk > $1 ORDER BY e.desk LIMIT $2
"""

_NO_ID = UUID(int=0)


class PgOperators:
    """Carries out what operators ask for."""

    def __init__(self, *, pool: asyncpg.Pool, box: SecretBox, clock: Clock, changed: Callable[[], None]) -> None:
        """`changed` is called after a commit that the senders of this process should hear of at once."""
        self._pool = pool
        self._box = box
        self._clock = clock
        self._changed = changed

    async def put(self, desk: str, *, url: str, secret: bytes | None, max_in_flight: int, operator: str) -> bool:
        """Create an endpoint, or change where it is."""
        now = self._clock.now()
        async with self._act(operator, "endpoint.put", desk) as connection:
            version = await connection.fetchval(_VERSION)
            if await connection.fetchval(_CHANGE, desk, url, max_in_flight, version, now):
                await connection.execute(_FRESH_START, desk)
                return False
            if secret is None:
                raise ValueError("a new endpoint needs a secret")
            await connection.execute(_CREATE, desk, url, max_in_flight, version, now, self._box.seal(desk, secret))
        return True

    async def endpoints(self, *, after: str, limit: int, operator: str) -> Sequence[EndpointView]:
        """Endpoints in order of desk."""
        async with self._look(operator, "endpoints.listed", None) as connection:
            rows = await connection.fetch(_LIST, after, limit, self._clock.now())
        return [EndpointView(**{**dict(r), "status": Status(r["status"])}) for r in rows]

    async def suspend(self, desk: str, *, reason: str, operator: str) -> bool:
        """Send nothing until `resume`."""
        return await self._set_status(desk, "suspended", reason, operator, "endpoint.suspended")

    async def resume(self, desk: str, *, operator: str) -> bool:
        """Send again."""
        return await self._set_status(desk, "enabled", None, operator, "endpoint.resumed")

    async def _set_status(self, desk: str, status: str, reason: str | None, operator: str, action: str) -> bool:
        async with self._act(operator, action, desk) as connection:
            version = await connection.fetchval(_VERSION)
            found = await connection.fetchval(_STATUS, desk, status, reason, version, self._clock.now())
            if found and status == "enabled":
                await connection.execute(_FRESH_START, desk)
        return found is not None

    async def rotate(self, desk: str, *, secret: bytes, overlap_until: datetime, operator: str) -> bool:
        """Sign with a new secret, and with the old one as well for a while."""
        async with self._act(operator, "endpoint.rotated", desk) as connection:
            version = await connection.fetchval(_VERSION)
            sealed = self._box.seal(desk, secret)
            found = await connection.fetchval(_ROTATE, desk, sealed, overlap_until, version, self._clock.now())
        return found is not None

    async def dead(self, *, after: UUID | None, limit: int, operator: str) -> Sequence[DeadLetter]:
        """Dead letters in order of id."""
        async with self._look(operator, "dead_letters.listed", None) as connection:
            rows = await connection.fetch(
                "SELECT id, desk, incarnation, number, code, attempts, first_at, settled_at AS at FROM delivery "
                "WHERE state = 'dead' AND id > $1 ORDER BY id LIMIT $2",
                after or _NO_ID,
                limit,
            )
        return [DeadLetter(**dict(r)) for r in rows]

    async def retry(self, disclosure: UUID, *, operator: str) -> bool:
        """Send a dead letter again. The endpoint's version rises, so that its sender looks for what it does not know."""
        async with self._act(operator, "dead_letter.retried", str(disclosure)) as connection:
            version = await connection.fetchval(_VERSION)
            desk = await connection.fetchval(_RETRY, disclosure)
            if desk is not None:
                await connection.execute("UPDATE endpoint SET version = $2 WHERE desk = $1", desk, version)
        return desk is not None

    async def delivery(self, disclosure: UUID, *, operator: str) -> DeliveryView | None:
        """How one disclosure stands."""
        async with self._look(operator, "delivery.shown", str(disclosure)) as connection:
            row = await connection.fetchrow(
                "SELECT id, desk, incarnation, number, kind, state, taken_back, code, attempts, next_at, filed_at, settled_at "
                "FROM delivery WHERE id = $1",
                disclosure,
            )
            history = await connection.fetch("SELECT at, code, milliseconds FROM attempt WHERE delivery = $1 ORDER BY id", disclosure)
        return DeliveryView(**dict(row), history=tuple(AttemptView(**dict(a)) for a in history)) if row else None

    async def reminders(self, *, after: UUID | None, limit: int, operator: str) -> Sequence[ReminderView]:
        """Reminders in order of id."""
        async with self._look(operator, "reminders.listed", None) as connection:
            rows = await connection.fetch(
                "SELECT id, desk, reason, disclosure, state, code, attempts, at, settled_at FROM reminder "
                "WHERE id > $1 ORDER BY id LIMIT $2",
                after or _NO_ID,
                limit,
            )
        return [ReminderView(**dict(r)) for r in rows]

    @asynccontextmanager
    async def _look(self, operator: str, action: str, subject: str | None) -> AsyncIterator[asyncpg.Connection]:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO action (at, operator, action, subject) VALUES ($1, $2, $3, $4)", self._clock.now(), operator, action, subject
            )
            yield connection

    @asynccontextmanager
    async def _act(self, operator: str, action: str, subject: str) -> AsyncIterator[asyncpg.Connection]:
        async with self._look(operator, action, subject) as connection:
            yield connection
        self._changed()
