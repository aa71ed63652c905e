"""Puts the notifier together: the one place where its parts are chosen."""

import asyncio
import functools
import random
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import structlog
from fastapi import APIRouter, FastAPI

from frontdoor_chassis import rehearsal
from frontdoor_chassis.bus import Bus, Consumer, Positions, Producer
from frontdoor_chassis.bus.watermark import Places, Watermark
from frontdoor_chassis.clock import Clock, SettableClock
from frontdoor_chassis.directory import Directory, load_directory
from frontdoor_chassis.metrics import Metrics
from frontdoor_chassis.relay import Relay
from frontdoor_chassis.signing import Signer, Verifier
from frontdoor_chassis.store import migrate as migrations
from frontdoor_chassis.store.engine import open_pool
from frontdoor_chassis.store.positions import PgPositions
from frontdoor_chassis.supervise import Loop, Supervisor
from frontdoor_chassis.web import Check, Edge, add_problems, operations
from frontdoor_notifier.adapters.contacts import DirectoryContacts
from frontdoor_notifier.adapters.housekeeping import PgHousekeeping
from frontdoor_notifier.adapters.lateness import LateConsumer, LateProducer
from frontdoor_notifier.adapters.leases import PgLeases
from frontdoor_notifier.adapters.mail import NoMailer, SmtpMailer
from frontdoor_notifier.adapters.operators import PgOperators
from frontdoor_notifier.adapters.outbox import PgOutbox
from frontdoor_notifier.adapters.patience import AWAY, Patience, PatientPositions
from frontdoor_notifier.adapters.reminders import PgReminders
from frontdoor_notifier.adapters.sealing import SecretBox
from frontdoor_notifier.adapters.store import PgStore
from frontdoor_notifier.adapters.webhook import open_webhooks
from frontdoor_notifier.core.depot import Depot
from frontdoor_notifier.core.endpoints import check_url
from frontdoor_notifier.core.ports import Mailer, Webhooks
from frontdoor_notifier.core.senders import Rules
from frontdoor_notifier.handlers.admin import routes
from frontdoor_notifier.handlers.commits import Committer
from frontdoor_notifier.handlers.dispatch import Dispatcher
from frontdoor_notifier.handlers.housekeeping import Housekeeping
from frontdoor_notifier.handlers.intake import Intake
from frontdoor_notifier.handlers.leases import LeaseKeeper
from frontdoor_notifier.handlers.records import OWN, Reader
from frontdoor_notifier.handlers.reminding import Reminding
from frontdoor_notifier.settings import NotifierSettings
from frontdoor_schemas.topics import NOTIFIER_GROUP, RECEIPTS, to_gateway

log = structlog.get_logger(__name__)

MIGRATIONS = Path(__file__).parent / "adapters" / "migrations"
DISPATCH_SECONDS = 0.05
"""How exactly retries keep their time."""
COMMIT_SECONDS = 0.02
COMMIT_PACE_SECONDS = 0.05
"""Everything was posted before it is committed: results share a commit, and what a crash may post twice stays small."""
RECEIPTS_PACE_SECONDS = 0.1
"""Receipts answer deadlines of minutes: what comes within this shares a record's way."""
LEASE_SECONDS = 0.25
REMIND_SECONDS = 0.5
PURGE_SECONDS = 60.0
LAST_SECONDS = 5.0
"""For the last commit, the leases and the last receipts, together: what is not done by then is done after the next start."""
IDLE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Parts:
    """The moving parts of one notifier."""

    depot: Depot
    store: PgStore
    reminders: PgReminders
    committer: Committer
    dispatcher: Dispatcher
    leases: LeaseKeeper
    intake: Intake
    reminding: Reminding
    housekeeping: Housekeeping
    relay: Relay
    consumer: Consumer

    def wake(self) -> None:
        """The clock was moved: let whoever watches it look."""
        for wake in (self.dispatcher.wake, self.committer.wake, self.leases.wake, self.relay.wake, self.reminding.wake):
            wake.set()


