"""Writes what decisions, receipts and clocks bring about. Order of locks everywhere: thread, person, desk, outbox."""

from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from uuid import UUID

import asyncpg
import orjson

from frontdoor_chassis.bus import Record
from frontdoor_chassis.relay import OutboxRow
from frontdoor_chassis.store.bodies import pack, unpack
from frontdoor_router.adapters.wire import filled
from frontdoor_router.core.decision import AuditEntry, Disclosure, Given, Obligation, Task
from frontdoor_router.core.outgoing import Numbered
from frontdoor_router.core.receiving import Met
from frontdoor_router.core.world import Told
from frontdoor_schemas.envelope import Section

INCARNATION = 1
"""Raised by a recovery from a backup that is older than the bus, so that numbers are never used twice."""


def sections_json(sections: Sequence[Section]) -> bytes:
    """How sections are kept."""
    return pack(orjson.dumps([filled(s.__dict__) for s in sections], default=str))


async def recall(connection: asyncpg.Connection, told: Sequence[UUID], now: datetime) -> list[UUID]:
    """Mark disclosures as withdrawn. Returns those of which the desk has the content, by all that is known at this moment."""
    rows = await connection.fetch(
        "UPDATE disclosure SET withdrawn_at = $2, recall_told = received_at IS NOT NULL OR told_at IS NOT NULL "
        "WHERE id = ANY($1::uuid[]) AND withdrawn_at IS NULL RETURNING id, recall_told",
        list(told),
        now,
    )
    return [r["id"] for r in rows if r["recall_told"]]


async def quoting(connection: asyncpg.Connection, events: Collection[UUID]) -> list[Told]:
    """Answers that say something of these events, as far as they were not withdrawn."""
    rows = await connection.fetch(
        "SELECT id, desk, kind FROM disclosure WHERE quotes && $1::uuid[] AND quotes IS NOT NULL AND withdrawn_at IS NULL", list(events)
    )
    return [Told(row["id"], row["desk"], row["kind"]) for row in rows]


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
    withdrawn_at: datetime | None = None


TOLD = """
WITH told AS (
    INSERT INTO disclosure (id, event, trigger, desk, kind, incarnation, number, at, epoch, purposes, given, withheld, marks, about, said,
                            made, reason, refers_to, cause, stands_for, chases, visible, withdrawn_at, quotes)
    SELECT id, event, event, desk, kind, incarnation, number, $2, $3, purposes, given, withheld, marks, about, said,
           decode(made, 'base64'), reason, refers_to, cause, stands_for, chases, visible, withdrawn_at, quotes
    FROM jsonb_to_recordset($1::jsonb -> 'disclosures') AS d(
        id uuid, event uuid, desk text, kind text, incarnation integer, number bigint, purposes text[], given jsonb, withheld jsonb,
        marks text[], about uuid[], said text[], made text, reason text, refers_to uuid, cause uuid, stands_for uuid, chases uuid,
        visible boolean, withdrawn_at timestamptz, quotes uuid[])
), owed AS (
    INSERT INTO obligation (id, duty, event, desk, person, disclosure, satisfied_by, opened_at, due, state, stages, next_at,
                            hidden_from)
    SELECT id, duty, event, desk, person, disclosure, satisfied_by, $2, due, 'open', stages, next_at, coalesce(hidden_from, '{}')
    FROM jsonb_to_recordset($1::jsonb -> 'obligations') AS o(
        id uuid, duty text, event uuid, desk text, person uuid, disclosure uuid, satisfied_by text[], due timestamptz, stages jsonb,
        next_at timestamptz, hidden_from text[])
    ON CONFLICT DO NOTHING
)
INSERT INTO task (id, kind, reason, owner, event, refs, notice, opened_at)
SELECT id, kind, reason, owner, event, refs, notice, $2
FROM jsonb_to_recordset($1::jsonb -> 'tasks') AS t(id uuid, kind text, reason text, owner text, event uuid, refs text[], notice uuid)
ON CONFLICT DO NOTHING
"""
PROVED = """
WITH proved AS (
    INSERT INTO audit (at, type, epoch, event, desk, detail)
    SELECT $2, type, $3, event, desk, detail FROM jsonb_to_recordset($1::jsonb) AS a(type text, event uuid, desk text, detail jsonb)
), head AS (
    UPDATE outbox_head SET position = position + 1 WHERE $4::bytea IS NOT NULL RETURNING position
)
INSERT INTO outbox SELECT position, $4 FROM head RETURNING position
"""


