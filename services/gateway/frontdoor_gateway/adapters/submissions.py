"""Submissions in PostgreSQL: the rows are the outbox. The function `accept` of the schema is the only way in."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

import asyncpg

from frontdoor_chassis.relay import OutboxRow
from frontdoor_chassis.store.bodies import unpack
from frontdoor_gateway.adapters.errors import AWAY, reached
from frontdoor_gateway.core.questions import Question
from frontdoor_gateway.core.submissions import (
    Asked,
    Contradicted,
    ItemRefusedError,
    Known,
    Origin,
    Outcome,
    OutcomeLostError,
    Published,
    Reader,
    Repeated,
    Sign,
    StoreAwayError,
    Stored,
    Submission,
    record,
)
from frontdoor_schemas.vocabulary import EventType

ACQUIRE_SECONDS = 5.0
"""A pool that has no connection for so long has no database."""

LOOK_SECONDS = 0.2
"""How often the outbox is looked through for rows of others."""

_ACCEPT = "SELECT * FROM accept($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"

_ROW = "position, event, agency, desk, sender_id, body_hmac, thread, after, cause, type, occurred_at, received_at, sections, withheld_from"

_KNOWN = "SELECT sender_id, body_hmac, event, thread, received_at FROM submission WHERE agency = $1 AND sender_id = ANY ($2::text[])"

_ORIGINS = """
    WITH asked AS (
        SELECT n, event, split_part(desk, '.', 1) AS agency, string_to_array(desks, ' ') AS desks, string_to_array(ended, ' ') AS ended
        FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[]) WITH ORDINALITY AS a (desk, desks, ended, event, n))
    SELECT a.n, i.thread, false AS own FROM asked a JOIN inbox i ON i.event = a.event AND i.desk = ANY(a.desks)
    WHERE i.withdrawn_at IS NULL OR i.received_at IS NOT NULL OR i.opened_at IS NOT NULL
    UNION ALL
    SELECT a.n, s.thread, true FROM asked a JOIN submission s ON s.event = a.event AND (s.agency = a.agency OR s.desk = ANY(a.ended))
    WHERE s.desk = ANY(a.desks) OR NOT kept_from(a.desks, s.event)
    ORDER BY own
"""

_PUBLISHED = """
    SELECT s.event, s.type, s.desk, s.thread, s.occurred_at, s.received_at, l.record, CASE WHEN
        s.desk = $5 OR EXISTS (SELECT FROM submission c WHERE c.event = s.cause AND c.desk = $5)
        OR EXISTS (SELECT FROM inbox i WHERE i.event = s.cause AND i.desk = $5
                   AND (i.withdrawn_at IS NULL OR i.received_at IS NOT NULL OR i.opened_at IS NOT NULL))
        THEN s.cause END
    FROM submission s LEFT JOIN ledger l ON l.event = s.event AND l.agency = s.agency
"""

_NOT_KEPT = "(s.desk = ANY($2::text[]) OR NOT kept_from($2, s.event))"
"""What a desk has published itself it sees, and the other events of its agency that are not kept from it."""

_QUESTIONS = """
    SELECT received_at, sender_id FROM submission WHERE desk = $1 AND type = $4 AND received_at > $2
    UNION SELECT received_at, sender_id FROM submission WHERE desk = $1 AND agency = split_part($1, '.', 1) AND sender_id = ANY ($3::text[])
    ORDER BY received_at
