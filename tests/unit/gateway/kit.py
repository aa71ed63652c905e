"""A gateway to try things on: in memory with its loops stepped by hand, or a real one over a database and a bus."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
from fastapi import FastAPI

from frontdoor_chassis.bus import Bus, Received
from frontdoor_chassis.bus.memory import MemoryBus
from frontdoor_chassis.clock import SettableClock
from frontdoor_chassis.metrics import Metrics
from frontdoor_chassis.relay import Relay
from frontdoor_chassis.signing import Signer, Verifier
from frontdoor_chassis.store.engine import create_schemas, open_pool
from frontdoor_chassis.supervise import Loop, Supervisor
from frontdoor_gateway.adapters.keys import create_key
from frontdoor_gateway.adapters.memory import MemoryInboxes, MemoryKeys, MemoryReceipts, MemorySubmissions
from frontdoor_gateway.app import Gateway, Operating, Waits, create_app, migrate_gateway, open_gateway
from frontdoor_gateway.core.bells import Bells
from frontdoor_gateway.core.callers import KeyRing, new_key
from frontdoor_gateway.core.door import Door
from frontdoor_gateway.core.flusher import Flusher
from frontdoor_gateway.core.inbox import InboxReader
from frontdoor_gateway.core.intake import Intake
from frontdoor_gateway.core.limits import Limiter
from frontdoor_gateway.core.partnership import Contact
from frontdoor_gateway.core.published import PublishedEvents
from frontdoor_gateway.core.questions import Quota
from frontdoor_gateway.core.submissions import Reader, Reads
from frontdoor_gateway.core.sweep import Sweep
from frontdoor_gateway.handlers.events import Sizes
from frontdoor_gateway.settings import GatewaySettings, schema_of
from frontdoor_schemas.envelope import Delivery, DeliveryKind, Envelope, LedgerLine, LedgerUpdate, Receipts, Section, Wire
from frontdoor_schemas.topics import FAMILIES, RECEIPTS, gateway_group, to_gateway
from frontdoor_schemas.vocabulary import Category, EventType, Role
from support.builders import SAYS
from support.waiting import until

ADVICE = Contact("Made-up front door", "advice@hub.example", "01632 960001")
NOW = datetime(2020, 11, 10, 21, 0, tzinfo=UTC)
ROUTER_KEY = "made-up-key-with-which-the-router-signs"
GATEWAY_KEY = "made-up-key-with-which-a-gateway-signs"
METRICS_TOKEN = "made-up-token-for-metrics"
PVP, CONTROL_ROOM = "police.pvp", "police.control-room"
HUB, SOCIAL_CARE = "hub.front-door", "social-care.duty"
PACK = """
[partnership]
name = "made-up"
title = "Made up"
note = "Illustrative."
number = 1
time_zone = "Europe/London"
lead_agency = "hub"
cannot_decide = "hub.front-door"
[partnership.queries]
per_hour = 2
own = true
[partnership.review]
default = "hub.front-door"
"""
AGENCY = """
[[agency]]
id = "{agency}"
name = "{agency}"
gateway = "{gateway}"
from = 2019-09-01
own = true
publishes = {publishes}
"""
DESK = """
[[agency.desk]]
id = "{desk}"
role = "{role}"
name = "{desk}"
email = "{desk}@{agency}.example"
{manager}hours = "always"
"""
ROLES = {
    PVP: Role.police_safeguarding,
    CONTROL_ROOM: Role.police_control_room,
    HUB: Role.front_door,
    SOCIAL_CARE: Role.social_care,
}
PUBLISHES = {
    "police": ["query", "referral", "police-incident", "correction", "withdrawal", "information-response"],
    "hub": ["referral", "referral-outcome"],
    "social-care": ["referral", "consultation", "concern", "plan-status"],
}
QUOTAS = {PVP: 2, CONTROL_ROOM: 3}
"""Questions an hour, of the desks that ask."""
TOPICS = dict.fromkeys([*FAMILIES, RECEIPTS, to_gateway("police"), to_gateway("hub")], 1)


def write_pack(folder: Path) -> Path:
    """A pack with two agencies that share a gateway, and one that has its own."""
    text = PACK
    for agency, gateway in (("police", "police"), ("hub", "hub"), ("social-care", "hub")):
        text += AGENCY.format(agency=agency, gateway=gateway, publishes=PUBLISHES[agency])
        for desk, role in ROLES.items():
            if desk.startswith(f"{agency}."):
                manager = "" if desk == HUB else f'manager = "{HUB}"\n'
                text += DESK.format(desk=desk.split(".")[1], agency=agency, role=role.value, manager=manager)
    (folder / "agencies.toml").write_text(text)
    return folder


def a_referral(**facts: Any) -> dict[str, Any]:
    """The least that flows."""
    child = {"ref": "child-1", "given_name": "Made", "family_name": "Up", "born": "2011-05-02"}
    return {"occurred_at": "2020-11-10T20:00:00Z", "children": [child], **facts}


def posted(event_type: str = "referral", data: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """The body of a post to a family's resource."""
    return {"type": event_type, "data": a_referral() if data is None else data, **more}


