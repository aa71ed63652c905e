"""Writes what decisions, receipts and clocks bring about. Order of locks everywhere: thread, person, desk, outbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from uuid import UUID

import asyncpg
import orjson

from frontdoor_chassis.bus import Record
from frontdoor_chassis.relay import OutboxRow
from frontdoor_chassis.store.bodies import pack, unpack
from frontdoor_router.core.decision import AuditEntry, Disclosure, Obligation, Task
from frontdoor_router.core.outgoing import Numbered
from frontdoor_router.core.receiving import Met
from frontdoor_schemas.envelope import Section

INCARNATION = 1
"""Raised by a recovery from a backup that is older than the bus, so that numbers are never used twice."""


def sections_json(sections: Sequence[Section]) -> bytes:
    """How sections are kept."""
    return pack(orjson.dumps([section_dict(s) for s in sections], default=str))


def section_dict(section: Section) -> dict[str, object]:
    """A section for the wire, without what it does not have."""
    return {k: v for k, v in section.__dict__.items() if v not in (None, ())}


async def recall(connection: asyncpg.Connection, told: Sequence[UUID], now: datetime) -> list[UUID]:
    """Mark disclosures as withdrawn. Returns those of which the desk has the content, by all that is known at this moment."""
    rows = await connection.fetch(
        "UPDATE disclosure SET withdrawn_at = $2, recall_told = received_at IS NOT NULL OR told_at IS NOT NULL "
        "WHERE id = ANY($1::uuid[]) AND withdrawn_at IS NULL RETURNING id, recall_told",
        list(told),
        now,
    )
    return [r["id"] for r in rows if r["recall_told"]]


async def save_obligations(connection: asyncpg.Connection, pairs: Sequence[tuple[UUID, Obligation]], now: datetime) -> None:
    """Obligations of events, with their first stage."""
    if pairs:
        await connection.executemany(
            "INSERT INTO obligation (id, duty, event, desk, person, disclosure, satisfied_by, opened_at, due, state, stages, next_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', $10::jsonb, $11) ON CONFLICT DO NOTHING",
            [
                (
                    o.id,
                    o.duty,
                    event,
                    o.desk,
                    o.person,
                    o.disclosure,
                    list(o.satisfied_by),
                    now,
                    o.due,
                    orjson.dumps([s.stored() for s in o.stages]).decode(),
                    o.stages[0].at if o.stages else None,
                )
                for event, o in pairs
            ],
        )


async def meet_obligations(connection: asyncpg.Connection, met: Sequence[Met]) -> list[UUID]:
    """Close obligations with what met them, and the tasks that hung on them. Returns those that were open."""
    if not met:
        return []
    rows = await connection.fetch(
        """
        UPDATE obligation o SET state = 'met', met_at = m.at, met_by = m.by, next_at = NULL
        FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS m(id, at, by)
        WHERE o.id = m.id AND o.state IN ('open', 'overdue') RETURNING o.id, o.desk, o.disclosure, o.met_at
        """,
        [m.obligation for m in met],
        [m.at for m in met],
        [m.by for m in met],
    )
    await connection.execute(
        """
        UPDATE task t SET closed_at = m.at, closed_by = m.by FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS m(notice, at, by)
        WHERE t.notice = m.notice AND t.closed_at IS NULL
        """,
        [r["disclosure"] for r in rows],
        [r["met_at"] for r in rows],
        [r["desk"] for r in rows],
    )
    return [r["id"] for r in rows]


async def close_event(connection: asyncpg.Connection, events: Sequence[UUID], now: datetime) -> None:
    """Events were withdrawn or corrected: nothing of what they asked of anybody stands."""
    if events:
        ids = list(events)
        await connection.execute(
            "UPDATE obligation SET state = 'closed', next_at = NULL WHERE event = ANY($1::uuid[]) AND state IN ('open', 'overdue')", ids
        )
        await connection.execute(
            "UPDATE task SET closed_at = $2, closed_by = 'withdrawn' WHERE event = ANY($1::uuid[]) AND closed_at IS NULL", ids, now
        )


async def close_work(connection: asyncpg.Connection, tasks: Sequence[UUID], by: str, now: datetime) -> None:
    """What a task was opened for has come about without it."""
    if not tasks:
        return
    notices = await connection.fetch(
        "UPDATE task SET closed_at = $2, closed_by = $3 WHERE id = ANY($1::uuid[]) AND closed_at IS NULL RETURNING notice",
        list(tasks),
        now,
        by,
    )
    await connection.execute(
        "UPDATE obligation SET state = 'closed', next_at = NULL WHERE disclosure = ANY($1::uuid[]) AND state IN ('open', 'overdue')",
        [r["notice"] for r in notices],
    )


async def save_tasks(connection: asyncpg.Connection, pairs: Sequence[tuple[UUID | None, Task]], now: datetime) -> None:
    """Pieces of work for a person."""
    if pairs:
        await connection.executemany(
            "INSERT INTO task (id, kind, reason, owner, event, refs, notice, opened_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
            "ON CONFLICT DO NOTHING",
            [(t.id, t.kind.value, t.reason, t.owner, event, list(t.refs), t.notice, now) for event, t in pairs],
        )


async def save_audit(
    connection: asyncpg.Connection, entries: Sequence[tuple[UUID | None, AuditEntry]], *, epoch: str, now: datetime
) -> None:
    """Audit entries, in the transaction of what they prove."""
    if entries:
        await connection.executemany(
            "INSERT INTO audit (at, type, epoch, event, desk, detail) VALUES ($1, $2, $3, $4, $5, $6::jsonb)",
            [(now, a.type, epoch, event, a.desk, orjson.dumps(a.detail).decode()) for event, a in entries],
        )


async def number(connection: asyncpg.Connection, numbered: Sequence[Numbered]) -> Mapping[UUID, int]:
    """Give each disclosure the next number of its desk: one statement, desks in sorted order, no gaps."""
    wanted: dict[str, list[Disclosure]] = {}
    for item in numbered:
        wanted.setdefault(item.disclosure.desk, []).append(item.disclosure)
    desks = sorted(wanted)
    rows = await connection.fetch(
        """
        INSERT INTO desk AS d (id, incarnation, n)
        SELECT * FROM unnest($1::text[], array_fill($3::int, ARRAY[cardinality($1)]), $2::bigint[])
        ON CONFLICT (id) DO UPDATE SET n = d.n + excluded.n RETURNING id, n
        """,
        desks,
        [len(wanted[d]) for d in desks],
        INCARNATION,
    )
    numbers: dict[UUID, int] = {}
    for row in rows:
        mine = wanted[row["id"]]
        for disclosure, n in zip(mine, count(row["n"] - len(mine) + 1), strict=False):
            numbers[disclosure.id] = n
    return numbers


@dataclass(frozen=True, slots=True)
class DisclosureRow:
    """A disclosure with what it is kept under. `about` are the people whom it told something about."""

    disclosure: Disclosure
    event: UUID
    about: frozenset[UUID] = frozenset()
    graded: bool = False
    withdrawn_at: datetime | None = None


async def save_disclosures(
    connection: asyncpg.Connection, rows: Sequence[DisclosureRow], numbers: Mapping[UUID, int], *, epoch: str, now: datetime
) -> None:
    """One row per desk that was told or considered, with what was given and withheld and by which policies."""
    if rows:
        await connection.executemany(
            "INSERT INTO disclosure (id, event, trigger, desk, kind, incarnation, number, at, epoch, purposes, given, withheld, marks, "
            "about, graded, made, reason, refers_to, stands_for, chases, visible, withdrawn_at) "
            "VALUES ($1, $2, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11::jsonb, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
            [_disclosure(row, numbers.get(row.disclosure.id), epoch, now) for row in rows],
        )


def _disclosure(row: DisclosureRow, number: int | None, epoch: str, now: datetime) -> tuple[object, ...]:
    d = row.disclosure
    given = [
        {"section": g.section.id, "category": g.section.category, "subjects": g.section.subjects, "policies": g.policies} for g in d.given
    ]
    withheld = [{"category": w.category, "subjects": w.subjects, "policies": w.policies} for w in d.withheld]
    made = [g.section for g in d.given if g.made]
    return (
        d.id,
        row.event,
        d.desk,
        d.kind.value if d.kind else "none",
        INCARNATION if number is not None else None,
        number,
        now,
        epoch,
        list(d.purposes),
        orjson.dumps(given, default=str).decode(),
        orjson.dumps(withheld).decode(),
        [m.value for m in d.marks],
        list(row.about),
        row.graded,
        sections_json(made) if made else None,
        d.reason,
        d.refers_to,
        d.stands_for,
        d.chases,
        d.visible,
        row.withdrawn_at,
    )


async def save_outbox(connection: asyncpg.Connection, records: Sequence[Record]) -> OutboxRow | None:
    """One outbox row for the whole batch. Last, because its head stays locked until the commit."""
    if not records:
        return None
    position = await connection.fetchval(
        "WITH head AS (UPDATE outbox_head SET position = position + 1 RETURNING position) "
        "INSERT INTO outbox SELECT position, $1 FROM head RETURNING position",
        pack_records(records),
    )
    return OutboxRow(position, tuple(records))


def pack_records(records: Sequence[Record]) -> bytes:
    """Records as one value."""
    return pack(orjson.dumps([[r.topic, r.key.decode(), r.value.decode(), [[k, v.hex()] for k, v in r.headers]] for r in records]))


def unpack_records(packed: bytes) -> tuple[Record, ...]:
    """Records from one value."""
    return tuple(
        Record(topic, key.encode(), value.encode(), tuple((k, bytes.fromhex(v)) for k, v in headers))
        for topic, key, value, headers in orjson.loads(unpack(packed))
    )