@dataclass(frozen=True, slots=True)
class Notifier:
    """A running notifier."""

    app: FastAPI
    supervisor: Supervisor
    parts: Parts
    clock: Clock

    def quiesce(self) -> None:
        """Begin no further attempt: the first thing of a stop."""
        self.parts.dispatcher.stopped = True

    async def activity(self) -> rehearsal.Activity:
        """Idle when everything is read, sent as far as the clock allows, committed and reported."""
        p, now = self.parts, self.clock.now()
        done, commits = p.intake.progress.records + p.depot.done, p.committer.commits
        try:
            read = await p.consumer.lag() == 0
        except ConnectionError:
            read = False
        nothing_due = await p.store.overdue(now) == 0 and await p.reminders.waiting(now) == 0
        # a commit between these looks may have brought what the first of them could not see
        still = p.committer.commits == commits and p.depot.idle(now) and p.relay.idle
        busy = p.intake.busy or p.reminding.busy or p.committer.lock.locked()
        return rehearsal.Activity(idle=read and nothing_due and still and not busy, done=done)


async def migrate(settings: NotifierSettings) -> None:
    """Bring the notifier's schema up to date; the schema and its role have to be there (`store.engine.create_schemas`)."""
    await migrations.upgrade(settings.dsn.get_secret_value(), schema=settings.schema_name, migrations=MIGRATIONS, role=settings.role)


@dataclass(frozen=True, slots=True)
class _Outside:
    """What the notifier stands on."""

    clock: Clock
    bus: Bus
    topics: Sequence[str]
    pool: asyncpg.Pool
    patience: Patience
    positions: Positions
    producer: Producer
    consumer: Consumer
    contacts: DirectoryContacts
    zone: ZoneInfo
    box: SecretBox
    mailer: Mailer
    webhooks: Webhooks
    metrics: Metrics


@asynccontextmanager
async def open_notifier(
    settings: NotifierSettings, *, bus: Bus, clock: Clock, mailer: Mailer | None = None, webhooks: Webhooks | None = None
) -> AsyncIterator[Notifier]:
    """Open everything in order, start the loops, and close in reverse: begin nothing, let attempts end, commit, report, let go.

    `mailer` and `webhooks` replace what the settings describe. Raises `PackError`, `SchemaOutOfDateError`, and
    `ValueError` for a settable clock in production.
    """
    if settings.environment == "production" and isinstance(clock, SettableClock):
        raise ValueError("production has no settable clock")
    directory = load_directory(settings.pack)
    dsn = settings.dsn.get_secret_value()
    await migrations.require_current(dsn, schema=settings.schema_name, migrations=MIGRATIONS, role=settings.role)
    async with AsyncExitStack() as stack:
        outside = await _open_outside(stack, settings, bus=bus, clock=clock, directory=directory, mailer=mailer, webhooks=webhooks)
        notifier = _assembled(settings, outside)
        await notifier.parts.leases.refresh()
        stack.push_async_callback(_stop, notifier, outside.patience, settings.drain.total_seconds())
        notifier.supervisor.start()
        yield notifier


async def _open_outside(
    stack: AsyncExitStack,
    settings: NotifierSettings,
    *,
    bus: Bus,
    clock: Clock,
    directory: Directory,
    mailer: Mailer | None,
    webhooks: Webhooks | None,
) -> _Outside:
    pool = await open_pool(settings.dsn.get_secret_value(), schema=settings.schema_name, role=settings.role)
    stack.push_async_callback(pool.close)
    patience = Patience()
    positions = PatientPositions(PgPositions(pool), patience)
    producer = LateProducer(bus)
    stack.push_async_callback(producer.close)
    topics = [*(to_gateway(g) for g in directory.gateways()), RECEIPTS]
    consumer = LateConsumer(bus, topics=topics, group=NOTIFIER_GROUP, positions=positions)
    stack.push_async_callback(consumer.close)
    if webhooks is None:
        opened = open_webhooks(clock=clock, timeout=settings.timeout, allowed=settings.allowed_networks, authorities=_authorities(settings))
        stack.push_async_callback(opened.close)
        webhooks = opened
    return _Outside(
        clock=clock,
        bus=bus,
        topics=topics,
        pool=pool,
        patience=patience,
        positions=positions,
        producer=producer,
        consumer=consumer,
        contacts=DirectoryContacts(directory),
        zone=ZoneInfo(directory.time_zone),
        box=SecretBox(settings.secret_key.get_secret_value().encode()),
        mailer=mailer or _mailer(settings, clock),
        webhooks=webhooks,
        metrics=Metrics("frontdoor_notifier"),
    )


