"""The migrated schema is the one that the models say, and no other is accepted."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from frontdoor_chassis.store.engine import create_schemas
from frontdoor_chassis.store.migrate import SchemaOutOfDateError, require_current, upgrade
from frontdoor_router.adapters.tables import Table
from frontdoor_router.app import MIGRATIONS

SCHEMA = ROLE = "router"


@pytest.fixture
async def migrated(database: str) -> str:
    """A database with the router's schema at its newest revision."""
    await create_schemas(database, [SCHEMA])
    await upgrade(database, schema=SCHEMA, migrations=MIGRATIONS, role=ROLE)
    return database


async def test_the_migrations_build_what_the_models_say(migrated: str) -> None:
    found: list[object] = []

    def compare(connection: Connection) -> None:
        connection.execute(text(f'SET search_path TO "{SCHEMA}"'))
        options = {"compare_type": True, "compare_server_default": True, "include_name": lambda name, *_: name != "alembic_version"}
        found.extend(compare_metadata(MigrationContext.configure(connection, opts=options), Table.metadata))

    engine = create_async_engine(make_url(migrated).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(compare)
    await engine.dispose()
    assert found == []


async def test_a_migrated_schema_is_accepted(migrated: str) -> None:
    await require_current(migrated, schema=SCHEMA, migrations=MIGRATIONS, role=ROLE)


async def test_a_schema_without_any_revision_is_refused(database: str) -> None:
    await create_schemas(database, [SCHEMA])
    with pytest.raises(SchemaOutOfDateError, match="no revision"):
        await require_current(database, schema=SCHEMA, migrations=MIGRATIONS, role=ROLE)


async def test_a_schema_of_another_revision_is_refused(migrated: str) -> None:
    engine = create_async_engine(make_url(migrated).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE router.alembic_version SET version_num = '0000'"))
    await engine.dispose()
    with pytest.raises(SchemaOutOfDateError):
        await require_current(migrated, schema=SCHEMA, migrations=MIGRATIONS, role=ROLE)
