"""The store in memory and the tables keep the same promises; the tables are what the models say."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from frontdoor_chassis.signing import Signer
from frontdoor_chassis.store.engine import open_pool
from frontdoor_gateway.adapters.filing import PgFiling
from frontdoor_gateway.adapters.inbox import PgInboxes
from frontdoor_gateway.adapters.keys import PgKeys, create_key
from frontdoor_gateway.adapters.memory import MemoryInboxes, MemoryReceipts, MemorySubmissions
from frontdoor_gateway.adapters.receipts import PgReceipts
from frontdoor_gateway.adapters.submissions import PgSubmissions
from frontdoor_gateway.adapters.tables import GatewayTable
from frontdoor_gateway.core.inbox import Inboxes, Marked
from frontdoor_gateway.core.intake import Filing, Work
from frontdoor_gateway.core.sequence import BEGINNING, Cursor
from frontdoor_gateway.core.submissions import (
    Contradicted,
    ItemRefusedError,
    Known,
    Outcome,
    Reader,
    Repeated,
    Stored,
    Submission,
    Submissions,
    Undecided,
)
from frontdoor_schemas.envelope import Delivery, DeliveryKind, Recall
from frontdoor_schemas.vocabulary import EventType, Level
from unit.gateway.kit import CONTROL_ROOM, HUB, NOW, PVP, a_delivery, a_ledger, prepare, settings

SIGN = Signer("police", b"made-up").record


@dataclass
class Stores:
    """One kind of store."""

    submissions: Any
    inboxes: Inboxes
    filing: Filing


def _memory() -> Stores:
    submissions = MemorySubmissions(sign=SIGN)
    both = MemoryInboxes(submissions=submissions, receipts=MemoryReceipts(gateway="police", sign=SIGN))
    return Stores(submissions, both, both)


@pytest.fixture(params=["memory", pytest.param("tables", marks=pytest.mark.needs_postgres)])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    if request.param == "memory":
        yield _memory()
        return
    given = settings(request.getfixturevalue("database"), Path())
    await prepare(given)
    pool = await open_pool(given.dsn.get_secret_value(), schema=given.schema_name, role=given.role, max_size=4)
    receipts = PgReceipts(pool, gateway="police", sign=SIGN)
    store = PgSubmissions(pool, sign=SIGN)
    yield Stores(store, PgInboxes(pool, receipts=receipts), PgFiling(pool, receipts=receipts))
    await store.close()
    await pool.close()


def _submission(sender_id: str = "", *, agency: str = "police", answers: Submission | None = None, body: bytes = b"[]") -> Submission:
    event = uuid.uuid4()
    desk = {"police": PVP, "hub": HUB}[agency]
    return Submission(
        event,
        agency,
        desk,
        sender_id or event.hex,
        b"same",
        answers.thread if answers else uuid.uuid4(),
        answers.event if answers else None,
        EventType.referral,
        NOW,
        NOW,
        body,
        zstandard.ZstdCompressor().compress(body),
    )


async def test_numbering_and_threads(stores: Stores) -> None:
    store: Submissions = stores.submissions
    first = _submission()
    second, other, third = _submission(answers=first), _submission(), _submission(answers=first)
    assert await store.accept([first]) == [Stored(1, None)]
    assert await store.accept([second, other, third]) == [Stored(2, first.event), Stored(3, None), Stored(4, second.event)]


async def test_ids_known_before_and_within_one_batch(stores: Stores) -> None:
    store: Submissions = stores.submissions
    first = _submission("a")
    await store.accept([first])
    new = _submission("b")
    batch = [
        replace(_submission("a"), received_at=NOW + timedelta(hours=1)),
        replace(_submission("a"), body_hmac=b"other"),
        new,
        _submission("b"),
        replace(_submission("b"), body_hmac=b"other"),
        _submission("a", agency="hub"),
    ]
    assert await store.accept(batch) == [
        Repeated(first.event, first.thread, NOW),
        Contradicted(),
        Stored(2, None),
        Repeated(new.event, new.thread, NOW),
        Contradicted(),
        Stored(3, None),
    ]


async def test_what_stands_under_an_agencys_ids(stores: Stores) -> None:
    store: Submissions = stores.submissions
    first = _submission("a")
    await store.accept([first, _submission("b"), _submission("c", agency="hub")])
    assert await store.known("police", ["a", "c", "d"]) == {"a": Known(b"same", Repeated(first.event, first.thread, NOW))}
    assert await store.known("police", []) == {}


async def test_the_outbox_gives_back_what_went_in(stores: Stores) -> None:
    store: Submissions = stores.submissions
    bodies = [b'[{"n":%d,"text":"%s"}]' % (n, b"words " * n * 100) for n in range(4)]
    await store.accept([_submission(body=body) for body in bodies])
    rows = await store.read(1, 2)
    assert [r.position for r in rows] == [2, 3]
    assert [bodies[r.position - 1] in r.records[0].value for r in rows] == [True, True]
    assert await store.sent_up_to() == 0
    await store.mark_sent(3)
    await store.mark_sent(2)
    assert await store.sent_up_to() == 3


async def test_what_a_desk_may_answer(stores: Stores) -> None:
    store: Submissions = stores.submissions
    mine, others = _submission(), _submission(agency="hub")
    await store.accept([mine, others])
    told, taken_back, read_before = (a_delivery(CONTROL_ROOM, n) for n in (1, 2, 3))
    await _file(stores, told, taken_back, read_before)
    await stores.inboxes.acknowledge(CONTROL_ROOM, [Marked(read_before.id, Level.opened)], NOW)
    await stores.filing.file(Work([], recalls=[Recall(disclosure=d.id, desk=d.desk, at=NOW) for d in (taken_back, read_before)]), NOW)
    asked = [mine.event, others.event, told.event.id, taken_back.event.id, read_before.event.id, uuid.uuid4()]
    police, hub, colleague, both = Reader(CONTROL_ROOM), Reader(HUB), Reader(PVP), frozenset({PVP, CONTROL_ROOM})
    heir, beside = Reader("nobody.at-all", before=both, left=both), Reader("nobody.else", left=both)
    found = await store.origins([(reader, event) for reader in (police, hub, colleague, heir, beside) for event in asked])
    assert {pair: origin.own for pair, origin in found.items()} == {
        (police, mine.event): True,
        (hub, others.event): True,
        (police, told.event.id): False,
        (police, read_before.event.id): False,
        (colleague, mine.event): True,
        (beside, mine.event): True,
        (heir, mine.event): True,
        (heir, told.event.id): False,
        (heir, read_before.event.id): False,
    }
    assert found[police, told.event.id].thread == told.event.thread
    assert await store.origins([]) == {}


async def test_what_is_published_is_shown_to_its_agency(stores: Stores) -> None:
    store: Submissions = stores.submissions
    made = [_submission(), _submission(agency="hub"), _submission()]
    await store.accept(made)
    assert await _listed(store, Reader(PVP)) == [made[2].event, made[0].event]
    assert await _listed(store, Reader(PVP), made[2].event) == [made[0].event]
    assert await _listed(store, Reader(PVP), made[1].event) == []
    assert await store.published(Reader(PVP), made[1].event) is None
    by_old_name = await store.published(Reader(PVP, left=frozenset({HUB})), made[1].event)
    assert by_old_name is not None
    assert by_old_name.desk == HUB
    found = await store.published(Reader(PVP), made[0].event)
    assert found is not None
    assert (found.ledger, found.received_at, found.type) == (None, NOW, EventType.referral)


async def test_what_an_event_answers_is_shown_to_a_desk_that_wrote_one_of_the_two_or_was_told(stores: Stores) -> None:
    store: Submissions = stores.submissions
    told, taken_back, other = (a_delivery(CONTROL_ROOM, n) for n in (1, 2, 3))
    await _file(stores, told, taken_back, other)
    await stores.filing.file(Work([], recalls=[Recall(disclosure=taken_back.id, desk=CONTROL_ROOM, at=NOW)]), NOW)
    to_told, to_taken_back, to_unknown = (replace(_submission(), cause=e) for e in (told.event.id, taken_back.event.id, uuid.uuid4()))
    of_colleague = replace(_submission(), desk=CONTROL_ROOM)
    to_colleagues = replace(_submission(), cause=of_colleague.event)
    replies = [to_told, to_taken_back, to_unknown, to_colleagues]
    await store.accept([of_colleague, *replies])
    shown = {CONTROL_ROOM: [to_told, to_colleagues], "police.somebody": [], PVP: replies}
    for desk, seen in shown.items():
        listed = {p.event: p.cause for p in await store.list_published(Reader(desk), before=None, limit=9)}
        each = {r.event: p.cause for r in replies if (p := await store.published(Reader(desk), r.event))}
        expected = {r.event: r.cause if r in seen else None for r in replies}
        assert each == expected
        assert listed == {**expected, of_colleague.event: None}


async def _listed(store: Submissions, reader: Reader, before: uuid.UUID | None = None) -> list[uuid.UUID]:
    return [p.event for p in await store.list_published(reader, before=before, limit=9)]


async def _assert_kept(store: Submissions, reader: Reader, events: list[uuid.UUID], kept: list[uuid.UUID]) -> None:
    """Of these events, newest last, some are unknown to a reader in whatever way it asks."""
    known = [e for e in events if e not in kept]
    assert await _listed(store, reader) == known[::-1]
    assert {event for _, event in await store.origins([(reader, e) for e in events])} == set(known)
    assert [e for e in events if await store.published(reader, e)] == known
    pages = [await _listed(store, reader, e) for e in events]
    assert pages == [[] if e in kept else known[: known.index(e)][::-1] for e in events]


async def test_what_its_author_withholds_is_unknown_to_a_colleague(stores: Stores) -> None:
    store: Submissions = stores.submissions
    shown, others = _submission(), replace(_submission(), withheld_from=("hub", "police.somebody", "police.control"))
    by_desk, by_agency = (replace(_submission(), withheld_from=("hub", name)) for name in (CONTROL_ROOM, "police"))
    by_old_desk = replace(_submission(), withheld_from=("old.desk",))
    withdrawn = replace(_submission(answers=by_desk), type=EventType.withdrawal)
    made = [shown, others, by_desk, by_agency, by_old_desk, withdrawn]
    for one in made:
        await store.accept([one])
    events = [one.event for one in made]
    await _assert_kept(store, Reader(PVP), events, [])
    kept = [by_desk.event, by_agency.event, withdrawn.event]
    await _assert_kept(store, Reader(CONTROL_ROOM), events, kept)
    heir = Reader(CONTROL_ROOM, before=frozenset({"old.desk"}))
    await _assert_kept(store, heir, events, [*kept[:2], by_old_desk.event, withdrawn.event])
    await _assert_kept(store, Reader(CONTROL_ROOM, before=frozenset({PVP})), events, [])


async def test_what_a_correction_withholds_is_withheld_in_every_version(stores: Stores) -> None:
    store: Submissions = stores.submissions
    first, other = _submission(), _submission()
    second = replace(_submission(answers=first), type=EventType.correction)
    reply = _submission(answers=second)
    third = replace(_submission(answers=second), type=EventType.correction, withheld_from=(CONTROL_ROOM,))
    withdrawn = replace(_submission(answers=first), type=EventType.withdrawal)
    made = [other, first, second, reply, third, withdrawn]
    for one in made:
        await store.accept([one])
    events = [one.event for one in made]
    await _assert_kept(store, Reader(PVP), events, [])
    await _assert_kept(store, Reader(CONTROL_ROOM), events, [e for e in events if e not in {other.event, reply.event}])


async def test_from_whom_it_is_withheld_is_kept_with_it(stores: Stores) -> None:
    store: Any = stores.submissions
    made = [replace(_submission(), withheld_from=("hub", CONTROL_ROOM)), _submission()]
    await store.accept(made)
    await store.mark_sent(2)
    assert [s.withheld_from for _, s in await store.overdue(NOW + timedelta(minutes=1), 9)] == [("hub", CONTROL_ROOM), ()]


async def test_the_clock_of_what_is_not_decided(stores: Stores) -> None:
    store: Any = stores.submissions
    undecided: Undecided = store
    made = [_submission(), _submission(), _submission()]
    await store.accept(made)
    await store.mark_sent(2)
    later = NOW + timedelta(minutes=1)
    assert await undecided.undecided(NOW) == 0
    assert [p for p, _ in await undecided.overdue(later, 9)] == [1, 2]
    await undecided.published_again([1], later)
    assert [(p, s.event) for p, s in await undecided.overdue(later, 9)] == [(2, made[1].event)]
    ledger = a_ledger(made[1].event, PVP)
    await stores.filing.file(Work([], ledgers=[(ledger, ledger.model_dump_json().encode())]), later)
    assert await undecided.overdue(later, 9) == []
    assert await undecided.undecided(later) == 2


async def test_the_questions_of_a_desk_are_counted_whenever_they_were_posted_again(stores: Stores) -> None:
    store: Any = stores.submissions
    hour = timedelta(hours=1)
    old, new, posted_again = (replace(_submission(name), type=EventType.query) for name in ("old", "new", "again"))
    of_others = [replace(_submission("other"), type=EventType.query, desk=CONTROL_ROOM), _submission("no-question")]
    await store.accept([replace(old, received_at=NOW - hour), new, replace(posted_again, received_at=NOW - 2 * hour), *of_others])
    assert await store.questions(PVP, NOW - hour, ["again", "unheard-of"]) == [(NOW - 2 * hour, "again"), (NOW, "new")]
    assert await store.questions(HUB, NOW - hour, ["new"]) == []


async def test_an_answer_is_found_by_its_question_for_its_desk_alone_until_it_is_withdrawn(stores: Stores) -> None:
    question = uuid.uuid4()
    held = a_delivery(PVP, 1, kind=DeliveryKind.held, event=question)
    answer = a_delivery(PVP, 3, kind=DeliveryKind.answer, event=question)
    await _file(stores, held, answer)
    found = await stores.inboxes.answer(PVP, question)
    assert found is not None
    assert Delivery.model_validate_json(found) == answer
    assert await stores.inboxes.answer(CONTROL_ROOM, question) is None
    assert await stores.inboxes.answer(PVP, uuid.uuid4()) is None
    await stores.filing.file(Work([], recalls=[Recall(disclosure=answer.id, desk=PVP, at=NOW)]), NOW)
    assert await stores.inboxes.answer(PVP, question) is None


async def test_how_far_a_desk_has_collected_is_known_and_asking_proves_nothing(stores: Stores) -> None:
    assert await stores.inboxes.collected(PVP) == BEGINNING
    await _file(stores, *(a_delivery(PVP, n) for n in (1, 2)))
    assert (await stores.inboxes.collected(PVP)).place == BEGINNING.place
    page = await stores.inboxes.read(PVP, BEGINNING, 1)
    await stores.inboxes.collect(PVP, page.cursor, channel="inbox", at=NOW)
    collected = await stores.inboxes.collected(PVP)
    assert collected.place == page.cursor.place
    assert list(await stores.inboxes.collect(PVP, collected, channel="inbox", at=NOW)) == []


async def _file(stores: Stores, *deliveries: Delivery, at: datetime = NOW) -> Any:
    return await stores.filing.file(Work([], deliveries=[(d, d.model_dump_json().encode()) for d in deliveries]), at)


async def test_reading_and_collecting(stores: Stores) -> None:
    deliveries = [a_delivery(PVP, n) for n in (1, 2, 3)]
    filed = await _file(stores, *deliveries)
    assert (len(filed.receipts), list(filed.unfiled)) == (1, [])
    page = await stores.inboxes.read(PVP, BEGINNING, 2)
    assert [i.cursor for i in page.items] == [Cursor(1, 1, 0), Cursor(1, 2, 0)]
    assert page.cursor == Cursor(1, 2, 0)
    assert len(await stores.inboxes.collect(PVP, page.cursor, channel="inbox", at=NOW)) == 1
    assert list(await stores.inboxes.collect(PVP, page.cursor, channel="inbox", at=NOW)) == []
    with pytest.raises(LookupError):
        await stores.inboxes.collect(PVP, Cursor(1, 4, 0), channel="inbox", at=NOW)
    with pytest.raises(LookupError):
        await stores.inboxes.collect(CONTROL_ROOM, Cursor(1, 1, 0), channel="inbox", at=NOW)
    assert (await stores.inboxes.read(CONTROL_ROOM, BEGINNING, 2)).items == []


async def test_recalls_are_counted(stores: Stores) -> None:
    one, two = a_delivery(PVP, 1), a_delivery(PVP, 2)
    await _file(stores, one, two)
    recall = Recall(disclosure=one.id, desk=PVP, at=NOW)
    await stores.filing.file(Work([], recalls=[recall, recall, Recall(disclosure=two.id, desk=CONTROL_ROOM, at=NOW)]), NOW)
    page = await stores.inboxes.read(PVP, BEGINNING, 9)
    assert [(i.cursor.recalls, i.delivery is None, i.withdrawn_at) for i in page.items] == [(1, True, NOW), (1, False, None)]


async def test_a_number_is_not_given_twice(stores: Stores) -> None:
    first, second = a_delivery(PVP, 1), a_delivery(PVP, 1)
    assert list((await _file(stores, first, first)).unfiled) == []
    filed = await _file(stores, first, second)
    assert list(filed.unfiled) == [second.id]
    assert len(filed.receipts) == 1


@pytest.fixture
async def submissions(database: str) -> AsyncIterator[PgSubmissions]:
    given = settings(database, Path())
    await prepare(given)
    pool = await open_pool(database, schema=given.schema_name, role=given.role, max_size=2)
    yield PgSubmissions(pool, sign=SIGN)
    await pool.close()


async def test_what_postgresql_refuses_is_refused_as_a_whole_and_takes_no_number(submissions: PgSubmissions) -> None:
    with pytest.raises(ItemRefusedError):
        await submissions.accept([_submission(), _submission("nul \0")])
    outcomes: list[Outcome] = list(await submissions.accept([_submission()]))
    assert outcomes == [Stored(1, None)]
    await submissions.close()


async def test_keys_are_kept_as_hashes(database: str) -> None:
    given = settings(database, Path())
    await prepare(given)
    pool = await open_pool(database, schema=given.schema_name, role=given.role, max_size=2)
    made = await create_key(pool, PVP, NOW, valid_for=timedelta(days=1))
    rows = await pool.fetch("SELECT api_key::text FROM api_key")
    (key,) = await PgKeys(pool).all()
    assert made.split("_", 2)[2] not in str(rows)
    assert (key.desk, key.valid_from, key.valid_until) == (PVP, NOW, NOW + timedelta(days=1))
    assert await PgKeys(pool).end(key.id, NOW)
    assert not await PgKeys(pool).end(key.id, NOW)
    await pool.close()


async def test_the_tables_are_what_the_models_say(database: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    given = settings(database, Path())
    await prepare(given)
    metadata = GatewayTable.metadata

    def differences(connection: Connection) -> list[Any]:
        connection.execute(text(f"SET search_path TO {given.schema_name}"))
        options = {"include_name": lambda name, kind, _: kind != "table" or name in metadata.tables, "compare_type": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    engine = create_async_engine(make_url(database).set(drivername="postgresql+asyncpg"))
    async with engine.connect() as connection:
        found = await connection.run_sync(differences)
    await engine.dispose()
    assert len(metadata.tables) == 9
    assert found == []
