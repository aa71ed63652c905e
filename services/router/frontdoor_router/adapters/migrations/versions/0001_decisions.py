"""People, ties, events, decisions, obligations, tasks, audit, outbox."""

from alembic import op

from frontdoor_chassis.store.bodies import store_bodies
from frontdoor_chassis.store.positions import CREATE_POSITION_TABLE

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE person (
    id uuid PRIMARY KEY, kind text NOT NULL, born date, protected text NOT NULL DEFAULT 'unknown',
    created_at timestamptz NOT NULL);
CREATE TABLE person_key (
    kind text NOT NULL, hash bytea NOT NULL, person uuid NOT NULL REFERENCES person, PRIMARY KEY (hash, kind, person));
CREATE INDEX person_key_person ON person_key (person);
CREATE TABLE tie (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person uuid NOT NULL REFERENCES person, desk text NOT NULL,
    relation text NOT NULL, since timestamptz NOT NULL, until timestamptz, asserted_by text NOT NULL, confirmed_by text,
    event uuid NOT NULL, plan text, worker text, contact text, ended_by uuid, withheld_from text[] NOT NULL);
CREATE INDEX tie_ended_by ON tie (ended_by);
CREATE INDEX tie_person ON tie (person);
CREATE INDEX tie_event ON tie (event);
CREATE TABLE listed (
    person uuid NOT NULL REFERENCES person, desk text NOT NULL, event uuid NOT NULL, PRIMARY KEY (person, desk, event));
CREATE TABLE event (
    id uuid PRIMARY KEY, thread uuid NOT NULL, type text NOT NULL, counts_as text NOT NULL, source text NOT NULL,
    gateway text NOT NULL, after uuid, cause uuid, occurred_at timestamptz NOT NULL, received_at timestamptz NOT NULL,
    decided_at timestamptz NOT NULL, state text NOT NULL, epoch text NOT NULL, missing text[] NOT NULL DEFAULT '{}',
    ledger_version integer NOT NULL DEFAULT 1, others_close_at timestamptz NOT NULL,
    protected boolean NOT NULL DEFAULT false, withheld_from text[] NOT NULL DEFAULT '{}', withdrawn_at timestamptz,
    marks text[] NOT NULL DEFAULT '{}', sections bytea NOT NULL);
CREATE INDEX event_thread ON event (thread);
CREATE INDEX event_received ON event USING brin (received_at);
CREATE TABLE waiting (
    event uuid PRIMARY KEY, waits_for uuid NOT NULL, since timestamptz NOT NULL, record bytea NOT NULL, writer text NOT NULL,
    task uuid);
CREATE INDEX waiting_for ON waiting (waits_for);
CREATE TABLE parked (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic text NOT NULL, partition integer NOT NULL, off bigint NOT NULL,
    at timestamptz NOT NULL, reason text NOT NULL, record bytea NOT NULL, task uuid);
CREATE TABLE event_person (
    event uuid NOT NULL REFERENCES event, ref text NOT NULL, person uuid, why_held text, meant boolean NOT NULL, PRIMARY KEY (event, ref));
CREATE TABLE event_key (
    kind text NOT NULL, hash bytea NOT NULL, event uuid NOT NULL, leads_to uuid NOT NULL, at timestamptz NOT NULL,
    PRIMARY KEY (hash, kind, event, leads_to));
CREATE INDEX event_key_event ON event_key (event);
CREATE INDEX event_key_leads_to ON event_key (leads_to, at);
CREATE TABLE entry (
    person uuid NOT NULL REFERENCES person, event uuid NOT NULL, type text NOT NULL, source text NOT NULL,
    occurred_at timestamptz NOT NULL, open boolean NOT NULL, marks text[] NOT NULL, withheld_from text[] NOT NULL,
    changed_by uuid[], changed_to boolean[], PRIMARY KEY (person, event));
