"""Waits for a database that is away for a moment instead of ending the process: what is repeated here may be repeated."""

import asyncio
import functools
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import asyncpg
import structlog

from frontdoor_chassis.bus import Position, Positions

log = structlog.get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

AGAIN_SECONDS = 0.5
AWAY: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,  # shut down, crashed, starting, a statement that took too long
    asyncpg.InternalClientError,  # what asyncpg says when the server dies under a statement
    asyncpg.DeadlockDetectedError,
    asyncpg.TooManyConnectionsError,
)


class Patience:
    """How long a database that is away is waited for: until this is at its end. One for all adapters of a process."""

    def __init__(self) -> None:
        self.at_end = False


class Waits(Protocol):
    """Whoever waits for the database."""

    @property
    def patience(self) -> Patience:
        """Until when."""
        ...


S = TypeVar("S", bound=Waits)


def patient(call: Callable[Concatenate[S, P], Coroutine[Any, Any, R]]) -> Callable[Concatenate[S, P], Coroutine[Any, Any, R]]:
    """Repeat a call while the database is away. Raises what it says, one of `AWAY`, once patience is at its end.

    A write whose outcome is unknown is repeated too: when it had got through, its moves no longer fit and it is fenced.
    """

    @functools.wraps(call)
    async def waiting(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        while True:
            try:
                return await call(self, *args, **kwargs)
            except AWAY as error:
                if self.patience.at_end or _closing(error):
                    raise
                log.warning("database.away", call=call.__name__, error=type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)

    return waiting


def _closing(error: Any) -> bool:
    return isinstance(error, asyncpg.InterfaceError) and "pool is clos" in str(error)


class PatientPositions:
    """Positions in a database that may be away for a moment, as when it starts anew."""

    def __init__(self, positions: Positions, patience: Patience) -> None:
        self.patience = patience
        self._positions = positions

    @patient
    async def load(self, topics: Sequence[str]) -> Mapping[tuple[str, int], Position]:
        """As the port says."""
        return await self._positions.load(topics)