def cloud_event(desk: str = PVP, data: Mapping[str, Any] | None = None, **attributes: Any) -> dict[str, Any]:
    """One event in structured mode."""
    base = {"specversion": "1.0", "id": uuid.uuid4().hex, "source": desk, "type": "frontdoor.referral.v1"}
    return {**base, "data": a_referral() if data is None else data, **attributes}


def a_delivery(
    desk: str,
    number: int,
    *,
    kind: DeliveryKind = DeliveryKind.disclosure,
    text: str = "seen",
    incarnation: int = 1,
    event: UUID | None = None,
) -> Delivery:
    """What the router tells a desk, of an event of its own unless one is given."""
    event_type = EventType.query if kind is DeliveryKind.answer else EventType.referral
    envelope = Envelope(id=event or uuid.uuid4(), type=event_type, thread=uuid.uuid4(), occurred_at=NOW, received_at=NOW)
    section = Section(id=uuid.uuid4(), category=Category.narrative, body={"circumstances": text})
    return Delivery(
        id=uuid.uuid4(), kind=kind, desk=desk, incarnation=incarnation, number=number, at=NOW, event=envelope, sections=(section,)
    )


def a_ledger(event: UUID, desk: str, *, version: int = 1, lines: tuple[LedgerLine, ...] = (), **more: Any) -> LedgerUpdate:
    """What the router lets a publisher know."""
    facts: dict[str, Any] = {"state": "routed", "others_close_at": NOW + timedelta(days=3), **more}
    return LedgerUpdate(event=event, desk=desk, version=version, lines=lines, **facts)


@dataclass
class Stand:
    """A gateway with what stands around it."""

    name: str
    app: FastAPI
    clock: SettableClock
    bus: MemoryBus
    make_key: Callable[[str], Awaitable[str]]
    settle: Callable[[], Awaitable[None]]
    router: Signer = field(default_factory=lambda: Signer("router", ROUTER_KEY.encode()))
    _clients: list[httpx.AsyncClient] = field(default_factory=list)

    async def client(self, desk: str | None) -> httpx.AsyncClient:
        """A client with a fresh key of a desk; without a desk, one without a key."""
        headers = {} if desk is None else {"authorization": f"Bearer {await self.make_key(desk)}"}
        transport = httpx.ASGITransport(self.app)
        client = httpx.AsyncClient(transport=transport, base_url="http://gateway.example", headers=headers, timeout=30)
        self._clients.append(client)
        return client

    async def tell(self, *records: Wire, signer: Signer | None = None) -> None:
        """Send what the router would send, and have it filed."""
        producer = await self.bus.producer()
        topic = to_gateway(self.name)
        made = [(signer or self.router).record(topic, r.desk.encode(), r.model_dump_json().encode(), SAYS) for r in records]  # type: ignore[attr-defined]  # all of them have a desk
        await producer.send(made)
        await self.settle()

    def sent(self, topic: str) -> list[dict[str, Any]]:
        """What the gateway wrote to a topic, read as JSON."""
        return [orjson.loads(r.value) for r in self.records(topic)]

    def records(self, topic: str) -> list[Received]:
        """What the gateway wrote to a topic."""
        return self.bus.records(topic)

    def receipts(self) -> list[tuple[str, str | None, str]]:
        """Desk, level and channel of every receipt sent."""
        made = [Receipts.model_validate_json(r.value) for r in self.records(RECEIPTS)]
        return [(i.desk, i.level and i.level.value, i.channel) for r in made for i in r.items]

    async def close(self) -> None:
        """Close all clients."""
        for client in self._clients:
            await client.aclose()


@dataclass
class MemoryStand(Stand):
    """The same, with its parts within reach."""

    store: MemorySubmissions = field(kw_only=True)
    keys: MemoryKeys = field(kw_only=True)
    ring: KeyRing = field(kw_only=True)
    flusher: Flusher = field(kw_only=True)
    sweep: Sweep = field(kw_only=True)
    bells: Bells = field(kw_only=True)
    intake: Intake = field(kw_only=True)
    overdue: "Needle" = field(kw_only=True)


class Needle:
    """A gauge that remembers."""

    value = -1.0

    def set(self, value: float) -> None:
        """Say how it is now."""
        self.value = value


