"""A consumer's positions in its own schema, moved in the transaction of the work.

Each service's first migration creates the table:
`position (topic text, partition int, topic_id text NOT NULL, off bigint NOT NULL, PRIMARY KEY (topic, partition))`.
"""

from collections.abc import Mapping, Sequence

import asyncpg

from frontdoor_chassis.bus.ports import Move, Position
from frontdoor_chassis.store.ports import FencedError

CREATE_POSITION_TABLE = """
CREATE TABLE position (
    topic text NOT NULL, partition integer NOT NULL, topic_id text NOT NULL, off bigint NOT NULL,
    PRIMARY KEY (topic, partition))
"""


class PgPositions:
    """Reads the position table of the pool's schema."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def load(self, topics: Sequence[str]) -> Mapping[tuple[str, int], Position]:
        """Positions of the given topics; partitions never read are missing."""
        rows = await self._pool.fetch("SELECT topic, partition, topic_id, off FROM position WHERE topic = ANY($1::text[])", list(topics))
        return {(r["topic"], r["partition"]): Position(r["topic_id"], r["off"]) for r in rows}


async def move(connection: asyncpg.Connection, moves: Sequence[Move]) -> None:
    """Write the moves of one batch inside the caller's transaction. Raises `FencedError` when another instance was here."""
    if not moves:
        return
    status = await connection.fetch(
        """
        INSERT INTO position AS p (topic, partition, topic_id, off)
        SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $5::bigint[])
        ON CONFLICT (topic, partition) DO UPDATE SET off = excluded.off
        WHERE p.topic_id = excluded.topic_id
          AND p.off = (SELECT o FROM unnest($1::text[], $2::int[], $4::bigint[]) AS m(t, n, o) WHERE m.t = p.topic AND m.n = p.partition)
        RETURNING 1
        """,
        [m.topic for m in moves],
        [m.partition for m in moves],
        [m.topic_id for m in moves],
        [m.old for m in moves],
        [m.new for m in moves],
    )
    if len(status) != len(moves):
        raise FencedError("the position has moved: another instance reads this partition")
