"""Routes one batch of the bus: what to decide, in which order, what waits. Owns the transaction through its port."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from frontdoor_router.core.arriving import Arrived, arrived_again
from frontdoor_router.core.decide import Decider
from frontdoor_router.core.draft import Draft
from frontdoor_router.core.identify import Key, KeyMaker, lock_numbers
from frontdoor_router.core.keeping import Kept
from frontdoor_router.core.outgoing import Decided, HeldEvent
from frontdoor_router.core.succeeding import Handover, Left
from frontdoor_router.core.world import World
from frontdoor_schemas.envelope import Envelope
from frontdoor_schemas.vocabulary import EventType

RESTRICTING = frozenset({EventType.involvement_ended, EventType.withdrawal, EventType.correction})
"""Events after which fewer may be told: among those of a batch that do not follow one another they are decided first."""


class CannotGoOnError(Exception):
    """No event is at fault: the store is away, or this instance is out of date. It has to stop, and begins again where it was."""


class Session(Protocol):
    """The router's tables inside one transaction."""

    async def lock(self, numbers: Sequence[int]) -> None:
        """Take locks in this order."""
        ...

    async def known(self, ids: Iterable[UUID]) -> set[UUID]:
        """Which events are decided."""
        ...

    async def world(self, *, keys: Sequence[Key], threads: Sequence[UUID], causes: Sequence[UUID]) -> World:
        """What is known about these people, threads and events."""
        ...

    async def recollect(self, world: World, questions: Sequence[Arrived]) -> None:
        """Add to a world what the answers to questions may look at."""
        ...

    async def wait(self, waiting: Sequence[tuple[Arrived, UUID]], now: datetime) -> None:
        """Keep events until the one before them is decided."""
        ...

    async def released(self, by: Sequence[UUID]) -> Sequence[Arrived]:
        """Take out the events that waited for any of these, if there are such."""
        ...

    async def save(self, decided: Sequence[Decided], now: datetime) -> None:
        """Write everything that was decided."""
        ...

    async def park(self, held: HeldEvent, draft: Draft, now: datetime) -> None:
        """Set an event aside that could not be decided because of an error here, with a task for a person."""
        ...

    async def answer_again(self, events: Sequence[UUID]) -> None:
        """Tell the publishers of decided events once more that they are."""
        ...


@dataclass(slots=True)
class Tally:
    """What a batch came to."""

    decided: int = 0
    waiting: int = 0
    seen_before: int = 0
    parked: int = 0
    disclosures: int = 0