async def _stop(notifier: Notifier, patience: Patience, seconds: float) -> None:
    """Results of what is under way are written before the leases are let go, so that nobody sends it a second time.

    A database that is away is not waited for any more: what was committed and not sent is still in it at the next start,
    and what was not committed is read again.
    """
    p = notifier.parts
    notifier.quiesce()
    patience.at_end = True
    await notifier.supervisor.stop()
    await p.dispatcher.drain(seconds)
    try:
        async with asyncio.timeout(min(seconds, LAST_SECONDS)):
            await p.committer.flush()
            await p.leases.close()
            while await p.relay.step():
                pass
    except AWAY as error:
        log.warning("stop.incomplete", error=type(error).__name__)


def _authorities(settings: NotifierSettings) -> ssl.SSLContext | None:
    return ssl.create_default_context(cafile=str(settings.ca_file)) if settings.ca_file else None


def _mailer(settings: NotifierSettings, clock: Clock) -> Mailer:
    if settings.smtp_host is None:
        return NoMailer()
    return SmtpMailer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.mail_from,
        clock=clock,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
        tls=settings.smtp_tls,
        authorities=_authorities(settings),
    )


def _rules(settings: NotifierSettings) -> Rules:
    return Rules(
        timeout=settings.timeout,
        keep_trying=settings.keep_trying,
        block_margin=settings.block_margin,
        gap_patience=settings.gap_patience,
    )


def _assembled(settings: NotifierSettings, o: _Outside) -> Notifier:
    parts = _parts(settings, o)
    _gauges(o.metrics, parts)
    supervisor = Supervisor(_loops(parts))
    app = FastAPI(title="Frontdoor notifier", openapi_url=None, docs_url=None, redoc_url=None)
    notifier = Notifier(app, supervisor, parts, o.clock)
    add_problems(app)
    app.add_middleware(Edge, metrics=o.metrics)
    app.include_router(operations(metrics=o.metrics, alive=lambda: supervisor.alive, checks=_checks(o.pool, o.bus)))
    app.include_router(_admin(settings, o, parts))
    if settings.rehearsal_token is not None and isinstance(o.clock, SettableClock):
        token = settings.rehearsal_token.get_secret_value()
        app.include_router(rehearsal.routes(clock=o.clock, token=token, activity=notifier.activity, moved=parts.wake))
    return notifier


def _admin(settings: NotifierSettings, o: _Outside, parts: Parts) -> APIRouter:
    check = functools.partial(check_url, plain_http=settings.plain_http, allowed=settings.allowed_networks)
    operators = PgOperators(pool=o.pool, box=o.box, clock=o.clock, changed=parts.leases.look)
    tokens = {name: t.get_secret_value() for name, t in {**settings.admin_tokens, "admin": settings.admin_token}.items()}
    return routes(operators=operators, desks=o.contacts, tokens=tokens, check_url=check, clock=o.clock)


