"""Writes what decisions, receipts and clocks bring about. Order of locks everywhere: thread, person, desk, outbox."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count
from uuid import UUID

import asyncpg
import orjson

from frontdoor_chassis.bus import Record
from frontdoor_chassis.relay import OutboxRow
from frontdoor_router.core.decision import AuditEntry, Disclosure, Obligation, Task
from frontdoor_router.core.outgoing import Decided, Numbered
from frontdoor_schemas.envelope import Section

INCARNATION = 1
"""Raised by a recovery from a backup that is older than the bus, so that numbers are never used twice."""


def sections_json(sections: Sequence[Section]) -> bytes:
    """How sections are kept."""
    return orjson.dumps([section_dict(s) for s in sections], default=str)


def section_dict(section: Section) -> dict[str, object]:
    """A section for the wire, without what it does not have."""
    return {k: v for k, v in section.__dict__.items() if v not in (None, ())}


async def save_people(connection: asyncpg.Connection, decided: Sequence[Decided], now: datetime) -> None:
    """New people and keys, ties, chronology lines, lists for locating facts."""
    people = [(p.id, p.kind, p.born, p.protected.value, now) for d in decided for p, _ in d.decision.people]
    if people:
        await connection.executemany(
            "INSERT INTO person (id, kind, born, protected, created_at) VALUES ($1, $2, $3, $4, $5) "
            "ON CONFLICT (id) DO UPDATE SET protected = excluded.protected",
            people,
        )
    keys = [(k.kind, k.hash, p.id) for d in decided for p, found in d.decision.people for k in found]
    if keys:
        await connection.executemany("INSERT INTO person_key (kind, hash, person) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", keys)
    ended = [(t.person, t.desk, t.relation.value, d.case.envelope.occurred_at) for d in decided for t in d.decision.ended]
    if ended:
        await connection.executemany("UPDATE tie SET until = $4 WHERE person = $1 AND desk = $2 AND relation = $3 AND until IS NULL", ended)
    ties = [
        (t.person, t.desk, t.relation.value, t.since, t.until, t.asserted_by, t.confirmed_by, t.event)
        for d in decided
        for t in d.decision.ties
    ]
    if ties:
        await connection.executemany(
            "INSERT INTO tie (person, desk, relation, since, until, asserted_by, confirmed_by, event) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            ties,
        )
    entries = [
        (e.person, e.event, e.type.value, e.source, e.occurred_at, e.open, e.domestic_abuse, e.grade)
        for d in decided
        for e in d.decision.entries
    ]
    if entries:
        await connection.executemany("INSERT INTO entry VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING", entries)
    closed = [pair for d in decided for pair in d.decision.closed_entries]
    if closed:
        await connection.executemany("UPDATE entry SET open = false WHERE person = $1 AND event = $2", closed)
    listed = [(person, desk, d.case.envelope.id) for d in decided for person, desk in d.decision.listed]
    if listed:
        await connection.executemany("INSERT INTO listed VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", listed)


async def save_events(connection: asyncpg.Connection, decided: Sequence[Decided], now: datetime) -> None:
    """The events themselves, who they turned out to be about, and what they withdraw."""
    await connection.executemany(
        "INSERT INTO event (id, thread, type, source, gateway, after, cause, occurred_at, received_at, decided_at, state, epoch, missing, "
        "others_close_at, sections) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'decided', $11, $12, $13, $14)",
        [
            (
                e.id,
                e.thread,
                e.type.value,
                d.case.source.desk,
                d.gateway,
                e.after,
                e.cause,
                e.occurred_at,
                e.received_at,
                now,
                d.epoch,
                list(d.decision.missing),
                d.others_close_at,
                sections_json(d.case.sections),
            )
            for d in decided
            for e in (d.case.envelope,)
        ],
    )
    involved = [(d.case.envelope.id, i.ref, i.person, i.why_held) for d in decided for i in d.decision.involved]
    if involved:
        await connection.executemany("INSERT INTO event_person VALUES ($1, $2, $3, $4)", involved)
    withdrawn = [(d.decision.withdrawn_event, now) for d in decided if d.decision.withdrawn_event]
    if withdrawn:
        await connection.executemany("UPDATE event SET withdrawn_at = $2 WHERE id = $1", withdrawn)
        await connection.executemany(
            "UPDATE obligation SET state = 'closed' WHERE event = $1 AND state IN ('open', 'overdue')", [w[:1] for w in withdrawn]
        )
        await connection.executemany("UPDATE entry SET open = false WHERE event = $1", [w[:1] for w in withdrawn])
        await connection.executemany("UPDATE tie SET until = $2 WHERE event = $1 AND until IS NULL", withdrawn)
    recalled = [(told.id, now) for d in decided for told in d.decision.withdrawn]
    if recalled:
        await connection.executemany(
            "UPDATE disclosure SET withdrawn_at = $2, recall_told = received_at IS NOT NULL WHERE id = $1 AND withdrawn_at IS NULL",
            recalled,
        )


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


async def meet_obligations(connection: asyncpg.Connection, met: Sequence[tuple[UUID, str]], now: datetime) -> None:
    """Close obligations with what met them. One that was overdue keeps saying so by its due and met times."""
    if met:
        await connection.executemany(
            "UPDATE obligation SET state = 'met', met_at = $2, met_by = $3, next_at = NULL WHERE id = $1 AND state IN ('open', 'overdue')",
            [(obligation, now, by) for obligation, by in met],
        )


async def save_tasks(connection: asyncpg.Connection, pairs: Sequence[tuple[UUID, Task]], now: datetime) -> None:
    """Pieces of work for a person."""
    if pairs:
        await connection.executemany(
            "INSERT INTO task (id, kind, reason, owner, event, refs, opened_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
            [(t.id, t.kind.value, t.reason, t.owner, event, list(t.refs), now) for event, t in pairs],
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
        INSERT INTO desk AS d (id, incarnation, n) SELECT * FROM unnest($1::text[], array_fill($3::int, ARRAY[cardinality($1)]), $2::bigint[])
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


async def save_disclosures(
    connection: asyncpg.Connection,
    pairs: Sequence[tuple[Numbered | Disclosure, UUID, UUID]],
    numbers: Mapping[UUID, int],
    *,
    epoch: str,
    now: datetime,
) -> None:
    """One row per desk that was told or considered, with what was given and withheld and by which policies."""
    if not pairs:
        return
    rows = []
    for item, event, trigger in pairs:
        d = item.disclosure if isinstance(item, Numbered) else item
        n = numbers.get(d.id)
        rows.append(
            (
                d.id,
                event,
                trigger,
                d.desk,
                d.kind.value if d.kind else "none",
                INCARNATION if n is not None else None,
                n,
                now,
                epoch,
                list(d.purposes),
                orjson.dumps(
                    [
                        {"section": g.section.id, "category": g.section.category, "subjects": g.section.subjects, "policies": g.policies}
                        for g in d.given
                    ]
                ).decode(),
                orjson.dumps([{"category": w.category, "subjects": w.subjects, "policies": w.policies} for w in d.withheld]).decode(),
                [m.value for m in d.marks],
                d.reason,
                d.refers_to,
                d.stands_for,
                d.visible,
            )
        )
    await connection.executemany(
        "INSERT INTO disclosure (id, event, trigger, desk, kind, incarnation, number, at, epoch, purposes, given, withheld, marks, reason, refers_to, "
        "stands_for, visible) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12::jsonb, $13, $14, $15, $16, $17) ON CONFLICT DO NOTHING",
        rows,
    )


async def save_outbox(connection: asyncpg.Connection, records: Sequence[Record]) -> OutboxRow | None:
    """One outbox row for the whole batch. Last, because its head stays locked until the commit."""
    if not records:
        return None
    position = await connection.fetchval("UPDATE outbox_head SET position = position + 1 RETURNING position")
    await connection.execute("INSERT INTO outbox VALUES ($1, $2)", position, pack_records(records))
    return OutboxRow(position, tuple(records))


def pack_records(records: Sequence[Record]) -> bytes:
    """Records as one value."""
    return orjson.dumps([[r.topic, r.key.decode(), r.value.decode(), [[k, v.hex()] for k, v in r.headers]] for r in records])


def unpack_records(packed: bytes) -> tuple[Record, ...]:
    """Records from one value."""
    return tuple(
        Record(topic, key.encode(), value.encode(), tuple((k, bytes.fromhex(v)) for k, v in headers))
        for topic, key, value, headers in orjson.loads(packed)
    )
