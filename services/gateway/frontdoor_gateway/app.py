"""Puts a gateway together: the one place where its parts are chosen."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from fastapi.telemetry import TelemetryConfig
from starlette.responses import Response

from frontdoor_chassis import rehearsal
from frontdoor_chassis.bus import Bus, Consumer
from frontdoor_chassis.clock import Clock, SettableClock
from frontdoor_chassis.directory import load_directory
from frontdoor_chassis.metrics import Metrics
from frontdoor_chassis.relay import Relay
from frontdoor_chassis.signing import Signer, Verifier, derive_key
from frontdoor_chassis.store import migrate
from frontdoor_chassis.store.engine import open_pool
from frontdoor_chassis.supervise import Loop, Supervisor
from frontdoor_chassis.web import Check, Edge, add_problems, operations, problem_response
from frontdoor_gateway.adapters.filing import PgFiling
from frontdoor_gateway.adapters.inbox import PgInboxes
from frontdoor_gateway.adapters.keys import PgKeys
from frontdoor_gateway.adapters.measures import PREFIX, Measures
from frontdoor_gateway.adapters.positions import GatewayPositions
from frontdoor_gateway.adapters.receipts import PgReceipts
from frontdoor_gateway.adapters.submissions import PgSubmissions
from frontdoor_gateway.core.bells import Bells
from frontdoor_gateway.core.callers import KeyRing
from frontdoor_gateway.core.door import Door
from frontdoor_gateway.core.failures import UnavailableError
from frontdoor_gateway.core.flusher import Flusher
from frontdoor_gateway.core.inbox import InboxReader
from frontdoor_gateway.core.intake import WRITER, Intake
from frontdoor_gateway.core.limits import Limiter
from frontdoor_gateway.core.partnership import Partnership
from frontdoor_gateway.core.patience import LateProducer, patient
from frontdoor_gateway.core.published import PublishedEvents
from frontdoor_gateway.core.questions import Quota
from frontdoor_gateway.core.submissions import StoreAwayError
from frontdoor_gateway.core.sweep import Sweep
from frontdoor_gateway.handlers.documents import TITLE, describe
from frontdoor_gateway.handlers.events import Advice, EventHandlers, Sizes, add_event_routes
from frontdoor_gateway.handlers.inbox import inbox_routes
from frontdoor_gateway.handlers.published import published_routes
from frontdoor_gateway.handlers.requests import authentication
from frontdoor_gateway.settings import GatewaySettings
from frontdoor_schemas.topics import gateway_group, to_gateway

MIGRATIONS = Path(__file__).parent / "adapters" / "migrations"
IDLE_SECONDS = 0.2
"""How long a loop that is woken in process sleeps when nobody wakes it: another process may have written."""
INTAKE_PACE_SECONDS = 0.1
"""Filing is not on the way to a webhook: what comes within this shares a transaction."""
RECEIPTS_PACE_SECONDS = 0.1
"""Receipts answer deadlines of minutes: what comes within this shares a record's way."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The moving parts of one gateway."""

    flusher: Flusher
    relay: Relay
    receipts: Relay
    intake: Intake
    sweep: Sweep
    ring: KeyRing
    bells: Bells
    store: PgSubmissions


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway."""

    name: str
    app: FastAPI
    supervisor: Supervisor
    parts: Parts
    clock: Clock

    def close_door(self) -> None:
        """Take nothing more, and let those go who wait: the first thing of a stop."""
        self.parts.flusher.close()
        self.parts.bells.close()

    async def activity(self) -> rehearsal.Activity:
        """Idle when nothing waits here or on the bus for us, and the router has answered everything."""
        p = self.parts
        done = p.flusher.counts.stored + p.intake.counts.filed + p.intake.counts.recalled + p.intake.counts.ledgers
        if p.flusher.waiting or not p.relay.idle or not p.receipts.idle or await p.intake.behind():
            return rehearsal.Activity(idle=False, done=done)
        undecided = await p.store.undecided(self.clock.now() + timedelta(days=1))
        return rehearsal.Activity(idle=undecided == 0 and p.receipts.idle, done=done)


def _key(settings: GatewaySettings) -> bytes:
    return settings.signing_key.get_secret_value().encode()


def _readers(settings: GatewaySettings) -> tuple[str, ...]:
    return () if settings.metrics_token is None else (settings.metrics_token.get_secret_value(),)


async def migrate_gateway(settings: GatewaySettings) -> None:
    """Bring the gateway's schema up to date; the schema and its role have to be there (`store.engine.create_schemas`)."""
    await migrate.upgrade(settings.dsn.get_secret_value(), schema=settings.schema_name, migrations=MIGRATIONS, role=settings.role)


