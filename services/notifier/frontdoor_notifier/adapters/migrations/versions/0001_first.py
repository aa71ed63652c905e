"""The notifier's first schema."""

from alembic import op

from frontdoor_chassis.store.bodies import store_bodies
from frontdoor_chassis.store.positions import CREATE_POSITION_TABLE

revision = "notifier_0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE endpoint (
    desk text PRIMARY KEY,
    url text NOT NULL,
    secret bytea NOT NULL,
    previous_secret bytea,
    previous_until timestamptz,
    status text NOT NULL,
    reason text,
    max_in_flight integer NOT NULL,
    version bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    lease_owner text,
    lease_epoch bigint NOT NULL,
    lease_until timestamptz,
    wanted_by text)
    WITH (fillfactor = 50);
CREATE TABLE endpoint_head (
    one boolean PRIMARY KEY CONSTRAINT endpoint_head_one CHECK (one),
    version bigint NOT NULL);
INSERT INTO endpoint_head VALUES (true, 0);

CREATE TABLE delivery (
    id uuid PRIMARY KEY,
    desk text NOT NULL,
    incarnation integer NOT NULL,
    number bigint NOT NULL,
    thread uuid NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    taken_back text,
    attempts integer NOT NULL,
    next_at timestamptz,
    first_at timestamptz,
    filed_at timestamptz NOT NULL,
    settled_at timestamptz,
    due timestamptz,
    wanted text,
    code text,
    body bytea);
CREATE INDEX delivery_owed ON delivery (desk, incarnation, number) WHERE state IN ('waiting', 'sending');
CREATE INDEX delivery_dead ON delivery (id) WHERE state = 'dead';
CREATE INDEX delivery_settled ON delivery USING brin (settled_at);

CREATE TABLE attempt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery uuid NOT NULL,
    at timestamptz NOT NULL,
    code text NOT NULL,
    milliseconds integer NOT NULL);
CREATE INDEX attempt_delivery ON attempt (delivery);

CREATE TABLE sequence (
    desk text PRIMARY KEY,
    incarnation integer NOT NULL,
    first bigint NOT NULL,
    seen_to bigint NOT NULL,
    holes bigint[] NOT NULL,
    gap_since timestamptz)
    WITH (fillfactor = 50);
CREATE TABLE recall (
    disclosure uuid PRIMARY KEY,
    how text NOT NULL,
    at timestamptz NOT NULL);
CREATE TABLE reached (
    disclosure uuid PRIMARY KEY,
    level text NOT NULL,
    at timestamptz NOT NULL);
CREATE INDEX reached_at ON reached USING brin (at);

CREATE TABLE reminder (
    id uuid PRIMARY KEY,
    desk text NOT NULL,
    reason text NOT NULL,
    disclosure uuid,
    due timestamptz,
    at timestamptz NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    first_at timestamptz,
    next_at timestamptz,
    settled_at timestamptz,
    code text);
CREATE INDEX reminder_due ON reminder (next_at) WHERE state = 'waiting';

CREATE TABLE refused (
    topic text NOT NULL,
    partition integer NOT NULL,
    off bigint NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, off));

CREATE TABLE outbox (
    position bigint PRIMARY KEY,
    key text NOT NULL,
    record bytea NOT NULL);
CREATE TABLE outbox_head (
    one boolean PRIMARY KEY CONSTRAINT outbox_head_one CHECK (one),
    position bigint NOT NULL,
    sent_up_to bigint NOT NULL);
INSERT INTO outbox_head VALUES (true, 0, 0);

CREATE TABLE action (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    operator text NOT NULL,
    action text NOT NULL,
    subject text);
"""


def upgrade() -> None:
    """Create all tables."""
    tables = [statement for statement in TABLES.split(";") if statement.strip()]
    for statement in (*tables, CREATE_POSITION_TABLE):
        op.execute(statement)
    store_bodies(op.execute, [("delivery", "body")])
