"""The tables, functions and grants of the bus in PostgreSQL."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import asyncpg

from frontdoor_chassis.bus.sizes import MAX_RECORD_BYTES

PARTITION = 0
"""The only one: order then holds over all keys of a topic."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}")  # an identifier has at most 63 bytes, and suffixes come to it


def table_name(topic: str) -> str:
    """The table with the topic's records, quoted."""
    return f'bus."{_checked(topic)}"'


def head_name(topic: str) -> str:
    """The table whose one row says where the topic begins, where it ends, and which it is."""
    return f'bus."{_checked(topic)}:head"'


def append_name(topic: str) -> str:
    """The function through which records come in, and the only way in."""
    return f'bus."{_checked(topic)}:append"'


async def ensure_topics(
    pool: "asyncpg.Pool[Any]",
    topics: Sequence[str],
    *,
    readers: Mapping[str, Collection[str]],
    writers: Mapping[str, Collection[str]],
) -> None:
    """Create the topics that are missing, and make exactly these grants: roles by topic.

    Run by the role that is to own the bus. A reader may select; a writer may call the append function, and see nothing.
    """
    async with pool.acquire() as connection, connection.transaction():
        # Two processes that start at the same time would otherwise fail on each other's new names.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('bus:topics', 0))")
        await connection.execute("CREATE SCHEMA IF NOT EXISTS bus")
        for role in sorted({r for roles in (*readers.values(), *writers.values()) for r in roles}):
            await connection.execute(f"GRANT USAGE ON SCHEMA bus TO {_role(role)}")
        for topic in topics:
            if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", table_name(topic)):
                await connection.execute(_definition(topic))
            await _grant(connection, topic, readers.get(topic, ()), writers.get(topic, ()))


async def drop_topic(pool: "asyncpg.Pool[Any]", topic: str) -> None:
    """Remove the topic with all its records; created again it is another topic, and readers refuse it."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(f"DROP FUNCTION IF EXISTS {append_name(topic)}")
        await connection.execute(f"DROP TABLE IF EXISTS {table_name(topic)}, {head_name(topic)}")


async def trim_topic(pool: "asyncpg.Pool[Any]", topic: str, *, before: int) -> int:
    """Delete the records before an offset, as retention does, and say how many. Readers that were not there refuse."""
    async with pool.acquire() as connection, connection.transaction():
        raise_beginning = f"UPDATE {head_name(topic)} SET beginning = least($1, next) WHERE beginning < $1"  # noqa: S608 - a checked name
        await connection.execute(raise_beginning, before)
        done = await connection.execute(f"DELETE FROM {table_name(topic)} WHERE off < $1", before)  # noqa: S608 - a checked name
        return int(done.split()[-1])


def _definition(topic: str) -> str:
    # The update of the head locks it until the commit: so the order of positions is the order of commits, and a reader
    # that sees one offset sees all before it.
    return f"""
        CREATE TABLE {table_name(topic)} (
            off bigint PRIMARY KEY,
            key bytea NOT NULL,
            value bytea NOT NULL CHECK (octet_length(value) <= {MAX_RECORD_BYTES}),
            headers text NOT NULL
        );
        CREATE TABLE {head_name(topic)} (
            topic_id uuid NOT NULL,
            beginning bigint NOT NULL,
            next bigint NOT NULL
        );
        INSERT INTO {head_name(topic)} VALUES (gen_random_uuid(), 0, 0);
        CREATE FUNCTION {append_name(topic)}(keys bytea[], bodies bytea[], headers text[]) RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $append$
            WITH head AS (
                UPDATE {head_name(topic)} SET next = next + cardinality($1) RETURNING next - cardinality($1) AS base
            )
            INSERT INTO {table_name(topic)} (off, key, value, headers)
            SELECT head.base + r.n - 1, r.key, r.value, r.headers
            FROM head, unnest($1, $2, $3) WITH ORDINALITY AS r(key, value, headers, n)
        $append$;
        REVOKE ALL ON FUNCTION {append_name(topic)} FROM PUBLIC;
    """  # noqa: S608 - checked names


async def _grant(connection: Any, topic: str, readers: Collection[str], writers: Collection[str]) -> None:
    for kind, name, privilege, wanted in (
        ("TABLE", table_name(topic), "SELECT", readers),
        ("TABLE", head_name(topic), "SELECT", readers),
        ("FUNCTION", append_name(topic), "EXECUTE", writers),
    ):
        for role in await _grantees(connection, kind, name) - set(wanted):
            await connection.execute(f"REVOKE ALL ON {kind} {name} FROM {_role(role)}")
        for role in sorted(wanted):
            await connection.execute(f"GRANT {privilege} ON {kind} {name} TO {_role(role)}")


async def _grantees(connection: Any, kind: str, name: str) -> set[str]:
    """Roles other than the owner that hold anything on it; what everybody held was taken away when it was created."""
    catalogue = (
        "SELECT relacl AS acl, relowner AS owner FROM pg_class WHERE oid = to_regclass($1)"
        if kind == "TABLE"
        else "SELECT proacl AS acl, proowner AS owner FROM pg_proc WHERE oid = to_regproc($1)"
    )
    rows = await connection.fetch(
        "SELECT DISTINCT pg_get_userbyid(a.grantee) AS role "  # noqa: S608 - two texts of ours
        f"FROM ({catalogue}) o, aclexplode(o.acl) a WHERE a.grantee NOT IN (o.owner, 0)",
        name,
    )
    return {str(row["role"]) for row in rows}


def _checked(topic: str) -> str:
    if not _NAME.fullmatch(topic):
        raise ValueError(f"{topic!r} cannot be a topic: small letters, digits, '.', '_', '-', at most 50")
    return topic


def _role(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
