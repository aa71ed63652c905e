"""Reads what nobody has confirmed to have, and what waits for too long; and marks that something was done about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from frontdoor_router.adapters.reading import kept_events, parse_sections
from frontdoor_router.adapters.succession import DESK_ENDED
from frontdoor_router.core.decision import Obligation
from frontdoor_router.core.keeping import Unfiled, again
from frontdoor_schemas.envelope import Delivery, DeliveryKind, Mark, Recall


@dataclass(frozen=True, slots=True)
class Waited:
    """An event that waits, as it was received."""

    event: UUID
    record: bytes
    writer: str


async def unfiled(connection: asyncpg.Connection, before: datetime, limit: int, now: datetime) -> list[tuple[Delivery, Recall | None]]:
    """Deliveries sent before a moment and not again since that no gateway says to have filed, made again from what is kept.

    Each is taken by one instance only. With one that was withdrawn goes its recall.
    """
    rows = await connection.fetch(
        """
        UPDATE disclosure d SET sent_again_at = $3 FROM (
            SELECT id FROM disclosure WHERE filed_at IS NULL AND number IS NOT NULL AND coalesce(sent_again_at, at) <= $1
                  AND failed IS DISTINCT FROM $4
            ORDER BY at, desk, number LIMIT $2 FOR UPDATE SKIP LOCKED) AS late
        WHERE d.id = late.id
        RETURNING d.id, d.desk, d.kind, d.incarnation, d.number, d.at, d.given, d.made, d.marks, d.reason, d.refers_to, d.cause,
                  d.withdrawn_at, d.event, d.stands_for
        """,
        before,
        limit,
        now,
        DESK_ENDED,
    )
    late = [_unfiled(row) for row in sorted(rows, key=lambda r: (r["desk"], r["incarnation"], r["number"]))]
    kept = await kept_events(connection, [u.event for u in late]) if late else {}
    owed = await _owed(connection, [u.stands_for or u.id for u in late]) if late else {}
    return [
        (
            again(u, kept[u.event], owed.get((u.stands_for or u.id, u.desk), ())),
            Recall(disclosure=u.id, desk=u.desk, at=u.withdrawn_at) if u.withdrawn_at else None,
        )
        for u in late
    ]


def _unfiled(row: asyncpg.Record) -> Unfiled:
    return Unfiled(
        id=row["id"],
        desk=row["desk"],
        kind=DeliveryKind(row["kind"]),
        incarnation=row["incarnation"],
        number=row["number"],
        at=row["at"],
        given=tuple(g["section"] for g in orjson.loads(row["given"])),
        made=parse_sections(row["made"]),
        marks=tuple(Mark(m) for m in row["marks"]),
        reason=row["reason"],
        refers_to=row["refers_to"],
        cause=row["cause"],
        withdrawn_at=row["withdrawn_at"],
        event=row["event"],
        stands_for=row["stands_for"],
    )


async def _owed(connection: asyncpg.Connection, disclosures: Sequence[UUID]) -> dict[tuple[UUID, str], list[Obligation]]:
    """What hangs on disclosures, and of which desk: a successor's hangs on its predecessor's."""
    found: dict[tuple[UUID, str], list[Obligation]] = {}
    for row in await connection.fetch(
        "SELECT id, duty, desk, person, disclosure, satisfied_by, due FROM obligation WHERE disclosure = ANY($1::uuid[])", list(disclosures)
    ):
        obligation = Obligation(
            row["id"], row["duty"], row["desk"], row["person"], row["disclosure"], tuple(row["satisfied_by"]), row["due"], ()
        )
        found.setdefault((row["disclosure"], row["desk"]), []).append(obligation)
    return found


async def waiting_since(connection: asyncpg.Connection, before: datetime, limit: int) -> list[Waited]:
    """Events that have waited since before a moment, and of which nobody was told."""
    rows = await connection.fetch(
        "SELECT event, record, writer FROM waiting WHERE task IS NULL AND since <= $1 "
        "ORDER BY since, event LIMIT $2 FOR UPDATE SKIP LOCKED",
        before,
        limit,
    )
    return [Waited(*row) for row in rows]


async def somebody_knows(connection: asyncpg.Connection, event: UUID, task: UUID) -> None:
    """A person was told that it waits."""
    await connection.execute("UPDATE waiting SET task = $2 WHERE event = $1", event, task)
