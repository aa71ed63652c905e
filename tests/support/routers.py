"""Routers on the small pack of the tests: one with its rig, others beside it on the same database and bus, and a look into the tables."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import SecretStr

from frontdoor_chassis.bus.memory import MemoryBus
from frontdoor_chassis.clock import Clock, SettableClock
from frontdoor_chassis.directory import load_directory
from frontdoor_chassis.signing import Signer
from frontdoor_router.app import Engine, open_engine
from frontdoor_router.settings import RouterSettings
from support.builders import SAYS
from support.deciding import NIGHT, TEST_PACK
from support.exchange import KEY, Exchange, exchange


@asynccontextmanager
async def riverside(database: str, *, starts: datetime = NIGHT) -> AsyncIterator[Exchange]:
    """A router under the pack of the tests, on a database of its own and a bus in memory."""
    async with exchange(database, pack=str(TEST_PACK), starts=starts) as running:
        yield running


def settings_of(database: str, *, pack: Path = TEST_PACK) -> RouterSettings:
    """What the router of the rig was started with; with another pack when one is given."""
    return RouterSettings(
        environment="rehearsal",
        dsn=SecretStr(database),
        pack=pack,
        signing_key=SecretStr(KEY),
        writer_keys={w: SecretStr(KEY) for w in (*load_directory(pack).gateways(), "notifier")},
        identity_secret=SecretStr("made-up-secret"),
        admin_token=SecretStr("made-up-token"),
        rehearsal_token=SecretStr("made-up-token"),
    )


@asynccontextmanager
async def another_engine(database: str, bus: MemoryBus, clock: Clock, *, pack: Path = TEST_PACK) -> AsyncIterator[Engine]:
    """A second instance beside the first."""
    async with open_engine(settings_of(database, pack=pack), bus=bus, clock=clock) as engine:
        yield engine


@asynccontextmanager
async def another(
    running: Exchange, database: str, *, clock: SettableClock | None = None, pack: Path = TEST_PACK
) -> AsyncIterator[Exchange]:
    """A second instance beside the first, with a rig of its own."""
    clock = clock or running.clock
    async with another_engine(database, running.bus, clock, pack=pack) as engine:
        yield Exchange(engine, running.bus, clock, _threads=running._threads)


async def held(running: Exchange, event: UUID) -> dict[str, Any]:
    """What the ledger has of an event."""
    found = await running.engine.ledger.event(event)
    assert found is not None
    return dict(found)


def put(running: Exchange, topic: str, value: bytes, *, writer: str = "police", key: str = KEY) -> None:
    """A record on the bus."""
    running.bus.append([Signer(writer, key.encode()).record(topic, b"key", value, SAYS)])


async def sweep(running: Exchange) -> None:
    """Have what was left lying looked after, and what that brings sent."""
    while await running.engine.sweep_step():
        pass
    await running.settle()


async def rows(database: str, sql: str, *arguments: Any) -> list[tuple[Any, ...]]:
    """A look into the router's tables, as the superuser."""
    connection = await asyncpg.connect(database, server_settings={"search_path": "router"})
    try:
        return [tuple(r) for r in await connection.fetch(sql, *arguments)]
    finally:
        await connection.close()


async def change(database: str, *statements: str) -> None:
    """Change the router's tables by hand, as an accident or an operator does."""
    connection = await asyncpg.connect(database, server_settings={"search_path": "router"})
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def numbers(database: str) -> dict[str, list[int]]:
    """The numbers that each desk was given, in order."""
    found: dict[str, list[int]] = {}
    for desk, number in await rows(database, "SELECT desk, number FROM disclosure WHERE number IS NOT NULL ORDER BY desk, number"):
        found.setdefault(desk, []).append(number)
    return found


def gapless(found: dict[str, Sequence[int]] | dict[str, list[int]]) -> bool:
    """Whether each desk's numbers run from one without a gap."""
    return all(list(mine) == list(range(1, len(mine) + 1)) for mine in found.values())
