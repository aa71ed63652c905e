"""What keeps a gateway up while its surroundings are away: it answers, and goes on when they are back."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from frontdoor_chassis.bus.ports import Producer, Record, SendError
from frontdoor_chassis.supervise import Step
from frontdoor_gateway.core.submissions import StoreAwayError

log = structlog.get_logger(__name__)

RETRY_SECONDS = 0.5


def patient(name: str, step: Step) -> Step:
    """A step that waits for the store to come back instead of ending its loop."""

    async def attempt() -> bool:
        try:
            return await step()
        except StoreAwayError as error:
            log.warning("loop.delayed", loop=name, error=type(error.__cause__ or error).__name__)
            await asyncio.sleep(RETRY_SECONDS)
            return False

    return attempt


class LateProducer:
    """A producer that connects when it first has something to send: events are taken in before the bus is there."""

    def __init__(self, connect: Callable[[], Awaitable[Producer]]) -> None:
        self._connect = connect
        self._connecting = asyncio.Lock()
        self._inner: Producer | None = None

    async def send(self, records: Sequence[Record]) -> None:
        """As the port says. A bus that is not there is a `SendError`."""
        async with self._connecting:
            if self._inner is None:
                self._inner = await self._reach()
        await self._inner.send(records)

    async def close(self) -> None:
        """Let go of the connection, if there is one."""
        if self._inner is not None:
            await self._inner.close()

    async def _reach(self) -> Producer:
        try:
            return await self._connect()
        except ConnectionError as error:
            raise SendError("the bus is not there") from error
