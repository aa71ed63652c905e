"""`frontdoor keys`: API keys of desks. Only hashes are kept; a key is shown once, when it is made."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated

import asyncpg
import typer
import uvloop
from rich.table import Table

from frontdoor_chassis.clock import SystemClock
from frontdoor_chassis.directory import Directory, load_directory
from frontdoor_chassis.store.engine import open_pool
from frontdoor_gateway.adapters.keys import PgKeys, create_key
from frontdoor_gateway.settings import schema_of
from frontdoor_standalone.commands.speaking import console, errors, in_a_line
from frontdoor_standalone.deployment import pack_folder

app = typer.Typer(help="API keys of desks.", no_args_is_help=True)

Dsn = Annotated[str, typer.Option(envvar="FRONTDOOR_DSN", help="PostgreSQL, as a login that may take on the gateway's role")]
Pack = Annotated[str, typer.Option(envvar="FRONTDOOR_PACK", help="A pack by name, or its folder")]
Desk = Annotated[str, typer.Argument(help="The desk, as agency.desk")]


@app.callback()
def keys() -> None:
    """API keys of desks. Only their hashes are kept: a key is shown once, when it is made."""


@app.command()
def add(
    desk: Desk,
    dsn: Dsn,
    pack: Pack = "stockton",
    days: Annotated[int | None, typer.Option(help="Valid for so many days; without end when not given")] = None,
) -> None:
    """Make a key for a desk and print it, once. Several may be valid at the same time.

    [dim]Example[/dim]

      frontdoor keys add police.pvp --dsn postgresql://… --days 365
    """

    async def work(pool: asyncpg.Pool) -> None:
        valid_for = timedelta(days=days) if days else None
        console.print(await create_key(pool, desk, SystemClock().now(), valid_for=valid_for), soft_wrap=True)

    _with_gateway(desk, dsn, pack, work)


@app.command("list")
def list_(desk: Desk, dsn: Dsn, pack: Pack = "stockton") -> None:
    """The keys of a desk: their ids and for how long they are valid.

    [dim]Example[/dim]

      frontdoor keys list police.pvp --dsn postgresql://…
    """

    async def work(pool: asyncpg.Pool) -> None:
        table = Table("key", "valid from", "valid until")
        for key in await PgKeys(pool).all():
            if key.desk == desk:
                table.add_row(key.id, f"{key.valid_from:%Y-%m-%d %H:%M}", f"{key.valid_until:%Y-%m-%d %H:%M}" if key.valid_until else "")
        console.print(table)

    _with_gateway(desk, dsn, pack, work)


@app.command()
def revoke(
    desk: Desk, key: Annotated[str, typer.Argument(help="The key's id, as `list` shows it")], dsn: Dsn, pack: Pack = "stockton"
) -> None:
    """End a key now. Gateways notice within seconds.

    [dim]Example[/dim]

      frontdoor keys revoke police.pvp 3f0a91c25d7be804 --dsn postgresql://…
    """

    async def work(pool: asyncpg.Pool) -> None:
        if not await PgKeys(pool).end(key, SystemClock().now()):
            errors.print(f"[red]{desk} has no key {key} that is still valid[/red]")
            raise typer.Exit(1)
        console.print("revoked")

    _with_gateway(desk, dsn, pack, work)


def _with_gateway(desk: str, dsn: str, pack: str, work: Callable[[asyncpg.Pool], Awaitable[None]]) -> None:
    with in_a_line():
        directory = load_directory(pack_folder(pack))
        uvloop.run(_work(directory, desk, dsn, work))


async def _work(directory: Directory, desk: str, dsn: str, work: Callable[[asyncpg.Pool], Awaitable[None]]) -> None:
    async with _pool(directory, desk, dsn) as pool:
        await work(pool)


@asynccontextmanager
async def _pool(directory: Directory, desk: str, dsn: str) -> AsyncIterator[asyncpg.Pool]:
    schema = schema_of(directory.gateway_of(desk))
    pool = await open_pool(dsn, schema=schema, role=schema, max_size=1)
    try:
        yield pool
    finally:
        await pool.close()
