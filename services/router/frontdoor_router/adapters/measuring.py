"""Reads the ledger for the data set: in batches, each with all that belongs to its events, and as it stood at one moment.

Moments later than that are read as they are kept: the core knows nothing of what had not happened yet.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from frontdoor_router.adapters.reading import parse_sections
from frontdoor_router.core.clocks import replies_wanted
from frontdoor_router.core.measures.asking import Wanted
from frontdoor_router.core.measures.facts import AMENDING, EventFact, Line, Owed, Past, Reply, Told, answering, standing, versions
from frontdoor_schemas.envelope import DeliveryKind
from frontdoor_schemas.sections import join
from frontdoor_schemas.vocabulary import EventType

BATCH = 200
"""Events that are held at a time: some megabytes of messages, and a few milliseconds of the other loops' time."""

FIRST = """
SELECT id, thread FROM event
WHERE state = 'decided' AND type <> ALL($1::text[]) AND (counts_as = ANY($2::text[]) OR withdrawn_at IS NOT NULL)
      AND received_at >= $3 AND received_at < $4 AND decided_at <= $5
ORDER BY received_at, id
"""
"""What was withdrawn may have been corrected into another type."""
MATES = """
SELECT id, thread, type, counts_as, source, cause, received_at, CASE WHEN withdrawn_at <= $2 THEN withdrawn_at END AS withdrawn_at, missing
FROM event WHERE thread = ANY($1::uuid[]) AND state = 'decided' AND decided_at <= $2
"""
TOLD = """
SELECT event, desk, received_at, opened_at, acted_at, told_at FROM disclosure
WHERE event = ANY($1::uuid[]) AND kind = $3 AND at <= $2 AND (withdrawn_at IS NULL OR withdrawn_at > $2) ORDER BY event, number
"""
OWED = """
SELECT event, duty, desk, person, due, met_at, satisfied_by FROM obligation
WHERE event = ANY($1::uuid[]) AND opened_at <= $2 ORDER BY event, id
"""
PEOPLE = "SELECT event, ref, person FROM event_person WHERE event = ANY($1::uuid[])"
PAST = """
SELECT l.person, l.event, l.marks, e.counts_as, e.received_at FROM entry l JOIN event e ON e.id = l.event
WHERE l.person = ANY($1::uuid[]) AND (l.marks && $2::text[] OR e.counts_as = ANY($3::text[]))
      AND e.decided_at <= $4 AND (e.withdrawn_at IS NULL OR e.withdrawn_at > $4)
ORDER BY e.received_at, e.id
"""
SET_ASIDE = "SELECT count(*) FROM event WHERE state <> 'decided' AND received_at >= $1 AND received_at < $2 AND decided_at <= $3"


@asynccontextmanager
async def reading(pool: asyncpg.Pool) -> AsyncIterator["PgSource"]:
    """A source on one snapshot of the ledger: whatever is decided meanwhile, one table is of one state."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        yield PgSource(connection)


class PgSource:
    """The ledger in PostgreSQL."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def events(self, wanted: Wanted) -> AsyncIterator[EventFact]:
        """Each event of these types once, as it stood, in the order in which they came."""
        amending, types = [t.value for t in AMENDING], [t.value for t in wanted.types]
        cursor = await self._connection.cursor(FIRST, amending, types, wanted.start, wanted.end, wanted.as_at)
        while firsts := await cursor.fetch(BATCH):
            for fact in await _Batch(self._connection, wanted).read(firsts):
                yield fact

    async def set_aside(self, wanted: Wanted) -> int:
        """How many events nobody could decide."""
        count: int = await self._connection.fetchval(SET_ASIDE, wanted.start, wanted.end, wanted.as_at)
        return count


@dataclass(slots=True)
class _Case:
    """An event with its versions, the one that stands, and what answers it."""

    first: Line
    versions: list[Line]
    stands: Line
    replies: list[tuple[Line, Line]]


