"""Writes events and what they say of people: who they are, ties, chronology, lists; and takes that back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from frontdoor_router.adapters.writing import sections_json
from frontdoor_router.core.outgoing import Decided, HeldEvent
from frontdoor_router.core.world import Tie


async def save_people(connection: asyncpg.Connection, decided: Sequence[Decided], now: datetime) -> None:
    """New people and keys, ties, chronology lines, lists for locating facts."""
    people = [(p.id, p.kind, p.born, p.protected.value, now) for d in decided for p, _ in d.decision.people]
    if people:
        await connection.executemany(
            "INSERT INTO person (id, kind, born, protected, created_at) VALUES ($1, $2, $3, $4, $5) "
            "ON CONFLICT (id) DO UPDATE SET protected = excluded.protected, born = excluded.born",
            people,
        )
    keys = [(k.kind, k.hash, p.id) for d in decided for p, found in d.decision.people for k in found]
    if keys:
        await connection.executemany("INSERT INTO person_key (kind, hash, person) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", keys)
    await _save_ties(connection, decided)
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


async def _save_ties(connection: asyncpg.Connection, decided: Sequence[Decided]) -> None:
    """Ties begin and end in the order of the events: one may begin and end within a batch."""
    begun: list[Tie] = []
    for one in decided:
        if one.decision.ended:
            await _begin(connection, begun)
            begun = []
            await connection.executemany(
                "UPDATE tie SET until = $5 "
                "WHERE person = $1 AND desk = $2 AND relation = $3 AND plan IS NOT DISTINCT FROM $4 AND until IS NULL",
                [(t.person, t.desk, t.relation.value, t.plan, one.case.took_effect_at) for t in one.decision.ended],
            )
        begun += one.decision.ties
    await _begin(connection, begun)


async def _begin(connection: asyncpg.Connection, ties: Sequence[Tie]) -> None:
    if ties:
        await connection.executemany(
            "INSERT INTO tie (person, desk, relation, since, until, asserted_by, confirmed_by, event, plan) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [(t.person, t.desk, t.relation.value, t.since, t.until, t.asserted_by, t.confirmed_by, t.event, t.plan) for t in ties],
        )


async def save_events(connection: asyncpg.Connection, decided: Sequence[Decided], now: datetime) -> None:
    """The events themselves, and who they turned out to be about."""
    await connection.executemany(
        "INSERT INTO event (id, thread, type, counts_as, source, gateway, after, cause, occurred_at, received_at, decided_at, state, "
        "epoch, missing, others_close_at, sections) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'decided', $12, $13, $14, $15)",
        [
            (
                e.id,
                e.thread,
                e.type.value,
                d.case.type.value,
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


async def save_held_event(connection: asyncpg.Connection, held: HeldEvent, *, epoch: str, now: datetime) -> None:
    """An event that was set aside: those that follow it go on, and who asks finds it."""
    e = held.envelope
    await connection.execute(
        "INSERT INTO event (id, thread, type, counts_as, source, gateway, after, cause, occurred_at, received_at, decided_at, state, "
        "epoch, others_close_at, sections) "
        "VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, 'held', $11, $12, $13) ON CONFLICT DO NOTHING",
        e.id,
        e.thread,
        e.type.value,
        e.source or "",
        held.gateway,
        e.after,
        e.cause,
        e.occurred_at,
        e.received_at,
        now,
        epoch,
        held.others_close_at,
        sections_json(held.sections),
    )


async def take_back(connection: asyncpg.Connection, events: Sequence[UUID], now: datetime) -> None:
    """Events were withdrawn or corrected: nothing that they said or listed stands."""
    ids = list(events)
    await connection.execute("UPDATE event SET withdrawn_at = $2 WHERE id = ANY($1::uuid[])", ids, now)
    await connection.execute("UPDATE entry SET open = false WHERE event = ANY($1::uuid[])", ids)
    await connection.execute("UPDATE tie SET until = $2 WHERE event = ANY($1::uuid[]) AND until IS NULL", ids, now)
    await connection.execute("DELETE FROM listed WHERE event = ANY($1::uuid[])", ids)
