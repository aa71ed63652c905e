"""One suite over the store in PostgreSQL and the one in memory; the schema; what is removed and what is kept."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from frontdoor_chassis.bus import Move
from frontdoor_chassis.signing import Signer
from frontdoor_chassis.store.engine import create_schemas, open_pool
from frontdoor_chassis.store.migrate import upgrade
from frontdoor_chassis.store.ports import FencedError
from frontdoor_notifier.adapters.housekeeping import PgHousekeeping
from frontdoor_notifier.adapters.memory import MemoryStore
from frontdoor_notifier.adapters.outbox import PgOutbox
from frontdoor_notifier.adapters.patience import Patience
from frontdoor_notifier.adapters.store import PgStore
from frontdoor_notifier.adapters.tables import Table
from frontdoor_notifier.app import MIGRATIONS
from frontdoor_notifier.core.ledger import Reached, Refused, Row, TakeBack, Unit
from frontdoor_notifier.core.parcels import (
    Attempt,
    Dead,
    Delivered,
    Filed,
    Parcel,
    Recalled,
    Sending,
    State,
    TakenBack,
    Waiting,
)
from frontdoor_notifier.core.ports import Content, Known, Store
from frontdoor_notifier.core.sequence import DeskSequence
from frontdoor_schemas.envelope import Receipt
from frontdoor_schemas.vocabulary import Level
from unit.notifier.kit import DESK, NOW, parcel

LATER = NOW + timedelta(hours=1)
SIGNER = Signer("notifier", b"key")


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    await create_schemas(database, ["notifier"])
    await upgrade(database, schema="notifier", migrations=MIGRATIONS, role="notifier")
    pool = await open_pool(database, schema="notifier", role="notifier", max_size=2)
    yield pool
    await pool.close()


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest, pool: asyncpg.Pool) -> Store:
    return MemoryStore(SIGNER) if request.param == "memory" else PgStore(pool=pool, signer=SIGNER, patience=Patience())


def row(p: Parcel, state: State, *, body: bytes | None = b"{}", taken_back: TakenBack | None = None, attempts: int = 1) -> Row:
    code = state.code if isinstance(state, Dead) else None
    return Row(p, state, attempts, NOW, code, taken_back, body)


def filed(*rows: Row, **more: Any) -> Unit:
    return Unit(at=NOW, filed=rows, **more)


async def test_what_is_owed_is_given_in_order_without_content(store: Store) -> None:
    parcels = [parcel(n) for n in (3, 1, 2, 4)]
    states: list[State] = [Waiting(), Waiting(LATER), Sending(NOW), Delivered(NOW)]
    await store.write(filed(*(row(p, s) for p, s in zip(parcels, states, strict=True))))
    owed = await store.pending(DESK, 10)
    assert [(p.notice.number, p.next_at, p.attempts, p.body, p.stored) for p in owed] == [
        (1, LATER, 1, None, True),
        (2, None, 1, None, True),
        (3, None, 1, None, True),
    ]
    assert [p.notice for p in owed] == [parcels[1].notice, parcels[2].notice, parcels[0].notice]
    assert [p.notice.number for p in await store.pending(DESK, 2)] == [1, 2]
    assert await store.pending("other.desk", 10) == []


async def test_contents_are_those_of_what_is_owed(store: Store) -> None:
    waiting, gone = parcel(1), parcel(2)
    await store.write(filed(row(waiting, Waiting(), body=b'{"a":1}'), row(gone, Delivered(NOW), body=None)))
    found = await store.contents([waiting.notice.id, gone.notice.id, UUID(int=99)])
    assert found == {waiting.notice.id: Content(b'{"a":1}', None)}


async def test_a_change_is_kept_and_a_settled_delivery_stays_settled(store: Store) -> None:
    p = parcel(1)
    await store.write(filed(row(p, Sending(NOW))))
    await store.write(Unit(at=NOW, changed=(row(p, Waiting(LATER), attempts=2),)))
    (owed,) = await store.pending(DESK, 10)
    assert (owed.next_at, owed.attempts) == (LATER, 2)
    await store.write(Unit(at=NOW, changed=(row(p, Delivered(LATER), attempts=3),)))
    await store.write(Unit(at=NOW, changed=(row(p, Waiting(LATER), attempts=4),)))
    assert await store.known([p.notice.id]) == {p.notice.id: Known(Delivered(LATER), None)}
    assert await store.pending(DESK, 10) == []


async def test_what_is_filed_again_changes_nothing(store: Store) -> None:
    p = parcel(1)
    await store.write(filed(row(p, Delivered(NOW), body=None)))
    await store.write(filed(row(p, Waiting())))
    assert await store.pending(DESK, 10) == []


async def test_a_recall_takes_the_content_of_whatever_has_not_arrived(store: Store) -> None:
    waiting, dead, arrived, inbox = (parcel(n) for n in (1, 2, 3, 4))
    states: list[State] = [Waiting(), Dead(NOW, "http_400"), Delivered(NOW), Filed(NOW)]
    parcels = [waiting, dead, arrived, inbox]
    await store.write(filed(*(row(p, s) for p, s in zip(parcels, states, strict=True))))
    unknown = UUID(int=99)
    ids = [*(p.notice.id for p in parcels), unknown]
    await store.write(Unit(at=NOW, take_backs=tuple(TakeBack(i, DESK, TakenBack.recalled, LATER) for i in ids)))
    assert await store.contents(ids) == {waiting.notice.id: Content(None, TakenBack.recalled)}
    known = await store.known(ids)
    assert known[waiting.notice.id] == Known(Waiting(), TakenBack.recalled)
    assert known[dead.notice.id] == Known(Recalled(LATER), TakenBack.recalled)
    assert known[arrived.notice.id].state == Delivered(NOW)
    assert known[inbox.notice.id].state == Recalled(LATER)
    assert known[unknown] == Known(None, TakenBack.recalled)


async def test_a_recall_in_the_same_commit_as_the_delivery_holds(store: Store) -> None:
    p = parcel(1)
    await store.write(filed(row(p, Waiting()), take_backs=(TakeBack(p.notice.id, DESK, TakenBack.superseded, NOW),)))
    assert await store.contents([p.notice.id]) == {p.notice.id: Content(None, TakenBack.superseded)}


async def test_a_dead_letter_keeps_its_content_and_is_not_owed(store: Store) -> None:
    p = parcel(1)
    await store.write(filed(row(p, Sending(NOW))))
    await store.write(Unit(at=NOW, changed=(row(p, Dead(LATER, "http_404")),)))
    assert await store.known([p.notice.id]) == {p.notice.id: Known(Dead(LATER, "http_404"), None)}
    assert await store.pending(DESK, 10) == []


async def test_sequences_are_replaced_with_and_without_holes(store: Store) -> None:
    first, gap = DeskSequence(DESK, 1, 1, 5), DeskSequence("b.desk", 1, 1, 5, (2, 3), NOW)
    await store.write(Unit(at=NOW, sequences=(first, gap)))
    assert await store.sequences([DESK, "b.desk", "c.desk"]) == {DESK: first, "b.desk": gap}
    swapped = replace(first, holes=(4,), gap_since=LATER), replace(gap, holes=(), gap_since=None)
    await store.write(Unit(at=NOW, sequences=swapped))
    assert await store.sequences([DESK, "b.desk"]) == {DESK: swapped[0], "b.desk": swapped[1]}


async def test_a_unit_is_fenced_wholly_when_a_position_has_moved(store: Store) -> None:
    await store.write(filed(moves=(Move("to.g0", 0, "id", 0, 5), Move("to.g1", 0, "id", 0, 5))))
    late = filed(row(parcel(1), Waiting()), moves=(Move("to.g1", 0, "id", 5, 9), Move("to.g0", 0, "id", 4, 9)))
    with pytest.raises(FencedError):
        await store.write(late)
    assert await store.pending(DESK, 10) == []
    await store.write(filed(moves=(Move("to.g0", 0, "id", 5, 9), Move("to.g1", 0, "id", 5, 9))))


async def test_receipts_are_numbered_densely_and_signed(store: Store) -> None:
    def receipts(count: int) -> tuple[Receipt, ...]:
        return tuple(Receipt(disclosure=UUID(int=n), desk=DESK, level=Level.received, channel="webhook", at=NOW) for n in range(count))

    first = await store.write(Unit(at=NOW, receipts=receipts(3)))
    second = await store.write(Unit(at=NOW, receipts=receipts(1001)))
    assert [r.position for r in (*first, *second)] == [1, 2, 3, 4]
    assert list(await store.write(Unit(at=NOW))) == []
    (record,) = first[0].records
    assert (record.topic, record.key) == ("receipts", DESK.encode())


# --- PostgreSQL alone


async def test_the_outbox_gives_back_what_was_committed(pool: asyncpg.Pool) -> None:
    store, outbox = PgStore(pool=pool, signer=SIGNER, patience=Patience()), PgOutbox(pool=pool, signer=SIGNER, patience=Patience())
    receipt = Receipt(disclosure=UUID(int=1), desk=DESK, level=Level.received, channel="webhook", at=NOW)
    rows = [*(await store.write(Unit(at=NOW, receipts=(receipt,)))), *(await store.write(Unit(at=NOW, receipts=(receipt,))))]
    assert list(await outbox.read(0, 10)) == rows
    assert list(await outbox.read(1, 10)) == rows[1:]
    await outbox.mark_sent(2)
    await outbox.mark_sent(1)
    assert await outbox.sent_up_to() == 2


async def test_levels_rise_and_never_fall(pool: asyncpg.Pool) -> None:
    store, id_ = PgStore(pool=pool, signer=SIGNER, patience=Patience()), UUID(int=1)
    for level in (Level.opened, Level.received, Level.acted, Level.opened):
        await store.write(Unit(at=NOW, reached=(Reached(id_, level, NOW),)))
    both = (Reached(UUID(int=2), Level.acted, NOW), Reached(UUID(int=2), Level.received, NOW))
    await store.write(Unit(at=NOW, reached=both))
    assert {r["disclosure"]: r["level"] for r in await pool.fetch("SELECT * FROM reached")} == {id_: "acted", UUID(int=2): "acted"}


async def test_old_rows_are_removed_and_what_is_owed_dead_or_recalled_is_kept(pool: asyncpg.Pool) -> None:
    store = PgStore(pool=pool, signer=SIGNER, patience=Patience())
    states: list[State] = [Waiting(), Dead(NOW, "http_400"), Delivered(NOW), Recalled(NOW), Delivered(NOW + timedelta(days=9))]
    parcels = [parcel(n) for n in range(1, 6)]
    history = tuple(Attempt(p.notice.id, DESK, NOW, "http_204", 1) for p in parcels)
    receipt = Receipt(disclosure=UUID(int=1), desk=DESK, level=Level.received, channel="webhook", at=NOW)
    taken = TakeBack(UUID(int=99), DESK, TakenBack.recalled, NOW)
    refused = Refused("to.g0", 0, 1, "unreadable", NOW)
    rows = tuple(row(p, s) for p, s in zip(parcels, states, strict=True))
    await store.write(Unit(at=NOW, filed=rows, attempts=history, receipts=(receipt,), take_backs=(taken,), refused=(refused,)))
    await PgOutbox(pool=pool, signer=SIGNER, patience=Patience()).mark_sent(1)
    housekeeping = PgHousekeeping(pool=pool, patience=Patience())
    assert await housekeeping.purge(NOW + timedelta(days=1)) == 3
    assert await housekeeping.purge(NOW + timedelta(days=1)) == 0
    kept = await pool.fetch("SELECT number FROM delivery ORDER BY number")
    assert [r["number"] for r in kept] == [1, 2, 5]
    assert await pool.fetchval("SELECT count(*) FROM attempt") == 3
    assert await pool.fetchval("SELECT count(*) FROM recall") == 1
    assert await pool.fetchval("SELECT position FROM outbox_head") == 1


async def test_the_migrations_build_what_the_models_say(pool: asyncpg.Pool, database: str) -> None:
    found: list[object] = []

    def compare(connection: Connection) -> None:
        connection.execute(text('SET search_path TO "notifier"'))
        options = {"compare_type": True, "compare_server_default": True, "include_name": lambda name, *_: name != "alembic_version"}
        found.extend(compare_metadata(MigrationContext.configure(connection, opts=options), Table.metadata))

    engine = create_async_engine(make_url(database).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(compare)
    await engine.dispose()
    assert found == []


async def test_a_thousand_deliveries_are_one_transaction(pool: asyncpg.Pool) -> None:
    store, rng = PgStore(pool=pool, signer=SIGNER, patience=Patience()), random.Random(1)
    parcels = [parcel(n) for n in range(1, 1001)]
    rng.shuffle(parcels)
    await store.write(filed(*(row(p, Delivered(NOW), body=None) for p in parcels)))
    assert await pool.fetchval("SELECT count(DISTINCT xmin::text) FROM delivery") == 1
