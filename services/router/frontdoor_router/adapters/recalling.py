"""Reads what questions need besides what every decision reads: only for batches that hold a question, only for those asked about."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg
import orjson

from frontdoor_router.adapters import reading
from frontdoor_router.core.answers import MINUTES
from frontdoor_router.core.arriving import Arrived
from frontdoor_router.core.identify import Key, Person
from frontdoor_router.core.incidents import REFERRAL
from frontdoor_router.core.lists import LONGEST_OPEN, Standing
from frontdoor_router.core.pointers import ADDRESS
from frontdoor_router.core.recollection import Content, Held
from frontdoor_router.core.world import World
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.vocabulary import Answer, Category, EventType

MOST_LINES = 2_000
"""Lines of one person's chronology that an answer looks at: more than any childhood has, and half a megabyte."""
LINES_OF_OTHERS = 10
"""Of people who are not asked about: enough to see who has referred them."""
MOST_CONTENTS = 50
"""Earlier events about one person of which the content is read: the newest."""
MOST_PLANS = 10
"""Plan events about one person that are read besides: who leads a plan may have been said long ago."""

LED_TO = """
SELECT w.kind, w.hash, k.leads_to, k.event FROM unnest($1::text[], $2::bytea[]) AS w (kind, hash) JOIN event_key k USING (kind, hash)
WHERE k.kind <> $3 OR NOT EXISTS (
    SELECT FROM event_key later
    WHERE later.kind = $3 AND later.leads_to = k.leads_to AND later.hash <> k.hash AND (later.at, later.event) > (k.at, k.event))
"""
"""People are at the address that was last said of them."""
PEOPLE = "SELECT id, kind, protected, born FROM person WHERE id = ANY($1::uuid[])"
CONTENTS = """
SELECT e.id, e.type, e.counts_as, e.thread, e.cause, e.occurred_at, e.received_at, e.source, e.sections,
       e.protected, ARRAY(SELECT (i.ref, i.person) FROM event_person i WHERE i.event = e.id) AS people
FROM event e WHERE e.id = ANY($1::uuid[]) AND e.withdrawn_at IS NULL
"""
HELD = """
SELECT event, id, desk, number, at, given FROM disclosure
WHERE desk = ANY($1::text[]) AND event = ANY($2::uuid[]) AND kind = 'disclosure' AND withdrawn_at IS NULL AND number IS NOT NULL
"""
STANDING = """
FROM entry n JOIN event e ON e.id = n.event JOIN person p ON p.id = n.person
WHERE n.type = ANY($1::text[]) AND p.kind = 'child' AND e.withdrawn_at IS NULL AND e.decided_at <= $3
"""
OF_PERIOD = f"SELECT n.person, n.event, n.type, n.marks {STANDING} AND e.decided_at > $2"
LAST = f"""
SELECT DISTINCT ON (n.person) n.person, n.event, n.type, n.marks {STANDING} AND n.occurred_at > $2
ORDER BY n.person, n.occurred_at DESC, e.received_at DESC, n.event
"""
TOLD_AT = "SELECT id, at FROM disclosure WHERE event = ANY($1::uuid[]) AND kind = 'disclosure' AND number IS NOT NULL"


async def recollect(connection: asyncpg.Connection, world: World, questions: Sequence[Arrived]) -> None:
    """Add to the world what the answers to these questions may look at."""
    await _follow(connection, world, list({p.key for q in questions for p in q.pointers}))
    asked = {p for q in questions for m in q.mentions for p in world.register.under(m.sought)}
    asked |= {p for found in world.recollection.people.values() for p in found}
    for standing in (q.standing for q in questions if q.standing):
        world.recollection.on_list |= await _on_list(connection, standing)
    asked |= world.recollection.on_list.keys()
    await _people(connection, world, asked, MOST_LINES, again=True)
    incidents = [e for found in world.recollection.events.values() for e in found]
    await _contents(connection, world, {*_wanted(world, asked), *incidents})
    others = {p for c in world.recollection.contents.values() for p in c.people.values() if p}
    households = any(q.message.get("question") == "household" for q in questions)
    await _people(connection, world, others, reading.MAX_ENTRIES if households else LINES_OF_OTHERS)
    await _events(connection, world, asked | others if households else asked, incidents)
    await _held(connection, world, {q.envelope.source for q in questions if q.envelope.source}, incidents)


async def _follow(connection: asyncpg.Connection, world: World, keys: Sequence[Key]) -> None:
    """Where the addresses and numbers of the questions lead."""
    found: dict[Key, dict[UUID, set[UUID]]] = defaultdict(lambda: defaultdict(set))
    rows = await connection.fetch(LED_TO, [k.kind for k in keys], [k.hash for k in keys], ADDRESS) if keys else ()
    for kind, hash_, leads_to, event in rows:
        found[Key(kind, hash_)][leads_to].add(event)
    for key, led in found.items():
        if key.kind == ADDRESS:
            world.recollection.people[key] = {person: tuple(sorted(events)) for person, events in led.items()}
        else:
            world.recollection.events[key] = tuple(sorted(led))


