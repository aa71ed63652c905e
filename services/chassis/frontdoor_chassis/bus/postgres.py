"""The bus in PostgreSQL, for an installation that is one process: a table for each topic, one partition, dense offsets.

Grants on these tables and functions say what a Kafka cluster's access control would say.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson
import structlog

from frontdoor_chassis.bus.ports import (
    Batch,
    Move,
    Position,
    PositionLostError,
    Positions,
    Received,
    Record,
    SendError,
)
from frontdoor_chassis.bus.postgres_topics import PARTITION, append_name, ensure_topics, head_name, table_name
from frontdoor_chassis.bus.sizes import check_sizes
from frontdoor_chassis.bus.starting import Log

__all__ = ["BusWake", "PostgresBus", "PostgresConsumer", "PostgresProducer", "ensure_topics"]

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.1
"""How long a record from another process may lie unnoticed; within the process the sender wakes the readers."""

_UNREACHABLE = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, crashed, starting
    asyncpg.InternalClientError,  # what asyncpg says when the server dies under a statement
)


class BusWake:
    """Lets readers in this process know at once that something was sent. Share one among the buses of a process."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ticket(self) -> asyncio.Event:
        """Take it before looking, so that what is sent after the look is not missed."""
        return self._event

    def set(self) -> None:
        """Wake everybody who holds a ticket."""
        event, self._event = self._event, asyncio.Event()
        event.set()


class PostgresBus:
    """Makes producers and consumers under the role of one pool.

    Each consumer keeps one connection of the pool for as long as it lives.
    """

    def __init__(self, pool: "asyncpg.Pool[Any]", *, wake: BusWake | None = None) -> None:
        self._pool = pool
        self._wake = wake or BusWake()

    async def producer(self) -> "PostgresProducer":
        """Connects at the first send."""
        return PostgresProducer(self._pool, self._wake)

    async def consumer(self, *, topics: Sequence[str], group: str, positions: Positions) -> "PostgresConsumer":
        """Raises `LookupError` for a topic that does not exist, or that this role may not read."""
        await self._require(topics, _MAY_READ, table_name)
        return PostgresConsumer(self._pool, self._wake, topics=topics, group=group, positions=positions)

    async def ends(self, topics: Sequence[str]) -> Mapping[tuple[str, int], Position]:
        """As the port says."""
        try:
            rows = await self._pool.fetch(_heads_query(topics), *topics)
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError, asyncpg.InsufficientPrivilegeError) as error:
            raise LookupError(f"no such topic, or not for this role, among {', '.join(sorted(topics))}") from error
        except (*_UNREACHABLE, asyncpg.InterfaceError, asyncpg.PostgresError) as error:
            raise _away(error) from error
        return {(row["topic"], PARTITION): Position(str(row["topic_id"]), row["next"]) for row in rows}

    async def require(self, topics: Sequence[str]) -> None:
        """As the port says."""
        try:
            await self._require(topics, _MAY_WRITE, append_name)
        except (*_UNREACHABLE, asyncpg.InterfaceError, asyncpg.PostgresError) as error:
            raise _away(error) from error

    async def ready(self) -> None:
        """Return when the database answers; raise `ConnectionError` with the reason."""
        try:
            await self._pool.fetchval("SELECT 1")
        except (*_UNREACHABLE, asyncpg.InterfaceError, asyncpg.PostgresError) as error:
            raise _away(error) from error

    async def _require(self, topics: Sequence[str], privilege: str, name_of: Callable[[str], str]) -> None:
        missing = [topic for topic in topics if not await self._has(privilege, name_of(topic))]
        if missing:
            raise LookupError(f"no such topic, or not for this role: {', '.join(sorted(missing))}")

    async def _has(self, privilege: str, name: str) -> bool:
        try:
            return bool(await self._pool.fetchval(privilege, name))
        except (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidSchemaNameError):
            return False


