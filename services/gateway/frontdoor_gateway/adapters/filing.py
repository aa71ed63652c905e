"""Files what the router sends: inboxes, recalls, ledgers, receipts and the consumer's position, in one transaction."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from frontdoor_chassis.store.bodies import pack
from frontdoor_chassis.store.positions import move
from frontdoor_gateway.adapters.errors import reached
from frontdoor_gateway.adapters.receipts import PgReceipts
from frontdoor_gateway.core.intake import Filed, Work
from frontdoor_gateway.core.sequence import Place, advance
from frontdoor_schemas.envelope import Delivery, LedgerUpdate, Recall, Receipt
from frontdoor_schemas.vocabulary import Level

STEP = 500
"""Numbers looked at in one go when a desk's head is moved."""

_BEYOND = """
    SELECT incarnation, number FROM inbox WHERE desk = $1 AND (incarnation, number) > ($2, $3) ORDER BY incarnation, number LIMIT $4
"""


class PgFiling:
    """Writes for one gateway's schema."""

    def __init__(self, pool: asyncpg.Pool, *, receipts: PgReceipts) -> None:
        self._pool = pool
        self._receipts = receipts

    async def file(self, work: Work, at: datetime) -> Filed:
        """As the port says. Delivered again is filed once, and reported again: the first report may not have been read."""
        with reached():
            async with self._pool.acquire() as connection, connection.transaction():
                await move(connection, work.moves)
                await _lock(connection, sorted({*(d.desk for d, _ in work.deliveries), *(r.desk for r in work.recalls)}))
                unfiled = await _insert(connection, work.deliveries)
                await _recall(connection, work.recalls, at)
                await _advance(connection, sorted({d.desk for d, _ in work.deliveries}))
                await _keep_ledgers(connection, work.ledgers, at)
                filed = [d for d, _ in work.deliveries if d.id not in unfiled]
                rows = await self._receipts.add(connection, list(_receipts(filed, at)), at)
        return Filed(rows, tuple(unfiled))


def _receipts(filed: Iterable[Delivery], at: datetime) -> Iterable[Receipt]:
    for delivery in filed:
        yield Receipt(disclosure=delivery.id, desk=delivery.desk, level=Level.filed, channel="gateway", at=at)


async def _lock(connection: asyncpg.Connection, desks: Sequence[str]) -> None:
    """The desks' heads first, in order, as everybody does who writes to an inbox."""
    await connection.execute("INSERT INTO inbox_head SELECT desk, 0, 0, 0, 0, 0 FROM unnest($1::text[]) desk ON CONFLICT DO NOTHING", desks)
    await connection.execute("SELECT FROM inbox_head WHERE desk = ANY ($1::text[]) ORDER BY desk FOR UPDATE", desks)


async def _insert(connection: asyncpg.Connection, deliveries: Sequence[tuple[Delivery, bytes]]) -> Collection[UUID]:
    """Insert what is new and return what could not be: its number is another disclosure's."""
    if not deliveries:
        return ()
    columns = zip(*(_row(d, raw) for d, raw in deliveries), strict=True)
    rows = await connection.fetch(
        """
        WITH given AS (
            SELECT * FROM unnest(
                    $1::text[], $2::int[], $3::bigint[], $4::uuid[], $5::text[], $6::uuid[], $7::uuid[], $8::text[], $9::bytea[])
                AS g (desk, incarnation, number, disclosure, agency, event, thread, kind, delivery)
        ), added AS (
            INSERT INTO inbox (desk, incarnation, number, disclosure, agency, event, thread, kind, delivery)
            SELECT * FROM given ON CONFLICT DO NOTHING RETURNING disclosure
        )
        SELECT disclosure FROM given
        EXCEPT SELECT disclosure FROM added
        EXCEPT SELECT i.disclosure FROM inbox i JOIN given g USING (disclosure)
        """,
        *(list(column) for column in columns),
    )
    return [r["disclosure"] for r in rows]


def _row(delivery: Delivery, raw: bytes) -> tuple[object, ...]:
    d = delivery
    return (d.desk, d.incarnation, d.number, d.id, d.desk.split(".")[0], d.event.id, d.event.thread, d.kind.value, pack(raw))


async def _recall(connection: asyncpg.Connection, recalls: Sequence[Recall], at: datetime) -> None:
    """Erase, and count: a page that was read before the recall is told from one that was read after it."""
    for recall in recalls:
        erased = await connection.fetchval(
            """
            UPDATE inbox i SET delivery = NULL, withdrawn_at = $3, recall = h.recalls + 1
            FROM inbox_head h WHERE h.desk = i.desk AND i.desk = $1 AND i.disclosure = $2 AND i.withdrawn_at IS NULL RETURNING i.recall
            """,
            recall.desk,
            recall.disclosure,
            at,
        )
        if erased is not None:
            await connection.execute("UPDATE inbox_head SET recalls = $2 WHERE desk = $1", recall.desk, erased)


async def _advance(connection: asyncpg.Connection, desks: Sequence[str]) -> None:
    """Move each desk's head to the end of the part without gaps. Beyond a gap there may be any number of rows."""
    for desk in desks:
        start = head = Place(*await connection.fetchrow("SELECT incarnation, number FROM inbox_head WHERE desk = $1", desk))
        while True:
            beyond = [Place(*row) for row in await connection.fetch(_BEYOND, desk, *head, STEP)]
            head, before = advance(head, beyond), head
            if head == before or len(beyond) < STEP:
                break
        if head != start:
            await connection.execute("UPDATE inbox_head SET incarnation = $2, number = $3 WHERE desk = $1", desk, *head)


async def _keep_ledgers(connection: asyncpg.Connection, ledgers: Sequence[tuple[LedgerUpdate, bytes]], at: datetime) -> None:
    """Keep the latest version of each, and close the first clock of the events: the router has answered."""
    latest = {ledger.event: (ledger, raw) for ledger, raw in sorted(ledgers, key=lambda pair: pair[0].version)}
    if not latest:
        return
    await connection.execute(
        """
        INSERT INTO ledger AS l (event, agency, version, state, record)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::bytea[])
        ON CONFLICT (event) DO UPDATE SET version = excluded.version, state = excluded.state, record = excluded.record
        WHERE l.version < excluded.version AND l.agency = excluded.agency
        """,
        list(latest),
        [ledger.desk.split(".")[0] for ledger, _ in latest.values()],
        [ledger.version for ledger, _ in latest.values()],
        [ledger.state.value for ledger, _ in latest.values()],
        [raw for _, raw in latest.values()],
    )
    await connection.execute(
        "UPDATE submission SET decided_at = $2 WHERE event = ANY ($1::uuid[]) AND decided_at IS NULL", list(latest), at
    )
