"""Drives one router step by step: events in on a memory bus, what it tells out of it."""

import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import uuid_utils.compat as uuid_utils
from pydantic import SecretStr, TypeAdapter

from frontdoor_chassis.bus.memory import MemoryBus
from frontdoor_chassis.clock import SettableClock
from frontdoor_chassis.directory import load_directory
from frontdoor_chassis.signing import Signer
from frontdoor_chassis.store.engine import create_schemas
from frontdoor_chassis.store.migrate import upgrade
from frontdoor_router.app import MIGRATIONS, Engine, open_engine
from frontdoor_router.settings import RouterSettings
from frontdoor_schemas.envelope import Delivery, Envelope, LedgerUpdate, Recall, Receipt, Receipts, Remind, ToGateway
from frontdoor_schemas.events import SourceFacts, parse, to_sections
from frontdoor_schemas.messages import message
from frontdoor_schemas.topics import FAMILIES, FAMILY, RECEIPTS, to_gateway
from frontdoor_schemas.vocabulary import EventType, Level
from support.builders import SAYS

PACKS = Path(__file__).resolve().parents[2] / "deploy" / "partnerships"
KEY = "made-up-key-of-one-writer"
_TO_GATEWAY: TypeAdapter[Any] = TypeAdapter(ToGateway)
MAX_STEPS = 200


@dataclass
class Exchange:
    """A router with its bus, and everything that it has told."""

    engine: Engine
    bus: MemoryBus
    clock: SettableClock
    told: list[Delivery] = field(default_factory=list)
    recalls: list[Recall] = field(default_factory=list)
    reminds: list[Remind] = field(default_factory=list)
    ledgers: list[LedgerUpdate] = field(default_factory=list)
    _threads: dict[UUID, UUID] = field(default_factory=dict)
    _read: dict[str, int] = field(default_factory=dict)

    async def post(
        self, source: str, event_type: str, data: Mapping[str, Any], *, reply_to: UUID | None = None, after: UUID | None = None
    ) -> UUID:
        """Publish an event as its gateway would, and let the router work until it is idle."""
        event = await self.publish(source, event_type, data, reply_to=reply_to, after=after)
        await self.settle()
        return event

    async def publish(
        self, source: str, event_type: str, data: Mapping[str, Any], *, reply_to: UUID | None = None, after: UUID | None = None
    ) -> UUID:
        """Publish an event and let nobody work yet."""
        kind = EventType(event_type)
        directory = self.engine.directory
        body = {"occurred_at": self.clock.now().isoformat(), **data}
        submission = parse(kind, orjson.dumps({"type": event_type, "in_reply_to": reply_to, "data": body}))
        desk = directory.desk(source)
        event = uuid_utils.uuid7()
        thread = self._threads[reply_to] if reply_to else uuid_utils.uuid4()
        self._threads[event] = thread
        envelope = Envelope(
            id=event,
            type=kind,
            thread=thread,
            after=after,
            cause=reply_to,
            occurred_at=submission.data.occurred_at,
            received_at=self.clock.now(),
            source=source,
        )
        sections = to_sections(submission, SourceFacts(desk.id, desk.agency, desk.role), random.SystemRandom())
        value = orjson.dumps({"envelope": envelope.model_dump(mode="json"), "sections": [s.model_dump(mode="json") for s in sections]})
        await self._send(directory.gateway_of(source), FAMILY[kind], str(thread), value)
        return event

    async def receipt(self, delivery: Delivery, level: Level | None = None, *, by_telephone: bool = False) -> None:
        """A desk's receipt for something it was told."""
        await self.put_receipt(delivery, level, by_telephone=by_telephone)
        await self.settle()

    async def put_receipt(self, delivery: Delivery, level: Level | None = None, *, by_telephone: bool = False) -> None:
        """Put a receipt on the bus and let nobody work yet."""
        item = Receipt(
            disclosure=delivery.id, desk=delivery.desk, level=level, by_telephone=by_telephone, channel="inbox", at=self.clock.now()
        )
        gateway = self.engine.directory.gateway_of(delivery.desk)
        record = Receipts(by=gateway, at=self.clock.now(), items=(item,))
        await self._send(gateway, RECEIPTS, delivery.desk, record.model_dump_json().encode())

    async def _send(self, writer: str, topic: str, key: str, value: bytes) -> None:
        producer = await self.bus.producer()
        await producer.send([Signer(writer, KEY.encode()).record(topic, key.encode(), value, SAYS)])
        await producer.close()

    async def settle(self) -> None:
        """Step every loop until none has anything to do; collect what was told."""
        for _ in range(MAX_STEPS):
            busy = [await step() for step in self.engine.steps]
            if not any(busy):
                break
        await self._collect()

    async def move_to(self, moment: datetime) -> None:
        """Set the clock and let what is due happen."""
        self.clock.set(moment)
        await self.settle()

    async def _collect(self) -> None:
        for gateway in self.engine.directory.gateways():
            topic = to_gateway(gateway)
            records = self.bus.records(topic)
            for record in records[self._read.get(topic, 0) :]:
                self._keep(_TO_GATEWAY.validate_json(record.value))
            self._read[topic] = len(records)

    def _keep(self, item: Delivery | Recall | Remind | LedgerUpdate) -> None:
        match item:
            case Delivery():
                self.told.append(item)
            case Recall():
                self.recalls.append(item)
            case Remind():
                self.reminds.append(item)
            case LedgerUpdate():
                self.ledgers.append(item)

    def desks_told(self, event: UUID, kind: str = "disclosure") -> set[str]:
        """Desks that were told of an event."""
        return {d.desk for d in self.told if d.event.id == event and d.kind == kind}

    def to(self, desk: str, event: UUID, kind: str = "disclosure") -> Delivery:
        """The one delivery of a kind to a desk about an event."""
        (found,) = [d for d in self.told if d.desk == desk and d.event.id == event and d.kind == kind]
        return found

    def message(self, desk: str, event: UUID) -> dict[str, Any]:
        """What a desk reads of an event."""
        found: dict[str, Any] = message(self.to(desk, event))["data"]["message"]
        return found


@asynccontextmanager
async def exchange(database: str, *, pack: str = "stockton", starts: datetime) -> AsyncIterator[Exchange]:
    """A router on a database of its own and a memory bus, its loops stepped by hand."""
    folder = PACKS / pack
    directory = load_directory(folder)
    await create_schemas(database, ["router"])
    await upgrade(database, schema="router", migrations=MIGRATIONS, role="router")
    topics = {**dict.fromkeys((*FAMILIES, RECEIPTS), 2), **{to_gateway(g): 1 for g in directory.gateways()}}
    bus, clock = MemoryBus(topics), SettableClock(starts)
    settings = RouterSettings(
        environment="rehearsal",
        dsn=SecretStr(database),
        pack=folder,
        signing_key=SecretStr(KEY),
        writer_keys={w: SecretStr(KEY) for w in (*directory.gateways(), "notifier")},
        identity_secret=SecretStr("made-up-secret"),
        admin_token=SecretStr("made-up-token"),
        rehearsal_token=SecretStr("made-up-token"),
    )
    async with open_engine(settings, bus=bus, clock=clock) as engine:
        yield Exchange(engine, bus, clock)
