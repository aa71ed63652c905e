"""`frontdoor migrate`."""

from typing import Annotated

import typer
import uvloop
from pydantic_settings import SettingsConfigDict

from frontdoor_chassis.bus.kafka_admin import ensure_topics
from frontdoor_chassis.bus.settings import BusSettings
from frontdoor_standalone.commands.speaking import console, in_a_line
from frontdoor_standalone.database import Database
from frontdoor_standalone.deployment import Deployment, pack_folder

REPLICATION = 3
"""With one broker away a record still has two, which is what `min.insync.replicas` then asks for (docs/deployment.md)."""


class MigratingSettings(BusSettings):
    """The account that may create topics: the settings that every service has for its own."""

    model_config = SettingsConfigDict(env_prefix="FRONTDOOR_")


def migrate(
    dsn: Annotated[str, typer.Option(envvar="FRONTDOOR_DSN", help="PostgreSQL, as a login that may create roles and schemas")],
    pack: Annotated[str, typer.Option(envvar="FRONTDOOR_PACK", help="A pack, which says what gateways there are")] = "stockton",
    kafka: Annotated[
        str | None, typer.Option(envvar="FRONTDOOR_KAFKA", help="Kafka's bootstrap servers; without it no topics are made")
    ] = None,
    replication: Annotated[int, typer.Option(min=1, help="How many brokers keep each record of a topic that is made")] = REPLICATION,
) -> None:
    """Create every service's schema and role where missing, and bring the schemas to the newest revision; then the topics.

    Run again it changes nothing. A broker with accounts is spoken to as FRONTDOOR_KAFKA_USER with FRONTDOOR_KAFKA_PASSWORD,
    and FRONTDOOR_KAFKA_PROTOCOL and FRONTDOOR_KAFKA_CA_FILE as for every service.

    [dim]Examples[/dim]

      frontdoor migrate --dsn postgresql://admin@db.example/frontdoor --pack stockton --kafka kafka.example:9092

      frontdoor migrate --dsn postgresql://… --kafka localhost:9092 --replication 1
    """
    with in_a_line(), console.status("migrating") as status:
        deployment = Deployment.of(pack_folder(pack))
        bus = MigratingSettings(kafka=kafka) if kafka else None
        schemas = uvloop.run(Database(dsn).migrate(deployment))
        console.print(f"up to date: {', '.join(schemas)}")
        if bus is None:
            console.print("no topics made: give --kafka")
            return
        status.update("making topics")
        uvloop.run(_topics(bus, deployment, replication))
        console.print(f"topics: {', '.join(deployment.topics)}", soft_wrap=True)


async def _topics(bus: BusSettings, deployment: Deployment, replication: int) -> None:
    durable = {"min.insync.replicas": str(max(1, replication - 1))}
    await ensure_topics(bus.kafka, deployment.topics, replication=replication, config=durable, **bus.security)
