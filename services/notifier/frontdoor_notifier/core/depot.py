"""Everything that this instance holds in memory, and every decision about it. A state machine without I/O.

Handlers bring in what was read, ask what is due, post it, report what came of it, and commit what the ledger gathered.
Nothing here is the truth: after a loss of memory the store's rows and the bus rebuild it.
"""

import heapq
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from frontdoor_notifier.core.endpoints import Endpoint, Lease, Status
from frontdoor_notifier.core.lanes import Gap, Queue
from frontdoor_notifier.core.ledger import Disabled, Ledger, OpenBatch, TakeBack, Unit
from frontdoor_notifier.core.outcomes import Answered, Outcome, code_of
from frontdoor_notifier.core.parcels import Attempt, Filed, Parcel, Sending, TakenBack, Waiting
from frontdoor_notifier.core.ports import Content
from frontdoor_notifier.core.senders import AWAY_AFTER, Rules, Sender, Shipment
from frontdoor_notifier.core.sequence import DeskSequence
from frontdoor_notifier.core.steps import LONGEST_WAIT, Again, Done, GivenUp, Step, next_step


@dataclass(slots=True)
class Depot:
    """See the module."""

    rules: Rules
    rng: random.Random
    ledger: Ledger = field(default_factory=Ledger)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    senders: dict[str, Sender] = field(default_factory=dict)
    parcels: dict[UUID, Parcel] = field(default_factory=dict)
    sequences: dict[str, DeskSequence] = field(default_factory=dict)
    taken_back: dict[UUID, TakenBack] = field(default_factory=dict)
    """Disclosures of which the store does not know yet that they were taken back."""
    unclaimed: set[str] = field(default_factory=set)
    """Desks with something to send and no lease."""
    unread: set[str] = field(default_factory=set)
    """Desks whose rows in the store may be more than memory knows of."""
    released: list[Lease] = field(default_factory=list)
    """Leases that this instance has no more use for."""
    generation: int = 0
    """Rises whenever what was read and not committed is forgotten."""
    under_way: Counter[str] = field(default_factory=Counter)
    """Attempts by desk. A desk gets a new sender only when none of the old one's is left, or a lane could have two."""
    done: int = 0
    version: int = 0
    _awake: set[str] = field(default_factory=set)
    _agenda: list[tuple[datetime, str]] = field(default_factory=list)

    # --- endpoints and leases

    def configure(self, endpoint: Endpoint) -> None:
        """An endpoint as an operator, or its receiver, left it."""
        desk = endpoint.desk
        self.endpoints[desk] = endpoint
        self.version = max(self.version, endpoint.version)
        sender = self.senders.get(desk)
        if not endpoint.enabled:
            self.unclaimed.discard(desk)
            self.leave(desk)
        elif sender is not None:
            if endpoint.url != sender.endpoint.url:
                sender.failures, sender.paused_until = 0, None
                sender.queue.start_afresh()
            sender.endpoint = endpoint
            self.unread.add(desk)
            self._awake.add(desk)

    def adopt(self, lease: Lease, rows: Sequence[Parcel], sequence: DeskSequence | None) -> None:
        """Become the sender for a desk, with what the store says is owed to it."""
        endpoint = self.endpoints.get(lease.desk)
        if endpoint is None or not endpoint.enabled:
            self.released.append(lease)
            return
        sender = Sender(endpoint, lease, Queue(margin=self.rules.block_margin))
        self.senders[lease.desk] = sender
        self.unclaimed.discard(lease.desk)
        known = [s for s in (self.sequences.get(lease.desk), sequence) if s is not None]
        if known:  # not counted on from: another instance may read on, and what it read would be missing here
            self._mind_gap(max(known, key=lambda s: (s.incarnation, s.seen_to)))
        self.extend(lease.desk, rows)

    def extend(self, desk: str, rows: Sequence[Parcel]) -> None:
        """Add what the store says is owed. Of a delivery that memory knows, memory knows better."""
        sender = self.senders.get(desk)
        if sender is None:
            return
        self.unread.discard(desk)
        sender.complete = len(rows) < self.rules.window
        here = {p.notice.id: p for p in sender.queue.parcels()}
        for parcel in (*(self._as_known(row, here) for row in rows), *(self.ledger.uncommitted(desk) if sender.complete else ())):
            if parcel.notice.id not in here and isinstance(parcel.state, Waiting):
                self.parcels[parcel.notice.id] = parcel
                sender.queue.add(parcel)
        self._awake.add(desk)

    def _as_known(self, row: Parcel, here: Mapping[UUID, Parcel]) -> Parcel:
        known = self.parcels.get(row.notice.id) or self.ledger.changed(row.notice.id)
        if known is not None:
            return known
        if row.notice.id in self.taken_back:
            mark_taken_back(row, self.taken_back[row.notice.id])
        return self._remembered(here[row.notice.id], row) if row.notice.id in here else row

    def _remembered(self, parcel: Parcel, row: Parcel) -> Parcel:
        """One under way whose commit was refused and that the store has all the same: what comes of the attempt counts.

        So it is when the commit got through and only its answer was lost.
        """
        parcel.forgotten, parcel.stored = False, True
        if row.taken_back is not None:
            mark_taken_back(parcel, row.taken_back)
        self.parcels[parcel.notice.id] = parcel
        return parcel

    def renewed(self, desk: str, until: datetime, *, wanted_by_other: bool) -> None:
        """The lease goes on; or, when another instance wants it, runs out with what is under way."""
        sender = self.senders.get(desk)
        if sender is not None:
            sender.lease = Lease(desk, sender.lease.epoch, until)
            sender.leaving = wanted_by_other
            self._awake.add(desk)

    def leave(self, desk: str, *, lost: bool = False) -> None:
        """Stop being the sender for a desk. Attempts under way still report."""
        sender = self.senders.pop(desk, None)
        if sender is None:
            return
        if not lost:
            self.released.append(sender.lease)
        for parcel in sender.queue.parcels():
            parcel.queued = False
            if parcel.batch is None and not isinstance(parcel.state, Sending):
                self._drop(parcel)

    def note_sequence(self, sequence: DeskSequence) -> None:
        """Numbers of a desk came in: are any missing?"""
        self.sequences[sequence.desk] = sequence
        self._mind_gap(sequence)

    def _mind_gap(self, sequence: DeskSequence) -> None:
        sender = self.senders.get(sequence.desk)
        if sender is None:
            return
        gap = None
        if sequence.holes and sequence.gap_since:
            gap = Gap(sequence.incarnation, sequence.holes, sequence.gap_since + self.rules.gap_patience)
        sender.queue.set_gap(gap)
        self._awake.add(sequence.desk)

    # --- what comes in

    def file(self, parcel: Parcel, batch: OpenBatch) -> None:
        """Take a new delivery in."""
        if parcel.notice.id in self.parcels:
            return
        desk = parcel.notice.desk
        endpoint = self.endpoints.get(desk)
        if endpoint is None:
            self.keep(parcel, batch)
            return
        batch.parcels.append(parcel)
        parcel.batch = batch
        self.parcels[parcel.notice.id] = parcel
        sender = self.senders.get(desk)
        if sender is not None and sender.complete and not sender.leaving and desk not in self.unread:
            sender.queue.add(parcel)
            if not sender.failures:
                parcel.awaited = True
                batch.open += 1
            self._awake.add(desk)
        elif endpoint.enabled:
            self.unclaimed.add(desk)

    def keep(self, parcel: Parcel, batch: OpenBatch) -> None:
        """Note a delivery that is not posted: its desk had no endpoint when it was read."""
        parcel.state, parcel.batch = Filed(parcel.notice.filed_at), batch
        batch.parcels.append(parcel)

    def take_back(self, taken: TakeBack, batch: OpenBatch) -> None:
        """From now on the content of this disclosure is not sent. Taken back twice, it stays as the first said, as in the store."""
        batch.take_backs.append(taken)
        how = self.taken_back.setdefault(taken.disclosure, taken.how)
        parcel = self.parcels.get(taken.disclosure)
        if parcel is not None:
            mark_taken_back(parcel, how)

    # --- what goes out

    def due(self, now: datetime) -> list[Shipment]:
        """What is to be sent now. Each stays under way until `result` or `not_sent`."""
        while self._agenda and self._agenda[0][0] <= now:
            self._wake(heapq.heappop(self._agenda)[1])
        awake, self._awake = self._awake, set()
        return [shipment for desk in awake for shipment in self._due_from(self.senders.get(desk), now)]

    def _due_from(self, sender: Sender | None, now: datetime) -> list[Shipment]:
        if sender is None or sender.leaving or sender.lease.until - now < self.rules.timeout:
            return []
        if sender.paused_until is not None and now < sender.paused_until:
            self._schedule(sender, sender.paused_until)
            return []
        picks = sender.queue.pick(now, sender.slots)
        self.under_way[sender.endpoint.desk] += len(picks)
        self._schedule(sender, sender.queue.next_at())
        return [Shipment(pick.parcel, sender, sender.endpoint, pick.missing) for pick in picks]

    def _schedule(self, sender: Sender, at: datetime | None) -> None:
        if at is not None and (sender.scheduled is None or at < sender.scheduled):
            sender.scheduled = at
            heapq.heappush(self._agenda, (at, sender.endpoint.desk))

    def _wake(self, desk: str) -> None:
        if desk in self.senders:
            self.senders[desk].scheduled = None
            self._awake.add(desk)

    def next_at(self) -> datetime | None:
        """When something falls due."""
        return self._agenda[0][0] if self._agenda else None

    def idle(self, now: datetime) -> bool:
        """Whether nothing is under way, uncommitted, or could be sent at this moment."""
        self._awake.intersection_update(self.senders)
        if self.in_flight or self._awake or self.unclaimed or self.unread or not self.ledger.quiet:
            return False
        if self._agenda and self._agenda[0][0] <= now:
            return False
        return not any(len(s.queue) and (s.leaving or s.lease.until - now < self.rules.timeout) for s in self.senders.values())

    @property
    def in_flight(self) -> int:
        """Attempts under way."""
        return self.under_way.total()

    @property
    def owed(self) -> int:
        """Deliveries in memory that are still to be sent."""
        return sum(len(s.queue) for s in self.senders.values())

    def loaded(self, shipment: Shipment, content: Content | None) -> bool:
        """Take in what the store says is to be sent. False: nothing any more; the attempt is off."""
        if content is None:
            self._end(shipment, gone=True)
            return False
        if content.taken_back is not None:
            mark_taken_back(shipment.parcel, content.taken_back)
        elif shipment.parcel.taken_back is None:
            shipment.parcel.body = content.body
        return True

    def may_send(self, shipment: Shipment, now: datetime) -> bool:
        """Whether an attempt may be begun: its lease outlasts the time-out, and all is as it was when it was picked."""
        sender = shipment.sender
        return (
            not shipment.parcel.forgotten
            and self.senders.get(sender.endpoint.desk) is sender
            and sender.endpoint.version == shipment.endpoint.version
            and not sender.leaving
            and sender.lease.until - now >= self.rules.timeout
        )

    def not_sent(self, shipment: Shipment) -> None:
        """The attempt could not be made for reasons of our own."""
        shipment.parcel.state = Waiting()
        if shipment.parcel.stored:
            shipment.parcel.body = None
        self._end(shipment, gone=False)

    def result(
        self, shipment: Shipment, outcome: Outcome, *, tombstone: bool, started: datetime, now: datetime, seconds: float, clock: float
    ) -> Step | None:
        """Take in what came of an attempt. None: the delivery was forgotten meanwhile, and comes in again from the bus."""
        if shipment.parcel.forgotten:
            self._end(shipment, gone=True)
            return None
        parcel, sender = shipment.parcel, shipment.sender
        first_at = parcel.first_at or started
        changed = self.endpoints[parcel.notice.desk].version != shipment.endpoint.version
        step = next_step(
            outcome,
            attempts=parcel.attempts + 1,
            first_at=first_at,
            now=now,
            rng=self.rng,
            keep_trying=self.rules.keep_trying,
            changed=changed,
        )
        code = code_of(outcome)
        parcel.attempted(step, code=code, tombstone=tombstone, started=started, now=now)
        parcel.history.append(Attempt(parcel.notice.id, parcel.notice.desk, started, code, round(seconds * 1000)))
        if parcel.stored:
            parcel.body = None
        self.done += 1
        if not changed or isinstance(step, Done):
            self._judge(sender, outcome, step, now, clock)
        self._end(shipment, gone=False)
        self.ledger.note(parcel, clock)
        return step

    def _judge(self, sender: Sender, outcome: Outcome, step: Step, now: datetime, clock: float) -> None:
        """What an attempt says about its endpoint."""
        match step:
            case Done():
                if sender.failures >= AWAY_AFTER:
                    sender.queue.hasten()
                sender.failures = 0
            case Again():
                sender.failures += 1
                if isinstance(outcome, Answered) and outcome.retry_after:
                    sender.paused_until = now + timedelta(seconds=min(outcome.retry_after, LONGEST_WAIT))
            case GivenUp(code=code, endpoint_gone=True):
                self.ledger.disable(Disabled(sender.endpoint.desk, code, sender.endpoint.version), clock)
                self._disable(sender.endpoint.desk, code)
            case GivenUp():
                sender.failures = 0

    def _disable(self, desk: str, code: str) -> None:
        known = self.endpoints[desk]
        off = Endpoint(desk, known.url, known.secrets, Status.disabled, code, known.max_in_flight, known.version)
        self.configure(off)

    def _end(self, shipment: Shipment, *, gone: bool) -> None:
        """An attempt is over: free its slot, and keep the delivery where it will be found again."""
        parcel, desk = shipment.parcel, shipment.parcel.notice.desk
        if parcel.forgotten:
            gone = True
            self.unread.add(desk)  # the store may have it all the same, beyond what was read of it
        self.under_way[desk] -= 1
        shipment.sender.queue.settled(parcel, gone=gone)
        current = self.senders.get(desk)
        if gone or not parcel.pending or (current is None and parcel.batch is None):
            self._drop(parcel)
        if current is not None and not current.complete and len(current.queue) < self.rules.window // 2:
            self.unread.add(desk)
        self._awake.add(desk)

    # --- commits

    def committed(self, unit: Unit) -> None:
        """What a unit wrote is in the store: contents need not be kept, and are read again, with any recall, when needed."""
        for taken in unit.take_backs:
            self.taken_back.pop(taken.disclosure, None)
        for row in unit.filed:
            parcel = row.parcel
            parcel.stored = True
            parcel.body = None
            if not parcel.queued and not isinstance(parcel.state, Sending):
                self._drop(parcel)

    def refresh(self) -> None:
        """Somebody else read on meanwhile: what memory holds is right and may not be all."""
        self.generation += 1
        self.sequences.clear()
        self.unread.update(self.senders)

    def fenced(self, unit: Unit) -> None:
        """A unit was refused: forget what was read and not committed. Results of what is stored are kept for the next unit."""
        self.taken_back.clear()
        for parcel in (*(row.parcel for row in unit.filed), *self.ledger.drop_batches()):
            parcel.batch = None
            parcel.forgotten = True
            self._drop(parcel)
            sender = self.senders.get(parcel.notice.desk)
            if sender is not None:
                sender.queue.discard(parcel)
        self.ledger.put_back(unit)
        self.refresh()

    def _drop(self, parcel: Parcel) -> None:
        if self.parcels.get(parcel.notice.id) is parcel:
            del self.parcels[parcel.notice.id]


def mark_taken_back(parcel: Parcel, how: TakenBack) -> None:
    """A delivery that is still owed becomes a tombstone."""
    if parcel.pending and parcel.taken_back is None:
        parcel.taken_back = how
        parcel.body = None


def wanted_desks(depot: Depot, desks: Iterable[str]) -> list[str]:
    """Those of the desks for which a lease would be of use now."""
    return [d for d in desks if may_have_sender(depot, d) and not depot.under_way[d]]


def may_have_sender(depot: Depot, desk: str) -> bool:
    """Whether there is an endpoint to send to, and no sender here."""
    endpoint = depot.endpoints.get(desk)
    return desk not in depot.senders and endpoint is not None and endpoint.enabled
