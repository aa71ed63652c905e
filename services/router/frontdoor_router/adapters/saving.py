"""Writes events and what they say of people: who they are, ties, chronology, lists; and takes that back."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from frontdoor_router.adapters.writing import as_json, sections_json
from frontdoor_router.core.identify import Key
from frontdoor_router.core.keeping import withheld_by
from frontdoor_router.core.outgoing import Decided, HeldEvent
from frontdoor_router.core.world import Tie

DECIDED = """
WITH people AS (
    INSERT INTO person (id, kind, born, protected, created_at)
    SELECT id, kind, born, protected, $2 FROM jsonb_to_recordset($1::jsonb -> 'people') AS p(id uuid, kind text, born date, protected text)
    ON CONFLICT (id) DO UPDATE SET protected = excluded.protected, born = excluded.born
), keys AS (
    INSERT INTO person_key (kind, hash, person)
    SELECT kind, decode(hash, 'hex'), person FROM jsonb_to_recordset($1::jsonb -> 'keys') AS k(kind text, hash text, person uuid)
    ON CONFLICT DO NOTHING
), lines AS (
    INSERT INTO entry (person, event, type, source, occurred_at, open, marks, withheld_from)
    SELECT * FROM jsonb_to_recordset($1::jsonb -> 'entries') AS e(
        person uuid, event uuid, type text, source text, occurred_at timestamptz, open boolean, marks text[], withheld_from text[])
    ON CONFLICT DO NOTHING
), involved AS (
    INSERT INTO event_person (event, ref, person, why_held, meant)
    SELECT * FROM jsonb_to_recordset($1::jsonb -> 'involved') AS i(event uuid, ref text, person uuid, why_held text, meant boolean)
), pointers AS (
    INSERT INTO event_key (kind, hash, event, leads_to, at)
    SELECT kind, decode(hash, 'hex'), event, leads_to, at
    FROM jsonb_to_recordset($1::jsonb -> 'pointers') AS k(kind text, hash text, event uuid, leads_to uuid, at timestamptz)
)
INSERT INTO event (id, thread, type, counts_as, source, gateway, after, cause, occurred_at, received_at, decided_at, state, epoch, missing,
                   others_close_at, protected, withheld_from, marks, sections)
SELECT e.id, e.thread, e.type, e.counts_as, e.source, e.gateway, e.after, e.cause, e.occurred_at, e.received_at, $2, 'decided', e.epoch,
       e.missing, e.others_close_at, e.protected, e.withheld_from, e.marks, s.sections
FROM jsonb_to_recordset($1::jsonb -> 'events') AS e(
         id uuid, thread uuid, type text, counts_as text, source text, gateway text, after uuid, cause uuid, occurred_at timestamptz,
         received_at timestamptz, epoch text, missing text[], others_close_at timestamptz,
         protected boolean, withheld_from text[], marks text[])
     JOIN unnest($3::uuid[], $4::bytea[]) AS s(id, sections) USING (id)
"""
"""All that a batch says of events and people, in one statement: a round trip costs more than most of these rows."""


GOING_ON = """
UPDATE tie t SET (until, ended_by) = (
    SELECT e.since, e.event FROM tie e
    WHERE e.person = t.person AND e.relation = t.relation
          AND CASE WHEN e.plan IS NULL THEN e.desk = t.desk
                   WHEN t.plan IS NOT NULL THEN t.plan = e.plan
                   ELSE NOT EXISTS (
                       SELECT FROM tie o
                       WHERE o.person = t.person AND o.plan <> e.plan AND o.confirmed_by IS NOT NULL
                             AND o.ended_by IS DISTINCT FROM o.event AND o.since <= e.since AND (o.until IS NULL OR o.until > e.since))
              END
          AND e.until = e.since AND e.ended_by IS NULL AND e.since >= t.until
    ORDER BY e.since LIMIT 1)
