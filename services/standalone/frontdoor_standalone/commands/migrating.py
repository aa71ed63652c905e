"""`frontdoor migrate`."""

from typing import Annotated

import typer
import uvloop

from frontdoor_standalone.commands.speaking import console, in_a_line
from frontdoor_standalone.database import Database
from frontdoor_standalone.deployment import Deployment, pack_folder


def migrate(
    dsn: Annotated[str, typer.Option(envvar="FRONTDOOR_DSN", help="PostgreSQL, as a login that may create roles and schemas")],
    pack: Annotated[str, typer.Option(envvar="FRONTDOOR_PACK", help="A pack, which says what gateways there are")] = "stockton",
) -> None:
    """Create every service's schema and role where missing, and bring the schemas to the newest revision.

    [dim]Example[/dim]

      frontdoor migrate --dsn postgresql://admin@db.example/frontdoor --pack stockton
    """
    with in_a_line(), console.status("migrating"):
        schemas = uvloop.run(Database(dsn).migrate(Deployment.of(pack_folder(pack))))
    console.print(f"up to date: {', '.join(schemas)}")