@asynccontextmanager
async def memory_stand(
    name: str = "police",
    *,
    rate: float = 1e6,
    burst: float = 1e6,
    max_waiting: int = 1000,
    sizes: Sizes | None = None,
    reads: Reads = lambda desk, _: Reader(desk),
    readers: tuple[str, ...] = (METRICS_TOKEN,),
) -> AsyncIterator[MemoryStand]:
    """A gateway in memory. The flusher runs by itself, everything else when told to settle."""
    clock, bus = SettableClock(NOW), MemoryBus(TOPICS)
    sign = Signer(name, GATEWAY_KEY.encode()).record
    store, receipts = MemorySubmissions(sign=sign), MemoryReceipts(gateway=name, sign=sign)
    inboxes, keys, bells, needle = MemoryInboxes(submissions=store, receipts=receipts), MemoryKeys(), Bells(), Needle()
    producer = await bus.producer()
    relay, receipt_relay = Relay(outbox=store, producer=producer), Relay(outbox=receipts, producer=producer)
    flusher = Flusher(store=store, relay=relay, sign=sign, max_waiting=max_waiting)
    ring = KeyRing(keys=keys, desks=lambda desk, _: (desk.split(".")[0], ROLES[desk]) if desk in ROLES else None, clock=clock)
    intake = Intake(
        connect=lambda: bus.consumer(topics=[to_gateway(name)], group=gateway_group(name), positions=inboxes),
        filing=inboxes,
        serves=lambda desk: desk in ROLES,
        verifier=Verifier({"router": ROUTER_KEY.encode(), name: GATEWAY_KEY.encode()}),
        receipts=receipt_relay,
        bells=bells,
        clock=clock,
        poll_seconds=0,
    )
    door = Door(
        store=store,
        flusher=flusher,
        quota=Quota(store=store, per_hour=lambda desk: QUOTAS[desk], clock=clock),
        publishes=lambda agency, _: frozenset(EventType(t) for t in PUBLISHES[agency]),
        clock=clock,
        key=b"made-up",
        reads=reads,
    )
    app = create_app(
        door=door,
        limiter=Limiter(rate=rate, burst=burst),
        sizes=sizes or Sizes(1_000_000, 4 * 1024 * 1024, 500),
        reader=InboxReader(inboxes=inboxes, receipts=receipt_relay, bells=bells, clock=clock),
        published=PublishedEvents(store=store, clock=clock, reads=reads),
        ring=ring,
        clock=clock,
        metrics=Metrics("test"),
        operating=Operating(alive=lambda: True, checks=(), readers=readers),
        waits=Waits(longest=30.0, heartbeat=15.0, answer=0.2),
        advice=lambda _: ADVICE,
    )

    async def make_key(desk: str) -> str:
        stored, text = new_key(desk, valid_from=clock.now(), valid_until=None)
        keys.keys.append(stored)
        await ring.refresh()
        return text

    async def settle() -> None:
        while await intake.step() or await relay.step() or await receipt_relay.step():
            pass

    supervisor = Supervisor([Loop("flusher", flusher.step, idle_seconds=1, wake=flusher.wake)])
    sweep = Sweep(store=store, producer=producer, sign=sign, clock=clock, after=timedelta(seconds=300), overdue=needle)
    stand = MemoryStand(
        name,
        app,
        clock,
        bus,
        make_key,
        settle,
        store=store,
        keys=keys,
        ring=ring,
        flusher=flusher,
        sweep=sweep,
        bells=bells,
        intake=intake,
        overdue=needle,
    )
    supervisor.start()
    try:
        yield stand
    finally:
        bells.close()
        await stand.close()
        await supervisor.stop()


def settings(dsn: str, pack: Path, name: str = "police", **more: Any) -> GatewaySettings:
    """Settings of a real gateway for a rehearsal."""
    facts: dict[str, Any] = {
        "environment": "rehearsal",
        "rehearsal_token": "made-up-token",
        "metrics_token": METRICS_TOKEN,
        "rate": 1e6,
        "burst": 1e6,
        **more,
    }
    schema = schema_of(name)
    return GatewaySettings(name=name, dsn=dsn, role=schema, pack=pack, signing_key=GATEWAY_KEY, router_key=ROUTER_KEY, **facts)


async def prepare(given: GatewaySettings) -> None:
    """Schema, role and tables."""
    await create_schemas(given.dsn.get_secret_value(), [given.schema_name])
    await migrate_gateway(given)


@dataclass
class RealStand(Stand):
    """The same, over a database."""

    gateway: Gateway = field(kw_only=True)
    pool: Any = field(kw_only=True)


@asynccontextmanager
async def real_stand(given: GatewaySettings, *, bus: Bus | None = None, fresh: bool = True) -> AsyncIterator[RealStand]:
    """A running gateway. `bus` may be another's; the stand's own is one in memory."""
    memory = bus if isinstance(bus, MemoryBus) else MemoryBus(TOPICS)
    clock = SettableClock(NOW)
    if fresh:
        await prepare(given)
    pool = await open_pool(given.dsn.get_secret_value(), schema=given.schema_name, role=given.role, max_size=2)
    try:
        async with open_gateway(given, bus=bus or memory, clock=clock) as gateway:

            async def settle() -> None:
                async def settled() -> bool:
                    assert gateway.supervisor.alive, "a loop has ended"
                    parts = gateway.parts
                    return parts.relay.idle and parts.receipts.idle and await parts.intake.behind() == 0 and parts.receipts.idle

                await until(settled)

            async def make_key(desk: str) -> str:
                text = await create_key(pool, desk, clock.now())
                await gateway.parts.ring.refresh()
                return text

            stand = RealStand(given.name, gateway.app, clock, memory, make_key, settle, gateway=gateway, pool=pool)
            try:
                yield stand
            finally:
                await stand.close()
    finally:
        await pool.close()