@asynccontextmanager
async def open_gateway(settings: GatewaySettings, *, bus: Bus, clock: Clock) -> AsyncIterator[Gateway]:
    """Open everything in order, start the loops, and close in reverse: stop taking in, flush, send, let go.

    Raises `PackError`, `SchemaOutOfDateError`, and `ValueError` for a settable clock in production.
    """
    if settings.environment == "production" and isinstance(clock, SettableClock):
        raise ValueError("production has no settable clock")
    partnership = Partnership(load_directory(settings.pack), settings.name)
    dsn = settings.dsn.get_secret_value()
    await migrate.require_current(dsn, schema=settings.schema_name, migrations=MIGRATIONS, role=settings.role)
    async with AsyncExitStack() as stack:
        pool = await open_pool(dsn, schema=settings.schema_name, max_size=settings.pool_size, role=settings.role)
        stack.push_async_callback(pool.close)
        producer = LateProducer(bus.producer)
        stack.push_async_callback(producer.close)
        metrics = Metrics(PREFIX)
        gateway = _assembled(settings, bus=bus, clock=clock, pool=pool, producer=producer, partnership=partnership, metrics=metrics)
        stack.push_async_callback(gateway.parts.store.close)
        stack.push_async_callback(gateway.parts.intake.close)
        stack.push_async_callback(_drain, gateway, settings.drain_seconds)
        await gateway.parts.ring.refresh()
        gateway.supervisor.start()
        yield gateway


async def _drain(gateway: Gateway, seconds: float) -> None:
    gateway.close_door()
    await gateway.supervisor.stop()
    parts = gateway.parts
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while parts.flusher.waiting:
                await parts.flusher.step()
            for relay in (parts.relay, parts.receipts):
                while await relay.step():
                    pass


def _assembled(
    settings: GatewaySettings,
    *,
    bus: Bus,
    clock: Clock,
    pool: asyncpg.Pool,
    producer: LateProducer,
    partnership: Partnership,
    metrics: Metrics,
) -> Gateway:
    receipts = PgReceipts(pool, gateway=settings.name, sign=_signer(settings).record)
    parts = _parts(
        settings, bus=bus, clock=clock, pool=pool, producer=producer, receipts=receipts, partnership=partnership, metrics=metrics
    )
    metrics.registry.register(
        Measures(flusher=parts.flusher, intake=parts.intake, relays={"events": parts.relay, "receipts": parts.receipts})
    )
    loops = _loops(settings, parts)
    supervisor = Supervisor(loops, drain_seconds=settings.drain_seconds)
    door = Door(
        store=parts.store,
        flusher=parts.flusher,
        quota=Quota(store=parts.store, per_hour=partnership.queries_per_hour, clock=clock),
        publishes=partnership.publishes,
        reads=partnership.reader,
        clock=clock,
        key=derive_key(_key(settings), "gateway/body"),
    )
    app = create_app(
        door=door,
        limiter=Limiter(rate=settings.rate, burst=settings.burst),
        sizes=Sizes(settings.max_event_bytes, settings.max_batch_bytes, settings.max_batch_items),
        reader=InboxReader(inboxes=PgInboxes(pool, receipts=receipts), receipts=parts.receipts, bells=parts.bells, clock=clock),
        published=PublishedEvents(store=parts.store, clock=clock, reads=partnership.reader),
        ring=parts.ring,
        clock=clock,
        metrics=metrics,
        operating=Operating(lambda: supervisor.alive, _checks(bus, pool, parts), _readers(settings)),
        waits=Waits(settings.max_wait_seconds, settings.heartbeat_seconds, settings.max_answer_wait_seconds),
        advice=partnership.advice,
    )
    gateway = Gateway(settings.name, app, supervisor, parts, clock)
    if settings.rehearsal_token is not None and isinstance(clock, SettableClock):
        _add_rehearsal(gateway, clock, settings.rehearsal_token.get_secret_value(), loops)
    return gateway


def _signer(settings: GatewaySettings) -> Signer:
    return Signer(settings.name, _key(settings))


def _parts(
    settings: GatewaySettings,
    *,
    bus: Bus,
    clock: Clock,
    pool: asyncpg.Pool,
    producer: LateProducer,
    receipts: PgReceipts,
    partnership: Partnership,
    metrics: Metrics,
) -> Parts:
    sign = _signer(settings).record
    store = PgSubmissions(pool, sign=sign)
    relay, receipt_relay = Relay(outbox=store, producer=producer), Relay(outbox=receipts, producer=producer)
    bells = Bells()

    async def connect() -> Consumer:
        return await bus.consumer(topics=[to_gateway(settings.name)], group=gateway_group(settings.name), positions=GatewayPositions(pool))

    intake = Intake(
        connect=connect,
        filing=PgFiling(pool, receipts=receipts),
        verifier=Verifier({WRITER: settings.router_key.get_secret_value().encode()}),
        serves=partnership.serves,
        receipts=receipt_relay,
        bells=bells,
        clock=clock,
    )
    sweep = Sweep(
        store=store,
        producer=producer,
        sign=sign,
        clock=clock,
        after=timedelta(seconds=settings.overdue_seconds),
        overdue=metrics.gauge("events_overdue", "Events accepted and not decided in time"),
    )
    return Parts(
        flusher=Flusher(store=store, relay=relay, sign=sign, max_waiting=settings.max_waiting),
        relay=relay,
        receipts=receipt_relay,
        intake=intake,
        sweep=sweep,
        ring=KeyRing(keys=PgKeys(pool), desks=partnership.desk, clock=clock),
        bells=bells,
        store=store,
    )


