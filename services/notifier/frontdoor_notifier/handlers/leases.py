"""Keeps the right to send: one sender per endpoint, by leases that are renewed, handed over and let go."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from frontdoor_chassis.clock import Clock
from frontdoor_chassis.supervise import Wake
from frontdoor_notifier.core.depot import Depot, may_have_sender, wanted_desks
from frontdoor_notifier.core.endpoints import Lease
from frontdoor_notifier.core.ports import Leases, Store
from frontdoor_notifier.handlers.commits import Committer

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
"""How often the tables are looked at for changed endpoints and for deliveries that nobody sends."""
MAX_ADOPTED = 50
"""Orphaned desks taken over in one step, so that a start with many of them does not hold up what arrives."""
RENEW_AT = 0.6
"""Share of the time by which a lease outlasts the time-out that is left when it is renewed."""


class LeaseKeeper:
    """Claims, renews and releases for one instance."""

    def __init__(
        self,
        *,
        depot: Depot,
        leases: Leases,
        store: Store,
        committer: Committer,
        clock: Clock,
        owner: str,
        duration: timedelta,
        pump: Callable[[], None],
    ) -> None:
        if duration <= depot.rules.timeout:
            raise ValueError("a lease has to outlast an attempt's time-out")
        self.wake = Wake()
        self._depot = depot
        self._leases = leases
        self._store = store
        self._committer = committer
        self._clock = clock
        self._owner = owner
        self._duration = duration
        self._renew_below = depot.rules.timeout + (duration - depot.rules.timeout) * RENEW_AT
        self._pump = pump
        self._claiming = asyncio.Lock()
        self._looked: float | None = None
        self._look_now = True

    def look(self) -> None:
        """Somebody changed an endpoint: look at once."""
        self._look_now = True
        self.wake.set()

    async def step(self) -> bool:
        """One round."""
        now = asyncio.get_running_loop().time()
        await self._renew()
        if self._look_now or self._looked is None or now - self._looked >= LOOK_SECONDS:
            self._look_now, self._looked = False, now
            await self.refresh()
            orphans = await self._leases.orphans(self._clock.now(), MAX_ADOPTED)
            self._look_now = await self.claim(orphans) > 0 and len(orphans) == MAX_ADOPTED
        await self.claim(tuple(self._depot.unclaimed))
        await self._extend()
        await self._hand_over()
        self._pump()
        return self._look_now

    async def refresh(self) -> None:
        """Learn what operators and receivers changed."""
        for endpoint in await self._leases.changed(self._depot.version):
            self._depot.configure(endpoint)

    async def claim(self, desks: Sequence[str]) -> int:
        """Take the leases of these desks as far as they can be had, and what the store says is owed to them. How many."""
        async with self._claiming:
            wanted = wanted_desks(self._depot, desks)
            self._depot.unclaimed.difference_update({d for d in desks if not may_have_sender(self._depot, d)})
            if not wanted:
                return 0
            now = self._clock.now()
            leases = await self._leases.claim(wanted, owner=self._owner, now=now, until=now + self._duration)
            for lease in leases:
                await self._adopt(lease)
        self._pump()
        return len(leases)

    async def _adopt(self, lease: Lease) -> None:
        sequences = await self._store.sequences([lease.desk])
        async with self._committer.lock:
            rows = await self._store.pending(lease.desk, self._depot.rules.window)
            self._depot.adopt(lease, rows, sequences.get(lease.desk))
        log.info("lease.taken", desk=lease.desk, epoch=lease.epoch, owed=len(rows))

    async def _extend(self) -> None:
        for desk in tuple(self._depot.unread):
            if desk not in self._depot.senders:
                self._depot.unread.discard(desk)
                continue
            async with self._committer.lock:
                self._depot.extend(desk, await self._store.pending(desk, self._depot.rules.window))

    async def _renew(self) -> None:
        now = self._clock.now()
        held = [sender.lease for sender in self._depot.senders.values()]
        if not any(lease.until - now < self._renew_below for lease in held):
            return
        until = now + self._duration
        renewed = await self._leases.renew(held, owner=self._owner, until=until)
        for lease in held:
            if lease.desk in renewed:
                self._depot.renewed(lease.desk, until, wanted_by_other=renewed[lease.desk])
            else:
                log.warning("lease.lost", desk=lease.desk, epoch=lease.epoch)
                self._depot.leave(lease.desk, lost=True)

    async def _hand_over(self) -> None:
        """Let go of what another instance wants and of what is switched off, once its results are committed."""
        for desk, sender in tuple(self._depot.senders.items()):
            if sender.leaving and not sender.queue.in_flight:
                self._depot.leave(desk)
        await self.release()

    async def release(self) -> None:
        """Let go of every lease that this instance has no more use for."""
        if self._depot.released:
            released, self._depot.released = self._depot.released, []  # what is let go of meanwhile has results of its own
            await self._committer.flush()
            await self._leases.release(released, owner=self._owner)
            log.info("leases.released", leases=len(released))

    async def close(self) -> None:
        """Let go of all."""
        for desk in tuple(self._depot.senders):
            self._depot.leave(desk)
        await self.release()
