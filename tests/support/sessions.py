"""The router's store in memory: what one transaction of it does, for tests of what stands above it."""

# ruff: noqa: ARG002 - a twin of a port takes all that the port is given

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from frontdoor_chassis.bus import Received
from frontdoor_router.core.arriving import Arrived
from frontdoor_router.core.draft import Draft
from frontdoor_router.core.identify import Key, Register
from frontdoor_router.core.outgoing import Decided, HeldEvent
from frontdoor_router.core.routing import Routing
from frontdoor_router.core.world import World
from frontdoor_schemas.envelope import Envelope, Receipt


@dataclass
class MemorySession:
    """Keeps a world from one round to the next; a world that is handed out and not saved changes nothing here."""

    kept: World = field(default_factory=World)
    saved: list[Decided] = field(default_factory=list)
    parked: list[tuple[HeldEvent, Draft]] = field(default_factory=list)
    waiting: dict[UUID, tuple[Arrived, UUID]] = field(default_factory=dict)
    answered: list[UUID] = field(default_factory=list)
    locks: list[list[int]] = field(default_factory=list)
    recollected: list[list[UUID]] = field(default_factory=list)

    async def lock(self, numbers: Sequence[int]) -> None:
        self.locks.append(list(numbers))

    async def known(self, ids: Iterable[UUID]) -> set[UUID]:
        kept = {d.case.envelope.id for d in self.saved} | {h.envelope.id for h, _ in self.parked}
        return kept & set(ids)

    async def world(self, *, keys: Sequence[Key], threads: Sequence[UUID], causes: Sequence[UUID]) -> World:
        k = self.kept
        register = Register(dict(k.register.found), dict(k.register.people), dict(k.register.numbers))
        listed = {p: {d: set(e) for d, e in desks.items()} for p, desks in k.listed.items()}
        ties, entries, owed = ({p: list(found) for p, found in table.items()} for table in (k.ties, k.entries, k.owed))
        return replace(k, register=register, ties=ties, entries=entries, listed=listed, events=dict(k.events), owed=owed)  # type: ignore[arg-type] # three tables of three kinds

    async def recollect(self, world: World, questions: Sequence[Arrived]) -> None:
        self.recollected.append([q.envelope.id for q in questions])

    async def wait(self, waiting: Sequence[tuple[Arrived, UUID]], now: datetime) -> None:
        for arrived, blocker in waiting:
            self.waiting.setdefault(arrived.envelope.id, (arrived, blocker))

    async def released(self, by: Sequence[UUID]) -> Sequence[Arrived]:
        found = [event for event, (_, blocker) in self.waiting.items() if blocker in by]
        return [self.waiting.pop(event)[0] for event in found]

    async def save(self, decided: Sequence[Decided], now: datetime) -> None:
        self.saved += decided
        if decided:
            self.kept = decided[-1].case.world

    async def park(self, held: HeldEvent, draft: Draft, now: datetime) -> None:
        self.parked.append((held, draft))

    async def answer_again(self, events: Sequence[UUID]) -> None:
        self.answered += events

    @property
    def order(self) -> list[UUID]:
        """The events that were decided, in that order."""
        return [d.case.envelope.id for d in self.saved]


@dataclass
class MemoryWork(MemorySession):
    """A session that also takes receipts and parks records."""

    receipts: list[Receipt] = field(default_factory=list)
    raw: list[tuple[bytes, str, str | None]] = field(default_factory=list)

    async def receive(self, receipts: Sequence[Receipt], now: datetime) -> int:
        self.receipts += receipts
        return 0

    async def park_raw(self, record: Received, reason: str, writer: str | None, routing: Routing, now: datetime) -> Envelope | None:
        self.raw.append((record.value, reason, writer))
        return None
