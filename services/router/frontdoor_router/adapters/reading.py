"""Reads what one batch of decisions needs to know, under its locks, in one statement per table."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

import asyncpg
import orjson

from frontdoor_chassis.store.bodies import unpack
from frontdoor_router.core.identify import NAME_KIND, NUMBER_KINDS, Key, Person, Register
from frontdoor_router.core.keeping import Kept
from frontdoor_router.core.world import Earlier, Entry, Owed, Tie, Told, World
from frontdoor_schemas.envelope import Envelope, Section, Submitted
from frontdoor_schemas.vocabulary import Answer, EventType, Level, Relation

MAX_ENTRIES = 200
"""Lines of one person's chronology that a decision looks at: the newest, and all that are open."""
MAX_LOCKS = 1000
"""Locks of one batch. PostgreSQL keeps room for some thousands among all instances; a larger batch takes one lock for all instead."""
ALL_KEYS = 0x66726F6E75
"""Lock that every batch shares, and that one takes alone which has more keys than may be locked one by one."""

EARLIER = """
SELECT e.id, e.thread, e.type, e.counts_as, e.source, e.occurred_at, e.received_at, e.cause, e.withdrawn_at IS NOT NULL AS withdrawn,
       e.withheld_from, e.marks,
       coalesce(array_agg((d.id, d.desk, d.kind, d.withdrawn_at IS NOT NULL, d.received_at, d.opened_at, d.acted_at, d.told_at,
                           d.about, d.said)
                ORDER BY d.desk, d.number) FILTER (WHERE d.number IS NOT NULL), '{}') AS told
FROM event e LEFT JOIN disclosure d ON d.event = e.id
WHERE e.id = ANY($1::uuid[]) OR e.thread = ANY($2::uuid[])
GROUP BY e.id
"""


KNOWN = """
SELECT id, false FROM event WHERE id = ANY($1::uuid[])
UNION ALL SELECT waits_for, true FROM waiting WHERE waits_for = ANY($1::uuid[])
"""
PEOPLE = """
SELECT p.id, p.kind, p.born, p.protected, k.kind AS key, k.hash
FROM unnest($1::text[], $2::bytea[]) AS w (kind, hash) JOIN person_key k USING (kind, hash) JOIN person p ON p.id = k.person
ORDER BY p.id FOR UPDATE OF p
"""
ABOUT = """
SELECT p.id,
       ARRAY(SELECT (k.kind, k.hash) FROM person_key k WHERE k.person = p.id AND k.kind = ANY($2::text[])),
       ARRAY(SELECT (t.desk, t.relation, t.since, t.asserted_by, t.confirmed_by, t.event, t.until, t.plan, t.worker,
                     t.contact, t.ended_by, t.withheld_from)
             FROM tie t WHERE t.person = p.id ORDER BY t.id),
       ARRAY(SELECT (e.event, e.type, e.source, e.occurred_at, e.open, e.marks, e.withheld_from, e.changed_by,
                     e.changed_to::text[])
             FROM entry e
             WHERE e.person = p.id ORDER BY e.open DESC, e.occurred_at DESC LIMIT $3),
       ARRAY(SELECT (l.desk, l.event) FROM listed l WHERE l.person = p.id)
FROM unnest($1::uuid[]) AS p (id)
"""
"""What is known of people, in one row each. asyncpg reads an array within a row only of a type that the connection has met as a
parameter or a column, as it has `text[]` and `uuid[]` by this statement: so booleans come as text."""
WITHHELD = """
SELECT d.id, ARRAY(
    SELECT DISTINCT unnest(e.withheld_from) FROM event e WHERE e.id IN (
        SELECT unnest(array_prepend(o.event, o.quotes)) FROM disclosure o WHERE o.id IN (d.id, d.refers_to)))
FROM disclosure d WHERE d.id = ANY($1::uuid[])
"""


