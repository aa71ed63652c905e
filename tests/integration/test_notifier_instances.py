"""What happens when an instance dies, joins, leaves or is overtaken, and when database or bus are away for a moment."""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from frontdoor_chassis.bus import SendError
from frontdoor_chassis.bus.postgres import PostgresBus, ensure_topics
from frontdoor_chassis.clock import SettableClock, SystemClock
from frontdoor_chassis.relay import OutboxRow
from frontdoor_chassis.signing import Signer
from frontdoor_chassis.store.engine import create_schemas, open_pool
from frontdoor_notifier.adapters.lateness import LateProducer
from frontdoor_notifier.adapters.operators import PgOperators
from frontdoor_notifier.adapters.sealing import SecretBox
from frontdoor_notifier.adapters.store import PgStore
from frontdoor_notifier.core.ledger import Unit
from frontdoor_notifier.core.signing import show_secret
from frontdoor_notifier.settings import NotifierSettings
from frontdoor_schemas.envelope import Delivery
from frontdoor_schemas.topics import RECEIPTS, to_gateway
from frontdoor_schemas.vocabulary import Level
from support.builders import SAYS
from support.delivering import KEYS, START, Stand, Told, made_up_id, memory_bus, open_stand, prepare, write_directory
from support.receiver import Answer, Receiver, ids, open_receiver
from support.waiting import until

DESKS = 6


@pytest.fixture
async def settings(database: str, tmp_path: Path) -> NotifierSettings:
    return await prepare(database, write_directory(tmp_path, desks=DESKS), drain=timedelta(seconds=0.5))


@asynccontextmanager
async def blocked_commits(dsn: str) -> AsyncIterator[None]:
    """No position can move while this is open: whatever is posted stays uncommitted."""
    connection = await asyncpg.connect(dsn)
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("LOCK TABLE notifier.position IN ACCESS EXCLUSIVE MODE")
        yield
    finally:
        await transaction.rollback()
        await connection.close()


async def test_what_was_posted_and_not_committed_is_posted_again_under_the_same_id(settings: NotifierSettings) -> None:
    bus, clock, dsn = memory_bus(), SettableClock(START), settings.dsn.get_secret_value()
    async with open_receiver() as receiver:
        async with open_stand(settings, bus=bus, clock=clock, receiver=receiver) as first:
            await first.register("a0")
            first.send(first.told.delivery())
            await first.settle()
            async with blocked_commits(dsn):
                lost = first.told.delivery()
                first.send(lost)
                await receiver.arrived(2)
                await first.notifier.supervisor.stop()
                await asyncio.wait_for(_cut_off(first), 10)
        assert await first.state(lost) is None
        clock.set(clock.now() + settings.lease + timedelta(seconds=1))
        async with open_stand(settings, bus=bus, clock=clock, receiver=receiver) as second:
            await second.settle()
            assert ids(receiver.got)[1:] == [str(lost.id), str(lost.id)]
            assert await second.state(lost) == "delivered"
            assert {r.disclosure for r in second.receipts()} >= {lost.id}


async def _cut_off(stand: Stand) -> None:
    """As a kill would: what is in memory is gone, and nothing is let go of."""
    stand.notifier.parts.depot.ledger.drop_batches()
    stand.notifier.parts.depot.senders.clear()


async def test_nobody_sends_on_a_lease_that_is_not_its_own(settings: NotifierSettings) -> None:
    bus, clock = memory_bus(), SettableClock(START)
    async with open_receiver() as receiver:
        async with open_stand(settings, bus=bus, clock=clock, receiver=receiver) as first:
            await first.register("a0")
            first.send(first.told.delivery())
            await first.settle()
            await _cut_off(first)
        async with open_stand(settings, bus=bus, clock=clock, receiver=receiver) as second:
            delivery = first.told.delivery()
            second.send(delivery)
            await second.notifier.parts.leases.step()
            await second.notifier.parts.committer.room.wait(5)
            await second.notifier.parts.leases.step()
            assert await second.state(delivery) == "waiting"
            assert len(receiver.got) == 1
            await second.go(settings.lease + timedelta(seconds=1))
            assert receiver.numbers("a0") == [1, 2]


