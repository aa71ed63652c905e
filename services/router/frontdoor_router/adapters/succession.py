"""Reads what desks that have ended have left, and writes that other desks have it now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from frontdoor_router.adapters.clockwork import running_of
from frontdoor_router.adapters.reading import kept_events, parse_sections, withheld_from
from frontdoor_router.core.decision import Disclosure, Obligation
from frontdoor_router.core.firing import Running
from frontdoor_router.core.keeping import Kept, withheld_by
from frontdoor_router.core.succeeding import Before, Handover, Left
from frontdoor_schemas.envelope import DeliveryKind, Mark, Recall, Section

DESK_ENDED = "desk-ended"
"""Why a delivery was given up that had not reached its desk on the day on which it ended."""

OWED = """
SELECT id, duty, event, desk, person, disclosure, satisfied_by, due FROM obligation
WHERE desk = $1 AND state IN ('open', 'overdue') AND event IN (
    SELECT DISTINCT event FROM obligation WHERE desk = $1 AND state IN ('open', 'overdue') ORDER BY event LIMIT $2)
ORDER BY event, due, id
"""
TOLD = """
SELECT id, event, coalesce(stands_for, id) AS hangs_on, kind, purposes, given, made, marks, reason, refers_to, visible FROM disclosure
WHERE desk = $1 AND event = ANY($2::uuid[]) AND number IS NOT NULL AND withdrawn_at IS NULL ORDER BY number
"""
UNREAD = """
UPDATE disclosure SET failed = $2
WHERE desk = $1 AND number IS NOT NULL AND received_at IS NULL AND told_at IS NULL AND withdrawn_at IS NULL AND failed IS DISTINCT FROM $2
RETURNING id
"""
MOVED = """
UPDATE obligation o SET desk = $3, disclosure = m.disclosure FROM unnest($1::uuid[], $2::uuid[]) AS m(id, disclosure) WHERE o.id = m.id
"""
OWNED = "UPDATE task SET owner = $2 WHERE notice = ANY($1::uuid[]) AND closed_at IS NULL"
# the stage that was told of last stands for the next one: it is told of again, to the desk that has the work
RAISED = """
SELECT o.id, o.duty, o.event, o.desk, o.disclosure, o.due, o.stages, f.stage AS next_stage, o.hidden_from
FROM stage_fired f JOIN obligation o ON o.id = f.obligation
WHERE f.desk = $1 AND f.kind = 'escalate' AND o.state IN ('open', 'overdue')
      AND NOT EXISTS (SELECT FROM stage_fired g WHERE g.obligation = f.obligation AND g.stage = f.stage AND g.desk = $2)
ORDER BY o.id, f.stage LIMIT $3
"""


async def alone(connection: asyncpg.Connection, desk: str) -> None:
    """Wait until nobody else hands over what this desk has left."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('succession/' || $1, 0))", desk)


async def left_behind(connection: asyncpg.Connection, desk: str, heir: str | None, events: int) -> tuple[list[Left], Mapping[UUID, Kept]]:
    """What a desk owes of so many events, with what it was told of them, and the events."""
    owed: dict[UUID, list[Obligation]] = {}
    for row in await connection.fetch(OWED, desk, events):
        event, obligation = row["event"], (row["id"], row["duty"], row["desk"], row["person"], row["disclosure"])
        owed.setdefault(event, []).append(Obligation(*obligation, tuple(row["satisfied_by"]), row["due"], ()))
    kept = {event: _typed(one) for event, one in (await kept_events(connection, owed)).items()} if owed else {}
    told: dict[UUID, list[Before]] = {}
    rows = await connection.fetch(TOLD, desk, list(owed)) if owed else ()
    withheld = await withheld_from(connection, [row["id"] for row in rows]) if rows else {}
    for row in rows:
        told.setdefault(row["event"], []).append(_before(row, kept[row["event"]], withheld[row["id"]]))
    left = [Left(e, desk, heir, tuple(mine), tuple(told.get(e, ())), withheld_by(kept[e].sections)) for e, mine in owed.items()]
    return left, kept


def _typed(kept: Kept) -> Kept:
    """An event as the agreements are asked about it: as it is kept, its values are what JSON makes of them."""
    return replace(kept, sections=_sections(kept.sections))


def _sections(kept: Iterable[Section]) -> tuple[Section, ...]:
    return tuple(Section.model_validate(section.__dict__) for section in kept)


def _before(row: asyncpg.Record, kept: Kept, withheld: frozenset[str]) -> Before:
    ids = [g["section"] for g in orjson.loads(row["given"])]
    return Before(
        id=row["id"],
        hangs_on=row["hangs_on"],
        kind=DeliveryKind(row["kind"]),
        purposes=tuple(row["purposes"]),
        given=kept.given(ids, _sections(parse_sections(row["made"]))),
        marks=tuple(Mark(m) for m in row["marks"]),
        reason=row["reason"],
        refers_to=row["refers_to"],
        visible=row["visible"],
        withheld_from=withheld,
    )


async def take_back_unread(connection: asyncpg.Connection, desk: str, now: datetime) -> list[Recall]:
    """Give up what has not reached a desk that has ended, and take its content back from its inbox and from those who would send it on."""
    rows = await connection.fetch(UNREAD, desk, DESK_ENDED)
    return [Recall(disclosure=row["id"], desk=desk, at=now) for row in rows]


async def known(connection: asyncpg.Connection, disclosures: Iterable[Disclosure]) -> set[UUID]:
    """Of what is to be told what was told before: an obligation may come late to a desk that was handed over already."""
    ids = [d.id for d in disclosures]
    return {row["id"] for row in await connection.fetch("SELECT id FROM disclosure WHERE id = ANY($1::uuid[])", ids)} if ids else set()


async def write_handover(connection: asyncpg.Connection, found: Handover) -> None:
    """Obligations are the successor's, or end; a piece of work is where its notice is."""
    if found.moved and found.left.heir is not None:
        await connection.execute(MOVED, list(found.moved), list(found.moved.values()), found.left.heir)
        await connection.execute(OWNED, list(found.moved.values()), found.left.heir)
    if found.given_up:
        await connection.execute("UPDATE obligation SET state = 'closed', next_at = NULL WHERE id = ANY($1::uuid[])", list(found.given_up))


async def raised_to(connection: asyncpg.Connection, desk: str, instead: str, limit: int) -> list[Running]:
    """Open obligations of which a desk was told that they are overdue, and the desk that is told in its place was not."""
    rows = await connection.fetch(RAISED, desk, instead, limit)
    kept = await kept_events(connection, [r["event"] for r in rows]) if rows else {}
    return [running_of(row, kept) for row in rows]


async def note_raised(connection: asyncpg.Connection, raised: Sequence[tuple[Running, str]], now: datetime) -> None:
    """Say whom a stage has told in place of a desk that has ended."""
    await connection.executemany(
        "INSERT INTO stage_fired VALUES ($1, $2, $3, 'escalate', $4) ON CONFLICT DO NOTHING",
        [(one.id, one.next_stage, now, desk) for one, desk in raised],
    )
