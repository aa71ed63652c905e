"""What only Apache Kafka can do to a producer or a consumer: die, freeze, come back, leave gaps, forget a topic."""

import asyncio
import os
import signal
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka.admin import AdminClient

from frontdoor_chassis.bus import Consumer, PositionLostError, Producer, Record, SendError
from frontdoor_chassis.bus import kafka as kafka_bus
from frontdoor_chassis.bus.kafka import KafkaBus, ensure_topics
from frontdoor_chassis.bus.kafka_admin import KafkaAdmin
from frontdoor_standalone.servers.kafka import LocalKafka
from support.buses import KafkaTopics, Stage, kafka_stage
from support.positions import PositionTable
from support.servers import HEAP_MB, Kafka
from support.waiting import until

pytestmark = pytest.mark.needs_kafka

SEND_SECONDS = 2.0


@pytest.fixture(scope="module")
def frail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A broker that tests may kill."""
    with LocalKafka(tmp_path_factory.mktemp("kafka"), heap_mb=HEAP_MB) as cluster:
        yield cluster


@pytest.fixture
async def stage(frail: LocalKafka) -> AsyncIterator[Stage]:
    stage = Stage(KafkaBus(frail.bootstrap, client_id="test", send_seconds=SEND_SECONDS), KafkaTopics(frail.bootstrap))
    await stage.create()
    yield stage
    await stage.close()


def firsts(values: Sequence[bytes]) -> list[int]:
    """Each value where it came first: a record sent again after a failure may be there twice."""
    return [int(value) for value in dict.fromkeys(values)]


async def send_until_acknowledged(producer: Producer, record: Record) -> int:
    """Send one record as a relay does, and say how often that failed."""
    failures = 0
    async with asyncio.timeout(120):
        while True:
            try:
                await producer.send([record])
            except SendError:
                failures += 1
                await asyncio.sleep(0.1)  # leaves the broker a processor to start on
            else:
                return failures


async def read_to_the_end(consumer: Consumer, table: PositionTable) -> None:
    async with asyncio.timeout(120):
        while await lag(consumer) > 0:
            batch = await consumer.poll(max_records=500, timeout=1)
            if batch is not None:
                table.commit(batch)


async def lag(consumer: Consumer) -> int:
    """Unknown while a leader is away, which is not yet the end."""
    with suppress(ConnectionError):
        return await consumer.lag()
    return 1


async def test_a_producer_recovers_in_order_when_the_broker_comes_back(stage: Stage, frail: LocalKafka) -> None:
    producer = await stage.producer()
    await producer.send([stage.record(str(n)) for n in range(5)])
    await asyncio.to_thread(frail.stop_broker)
    late = [stage.record(str(n)) for n in range(5, 10)]
    began = time.monotonic()
    with pytest.raises(SendError):
        await producer.send(late)
    assert time.monotonic() - began < SEND_SECONDS + 5
    with pytest.raises(SendError):
        await producer.send(late)  # still away; a new connection is tried
    await asyncio.to_thread(frail.start_broker)
    await producer.send(late)
    await producer.send([stage.record(str(n)) for n in range(10, 15)])
    await read_to_the_end(await stage.consumer(), stage.table)
    assert firsts(stage.table.values()) == list(range(15))


async def test_what_was_given_up_does_not_leave_later(stage: Stage, frail: LocalKafka) -> None:
    producer = await stage.producer()
    await producer.send([stage.record("0")])
    await asyncio.to_thread(frail.stop_broker)
    with pytest.raises(SendError):
        await producer.send([stage.record("given up")])
    await asyncio.to_thread(frail.start_broker)
    await asyncio.sleep(2)  # an idempotent producer left to itself would have sent it by now
    await producer.send([stage.record("1")])
    await read_to_the_end(await stage.consumer(), stage.table)
    assert stage.table.values() == [b"0", b"1"]


async def test_nothing_is_lost_or_misordered_when_the_broker_is_killed_while_sending(stage: Stage, frail: LocalKafka) -> None:
    producer = await stage.producer()

    async def break_it() -> None:
        for _ in range(2):
            await asyncio.sleep(0.3)
            await asyncio.to_thread(frail.stop_broker, kill=True)
            await asyncio.to_thread(frail.start_broker)

    breaking = asyncio.create_task(break_it())
    sent = 0
    while not breaking.done() or sent < 200:
        await send_until_acknowledged(producer, stage.record(str(sent)))
        sent += 1
    await breaking
    await read_to_the_end(await stage.consumer(), stage.table)
    assert firsts(stage.table.values()) == list(range(sent))


async def test_order_holds_after_a_time_out_of_a_broker_that_was_only_slow(stage: Stage, frail: LocalKafka) -> None:
    producer = await stage.producer()
    await producer.send([stage.record("0")])
    (pid,) = frail.pids
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(0.5)  # a signal takes its time to reach all threads
    try:
        with pytest.raises(SendError):
            await producer.send([stage.record("1"), stage.record("2")])  # these are in the broker's socket
    finally:
        os.kill(pid, signal.SIGCONT)
    for n in range(1, 20):
        await send_until_acknowledged(producer, stage.record(str(n)))
    await asyncio.sleep(0.5)  # what the broker still had to read has had its time
    await read_to_the_end(await stage.consumer(), stage.table)
    assert firsts(stage.table.values()) == list(range(20))


async def test_a_cluster_that_hangs_is_away_for_whoever_asks_and_is_asked_again(frail: LocalKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontdoor_chassis.bus.kafka_admin._TRY_SECONDS", 1.0)
    monkeypatch.setattr("frontdoor_chassis.bus.kafka_admin._TRIES", 2)
    admin = KafkaAdmin(frail.bootstrap, {})
    await admin.cluster()
    (pid,) = frail.pids
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        asked = []
        for _ in range(3):  # each gives up at another time, and the connection of all of them with it
            asked.append(asyncio.create_task(admin.partitions(["referrals"])))
            await asyncio.sleep(0.7)
        ended = await asyncio.gather(*asked, return_exceptions=True)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert [type(each) for each in ended] == [ConnectionError] * 3
    await admin.cluster()


async def test_a_failure_ends_every_send_that_is_under_way(stage: Stage, frail: LocalKafka) -> None:
    producer = await stage.producer()
    await producer.send([stage.record("before")])
    await asyncio.to_thread(frail.stop_broker)
    try:
        ended = await asyncio.wait_for(
            asyncio.gather(*(producer.send([stage.record(str(n))]) for n in range(10)), return_exceptions=True), SEND_SECONDS * 4
        )
        assert all(isinstance(each, SendError) for each in ended)
    finally:
        await asyncio.to_thread(frail.start_broker)
    await producer.send([stage.record("after")])


async def test_a_cancelled_send_leaves_a_producer_that_works(stage: Stage) -> None:
    producer = await stage.producer()
    sending = asyncio.create_task(producer.send([stage.record(str(n)) for n in range(1000)]))
    await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await producer.send([stage.record("1000")])
    await read_to_the_end(await stage.consumer(), stage.table)
    assert stage.table.values()[-1] == b"1000"


async def test_a_consumer_goes_on_when_the_broker_comes_back(stage: Stage, frail: LocalKafka) -> None:
    producer, consumer = await stage.producer(), await stage.consumer()
    await producer.send([stage.record("0")])
    await stage.drain(consumer, until=1)
    await asyncio.to_thread(frail.stop_broker, kill=True)
    assert await consumer.poll(max_records=5, timeout=0.5) is None
    await consumer.rewind()  # takes its place again, for which the broker would be needed
    assert await consumer.poll(max_records=5, timeout=0.5) is None
    await asyncio.to_thread(frail.start_broker)
    await send_until_acknowledged(producer, stage.record("1"))
    await stage.drain(consumer, until=2)
    assert firsts(stage.table.values()) == [0, 1]


_MEMBER = """
import asyncio, sys
from frontdoor_chassis.bus.kafka import KafkaBus
from support.positions import PositionTable