CREATE INDEX entry_event ON entry (event);
CREATE INDEX entry_changed_by ON entry USING gin (changed_by) WHERE changed_by IS NOT NULL;
CREATE TABLE disclosure (
    id uuid PRIMARY KEY, event uuid NOT NULL, trigger uuid NOT NULL, desk text NOT NULL, kind text NOT NULL,
    incarnation integer, number bigint, at timestamptz NOT NULL, epoch text NOT NULL, purposes text[] NOT NULL,
    given jsonb NOT NULL, withheld jsonb NOT NULL, marks text[] NOT NULL, about uuid[] NOT NULL, said text[] NOT NULL,
    made bytea, reason text, refers_to uuid, cause uuid, stands_for uuid, chases uuid, visible boolean NOT NULL,
    sent_again_at timestamptz, filed_at timestamptz, received_at timestamptz, opened_at timestamptz, acted_at timestamptz,
    told_at timestamptz, failed text, withdrawn_at timestamptz, recall_told boolean NOT NULL DEFAULT false, quotes uuid[],
    UNIQUE (desk, incarnation, number));
CREATE INDEX disclosure_event ON disclosure (event);
CREATE INDEX disclosure_quotes ON disclosure USING gin (quotes) WHERE quotes IS NOT NULL;
CREATE INDEX disclosure_unfiled ON disclosure (at) WHERE filed_at IS NULL AND number IS NOT NULL;
CREATE TABLE desk (id text PRIMARY KEY, incarnation integer NOT NULL, n bigint NOT NULL);
CREATE TABLE obligation (
    id uuid PRIMARY KEY, duty text NOT NULL, event uuid NOT NULL, desk text NOT NULL, person uuid, disclosure uuid,
    satisfied_by text[] NOT NULL, opened_at timestamptz NOT NULL, due timestamptz NOT NULL, state text NOT NULL,
    met_at timestamptz, met_by text, stages jsonb NOT NULL, next_stage integer NOT NULL DEFAULT 0, next_at timestamptz,
    hidden_from text[] NOT NULL);
CREATE INDEX obligation_event ON obligation (event);
CREATE INDEX obligation_disclosure ON obligation (disclosure);
CREATE INDEX obligation_next ON obligation (next_at) WHERE state IN ('open', 'overdue') AND next_at IS NOT NULL;
CREATE INDEX obligation_unmet ON obligation (state) WHERE state IN ('open', 'overdue');
CREATE TABLE stage_fired (
    obligation uuid NOT NULL REFERENCES obligation, stage integer NOT NULL, at timestamptz NOT NULL, kind text NOT NULL,
    desk text NOT NULL, PRIMARY KEY (obligation, stage, desk));
CREATE TABLE task (
    id uuid PRIMARY KEY, kind text NOT NULL, reason text NOT NULL, owner text NOT NULL, event uuid, refs text[] NOT NULL,
    notice uuid, opened_at timestamptz NOT NULL, closed_at timestamptz, closed_by text);
CREATE INDEX task_event ON task (event);
CREATE INDEX task_notice ON task (notice) WHERE closed_at IS NULL;
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL, type text NOT NULL, epoch text NOT NULL,
    event uuid, desk text, detail jsonb NOT NULL);
CREATE TABLE epoch (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL, pack text NOT NULL, number integer NOT NULL,
    hash text NOT NULL, opens date NOT NULL, agreements text[] NOT NULL, activated_at timestamptz NOT NULL);
CREATE TABLE outbox (position bigint PRIMARY KEY, records bytea NOT NULL);
CREATE TABLE outbox_head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one), position bigint NOT NULL, sent_up_to bigint NOT NULL);
INSERT INTO outbox_head VALUES (true, 0, 0);
"""

BODIES = (("event", "sections"), ("outbox", "records"), ("waiting", "record"), ("disclosure", "made"))


def upgrade() -> None:
    """Create everything."""
    for statement in TABLES.split(";"):
        if statement.strip():
            op.execute(statement)
    store_bodies(op.execute, BODIES)
    op.execute(CREATE_POSITION_TABLE)


def downgrade() -> None:
    """There is nothing before the first revision."""
    raise RuntimeError("the first revision cannot be taken back; restore a backup")
