"""Reads what one batch of decisions needs to know, under its locks, in one statement per table."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import asyncpg

from frontdoor_router.core.identify import Key
from frontdoor_router.core.world import Earlier, Entry, Owed, Person, Tie, Told, World
from frontdoor_schemas.vocabulary import Answer, EventType, Level, Relation

MAX_ENTRIES = 200
"""Lines of one person's chronology that a decision looks at: the newest that are open or domestic abuse."""

EARLIER = """
SELECT e.id, e.thread, e.type, e.source, e.occurred_at,
       coalesce(array_agg((d.id, d.desk, d.kind, d.withdrawn_at IS NOT NULL, d.received_at, d.opened_at, d.acted_at)
                ORDER BY d.desk, d.number) FILTER (WHERE d.number IS NOT NULL), '{}') AS told
FROM event e LEFT JOIN disclosure d ON d.event = e.id
WHERE e.id = ANY($1::uuid[]) OR e.thread = ANY($2::uuid[])
GROUP BY e.id
"""


async def lock(connection: asyncpg.Connection, numbers: Sequence[int]) -> None:
    """Take the locks of a batch, in the given order, until the transaction ends."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(n) FROM unnest($1::bigint[]) WITH ORDINALITY AS t(n, o) ORDER BY o", list(numbers)
    )


async def known_events(connection: asyncpg.Connection, ids: Iterable[UUID]) -> set[UUID]:
    """Which of these events were decided or are held; both count as decided for those that follow."""
    rows = await connection.fetch("SELECT id FROM event WHERE id = ANY($1::uuid[])", list(ids))
    return {r["id"] for r in rows}


async def load_world(connection: asyncpg.Connection, *, keys: Sequence[Key], threads: Sequence[UUID], causes: Sequence[UUID]) -> World:
    """Everything that the decisions about these people and threads may look at."""
    world = World()
    await _people(connection, world, keys)
    ids = list(world.people)
    if ids:
        await _about_people(connection, world, ids)
    events = list({*causes, *(e.event for entries in world.entries.values() for e in entries)})
    for row in await connection.fetch(EARLIER, events, list(threads)):
        world.events[row["id"]] = _earlier(row)
    for row in await connection.fetch(
        "SELECT id, event, desk, satisfied_by FROM obligation WHERE event = ANY($1::uuid[]) AND state IN ('open', 'overdue')", list(causes)
    ):
        world.owed.setdefault(row["event"], []).append(Owed(row["id"], row["event"], row["desk"], frozenset(row["satisfied_by"])))
    return world


async def _people(connection: asyncpg.Connection, world: World, keys: Sequence[Key]) -> None:
    rows = await connection.fetch(
        "SELECT k.kind, k.hash, k.person FROM person_key k JOIN unnest($1::text[], $2::bytea[]) AS w(kind, hash) USING (kind, hash)",
        [k.kind for k in keys],
        [k.hash for k in keys],
    )
    for row in rows:
        key = Key(row["kind"], row["hash"])
        world.found[key] = world.found.get(key, frozenset()) | {row["person"]}
    ids = sorted({r["person"] for r in rows})
    for row in await connection.fetch(
        "SELECT id, kind, born, protected FROM person WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE", ids
    ):
        world.people[row["id"]] = Person(row["id"], row["kind"], Answer(row["protected"]), row["born"])


async def _about_people(connection: asyncpg.Connection, world: World, ids: Sequence[UUID]) -> None:
    for row in await connection.fetch(
        "SELECT person, desk, relation, since, until, asserted_by, confirmed_by, event FROM tie WHERE person = ANY($1::uuid[])", ids
    ):
        tie = Tie(
            row["person"],
            row["desk"],
            Relation(row["relation"]),
            row["since"],
            row["asserted_by"],
            row["confirmed_by"],
            row["event"],
            row["until"],
        )
        world.ties.setdefault(tie.person, []).append(tie)
    for row in await connection.fetch(
        """
        SELECT e.* FROM unnest($1::uuid[]) AS p(id) CROSS JOIN LATERAL (
            SELECT person, event, type, source, occurred_at, open, domestic_abuse, grade FROM entry
            WHERE person = p.id AND (open OR domestic_abuse) ORDER BY occurred_at DESC LIMIT $2) AS e
        """,
        ids,
        MAX_ENTRIES,
    ):
        entry = Entry(
            row["person"],
            row["event"],
            EventType(row["type"]),
            row["source"],
            row["occurred_at"],
            row["open"],
            row["domestic_abuse"],
            row["grade"],
        )
        world.entries.setdefault(entry.person, []).append(entry)
    for row in await connection.fetch("SELECT person, desk FROM listed WHERE person = ANY($1::uuid[])", ids):
        world.listed.setdefault(row["person"], set()).add(row["desk"])


def _earlier(row: asyncpg.Record) -> Earlier:
    return Earlier(
        id=row["id"],
        thread=row["thread"],
        type=EventType(row["type"]),
        source=row["source"],
        occurred_at=row["occurred_at"],
        told=tuple(_told(t) for t in row["told"]),
    )


def _told(found: tuple[object, ...]) -> Told:
    disclosure, desk, kind, withdrawn, received, opened, acted = found
    level = Level.acted if acted else Level.opened if opened else Level.received if received else None
    return Told(disclosure, desk, kind, level, bool(withdrawn))  # type: ignore[arg-type] # a composite comes as a tuple of objects