async def lock(connection: asyncpg.Connection, numbers: Sequence[int]) -> None:
    """Take the locks of a batch, in the given order, until the transaction ends."""
    if len(numbers) > MAX_LOCKS:
        await connection.execute("SELECT pg_advisory_xact_lock($1)", ALL_KEYS)
        return
    await connection.execute(
        "SELECT pg_advisory_xact_lock(n) FROM (SELECT pg_advisory_xact_lock_shared($2)) AS all_keys, "
        "(SELECT n FROM unnest($1::bigint[]) WITH ORDINALITY AS t(n, o) ORDER BY o) AS t",
        list(numbers),
        ALL_KEYS,
    )


async def known_events(connection: asyncpg.Connection, ids: Iterable[UUID]) -> tuple[set[UUID], set[UUID]]:
    """Which of these events were decided or are held; both count as decided for those that follow. And which are waited for."""
    known: set[UUID] = set()
    awaited: set[UUID] = set()
    for event, waited_for in await connection.fetch(KNOWN, list(ids)):
        (awaited if waited_for else known).add(event)
    return known, awaited


async def load_world(connection: asyncpg.Connection, *, keys: Sequence[Key], threads: Sequence[UUID], causes: Sequence[UUID]) -> World:
    """Everything that the decisions about these people and threads may look at."""
    world = World()
    await _people(connection, world.register, keys)
    ids = list(world.register.people)
    if ids:
        await about_people(connection, world, ids, MAX_ENTRIES)
    events = {*causes, *(e.event for entries in world.entries.values() for e in entries)}
    await load_events(connection, world, events, threads)
    if answered := {*causes, *(e.id for e in world.events.values() if e.thread in threads)}:
        await load_owed(connection, world, answered)
    return world


async def load_events(connection: asyncpg.Connection, world: World, events: Collection[UUID], threads: Collection[UUID]) -> None:
    """Events by id and by thread, with who was told of them. What the world has already, it keeps."""
    for row in await connection.fetch(EARLIER, list(events), list(threads)) if events or threads else ():
        world.events.setdefault(row["id"], _earlier(row))


async def load_owed(connection: asyncpg.Connection, world: World, events: Collection[UUID]) -> None:
    """What may be answered, of the events answered and of all in their threads: they may have been corrected meanwhile."""
    rows = await connection.fetch(
        "SELECT id, event, desk, satisfied_by, person, disclosure IS NOT NULL, "
        "EXISTS (SELECT FROM person p WHERE p.id = o.person AND p.kind = 'child') FROM obligation o "
        "WHERE event = ANY($1::uuid[]) AND state IN ('open', 'overdue')",
        list(events),
    )
    for obligation, event, desk, satisfied_by, *rest in rows:
        world.owed.setdefault(event, []).append(Owed(obligation, event, desk, tuple(satisfied_by), *rest))


async def _people(connection: asyncpg.Connection, register: Register, keys: Sequence[Key]) -> None:
    """Who has one of these keys, locked: another batch may have found the same people under other keys."""
    rows = await connection.fetch(PEOPLE, [k.kind for k in keys], [k.hash for k in keys])
    for row in rows:
        person = register.people.get(row["id"]) or Person(row["id"], row["kind"], Answer(row["protected"]), row["born"])
        register.remember(person, [Key(row["key"], row["hash"])])


async def about_people(connection: asyncpg.Connection, world: World, ids: Sequence[UUID], lines: int) -> None:
    """What is known of people, with so many lines of their chronologies; read only once those are locked about whom anything may change."""
    for person, keys, ties, entries, listed in await connection.fetch(ABOUT, ids, [*NUMBER_KINDS, NAME_KIND], lines):
        world.register.remember(world.register.people[person], [Key(*key) for key in keys])
        for desk, relation, *rest, kept_from in ties:
            world.ties.setdefault(person, []).append(Tie(person, desk, Relation(relation), *[*rest, frozenset(kept_from)]))
        for event, event_type, source, at, running, marks, withheld_from, changed_by, changed_to in entries:
            changes = tuple((by, runs == "true") for by, runs in zip(changed_by or (), changed_to or (), strict=True))
            entry = Entry(person, event, EventType(event_type), source, at, running, frozenset(marks), frozenset(withheld_from), changes)
            world.entries.setdefault(person, []).append(entry)
        for desk, event in listed:
            world.list_desk(person, desk, event)