async def test_an_instance_under_the_name_of_the_one_that_died_goes_on_at_once(settings: NotifierSettings) -> None:
    named = settings.model_copy(update={"instance": "notifier-0"})
    bus, clock = memory_bus(), SettableClock(START)
    async with open_receiver() as receiver:
        async with open_stand(named, bus=bus, clock=clock, receiver=receiver) as first:
            await first.register("a0")
            first.send(first.told.delivery())
            await first.settle()
            await _cut_off(first)
        async with open_stand(named, bus=bus, clock=clock, receiver=receiver) as second:
            second.send(first.told.delivery())
            await second.settle()
            assert receiver.numbers("a0") == [1, 2]


async def test_two_instances_share_the_work_and_nobody_is_told_twice_or_out_of_order(settings: NotifierSettings) -> None:
    bus, clock = memory_bus(), SettableClock(START)
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(open_receiver())
        stands = [await stack.enter_async_context(open_stand(settings, bus=bus, clock=clock, receiver=receiver)) for _ in range(2)]
        for n in range(DESKS):
            await stands[0].register(f"a{n}")
        await stands[1].notifier.parts.leases.refresh()
        threads = [made_up_id(random.Random(n)) for n in range(4)]
        for n in range(240):
            stands[0].send(stands[0].told.delivery(f"a{n % DESKS}.desk", thread=threads[n % 4]))
        await receiver.until(lambda: len(receiver.taken()) >= 240, seconds=20)
        for stand in stands:
            await stand.settle()
        for n in range(DESKS):
            assert sorted(receiver.numbers(f"a{n}")) == list(range(1, 41))
        assert len(ids(receiver.got)) == len(set(ids(receiver.got)))
        assert all(s.notifier.parts.depot.done > 0 for s in stands)


async def test_a_lease_is_handed_over_to_the_instance_that_reads_the_partition(settings: NotifierSettings) -> None:
    bus, clock = memory_bus(partitions=1), SettableClock(START)
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(open_receiver())
        first = await stack.enter_async_context(open_stand(settings, bus=bus, clock=clock, receiver=receiver))
        for n in range(DESKS):
            await first.register(f"a{n}")
            first.send(first.told.delivery(f"a{n}.desk"))
        await first.settle()
        before = {r["desk"]: r["lease_owner"] for r in await first.rows("SELECT desk, lease_owner FROM endpoint")}
        assert len(set(before.values())) == 1
        await own_receipts_read_back(first)
        second = await stack.enter_async_context(open_stand(settings, bus=bus, clock=clock, receiver=receiver))
        for n in range(DESKS):
            first.send(first.told.delivery(f"a{n}.desk"))
        await receiver_gets_all(first, second, receiver, per_desk=2)
        after = {r["desk"]: r["lease_owner"] for r in await first.rows("SELECT desk, lease_owner FROM endpoint")}
        assert len(set(after.values())) == 2
        assert len(ids(receiver.got)) == len(set(ids(receiver.got)))


async def own_receipts_read_back(stand: Stand) -> None:
    """While the position after them is not written, whoever joins begins before them, and one of both is fenced."""
    async with asyncio.timeout(20):
        read = 0
        while not read or read < len(stand.bus.records(RECEIPTS)):
            await stand.notifier.parts.committer.flush()
            (row,) = await stand.rows("SELECT coalesce(sum(off), 0)::int AS read FROM position WHERE topic = 'receipts'")
            read = row["read"]
            await asyncio.sleep(0.01)


async def receiver_gets_all(first: Stand, second: Stand, receiver: Receiver, *, per_desk: int) -> None:
    """The clock has to move until both are idle: leases are renewed by it, which is when one hears that another wants them."""
    async with asyncio.timeout(20):
        while len(receiver.taken()) < per_desk * DESKS or not second.notifier.parts.depot.senders or not await _both_idle(first, second):
            first.clock.set(first.clock.now() + timedelta(seconds=1))
            for stand in (first, second):
                stand.notifier.parts.leases.wake.set()
            await asyncio.sleep(0.02)
    for n in range(DESKS):
        assert receiver.numbers(f"a{n}") == list(range(1, per_desk + 1))


