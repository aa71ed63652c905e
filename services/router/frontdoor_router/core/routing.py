"""Routes one batch of the bus: what to decide, in which order, what waits. Owns the transaction through its port."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from frontdoor_router.core.decide import Arrived, Decider
from frontdoor_router.core.decision import Decision
from frontdoor_router.core.identify import Key, KeyMaker, lock_numbers
from frontdoor_router.core.outgoing import Decided
from frontdoor_router.core.world import World


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

    async def wait(self, waiting: Sequence[tuple[Arrived, UUID]], now: datetime) -> None:
        """Keep events until the one before them is decided."""
        ...

    async def released(self, by: Sequence[UUID]) -> Sequence[Arrived]:
        """Take out the events that waited for these."""
        ...

    async def save(self, decided: Sequence[Decided], now: datetime) -> None:
        """Write everything that was decided."""
        ...

    async def park(self, arrived: Arrived, reason: str, now: datetime) -> None:
        """Set an event aside that could not be decided because of an error here, with a task for a person."""
        ...


@dataclass(slots=True)
class Tally:
    """What a batch came to."""

    decided: int = 0
    waiting: int = 0
    seen_before: int = 0
    parked: int = 0
    disclosures: int = 0
    latest: list[Decision] = field(default_factory=list)


class Routing:
    """Decides batches of events under one policy."""

    def __init__(self, *, decider: Decider, keys: KeyMaker, epoch: str, others_close_after: timedelta) -> None:
        self._decider = decider
        self._keys = keys
        self._epoch = epoch
        self._others_close_after = others_close_after

    async def route(self, batch: Sequence[Arrived], session: Session, now: datetime) -> Tally:
        """Decide what can be decided, keep the rest waiting, then decide what that released, and so on."""
        tally = Tally()
        todo = list(batch)
        while todo:
            decided = await self._round(todo, session, now, tally)
            todo = list(await session.released(decided)) if decided else []
        return tally

    async def _round(self, batch: Sequence[Arrived], session: Session, now: datetime, tally: Tally) -> list[UUID]:
        await session.lock(lock_numbers([m for a in batch for m in a.mentions], {a.envelope.thread for a in batch}, self._keys))
        referred = {r for a in batch for r in (a.envelope.id, a.envelope.after, a.envelope.cause) if r}
        known = await session.known(referred)
        ready, waiting = _sort(batch, known, tally)
        if waiting:
            await session.wait(waiting, now)
            tally.waiting += len(waiting)
        if not ready:
            return []
        world = await session.world(
            keys=list(dict.fromkeys(k for a in ready for m in a.mentions for k in m.keys)),
            threads=list({a.envelope.thread for a in ready if a.envelope.thread != a.envelope.id}),
            causes=list({a.envelope.cause for a in ready if a.envelope.cause}),
        )
        await session.save([d for a in ready if (d := await self._decide(a, world, session, now, tally))], now)
        return [a.envelope.id for a in ready]

    async def _decide(self, arrived: Arrived, world: World, session: Session, now: datetime, tally: Tally) -> Decided | None:
        try:
            case, decision = self._decider.decide(arrived, world, now)
        except Exception as error:  # noqa: BLE001 - whatever the fault, the event is kept and a person is told; the others go on
            await session.park(arrived, type(error).__name__, now)
            tally.parked += 1
            return None
        tally.decided += 1
        tally.disclosures += sum(d.kind is not None for d in decision.disclosures)
        return Decided(case, arrived.gateway, decision, self._epoch, arrived.envelope.received_at + self._others_close_after)


def _sort(batch: Sequence[Arrived], known: set[UUID], tally: Tally) -> tuple[list[Arrived], list[tuple[Arrived, UUID]]]:
    """Which events can be decided now, in an order in which each comes after what it follows, and what the rest wait for."""
    ready: list[Arrived] = []
    waiting: dict[UUID, tuple[Arrived, UUID]] = {}
    settled = set(known)
    fresh: Mapping[UUID, Arrived] = {a.envelope.id: a for a in batch if a.envelope.id not in known}
    tally.seen_before += len(batch) - len(fresh)
    remaining = list(fresh.values())
    progress = True
    while remaining and progress:
        progress = False
        for arrived in list(remaining):
            blocker = next((p for p in (arrived.envelope.after, arrived.envelope.cause) if p and p not in settled), None)
            if blocker is None:
                ready.append(arrived)
                settled.add(arrived.envelope.id)
                remaining.remove(arrived)
                progress = True
            else:
                waiting[arrived.envelope.id] = (arrived, blocker)
    return ready, [waiting[a.envelope.id] for a in remaining]
