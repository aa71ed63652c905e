"""What every bus promises and refuses, tried on the one in memory, the one in PostgreSQL and Apache Kafka."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

import pytest

from frontdoor_chassis.bus import Consumer, Position, PositionLostError, Received, Record, RecordTooLargeError, SendError
from frontdoor_chassis.bus.sizes import MAX_RECORD_BYTES, record_size
from frontdoor_chassis.store.ports import FencedError
from support.buses import Stage, kafka_stage, memory_stage, postgres_stage
from support.positions import PositionTable

_SERVER_FIXTURE = {"memory": None, "postgres": "database", "kafka": "kafka"}


@pytest.fixture(
    params=[
        "memory",
        pytest.param("postgres", marks=pytest.mark.needs_postgres),
        pytest.param("kafka", marks=pytest.mark.needs_kafka),
    ]
)
def address(request: pytest.FixtureRequest) -> tuple[str, str]:
    fixture = _SERVER_FIXTURE[request.param]
    server = request.getfixturevalue(fixture) if fixture else ""
    return request.param, getattr(server, "bootstrap", server)


@pytest.fixture
async def stage(address: tuple[str, str]) -> AsyncIterator[Stage]:
    match address:
        case ("memory", _):
            manager = memory_stage()
        case ("postgres", dsn):
            manager = postgres_stage(dsn)
        case (_, bootstrap):
            manager = kafka_stage(bootstrap)
    async with manager as stage:
        yield stage


def numbered(count: int, *, start: int = 0) -> list[str]:
    return [str(n) for n in range(start, start + count)]


def contiguous(records: list[Received]) -> bool:
    """Whether each partition's records came once, in order and without a gap, from its beginning on."""
    by_partition: dict[int, list[int]] = defaultdict(list)
    for record in records:
        by_partition[record.partition].append(record.offset)
    return all(offsets == list(range(len(offsets))) for offsets in by_partition.values())


async def test_records_of_one_key_keep_their_order_across_lanes(stage: Stage) -> None:
    await stage.create(partitions=4)
    producer = await stage.producer()
    for n in range(20):
        await producer.send([stage.record(f"{key}:{n}", key=f"case-{key}") for key in range(10)])
    await stage.drain(await stage.consumer(), until=200)

    by_key: dict[bytes, list[str]] = defaultdict(list)
    for record in stage.table.done:
        by_key[record.key].append(record.value.decode())
    assert by_key == {f"case-{key}".encode(): [f"{key}:{n}" for n in range(20)] for key in range(10)}
    assert len({record.partition for record in stage.table.done}) == stage.partitions


async def test_a_key_always_goes_to_the_same_partition(stage: Stage) -> None:
    await stage.create(partitions=4)
    for value in numbered(5):
        await stage.send(value, key="case-7")  # a new producer each time
    await stage.drain(await stage.consumer(), until=5)
    assert len({record.partition for record in stage.table.done}) == 1


async def test_sends_side_by_side_do_not_mix_their_records(stage: Stage) -> None:
    await stage.create()
    producer = await stage.producer()
    await asyncio.gather(*(producer.send([stage.record(f"{n}:{i}") for i in range(20)]) for n in range(10)))
    await stage.drain(await stage.consumer(), until=200)
    flushes = [stage.table.values()[n : n + 20] for n in range(0, 200, 20)]
    for flush in flushes:
        first = flush[0].decode().partition(":")[0]
        assert flush == [f"{first}:{i}".encode() for i in range(20)]


async def test_what_was_sent_is_what_is_read(stage: Stage) -> None:
    await stage.create()
    every_byte = bytes(range(256))
    headers = (("ce_id", "ü".encode()), ("ce_id", b"again"), ("seal", every_byte), ("empty", b""))
    sent = [Record(stage.topic, every_byte, every_byte, headers), Record(stage.topic, b"", b"")]
    await (await stage.producer()).send(sent)
    await stage.drain(await stage.consumer(), until=2)
    assert [Record(r.topic, r.key, r.value, r.headers) for r in stage.table.done] == sent


async def test_rewind_hands_over_again_what_was_not_committed(stage: Stage) -> None:
    await stage.create()
    await stage.send(*numbered(10))
    consumer = await stage.consumer()
    first = await consumer.poll(max_records=4, timeout=10)
    await consumer.rewind()
    again = await consumer.poll(max_records=4, timeout=10)
    assert first is not None
    assert first == again


