"""`frontdoor keys` on a database that was migrated: a key is made, listed and ended."""

import asyncio

import pytest
from typer.testing import CliRunner, Result

from frontdoor_chassis.store.engine import open_pool
from frontdoor_gateway.adapters.keys import PgKeys
from frontdoor_gateway.core.callers import StoredKey
from frontdoor_standalone.__main__ import command_line

DESK = "police.pvp"


def keys(*arguments: str) -> Result:
    """Run it, on a wide terminal."""
    return CliRunner().invoke(command_line(), ["keys", *arguments], env={"COLUMNS": "200"})


async def stored(database: str) -> list[StoredKey]:
    """What the gateway keeps."""
    pool = await open_pool(database, schema="gateway_police", role="gateway_police", max_size=1)
    try:
        return list(await PgKeys(pool).all())
    finally:
        await pool.close()


@pytest.fixture
def migrated(database: str) -> str:
    """A database with every schema of Stockton."""
    done = CliRunner().invoke(command_line(), ["migrate", "--dsn", database])
    assert done.exit_code == 0, done.output
    return database


def test_a_key_is_made_listed_and_ended(migrated: str) -> None:
    made = keys("add", DESK, "--dsn", migrated, "--days", "2")
    assert made.exit_code == 0, made.output
    (kept,) = asyncio.run(stored(migrated))
    assert (kept.desk, kept.id in made.output) == (DESK, True)
    assert kept.valid_until is not None
    assert (kept.valid_until - kept.valid_from).days == 2

    listed = keys("list", DESK, "--dsn", migrated)
    assert kept.id in listed.output
    assert made.output.strip() not in listed.output
    assert kept.id not in keys("list", "police.encompass", "--dsn", migrated).output

    assert keys("revoke", DESK, kept.id, "--dsn", migrated).output.strip() == "revoked"
    (ended,) = asyncio.run(stored(migrated))
    assert ended.valid_until is not None
    assert ended.valid_until < kept.valid_until
    again = keys("revoke", DESK, kept.id, "--dsn", migrated)
    assert again.exit_code == 1
    assert f"police.pvp has no key {kept.id} that is still valid" in again.output


def test_a_desk_that_there_is_not_has_no_keys(migrated: str) -> None:
    made = keys("add", "police.nowhere", "--dsn", migrated)
    assert made.exit_code == 2
    assert "police.nowhere" in made.output
