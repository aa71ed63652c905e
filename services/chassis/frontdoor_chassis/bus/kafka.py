"""The bus on Apache Kafka: aiokafka for records, confluent-kafka for what concerns the cluster."""

import asyncio
import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaTimeoutError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)

from frontdoor_chassis.bus.kafka_admin import KafkaAdmin, Security, aiokafka_security, ensure_topics
from frontdoor_chassis.bus.kafka_producer import SEND_SECONDS, KafkaProducer, said
from frontdoor_chassis.bus.kafka_stop import stop_consumer
from frontdoor_chassis.bus.ports import (
    Batch,
    Move,
    Position,
    PositionLostError,
    Positions,
    Received,
    SendError,
)
from frontdoor_chassis.bus.starting import Log

__all__ = ["KafkaBus", "KafkaConsumer", "KafkaProducer", "Security", "ensure_topics"]

log = structlog.get_logger(__name__)

_SESSION_MS = 6_000  # for so long do the others stand still after a kill; the default is 45 s
_HEARTBEAT_MS = 1_000
_REQUEST_MS = 15_000  # has to be longer than the session: joining a group takes up to that
_START_SECONDS = 40.0  # a member that died without leaving holds the group for one session
_FETCH_WAIT_MS = 100  # how long a broker holds an empty fetch: there is one at a time, and what it does not ask for waits for its end
_FETCH_BYTES = 8 * 2**20  # of one fetch, and so of what waits here for its turn; more than one record of the largest size
_BOUNDS_SECONDS = 5.0  # aiokafka tries for a whole request, and a service that is to stop waits with it
_IDENTITY_SECONDS = 5.0  # a fetch names a topic without its identity, so that is asked for again
_METADATA_MS = 30_000  # a topic that was away when partitions were shared out is missed for so long; the default is 5 min
_REBALANCE_GRACE_SECONDS = 0.5

_NOT_PERMITTED = (TopicAuthorizationFailedError, GroupAuthorizationFailedError, ClusterAuthorizationFailedError)


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
        """A producer that has reached the cluster. Raises `ConnectionError` or `PermissionError` with the reason."""
        producer = KafkaProducer(self._connection(), send_seconds=self._send_seconds)
        try:
            await producer.start()
        except SendError as error:
            if isinstance(error.__cause__, _NOT_PERMITTED):
                raise PermissionError(f"{self._client_id} may not write to any topic: {error}") from error
            await self._admin().cluster()  # says more than aiokafka does
            raise ConnectionError(str(error)) from error
        return producer

    async def consumer(self, *, topics: Sequence[str], group: str, positions: Positions) -> "KafkaConsumer":
        """A member of the group. Raises `ConnectionError`, `PermissionError`, or `LookupError` for an unknown topic."""
        _require(topics, await self._admin().topic_ids(topics))
        consumer = KafkaConsumer(self._connection(), topics=topics, group=group, positions=positions, admin=self._admin())
        await consumer.start()
        return consumer

    async def ends(self, topics: Sequence[str]) -> Mapping[tuple[str, int], Position]:
        """As the port says."""
        there = await self._admin().partitions(topics)
        _require(topics, there)
        ends = await self._admin().ends({topic: count for topic, (_, count) in there.items()})
        return {(topic, n): Position(there[topic][0], end) for (topic, n), end in ends.items()}

    async def require(self, topics: Sequence[str]) -> None:
        """As the port says. Raises `PermissionError` for a topic that this account may not even ask about."""
        _require(topics, await self._admin().topic_ids(topics))

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


def _require(topics: Sequence[str], there: Collection[str]) -> None:
    missing = set(topics) - set(there)
    if missing:
        raise LookupError(f"no such topic: {', '.join(sorted(missing))}")


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
class _Fetched:
    """Records of one partition that were not handed over yet, and the position after them."""

    partition: TopicPartition
    records: list[Any]
    end: int

    def take(self, most: int) -> "_Fetched":
        """The first of them, which are no longer here then."""
        taken, self.records = self.records[:most], self.records[most:]
        return _Fetched(self.partition, taken, self.records[0].offset if self.records else self.end)


