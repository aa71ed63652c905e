"""Puts the router together: the one place where its parts are chosen."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import structlog
from fastapi import FastAPI

from frontdoor_chassis import rehearsal
from frontdoor_chassis.bus import Bus, Consumer, Producer
from frontdoor_chassis.bus.watermark import Known, Watermark
from frontdoor_chassis.clock import Clock, SettableClock
from frontdoor_chassis.directory import Desk, Directory
from frontdoor_chassis.metrics import Metrics
from frontdoor_chassis.relay import Relay
from frontdoor_chassis.signing import Signer, Verifier
from frontdoor_chassis.store import FencedError
from frontdoor_chassis.store.engine import open_pool
from frontdoor_chassis.store.migrate import require_current
from frontdoor_chassis.store.positions import PgPositions
from frontdoor_chassis.supervise import Loop, Step, Supervisor
from frontdoor_chassis.web import Check, add_problems, operations
from frontdoor_router.adapters.ledger import PgLedger
from frontdoor_router.adapters.listing import PgLists
from frontdoor_router.adapters.measuring import reading
from frontdoor_router.adapters.opening import Works
from frontdoor_router.adapters.outbox import PgOutbox
from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.adapters.work import SWEEP_BATCH
from frontdoor_router.core.arriving import reader
from frontdoor_router.core.decide import Decider
from frontdoor_router.core.decision import IdMaker
from frontdoor_router.core.identify import KeyMaker
from frontdoor_router.core.measures.asking import Question, Table, answer, cases
from frontdoor_router.core.measures.tally import Result, Rules
from frontdoor_router.core.pack import Pack
from frontdoor_router.core.policy import policy_of
from frontdoor_router.core.routing import Routing
from frontdoor_router.core.standing import event_of, standing_question
from frontdoor_router.handlers import admin, measures
from frontdoor_router.handlers.stream import Stream
from frontdoor_router.settings import RouterSettings
from frontdoor_schemas.topics import FAMILIES, RECEIPTS, ROUTER_GROUP, to_gateway

log = structlog.get_logger(__name__)

MIGRATIONS = Path(__file__).parent / "adapters" / "migrations"
CLOCK_SECONDS = 1.0
"""How often clocks are looked at; deadlines are minutes and hours."""
RELAY_SECONDS = 0.2
"""Fallback for a wake that was missed."""
SWEEP_SECONDS = 5.0
"""How often it is looked for what was left lying."""
UNFILED_AFTER = timedelta(minutes=2)
"""After which a delivery that no gateway has filed is sent again: well over what a gateway's restart takes."""
WAITED_AFTER = timedelta(minutes=10)
"""After which a person is told that an event still waits for the one before it."""


GAUGES = {
    "obligations_open": "Obligations that somebody has to meet, not yet due",
    "obligations_overdue": "Obligations past their due time and not met",
    "tasks_open": "Pieces of work that wait for a person",
    "events_waiting": "Events that wait for the one before them",
    "deliveries_unfiled": "Deliveries that no gateway has said to have filed",
}
"""Metrics that the sweep sets, with what they say."""
BY_DESK = {
    "desk_waiting": "What a desk owes and the pieces of work that wait there",
    "desk_waiting_seconds": "How long the oldest of that has waited",
}
"""The same for metrics of each desk, under the label `desk`."""


@dataclass(frozen=True, slots=True)
class Router:
    """A running router."""

    app: FastAPI
    supervisor: Supervisor