class PostgresProducer:
    """Sends the records of one call in one transaction: all of them, or none."""

    def __init__(self, pool: "asyncpg.Pool[Any]", wake: BusWake) -> None:
        self._pool = pool
        self._wake = wake

    async def send(self, records: Sequence[Record]) -> None:
        """Return when they are committed. Order holds within a topic, over all its keys."""
        check_sizes(records)
        by_topic: dict[str, list[Record]] = {}
        for record in records:
            by_topic.setdefault(record.topic, []).append(record)
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                # Sorted, because each topic's head stays locked until the commit.
                for topic in sorted(by_topic):
                    await _append(connection, topic, by_topic[topic])
        except (asyncpg.UndefinedFunctionError, asyncpg.InvalidSchemaNameError) as error:
            raise SendError(f"no such topic among {', '.join(sorted(by_topic))}") from error
        except (*_UNREACHABLE, asyncpg.InterfaceError, asyncpg.PostgresError) as error:
            raise SendError(f"{type(error).__name__}: {error}") from error
        self._wake.set()

    async def close(self) -> None:
        """The pool belongs to whoever made it."""


async def _append(connection: Any, topic: str, records: Sequence[Record]) -> None:
    await connection.execute(
        f"SELECT {append_name(topic)}($1, $2, $3)",
        [r.key for r in records],
        [r.value for r in records],
        [_headers_as_text(r.headers) for r in records],
    )


@dataclass(slots=True)
class _Reading:
    """Where reading one topic stands."""

    topic_id: str
    offset: int


class PostgresConsumer:
    """Reads the topics of which it has the group's lock, on the connection that holds the lock.

    A consumer that lost its connection has thereby lost its topics, and cannot read before it has them again. The
    others of the group wait for them.
    """

    def __init__(self, pool: "asyncpg.Pool[Any]", wake: BusWake, *, topics: Sequence[str], group: str, positions: Positions) -> None:
        self._pool = pool
        self._wake = wake
        self._topics = tuple(topics)
        self._group = group
        self._positions = positions
        self._connection: Any = None
        self._locked: set[str] = set()
        self._turn = 0
        self._one_at_a_time = asyncio.Lock()  # `lag` is asked by others than the reader, and there is one connection
        self._reading: dict[str, _Reading] = {}
        self._heads_query = _heads_query(self._topics)

    async def poll(self, *, max_records: int, timeout: float) -> Batch | None:
        """As the port says. A database that cannot be reached is no records, and a line in the log."""
        deadline = time.monotonic() + timeout
        while True:
            ticket = self._wake.ticket()
            try:
                async with self._one_at_a_time:
                    batch = await self._look(max_records)
            except (*_UNREACHABLE, asyncpg.InterfaceError) as error:
                if isinstance(error, asyncpg.InterfaceError) and not self._cut_off():
                    raise
                log.warning("bus.unreachable", error=f"{type(error).__name__}: {error}")
                await self._disconnect()
                batch = None
            except BaseException:
                self._reading.clear()  # what was read was not handed over
                raise
            left = deadline - time.monotonic()
            if batch is not None or left <= 0:
                return batch
            try:
                async with asyncio.timeout(min(POLL_SECONDS, left)):
                    await ticket.wait()
            except TimeoutError:
                continue

    async def rewind(self) -> None:
        """Positions are loaded at the next poll."""
        self._reading.clear()

    async def lag(self) -> int:
        """Of the topics of which this consumer has the lock."""
        async with self._one_at_a_time:
            logs = await self._judge()
        return sum(logs[topic].end - reading.offset for topic, reading in self._reading.items())

    async def close(self) -> None:
        """Let another of the group have the topics."""
        await self._disconnect()

    async def _look(self, max_records: int) -> Batch | None:
        logs = await self._judge()
        records: list[Received] = []
        moves = []
        for topic in self._in_turn():
            reading = self._reading[topic]
            if reading.offset < logs[topic].end and len(records) < max_records:
                read = await self._read(topic, reading, max_records - len(records))
                moves.append(Move(topic, PARTITION, reading.topic_id, reading.offset, reading.offset + len(read)))
                records += read
        for move in moves:
            self._reading[move.topic].offset = move.new
        return Batch(tuple(records), tuple(moves)) if records else None

    def _in_turn(self) -> list[str]:
        # A topic with much to read must not keep the others waiting.
        self._turn += 1
        topics = list(self._reading)
        first = self._turn % max(1, len(topics))
        return topics[first:] + topics[:first]

    async def _read(self, topic: str, reading: _Reading, limit: int) -> list[Received]:
        try:
            rows = await self._connection.fetch(_read_query(topic), reading.offset, limit)
        except asyncpg.UndefinedTableError as error:
            raise PositionLostError(f"{topic} is no longer there") from error
        # In one statement with the records: between two, the topic could be another.
        if any(str(row["topic_id"]) != reading.topic_id for row in rows):
            raise PositionLostError(f"{topic} was created again")
        expected = range(reading.offset, reading.offset + len(rows))
        if [row["off"] for row in rows] != list(expected):
            raise PositionLostError(f"{topic} has a gap after {reading.offset}")
        return [Received(topic, PARTITION, row["off"], row["key"], row["value"], _headers_as_bytes(row["headers"])) for row in rows]

    async def _judge(self) -> dict[str, Log]:
        """Look at every topic's head, take what is free, and refuse what cannot be read from where it was left."""
        await self._lock_what_is_free()
        unread = sorted(self._locked - set(self._reading))
        # Positions first: a topic that grows afterwards cannot end before them.
        held = await self._positions.load(unread) if unread else {}
        logs = await self._heads()
        for topic in sorted(self._locked):
            reading = self._reading.get(topic)
            position = Position(reading.topic_id, reading.offset) if reading else held.get((topic, PARTITION))
            offset = logs[topic].start(position)
            self._reading[topic] = _Reading(logs[topic].topic_id, offset)
        return logs

    async def _heads(self) -> dict[str, Log]:
        try:
            rows = await self._connection.fetch(self._heads_query, *self._topics)
        except asyncpg.UndefinedTableError as error:
            raise PositionLostError(f"one of {', '.join(self._topics)} is no longer there") from error
        return {row["topic"]: Log(row["topic"], PARTITION, str(row["topic_id"]), row["beginning"], row["next"]) for row in rows}

    async def _lock_what_is_free(self) -> None:
        if self._connection is None or self._cut_off():
            await self._disconnect()
            self._connection = await self._pool.acquire()
        wanted = [topic for topic in self._topics if topic not in self._locked]
        if wanted:
            rows = await self._connection.fetch(_LOCK, f"bus:{self._group}", wanted)
            self._locked.update(row["topic"] for row in rows)

    def _cut_off(self) -> bool:
        try:
            return self._connection is not None and bool(self._connection.is_closed())
        except asyncpg.InterfaceError:
            return True  # it was lost while it lay idle, and the pool has already taken it back

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        self._locked.clear()
        self._reading.clear()
        if connection is not None:
            await self._pool.release(connection)  # which also lets go of the locks