async def _both_idle(first: Stand, second: Stand) -> bool:
    return (await first.notifier.activity()).idle and (await second.notifier.activity()).idle


async def test_a_fenced_commit_is_forgotten_and_read_again(settings: NotifierSettings) -> None:
    bus, clock, dsn = memory_bus(partitions=1), SettableClock(START), settings.dsn.get_secret_value()
    async with open_stand(settings, bus=bus, clock=clock) as stand:
        await stand.register("a0")
        stand.send(stand.told.delivery())
        await stand.settle()
        # somebody puts the position back: the next commit no longer fits
        connection = await asyncpg.connect(dsn)
        await connection.execute("UPDATE notifier.position SET off = off - 1 WHERE topic = 'to.g0'")
        await connection.close()
        stand.send(stand.told.delivery())
        await stand.settle()
        assert sorted({g.number for g in stand.receiver.got}) == [1, 2]
        assert [g.number for g in stand.receiver.got].count(1) == 1
        assert stand.notifier.parts.depot.generation >= 1
        (row,) = await stand.rows("SELECT off FROM position WHERE topic = 'to.g0'")
        assert row["off"] == 2


async def test_what_is_under_way_when_the_answer_to_its_commit_is_lost_is_tried_again_and_in_order(
    settings: NotifierSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit gets through, its repetition is refused, and the store is read again while the receiver still thinks."""
    lost = asyncio.Event()
    write_receipts = PgStore._write_receipts

    async def write(store: PgStore, connection: asyncpg.Connection, unit: Unit) -> Sequence[OutboxRow]:
        rows = await write_receipts(store, connection, unit)
        if unit.filed and not lost.is_set():
            lost.set()
            await connection.execute("COMMIT")
            raise asyncpg.ConnectionDoesNotExistError("made up: the answer is lost")
        return rows

    monkeypatch.setattr(PgStore, "_write_receipts", write)
    async with open_stand(settings, bus=memory_bus(), clock=SettableClock(START)) as stand:
        parts, thread = stand.notifier.parts, made_up_id(random.Random(1))
        await stand.register("a0")
        stand.receiver.next("a0", Answer(503, hang=True))
        stand.send(stand.told.delivery(thread=thread), stand.told.delivery(thread=thread))

        async def read_again() -> bool:
            return parts.depot.generation > 0 and not parts.depot.unread

        await until(read_again)
        assert lost.is_set()
        stand.receiver.release()
        await stand.settle()
        await stand.go(timedelta(seconds=10))
        assert [(g.number, g.status) for g in stand.receiver.got] == [(1, 0), (1, 204), (2, 204)]
        rows = await stand.rows("SELECT state, attempts FROM delivery ORDER BY number")
        assert [tuple(row) for row in rows] == [("delivered", 2), ("delivered", 1)]


async def test_what_is_to_be_read_again_is_not_taken_for_rest(settings: NotifierSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading starts again in the middle of the look: what was read at its beginning is not read any more at its end."""
    bus, clock, dsn = memory_bus(partitions=1), SettableClock(START), settings.dsn.get_secret_value()
    async with open_stand(settings, bus=bus, clock=clock) as stand:
        parts = stand.notifier.parts
        await stand.register("a0")
        stand.send(stand.told.delivery())
        await stand.settle()
        looking, may_look, rewinding, may_read = (asyncio.Event() for _ in range(4))

        async def slow_look(now: datetime) -> int:
            looking.set()
            await may_look.wait()
            return 0

        async def slow_rewind() -> None:
            rewinding.set()
            await may_read.wait()

        with monkeypatch.context() as patched:
            patched.setattr(parts.reminders, "waiting", slow_look)
            patched.setattr(parts.consumer, "rewind", slow_rewind)
            look = asyncio.create_task(stand.notifier.activity())
            await looking.wait()
            connection = await asyncpg.connect(dsn)
            await connection.execute("UPDATE notifier.position SET off = off - 1 WHERE topic = 'to.g0'")
            await connection.close()
            stand.send(stand.told.delivery())
            await rewinding.wait()

            async def store_is_read() -> bool:
                return not parts.depot.unread

            await until(store_is_read)
            may_look.set()
            assert not (await look).idle
        may_read.set()


async def test_connections_that_break_lose_nothing(settings: NotifierSettings) -> None:
    bus, clock, dsn = memory_bus(), SettableClock(START), settings.dsn.get_secret_value()
    async with open_stand(settings, bus=bus, clock=clock) as stand:
        for n in range(DESKS):
            await stand.register(f"a{n}")
        connection = await asyncpg.connect(dsn)
        for _ in range(5):
            stand.send(*(stand.told.delivery(f"a{n}.desk") for n in range(DESKS) for _ in range(10)))
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await connection.close()
        await stand.settle()
        for n in range(DESKS):
            assert sorted(set(stand.receiver.numbers(f"a{n}"))) == list(range(1, 51))
        rows = await stand.rows("SELECT state, count(*) FROM delivery GROUP BY state")
        assert [(r["state"], r["count"]) for r in rows] == [("delivered", 50 * DESKS)]


async def test_receipts_reach_the_bus_though_it_was_away(settings: NotifierSettings) -> None:
    bus, clock = memory_bus(), SettableClock(START)
    async with open_stand(settings, bus=bus, clock=clock) as stand:
        await stand.register("a0")
        delivery = stand.told.delivery()
        stand.send(delivery)
        bus.fail_next_send(after=0)
        await stand.settle()
        assert {r.disclosure for r in stand.receipts()} == {delivery.id}

        async def marked() -> bool:  # after the sending, and not each time
            return [tuple(head) for head in await stand.rows("SELECT position, sent_up_to FROM outbox_head")] == [(1, 1)]

        await until(marked)


async def test_receipts_that_were_committed_and_not_sent_are_sent_after_a_restart(settings: NotifierSettings) -> None:
    bus, clock, dsn = memory_bus(), SettableClock(START), settings.dsn.get_secret_value()
    async with open_receiver() as receiver:
        async with open_stand(settings, bus=bus, clock=clock, receiver=receiver) as first:
            await first.register("a0")
            first.send(first.told.delivery())
            await first.settle()
        connection = await asyncpg.connect(dsn)
        await connection.execute("UPDATE notifier.outbox_head SET sent_up_to = 0")
        await connection.close()
        async with open_stand(settings, bus=bus, clock=clock, receiver=receiver) as second:
            await second.settle()
            assert [r.level for r in second.receipts()] == [Level.received, Level.received]


async def test_a_stop_lets_an_attempt_end_and_begins_no_other(settings: NotifierSettings) -> None:
    patient = settings.model_copy(update={"drain": timedelta(seconds=10)})
    bus, clock = memory_bus(), SettableClock(START)
    async with open_receiver() as receiver:
        async with open_stand(patient, bus=bus, clock=clock, receiver=receiver) as first:
            await first.register("a0", max_in_flight=1)
            receiver.next("a0", Answer(hang=True))
            first.send(first.told.delivery(), first.told.delivery())
            await receiver.arrived(1)
            first.notifier.quiesce()
            asyncio.get_running_loop().call_later(0.2, receiver.release)
        assert len(receiver.got) == 1
        rows = await first.rows("SELECT number, state FROM delivery ORDER BY number")
        assert [(r["number"], r["state"]) for r in rows] == [(1, "delivered"), (2, "waiting")]
        (endpoint,) = await first.rows("SELECT lease_owner FROM endpoint")
        assert endpoint["lease_owner"] is None
        async with open_stand(patient, bus=bus, clock=clock, receiver=receiver) as second:
            await receiver.arrived(2)
            await second.settle()
            assert receiver.got[-1].number == 2


async def test_a_stop_waits_neither_for_the_database_nor_for_the_bus_and_nothing_is_lost(
    settings: NotifierSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus, clock, asked = memory_bus(), SettableClock(START), []

    def refuse(*_: object, **__: object) -> None:
        asked.append(1)
        raise ConnectionRefusedError

    async def bus_is_away(*_: object) -> None:
        raise SendError("made up: the bus is away")

    async with open_receiver() as receiver:
        with monkeypatch.context() as away:
            async with open_stand(
                settings.model_copy(update={"drain": timedelta(seconds=16)}), bus=bus, clock=clock, receiver=receiver
            ) as first:
                await first.register("a0")
                away.setattr(LateProducer, "send", bus_is_away)
                committed, read = first.told.delivery(), first.told.delivery()
                first.send(committed)

                async def delivered() -> bool:
                    return await first.state(committed) == "delivered"

                await until(delivered)
                away.setattr(asyncpg.Pool, "acquire", refuse)
                first.send(read)
                await receiver.arrived(2)
                loops, asked[:] = first.notifier.supervisor._loops, []

                async def loops_wait() -> bool:
                    return len(asked) > len(loops)

                await until(loops_wait)
                began = asyncio.get_running_loop().time()
            assert asyncio.get_running_loop().time() - began < 9, "ten for the loops and sixteen for the rest, if they waited"
        clock.set(clock.now() + settings.lease + timedelta(seconds=1))
        async with open_stand(settings, bus=bus, clock=clock, receiver=receiver) as second:
            await second.settle()
            assert {r.disclosure for r in second.receipts()} == {committed.id, read.id}
            assert ids(receiver.got) == [str(committed.id), str(read.id), str(read.id)]


async def test_a_killed_process_loses_nothing(database: str, tmp_path: Path) -> None:
    directory = write_directory(tmp_path, desks=DESKS)
    settings = await prepare(database, directory)
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(open_receiver())
        producer = await _bus_with_endpoints(stack, settings, receiver)
        told, sent = Told(SettableClock(SystemClock().now())), []
        first = await _start(stack, database, directory, "one")
        for round_ in range(10):
            batch = [told.delivery(f"a{n}.desk") for n in range(DESKS) for _ in range(10)]
            sent += batch
            await producer(batch)
            await receiver.until(lambda: bool(receiver.got))
            if round_ == 5:
                first.send_signal(signal.SIGKILL)
                await first.wait()
                await _start(stack, database, directory, "two")
        await receiver.until(lambda: len(set(ids(receiver.taken()))) == len(sent), seconds=60)
        receiver.assert_all_signed()
        assert set(ids(receiver.got)) == {str(d.id) for d in sent}


Produce = Callable[[list[Delivery]], Awaitable[None]]


async def _bus_with_endpoints(stack: AsyncExitStack, settings: NotifierSettings, receiver: Receiver) -> Produce:
    dsn = settings.dsn.get_secret_value()
    await create_schemas(dsn, ["router"])
    topics = [to_gateway("g0"), to_gateway("g1"), RECEIPTS]
    owner = await asyncpg.create_pool(dsn, min_size=1, max_size=3)
    stack.push_async_callback(owner.close)
    await ensure_topics(owner, topics, readers={t: ["notifier"] for t in topics}, writers={t: ["notifier", "router"] for t in topics})
    pool = await open_pool(dsn, schema="notifier", role="notifier", max_size=1)
    stack.push_async_callback(pool.close)
    box = SecretBox(b"made-up-key-of-secrets")
    operators = PgOperators(pool=pool, box=box, clock=SystemClock(), changed=lambda: None)
    for n in range(DESKS):
        await operators.put(f"a{n}.desk", url=receiver.url(f"a{n}"), secret=b"s" * 32, max_in_flight=8, operator="test")
        receiver.trust(f"a{n}", show_secret(b"s" * 32))
    producer = await PostgresBus(owner).producer()
    signer = Signer("router", KEYS["router"].encode())

    async def produce(deliveries: list[Delivery]) -> None:
        await producer.send(
            [
                signer.record(to_gateway(f"g{int(d.desk[1]) % 2}"), d.desk.encode(), d.model_dump_json(exclude_none=True).encode(), SAYS)
                for d in deliveries
            ]
        )

    return produce


async def _start(stack: AsyncExitStack, dsn: str, directory: Path, instance: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "support.notifier_process", dsn, str(directory), instance, cwd=Path(__file__).parents[1]
    )

    async def end() -> None:
        if process.returncode is None:
            process.kill()
            await process.wait()

    stack.push_async_callback(end)
    return process
