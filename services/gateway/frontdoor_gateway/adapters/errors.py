"""The one thing that core has to know of a database: that it is away."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from frontdoor_gateway.core.submissions import StoreAwayError

AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what the driver says of a connection that was cut while it was being given back
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)
"""What says that the database cannot be used now. Anything else it refuses is a fault of ours, and stays what it is."""


@contextmanager
def reached() -> Iterator[None]:
    """Turn every such error into `StoreAwayError`."""
    try:
        yield
    except AWAY as error:
        raise StoreAwayError from error