_MAY_READ = "SELECT coalesce(has_table_privilege(to_regclass($1), 'SELECT'), false)"
_MAY_WRITE = "SELECT coalesce(has_function_privilege(to_regproc($1), 'EXECUTE'), false)"
_LOCK = "SELECT topic FROM unnest($2::text[]) topic WHERE pg_try_advisory_lock(hashtextextended($1, hashtextextended(topic, 0)))"


def _away(error: Exception) -> ConnectionError:
    return ConnectionError(f"PostgreSQL does not answer: {error}")


def _heads_query(topics: Sequence[str]) -> str:
    each = "SELECT ${}::text AS topic, topic_id, beginning, next FROM {}"  # of checked names
    return " UNION ALL ".join(each.format(n, head_name(topic)) for n, topic in enumerate(topics, 1))


def _read_query(topic: str) -> str:
    return (
        f"SELECT r.off, r.key, r.value, r.headers, h.topic_id FROM {table_name(topic)} r, {head_name(topic)} h "  # noqa: S608 - checked names
        "WHERE r.off >= $1 ORDER BY r.off LIMIT $2"
    )


def _headers_as_text(headers: tuple[tuple[str, bytes], ...]) -> str:
    # Latin-1 gives every byte a character; as JSON it stays readable, and a NUL is written out.
    return orjson.dumps([(name, value.decode("latin-1")) for name, value in headers]).decode()


def _headers_as_bytes(text: str) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, value.encode("latin-1")) for name, value in orjson.loads(text))