"""

_REFUSED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)
_NOT_DONE = ("40", "42", "53", "54", "55")
"""Classes of SQLSTATE with which a statement ends before its commit: rollback, refusal, no resources."""


class PgSubmissions:
    """The submissions of one gateway's schema."""

    def __init__(self, pool: asyncpg.Pool, *, sign: Sign) -> None:
        self._pool = pool
        self._sign = sign
        self._connection: asyncpg.Connection | None = None
        self._numbered = 0
        self._look_at = 0.0

    async def accept(self, items: Sequence[Submission]) -> Sequence[Outcome]:
        """As the port says: one function call, which is one transaction."""
        connection = await self._writer()
        try:
            rows = await connection.fetch(_ACCEPT, *_columns(items))
        except _REFUSED as error:
            raise ItemRefusedError from error
        except asyncpg.PostgresError as error:
            await self.close()
            raise (StoreAwayError if str(error.sqlstate)[:2] in _NOT_DONE else OutcomeLostError) from error
        except AWAY as error:
            await self.close()
            raise OutcomeLostError from error
        outcomes = [_outcome(row) for row in sorted(rows)]
        self._numbered = max(self._numbered, *(o.position for o in outcomes if isinstance(o, Stored)), 0)
        return outcomes

    async def close(self) -> None:
        """Give back the connection that flushes are made on."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*AWAY):
                await self._pool.release(connection)

    async def _writer(self) -> asyncpg.Connection:
        """One connection for all flushes: there is one flusher, and giving it back each time costs a round trip."""
        if self._connection is None or _lost(self._connection):
            await self.close()
            with reached():
                self._connection = await self._pool.acquire(timeout=ACQUIRE_SECONDS)
        return self._connection

    async def known(self, agency: str, sender_ids: Collection[str]) -> Mapping[str, Known]:
        """As the port says."""
        with reached():
            rows = await self._pool.fetch(_KNOWN, agency, list(sender_ids))
        return {sender_id: Known(body_hmac, Repeated(*answered)) for sender_id, body_hmac, *answered in rows}

    async def origins(self, asked: Collection[Asked]) -> Mapping[Asked, Origin]:
        """As the port says. What was recalled unread was never disclosed, so it cannot be answered."""
        pairs = list(asked)
        desks, own, left = ([r.desk for r, _ in pairs], [" ".join(r.desks) for r, _ in pairs], [" ".join(r.left) for r, _ in pairs])
        with reached():
            rows = await self._pool.fetch(_ORIGINS, desks, own, left, [event for _, event in pairs])
        return {pairs[r["n"] - 1]: Origin(r["thread"], r["own"]) for r in rows}

    async def published(self, reader: Reader, event: UUID) -> Published | None:
        """As the port says."""
        sql = f"{_PUBLISHED} WHERE (s.agency = $1 OR s.desk = ANY($4::text[])) AND s.event = $3 AND {_NOT_KEPT}"
        with reached():
            row = await self._pool.fetchrow(sql, reader.agency, list(reader.desks), event, list(reader.left), reader.desk)
        return None if row is None else _published(row)

    async def list_published(self, reader: Reader, *, before: UUID | None, limit: int) -> Sequence[Published]:
        """As the port says."""
        sql = f"""
            {_PUBLISHED} WHERE s.agency = $1 AND {_NOT_KEPT} AND ($3::uuid IS NULL OR s.position <
                (SELECT s.position FROM submission s WHERE s.agency = $1 AND s.event = $3 AND {_NOT_KEPT}))
            ORDER BY s.position DESC LIMIT $4
        """  # noqa: S608 - conditions of this module
        with reached():
            rows = await self._pool.fetch(sql, reader.agency, list(reader.desks), before, limit, reader.desk)
        return [_published(row) for row in rows]

    async def questions(self, desk: str, since: datetime, sender_ids: Collection[str]) -> Sequence[Question]:
        """As the port says."""
        with reached():
            return [Question(*row) for row in await self._pool.fetch(_QUESTIONS, desk, since, list(sender_ids), EventType.query.value)]

    async def sent_up_to(self) -> int:
        """The outbox's mark."""
        with reached():
            return int(await self._pool.fetchval("SELECT sent_up_to FROM outbox_head"))

    async def read(self, after: int, limit: int) -> Sequence[OutboxRow]:
        """Rows of the outbox, as the records that were or will be sent.

        What this process numbered is offered to the relay, so beyond it there is something only when another process
        wrote it, or when the outcome of a commit was lost: that is looked for now and then, not after each flush.
        """
        now = asyncio.get_running_loop().time()
        if after >= self._numbered and now < self._look_at:
            return []
        sql = f"SELECT {_ROW} FROM submission WHERE position > $1 ORDER BY position LIMIT $2"  # noqa: S608 - columns of this module
        with reached():
            rows = await self._pool.fetch(sql, after, limit)
        if len(rows) < limit:
            self._look_at = now + LOOK_SECONDS
        return [OutboxRow(r["position"], (record(_submission(r), self._sign),)) for r in rows]

    async def mark_sent(self, up_to: int) -> None:
        """Move the mark, never back."""
        with reached():
            await self._pool.execute("UPDATE outbox_head SET sent_up_to = $1 WHERE sent_up_to < $1", up_to)

    async def overdue(self, before: datetime, limit: int) -> Sequence[tuple[int, Submission]]:
        """As the port says. Only what was sent once: the outbox sends the rest."""
        sql = f"""
            SELECT {_ROW} FROM submission
            WHERE decided_at IS NULL AND received_at < $1 AND (published_again_at IS NULL OR published_again_at < $1)
              AND position <= (SELECT sent_up_to FROM outbox_head)
            ORDER BY received_at LIMIT $2
        """  # noqa: S608 - columns of this module
        with reached():
            return [(r["position"], _submission(r)) for r in await self._pool.fetch(sql, before, limit)]

    async def published_again(self, positions: Sequence[int], at: datetime) -> None:
        """As the port says."""
        sql = "UPDATE submission SET published_again_at = $2 WHERE position = ANY ($1::bigint[])"
        with reached():
            await self._pool.execute(sql, positions, at)

    async def undecided(self, before: datetime) -> int:
        """As the port says."""
        sql = "SELECT count(*) FROM submission WHERE decided_at IS NULL AND received_at < $1"
        with reached():
            return int(await self._pool.fetchval(sql, before))


def _lost(connection: asyncpg.Connection) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # the pool took it back by itself when the server cut it
        return True


def _columns(items: Sequence[Submission]) -> tuple[Sequence[object], ...]:
    return (
        [i.event for i in items],
        [i.agency for i in items],
        [i.desk for i in items],
        [i.sender_id for i in items],
        [i.body_hmac for i in items],
        [i.thread for i in items],
        [i.cause for i in items],
        [i.type.value for i in items],
        [i.topic for i in items],
        [i.occurred_at for i in items],
        [i.received_at for i in items],
        [i.packed for i in items],
        [" ".join(i.withheld_from) for i in items],
    )


def _outcome(row: asyncpg.Record) -> Outcome:
    _, position, event, thread, received_at, after, conflict = row
    if position is not None:
        return Stored(position, after)
    return Contradicted() if conflict else Repeated(event, thread, received_at)


def _submission(row: asyncpg.Record) -> Submission:
    return Submission(
        event=row["event"],
        agency=row["agency"],
        desk=row["desk"],
        sender_id=row["sender_id"],
        body_hmac=row["body_hmac"],
        thread=row["thread"],
        cause=row["cause"],
        type=EventType(row["type"]),
        occurred_at=row["occurred_at"],
        received_at=row["received_at"],
        sections=unpack(row["sections"]),
        packed=row["sections"],
        after=row["after"],
        withheld_from=tuple(row["withheld_from"]),
    )


def _published(row: asyncpg.Record) -> Published:
    event, event_type, desk, thread, occurred_at, received_at, ledger, cause = row
    return Published(event, EventType(event_type), desk, thread, cause, occurred_at, received_at, ledger)
