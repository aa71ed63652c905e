"""Starts a partnership for a rehearsal: within this process, or as processes on a real Kafka."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import asyncpg
import httpx
import uuid_utils.compat as uuid_utils

from frontdoor_chassis.clock import SettableClock
from frontdoor_standalone.configuring import Surroundings
from frontdoor_standalone.database import Database
from frontdoor_standalone.deployment import NOTIFIER, ROUTER, Deployment
from frontdoor_standalone.exchange import Exchange
from frontdoor_standalone.fresh_topics import remove, require_none
from frontdoor_standalone.processes import open_processes
from frontdoor_standalone.readiness import wait_until_ready
from frontdoor_standalone.rehearsal.runner import Launch
from frontdoor_standalone.servers.kafka import LocalKafka
from frontdoor_standalone.servers.processes import free_ports
from frontdoor_standalone.standalone import HOST, open_services, serve_services

BROKER_HEAP_MB = 256
STOPPING_SECONDS = 15.0
"""Longer than the server's drain."""
MAINTENANCE_DATABASE = "postgres"


class DatabaseServer(Protocol):
    """A PostgreSQL server whose superuser one has."""

    def dsn(self, database: str) -> str:
        """Where a database is, for the superuser."""
        ...


@asynccontextmanager
async def own_database(server: DatabaseServer) -> AsyncIterator[str]:
    """A database for one run, dropped after it."""
    name = f"run_{uuid_utils.uuid7().hex}"
    connection = await asyncpg.connect(server.dsn(MAINTENANCE_DATABASE))
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
        yield server.dsn(name)
    finally:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.close()


def in_this_process(server: DatabaseServer) -> Launch:
    """How a rehearsal starts an exchange within this process."""

    @asynccontextmanager
    async def launch(deployment: Deployment, start: datetime, mail_port: int) -> AsyncIterator[Exchange]:
        async with own_database(server) as dsn:
            around = Surroundings(dsn, rehearsal=True, mail_port=mail_port)
            database = Database(dsn)
            await database.migrate(deployment)
            await database.make_bus(deployment)
            keys = await database.keys(deployment, start, {})
            async with open_services(deployment, around, SettableClock(start)) as services:
                (port,) = free_ports(1)
                until = asyncio.Event()
                serving = asyncio.create_task(serve_services(deployment, services, port=port, until=until))
                try:
                    exchange = exchange_at(deployment, f"http://{HOST}:{port}", keys)
                    await wait_until_ready(exchange.services.values(), _failed(serving))
                    yield exchange
                except httpx.TransportError:
                    ended, _ = await asyncio.wait({serving}, timeout=STOPPING_SECONDS)
                    if ended:  # Ctrl-C went to the server, which stops in order; who asks it meanwhile finds nobody
                        raise KeyboardInterrupt from None
                    raise
                finally:
                    until.set()
                    await serving

    return launch


def _failed(serving: "asyncio.Task[None]") -> Callable[[], None]:
    def check() -> None:
        if serving.done():
            serving.result()
            raise RuntimeError("the server has ended")

    return check


def on_kafka(server: DatabaseServer, *, bootstrap: str | None = None, may_remove_topics: bool = False) -> Launch:
    """How a rehearsal starts an exchange of one process per service. Without a broker given, each run has its own.

    A given cluster has to be empty, unless its topics may be removed before each run.
    """

    @asynccontextmanager
    async def launch(deployment: Deployment, start: datetime, mail_port: int) -> AsyncIterator[Exchange]:
        with TemporaryDirectory(prefix="frontdoor-run-") as folder:
            async with own_database(server) as dsn, _broker(Path(folder), bootstrap) as address:
                if may_remove_topics:
                    await remove(address, deployment.topics)
                await require_none(address, deployment.topics)
                around = Surroundings(dsn, rehearsal=True, mail_port=mail_port)
                opened = open_processes(deployment, around, bootstrap=address, start=start, logs=Path(folder))
                async with opened as processes:
                    yield processes.exchange

    return launch


@asynccontextmanager
async def _broker(folder: Path, bootstrap: str | None) -> AsyncIterator[str]:
    if bootstrap:
        yield bootstrap
        return
    kafka = LocalKafka(folder / "kafka", heap_mb=BROKER_HEAP_MB)
    await asyncio.to_thread(kafka.start)
    try:
        yield kafka.bootstrap
    finally:
        await asyncio.to_thread(kafka.stop)


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