@dataclass(slots=True)
class _Batch:
    """Everything about some events, one statement for each table."""

    connection: asyncpg.Connection
    wanted: Wanted
    messages: dict[UUID, Mapping[str, Any]] = field(default_factory=dict)
    told: dict[UUID, list[Told]] = field(default_factory=dict)
    owed: dict[UUID, list[Owed]] = field(default_factory=dict)
    people: dict[UUID, dict[str, UUID | None]] = field(default_factory=dict)
    past: dict[UUID, list[tuple[UUID, Past]]] = field(default_factory=dict)

    async def read(self, firsts: Sequence[asyncpg.Record]) -> list[EventFact]:
        """The events that begin so, without those that were taken back."""
        lines = await self._mates({f["thread"] for f in firsts})
        cases = [case for f in firsts if (case := _case(f["id"], lines[f["thread"]], self.wanted.types))]
        stand = [c.stands.id for c in cases]
        with_replies = [*stand, *(r.id for c in cases for _, r in c.replies)]
        await self._messages(with_replies)
        await self._told(with_replies)
        await self._owed(stand)
        await self._people(stand)
        await self._past({p for found in self.people.values() for ref, p in found.items() if p and ref.startswith("child")})
        return [self._fact(case) for case in cases]

    async def _mates(self, threads: Collection[UUID]) -> dict[UUID, list[Line]]:
        found: dict[UUID, list[Line]] = {}
        for row in await self.connection.fetch(MATES, list(threads), self.wanted.as_at):
            found.setdefault(row["thread"], []).append(_line(row))
        return found

    async def _messages(self, ids: Collection[UUID]) -> None:
        for event, sections in await self.connection.fetch("SELECT id, sections FROM event WHERE id = ANY($1::uuid[])", ids):
            self.messages[event] = join(parse_sections(sections))

    async def _told(self, ids: Collection[UUID]) -> None:
        for event, desk, *levels in await self.connection.fetch(TOLD, ids, self.wanted.as_at, DeliveryKind.disclosure.value):
            self.told.setdefault(event, []).append(Told(desk, *levels))

    async def _owed(self, ids: Collection[UUID]) -> None:
        for event, duty, desk, person, due, met, by in await self.connection.fetch(OWED, ids, self.wanted.as_at):
            self.owed.setdefault(event, []).append(Owed(duty, desk, person, due, met, frozenset(replies_wanted(by))))

    async def _people(self, ids: Collection[UUID]) -> None:
        for event, ref, person in await self.connection.fetch(PEOPLE, ids):
            self.people.setdefault(event, {})[ref] = person

    async def _past(self, people: Collection[UUID]) -> None:
        marks, types = list(self.wanted.marks), [t.value for t in self.wanted.past]
        for person, event, said, kind, at in await self.connection.fetch(PAST, list(people), marks, types, self.wanted.as_at):
            self.past.setdefault(person, []).append((event, Past(EventType(kind), at, frozenset(said))))

    def _fact(self, case: _Case) -> EventFact:
        stands, people = case.stands, self.people.get(case.stands.id, {})
        return EventFact(
            id=stands.id,
            type=stands.counts_as,
            source=stands.source,
            received_at=case.first.received_at,
            message=self.messages[stands.id],
            missing_on_arrival=case.first.missing,
            missing=stands.missing,
            people=people,
            told=tuple(self.told.get(stands.id, ())),
            owed=tuple(self.owed.get(stands.id, ())),
            replies=tuple(self._reply(first, stands) for first, stands in case.replies),
            past=tuple(self._before(case, people)),
        )

    def _reply(self, first: Line, stands: Line) -> Reply:
        return Reply(stands.counts_as, first.received_at, self.messages[stands.id], tuple(self.told.get(stands.id, ())))

    def _before(self, case: _Case, people: Mapping[str, UUID | None]) -> Iterable[Past]:
        own = {v.id for v in case.versions}
        for person in {p for ref, p in people.items() if p and ref.startswith("child")}:
            for event, past in self.past.get(person, ()):
                if event not in own and past.received_at < case.first.received_at:
                    yield past


def _line(row: asyncpg.Record) -> Line:
    return Line(
        id=row["id"],
        thread=row["thread"],
        type=EventType(row["type"]),
        counts_as=EventType(row["counts_as"]),
        source=row["source"],
        cause=row["cause"],
        received_at=row["received_at"],
        withdrawn_at=row["withdrawn_at"],
        missing=tuple(row["missing"]),
    )


def _case(event: UUID, mates: Sequence[Line], types: Collection[EventType]) -> _Case | None:
    """None when it was taken back, or is of another type since it was corrected."""
    first = next(m for m in mates if m.id == event)
    own = versions(first, mates)
    stands = standing(own)
    if stands is None or stands.counts_as not in types:
        return None
    answers = ((reply, standing(versions(reply, mates))) for reply in answering(own, mates))
    return _Case(first, own, stands, [(reply, now) for reply, now in answers if now is not None])