def _loops(settings: GatewaySettings, parts: Parts) -> list[Loop]:
    async def keys() -> bool:
        await parts.ring.refresh()
        return False

    return [
        Loop("gateway.flusher", parts.flusher.step, idle_seconds=IDLE_SECONDS, wake=parts.flusher.wake),
        Loop("gateway.relay", patient("gateway.relay", parts.relay.step), idle_seconds=IDLE_SECONDS, wake=parts.relay.wake),
        Loop(
            "gateway.receipts",
            patient("gateway.receipts", parts.receipts.step),
            idle_seconds=IDLE_SECONDS,
            wake=parts.receipts.wake,
            pace_seconds=RECEIPTS_PACE_SECONDS,
        ),
        Loop("gateway.intake", parts.intake.step, idle_seconds=0.0, pace_seconds=INTAKE_PACE_SECONDS),
        Loop("gateway.sweep", patient("gateway.sweep", parts.sweep.step), idle_seconds=settings.sweep_seconds),
        Loop("gateway.keys", keys, idle_seconds=settings.key_refresh_seconds),
    ]


def _checks(bus: Bus, pool: asyncpg.Pool, parts: Parts) -> tuple[Check, ...]:
    async def database() -> str:
        await pool.fetchval("SELECT 1")
        return "ok"

    async def broker() -> str:
        await bus.ready()
        return "ok"

    async def outbox() -> str:
        return "ok" if parts.relay.failures == parts.receipts.failures == 0 else "delayed"

    async def consumer() -> str:
        return "ok" if parts.intake.connected else "not-connected"

    return (Check("database", database), Check("bus", broker), Check("outbox", outbox), Check("consumer", consumer))


def _add_rehearsal(gateway: Gateway, clock: SettableClock, token: str, loops: list[Loop]) -> None:
    def moved() -> None:
        for loop in loops:
            loop.wake.set()

    gateway.app.include_router(rehearsal.routes(clock=clock, token=token, activity=gateway.activity, moved=moved))


@dataclass(frozen=True, slots=True)
class Operating:
    """What the platform asks: whether the loops run, and whether everything around is there."""

    alive: Callable[[], bool]
    checks: tuple[Check, ...]
    readers: tuple[str, ...]
    """Tokens with which metrics are read. Agencies reach this port."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds: the longest long-poll, between two signs of life of a stream, and the longest that a question waits for its answer."""

    longest: float
    heartbeat: float
    answer: float


_NO_TRACES: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI's own traces carry messages of exceptions, which may quote what was sent."""


def create_app(
    *,
    door: Door,
    limiter: Limiter,
    sizes: Sizes,
    reader: InboxReader,
    published: PublishedEvents,
    ring: KeyRing,
    clock: Clock,
    metrics: Metrics,
    operating: Operating,
    waits: Waits,
    advice: Advice,
) -> FastAPI:
    """The HTTP face over its parts, whatever they stand on."""
    app = FastAPI(title=TITLE, openapi_url=None, docs_url=None, redoc_url=None, telemetry=_NO_TRACES)
    app.add_middleware(Edge, metrics=metrics)
    add_problems(app)

    async def unavailable(_: Request, __: Exception) -> Response:
        return problem_response(UnavailableError())

    app.add_exception_handler(StoreAwayError, unavailable)
    authenticate = authentication(ring)
    events = EventHandlers(door=door, answers=reader, limiter=limiter, sizes=sizes, longest_wait=waits.answer, advice=advice)
    add_event_routes(app, handlers=events, authenticate=authenticate)
    app.include_router(published_routes(published=published, authenticate=authenticate))
    app.include_router(
        inbox_routes(reader=reader, ring=ring, clock=clock, authenticate=authenticate, max_wait=waits.longest, heartbeat=waits.heartbeat)
    )
    app.include_router(operations(metrics=metrics, alive=operating.alive, checks=operating.checks, readers=operating.readers))
    return app


def described() -> dict[str, Any]:
    """The description of the interface. It needs no parts: only what the routes say of themselves."""
    absent: Any = None
    app = create_app(
        door=absent,
        limiter=absent,
        sizes=absent,
        reader=absent,
        published=absent,
        ring=absent,
        clock=absent,
        metrics=Metrics(PREFIX),
        operating=Operating(alive=lambda: True, checks=(), readers=()),
        waits=Waits(longest=30.0, heartbeat=15.0, answer=20.0),
        advice=absent,
    )
    return describe(app)