WHERE t.ended_by = ANY($1::uuid[]) AND t.event <> t.ended_by AND (t.plan IS NULL) = $2
"""
"""Ties whose end was taken back run on, or up to the next end that is known: what `Tie.ends` says, over rows.

Those of no plan last: whether they have ended is found out by the groups of plans that go on.
"""

RUNS = """
UPDATE entry SET open = $3, changed_by = array_append(changed_by, $4), changed_to = array_append(changed_to, $3)
WHERE person = $1 AND event = $2
"""
AS_BEFORE = """
UPDATE entry n SET (open, changed_by, changed_to) = (
    SELECT e.withdrawn_at IS NULL AND coalesce((array_agg(c.runs ORDER BY c.nth DESC))[1], true),
           array_agg(c.event ORDER BY c.nth), array_agg(c.runs ORDER BY c.nth)
    FROM unnest(n.changed_by, n.changed_to) WITH ORDINALITY AS c (event, runs, nth) WHERE c.event <> ALL($1::uuid[]))
FROM event e
WHERE e.id = n.event AND n.changed_by && $1::uuid[] AND n.changed_by IS NOT NULL
"""
"""Lines of a chronology run, or do not, as was said before what was taken back: what `Entry.without` says, over rows."""


async def save_decided(connection: asyncpg.Connection, decided: Sequence[Decided], now: datetime) -> None:
    """The events themselves, who they are about, new people and keys, chronology lines, ties, lists for locating facts."""
    await connection.execute(
        DECIDED,
        as_json(_rows_of(decided)),
        now,
        [d.case.envelope.id for d in decided],
        [sections_json(d.case.sections) for d in decided],
    )
    await _forget_homes(connection, {key for d in decided for key in d.decision.forgotten})
    await _save_ties(connection, decided)
    runs = [
        (*pair, on, d.case.envelope.id)
        for d in decided
        for on, pairs in ((False, d.decision.closed_entries), (True, d.decision.opened_entries))
        for pair in pairs
    ]
    if runs:
        await connection.executemany(RUNS, runs)
    listed = [(person, desk, d.case.envelope.id) for d in decided for person, desk in d.decision.listed]
    if listed:
        await connection.executemany("INSERT INTO listed VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", listed)


async def _forget_homes(connection: asyncpg.Connection, keys: Collection[Key]) -> None:
    """No address leads to the home of somebody who is protected, whatever was said of it before or beside it."""
    if keys:
        ways = sorted(keys)
        await connection.execute(
            "DELETE FROM event_key k USING unnest($1::text[], $2::bytea[]) AS w (kind, hash) WHERE k.kind = w.kind AND k.hash = w.hash",
            [k.kind for k in ways],
            [k.hash for k in ways],
        )


def _rows_of(decided: Sequence[Decided]) -> dict[str, list[dict[str, object]]]:
    people = {p.id: p for d in decided for p, _ in d.decision.people}  # the last word on each: one row may change once in a statement
    return {
        "people": [{"id": p.id, "kind": p.kind, "born": p.born, "protected": p.protected} for p in people.values()],
        "keys": [{"kind": k.kind, "hash": k.hash.hex(), "person": p.id} for d in decided for p, found in d.decision.people for k in found],
        "entries": [
            {
                "person": e.person,
                "event": e.event,
                "type": e.type,
                "source": e.source,
                "occurred_at": e.occurred_at,
                "open": e.open,
                "marks": sorted(e.marks),
                "withheld_from": sorted(e.withheld_from),
            }
            for d in decided
            for e in d.decision.entries
        ],
        "involved": [
            {"event": d.case.envelope.id, "ref": i.ref, "person": i.person, "why_held": i.why_held, "meant": i.meant}
            for d in decided
            for i in d.decision.involved
        ],
        "pointers": [
            {
                "kind": k.key.kind,
                "hash": k.key.hash.hex(),
                "event": d.case.envelope.id,
                "leads_to": k.person or d.case.envelope.id,
                "at": d.case.happened_at,
            }
            for d in decided
            for k in d.decision.pointers
        ],
        "events": [_event_row(d) for d in decided],
    }


def _event_row(decided: Decided) -> dict[str, object]:
    e = decided.case.envelope
    return {
        "id": e.id,
        "thread": e.thread,
        "type": e.type,
        "counts_as": decided.case.type,
        "source": decided.case.source.desk,
        "gateway": decided.gateway,
        "after": e.after,
        "cause": e.cause,
        "occurred_at": e.occurred_at,
        "received_at": e.received_at,
        "epoch": decided.epoch,
        "missing": decided.decision.missing,
        "others_close_at": decided.others_close_at,
        "protected": decided.case.protected,
        "withheld_from": sorted(decided.case.withheld_from),
        "marks": sorted(decided.case.marks),
    }


async def _save_ties(connection: asyncpg.Connection, decided: Sequence[Decided]) -> None:
    """Ties begin and end in the order of the events: one may begin and end within a batch."""
    begun: list[Tie] = []
    for one in decided:
        if one.decision.ended:
            await _begin(connection, begun)
            begun = []
            await connection.executemany(
                "UPDATE tie SET until = $6, ended_by = $7 WHERE person = $1 AND desk = $2 AND relation = $3 "
                "AND plan IS NOT DISTINCT FROM $4 AND event = $5 AND (until IS NULL OR until > $6)",
                [(*_which(t), one.case.took_effect_at, one.case.envelope.id) for t in one.decision.ended],
            )
        begun += one.decision.ties
    await _begin(connection, begun)


async def _begin(connection: asyncpg.Connection, ties: Sequence[Tie]) -> None:
    if ties:
        await connection.executemany(
            "INSERT INTO tie (person, desk, relation, plan, event, since, until, asserted_by, confirmed_by, worker, contact, ended_by, "
            "withheld_from) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            [_row(t) for t in ties],
        )


def _row(t: Tie) -> tuple[object, ...]:
    stated = t.since, t.until, t.asserted_by, t.confirmed_by, t.worker, t.contact
    return *_which(t), *stated, t.ended_by, sorted(t.withheld_from)


def _which(t: Tie) -> tuple[object, ...]:
    return t.person, t.desk, t.relation.value, t.plan, t.event


async def save_held_event(connection: asyncpg.Connection, held: HeldEvent, *, epoch: str, now: datetime) -> None:
    """An event that was set aside: those that follow it go on, and who asks finds it."""
    e = held.envelope
    await connection.execute(
        "INSERT INTO event (id, thread, type, counts_as, source, gateway, after, cause, occurred_at, received_at, decided_at, state, "
        "epoch, others_close_at, sections, withheld_from) "
        "VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, 'held', $11, $12, $13, $14) ON CONFLICT DO NOTHING",
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
        sorted(withheld_by(held.sections)),
    )


async def take_back(connection: asyncpg.Connection, events: Sequence[UUID], now: datetime) -> None:
    """Events were withdrawn or corrected: nothing that they said or listed stands, and what they ended or closed goes on."""
    ids = list(events)
    await connection.execute("UPDATE event SET withdrawn_at = $2 WHERE id = ANY($1::uuid[])", ids, now)
    await connection.execute("UPDATE entry SET open = false WHERE event = ANY($1::uuid[])", ids)
    await connection.execute(AS_BEFORE, ids)
    await connection.execute("UPDATE tie SET until = least(until, $2), ended_by = event WHERE event = ANY($1::uuid[])", ids, now)
    await connection.executemany(GOING_ON, [(ids, of_no_plan) for of_no_plan in (False, True)])
    await connection.execute("DELETE FROM listed WHERE event = ANY($1::uuid[])", ids)
    await connection.execute("DELETE FROM event_key WHERE event = ANY($1::uuid[])", ids)
