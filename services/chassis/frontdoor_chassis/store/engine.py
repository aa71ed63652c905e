"""Opens a service's own schema in PostgreSQL: one role, one schema, one pool."""

from collections.abc import Sequence

import asyncpg

STATEMENT_TIMEOUT_MS = 30_000
"""Longer than any statement here should take; a hung one must not hold locks for ever."""


async def open_pool(dsn: str, *, schema: str, max_size: int = 8, role: str | None = None) -> asyncpg.Pool:
    """A pool whose connections see `schema` alone.

    `role` is taken on with SET ROLE when the login role is not itself the service's role.
    """
    settings = {"search_path": schema, "statement_timeout": str(STATEMENT_TIMEOUT_MS), "timezone": "UTC"}
    if role:
        settings["role"] = role
    return await asyncpg.create_pool(dsn, min_size=1, max_size=max_size, server_settings=settings, reset=_as_it_is)


async def _as_it_is(_: object) -> None:
    """What is given back is fit for use: asyncpg rolls back by itself, and no service sets, listens or locks for a session."""


async def create_schemas(dsn: str, names: Sequence[str]) -> None:
    """Create, where missing, one role without privileges and one schema owned by it for each name. Needs CREATEROLE."""
    connection = await asyncpg.connect(dsn)
    try:
        for name in names:
            if not name.replace("_", "").isalnum():
                raise ValueError("a schema name has letters, digits and underscores")
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
                await connection.execute(f'CREATE ROLE "{name}" NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE')
                await connection.execute(f'GRANT "{name}" TO CURRENT_USER')
            await connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{name}" AUTHORIZATION "{name}"')
    finally:
        await connection.close()
