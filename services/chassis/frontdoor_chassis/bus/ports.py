"""What a service needs of a bus. Order and exactly-once come from the consumer's own database, never from the bus.

A consumer's position lives in the consumer's database and moves in the transaction of the work. The bus only hands
records over from a position on; when the transaction did not commit, the consumer is rewound and hands them over again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Record:
    """A record to be sent."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Received:
    """A record as it was read."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """The next offset to read of one partition, and the identity of the topic that it counts in."""

    topic_id: str
    offset: int


@dataclass(frozen=True, slots=True)
class Move:
    """What the consumer's transaction has to write: `SET off = new WHERE off = old`; no row updated means a zombie."""

    topic: str
    partition: int
    topic_id: str
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Records in order within each partition, and the moves that acknowledge all of them."""

    records: tuple[Received, ...]
    moves: tuple[Move, ...]


class SendError(Exception):
    """Not every record is known to be on the bus. The caller sends again from the first that is not confirmed."""


class RecordTooLargeError(SendError):
    """A record is larger than the bus takes; sending it again cannot help."""


class PositionLostError(Exception):
    """The topic is another than the position was taken in, or does not reach so far: an operator has to decide."""


class Producer(Protocol):
    """Sends records, in order per topic and key."""

    async def send(self, records: Sequence[Record]) -> None:
        """Return when every record is durable. Raises `SendError`; some of them may then be on the bus all the same."""
        ...

    async def close(self) -> None:
        """Let go of connections. Records whose `send` has not returned are not confirmed."""
        ...


class Positions(Protocol):
    """The consumer's own record of how far it has read."""

    async def load(self, topics: Sequence[str]) -> Mapping[tuple[str, int], Position]:
        """Positions by topic and partition; a partition that is missing was never read."""
        ...


class Consumer(Protocol):
    """Reads topics from the positions of its own database, sharing partitions with others of its group."""

    async def poll(self, *, max_records: int, timeout: float) -> Batch | None:
        """The next records, or None when none came within `timeout` seconds. Raises `PositionLostError`."""
        ...

    async def rewind(self) -> None:
        """Forget what was handed over and start again from the positions in the database."""
        ...

    async def lag(self) -> int:
        """Records on the assigned partitions that were not handed over yet."""
        ...

    async def close(self) -> None:
        """Leave the group."""
        ...


class Bus(Protocol):
    """Makes producers and consumers of one bus."""

    async def producer(self) -> Producer:
        """A started producer."""
        ...

    async def consumer(self, *, topics: Sequence[str], group: str, positions: Positions) -> Consumer:
        """A started consumer. `positions` is asked again at every assignment and rewind."""
        ...

    async def ends(self, topics: Sequence[str]) -> Mapping[tuple[str, int], Position]:
        """Where each partition of the topics ends now, whoever reads it: the position of who has read it all.

        Raises `LookupError` for an unknown topic, `ConnectionError` when the bus does not answer.
        """
        ...

    async def require(self, topics: Sequence[str]) -> None:
        """Return when each of these topics is there to be written to.

        Raises `LookupError`, which names those that are not, and `ConnectionError` when the bus does not answer.
        """
        ...

    async def ready(self) -> None:
        """Return when the bus answers; raise the reason when it does not."""
        ...