async def test_after_a_rollback_rewind_goes_back_to_the_last_commit(stage: Stage) -> None:
    await stage.create()
    await stage.send(*numbered(10))
    consumer = await stage.consumer()
    committed = await consumer.poll(max_records=4, timeout=10)
    assert committed is not None
    stage.table.commit(committed)
    rolled_back = await consumer.poll(max_records=4, timeout=10)
    assert rolled_back is not None
    await consumer.rewind()
    await stage.drain(consumer, until=10)
    assert stage.table.values() == [n.encode() for n in numbered(10)]


async def test_a_batch_has_at_most_as_many_records_as_asked_for(stage: Stage) -> None:
    await stage.create(partitions=4)
    await (await stage.producer()).send([stage.record(n, key=n) for n in numbered(40)])
    consumer = await stage.consumer()
    while len(stage.table.done) < 40:
        batch = await consumer.poll(max_records=3, timeout=5)
        assert batch is not None
        assert 1 <= len(batch.records) <= 3
        stage.table.commit(batch)
    assert contiguous(stage.table.done)


async def test_a_move_of_a_consumer_that_was_replaced_is_fenced_off(stage: Stage) -> None:
    await stage.create()
    await stage.send(*numbered(10))
    zombie = await stage.consumer()
    late = await zombie.poll(max_records=5, timeout=10)
    assert late is not None
    await zombie.close()
    await stage.drain(await stage.consumer(), until=10)
    with pytest.raises(FencedError):
        stage.table.commit(late)
    assert stage.table.values() == [n.encode() for n in numbered(10)]


async def test_nothing_is_lost_or_done_twice_while_consumers_come_and_go(stage: Stage) -> None:
    await stage.create(partitions=4)
    producer = await stage.producer()
    await producer.send([stage.record(n, key=n) for n in numbered(300)])
    first = await stage.consumer()
    held = await first.poll(max_records=10, timeout=10)  # under way while its partitions are shared out anew
    second = await stage.consumer()
    assert held is not None
    stage.table.commit(held)
    await _work(stage, [first, second], until=200)
    await first.poll(max_records=10, timeout=1)  # never committed: its process dies here
    await first.close()
    await producer.send([stage.record(n, key=n) for n in numbered(100, start=300)])
    await _work(stage, [second], until=400)
    assert contiguous(stage.table.done)
    assert sorted(int(value) for value in stage.table.values()) == list(range(400))


async def _work(stage: Stage, consumers: list[Consumer], *, until: int) -> None:
    """As services do: a fenced batch is given up and the consumer rewound."""
    deadline = time.monotonic() + 60
    while len(stage.table.done) < until:
        assert time.monotonic() < deadline, f"only {len(stage.table.done)} of {until} records came"
        for consumer in consumers:
            batch = await consumer.poll(max_records=10, timeout=0.1)
            if batch is None:
                continue
            await asyncio.sleep(0)
            try:
                stage.table.commit(batch)
            except FencedError:
                await consumer.rewind()