def _earlier(row: asyncpg.Record) -> Earlier:
    return Earlier(
        id=row["id"],
        thread=row["thread"],
        type=EventType(row["counts_as"]),
        source=row["source"],
        occurred_at=row["occurred_at"],
        received_at=row["received_at"],
        told=tuple(_told(*t) for t in row["told"]),
        cause=row["cause"],
        corrects=row["type"] == EventType.correction.value,
        withdrawn=row["withdrawn"],
        withheld_from=frozenset(row["withheld_from"]),
        marks=frozenset(row["marks"]),
    )


def _told(
    disclosure: UUID,
    desk: str,
    kind: str,
    withdrawn: bool,
    received: object,
    opened: object,
    acted: object,
    telephoned: object,
    about: Sequence[UUID],
    said: Sequence[str],
) -> Told:
    level = Level.acted if acted else Level.opened if opened else Level.received if received else None
    return Told(disclosure, desk, kind, level, withdrawn, telephoned is not None, frozenset(about), frozenset(said))


def parse_sections(stored: bytes | None) -> tuple[Section, ...]:
    """Sections as they are kept. They were checked when they came in."""
    return tuple(Section.model_construct(**s) for s in orjson.loads(unpack(stored))) if stored else ()


async def kept_events(connection: asyncpg.Connection, ids: Iterable[UUID]) -> dict[UUID, Kept]:
    """Events as they are kept, decided or waiting."""
    wanted = list(set(ids))
    rows = await connection.fetch(
        """
        SELECT id, type, thread, cause, occurred_at, received_at, source, sections,
               e.protected OR EXISTS (SELECT FROM event_person i JOIN person p ON p.id = i.person
                                      WHERE i.event = e.id AND p.protected = 'yes') AS protected,
               ARRAY(SELECT unnest(t.withheld_from) FROM event_person i JOIN tie t ON t.person = i.person WHERE i.event = e.id
                     UNION SELECT unnest(n.withheld_from) FROM event_person i JOIN entry n ON n.person = i.person WHERE i.event = e.id
               ) AS kept_back
        FROM event e WHERE id = ANY($1::uuid[])
        """,
        wanted,
    )
    found = {row["id"]: _kept(row) for row in rows}
    missing = [i for i in wanted if i not in found]
    for row in await connection.fetch("SELECT record FROM waiting WHERE event = ANY($1::uuid[])", missing) if missing else ():
        submitted = Submitted.model_validate_json(row["record"])
        found[submitted.envelope.id] = Kept(submitted.envelope, submitted.envelope.source or "", submitted.sections)
    return found


async def withheld_from(connection: asyncpg.Connection, disclosures: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
    """From whom the events are withheld of which these disclosures say something; of a notice, what it is a notice of counts as well."""
    return {told: frozenset(kept_from) for told, kept_from in await connection.fetch(WITHHELD, list(disclosures))}


def envelope_kept(row: asyncpg.Record, *, source: str | None) -> Envelope:
    """The envelope of an event that was decided, without the order of its sender.

    Its source is for the agreements alone: what leaves the router takes an envelope without one.
    """
    return Envelope.model_construct(
        id=row["id"],
        type=EventType(row["type"]),
        schema_version=1,
        thread=row["thread"],
        after=None,
        cause=row["cause"],
        occurred_at=row["occurred_at"],
        received_at=row["received_at"],
        source=source,
    )


def _kept(row: asyncpg.Record) -> Kept:
    return Kept(
        envelope_kept(row, source=None), row["source"], parse_sections(row["sections"]), row["protected"], frozenset(row["kept_back"])
    )