async def _on_list(connection: asyncpg.Connection, standing: Standing) -> dict[UUID, frozenset[UUID]]:
    """By child, the events that put it on a list by all that is known: of the period, and the last one where that leaves something open."""
    one, found = standing.list, defaultdict[UUID, set[UUID]](set)
    for selection in one.of:
        types = [t.value for t in selection.on]
        for person, event, kind, marks in await connection.fetch(OF_PERIOD, types, standing.since, standing.until):
            if selection.holds(EventType(kind), frozenset(marks)):
                found[person].add(event)
    if one.open is not None:
        types, since = [t.value for t in one.open.on], standing.until - timedelta(days=LONGEST_OPEN)
        for person, event, kind, marks in await connection.fetch(LAST, types, since, standing.until):
            if one.open.holds(EventType(kind), frozenset(marks)):
                found[person].add(event)
    return {person: frozenset(events) for person, events in found.items()}


async def _people(connection: asyncpg.Connection, world: World, ids: Collection[UUID], lines: int, *, again: bool = False) -> None:
    """People, with so many lines of their chronologies; those whom the batch knows already only where it is to be `again`."""
    wanted = [i for i in ids if again or i not in world.register.people]
    for person, kind, protected, born in await connection.fetch(PEOPLE, wanted) if wanted else ():
        world.register.remember(Person(person, kind, Answer(protected), born), ())
    if wanted:
        for person in wanted:
            for table in (world.ties, world.entries, world.listed):
                table.pop(person, None)
        await reading.about_people(connection, world, wanted, lines)


def _wanted(world: World, people: Iterable[UUID]) -> Iterable[UUID]:
    """The newest events about these people, those that speak of plans, and those by which somebody works with them."""
    for person in people:
        newest = sorted(world.entries.get(person, ()), key=lambda e: e.occurred_at, reverse=True)
        plans = [e for e in newest if e.type is EventType.plan_status]
        yield from (e.event for e in (*newest[:MOST_CONTENTS], *plans[:MOST_PLANS]))
        yield from (t.event for t in world.ties.get(person, ()) if t.until is None)


async def _contents(connection: asyncpg.Connection, world: World, ids: Collection[UUID]) -> None:
    for row in await connection.fetch(CONTENTS, list(ids)) if ids else ():
        envelope = reading.envelope_kept(row, source=row["source"])
        sections = [_ruled(s) for s in reading.parse_sections(row["sections"])]
        world.recollection.contents[row["id"]] = Content(
            envelope, EventType(row["counts_as"]), row["source"], sections, dict(row["people"]), row["protected"]
        )


def _ruled(section: Section) -> Section:
    """A section as it is kept, with what rules and look-ups go by in the form that they know."""
    said = {"category": Category(section.category), "subjects": tuple(section.subjects), "to": tuple(section.to)}
    return Section.model_construct(**{**section.__dict__, **said})


async def _events(connection: asyncpg.Connection, world: World, people: Iterable[UUID], incidents: Collection[UUID]) -> None:
    """The events of these people's chronologies, what those read in full answer, and what is in the threads of incidents."""
    contents = world.recollection.contents
    named = {UUID(v) for i in incidents if i in contents for s in contents[i].sections for p, v in s.body.items() if p == REFERRAL}
    wanted = {e.event for p in people for e in world.entries.get(p, ())} | contents.keys() | named
    wanted |= {e for led in world.recollection.people.values() for events in led.values() for e in events}
    wanted |= {c.envelope.cause for c in contents.values() if c.envelope.cause}
    threads = {contents[i].envelope.thread for i in incidents if i in contents}
    await reading.load_events(connection, world, wanted - world.events.keys(), threads)
    near = {e.id for e in world.events.values() if e.thread in threads}
    if near:
        await reading.load_owed(connection, world, near - world.owed.keys())


async def _held(connection: asyncpg.Connection, world: World, desks: Collection[str], incidents: Collection[UUID]) -> None:
    """What the asking desks have of the events read, and when the events of an incident's thread were told."""
    known = world.recollection
    events = {*known.contents, *(e.id for e in world.events.values() if e.type in MINUTES)}
    for event, disclosure, desk, number, at, given in await connection.fetch(HELD, list(desks), list(events)) if events else ():
        sections = frozenset(one["section"] for one in orjson.loads(given))
        known.held.setdefault(event, []).append(Held(disclosure, desk, number, at, sections))
    if incidents:
        referrals = [e.id for e in world.events.values() if e.type is EventType.referral]
        known.told_at = dict(await connection.fetch(TOLD_AT, referrals))
