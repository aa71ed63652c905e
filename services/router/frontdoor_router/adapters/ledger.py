"""Reads what the router has kept, for its admin interface."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson

from frontdoor_router.adapters.clockwork import next_due


class Standing(NamedTuple):
    """How much is owed, left to a person, or on its way. The fields are the names of the metrics."""

    obligations_open: int
    obligations_overdue: int
    tasks_open: int
    events_waiting: int
    deliveries_unfiled: int


STANDING = """
SELECT (SELECT count(*) FROM obligation WHERE state = 'open'), (SELECT count(*) FROM obligation WHERE state = 'overdue'),
       (SELECT count(*) FROM task WHERE closed_at IS NULL), (SELECT count(*) FROM waiting),
       (SELECT count(*) FROM disclosure WHERE filed_at IS NULL AND number IS NOT NULL AND failed IS DISTINCT FROM 'desk-ended')
"""
AT_DESKS = """
SELECT desk, count(*), min(since) FROM (
    SELECT desk, opened_at FROM obligation WHERE state IN ('open', 'overdue')
    UNION ALL SELECT owner, opened_at FROM task WHERE closed_at IS NULL) AS waiting (desk, since)
GROUP BY desk
"""
THREAD = """
SELECT e.id, e.type, e.source, e.cause, e.occurred_at, e.received_at, e.decided_at, e.withdrawn_at,
       coalesce(jsonb_agg(jsonb_build_object('desk', d.desk, 'kind', d.kind, 'at', d.at, 'received', d.received_at, 'opened', d.opened_at,
           'acted', d.acted_at, 'told_by_telephone', d.told_at) ORDER BY d.at, d.desk) FILTER (WHERE d.number IS NOT NULL), '[]') AS told
FROM event e LEFT JOIN disclosure d ON d.event = e.id WHERE e.thread = $1 GROUP BY e.id ORDER BY e.occurred_at, e.received_at, e.id
"""


class PgLedger:
    """The ledger in PostgreSQL."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def ping(self) -> None:
        """Raise when the database does not answer."""
        await self._pool.fetchval("SELECT 1")

    async def standing(self) -> Standing:
        """What there is of everything that has to come to an end."""
        return Standing(*await self._pool.fetchrow(STANDING))

    async def waiting_at_desks(self) -> dict[str, tuple[int, datetime]]:
        """By desk: how much it owes or has to see to, and since when the oldest of that."""
        return {desk: (count, since) for desk, count, since in await self._pool.fetch(AT_DESKS)}

    async def left_behind(self, ended: Sequence[str]) -> list[str]:
        """Of the desks that have ended those that still owe something: an instance whose clock is behind may have given it to them."""
        if not ended:
            return []
        sql = "SELECT DISTINCT desk FROM obligation WHERE state IN ('open', 'overdue') AND desk = ANY($1::text[]) ORDER BY desk"
        return [row["desk"] for row in await self._pool.fetch(sql, list(ended))]

    async def event(self, event: UUID) -> Mapping[str, Any] | None:
        """One event with its disclosures, obligations and tasks; while it waits, with what it waits for."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(
                "SELECT id, thread, type, source, cause, occurred_at, received_at, decided_at, state, epoch, missing, withdrawn_at "
                "FROM event WHERE id = $1",
                event,
            )
            if row is None:
                waiting = await connection.fetchrow(
                    "SELECT event AS id, waits_for, since, 'waiting' AS state FROM waiting WHERE event = $1", event
                )
                return dict(waiting) if waiting else None
            disclosures = await connection.fetch("SELECT * FROM disclosure WHERE event = $1 ORDER BY desk, number", event)
            obligations = await connection.fetch("SELECT * FROM obligation WHERE event = $1 ORDER BY due, desk", event)
            fired = await connection.fetch(
                "SELECT s.* FROM stage_fired s JOIN obligation o ON o.id = s.obligation WHERE o.event = $1 ORDER BY s.at, s.stage, s.desk",
                event,
            )
            tasks = await connection.fetch("SELECT * FROM task WHERE event = $1 ORDER BY opened_at, id", event)
            people = await connection.fetch(
                "SELECT ref, person IS NOT NULL AS confirmed, why_held FROM event_person WHERE event = $1", event
            )
        return {
            **dict(row),
            "people": [dict(p) for p in people],
            "disclosures": [_disclosure(d) for d in disclosures],
            "obligations": [_obligation(o, [f for f in fired if f["obligation"] == o["id"]]) for o in obligations],
            "tasks": [dict(t) for t in tasks],
        }

    async def thread(self, thread: UUID) -> list[Mapping[str, Any]]:
        """The whole chain of a case: every event of the thread in the order of time, and whom each was told, with times (C23)."""
        return [{**dict(r), "told": orjson.loads(r["told"])} for r in await self._pool.fetch(THREAD, thread)]

    async def obligations(self, *, state: str | None, after: UUID | None, limit: int) -> list[Mapping[str, Any]]:
        """Obligations in order of id."""
        rows = await self._pool.fetch(
            "SELECT * FROM obligation WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
            state,
            after,
            limit,
        )
        return [_obligation(r, []) for r in rows]

    async def tasks(self, *, open_only: bool, after: UUID | None, limit: int) -> list[Mapping[str, Any]]:
        """Tasks in order of id."""
        rows = await self._pool.fetch(
            "SELECT * FROM task WHERE (NOT $1 OR closed_at IS NULL) AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
            open_only,
            after,
            limit,
        )
        return [dict(r) for r in rows]

    async def audit(self, *, after: int, limit: int) -> list[Mapping[str, Any]]:
        """Audit entries in order."""
        rows = await self._pool.fetch("SELECT * FROM audit WHERE id > $1 ORDER BY id LIMIT $2", after, limit)
        return [{**dict(r), "detail": orjson.loads(r["detail"])} for r in rows]

    async def looked(self, at: str, now: datetime) -> None:
        """Record that somebody looked, before the answer is given."""
        await self._pool.execute(
            "INSERT INTO audit (at, type, epoch, detail) VALUES ($1, 'admin.looked', '', $2::jsonb)", now, orjson.dumps({"at": at}).decode()
        )

    async def next_due(self) -> datetime | None:
        """When the next stage of any obligation is due."""
        async with self._pool.acquire() as connection:
            return await next_due(connection)


def _disclosure(row: asyncpg.Record) -> dict[str, Any]:
    """What was given and withheld, by category and policy; what the router wrote for the desk is the desk's to read."""
    known = {name: value for name, value in row.items() if name != "made"}
    return {**known, "given": orjson.loads(row["given"]), "withheld": orjson.loads(row["withheld"])}


def _obligation(row: asyncpg.Record, fired: list[asyncpg.Record]) -> dict[str, Any]:
    return {
        **dict(row),
        "stages": orjson.loads(row["stages"]),
        "fired": [{"stage": f["stage"], "at": f["at"], "kind": f["kind"], "desk": f["desk"]} for f in fired],
    }