def as_json(rows: object) -> str:
    """Rows for `jsonb_to_recordset`. asyncpg brings its own kind of UUID."""
    return orjson.dumps(rows, default=str).decode()


async def save_told(
    connection: asyncpg.Connection,
    rows: Sequence[DisclosureRow],
    numbers: Mapping[UUID, int],
    *,
    obligations: Sequence[tuple[UUID, Obligation]],
    tasks: Sequence[tuple[UUID | None, Task]],
    epoch: str,
    now: datetime,
) -> None:
    """One row per desk that was told or considered, with what was given and withheld and by which policies; what is owed for it; and
    pieces of work for a person. In one statement."""
    if not (rows or obligations or tasks):
        return
    said = {
        "disclosures": [_disclosure(row, numbers.get(row.disclosure.id)) for row in rows],
        "obligations": [_obligation(event, obligation) for event, obligation in obligations],
        "tasks": [_task(event, task) for event, task in tasks],
    }
    await connection.execute(TOLD, as_json(said), now, epoch)


def _disclosure(row: DisclosureRow, number: int | None) -> dict[str, object]:
    d = row.disclosure
    made = [g.section for g in d.given if g.made]
    return {
        "id": d.id,
        "event": row.event,
        "desk": d.desk,
        "kind": d.kind or "none",
        "incarnation": INCARNATION if number is not None else None,
        "number": number,
        "purposes": d.purposes,
        "given": [_given(g) for g in d.given],
        "withheld": [{"category": w.category, "subjects": w.subjects, "policies": w.policies} for w in d.withheld],
        "marks": d.marks,
        "about": list(row.about),
        "said": sorted(d.said),
        "made": b64encode(sections_json(made)).decode() if made else None,
        "reason": d.reason,
        "refers_to": d.refers_to,
        "cause": d.cause,
        "stands_for": d.stands_for,
        "chases": d.chases,
        "visible": d.visible,
        "withdrawn_at": row.withdrawn_at,
        "quotes": sorted(d.quotes) or None,
    }


def _given(g: Given) -> dict[str, object]:
    return {"section": g.section.id, "category": g.section.category, "subjects": g.section.subjects, "policies": g.policies}


def _obligation(event: UUID, o: Obligation) -> dict[str, object]:
    hidden = {"hidden_from": sorted(o.hidden_from)} if o.hidden_from else {}  # seldom: no word about it in the row of any other
    return {
        **hidden,
        "id": o.id,
        "duty": o.duty,
        "event": event,
        "desk": o.desk,
        "person": o.person,
        "disclosure": o.disclosure,
        "satisfied_by": o.satisfied_by,
        "due": o.due,
        "stages": [s.stored() for s in o.stages],
        "next_at": o.stages[0].at if o.stages else None,
    }


def _task(event: UUID | None, t: Task) -> dict[str, object]:
    return {"id": t.id, "kind": t.kind, "reason": t.reason, "owner": t.owner, "event": event, "refs": t.refs, "notice": t.notice}


async def prove_and_send(
    connection: asyncpg.Connection,
    entries: Sequence[tuple[UUID | None, AuditEntry]],
    records: Sequence[Record] = (),
    *,
    epoch: str,
    now: datetime,
) -> OutboxRow | None:
    """Audit entries, and one outbox row for the whole batch. Last, because the outbox's head stays locked until the commit."""
    if not (entries or records):
        return None
    said = [{"type": a.type, "event": event, "desk": a.desk, "detail": a.detail} for event, a in entries]
    position = await connection.fetchval(PROVED, as_json(said), now, epoch, pack_records(records) if records else None)
    return None if position is None else OutboxRow(position, tuple(records))


def pack_records(records: Sequence[Record]) -> bytes:
    """Records as one value."""
    return pack(orjson.dumps([[r.topic, r.key.decode(), r.value.decode(), [[k, v.hex()] for k, v in r.headers]] for r in records]))


def unpack_records(packed: bytes) -> tuple[Record, ...]:
    """Records from one value."""
    return tuple(
        Record(topic, key.encode(), value.encode(), tuple((k, bytes.fromhex(v)) for k, v in headers))
        for topic, key, value, headers in orjson.loads(unpack(packed))
    )