class Engine:
    """The router's loops over its parts. A change of the local day changes the policy, audited, before the next batch."""

    def __init__(
        self,
        *,
        settings: RouterSettings,
        pack: Pack,
        pool: asyncpg.Pool,
        producer: Producer,
        consumer: Consumer,
        watermark: Callable[[], Watermark],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._pack = pack
        self._pool = pool
        self._rules = Rules(pack.directory, pack.calendar, pack.deadlines)
        self._one_table_at_a_time = asyncio.Lock()
        self._watermark = watermark()
        self._watermark_of_sweeps = watermark()
        self._clock = clock
        self._zone = ZoneInfo(pack.directory.time_zone)
        secret = settings.identity_secret.get_secret_value().encode()
        self._keys = KeyMaker(secret)
        self._ids = IdMaker(secret)
        self._day: date | None = None
        self._handed_over: date | None = None
        self._routing: Routing | None = None
        self._fired = 0
        self.directory = pack.directory
        self.ledger = PgLedger(pool)
        self.lists = PgLists(pool, pack, lambda standing: event_of(standing, self._ids))
        self.metrics = Metrics("frontdoor_router")
        self._gauges = {name: self.metrics.gauge(name, says) for name, says in GAUGES.items()}
        self._of_desks = {name: self.metrics.gauge(name, says, ("desk",)) for name, says in BY_DESK.items()}
        self._relay = Relay(outbox=PgOutbox(pool), producer=producer)
        read = reader(self._keys)
        signer = Signer("router", settings.signing_key.get_secret_value().encode())
        self._works = Works(pool=pool, directory=pack.directory, signer=signer, relay=self._relay, clock=clock, ids=self._ids, rebuild=read)
        self._stream = Stream(
            consumer=consumer,
            open_work=self._works.batch,
            routing=self.routing,
            read=read,
            verifier=Verifier({name: key.get_secret_value().encode() for name, key in settings.writer_keys.items()}),
            directory=pack.directory,
            clock=clock,
            batch=settings.batch,
            metrics=self.metrics,
        )
        self.steps: tuple[Step, ...] = (self._stream_step, self._relay.step, self._clock_step)
        self.loops = self._made_loops()

    def _made_loops(self) -> list[Loop]:
        return [
            Loop("router.stream", self._stream_step, idle_seconds=0.0),
            Loop("router.relay", self._relay.step, idle_seconds=RELAY_SECONDS, wake=self._relay.wake),
            Loop("router.clocks", self._clock_step, idle_seconds=CLOCK_SECONDS),
            Loop("router.sweeps", self.sweep_step, idle_seconds=SWEEP_SECONDS),
        ]

    def today(self) -> date:
        """The local day."""
        return self._clock.now().astimezone(self._zone).date()

    def routing(self) -> Routing:
        """The routing of the policy in force. `keep_day` has to have run."""
        if self._routing is None:
            raise RuntimeError("no policy was activated")
        return self._routing

    async def keep_day(self) -> None:
        """Activate the policy of the local day when it has changed. Raises `PolicyChangedError`."""
        today = self.today()
        if today == self._day and self._works.epoch:
            return
        opens = await self._works.activate(policy_of(self._pack, today).epoch, self._pack.epoch(today))
        policy = policy_of(self._pack, max(today, opens))
        decider = Decider(policy=policy, ids=self._ids)
        self._routing = Routing(decider=decider, keys=self._keys, epoch=policy.epoch, others_close_after=self._settings.others_close_after)
        self._day = today

    async def _stream_step(self) -> bool:
        await self.keep_day()
        return await self._stream.step()

    async def _clock_step(self) -> bool:
        await self.keep_day()
        if await self._hand_over():
            return True
        now = self._clock.now()
        if await self._nothing_is_due(now):
            self._watermark.rest()
            return False
        known = await self._watermark.known(now)
        if known is None:
            return False
        try:
            async with self._works.open() as work:
                fired = await work.fire_due(up_to=known.up_to, today=self.today(), confirmed=known.confirmed)
        except FencedError:
            return True
        if fired and not known.confirmed:
            log.warning("clocks.unconfirmed", fired=fired)
        self._fired += fired
        return fired > 0 or await self._make_a_list()

    async def _make_a_list(self) -> bool:
        """Ask the next question that is due for a desk, and answer it. True when one was made: there may be more."""
        due = await self.lists.due(self._clock.now())
        if not due:
            return False
        try:
            async with self._works.open() as work:
                question = standing_question(due[0], self.directory, self._ids, self._clock.now())
                await self.routing().route([question], work, self._clock.now())
        except FencedError:
            return True
        self.lists.made(due[0])
        log.info("list.made", list=due[0].list.id, desk=due[0].desk, question=str(question.envelope.id))
        self._fired += 1
        return True

    async def next_due(self) -> datetime | None:
        """When the next stage of any obligation, or the next list, is due."""
        found = await self.ledger.next_due(), await self.lists.next_due(self._clock.now())
        return min((moment for moment in found if moment), default=None)

    async def _nothing_is_due(self, now: datetime) -> bool:
        due = await self.next_due()
        return due is None or due > now

    async def _hand_over(self) -> bool:
        """On a new day, and when it starts: have what desks that have ended have left handed over. True when there may be more."""
        today = self.today()
        if self._handed_over == today:
            return False
        more = [desk for desk in self.directory.ended(today) if await self._hand_over_of(desk)]
        self._handed_over = self._handed_over if more else today
        return bool(more)

    async def _hand_over_of(self, desk: Desk) -> bool:
        """One transaction for one desk. True when there may be more."""
        try:
            async with self._works.open() as work:
                events = await work.hand_over(desk, self.routing())
        except FencedError:
            return True
        if events:
            log.info("desk.handed_over", desk=desk.id, events=events)
        self._fired += events
        return events > 0

    async def sweep_step(self) -> bool:
        """Send again what nobody has filed, have a person told of what waits too long, and count. True when there may be more."""
        await self.keep_day()
        for desk in await self.ledger.left_behind([d.id for d in self.directory.ended(self.today())]):
            await self._hand_over_of(self.directory.desk(desk))
        standing = await self.ledger.standing()
        for name, count in standing._asdict().items():
            self._gauges[name].set(count)
        known = await self._known_to_wait(standing.events_waiting)
        try:
            async with self._works.open() as work:
                waiting = await work.tell_of_waiting(known.up_to - WAITED_AFTER, self.routing()) if known else 0
                again = await work.send_unfiled(UNFILED_AFTER)
        except FencedError:
            return True
        await self._count_what_waits()
        if again or waiting:
            log.warning("sweep.done", sent_again=again, waiting_too_long=waiting)
        return max(again, waiting) == SWEEP_BATCH

    async def _known_to_wait(self, events: int) -> Known | None:
        """Up to when what events wait for is not on the bus either."""
        if events:
            return await self._watermark_of_sweeps.known(self._clock.now())
        self._watermark_of_sweeps.rest()
        return None

    async def _count_what_waits(self) -> None:
        """At each desk: how much, and how long the oldest. A desk at which nothing waits any more shows nought."""
        waiting, now = await self.ledger.waiting_at_desks(), self._clock.now()
        for desk in self.directory.desks:
            count, since = waiting.get(desk, (0, now))
            self._of_desks["desk_waiting"].labels(desk).set(count)
            self._of_desks["desk_waiting_seconds"].labels(desk).set((now - since).total_seconds())

    async def figures(self, question: Question) -> Table:
        """The shared data set's answer. Raises `NoSuchQuestionError`."""
        async with self._one_table_at_a_time, reading(self._pool) as source:
            return await answer(question, self._pack.data_set, self._rules, source)

    async def cases(self, question: Question, measure: str) -> Mapping[UUID, Result]:
        """The events behind one measure of it. Raises `NoSuchQuestionError`."""
        async with self._one_table_at_a_time, reading(self._pool) as source:
            return await cases(question, measure, self._pack.data_set, self._rules, source)

    async def activity(self) -> rehearsal.Activity:
        """Idle when nothing is on the bus for us, everything of ours is sent, and no clock is due."""
        rests = await self._nothing_is_due(self._clock.now()) and self._handed_over == self.today()
        rests = rests and await self._watermark.all_read()
        return rehearsal.Activity(idle=rests and self._relay.idle, done=self._stream.done + self._fired)

    def wake(self) -> None:
        """Have every loop look at the clock again."""
        for loop in self.loops:
            loop.wake.set()


@asynccontextmanager
async def open_engine(settings: RouterSettings, *, bus: Bus, clock: Clock) -> AsyncIterator[Engine]:
    """Open everything in order and close it in reverse; starts no loop.

    Raises `PackError`, `SchemaOutOfDateError`, and `LookupError` for a topic that is not there.
    """
    pack = load_pack(settings.pack)
    dsn = settings.dsn.get_secret_value()
    await require_current(dsn, schema=settings.schema_name, migrations=MIGRATIONS, role=settings.role)
    await bus.require(_written(pack.directory))
    pool = await open_pool(dsn, schema=settings.schema_name, role=settings.role)
    producer = await bus.producer()
    topics, positions = [*FAMILIES, RECEIPTS], PgPositions(pool)
    consumer = await bus.consumer(topics=topics, group=ROUTER_GROUP, positions=positions)

    def watermark() -> Watermark:
        return Watermark(ends=lambda: bus.ends(topics), positions=lambda: positions.load(topics))

    try:
        engine = Engine(settings=settings, pack=pack, pool=pool, producer=producer, consumer=consumer, watermark=watermark, clock=clock)
        await engine.keep_day()
        yield engine
    finally:
        await consumer.close()
        await producer.close()
        await pool.close()


@asynccontextmanager
async def open_router(settings: RouterSettings, *, bus: Bus, clock: Clock) -> AsyncIterator[Router]:
    """A running router: its loops started, its HTTP face ready to be served. Raises what `open_engine` raises."""
    async with open_engine(settings, bus=bus, clock=clock) as engine:
        supervisor = Supervisor(engine.loops)
        app = _app(settings=settings, engine=engine, bus=bus, clock=clock, supervisor=supervisor)
        supervisor.start()
        try:
            yield Router(app, supervisor)
        finally:
            await supervisor.stop()


def _written(directory: Directory) -> list[str]:
    """The gateways' topics. A record for one that is not there would hold up those for all the others."""
    return [to_gateway(gateway) for gateway in directory.gateways()]


def _app(*, settings: RouterSettings, engine: Engine, bus: Bus, clock: Clock, supervisor: Supervisor) -> FastAPI:
    app = FastAPI(title="Frontdoor router", openapi_url=None, docs_url=None, redoc_url=None)
    add_problems(app)

    async def database() -> str:
        await engine.ledger.ping()
        return "ok"

    async def broker() -> str:
        await bus.ready()
        return "ok"

    async def topics() -> str:
        try:
            await bus.require(_written(engine.directory))
        except LookupError as error:
            log.error("topics.missing", reason=str(error))  # noqa: TRY400 - the reason is all there is to say
            return "missing"
        return "ok"

    async def looked(at: str) -> None:
        await engine.ledger.looked(at, clock.now())

    checks = (Check("database", database), Check("bus", broker), Check("topics", topics))
    app.include_router(operations(metrics=engine.metrics, alive=lambda: supervisor.alive, checks=checks))
    token = settings.admin_token.get_secret_value()
    app.include_router(admin.routes(ledger=engine.ledger, next_due=engine.next_due, token=token, looked=looked))
    readers = tuple(reader.get_secret_value() for reader in settings.reader_tokens)
    app.include_router(
        measures.routes(data_set=engine, directory=engine.directory, clock=clock, token=token, readers=readers, looked=looked)
    )
    if settings.rehearsal_token is not None and isinstance(clock, SettableClock):
        rehearsal_token = settings.rehearsal_token.get_secret_value()
        app.include_router(rehearsal.routes(clock=clock, token=rehearsal_token, activity=engine.activity, moved=engine.wake))
    return app
