"""Prepares one PostgreSQL database for a partnership: a schema and a role for each service, migrations, topics, keys."""

import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from frontdoor_chassis.bus.postgres import ensure_topics
from frontdoor_chassis.store.engine import create_schemas, open_pool
from frontdoor_chassis.store.migrate import upgrade
from frontdoor_gateway.adapters.keys import create_key
from frontdoor_gateway.app import MIGRATIONS as GATEWAY_MIGRATIONS
from frontdoor_notifier.app import MIGRATIONS as NOTIFIER_MIGRATIONS
from frontdoor_router.app import MIGRATIONS as ROUTER_MIGRATIONS
from frontdoor_standalone.deployment import NOTIFIER, ROUTER, Deployment, write_secretly


@dataclass(frozen=True, slots=True)
class Database:
    """A database, as a login that may create roles and take on every one of them."""

    dsn: str

    async def migrate(self, deployment: Deployment) -> list[str]:
        """Create what is missing and bring every schema to the newest revision. The schemas, in order."""
        schemas = deployment.schemas
        await create_schemas(self.dsn, list(schemas.values()))
        for service, schema in schemas.items():
            await upgrade(self.dsn, schema=schema, migrations=_migrations(service), role=schema)
        return list(schemas.values())

    async def make_bus(self, deployment: Deployment) -> None:
        """Create the topics in this database, granted exactly as a broker's access control would be."""
        async with AsyncExitStack() as stack:
            pool = await asyncpg.create_pool(self.dsn, min_size=1, max_size=1)
            stack.push_async_callback(pool.close)
            await ensure_topics(pool, list(deployment.topics), readers=deployment.readers(), writers=deployment.writers())

    async def keys(self, deployment: Deployment, now: datetime, kept: Mapping[str, str]) -> dict[str, str]:
        """An API key for every desk that there is or will be: those that are kept, and new ones for the rest."""
        found = dict(kept)
        on = now.date()
        for gateway in deployment.directory.gateways():
            schema = deployment.schemas[gateway]
            pool = await open_pool(self.dsn, schema=schema, role=schema, max_size=1)
            try:
                for desk in deployment.directory.desks_of_gateway(gateway):
                    if not desk.ended(on) and desk.id not in found:
                        found[desk.id] = await create_key(pool, desk.id, now)
            finally:
                await pool.close()
        return found


def read_keys(file: Path) -> Any:
    """The keys that a file keeps, by desk; none where there is no file yet."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def keep_keys(file: Path, keys: Mapping[str, str]) -> None:
    """Keep keys in a file that only its owner may read."""
    write_secretly(file, json.dumps(dict(sorted(keys.items())), indent=1) + "\n")


def _migrations(service: str) -> Path:
    return {ROUTER: ROUTER_MIGRATIONS, NOTIFIER: NOTIFIER_MIGRATIONS}.get(service, GATEWAY_MIGRATIONS)
