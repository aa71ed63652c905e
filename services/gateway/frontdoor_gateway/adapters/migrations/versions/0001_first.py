"""The gateway's first schema."""

from alembic import op

from frontdoor_chassis.store.bodies import store_bodies
from frontdoor_chassis.store.positions import CREATE_POSITION_TABLE

revision = "gateway_0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE submission (
    position bigint PRIMARY KEY,
    event uuid NOT NULL CONSTRAINT submission_event UNIQUE,
    agency text NOT NULL,
    desk text NOT NULL,
    sender_id text NOT NULL,
    body_hmac bytea NOT NULL,
    thread uuid NOT NULL,
    after uuid,
    cause uuid,
    type text NOT NULL,
    topic text NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    sections bytea NOT NULL,
    withheld_from text[] NOT NULL,
    published_again_at timestamptz,
    decided_at timestamptz,
    CONSTRAINT submission_sender UNIQUE (agency, sender_id));
CREATE INDEX submission_thread ON submission (thread, position);
CREATE INDEX submission_queries ON submission (desk, received_at) WHERE type = 'query';
CREATE INDEX submission_undecided ON submission (received_at) WHERE decided_at IS NULL;

CREATE TABLE outbox_head (
    one boolean PRIMARY KEY CONSTRAINT outbox_head_one CHECK (one),
    position bigint NOT NULL,
    sent_up_to bigint NOT NULL);
INSERT INTO outbox_head VALUES (true, 0, 0);

CREATE TABLE receipt_outbox (
    position bigint PRIMARY KEY,
    desk text NOT NULL,
    record bytea NOT NULL);
CREATE TABLE receipt_head (
    one boolean PRIMARY KEY CONSTRAINT receipt_head_one CHECK (one),
    position bigint NOT NULL,
    sent_up_to bigint NOT NULL);
INSERT INTO receipt_head VALUES (true, 0, 0);

CREATE TABLE inbox (
    desk text NOT NULL,
    incarnation integer NOT NULL,
    number bigint NOT NULL,
    disclosure uuid NOT NULL CONSTRAINT inbox_disclosure UNIQUE,
    agency text NOT NULL,
    event uuid NOT NULL,
    thread uuid NOT NULL,
    kind text NOT NULL,
    delivery bytea,
    recall bigint,
    withdrawn_at timestamptz,
    received_at timestamptz,
    opened_at timestamptz,
    acted_at timestamptz,
    told_at timestamptz,
    PRIMARY KEY (desk, incarnation, number));
CREATE INDEX inbox_event ON inbox (event);
CREATE TABLE inbox_head (
    desk text PRIMARY KEY,
    incarnation integer NOT NULL,
    number bigint NOT NULL,
    recalls bigint NOT NULL,
    collected_incarnation integer NOT NULL,
    collected_number bigint NOT NULL);

CREATE TABLE ledger (
    event uuid PRIMARY KEY,
    agency text NOT NULL,
    version integer NOT NULL,
    state text NOT NULL,
    record bytea NOT NULL);

CREATE TABLE api_key (
    id text PRIMARY KEY,
    desk text NOT NULL,
    secret_sha256 bytea NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz);
"""

ACCEPT = """
CREATE FUNCTION accept(
    events uuid[], agencies text[], desks text[], senders text[], hmacs bytea[], threads uuid[], causes uuid[],
    types text[], topics text[], occurred timestamptz[], received timestamptz[], bodies bytea[],
    withheld text[])
RETURNS TABLE (item bigint, at_position bigint, as_event uuid, in_thread uuid, at_time timestamptz, follows uuid, conflict boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    last bigint;
BEGIN
    -- held to the commit, so that the order of positions is the order of commits
    SELECT h.position INTO last FROM outbox_head h FOR UPDATE;

    RETURN QUERY
    WITH given AS (
        SELECT g.*, min(g.n) OVER (PARTITION BY g.agency, g.sender_id) AS first_n
        FROM unnest(events, agencies, desks, senders, hmacs, threads, causes, types, topics, occurred, received, bodies, withheld)
            WITH ORDINALITY AS g (event, agency, desk, sender_id, hmac, thread, cause, type, topic, occurred_at, received_at, body,
                                  names, n)
    ), compared AS (
        SELECT g.*, s.position AS old_position, s.event AS old_event, s.thread AS old_thread, s.received_at AS old_received_at,
               s.after AS old_after, s.body_hmac AS old_hmac
        FROM given g LEFT JOIN submission s ON s.agency = g.agency AND s.sender_id = g.sender_id
    ), numbered AS (
        SELECT c.*, last + row_number() OVER (ORDER BY c.n) AS new_position,
               lag(c.event) OVER (PARTITION BY c.thread ORDER BY c.n) AS before_in_batch
        FROM compared c WHERE c.n = c.first_n AND c.old_position IS NULL
    ), linked AS (
        SELECT n.*, coalesce(n.before_in_batch, CASE WHEN n.cause IS NOT NULL THEN
            (SELECT s.event FROM submission s WHERE s.thread = n.thread ORDER BY s.position DESC LIMIT 1) END) AS new_after
        FROM numbered n
    ), stored AS (
        INSERT INTO submission (position, event, agency, desk, sender_id, body_hmac, thread, after, cause, type, topic,
                                occurred_at, received_at, sections, withheld_from)
        SELECT new_position, event, agency, desk, sender_id, hmac, thread, new_after, cause, type, topic, occurred_at, received_at, body,
               string_to_array(names, ' ')
        FROM linked
    )
    SELECT l.n, l.new_position, l.event, l.thread, l.received_at, l.new_after, false FROM linked l
    UNION ALL
    SELECT c.n, NULL, coalesce(c.old_event, f.event), coalesce(c.old_thread, f.thread), coalesce(c.old_received_at, f.received_at),
           coalesce(c.old_after, NULL), c.hmac <> coalesce(c.old_hmac, f.hmac)
    FROM compared c JOIN given f ON f.n = c.first_n
    WHERE c.old_position IS NOT NULL OR c.n <> c.first_n;

    UPDATE outbox_head h SET position = (SELECT coalesce(max(s.position), last) FROM submission s);
END
$$;
"""

KEPT_FROM = """
CREATE FUNCTION kept_from(readers text[], said uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    -- the event and what corrects it; of a withdrawal, of what it withdraws too: its author's word holds whenever it was said
    WITH RECURSIVE version AS (
        SELECT s.event, s.thread, s.cause, s.type, s.desk, s.withheld_from FROM submission s WHERE s.event = said
        UNION
        SELECT o.event, o.thread, o.cause, o.type, o.desk, o.withheld_from
        FROM version v JOIN submission o ON o.thread = v.thread
        WHERE (o.type = 'correction' AND o.cause = v.event) OR (v.type = 'withdrawal' AND o.event = v.cause)
    ), named AS (
        SELECT readers || array_agg(split_part(r, '.', 1)) AS names FROM unnest(readers) AS r
    )
    SELECT coalesce(bool_or(v.desk <> ALL (readers) AND v.withheld_from && n.names), false) FROM version v, named n
$$;
"""

BODIES = (("submission", "sections"), ("inbox", "delivery"))


def upgrade() -> None:
    """Create all tables, the function through which alone events are accepted, and the one that says what is kept from whom."""
    tables = [statement for statement in TABLES.split(";") if statement.strip()]
    for statement in (*tables, CREATE_POSITION_TABLE, ACCEPT, KEPT_FROM):
        op.execute(statement)
    store_bodies(op.execute, BODIES)
