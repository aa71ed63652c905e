"""What only the bus in PostgreSQL has: grants, commit order under many senders, and the loss of its connection."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from frontdoor_chassis.bus import PositionLostError, Record, SendError
from frontdoor_chassis.bus import postgres as postgres_bus
from frontdoor_chassis.bus.postgres import BusWake, PostgresBus, ensure_topics
from frontdoor_chassis.bus.postgres_topics import trim_topic
from frontdoor_standalone.servers.postgres import EmbeddedPostgres
from support.buses import pool_at
from support.positions import PositionTable
from support.servers import Postgres

pytestmark = pytest.mark.needs_postgres

TOPIC = "to.school"


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Any]:
    async with pool_at(database, max_size=20) as pool:
        await ensure_topics(pool, [TOPIC], readers={}, writers={})
        yield pool


@pytest.fixture
def roles(postgres: Postgres) -> Iterator[tuple[str, str]]:
    """One that writes and one that reads; roles are of the whole server, so they are taken away again, after the database."""
    names = ("bus_test_writer", "bus_test_reader")
    postgres.execute(*(f"CREATE ROLE {name} LOGIN" for name in names))
    yield names
    postgres.execute(*(f"DROP ROLE {name}" for name in names))


def record(value: str, topic: str = TOPIC) -> Record:
    return Record(topic, b"case", value.encode())


async def test_a_role_can_do_on_a_topic_what_it_was_granted_and_nothing_else(
    postgres: Postgres, roles: tuple[str, str], database: str
) -> None:
    writer, reader = roles
    name = database.partition("@")[2].partition("?")[0].rpartition("/")[2]
    async with (
        pool_at(database) as owning,
        pool_at(postgres.dsn(name, role=writer)) as writing,
        pool_at(postgres.dsn(name, role=reader)) as reading,
    ):
        other = "to.police"
        await ensure_topics(owning, [TOPIC, other], readers={TOPIC: [reader]}, writers={TOPIC: [writer]})
        await (await PostgresBus(writing).producer()).send([record("granted")])
        consumer = await PostgresBus(reading).consumer(topics=[TOPIC], group="school", positions=PositionTable())
        batch = await consumer.poll(max_records=5, timeout=5)
        assert batch is not None
        assert [r.value for r in batch.records] == [b"granted"]
        await consumer.close()

        with pytest.raises(SendError, match="permission denied"):
            await (await PostgresBus(writing).producer()).send([record("x", other)])
        with pytest.raises(SendError, match="permission denied"):
            await (await PostgresBus(reading).producer()).send([record("x")])
        for bus, topic in ((PostgresBus(writing), TOPIC), (PostgresBus(reading), other)):
            with pytest.raises(LookupError, match="not for this role"):
                await bus.consumer(topics=[topic], group="g", positions=PositionTable())
        await PostgresBus(writing).require([TOPIC])
        for bus, topic in ((PostgresBus(writing), other), (PostgresBus(reading), TOPIC)):
            with pytest.raises(LookupError, match=f"not for this role: {topic}"):
                await bus.require([topic])
        for pool, statement in (
            (writing, 'SELECT * FROM bus."to.school:head"'),
            (writing, "INSERT INTO bus.\"to.school\" VALUES (7, '', '', '[]')"),
            (reading, 'DELETE FROM bus."to.school"'),
            (reading, "CREATE TABLE bus.mine ()"),
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute(statement)

        await ensure_topics(owning, [TOPIC], readers={}, writers={TOPIC: [reader]})
        with pytest.raises(SendError, match="permission denied"):
            await (await PostgresBus(writing).producer()).send([record("x")])
        await (await PostgresBus(reading).producer()).send([record("now its turn")])
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reading.fetch('SELECT * FROM bus."to.school"')


async def test_a_reader_skips_nothing_while_many_send_at_once(pool: Any) -> None:
    bus, table = PostgresBus(pool), PositionTable()
    consumer = await bus.consumer(topics=[TOPIC], group="router", positions=table)

    async def send(sender: int) -> None:
        producer = await bus.producer()
        for n in range(40):
            await producer.send([record(f"{sender}:{n}:{i}") for i in range(3)])

    sending = asyncio.gather(*(send(sender) for sender in range(10)))
    while len(table.done) < 1200:
        batch = await consumer.poll(max_records=50, timeout=10)
        assert batch is not None
        table.commit(batch)
    await sending
    await consumer.close()
    assert [r.offset for r in table.done] == list(range(1200))
    for sender in range(10):
        mine = [v for v in (r.value.decode() for r in table.done) if v.startswith(f"{sender}:")]
        assert mine == [f"{sender}:{n}:{i}" for n in range(40) for i in range(3)]


async def test_senders_to_the_same_topics_in_another_order_do_not_deadlock(pool: Any) -> None:
    await ensure_topics(pool, ["a", "b"], readers={}, writers={})
    producer = await PostgresBus(pool).producer()
    forth, back = [record("1", "a"), record("1", "b")], [record("2", "b"), record("2", "a")]
    await asyncio.gather(*(producer.send(each) for _ in range(50) for each in (forth, back)))
    assert await pool.fetchval('SELECT count(*) FROM bus."a"') == 100


async def test_one_record_that_is_refused_keeps_all_of_its_call_back(pool: Any) -> None:
    producer = await PostgresBus(pool).producer()
    with pytest.raises(SendError, match="no such topic"):
        await producer.send([record("fine"), record("lost", "unknown")])
    assert await pool.fetchval('SELECT next FROM bus."to.school:head"') == 0


async def test_a_sender_wakes_the_readers_of_its_process(pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_bus, "POLL_SECONDS", 30.0)
    wake = BusWake()
    consumer = await PostgresBus(pool, wake=wake).consumer(topics=[TOPIC], group="router", positions=PositionTable())
    producer = await PostgresBus(pool, wake=wake).producer()  # another bus, as of another service in the process
    waiting = asyncio.create_task(consumer.poll(max_records=1, timeout=20))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    await producer.send([record("now")])
    assert await waiting is not None
    assert time.monotonic() - began < 5
    await consumer.close()


async def test_a_record_of_another_process_is_noticed_without_a_wake(pool: Any) -> None:
    consumer = await PostgresBus(pool).consumer(topics=[TOPIC], group="router", positions=PositionTable())
    waiting = asyncio.create_task(consumer.poll(max_records=1, timeout=20))
    await asyncio.sleep(0.1)
    await (await PostgresBus(pool).producer()).send([record("now")])
    assert await asyncio.wait_for(waiting, 5) is not None
    await consumer.close()


async def test_a_consumer_that_lost_its_connection_lost_its_topics(pool: Any) -> None:
    bus, table = PostgresBus(pool), PositionTable()
    await (await bus.producer()).send([record(str(n)) for n in range(10)])
    first = await bus.consumer(topics=[TOPIC], group="router", positions=table)
    second = await bus.consumer(topics=[TOPIC], group="router", positions=table)
    batch = await first.poll(max_records=4, timeout=5)
    assert batch is not None
    table.commit(batch)
    assert await second.poll(max_records=4, timeout=0.2) is None
    held = "FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    await pool.execute(f"SELECT pg_terminate_backend(pid) {held}")
    while await pool.fetchval(f"SELECT count(*) {held}"):  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(0.01)
    batch = await second.poll(max_records=10, timeout=5)
    assert batch is not None
    table.commit(batch)
    assert await first.poll(max_records=4, timeout=0.2) is None  # it has another connection now, and no topic
    assert [int(v) for v in table.values()] == list(range(10))
    await first.close()
    await second.close()


async def test_a_topic_with_much_to_read_does_not_keep_the_others_waiting(pool: Any) -> None:
    await ensure_topics(pool, ["busy", "quiet"], readers={}, writers={})
    bus = PostgresBus(pool)
    await (await bus.producer()).send([record(str(n), "busy") for n in range(100)] + [record("heard", "quiet")])
    table = PositionTable()
    consumer = await bus.consumer(topics=["busy", "quiet"], group="router", positions=table)
    for _ in range(3):
        batch = await consumer.poll(max_records=10, timeout=5)
        assert batch is not None
        table.commit(batch)
    assert b"heard" in table.values()
    await consumer.close()


async def test_a_hole_in_a_topic_is_refused(pool: Any) -> None:
    bus = PostgresBus(pool)
    await (await bus.producer()).send([record(str(n)) for n in range(5)])
    await pool.execute('DELETE FROM bus."to.school" WHERE off = 2')
    consumer = await bus.consumer(topics=[TOPIC], group="router", positions=PositionTable())
    with pytest.raises(PositionLostError, match="gap"):
        await consumer.poll(max_records=10, timeout=5)
    await consumer.close()


async def test_trimming_says_how_much_and_never_goes_past_the_end(pool: Any) -> None:
    await (await PostgresBus(pool).producer()).send([record(str(n)) for n in range(5)])
    assert await trim_topic(pool, TOPIC, before=3) == 3
    assert await trim_topic(pool, TOPIC, before=2) == 0
    assert await trim_topic(pool, TOPIC, before=99) == 2
    head = await pool.fetchrow('SELECT beginning, next FROM bus."to.school:head"')
    assert tuple(head) == (5, 5)


@pytest.mark.parametrize("name", ['x"; DROP TABLE y', "Upper", "a" * 51, "", "colon:head"])
async def test_a_name_that_cannot_be_a_topic_is_refused(pool: Any, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a topic"):
        await ensure_topics(pool, [name], readers={}, writers={})


async def test_two_processes_may_create_the_same_topics_at_once(pool: Any) -> None:
    topics = [f"family-{n}" for n in range(5)]
    await asyncio.gather(*(ensure_topics(pool, topics, readers={}, writers={}) for _ in range(4)))


async def test_a_server_that_died_and_came_back_is_read_on_from_where_it_was() -> None:
    with tempfile.TemporaryDirectory(prefix="frontdoor-") as name:
        Path(name).chmod(0o711)  # noqa: ASYNC240 - nothing else runs on this loop
        server = EmbeddedPostgres(Path(name) / "postgres")
        server.start()
        try:
            await _outlive(server)
        finally:
            server.stop()


async def _outlive(server: EmbeddedPostgres) -> None:
    async with pool_at(server.dsn()) as pool:
        await ensure_topics(pool, [TOPIC], readers={}, writers={})
        bus, table = PostgresBus(pool), PositionTable()
        producer = await bus.producer()
        consumer = await bus.consumer(topics=[TOPIC], group="router", positions=table)
        await producer.send([record("before")])
        batch = await consumer.poll(max_records=5, timeout=5)
        assert batch is not None
        table.commit(batch)
        server.stop()
        assert await consumer.poll(max_records=5, timeout=0.1) is None
        with pytest.raises(SendError):
            await producer.send([record("lost")])
        with pytest.raises(ConnectionError, match="does not answer"):
            await bus.ready()
        server.start()
        await producer.send([record("after")])
        batch = await consumer.poll(max_records=5, timeout=10)
        assert batch is not None
        table.commit(batch)
        await consumer.close()
        assert table.values() == [b"before", b"after"]
