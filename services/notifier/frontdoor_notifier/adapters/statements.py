"""The SQL of one commit. Every statement takes a whole batch; time comes in as a parameter, never from the server."""

INSERT_DELIVERIES = """
INSERT INTO delivery (id, desk, incarnation, number, thread, kind, state, taken_back, attempts, next_at, first_at, filed_at,
                      settled_at, due, wanted, code, body)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::int[],
                     $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[], $15::text[],
                     $16::text[], $17::bytea[])
ON CONFLICT (id) DO NOTHING
"""

UPDATE_DELIVERIES = """
UPDATE delivery d
SET state = c.state, attempts = c.attempts, next_at = c.next_at, first_at = c.first_at, settled_at = c.settled_at, code = c.code,
    body = CASE WHEN c.state IN ('waiting', 'sending', 'dead') THEN d.body END
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::text[])
     AS c (id, state, attempts, next_at, first_at, settled_at, code)
WHERE d.id = c.id AND d.state IN ('waiting', 'sending')
"""
"""A settled delivery stays settled, whoever reports late."""

TAKE_BACK = """
UPDATE delivery d
SET taken_back = t.how, body = NULL,
    state = CASE WHEN d.state IN ('waiting', 'sending') THEN d.state ELSE t.how END,
    settled_at = CASE WHEN d.state IN ('waiting', 'sending') THEN d.settled_at ELSE t.at END
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS t (id, how, at)
WHERE d.id = t.id AND d.state IN ('waiting', 'sending', 'dead', 'filed') AND d.taken_back IS NULL
"""

INSERT_RECALLS = """
INSERT INTO recall (disclosure, how, at) SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[])
ON CONFLICT (disclosure) DO NOTHING
"""

INSERT_ATTEMPTS = """
INSERT INTO attempt (delivery, at, code, milliseconds) SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::int[])
"""

UPSERT_SEQUENCE = """
INSERT INTO sequence (desk, incarnation, first, seen_to, holes, gap_since) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (desk) DO UPDATE
SET incarnation = excluded.incarnation, first = excluded.first, seen_to = excluded.seen_to, holes = excluded.holes,
    gap_since = excluded.gap_since
"""

UPSERT_PLAIN_SEQUENCES = """
INSERT INTO sequence (desk, incarnation, first, seen_to, holes)
SELECT s.*, '{}' FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS s
ON CONFLICT (desk) DO UPDATE
SET incarnation = excluded.incarnation, first = excluded.first, seen_to = excluded.seen_to, holes = excluded.holes, gap_since = NULL
"""

UPSERT_REACHED = """
INSERT INTO reached AS r (disclosure, level, at)
SELECT DISTINCT ON (n.disclosure) n.* FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS n (disclosure, level, at)
ORDER BY n.disclosure, array_position(ARRAY['filed', 'received', 'opened', 'acted'], n.level) DESC
ON CONFLICT (disclosure) DO UPDATE SET level = excluded.level, at = excluded.at
WHERE array_position(ARRAY['filed', 'received', 'opened', 'acted'], excluded.level)
    > array_position(ARRAY['filed', 'received', 'opened', 'acted'], r.level)
"""

INSERT_REMINDERS = """
INSERT INTO reminder (id, desk, reason, disclosure, due, at, state, attempts, next_at)
SELECT n.id, n.desk, n.reason, n.disclosure, n.due, n.at, 'waiting', 0, n.at
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[], $6::timestamptz[])
     AS n (id, desk, reason, disclosure, due, at)
ON CONFLICT (id) DO NOTHING
"""

UPDATE_REMINDERS = """
UPDATE reminder r
SET state = n.state, code = n.code, next_at = n.next_at, settled_at = CASE WHEN n.state <> 'waiting' THEN n.at END
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[]) AS n (id, state, code, at, next_at)
WHERE r.id = n.id AND r.state = 'waiting'
"""

INSERT_REFUSED = """
INSERT INTO refused (topic, partition, off, reason, at)
SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::text[], $5::timestamptz[])
ON CONFLICT DO NOTHING
"""

DISABLE_ENDPOINTS = """
WITH head AS (UPDATE endpoint_head SET version = version + 1 RETURNING version)
UPDATE endpoint e SET status = 'disabled', reason = n.reason, version = head.version, changed_at = $4
FROM head, unnest($1::text[], $2::text[], $3::bigint[]) AS n (desk, reason, version)
WHERE e.desk = n.desk AND e.version = n.version
"""

INSERT_OUTBOX = """
WITH head AS (UPDATE outbox_head SET position = position + $3 RETURNING position - $3 AS before)
INSERT INTO outbox (position, key, record)
SELECT head.before + n.n, n.key, n.record FROM head, unnest($1::text[], $2::bytea[]) WITH ORDINALITY AS n (key, record, n)
RETURNING position
"""
"""The head's lock lasts to the commit, so that the order of positions is the order of commits."""
