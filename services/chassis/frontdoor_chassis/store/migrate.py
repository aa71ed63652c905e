"""Alembic, run from code: each service brings its own numbered migrations for its own schema."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool


class SchemaOutOfDateError(RuntimeError):
    """The database has another revision than this code was written for."""


def _script(migrations: Path) -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def _options(schema: str) -> dict[str, object]:
    return {"version_table_schema": schema, "transaction_per_migration": True}


def _enter(connection: Connection, schema: str, role: str | None) -> None:
    if role:
        connection.execute(text(f'SET ROLE "{role}"'))
    connection.execute(text(f'SET search_path TO "{schema}"'))
    connection.commit()


async def upgrade(dsn: str, *, schema: str, migrations: Path, role: str | None = None) -> None:
    """Bring `schema` to the newest revision found in `migrations/versions`."""
    script = _script(migrations)

    def run(connection: Connection) -> None:
        _enter(connection, schema, role)
        with EnvironmentContext(Config(), script, fn=lambda revision, _: script._upgrade_revs("head", revision)) as environment:  # noqa: SLF001 - Alembic offers no public call for an upgrade on a given connection
            environment.configure(connection=connection, **_options(schema))  # type: ignore[arg-type] # options are Alembic's own keywords
            with environment.begin_transaction():
                environment.run_migrations()

    await _on(dsn, run)


async def require_current(dsn: str, *, schema: str, migrations: Path, role: str | None = None) -> None:
    """Raise `SchemaOutOfDateError` when the schema is not at the newest revision: a service refuses to start on it."""
    head = _script(migrations).get_current_head()
    found: list[str | None] = []

    def look(connection: Connection) -> None:
        _enter(connection, schema, role)
        found.append(MigrationContext.configure(connection, opts=_options(schema)).get_current_revision())

    await _on(dsn, look)
    if found != [head]:
        raise SchemaOutOfDateError(f"schema {schema} is at {found[0] or 'no revision'}, this version needs {head}: run `frontdoor migrate`")


async def _on(dsn: str, work: object) -> None:
    url = make_url(dsn).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(work)  # type: ignore[arg-type] # any function of one connection
    finally:
        await engine.dispose()