async def hold():
    bus = KafkaBus(sys.argv[1], client_id="member")
    consumer = await bus.consumer(topics=[sys.argv[2]], group=sys.argv[3], positions=PositionTable())
    await consumer.poll(max_records=1, timeout=0)
    print("in the group", flush=True)
    await asyncio.sleep(120)

asyncio.run(hold())
"""


async def test_a_consumer_that_was_killed_holds_the_others_up_for_one_session_only(stage: Stage, frail: LocalKafka) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    member = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _MEMBER, frail.bootstrap, stage.topic, stage.group, stdout=asyncio.subprocess.PIPE, env=environment
    )
    assert member.stdout is not None
    assert await member.stdout.readline() == b"in the group\n"
    member.kill()
    await member.wait()
    await stage.send("0")
    began = time.monotonic()
    await stage.drain(await stage.consumer(), until=1)
    assert time.monotonic() - began < 15  # a session of 6 s, and a machine that is busy


async def test_moves_go_past_what_carries_no_record(kafka: Kafka) -> None:
    async with kafka_stage(kafka.bootstrap) as stage:
        await stage.create()
        transactional = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=uuid.uuid4().hex)
        await transactional.start()
        for n in range(3):
            async with transactional.transaction():
                await transactional.send_and_wait(stage.topic, str(n).encode(), key=b"case", partition=0)
        await transactional.stop()
        consumer = await stage.consumer()
        await read_to_the_end(consumer, stage.table)
        assert [r.offset for r in stage.table.done] == [0, 2, 4]  # a transaction's marker takes an offset
        assert stage.table.rows[stage.topic, 0].offset == 6
        await consumer.rewind()
        assert await consumer.poll(max_records=5, timeout=0.5) is None


async def test_a_topic_created_again_under_a_consumer_is_noticed(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_bus, "_IDENTITY_SECONDS", 0.0)
    async with kafka_stage(kafka.bootstrap) as stage:
        await stage.create()
        await stage.send(*(str(n) for n in range(3)))
        consumer = await stage.consumer()
        await stage.drain(consumer, until=3)
        await stage.topics.recreate(stage.topic)
        await stage.send(*(f"new {n}" for n in range(10)))  # longer than the position: no fetch fails
        with pytest.raises(PositionLostError, match=r"created again|no longer there"):
            await asyncio.wait_for(poll_for_ever(consumer, stage.table), 20)
        assert stage.table.values() == [b"0", b"1", b"2"]


async def test_who_writes_a_topic_misses_it_when_it_is_deleted(kafka: Kafka) -> None:
    async with kafka_stage(kafka.bootstrap) as stage:
        await stage.create()
        await stage.bus.require([stage.topic])
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        await asyncio.wrap_future(admin.delete_topics([stage.topic])[stage.topic])

        async def missed() -> bool:
            try:
                await stage.bus.require([stage.topic])
            except LookupError as error:
                return stage.topic in str(error)
            return False

        await until(missed)


async def test_a_topic_of_another_identity_is_noticed_though_the_group_did_not_change(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kafka_stage(kafka.bootstrap) as stage:
        await stage.create()
        producer = await stage.producer()
        await producer.send([stage.record("0")])
        consumer = await stage.consumer()
        await stage.drain(consumer, until=1)
        monkeypatch.setattr(kafka_bus, "_IDENTITY_SECONDS", 0.0)

        async def another(self: KafkaAdmin, topics: Sequence[str]) -> dict[str, str]:
            return dict.fromkeys(topics, "another")

        monkeypatch.setattr(KafkaAdmin, "topic_ids", another)
        await producer.send([stage.record("1")])
        with pytest.raises(PositionLostError, match="created again"):
            await consumer.poll(max_records=5, timeout=10)


async def test_what_was_fetched_before_a_partition_was_taken_away_is_not_handed_over(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    async with kafka_stage(kafka.bootstrap) as stage:
        await stage.create(partitions=2)
        first = await stage.consumer()
        await first.poll(max_records=1, timeout=0)
        await (await stage.producer()).send([stage.record(str(n), key=str(n)) for n in range(50)])
        monkeypatch.setattr(kafka_bus, "_IDENTITY_SECONDS", 0.0)
        real, joined = KafkaAdmin.topic_ids, []

        async def meanwhile(self: KafkaAdmin, topics: Sequence[str]) -> dict[str, str]:
            monkeypatch.undo()
            joined.append(await stage.consumer())  # after the fetch, before it is handed over
            return await real(self, topics)

        monkeypatch.setattr(KafkaAdmin, "topic_ids", meanwhile)
        batch = await first.poll(max_records=50, timeout=10)
        assert joined
        assert batch is not None
        assert len({r.partition for r in batch.records}) == 1


async def test_retention_that_overtakes_a_running_consumer_is_noticed(kafka: Kafka) -> None:
    async with kafka_stage(kafka.bootstrap) as stage:
        await stage.create()
        consumer = await stage.consumer()
        producer = await stage.producer()
        # So large that only the first two or so have been fetched before the rest is deleted.
        await producer.send([Record(stage.topic, b"case", b"x" * 1_000_000) for _ in range(10)])
        await stage.drain(consumer, until=1, max_records=1)
        await stage.topics.trim(stage.topic, 9)
        with pytest.raises(PositionLostError, match="begins at 9"):
            await asyncio.wait_for(poll_for_ever(consumer, stage.table), 20)
        assert [r.offset for r in stage.table.done] == list(range(len(stage.table.done)))


async def poll_for_ever(consumer: Consumer, table: PositionTable) -> None:
    while True:
        batch = await consumer.poll(max_records=1, timeout=1)
        if batch is not None:
            table.commit(batch)


async def test_three_brokers_lose_nothing_when_one_is_killed(tmp_path: Path) -> None:
    with LocalKafka(tmp_path, brokers=3, heap_mb=HEAP_MB) as cluster:
        await ensure_topics(cluster.bootstrap, {"referrals": 3}, replication=3)
        await ensure_topics(cluster.bootstrap, {"alone": 3}, replication=1)
        bus, table = KafkaBus(cluster.bootstrap, client_id="test"), PositionTable()
        async with AsyncExitStack() as stack:
            producer = await bus.producer()
            stack.push_async_callback(producer.close)
            consumer = await bus.consumer(topics=["referrals"], group="router", positions=table)
            stack.push_async_callback(consumer.close)
            for n in range(300):
                if n == 100:
                    await asyncio.to_thread(cluster.stop_broker, 2, kill=True)
                    with pytest.raises(ConnectionError):  # the cluster has not noticed yet, and reports no error
                        await bus.ends(["alone"])
                await send_until_acknowledged(producer, Record("referrals", f"case-{n % 7}".encode(), str(n).encode()))
            await read_to_the_end(consumer, table)
            assert await bus.ends(["referrals"]) == table.rows
            with pytest.raises(ConnectionError):  # by now it reports that one of the partitions has nobody
                await bus.ends(["alone"])
    assert set(firsts(table.values())) == set(range(300))
    for case in range(7):
        mine = firsts([r.value for r in table.done if r.key == f"case-{case}".encode()])
        assert mine == sorted(mine)
