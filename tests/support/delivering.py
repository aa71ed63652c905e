"""A notifier on a memory bus and a real database, with a partner's receiver: what the router would say goes in by hand."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import orjson
from pydantic import SecretStr

from frontdoor_chassis.bus import Bus, Received
from frontdoor_chassis.bus.memory import MemoryBus
from frontdoor_chassis.clock import SettableClock
from frontdoor_chassis.signing import Signer
from frontdoor_chassis.store.engine import create_schemas
from frontdoor_notifier.adapters.mail import Mailbox
from frontdoor_notifier.app import Notifier, migrate, open_notifier
from frontdoor_notifier.core.ports import Mailer, Webhooks
from frontdoor_notifier.settings import NotifierSettings
from frontdoor_schemas.envelope import Ask, Delivery, DeliveryKind, Envelope, Recall, Receipt, Receipts, Remind, Section, Wire
from frontdoor_schemas.topics import RECEIPTS, to_gateway
from frontdoor_schemas.vocabulary import Category, EventType, Level
from support.builders import SAYS
from support.receiver import Receiver, open_receiver

START = datetime(2020, 11, 10, 9, 0, tzinfo=UTC)
KEYS = {"router": "made-up-key-of-the-router", "notifier": "made-up-key-of-the-notifier"}
ADMIN, REHEARSAL = "made-up-admin-token", "made-up-rehearsal-token"
SECRET_TEXT = "Marker Lane"
"""Stands in every made-up message: to be looked for where it must not be."""
LOOPBACK = (ip_network("127.0.0.0/8"),)

_HEAD = """
[partnership]
name = "made-up"
title = "Made up"
note = "For tests."
number = 1
time_zone = "Europe/London"
lead_agency = "a0"
cannot_decide = "a0.desk"
[partnership.review]
default = "a0.desk"
[partnership.registers]
[partnership.names]
"""

_AGENCY = """
[[agency]]
id = "a{n}"
name = "Agency {n}"
gateway = "g{g}"
from = 2019-01-01
own = true
publishes = ["referral"]
[[agency.desk]]
id = "desk"
role = "school_dsl"
name = "Desk {n}"
email = "desk@a{n}.example"
manager = "a{manager}.desk"
hours = "always"
"""


def write_directory(folder: Path, *, desks: int = 3, gateways: int = 2) -> Path:
    """A pack's directory of so many agencies with one desk each: `a0.desk`, `a1.desk`, …, served in turn by `g0`, `g1`, …"""
    file = folder / "agencies.toml"
    file.write_text(_HEAD + "".join(_AGENCY.format(n=n, g=n % gateways, manager=(n + 1) % desks) for n in range(desks)))
    return file


def settings_for(dsn: str, directory: Path, **changes: Any) -> NotifierSettings:
    """Settings of a notifier that may post within this machine."""
    given: dict[str, Any] = {
        "environment": "rehearsal",
        "dsn": SecretStr(dsn),
        "pack": directory,
        "signing_key": SecretStr(KEYS["notifier"]),
        "writer_keys": {w: SecretStr(KEYS.get(w, f"made-up-key-of-{w}")) for w in ("router", "g0", "g1")},
        "secret_key": SecretStr("made-up-key-of-secrets"),
        "admin_token": SecretStr(ADMIN),
        "rehearsal_token": SecretStr(REHEARSAL),
        "plain_http": True,
        "allowed_networks": LOOPBACK,
        "timeout": timedelta(seconds=2),
    }
    return NotifierSettings(**{**given, **changes})


def made_up_id(rng: random.Random) -> UUID:
    """An id from a seed."""
    return UUID(int=rng.getrandbits(128), version=4)


@dataclass
class Told:
    """Makes what a router would say, with dense numbers for each desk."""

    clock: SettableClock
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    numbers: dict[str, int] = field(default_factory=dict)

    def skip(self, desk: str) -> int:
        """A number that is never sent."""
        self.numbers[desk] = number = self.numbers.get(desk, 0) + 1
        return number

    def delivery(
        self,
        desk: str = "a0.desk",
        *,
        thread: UUID | None = None,
        due: timedelta | None = None,
        level: Level | None = None,
        kind: DeliveryKind = DeliveryKind.disclosure,
        refers_to: UUID | None = None,
        number: int | None = None,
        incarnation: int = 1,
        text: str = SECRET_TEXT,
    ) -> Delivery:
        """The next delivery to a desk."""
        now = self.clock.now()
        event = Envelope(
            id=made_up_id(self.rng), type=EventType.referral, thread=thread or made_up_id(self.rng), occurred_at=now, received_at=now
        )
        section = Section(id=made_up_id(self.rng), category=Category.narrative, body={"circumstances": text})
        asked = Ask(level=level or Level.opened, due=now + due if due else None) if due or level else None
        return Delivery(
            id=made_up_id(self.rng),
            kind=kind,
            desk=desk,
            incarnation=incarnation,
            number=self.skip(desk) if number is None else number,
            at=now,
            event=event,
            sections=(section,) if kind is DeliveryKind.disclosure else (),
            ask=asked,
            refers_to=refers_to,
        )

    def recall(self, delivery: Delivery) -> Recall:
        """Take a delivery back."""
        return Recall(disclosure=delivery.id, desk=delivery.desk, at=self.clock.now())

    def remind(self, delivery: Delivery | None, *, desk: str | None = None, reason: str = "encompass-school") -> Remind:
        """Remind a desk of a delivery."""
        due = delivery.ask.due if delivery and delivery.ask else None
        about = delivery.id if delivery else None
        return Remind(
            id=made_up_id(self.rng),
            desk=desk or (delivery.desk if delivery else "a0.desk"),
            reason=reason,
            disclosure=about,
            due=due,
            at=self.clock.now(),
        )


