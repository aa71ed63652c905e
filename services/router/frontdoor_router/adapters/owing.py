"""What is owed again: a reply that met it was withdrawn, and no other answers it."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import asyncpg

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.owing import FOR_ALL, may_answer

MET_BY_WITHDRAWN = """
SELECT o.id, o.desk, o.disclosure IS NOT NULL AS asked, ARRAY(
    SELECT DISTINCT k.source FROM event k
    WHERE k.thread = asked.thread AND k.withdrawn_at IS NULL AND 'reply:' || k.counts_as = ANY(o.satisfied_by)
      AND o.event = (
          WITH RECURSIVE version AS (
              SELECT k.type, k.cause UNION ALL
              SELECT e.type, e.cause FROM event e JOIN version v ON v.type = 'correction' AND e.id = v.cause)
          SELECT cause FROM version WHERE type <> 'correction')
      AND (o.person IS NULL OR k.counts_as = ANY($2::text[]) OR o.person IN (SELECT person FROM event_person WHERE event = k.id AND meant)
           OR NOT EXISTS (SELECT FROM event_person WHERE event = k.id AND person IS NOT NULL)
           OR (EXISTS (SELECT FROM person c WHERE c.id = o.person AND c.kind = 'child')
               AND NOT EXISTS (SELECT FROM event_person i LEFT JOIN person c ON c.id = i.person
                               WHERE i.event = k.id AND (c.id IS NULL OR c.kind = 'child'))))) AS answered_by
FROM event gone JOIN event asked ON asked.thread = gone.thread AND asked.withdrawn_at IS NULL
     JOIN obligation o ON o.event = asked.id AND o.state = 'met'
WHERE gone.id = ANY($1::uuid[])
      AND EXISTS (SELECT FROM event r WHERE r.thread = asked.thread AND r.withdrawn_at IS NOT NULL AND o.met_by = 'reply:' || r.id)
"""
"""Obligations met by a reply that is withdrawn, with the desks whose replies to the same event stand, corrected ones among them."""

OWED_AGAIN = """
UPDATE obligation o SET
    state = CASE WHEN o.due <= $2 THEN 'overdue' ELSE 'open' END, met_at = NULL, met_by = NULL,
    stages = CASE WHEN o.next_stage < jsonb_array_length(o.stages) OR o.stages = '[]' THEN o.stages
                  ELSE o.stages || jsonb_set(o.stages -> -1, '{at}', to_jsonb($2::timestamptz)) END,
    next_at = CASE WHEN o.next_stage < jsonb_array_length(o.stages) THEN greatest((o.stages -> o.next_stage ->> 'at')::timestamptz, $2)
                   WHEN o.stages <> '[]' THEN $2 END
WHERE o.id = ANY($1::uuid[]) RETURNING o.id
"""
"""Its clock runs on where it was. A stage that was over meanwhile is due now: of what came before now nobody has yet asked whether it
answers this. Where all stages have fired, the last of them is due once more."""


async def owe_again(connection: asyncpg.Connection, events: Sequence[UUID], now: datetime, directory: Directory, today: date) -> list[UUID]:
    """Replies were withdrawn: what they answered is owed again, unless another reply of who may give it stands."""
    if not events:
        return []
    rows = await connection.fetch(MET_BY_WITHDRAWN, list(events), [reply.value for reply in FOR_ALL])
    owed = [
        row["id"]
        for row in rows
        if not any(may_answer(source, row["desk"], directory, today, asked=row["asked"]) for source in row["answered_by"])
    ]
    return [row["id"] for row in await connection.fetch(OWED_AGAIN, owed, now)] if owed else []
