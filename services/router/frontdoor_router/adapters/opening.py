"""Opens the router's transactions: for batches of the bus, for clocks, for sweeps. One at a time in a process, fenced across them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date
from zoneinfo import ZoneInfo

import asyncpg

from frontdoor_chassis.bus import Batch
from frontdoor_chassis.clock import Clock
from frontdoor_chassis.directory import Directory
from frontdoor_chassis.relay import Relay
from frontdoor_chassis.signing import Signer
from frontdoor_chassis.store.ports import FencedError
from frontdoor_chassis.store.positions import move
from frontdoor_router.adapters import writing
from frontdoor_router.adapters.work import Work
from frontdoor_router.core.agreements import Epoch
from frontdoor_router.core.arriving import Arrived
from frontdoor_router.core.decision import AuditEntry, IdMaker
from frontdoor_router.core.routing import CannotGoOnError

EPOCH_LOCK = 0x66726F6E74
"""Advisory lock that decisions share and a change of policy takes alone."""
OF_THE_DATA = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)
"""What the database refuses because of what it was given. For all else the batch is not at fault, whatever it holds."""
OUR_OWN = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg says when the server dies under a statement
)


class PolicyChangedError(CannotGoOnError):
    """Another policy is in force than this instance was started with; it has to stop and be started with the same pack."""


class TryAgainError(FencedError):
    """Another instance was first: with the day's policy, or with locks that it needed the other way round. Roll back and rewind."""


class Works:
    """Makes transactions over one pool."""

    def __init__(
        self,
        *,
        pool: asyncpg.Pool,
        directory: Directory,
        signer: Signer,
        relay: Relay,
        clock: Clock,
        ids: IdMaker,
        rebuild: Callable[[bytes, str], Arrived],
    ) -> None:
        self._pool = pool
        self._directory = directory
        self._signer = signer
        self._relay = relay
        self._clock = clock
        self._ids = ids
        self._zone = ZoneInfo(directory.time_zone)
        self._rebuild = rebuild
        self._one_at_a_time = asyncio.Lock()
        self._hash = ""
        self.epoch = ""

    async def activate(self, name: str, epoch: Epoch) -> date:
        """Make a policy the one in force: audited, alone. The same one again changes nothing.

        Returns the day whose policy is in force: of two instances with one pack, the one whose clock is behind takes the
        other's. Raises `PolicyChangedError` when a later pack is in force.
        """
        async with self._one_at_a_time, self._connection() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", EPOCH_LOCK)
            found = await connection.fetchrow("SELECT id, number, hash, opens FROM epoch ORDER BY n DESC LIMIT 1")
            if found is not None and found["number"] > epoch.number:
                raise PolicyChangedError(f"pack number {found['number']} is in force, this instance has {epoch.number}")
            later = found is not None and found["hash"] == epoch.hash and found["opens"] > epoch.opens
            if found is None or (found["id"] != name and not later):
                await self._put_in_force(connection, name, epoch)
        self._hash = epoch.hash
        self.epoch = found["id"] if found is not None and later else name
        return found["opens"] if found is not None and later else epoch.opens

    async def _put_in_force(self, connection: asyncpg.Connection, name: str, epoch: Epoch) -> None:
        now, agreements = self._clock.now(), list(epoch.agreements)
        await connection.execute(
            "INSERT INTO epoch (id, pack, number, hash, opens, agreements, activated_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            name,
            self._directory.name,
            epoch.number,
            epoch.hash,
            epoch.opens,
            agreements,
            now,
        )
        entry = AuditEntry("epoch.activated", None, {"agreements": agreements, "hash": epoch.hash})
        await writing.prove_and_send(connection, [(None, entry)], epoch=name, now=now)

    @asynccontextmanager
    async def batch(self, batch: Batch) -> AsyncIterator[Work]:
        """One transaction for one batch: positions first, outbox last; handed to the relay once committed."""
        async with self.open() as work:
            await move(work.connection, batch.moves)
            yield work

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Work]:
        """One transaction. Raises `TryAgainError`, `CannotGoOnError`; then nothing was written."""
        now = self._clock.now()
        with _told_apart():
            async with self._one_at_a_time, self._connection() as connection:
                async with connection.transaction():
                    await self._share_epoch(connection)
                    work = Work(
                        connection=connection,
                        directory=self._directory,
                        signer=self._signer,
                        epoch=self.epoch,
                        rebuild=self._rebuild,
                        ids=self._ids,
                        now=now,
                        today=now.astimezone(self._zone).date(),
                    )
                    yield work
                    row = await work.finish(now)
                if row is not None:
                    self._relay.offer([row])

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        async with self._pool.acquire() as connection:
            yield connection

    async def _share_epoch(self, connection: asyncpg.Connection) -> None:
        found = await connection.fetchrow(
            "SELECT id, hash FROM epoch, (SELECT pg_advisory_xact_lock_shared($1)) AS shared ORDER BY n DESC LIMIT 1", EPOCH_LOCK
        )
        if found is not None and found["id"] == self.epoch:
            return
        if found is not None and found["hash"] == self._hash:
            self.epoch = ""  # the same pack on another day: whoever opens transactions has to look at the day again
            raise TryAgainError("another instance has opened the next day's policy")
        raise PolicyChangedError(f"policy {found['id'] if found else 'none'} is in force, this instance has {self.epoch}")


@contextmanager
def _told_apart() -> Iterator[None]:
    try:
        yield
    except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError) as error:
        raise TryAgainError("rolled back so that another instance could go on") from error
    except OF_THE_DATA:
        raise
    except OUR_OWN as error:
        raise CannotGoOnError(f"the database does not serve: {type(error).__name__}") from error