@dataclass
class Stand:
    """A running notifier and everything around it."""

    notifier: Notifier
    bus: MemoryBus
    clock: SettableClock
    receiver: Receiver
    told: Told
    dsn: str
    settings: NotifierSettings
    client: httpx.AsyncClient
    mailbox: Mailbox

    def send(self, *records: Wire, signer: str = "router", gateway: str | None = None) -> None:
        """Put records of the router on the bus."""
        send(self.bus, *records, signer=signer, gateway=gateway)

    def report(self, gateway: str, *items: Receipt, by: str | None = None) -> None:
        """Put receipts of a gateway on the bus."""
        value = Receipts(by=by or gateway, at=self.clock.now(), items=items).model_dump_json().encode()
        self.bus.append([Signer(gateway, f"made-up-key-of-{gateway}".encode()).record(RECEIPTS, b"desk", value, SAYS)])

    async def register(self, name: str, **body: Any) -> str:
        """Give a desk an endpoint at the receiver; its secret."""
        response = await self.client.put(f"/admin/endpoints/{name}.desk", json={"url": self.receiver.url(name), **body})
        assert response.is_success, response.text
        secret = str(response.json().get("secret", ""))
        if secret:
            self.receiver.trust(name, secret)
        await self.notifier.parts.leases.refresh()
        return secret

    async def settle(self, seconds: float = 20.0) -> None:
        """Wait until nothing is in flight at the present moment of the clock."""
        async with asyncio.timeout(seconds):
            while not (await self.notifier.activity()).idle:  # noqa: ASYNC110 - idleness is a question, there is no event of it
                await asyncio.sleep(0.01)

    async def go(self, ahead: timedelta) -> None:
        """Move the clock and wait until what fell due is done."""
        await self.put_clock(self.clock.now() + ahead)
        await self.settle()

    async def put_clock(self, now: datetime) -> None:
        """Move the clock as a rehearsal does."""
        response = await self.client.put("/rehearsal/clock", json={"now": now.isoformat()}, headers={"X-Rehearsal-Token": REHEARSAL})
        assert response.is_success, response.text

    def receipts(self) -> list[Receipt]:
        """Everything that the notifier reported."""
        return [i for r in self.bus.records(RECEIPTS) if dict(r.headers)["fd_writer"] == b"notifier" for i in _items(r)]

    async def rows(self, query: str, *args: Any) -> list[asyncpg.Record]:
        """Look into the notifier's tables."""
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute("SET search_path TO notifier")
            found: list[asyncpg.Record] = await connection.fetch(query, *args)
            return found
        finally:
            await connection.close()

    async def state(self, delivery: Delivery) -> str | None:
        """The state of a delivery in the table."""
        rows = await self.rows("SELECT state FROM delivery WHERE id = $1", delivery.id)
        return rows[0]["state"] if rows else None


def _items(record: Received) -> Sequence[Receipt]:
    return Receipts.model_validate(orjson.loads(record.value), strict=False).items


def send(bus: MemoryBus, *records: Wire, signer: str = "router", gateway: str | None = None) -> None:
    """Put records of the router on the bus, each on the topic of its desk's gateway."""
    for record in records:
        desk = str(getattr(record, "desk", "a0.desk"))
        topic = to_gateway(gateway or f"g{int(desk.partition('.')[0][1:]) % 2}")
        key = KEYS.get(signer, f"made-up-key-of-{signer}").encode()
        bus.append([Signer(signer, key).record(topic, desk.encode(), record.model_dump_json(exclude_none=True).encode(), SAYS)])


async def prepare(dsn: str, directory: Path, **changes: Any) -> NotifierSettings:
    """A database with the notifier's schema."""
    await create_schemas(dsn, ["notifier"])
    settings = settings_for(dsn, directory, **changes)
    await migrate(settings)
    return settings


def memory_bus(partitions: int = 4) -> MemoryBus:
    """A bus with the topics that a notifier reads."""
    return MemoryBus({to_gateway("g0"): partitions, to_gateway("g1"): partitions, RECEIPTS: 2})


@asynccontextmanager
async def open_stand(
    settings: NotifierSettings,
    *,
    bus: MemoryBus,
    clock: SettableClock,
    receiver: Receiver | None = None,
    mailer: Mailer | None = None,
    webhooks: Webhooks | None = None,
    on: Bus | None = None,
) -> AsyncIterator[Stand]:
    """Start a notifier. `on` is the bus as it is to see it, when that differs."""
    async with AsyncExitStack() as stack:
        partner = receiver if receiver is not None else await stack.enter_async_context(open_receiver())
        mailbox = Mailbox()
        opened = open_notifier(settings, bus=on or bus, clock=clock, mailer=mailer or mailbox, webhooks=webhooks)
        notifier = await stack.enter_async_context(opened)
        transport = httpx.ASGITransport(notifier.app)
        headers = {"Authorization": f"Bearer {ADMIN}"}
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://notifier", headers=headers))
        dsn = settings.dsn.get_secret_value()
        yield Stand(notifier, bus, clock, partner, Told(clock), dsn, settings, client, mailbox)
