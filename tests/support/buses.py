"""The three buses behind one handle, with what only an operator or the passing of time can do to a topic."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import asyncpg
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from frontdoor_chassis.bus import Bus, Consumer, Producer, Record
from frontdoor_chassis.bus.kafka import KafkaBus
from frontdoor_chassis.bus.kafka import ensure_topics as ensure_kafka_topics
from frontdoor_chassis.bus.memory import MemoryBus
from frontdoor_chassis.bus.postgres import PostgresBus
from frontdoor_chassis.bus.postgres import ensure_topics as ensure_postgres_topics
from frontdoor_chassis.bus.postgres_topics import drop_topic, trim_topic
from support.positions import PositionTable

SEND_SECONDS = 5.0  # a test that expects a refusal should not wait for the time that a failover takes


class Topics(Protocol):
    """What is done to topics from outside."""

    async def create(self, topic: str, partitions: int) -> int:
        """Create it and say how many partitions it got."""
        ...

    async def recreate(self, topic: str) -> None:
        """Delete it and create it again, empty."""
        ...

    async def trim(self, topic: str, before: int) -> None:
        """Let retention delete the records before an offset of partition 0."""
        ...


class Stage:
    """One bus, one topic of its own, one group of its own."""

    def __init__(self, bus: Bus, topics: Topics) -> None:
        self.bus = bus
        self.topics = topics
        self.topic = f"referrals-{uuid.uuid4().hex[:8]}"
        self.group = f"router-{uuid.uuid4().hex[:8]}"
        self.table = PositionTable()
        self.partitions = 0
        self._open: list[Consumer | Producer] = []

    async def create(self, partitions: int = 1) -> None:
        self.partitions = await self.topics.create(self.topic, partitions)

    async def consumer(self, table: PositionTable | None = None) -> Consumer:
        consumer = await self.bus.consumer(topics=[self.topic], group=self.group, positions=table or self.table)
        self._open.append(consumer)
        return consumer

    async def producer(self) -> Producer:
        producer = await self.bus.producer()
        self._open.append(producer)
        return producer

    async def send(self, *values: str, key: str = "case") -> None:
        producer = await self.producer()
        await producer.send([self.record(value, key=key) for value in values])

    def record(self, value: str, *, key: str = "case") -> Record:
        return Record(self.topic, key.encode(), value.encode())

    async def drain(self, *consumers: Consumer, until: int, table: PositionTable | None = None, max_records: int = 7) -> None:
        """Poll and commit in turn, until so many records are done."""
        table = table or self.table
        deadline = time.monotonic() + 60
        while len(table.done) < until:
            assert time.monotonic() < deadline, f"only {len(table.done)} of {until} records came"
            for consumer in consumers:
                batch = await consumer.poll(max_records=max_records, timeout=0.2)
                if batch is not None:
                    table.commit(batch)

    async def close(self) -> None:
        await asyncio.gather(*(each.close() for each in self._open))


class _MemoryTopics:
    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus
        self._partitions: dict[str, int] = {}

    async def create(self, topic: str, partitions: int) -> int:
        self._partitions[topic] = partitions
        self._bus.create_topic(topic, partitions=partitions)
        return partitions

    async def recreate(self, topic: str) -> None:
        self._bus.create_topic(topic, partitions=self._partitions[topic])

    async def trim(self, topic: str, before: int) -> None:
        self._bus.trim(topic, 0, before=before)


class _PostgresTopics:
    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def create(self, topic: str, partitions: int) -> int:  # noqa: ARG002 - one partition is all there is
        await ensure_postgres_topics(self._pool, [topic], readers={}, writers={})
        return 1

    async def recreate(self, topic: str) -> None:
        await drop_topic(self._pool, topic)
        await self.create(topic, 1)

    async def trim(self, topic: str, before: int) -> None:
        await trim_topic(self._pool, topic, before=before)


class KafkaTopics:
    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._partitions: dict[str, int] = {}
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})

    async def create(self, topic: str, partitions: int) -> int:
        self._partitions[topic] = partitions
        await ensure_kafka_topics(self._bootstrap, {topic: partitions}, replication=1)
        return partitions

    async def recreate(self, topic: str) -> None:
        await asyncio.wrap_future(self._admin.delete_topics([topic])[topic])
        async with asyncio.timeout(20):
            while True:
                try:
                    await self.create(topic, self._partitions[topic])
                except KafkaException:  # the deletion is still under way
                    await asyncio.sleep(0.1)
                else:
                    return

    async def trim(self, topic: str, before: int) -> None:
        at = TopicPartition(topic, 0, before)
        await asyncio.wrap_future(self._admin.delete_records([at])[at])


@asynccontextmanager
async def memory_stage() -> AsyncIterator[Stage]:
    bus = MemoryBus()
    yield Stage(bus, _MemoryTopics(bus))


@asynccontextmanager
async def pool_at(dsn: str, *, max_size: int = 8) -> AsyncIterator[Any]:
    """A pool that ends even when a test that failed left a consumer with its connection."""
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=max_size)
    try:
        yield pool
    finally:
        try:
            await asyncio.wait_for(pool.close(), 5)
        except TimeoutError:
            pool.terminate()


@asynccontextmanager
async def postgres_stage(dsn: str) -> AsyncIterator[Stage]:
    async with pool_at(dsn) as pool:
        stage = Stage(PostgresBus(pool), _PostgresTopics(pool))
        yield stage
        await stage.close()


@asynccontextmanager
async def kafka_stage(bootstrap: str) -> AsyncIterator[Stage]:
    stage = Stage(KafkaBus(bootstrap, client_id="conformance", send_seconds=SEND_SECONDS), KafkaTopics(bootstrap))
    yield stage
    await stage.close()
