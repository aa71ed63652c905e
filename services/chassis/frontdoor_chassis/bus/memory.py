"""The bus in memory, for tests: the same promises and refusals as the others, and hooks to bring the refusals about."""

import asyncio
import time
import uuid
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from frontdoor_chassis.bus.ports import Batch, Move, Position, PositionLostError, Positions, Received, Record, SendError
from frontdoor_chassis.bus.sizes import check_sizes
from frontdoor_chassis.bus.starting import Log

Slot = tuple[str, int]
"""A topic and one of its partitions."""


@dataclass(slots=True)
class _Partition:
    records: list[Received] = field(default_factory=list)
    beginning: int = 0

    @property
    def end(self) -> int:
        return self.beginning + len(self.records)


@dataclass(slots=True)
class _Topic:
    partitions: list[_Partition]
    topic_id: str = field(default_factory=lambda: uuid.uuid4().hex)


class MemoryBus:
    """A bus within one process. Topics have to exist, as on a real one."""

    def __init__(self, topics: Mapping[str, int] | None = None) -> None:
        """`topics` are numbers of partitions by topic."""
        self._topics: dict[str, _Topic] = {}
        self._groups: dict[str, _Group] = {}
        self._failing_after: int | None = None
        self._sent = asyncio.Event()
        for topic, partitions in (topics or {}).items():
            self.create_topic(topic, partitions=partitions)

    async def producer(self) -> "MemoryProducer":
        """Ready at once."""
        return MemoryProducer(self)

    async def consumer(self, *, topics: Sequence[str], group: str, positions: Positions) -> "MemoryConsumer":
        """Joins the group, which shares its partitions out anew. Raises `LookupError` for an unknown topic."""
        self._require(topics)
        return MemoryConsumer(self, self._groups.setdefault(group, _Group()), topics=topics, positions=positions)

    async def require(self, topics: Sequence[str]) -> None:
        """As the port says."""
        self._require(topics)

    async def ends(self, topics: Sequence[str]) -> Mapping[Slot, Position]:
        """As the port says."""
        self._require(topics)
        logs = [self.log(slot) for slot in self.slots(topics)]
        return {(log.topic, log.partition): Position(log.topic_id, log.end) for log in logs}

    def _require(self, topics: Sequence[str]) -> None:
        missing = set(topics) - set(self._topics)
        if missing:
            raise LookupError(f"no such topic: {', '.join(sorted(missing))}")

    async def ready(self) -> None:
        """It always is."""

    def create_topic(self, topic: str, *, partitions: int) -> None:
        """Add a topic, or replace it by an empty one with another identity, as deleting and creating it does."""
        self._topics[topic] = _Topic([_Partition() for _ in range(partitions)])
        for group in self._groups.values():
            group.generation += 1

    def trim(self, topic: str, partition: int, *, before: int) -> None:
        """Delete the records before an offset, as retention does."""
        log = self._topics[topic].partitions[partition]
        before = min(before, log.end)
        del log.records[: max(0, before - log.beginning)]
        log.beginning = max(log.beginning, before)

    def fail_next_send(self, *, after: int) -> None:
        """Let the next `send` raise `SendError` when so many of its records are on the bus."""
        self._failing_after = after

    def records(self, topic: str) -> list[Received]:
        """What the topic holds, partition by partition."""
        return [record for log in self._topics[topic].partitions for record in log.records]

    def append(self, records: Sequence[Record]) -> None:
        """What a producer's `send` does, for a test that has no loop."""
        unknown = {r.topic for r in records} - set(self._topics)
        if unknown:
            raise SendError(f"no such topic: {', '.join(sorted(unknown))}")
        failing_after, self._failing_after = self._failing_after, None
        for record in records[:failing_after]:
            number = zlib.crc32(record.key) % len(self._topics[record.topic].partitions)
            log = self._topics[record.topic].partitions[number]
            log.records.append(Received(record.topic, number, log.end, record.key, record.value, record.headers))
        sent, self._sent = self._sent, asyncio.Event()
        sent.set()
        if failing_after is not None:
            raise SendError(f"failed, as asked for, after {failing_after} records")

    def log(self, slot: Slot) -> Log:
        """One partition as it stands. Raises `PositionLostError` for a topic that is gone."""
        topic = self._topics.get(slot[0])
        if topic is None or slot[1] >= len(topic.partitions):
            raise PositionLostError(f"{slot[0]}[{slot[1]}] is no longer there")
        partition = topic.partitions[slot[1]]
        return Log(*slot, topic.topic_id, partition.beginning, partition.end)

    def read(self, slot: Slot, offset: int, limit: int) -> list[Received]:
        """Records of one partition from an offset on."""
        partition = self._topics[slot[0]].partitions[slot[1]]
        start = offset - partition.beginning
        return partition.records[start : start + limit]

    def slots(self, topics: Sequence[str]) -> list[Slot]:
        """Every partition of these topics."""
        return [(t, n) for t in sorted(topics) if t in self._topics for n in range(len(self._topics[t].partitions))]

    def sent(self) -> asyncio.Event:
        """Set at the next send; take it before looking."""
        return self._sent


