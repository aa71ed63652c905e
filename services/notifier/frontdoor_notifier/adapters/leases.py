"""Endpoints and their leases in PostgreSQL. Rows are locked in order of desk, so that instances do not deadlock."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg

from frontdoor_notifier.adapters.patience import Patience, patient
from frontdoor_notifier.adapters.sealing import SecretBox
from frontdoor_notifier.core.endpoints import Endpoint, Lease, Status
from frontdoor_notifier.core.signing import Secret

_CLAIM = """
WITH asked AS (
    SELECT desk, (lease_owner IS NULL OR lease_owner = $2 OR lease_until <= $3) AS free
    FROM endpoint WHERE desk = ANY($1) AND status = 'enabled' ORDER BY desk FOR UPDATE
)
UPDATE endpoint e
SET lease_owner = CASE WHEN a.free THEN $2 ELSE e.lease_owner END,
    lease_epoch = e.lease_epoch + a.free::int,
    lease_until = CASE WHEN a.free THEN $4 ELSE e.lease_until END,
    wanted_by = CASE WHEN a.free THEN NULL ELSE $2 END
FROM asked a WHERE e.desk = a.desk
RETURNING e.desk, e.lease_epoch, a.free
"""

_HELD = """
WITH held AS (
    SELECT e.desk FROM endpoint e JOIN unnest($1::text[], $2::bigint[]) AS l (desk, epoch) ON e.desk = l.desk
    WHERE e.lease_owner = $3 AND e.lease_epoch = l.epoch ORDER BY e.desk FOR UPDATE OF e
)
"""

_RENEW = (
    _HELD
    + """
UPDATE endpoint e SET lease_until = $4 FROM held h WHERE e.desk = h.desk
RETURNING e.desk, coalesce(e.wanted_by <> $3, false) AS wanted
"""
)

_RELEASE = (
    _HELD
    + """
UPDATE endpoint e SET lease_owner = NULL, lease_until = NULL, wanted_by = NULL FROM held h WHERE e.desk = h.desk
"""
)

_ORPHANS = """
SELECT e.desk FROM endpoint e
WHERE e.status = 'enabled' AND (e.lease_owner IS NULL OR e.lease_until <= $1)
  AND EXISTS (SELECT FROM delivery d WHERE d.desk = e.desk AND d.state IN ('waiting', 'sending'))
ORDER BY e.desk LIMIT $2
"""


class PgLeases:
    """One sender per endpoint, by owner, epoch and time."""

    def __init__(self, *, pool: asyncpg.Pool, box: SecretBox, patience: Patience) -> None:
        self.patience = patience
        self._pool = pool
        self._box = box

    @patient
    async def changed(self, since: int) -> Sequence[Endpoint]:
        """Endpoints that changed after a version, in order of version."""
        rows = await self._pool.fetch(
            "SELECT desk, url, secret, previous_secret, previous_until, status, reason, max_in_flight, version "
            "FROM endpoint WHERE version > $1 ORDER BY version",
            since,
        )
        return [self._endpoint(r) for r in rows]

    def _endpoint(self, row: asyncpg.Record) -> Endpoint:
        secrets = [Secret(self._box.open(row["desk"], row["secret"]))]
        if row["previous_secret"] is not None:
            secrets.append(Secret(self._box.open(row["desk"], row["previous_secret"]), row["previous_until"]))
        return Endpoint(
            desk=row["desk"],
            url=row["url"],
            secrets=tuple(secrets),
            status=Status(row["status"]),
            reason=row["reason"],
            max_in_flight=row["max_in_flight"],
            version=row["version"],
        )

    @patient
    async def claim(self, desks: Sequence[str], *, owner: str, now: datetime, until: datetime) -> Sequence[Lease]:
        """Take what is free or lapsed, and say on the others that they are wanted."""
        rows = await self._pool.fetch(_CLAIM, list(desks), owner, now, until)
        return [Lease(r["desk"], r["lease_epoch"], until) for r in rows if r["free"]]

    @patient
    async def renew(self, leases: Sequence[Lease], *, owner: str, until: datetime) -> Mapping[str, bool]:
        """Prolong what is still held."""
        rows = await self._pool.fetch(_RENEW, [lease.desk for lease in leases], [lease.epoch for lease in leases], owner, until)
        return {r["desk"]: r["wanted"] for r in rows}

    @patient
    async def release(self, leases: Sequence[Lease], *, owner: str) -> None:
        """Let go of what is still held."""
        await self._pool.execute(_RELEASE, [lease.desk for lease in leases], [lease.epoch for lease in leases], owner)

    @patient
    async def orphans(self, now: datetime, limit: int) -> Sequence[str]:
        """Desks with deliveries owed, an enabled endpoint, and nobody to send them."""
        return [r["desk"] for r in await self._pool.fetch(_ORPHANS, now, limit)]
