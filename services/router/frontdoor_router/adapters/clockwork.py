"""Reads and writes for receipts and clocks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from frontdoor_router.adapters.reading import kept_events, parse_sections
from frontdoor_router.core.decision import Stage
from frontdoor_router.core.firing import Running
from frontdoor_router.core.keeping import Kept
from frontdoor_router.core.outgoing import Standing
from frontdoor_router.core.receiving import Merged, Owes, Row

ONE_BY_ONE = """
SELECT id, event, kind, desk, at, stands_for, chases, visible, filed_at, received_at, opened_at, acted_at, told_at, failed, withdrawn_at,
       recall_told
FROM disclosure WHERE id = ANY($1::uuid[]) AND number IS NOT NULL ORDER BY id FOR UPDATE
"""
VISIBLE = """
SELECT event, desk, at, received_at, opened_at, acted_at, told_at, withdrawn_at
FROM disclosure WHERE event = ANY($1::uuid[]) AND visible AND number IS NOT NULL
"""
OWED = """
SELECT id, disclosure, satisfied_by FROM obligation
WHERE disclosure = ANY($1::uuid[]) AND state IN ('open', 'overdue') ORDER BY id FOR UPDATE
"""
MERGED = """
UPDATE disclosure d SET filed_at = m.filed, received_at = m.received, opened_at = m.opened, acted_at = m.acted, told_at = m.told,
       failed = m.failed, recall_told = m.recall_told
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::text[],
            $8::boolean[]) AS m(id, filed, received, opened, acted, told, failed, recall_told)
WHERE d.id = m.id
"""
LEDGER = """
UPDATE event SET ledger_version = ledger_version + 1 WHERE id = ANY($1::uuid[])
RETURNING id, source, ledger_version, missing, others_close_at
"""


def _standing(row: asyncpg.Record) -> Standing:
    return Standing(row["desk"], row["at"], row["received_at"], row["opened_at"], row["acted_at"], row["told_at"], row["withdrawn_at"])


def _row(row: asyncpg.Record) -> Row:
    return Row(
        id=row["id"],
        event=row["event"],
        kind=row["kind"],
        visible=row["visible"],
        standing=_standing(row),
        stands_for=row["stands_for"],
        chases=row["chases"],
        filed=row["filed_at"],
        failed=row["failed"],
        recall_told=row["recall_told"],
    )


async def read_disclosures(connection: asyncpg.Connection, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Disclosures by id, locked in order of id. What was considered and not told is not among them."""
    rows = await connection.fetch(ONE_BY_ONE, list(ids))
    return {r["id"]: _row(r) for r in rows}


async def read_owed(connection: asyncpg.Connection, disclosures: Sequence[UUID]) -> list[Owes]:
    """Open obligations that hang on these disclosures."""
    rows = await connection.fetch(OWED, list(disclosures))
    return [Owes(r["id"], r["disclosure"], tuple(r["satisfied_by"])) for r in rows]


async def write_merged(connection: asyncpg.Connection, merged: Merged) -> None:
    """Write the disclosures that receipts changed."""
    rows = list(merged.rows.values())
    standings = [r.standing for r in rows]
    await connection.execute(
        MERGED,
        [r.id for r in rows],
        [r.filed for r in rows],
        [s.received for s in standings],
        [s.opened for s in standings],
        [s.acted for s in standings],
        [s.told for s in standings],
        [r.failed for r in rows],
        [r.recall_told for r in rows],
    )


async def visible_standings(connection: asyncpg.Connection, events: Sequence[UUID]) -> list[tuple[asyncpg.Record, list[Standing]]]:
    """Events with the standings that their publisher may know, their ledger version raised."""
    heads = await connection.fetch(LEDGER, list(events))
    rows = await connection.fetch(VISIBLE, list(events))
    by_event: dict[UUID, list[Standing]] = {}
    for row in rows:
        by_event.setdefault(row["event"], []).append(_standing(row))
    return [(head, by_event.get(head["id"], [])) for head in heads]


async def due_obligations(connection: asyncpg.Connection, up_to: datetime, limit: int, ended: Sequence[str]) -> list[Running]:
    """Open obligations whose next stage is due by a moment, each taken by one instance only.

    Those of desks that have ended are handed over first. What the desk was told is what it got itself, of a predecessor's it may be less.
    """
    rows = await connection.fetch(
        """
        SELECT o.id, o.duty, o.event, o.desk, o.disclosure, o.due, o.stages, o.next_stage, o.hidden_from, d.id AS mine, d.given, d.made,
               CASE WHEN coalesce((o.stages -> o.next_stage ->> 'missed')::int, 1) = 1 THEN 1 ELSE (
                   SELECT count(*) FROM obligation m WHERE m.duty = o.duty AND m.desk = o.desk AND m.person IS NOT DISTINCT FROM o.person
                   AND m.due <= o.due AND m.state <> 'closed' AND (m.met_at IS NULL OR m.met_at > m.due)
                   AND NOT EXISTS (SELECT FROM obligation k WHERE k.duty = o.duty AND k.desk = o.desk
                                   AND k.person IS NOT DISTINCT FROM o.person AND k.due > m.due AND k.due <= o.due AND k.met_at <= k.due))
               END AS missed
        FROM obligation o LEFT JOIN LATERAL (
            SELECT m.id, m.given, m.made FROM disclosure m WHERE m.event = o.event AND m.desk = o.desk
            AND o.disclosure IN (m.id, m.stands_for) ORDER BY m.number DESC LIMIT 1) AS d ON true
        WHERE o.state IN ('open', 'overdue') AND o.next_at <= $1 AND o.desk <> ALL($3::text[])
        ORDER BY o.next_at, o.id LIMIT $2 FOR UPDATE OF o SKIP LOCKED
        """,
        up_to,
        limit,
        list(ended),
    )
    kept = await kept_events(connection, [r["event"] for r in rows]) if rows else {}
    return [_due(row, running_of(row, kept)) for row in rows]


def running_of(row: asyncpg.Record, kept: Mapping[UUID, Kept]) -> Running:
    """An open obligation at one of its stages, with the event."""
    return Running(
        id=row["id"],
        duty=row["duty"],
        event=row["event"],
        desk=row["desk"],
        disclosure=row["disclosure"],
        due=row["due"],
        stages=tuple(Stage.read(s) for s in orjson.loads(row["stages"])),
        next_stage=row["next_stage"],
        kept=kept[row["event"]],
        hidden_from=frozenset(row["hidden_from"]),
    )


def _due(row: asyncpg.Record, found: Running) -> Running:
    given = tuple(g["section"] for g in orjson.loads(row["given"])) if row["given"] else ()
    return replace(found, given=given, made=parse_sections(row["made"]), mine=row["mine"], missed=row["missed"])


async def advance(connection: asyncpg.Connection, running: Running, now: datetime, told: Sequence[tuple[str, str]]) -> None:
    """Move an obligation to its next stage and say what was done."""
    following = running.next_stage + 1
    next_at = running.stages[following].at if following < len(running.stages) else None
    state = "overdue" if now >= running.due else "open"
    await connection.execute(
        "UPDATE obligation SET next_stage = $2, next_at = $3, state = $4 WHERE id = $1", running.id, following, next_at, state
    )
    await connection.executemany(
        "INSERT INTO stage_fired VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        [(running.id, running.next_stage, now, kind, desk) for kind, desk in told],
    )


async def next_due(connection: asyncpg.Connection) -> datetime | None:
    """When the next stage of any obligation is due."""
    moment: datetime | None = await connection.fetchval("SELECT min(next_at) FROM obligation WHERE state IN ('open', 'overdue')")
    return moment