class MemoryProducer:
    """Sends at once."""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus

    async def send(self, records: Sequence[Record]) -> None:
        """All of them, or as many as `fail_next_send` said."""
        check_sizes(records)
        self._bus.append(records)

    async def close(self) -> None:
        """Nothing to let go of."""


class _Group:
    """Shares partitions out among its members in turn; whoever joins or leaves changes everybody's share."""

    def __init__(self) -> None:
        self.generation = 0
        self._members: list[MemoryConsumer] = []

    def join(self, member: "MemoryConsumer") -> None:
        self._members.append(member)
        self.generation += 1

    def leave(self, member: "MemoryConsumer") -> None:
        if member in self._members:
            self._members.remove(member)
            self.generation += 1

    def share(self, member: "MemoryConsumer", slots: Sequence[Slot]) -> list[Slot]:
        if member not in self._members:
            return []
        return list(slots[self._members.index(member) :: len(self._members)])


class MemoryConsumer:
    """Reads its share of the partitions."""

    def __init__(self, bus: MemoryBus, group: _Group, *, topics: Sequence[str], positions: Positions) -> None:
        self._bus = bus
        self._group = group
        self._topics = tuple(topics)
        self._positions = positions
        self._generation = -1
        self._turn = 0
        self._seating = asyncio.Lock()  # `lag` is asked by others than the reader
        self._offsets: dict[Slot, int] = {}
        self._topic_ids: dict[Slot, str] = {}
        group.join(self)

    async def poll(self, *, max_records: int, timeout: float) -> Batch | None:
        """As the port says."""
        deadline = time.monotonic() + timeout
        while True:
            sent = self._bus.sent()
            await self._take_seat()
            batch = self._look(max_records)
            left = deadline - time.monotonic()
            if batch is not None or left <= 0:
                return batch
            try:
                async with asyncio.timeout(min(left, _REBALANCE_SECONDS)):
                    await sent.wait()
            except TimeoutError:
                continue

    async def rewind(self) -> None:
        """Positions are loaded at the next poll."""
        self._generation = -1

    async def lag(self) -> int:
        """Of this consumer's share."""
        await self._take_seat()
        return sum(self._bus.log(slot).end - offset for slot, offset in self._offsets.items())

    async def close(self) -> None:
        """Leave the group; the others take over at once."""
        self._group.leave(self)

    def _look(self, max_records: int) -> Batch | None:
        records: list[Received] = []
        moves = []
        for slot in self._in_turn():
            offset = self._offsets[slot]
            if read := self._bus.read(slot, offset, max_records - len(records)):
                moves.append(Move(*slot, self._topic_ids[slot], offset, offset + len(read)))
                records += read
        self._offsets.update({(m.topic, m.partition): m.new for m in moves})
        return Batch(tuple(records), tuple(moves)) if records else None

    async def _take_seat(self) -> None:
        async with self._seating:
            while self._generation != self._group.generation:
                generation = self._group.generation
                held = await self._positions.load(self._topics)
                share = self._group.share(self, self._bus.slots(self._topics))
                if generation != self._group.generation:
                    continue  # somebody came or went while the positions were loaded
                logs = {slot: self._bus.log(slot) for slot in share}
                self._offsets = {slot: log.start(held.get(slot)) for slot, log in logs.items()}
                self._topic_ids = {slot: log.topic_id for slot, log in logs.items()}
                self._generation = generation
        for slot, offset in self._offsets.items():
            self._bus.log(slot).start(Position(self._topic_ids[slot], offset))  # records may have gone meanwhile

    def _in_turn(self) -> list[Slot]:
        # A partition with much to read must not keep the others waiting.
        self._turn += 1
        slots = list(self._offsets)
        first = self._turn % max(1, len(slots))
        return slots[first:] + slots[:first]


_REBALANCE_SECONDS = 0.02  # how late a member notices that another came or went