@dataclass(slots=True)
class _Seat:
    """Where reading stands under one assignment, and what was fetched under it."""

    generation: int
    topic_ids: dict[str, str]
    handed_over: dict[TopicPartition, int]
    checked: float
    waiting: deque[_Fetched] = field(default_factory=deque)

    def hand_over(self, most: int) -> Batch | None:
        """So many records, with the moves past them; a partition comes once in a batch, as it was fetched once."""
        taken: list[_Fetched] = []
        while self.waiting and most > 0:
            taken.append(self.waiting[0].take(most))
            most -= len(taken[-1].records)
            if not self.waiting[0].records:
                self.waiting.popleft()
        if not taken:
            return None
        moves = []
        for part in taken:
            tp = part.partition
            moves.append(Move(tp.topic, tp.partition, self.topic_ids[tp.topic], self.handed_over[tp], part.end))
            self.handed_over[tp] = part.end
        return Batch(tuple(_received(record) for part in taken for record in part.records), tuple(moves))


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
        self._seating = asyncio.Lock()  # `lag` is asked by others than the reader, and two who seek would repeat each other's records
        self._inner = AIOKafkaConsumer(
            group_id=group,
            auto_offset_reset="none",
            enable_auto_commit=False,
            session_timeout_ms=_SESSION_MS,
            heartbeat_interval_ms=_HEARTBEAT_MS,
            request_timeout_ms=_REQUEST_MS,
            metadata_max_age_ms=_METADATA_MS,
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            fetch_max_bytes=_FETCH_BYTES,
            **connection,
        )
        self._inner.subscribe(topics=list(topics), listener=self._listener)

    async def start(self) -> None:
        """Join the group and wait for an assignment."""
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._inner.start()
        except BaseException as error:
            await stop_consumer(self._inner)
            if isinstance(error, _NOT_PERMITTED):
                raise PermissionError(said(error, "not permitted")) from error
            if isinstance(error, KafkaConnectionError | TimeoutError):
                await self._admin.cluster()  # says more than aiokafka does
                raise ConnectionError(said(error, "the group gave no assignment in time")) from error
            raise

    async def poll(self, *, max_records: int, timeout: float) -> Batch | None:
        """As the port says. A cluster that cannot be reached is no records, and a line in the log.

        Raises `PermissionError` when the account may not read a topic or not in this group.
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                batch = await self._step(max_records, deadline)
            except (OffsetOutOfRangeError, NoOffsetForPartitionError):
                self._seat = None  # taking the seat again finds which rule was broken
                batch = None
            except (KafkaConnectionError, KafkaTimeoutError, ConnectionError) as error:
                log.warning("bus.unreachable", error=said(error, type(error).__name__))
                self._seat = None
                batch = None
                await asyncio.sleep(max(0.0, deadline - time.monotonic()))
            except _NOT_PERMITTED as error:
                raise PermissionError(said(error, "not permitted")) from error
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
        ends = await self._ends(list(seat.handed_over))
        return sum(max(0, end - seat.handed_over[tp]) for tp, end in ends.items())

    async def close(self) -> None:
        """Leave the group, so that the others do not wait for the session to end."""
        await stop_consumer(self._inner)

    async def _step(self, max_records: int, deadline: float) -> Batch | None:
        seat = await self._seated(deadline)
        if seat is None:
            return None
        fetched = {} if seat.waiting else await self._fetch(deadline)
        if fetched and time.monotonic() - seat.checked > _IDENTITY_SECONDS:
            await self._check_identity(seat)
        if seat.generation != self._listener.generation:
            self._seat = None  # what was fetched belongs to an assignment that is over, and its positions are never known again
            return None
        if not seat.waiting:
            seat.waiting.extend(await self._ended(seat, fetched))
        return seat.hand_over(max_records)

    async def _fetch(self, deadline: float) -> dict[TopicPartition, list[Any]]:
        """All that has come: while anything of it is left with aiokafka, it stops fetching, or fetches without that partition."""
        wait = max(0.0, deadline - time.monotonic())
        try:
            # aiokafka waits without end for a rebalance that begins meanwhile.
            async with asyncio.timeout(wait + _REBALANCE_GRACE_SECONDS):
                fetched: dict[TopicPartition, list[Any]] = await self._inner.getmany(timeout_ms=int(wait * 1000))
                return fetched
        except TimeoutError:
            return {}

    async def _ended(self, seat: _Seat, fetched: dict[TopicPartition, list[Any]]) -> list[_Fetched]:
        """With the positions after it: past the last record and past whatever carries none, compacted away or a transaction's marker."""
        if fetched:
            return [_Fetched(tp, records, await self._inner.position(tp)) for tp, records in fetched.items()]
        ends = {tp: await self._inner.position(tp) for tp in seat.handed_over}
        return [_Fetched(tp, [], end) for tp, end in ends.items() if end != seat.handed_over[tp]]

    async def _seated(self, deadline: float) -> _Seat | None:
        """The seat under the present assignment; None when there is no assignment until the deadline."""
        while (seat := self._seat) is None or seat.generation != self._listener.generation:
            try:
                async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                    await self._listener.settled.wait()
            except TimeoutError:
                return None
            async with self._seating:
                if self._seat is seat:  # or the other one has taken it meanwhile
                    self._seat = await self._take_seat()
        return seat

    async def _take_seat(self) -> _Seat | None:
        generation = self._listener.generation
        assigned = sorted(self._inner.assignment())
        # Positions first: a log that grows afterwards cannot end before them.
        held = await self._positions.load(self._topics)
        topic_ids = await self._topic_ids()
        # Of partitions that others have, too: a topic created again may have come with none for this consumer.
        for (topic, _), position in held.items():
            _refuse_another(topic, position.topic_id, topic_ids[topic])
        beginnings, ends = await self._bounds(assigned)
        if generation != self._listener.generation:
            return None
        starts = {}
        for tp in assigned:
            partition = Log(tp.topic, tp.partition, topic_ids[tp.topic], beginnings[tp], ends[tp])
            starts[tp] = partition.start(held.get((tp.topic, tp.partition)))
        for tp, offset in starts.items():
            self._inner.seek(tp, offset)
        return _Seat(generation, topic_ids, starts, time.monotonic())

    async def _ends(self, assigned: list[TopicPartition]) -> dict[TopicPartition, int]:
        try:
            async with asyncio.timeout(_BOUNDS_SECONDS):
                ends: dict[TopicPartition, int] = await self._inner.end_offsets(assigned) if assigned else {}
                return ends
        except TimeoutError as error:
            raise ConnectionError("the leaders of the partitions do not answer") from error

    async def _bounds(self, assigned: list[TopicPartition]) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
        if not assigned:
            return {}, {}
        try:
            async with asyncio.timeout(_BOUNDS_SECONDS):
                return await self._inner.beginning_offsets(assigned), await self._ends(assigned)
        except TimeoutError as error:
            raise ConnectionError("the leaders of the partitions do not answer") from error

    async def _topic_ids(self) -> dict[str, str]:
        topic_ids = await self._admin.topic_ids(self._topics)
        missing = set(self._topics) - set(topic_ids)
        if missing:
            raise PositionLostError(f"no longer there: {', '.join(sorted(missing))}")
        return topic_ids

    async def _check_identity(self, seat: _Seat) -> None:
        now = await self._topic_ids()
        for topic, topic_id in seat.topic_ids.items():
            _refuse_another(topic, topic_id, now[topic])
        seat.checked = time.monotonic()


def _refuse_another(topic: str, read: str, now: str) -> None:
    if read != now:
        raise PositionLostError(f"{topic} was created again: read as {read}, now {now}")


def _received(record: Any) -> Received:
    headers = tuple((name, value or b"") for name, value in record.headers)
    return Received(record.topic, record.partition, record.offset, record.key or b"", record.value or b"", headers)
