"""A bus that may come later than the service: what is owed is sent on meanwhile, and receipts wait in the outbox."""

import asyncio
from collections.abc import Sequence

import structlog

from frontdoor_chassis.bus import Batch, Bus, Consumer, Positions, Producer, Record, SendError

log = structlog.get_logger(__name__)


class LateProducer:
    """Connects at the first send."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._inner: Producer | None = None

    async def send(self, records: Sequence[Record]) -> None:
        """As the port says. A bus that is not there is a `SendError`."""
        if self._inner is None:
            try:
                self._inner = await self._bus.producer()
            except ConnectionError as error:
                raise SendError("the bus is not there") from error
        await self._inner.send(records)

    async def close(self) -> None:
        """Let go of the connection, if there is one."""
        if self._inner is not None:
            await self._inner.close()


class LateConsumer:
    """Joins the group at the first poll that finds the bus. A topic that does not exist is not waited for: `LookupError`."""

    def __init__(self, bus: Bus, *, topics: Sequence[str], group: str, positions: Positions) -> None:
        self._bus = bus
        self._topics = topics
        self._group = group
        self._positions = positions
        self._inner: Consumer | None = None

    async def poll(self, *, max_records: int, timeout: float) -> Batch | None:
        """As the port says. Nothing comes from a bus that is not there."""
        if self._inner is None:
            try:
                self._inner = await self._bus.consumer(topics=self._topics, group=self._group, positions=self._positions)
            except ConnectionError as error:
                log.warning("bus.away", error=type(error).__name__)
                await asyncio.sleep(timeout)
                return None
        return await self._inner.poll(max_records=max_records, timeout=timeout)

    async def rewind(self) -> None:
        """As the port says."""
        if self._inner is not None:
            await self._inner.rewind()

    async def lag(self) -> int:
        """As the port says. Raises `ConnectionError` while the bus is not there."""
        if self._inner is None:
            raise ConnectionError("the bus was not reached yet")
        return await self._inner.lag()

    async def close(self) -> None:
        """Leave the group, if it was joined."""
        if self._inner is not None:
            await self._inner.close()