def _parts(settings: NotifierSettings, o: _Outside) -> Parts:
    signer = Signer(OWN, settings.signing_key.get_secret_value().encode())
    rng = random.SystemRandom()
    depot = Depot(_rules(settings), rng)
    store, reminders = PgStore(pool=o.pool, signer=signer, patience=o.patience), PgReminders(pool=o.pool, patience=o.patience)
    relay = Relay(outbox=PgOutbox(pool=o.pool, signer=signer, patience=o.patience), producer=o.producer)
    committer = Committer(depot=depot, store=store, relay=relay, clock=o.clock, metrics=o.metrics)
    dispatcher = Dispatcher(depot=depot, store=store, webhooks=o.webhooks, clock=o.clock, results=committer.wake, metrics=o.metrics)
    leases = LeaseKeeper(
        depot=depot,
        leases=PgLeases(pool=o.pool, box=o.box, patience=o.patience),
        store=store,
        committer=committer,
        clock=o.clock,
        owner=settings.instance or uuid4().hex,
        duration=settings.lease,
        pump=dispatcher.pump,
    )
    committer.on_reset(leases.wake.set)
    intake = Intake(
        consumer=o.consumer,
        reader=_reader(settings, o, depot),
        depot=depot,
        store=store,
        committer=committer,
        leases=leases,
        pump=dispatcher.pump,
        clock=o.clock,
        metrics=o.metrics,
    )
    reminding = Reminding(
        store=reminders,
        mailer=o.mailer,
        contacts=o.contacts,
        depot=depot,
        clock=o.clock,
        zone=o.zone,
        watermark=_watermark(o, committer),
        results=committer.wake.set,
        rng=rng,
        metrics=o.metrics,
    )
    housekeeping = Housekeeping(store=PgHousekeeping(pool=o.pool, patience=o.patience), clock=o.clock, keep=settings.keep)
    return Parts(depot, store, reminders, committer, dispatcher, leases, intake, reminding, housekeeping, relay, o.consumer)


def _watermark(o: _Outside, committer: Committer) -> Watermark:
    async def committed() -> Places:
        await committer.flush()  # what was read and says nothing waits for company, and reminders would wait for it
        return await o.positions.load(o.topics)

    return Watermark(ends=lambda: o.bus.ends(o.topics), positions=committed)


def _reader(settings: NotifierSettings, o: _Outside, depot: Depot) -> Reader:
    keys = {name: key.get_secret_value().encode() for name, key in settings.writer_keys.items()}
    return Reader(verifier=Verifier(keys), contacts=o.contacts, clock=o.clock, has_endpoint=depot.endpoints.__contains__)


def _loops(p: Parts) -> list[Loop]:
    return [
        Loop("notifier.intake", p.intake.step, idle_seconds=0.0),
        Loop("notifier.dispatch", p.dispatcher.step, idle_seconds=DISPATCH_SECONDS, wake=p.dispatcher.wake),
        Loop("notifier.loading", p.dispatcher.load_step, idle_seconds=IDLE_SECONDS, wake=p.dispatcher.loading),
        Loop("notifier.commits", p.committer.step, idle_seconds=COMMIT_SECONDS, wake=p.committer.wake, pace_seconds=COMMIT_PACE_SECONDS),
        Loop("notifier.leases", p.leases.step, idle_seconds=LEASE_SECONDS, wake=p.leases.wake),
        Loop("notifier.relay", p.relay.step, idle_seconds=IDLE_SECONDS, wake=p.relay.wake, pace_seconds=RECEIPTS_PACE_SECONDS),
        Loop("notifier.reminders", p.reminding.step, idle_seconds=REMIND_SECONDS, wake=p.reminding.wake),
        Loop("notifier.housekeeping", p.housekeeping.step, idle_seconds=PURGE_SECONDS),
    ]


def _gauges(metrics: Metrics, p: Parts) -> None:
    metrics.gauge("in_flight", "Attempts under way").set_function(lambda: p.depot.in_flight)
    metrics.gauge("owed", "Deliveries in memory that are still to be sent").set_function(lambda: p.depot.owed)
    metrics.gauge("uncommitted_records", "Records taken in and not committed").set_function(lambda: p.depot.ledger.records)
    metrics.gauge("endpoints_leased", "Endpoints that this instance sends to").set_function(lambda: len(p.depot.senders))
    metrics.gauge("gaps", "Desks of which numbers are missing").set_function(lambda: sum(bool(s.holes) for s in p.depot.sequences.values()))
    metrics.gauge("relay_failures", "Failures in a row to reach the bus").set_function(lambda: p.relay.failures)


def _checks(pool: asyncpg.Pool, bus: Bus) -> tuple[Check, ...]:
    async def database() -> str:
        await pool.fetchval("SELECT 1")
        return "ok"

    async def broker() -> str:
        await bus.ready()
        return "ok"

    return Check("database", database), Check("bus", broker)
