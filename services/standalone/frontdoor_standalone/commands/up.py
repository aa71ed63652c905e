"""`frontdoor up`."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from frontdoor_chassis.clock import SystemClock
from frontdoor_standalone.commands.speaking import console, in_a_line, logging_to
from frontdoor_standalone.configuring import Surroundings
from frontdoor_standalone.database import Database, keep_keys, read_keys
from frontdoor_standalone.deployment import Deployment, pack_folder
from frontdoor_standalone.readiness import wait_until_ready
from frontdoor_standalone.servers.postgres import EmbeddedPostgres
from frontdoor_standalone.standalone import HOST, MADE_UP, open_services, serve_services

KEYS_FILE, SECRETS_FILE, LOG_FILE, ADMIN_FILE = "api-keys.json", "secrets.json", "frontdoor.log", "admin.json"
DEFAULT_PORT = 8080


def state_folder(pack: Path, given: Path | None) -> Path:
    """Where a standalone partnership keeps its data."""
    return (given or Path("var") / pack.name).absolute()


def up(
    pack: Annotated[str, typer.Option(help="A pack by name, or its folder")] = "stockton",
    port: Annotated[int, typer.Option(help="Port to listen on")] = DEFAULT_PORT,
    state: Annotated[Path | None, typer.Option(help="Folder for data, keys and log; var/<pack> when not given")] = None,
) -> None:
    """Run all services in this process on an embedded PostgreSQL, until Ctrl-C. Data stays in the state folder.

    For trying things out and for training: one process serves every agency, so everybody in it has to be made up.

    [dim]Examples[/dim]

      frontdoor up

      frontdoor up --pack harbourside --port 8090 --state ./training

      curl -s localhost:8080/
    """
    with in_a_line():
        folder = pack_folder(pack)
        where = state_folder(folder, state)
        with logging_to(where / LOG_FILE), console.status("starting PostgreSQL") as status, EmbeddedPostgres(where / "postgres") as server:
            deployment = Deployment.of(folder, where / SECRETS_FILE)
            status.update("bringing the schemas up to date")
            uvloop.run(_run(deployment, server.dsn(), where, port, status.stop))
        console.print("ended; nothing is left running")


async def _run(deployment: Deployment, dsn: str, where: Path, port: int, started: Callable[[], None]) -> None:
    database = Database(dsn)
    await database.migrate(deployment)
    await database.make_bus(deployment)
    clock = SystemClock()
    keys = await database.keys(deployment, clock.now(), read_keys(where / KEYS_FILE))
    keep_keys(where / KEYS_FILE, keys)
    async with open_services(deployment, Surroundings(dsn), clock) as services:
        until = asyncio.Event()
        serving = asyncio.create_task(serve_services(deployment, services, port=port, until=until))
        ready = asyncio.create_task(wait_until_ready([f"http://{HOST}:{port}/{service.name}" for service in services], lambda: None))
        try:
            # a signal may come before everything is ready: the server has then ended, and nobody will ever be
            await asyncio.wait((serving, ready), return_when=asyncio.FIRST_COMPLETED)
            if not serving.done():
                await ready
                started()
                _greet(deployment, where, port)
        except BaseException:
            until.set()
            raise
        finally:
            ready.cancel()
            await asyncio.gather(ready, return_exceptions=True)
            await serving
            started()


def _greet(deployment: Deployment, where: Path, port: int) -> None:
    console.print(f"[bold]{deployment.directory.title}[/bold]  http://{HOST}:{port}/")
    console.print(MADE_UP)
    console.print(f"API key of each desk: {where / KEYS_FILE}")
    console.print(f"Log: {where / LOG_FILE}")
    console.print("Ctrl-C ends it; the data stays.")
