"""Starts a partnership in this process, for a rehearsal: its own database on a PostgreSQL that is there already."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
import httpx
import uuid_utils.compat as uuid_utils

from frontdoor_chassis.clock import SettableClock
from frontdoor_standalone.configuring import Surroundings
from frontdoor_standalone.database import Database
from frontdoor_standalone.deployment import NOTIFIER, ROUTER, Deployment
from frontdoor_standalone.exchange import Exchange
from frontdoor_standalone.rehearsal.runner import Launch
from frontdoor_standalone.servers.postgres import EmbeddedPostgres
from frontdoor_standalone.servers.processes import free_ports
from frontdoor_standalone.standalone import HOST, open_services, serve_services

READY_SECONDS = 60.0
POLL_SECONDS = 0.05


class NotReadyError(RuntimeError):
    """A service did not come up; the message says which and what it answers."""


@asynccontextmanager
async def own_database(server: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database for one run, dropped after it."""
    name = f"run_{uuid_utils.uuid7().hex}"
    connection = await asyncpg.connect(server.dsn())
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
        yield server.dsn(name)
    finally:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.close()


def in_this_process(server: EmbeddedPostgres) -> Launch:
    """How a rehearsal starts an exchange within this process."""

    @asynccontextmanager
    async def launch(deployment: Deployment, start: datetime, mail_port: int) -> AsyncIterator[Exchange]:
        async with own_database(server) as dsn:
            around = Surroundings(dsn, rehearsal=True, mail_port=mail_port)
            clock = SettableClock(start)
            database = Database(dsn)
            await database.migrate(deployment)
            await database.make_bus(deployment)
            keys = await database.keys(deployment, start, {})
            async with open_services(deployment, around, clock) as services:
                (port,) = free_ports(1)
                until = asyncio.Event()
                serving = asyncio.create_task(serve_services(deployment, services, port=port, until=until))
                try:
                    exchange = exchange_at(deployment, f"http://{HOST}:{port}", keys)
                    await wait_until_ready(exchange, serving)
                    yield exchange
                finally:
                    until.set()
                    await serving

    return launch


def exchange_at(deployment: Deployment, base: str, keys: dict[str, str]) -> Exchange:
    """Where everything of a standalone process is."""
    return Exchange(
        pack=deployment.pack,
        gateways={name: f"{base}/{name}" for name in deployment.directory.gateways()},
        router=f"{base}/{ROUTER}",
        notifier=f"{base}/{NOTIFIER}",
        keys=keys,
        admin_token=deployment.secrets.admin,
        rehearsal_token=deployment.secrets.rehearsal,
    )


async def wait_until_ready(exchange: Exchange, serving: "asyncio.Task[None]") -> None:
    """Return when every service says that it is ready. Raises `NotReadyError`, or what `serving` failed of."""
    deadline = asyncio.get_running_loop().time() + READY_SECONDS
    async with httpx.AsyncClient() as client:
        for base in exchange.services:
            while (said := await _ready(client, base)) != "ok":
                if serving.done():
                    await serving
                if asyncio.get_running_loop().time() > deadline:
                    raise NotReadyError(f"{base} is not ready: {said}")
                await asyncio.sleep(POLL_SECONDS)


async def _ready(client: httpx.AsyncClient, base: str) -> str:
    try:
        response = await client.get(f"{base}/health/ready")
    except httpx.TransportError as error:
        return type(error).__name__
    return "ok" if response.is_success else response.text