class _Interrupted(PositionTable):
    """Something happens while the positions are loaded."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def load(self, topics: Sequence[str]) -> Mapping[tuple[str, int], Position]:
        held = await super().load(topics)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return held


async def test_no_partition_is_read_by_two_when_it_changes_hands_while_positions_are_loaded(stage: Stage) -> None:
    await stage.create(partitions=4)
    await (await stage.producer()).send([stage.record(n, key=n) for n in numbered(40)])
    table = _Interrupted()
    first = await stage.consumer(table)
    joined: list[Consumer] = []

    async def join() -> None:
        joined.append(await stage.consumer())

    table.meanwhile = join
    read: list[set[int]] = [set(), set()]
    for _ in range(8):
        for consumer, partitions in zip([first, *joined], read, strict=False):
            batch = await consumer.poll(max_records=40, timeout=0.2)
            partitions.update(r.partition for r in (batch.records if batch else ()))
    assert read[0] & read[1] == set()
    assert len(read[0] | read[1]) == stage.partitions


async def test_a_consumer_beside_one_that_has_everything_is_handed_nothing(stage: Stage) -> None:
    await stage.create()
    first = await stage.consumer()
    second = await stage.consumer()
    await stage.send(*numbered(3))
    # Which of the two has the only partition is for the bus to say; that both have it must never be.
    await _work(stage, [first, second], until=3)
    assert await first.poll(max_records=5, timeout=0.2) is None
    assert await second.poll(max_records=5, timeout=0.2) is None
    assert stage.table.values() == [b"0", b"1", b"2"]


async def test_two_groups_each_read_everything(stage: Stage) -> None:
    await stage.create()
    await stage.send(*numbered(5))
    await stage.drain(await stage.consumer(), until=5)
    stage.group, other = f"{stage.group}-other", PositionTable()
    await stage.drain(await stage.consumer(other), until=5, table=other)
    assert other.values() == stage.table.values()


async def test_reading_goes_on_from_a_position_that_was_moved_ahead(stage: Stage) -> None:
    await stage.create()
    await stage.send(*numbered(10))
    consumer = await stage.consumer()
    await stage.drain(consumer, until=1, max_records=1)
    stage.table.put_back(stage.topic, 6)
    await consumer.rewind()
    await stage.drain(consumer, until=5)
    assert stage.table.values() == [b"0", b"6", b"7", b"8", b"9"]


async def test_a_position_that_was_set_back_replays(stage: Stage) -> None:
    await stage.create()
    await stage.send(*numbered(10))
    consumer = await stage.consumer()
    await stage.drain(consumer, until=10)
    stage.table.put_back(stage.topic, 3)
    await consumer.rewind()
    await stage.drain(consumer, until=17)
    assert stage.table.values()[10:] == [n.encode() for n in numbered(7, start=3)]


async def test_a_gap_before_a_position_is_refused(stage: Stage) -> None:
    await stage.create()
    await stage.send(*numbered(10))
    consumer = await stage.consumer()
    await stage.drain(consumer, until=3, max_records=3)
    await stage.topics.trim(stage.topic, 5)
    await consumer.rewind()
    with pytest.raises(PositionLostError, match="begins at 5"):
        await consumer.poll(max_records=5, timeout=10)
    stage.table.put_back(stage.topic, 5)  # an operator has looked at what is missing
    await stage.drain(consumer, until=8)
    assert stage.table.values() == [b"0", b"1", b"2", b"5", b"6", b"7", b"8", b"9"]


async def test_a_topic_never_read_whose_beginning_is_gone_is_refused(stage: Stage) -> None:
    await stage.create()
    await stage.send(*numbered(10))
    await stage.topics.trim(stage.topic, 5)
    consumer = await stage.consumer()
    with pytest.raises(PositionLostError, match="never read"):
        await consumer.poll(max_records=5, timeout=10)


async def test_a_topic_that_was_created_again_is_refused(stage: Stage) -> None:
    await stage.create()
    await stage.send(*numbered(3))
    before = await stage.consumer()
    await stage.drain(before, until=3)
    await before.close()
    await stage.topics.recreate(stage.topic)
    await stage.send(*numbered(10))  # the position is within the new topic, and yet is not of it
    with pytest.raises(PositionLostError, match="created again"):
        await (await stage.consumer()).poll(max_records=5, timeout=10)


async def test_a_position_beyond_the_end_is_refused(stage: Stage) -> None:
    await stage.create()
    await stage.send(*numbered(3))
    consumer = await stage.consumer()
    await stage.drain(consumer, until=3)
    stage.table.put_back(stage.topic, 4)
    await consumer.rewind()
    with pytest.raises(PositionLostError, match="ends at 3"):
        await consumer.poll(max_records=5, timeout=10)


async def test_a_refusal_is_repeated_until_the_position_is_put_right(stage: Stage) -> None:
    await stage.create()
    await stage.send(*numbered(3))
    consumer = await stage.consumer()
    await stage.drain(consumer, until=3)
    stage.table.rows[stage.topic, 0] = Position("another topic", 1)
    await consumer.rewind()
    for _ in range(2):
        with pytest.raises(PositionLostError):
            await consumer.poll(max_records=5, timeout=5)


async def test_the_largest_record_goes_through_and_a_larger_one_takes_nothing_with_it(stage: Stage) -> None:
    await stage.create()
    room = MAX_RECORD_BYTES - record_size(Record(stage.topic, b"case", b""))
    producer = await stage.producer()
    with pytest.raises(RecordTooLargeError, match="1048577"):
        await producer.send([stage.record("small"), Record(stage.topic, b"case", b"x" * (room + 1))])
    await producer.send([Record(stage.topic, b"case", b"x" * room), stage.record("after")])
    await stage.drain(await stage.consumer(), until=2)
    assert [len(value) for value in stage.table.values()] == [room, len("after")]


async def test_lag_is_what_was_not_handed_over_and_zero_at_quiescence(stage: Stage) -> None:
    await stage.create(partitions=2)
    consumer = await stage.consumer()
    assert await consumer.lag() == 0
    await (await stage.producer()).send([stage.record(n, key=n) for n in numbered(10)])
    assert await consumer.lag() == 10
    batch = await consumer.poll(max_records=10, timeout=10)
    assert batch is not None
    assert await consumer.lag() == 10 - len(batch.records)
    await consumer.rewind()
    assert await consumer.lag() == 10
    await stage.drain(consumer, until=10)
    assert await consumer.lag() == 0


async def test_topics_end_where_who_has_read_all_stands(stage: Stage) -> None:
    await stage.create(partitions=2)
    before = await stage.bus.ends([stage.topic])
    assert {at: end.offset for at, end in before.items()} == {(stage.topic, n): 0 for n in range(stage.partitions)}
    await (await stage.producer()).send([stage.record(n, key=n) for n in numbered(10)])
    ends = await stage.bus.ends([stage.topic])
    assert sum(end.offset for end in ends.values()) == 10
    await stage.drain(await stage.consumer(), until=10)
    assert {at: end for at, end in ends.items() if end.offset} == stage.table.rows


async def test_a_topic_that_does_not_exist_has_no_end(stage: Stage) -> None:
    await stage.create()
    with pytest.raises(LookupError):
        await stage.bus.ends([stage.topic, "there-is-none"])


async def test_who_asks_for_the_lag_while_a_place_is_taken_does_not_have_records_handed_over_twice(stage: Stage) -> None:
    await stage.create()
    await stage.send(*numbered(10))
    consumer = await stage.consumer()
    await consumer.poll(max_records=10, timeout=10)
    await consumer.rewind()
    stage.table.hold()
    polling = asyncio.create_task(consumer.poll(max_records=4, timeout=10))
    asking = asyncio.create_task(consumer.lag())
    await asyncio.sleep(0.2)  # both want the positions now
    stage.table.release(first=1)
    batch = await polling
    assert batch is not None
    stage.table.release()
    await asking
    stage.table.commit(batch)
    await stage.drain(consumer, until=10)
    assert stage.table.values() == [n.encode() for n in numbered(10)]


async def test_poll_comes_back_empty_when_its_time_is_up(stage: Stage) -> None:
    await stage.create()
    consumer = await stage.consumer()
    await consumer.poll(max_records=1, timeout=0)  # takes its place first
    began = time.monotonic()
    assert await consumer.poll(max_records=1, timeout=0.3) is None
    assert 0.25 < time.monotonic() - began < 1.5


async def test_poll_wakes_for_a_record_sent_meanwhile(stage: Stage) -> None:
    await stage.create()
    consumer = await stage.consumer()
    producer = await stage.producer()
    await consumer.poll(max_records=1, timeout=0)
    waiting = asyncio.create_task(consumer.poll(max_records=1, timeout=20))
    await asyncio.sleep(0.05)
    began = time.monotonic()
    await producer.send([stage.record("now")])
    assert await waiting is not None
    assert time.monotonic() - began < 2


async def test_nothing_to_send_is_sent_at_once(stage: Stage) -> None:
    await stage.create()
    await (await stage.producer()).send([])


async def test_a_topic_that_does_not_exist_is_named(stage: Stage) -> None:
    with pytest.raises(LookupError, match=stage.topic):
        await stage.consumer()
    with pytest.raises(SendError):
        await stage.send("lost")


async def test_who_writes_topics_is_told_which_of_them_are_not_there(stage: Stage) -> None:
    await stage.create()
    await stage.bus.require([stage.topic])
    await stage.bus.require([])
    with pytest.raises(LookupError, match="there-is-none") as missing:
        await stage.bus.require([stage.topic, "there-is-none"])
    assert stage.topic not in str(missing.value)


async def test_a_bus_that_answers_is_ready(stage: Stage) -> None:
    await stage.bus.ready()
