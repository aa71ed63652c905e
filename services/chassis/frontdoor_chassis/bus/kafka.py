"""The bus on Apache Kafka: aiokafka for records, confluent-kafka for what concerns the cluster."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from frontdoor_chassis.bus.kafka_admin import KafkaAdmin, Security, aiokafka_security, ensure_topics
from frontdoor_chassis.bus.ports import (
    Batch,
    Move,
    PositionLostError,
    Positions,
    Received,
    Record,
    RecordTooLargeError,
    SendError,
)
from frontdoor_chassis.bus.sizes import MAX_RECORD_BYTES, check_sizes
from frontdoor_chassis.bus.starting import Log

__all__ = ["KafkaBus", "KafkaConsumer", "KafkaProducer", "Security", "ensure_topics"]

log = structlog.get_logger(__name__)

SEND_SECONDS = 30.0
"""After this a send is given up. A failover with three brokers on one machine took 11.6 s at worst."""

_BATCH_BYTES = 262_144  # a flush of 512 small records then leaves in one request a partition
_SESSION_MS = 6_000  # for so long do the others stand still after a kill; the default is 45 s
_HEARTBEAT_MS = 1_000
_REQUEST_MS = 15_000  # has to be longer than the session: joining a group takes up to that
_START_SECONDS = 40.0  # a member that died without leaving holds the group for one session
_STOP_SECONDS = 2.0
_IDENTITY_SECONDS = 5.0  # a fetch names a topic without its identity, so that is asked for again
_REBALANCE_GRACE_SECONDS = 0.5


class KafkaBus:
    """Makes producers and consumers on one cluster under one account."""

    def __init__(
        self,
        bootstrap: str,
        *,
        client_id: str,
        security: Security | None = None,
        send_seconds: float = SEND_SECONDS,
    ) -> None:
        self._bootstrap = bootstrap
        self._security = security or Security()
        self._send_seconds = send_seconds
        self._admin_client: KafkaAdmin | None = None
        self._client_id = client_id

    async def producer(self) -> "KafkaProducer":
        """A producer that has reached the cluster. Raises `ConnectionError` with the reason."""
        producer = KafkaProducer(self._connection(), send_seconds=self._send_seconds)
        try:
            await producer.start()
        except SendError as error:
            await self._admin().cluster()  # says more than aiokafka does
            raise ConnectionError(str(error)) from error
        return producer

    async def consumer(self, *, topics: Sequence[str], group: str, positions: Positions) -> "KafkaConsumer":
        """A member of the group. Raises `ConnectionError`, or `LookupError` for a topic that does not exist."""
        missing = set(topics) - set(await self._admin().topic_ids(topics))
        if missing:
            raise LookupError(f"no such topic: {', '.join(sorted(missing))}")
        consumer = KafkaConsumer(self._connection(), topics=topics, group=group, positions=positions, admin=self._admin())
        await consumer.start()
        return consumer

    async def ready(self) -> None:
        """Return when the cluster answers under this account; raise `ConnectionError` with the reason."""
        await self._admin().cluster()

    def _connection(self) -> dict[str, Any]:
        return {
            "bootstrap_servers": self._bootstrap,
            "client_id": self._client_id,
            **aiokafka_security(self._security),
        }

    def _admin(self) -> KafkaAdmin:
        if self._admin_client is None:
            self._admin_client = KafkaAdmin(self._bootstrap, self._security)
        return self._admin_client


class KafkaProducer:
    """Sends idempotently; after a failure everything that was under way is given up and the connection is made anew.

    Making it anew is what keeps the order: an idempotent producer goes on behind a batch that it timed out.
    """

    def __init__(self, connection: dict[str, Any], *, send_seconds: float) -> None:
        self._connection = connection
        self._seconds = send_seconds
        self._inner: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._enqueuing = asyncio.Lock()  # the records of one call stay together and calls keep their order

    async def start(self) -> None:
        """Connect now instead of at the first send."""
        await self._connected()

    async def send(self, records: Sequence[Record]) -> None:
        """Return when every record is on all replicas in sync. Records of calls side by side do not mix."""
        check_sizes(records)
        inner = await self._connected()
        acknowledgements: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout(self._seconds):
                await self._enqueue(inner, records, acknowledgements)
                for acknowledgement in acknowledgements:
                    await acknowledgement
        except MessageSizeTooLargeError as error:
            raise RecordTooLargeError(str(error)) from error
        except (KafkaError, TimeoutError) as error:
            raise SendError(_said(error, "not acknowledged in time")) from error
        finally:
            if not all(_succeeded(a) for a in acknowledgements) or len(acknowledgements) < len(records):
                await self._discard(inner)

    async def close(self) -> None:
        """Let what was handed over leave, then disconnect."""
        inner, self._inner = self._inner, None
        if inner is not None:
            try:
                async with asyncio.timeout(_STOP_SECONDS):
                    await inner.stop()
            except TimeoutError:
                await _tear_down(inner)

    async def _enqueue(self, inner: AIOKafkaProducer, records: Sequence[Record], acknowledgements: list["asyncio.Future[Any]"]) -> None:
        async with self._enqueuing:
            for r in records:
                acknowledgement = await inner.send(r.topic, r.value, key=r.key, headers=list(r.headers))
                acknowledgements.append(acknowledgement)

    async def _connected(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._inner is None:
                self._inner = await self._connect()
            return self._inner

    async def _connect(self) -> AIOKafkaProducer:
        inner = AIOKafkaProducer(
            enable_idempotence=True,
            acks="all",
            linger_ms=0,
            max_batch_size=_BATCH_BYTES,
            max_request_size=MAX_RECORD_BYTES,
            request_timeout_ms=int(self._seconds * 1000),
            **self._connection,
        )
        try:
            async with asyncio.timeout(self._seconds):
                await inner.start()
        except (KafkaError, TimeoutError) as error:
            await _tear_down(inner)
            raise SendError(_said(error, "Kafka did not answer in time")) from error
        except BaseException:  # cancelled while connecting: nobody else would close the connection
            await _tear_down(inner)
            raise
        return inner

    async def _discard(self, inner: AIOKafkaProducer) -> None:
        if self._inner is inner:
            self._inner = None
        await _tear_down(inner)


async def _tear_down(inner: AIOKafkaProducer) -> None:
    """End a producer without letting anything else leave; its own `stop` would first send what is queued."""
    sender = inner._sender.sender_task  # noqa: SLF001 - aiokafka has no way to stop without flushing
    if sender is not None:
        sender.cancel()
    await inner.client.close()
    if sender is not None:
        await asyncio.wait({sender}, timeout=_STOP_SECONDS)
    lost = SendError("given up after an earlier failure on the same connection")
    inner._message_accumulator.fail_all(lost)  # noqa: SLF001 - frees whoever still waits for an acknowledgement
    with suppress(Exception):  # whatever it says about its ending, it has ended
        async with asyncio.timeout(_STOP_SECONDS):
            await inner.stop()


def _succeeded(acknowledgement: "asyncio.Future[Any]") -> bool:
    # Asking for the exception also marks it as seen.
    return acknowledgement.done() and not acknowledgement.cancelled() and acknowledgement.exception() is None


def _said(error: BaseException, otherwise: str) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else otherwise


class _Assignments(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka does not type it
    """Notes that partitions came or went. No I/O here: aiokafka swallows what a listener raises."""

    def __init__(self) -> None:
        self.generation = 0
        self.settled = asyncio.Event()

    def on_partitions_revoked(self, revoked: Any) -> None:  # noqa: ARG002 - aiokafka's signature
        self.generation += 1
        self.settled.clear()

    def on_partitions_assigned(self, assigned: Any) -> None:  # noqa: ARG002 - aiokafka's signature
        self.generation += 1
        self.settled.set()


@dataclass(slots=True)
class _Seat:
    """Where reading stands under one assignment."""

    generation: int
    topic_ids: dict[str, str]
    handed_over: dict[TopicPartition, int]
    checked: float


class KafkaConsumer:
    """Reads from the positions of the consumer's database; the group only shares out partitions.

    Nothing is committed to Kafka. At each change of the assignment, `rewind` or failed fetch the positions are loaded
    and judged again before the next record is handed over. A batch of a partition that was taken away meanwhile is
    stopped by its move, in the database.
    """

    def __init__(
        self,
        connection: dict[str, Any],
        *,
        topics: Sequence[str],
        group: str,
        positions: Positions,
        admin: KafkaAdmin,
    ) -> None:
        self._topics = tuple(topics)
        self._positions = positions
        self._admin = admin
        self._listener = _Assignments()
        self._seat: _Seat | None = None
        self._inner = AIOKafkaConsumer(
            group_id=group,
            auto_offset_reset="none",
            enable_auto_commit=False,
            session_timeout_ms=_SESSION_MS,
            heartbeat_interval_ms=_HEARTBEAT_MS,
            request_timeout_ms=_REQUEST_MS,
            **connection,
        )
        self._inner.subscribe(topics=list(topics), listener=self._listener)

    async def start(self) -> None:
        """Join the group and wait for an assignment."""
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._inner.start()
        except BaseException as error:
            await self._inner.stop()
            if isinstance(error, KafkaConnectionError | TimeoutError):
                await self._admin.cluster()  # says more than aiokafka does
                raise ConnectionError(_said(error, "the group gave no assignment in time")) from error
            raise

    async def poll(self, *, max_records: int, timeout: float) -> Batch | None:
        """As the port says. A cluster that cannot be reached is no records, and a line in the log."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                batch = await self._step(max_records, deadline)
            except (OffsetOutOfRangeError, NoOffsetForPartitionError):
                self._seat = None  # taking the seat again finds which rule was broken
                batch = None
            except (KafkaConnectionError, KafkaTimeoutError, ConnectionError) as error:
                log.warning("bus.unreachable", error=_said(error, type(error).__name__))
                self._seat = None
                batch = None
                await asyncio.sleep(max(0.0, deadline - time.monotonic()))
            except BaseException:
                self._seat = None  # what was fetched was not handed over
                raise
            if batch is not None or time.monotonic() >= deadline:
                return batch

    async def rewind(self) -> None:
        """Positions are loaded at the next poll."""
        self._seat = None

    async def lag(self) -> int:
        """Waits for an assignment, so that a rebalance is not taken for quiescence."""
        seat = await self._seated(time.monotonic() + _REQUEST_MS / 1000)
        if seat is None:
            raise ConnectionError("the group gave no assignment in time")
        ends = await self._inner.end_offsets(list(seat.handed_over)) if seat.handed_over else {}
        return sum(max(0, end - seat.handed_over[tp]) for tp, end in ends.items())

    async def close(self) -> None:
        """Leave the group, so that the others do not wait for the session to end."""
        await self._inner.stop()

    async def _step(self, max_records: int, deadline: float) -> Batch | None:
        seat = await self._seated(deadline)
        if seat is None:
            return None
        fetched = await self._fetch(max_records, deadline)
        if fetched and time.monotonic() - seat.checked > _IDENTITY_SECONDS:
            await self._check_identity(seat)
        if seat.generation != self._listener.generation:
            self._seat = None  # what was fetched belongs to an assignment that is over
            return None
        return await self._batch(seat, fetched)

    async def _fetch(self, max_records: int, deadline: float) -> dict[TopicPartition, list[Any]]:
        wait = max(0.0, deadline - time.monotonic())
        try:
            # aiokafka waits without end for a rebalance that begins meanwhile.
            async with asyncio.timeout(wait + _REBALANCE_GRACE_SECONDS):
                fetched: dict[TopicPartition, list[Any]] = await self._inner.getmany(timeout_ms=int(wait * 1000), max_records=max_records)
                return fetched
        except TimeoutError:
            return {}

    async def _batch(self, seat: _Seat, fetched: dict[TopicPartition, list[Any]]) -> Batch | None:
        moves = []
        for tp, old in seat.handed_over.items():
            # Past the last record and past whatever carries none: compacted away, or a transaction's marker.
            new = await self._inner.position(tp)
            if new != old:
                moves.append(Move(tp.topic, tp.partition, seat.topic_ids[tp.topic], old, new))
                seat.handed_over[tp] = new
        if not moves:
            return None
        return Batch(tuple(_received(record) for records in fetched.values() for record in records), tuple(moves))

    async def _seated(self, deadline: float) -> _Seat | None:
        """The seat under the present assignment; None when there is no assignment until the deadline."""
        while self._seat is None or self._seat.generation != self._listener.generation:
            try:
                async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                    await self._listener.settled.wait()
            except TimeoutError:
                return None
            self._seat = await self._take_seat()
        return self._seat

    async def _take_seat(self) -> _Seat | None:
        generation = self._listener.generation
        assigned = sorted(self._inner.assignment())
        # Positions first: a log that grows afterwards cannot end before them.
        held = await self._positions.load(self._topics)
        topic_ids = await self._topic_ids()
        beginnings = await self._inner.beginning_offsets(assigned) if assigned else {}
        ends = await self._inner.end_offsets(assigned) if assigned else {}
        if generation != self._listener.generation:
            return None
        starts = {}
        for tp in assigned:
            partition = Log(tp.topic, tp.partition, topic_ids[tp.topic], beginnings[tp], ends[tp])
            starts[tp] = partition.start(held.get((tp.topic, tp.partition)))
        for tp, offset in starts.items():
            self._inner.seek(tp, offset)
        return _Seat(generation, topic_ids, starts, time.monotonic())

    async def _topic_ids(self) -> dict[str, str]:
        topic_ids = await self._admin.topic_ids(self._topics)
        missing = set(self._topics) - set(topic_ids)
        if missing:
            raise PositionLostError(f"no longer there: {', '.join(sorted(missing))}")
        return topic_ids

    async def _check_identity(self, seat: _Seat) -> None:
        now = await self._topic_ids()
        for topic, topic_id in seat.topic_ids.items():
            if now[topic] != topic_id:
                raise PositionLostError(f"{topic} was created again: read as {topic_id}, now {now[topic]}")
        seat.checked = time.monotonic()


def _received(record: Any) -> Received:
    headers = tuple((name, value or b"") for name, value in record.headers)
    return Received(record.topic, record.partition, record.offset, record.key or b"", record.value or b"", headers)
