"""Waits for a database that is away for a moment instead of ending the process: what is repeated here may be repeated."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

import asyncpg
import structlog

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


def patient(call: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Repeat a call while the database is away.

    A write whose outcome is unknown is repeated too: when it had got through, its moves no longer fit and it is fenced.
    """

    @functools.wraps(call)
    async def waiting(*args: P.args, **kwargs: P.kwargs) -> R:
        while True:
            try:
                return await call(*args, **kwargs)
            except AWAY as error:
                if _closing(error):
                    raise
                log.warning("database.away", call=call.__name__, error=type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)

    return waiting


def _closing(error: Any) -> bool:
    return isinstance(error, asyncpg.InterfaceError) and "pool is clos" in str(error)