class Routing:
    """Decides batches of events under one policy."""

    def __init__(self, *, decider: Decider, keys: KeyMaker, epoch: str, others_close_after: timedelta) -> None:
        self._decider = decider
        self._keys = keys
        self._epoch = epoch
        self._others_close_after = others_close_after

    async def route(self, batch: Sequence[Arrived], session: Session, now: datetime, aside: Sequence[Envelope] = ()) -> Tally:
        """Decide what can be decided, keep the rest waiting, then decide what that released, and so on.

        `aside` was set aside in this transaction: what waited for it has nothing more to wait for.
        """
        tally = Tally()
        todo = list(batch)
        while todo or aside:
            todo, aside = list(await session.released(await self._round(todo, aside, session, now, tally))), ()
        return tally

    def set_aside(self, event: UUID, reason: str, now: datetime) -> Draft:
        """What follows for an event that cannot be decided or read."""
        return self._decider.set_aside(event, reason, now)

    async def succeed(self, left: Sequence[Left], kept: Mapping[UUID, Kept], session: Session, now: datetime) -> list[Handover]:
        """What follows for events that a desk which has ended has left undone, under the locks of a decision about them."""
        events = [arrived_again(kept[one.event], self._keys) for one in left if one.heir and one.has_content]
        await session.lock(lock_numbers([m for a in events for m in a.mentions], {a.envelope.thread for a in events}, self._keys))
        world = await session.world(
            keys=list(dict.fromkeys(k for a in events for m in a.mentions for k in m.sought)),
            threads=list({a.envelope.thread for a in events}),
            causes=list({a.envelope.cause for a in events if a.envelope.cause}),
        )
        by_id = {a.envelope.id: a for a in events}
        return [self._succeed(one, by_id.get(one.event), world, now) for one in left]

    def _succeed(self, left: Left, arrived: Arrived | None, world: World, now: datetime) -> Handover:
        try:
            return self._decider.succeed(left, arrived, world, now)
        except Exception as error:  # noqa: BLE001 - whatever the fault, a person is told, and the other events are handed over
            return self._decider.cannot_succeed(left, type(error).__name__, now)

    def closes_at(self, envelope: Envelope) -> datetime:
        """When the publisher's line for other services closes, whatever happened."""
        return envelope.received_at + self._others_close_after

    async def _round(
        self, batch: Sequence[Arrived], aside: Sequence[Envelope], session: Session, now: datetime, tally: Tally
    ) -> list[UUID]:
        """Returns what nobody has to wait for any more."""
        envelopes = [*(a.envelope for a in batch), *aside]
        await session.lock(lock_numbers([m for a in batch for m in a.mentions], {e.thread for e in envelopes}, self._keys))
        known = await session.known({r for e in envelopes for r in (e.id, e.after, e.cause) if r})
        fresh = {a.envelope.id: a for a in batch if a.envelope.id not in known}
        tally.seen_before += len(batch) - len(fresh)
        if seen := sorted({a.envelope.id for a in batch} - fresh.keys()):
            await session.answer_again(seen)
        ready, waiting = in_order(fresh.values(), known)
        if waiting:
            await session.wait(waiting, now)
            tally.waiting += len(waiting)
        rest: Sequence[Arrived] = ready
        while rest:
            rest = await self._until_fault(rest, session, now, tally)
        return [*known, *(a.envelope.id for a in ready)]

    async def _until_fault(self, batch: Sequence[Arrived], session: Session, now: datetime, tally: Tally) -> Sequence[Arrived]:
        """Decide until one cannot be; set that one aside, and return the rest: they need a world that it has not half changed.

        Questions need more of it than other events, and all of it written: they are decided by themselves.
        """
        whole, batch = batch, together(batch)
        world = await session.world(
            keys=list(dict.fromkeys(k for a in batch for m in a.mentions for k in m.sought)),
            threads=list({a.envelope.thread for a in batch if a.envelope.cause}),  # any other begins its thread
            causes=list({a.envelope.cause for a in batch if a.envelope.cause}),
        )
        if batch[0].asks:
            await session.recollect(world, batch)
        decided: list[Decided] = []
        for n, arrived in enumerate(batch):
            try:
                decided.append(self._decide(arrived, world, now))
            except Exception as error:  # noqa: BLE001 - whatever the fault, the event is kept and a person is told; the others go on
                await self._save(decided, session, now, tally)
                await self._park(arrived, type(error).__name__, session, now, tally)
                return whole[n + 1 :]
        await self._save(decided, session, now, tally)
        return whole[len(batch) :]

    def _decide(self, arrived: Arrived, world: World, now: datetime) -> Decided:
        case, decision = self._decider.decide(arrived, world, now)
        return Decided(case, arrived.gateway, decision, self._epoch, self.closes_at(arrived.envelope))

    async def _save(self, decided: Sequence[Decided], session: Session, now: datetime, tally: Tally) -> None:
        await session.save(decided, now)
        tally.decided += len(decided)
        tally.disclosures += sum(d.kind is not None for one in decided for d in one.decision.disclosures)

    async def _park(self, arrived: Arrived, error: str, session: Session, now: datetime, tally: Tally) -> None:
        held = HeldEvent(arrived.envelope, arrived.gateway, arrived.sections, self.closes_at(arrived.envelope))
        await session.park(held, self.set_aside(arrived.envelope.id, f"error:{error}", now), now)
        tally.parked += 1


def together(batch: Sequence[Arrived]) -> Sequence[Arrived]:
    """The first of a batch that are decided on one world: events up to the first question, or the questions that stand first."""
    asks = batch[0].asks
    return batch[: next((n for n, arrived in enumerate(batch) if arrived.asks is not asks), len(batch))]


def in_order(batch: Iterable[Arrived], known: set[UUID]) -> tuple[list[Arrived], list[tuple[Arrived, UUID]]]:
    """Which events can be decided now, in an order in which each comes after what it follows, and what the rest wait for."""
    ready: list[Arrived] = []
    settled = set(known)
    remaining = sorted(batch, key=lambda a: a.envelope.type not in RESTRICTING)
    progress = True
    while progress:
        progress = False
        for arrived in list(remaining):
            if _waits_for(arrived, settled) is None:
                ready.append(arrived)
                settled.add(arrived.envelope.id)
                remaining.remove(arrived)
                progress = True
    return ready, [(a, blocker) for a in remaining if (blocker := _waits_for(a, settled))]


def _waits_for(arrived: Arrived, settled: set[UUID]) -> UUID | None:
    return next((p for p in (arrived.envelope.after, arrived.envelope.cause) if p and p not in settled), None)
