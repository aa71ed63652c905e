"""Delivery as a state machine: whatever happens in whatever order, nothing is lost, repeated after success, or out of order."""

import random
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from frontdoor_chassis.bus import Move
from frontdoor_chassis.clock import SettableClock
from frontdoor_chassis.signing import Signer
from frontdoor_notifier.adapters.memory import MemoryStore
from frontdoor_notifier.core.depot import Depot, wanted_desks
from frontdoor_notifier.core.endpoints import Endpoint, Lease, Status
from frontdoor_notifier.core.filing import Arrival, Incoming, desks_counted, file_all, place
from frontdoor_notifier.core.ledger import OpenBatch
from frontdoor_notifier.core.outcomes import Answered, Outcome, TimedOut, Unreachable
from frontdoor_notifier.core.parcels import Delivered, Sending, Waiting
from frontdoor_notifier.core.payload import body_of
from frontdoor_notifier.core.senders import Rules, Shipment
from frontdoor_notifier.core.signing import Secret
from frontdoor_notifier.core.steps import Done
from frontdoor_schemas.envelope import Delivery, Recall
from support.budget import examples
from support.delivering import START, Told, made_up_id

T = TypeVar("T")
DESKS = ("a0.desk", "a1.desk")
THREADS = tuple(made_up_id(random.Random(n)) for n in (1, 2))
SLOTS = 2
LEASE = timedelta(seconds=20)
OUTCOMES: tuple[Outcome, ...] = (
    Answered(204),
    Answered(503),
    Answered(503, retry_after=60),
    Answered(400),
    TimedOut(),
    Unreachable("connection_failed"),
)


def now_of(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("the store in memory does not wait")


@dataclass
class UnderWay:
    """An attempt that was begun, and what it carries."""

    shipment: Shipment
    tombstone: bool


@dataclass
class Truth:
    """What a perfect observer knows."""

    arrived: dict[UUID, set[str]] = field(default_factory=dict)
    reported: set[UUID] = field(default_factory=set)
    withdrawn: set[UUID] = field(default_factory=set)


class DeliveryMachine(RuleBasedStateMachine):
    """One notifier, two desks with two threads each, a bus that repeats itself and a world that fails."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = SettableClock(START)
        self.told = Told(self.clock)
        self.bus: list[Delivery | Recall] = []
        self.skipped: list[Delivery] = []
        self.sent: list[Delivery] = []
        self.store = MemoryStore(Signer("notifier", b"key"))
        self.truth = Truth()
        self.under_way: list[UnderWay] = []
        self.epoch = 0
        self.suspended: set[str] = set()
        self.start()

    # --- what the world does

    @rule(desk=st.sampled_from(DESKS), thread=st.sampled_from(THREADS), due=st.sampled_from([None, 10, 60]), lost=st.booleans())
    def the_router_tells(self, desk: str, thread: UUID, due: int | None, *, lost: bool) -> None:
        delivery = self.told.delivery(desk, thread=thread, due=timedelta(minutes=due) if due else None)
        if lost and len(self.skipped) < 3:
            self.skipped.append(delivery)
        else:
            self.put(delivery)

    @precondition(lambda self: self.skipped)
    @rule()
    def what_was_lost_comes_after_all(self) -> None:
        self.put(self.skipped.pop(0))

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def the_router_repeats_itself(self, data: st.DataObject) -> None:
        self.bus.append(data.draw(st.sampled_from(self.sent)))

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def the_router_recalls(self, data: st.DataObject) -> None:
        self.bus.append(self.told.recall(data.draw(st.sampled_from(self.sent))))

    def put(self, delivery: Delivery) -> None:
        self.bus.append(delivery)
        self.sent.append(delivery)

    @rule(seconds=st.sampled_from([1, 5, 61, 600, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.clock.set(self.clock.now() + timedelta(seconds=seconds))
        for desk in list(self.depot.senders):
            self.depot.renewed(desk, self.clock.now() + LEASE, wanted_by_other=False)

    @rule(desk=st.sampled_from(DESKS))
    def an_operator_suspends_or_resumes(self, desk: str) -> None:
        self.suspended ^= {desk}
        self.configure(desk)
        self.adopt()

    # --- what the notifier does

    @rule(count=st.integers(1, 5))
    def it_reads(self, count: int) -> None:
        records = self.bus[self.read_to : self.read_to + count]
        if not records:
            return
        incoming: list[Incoming] = [Arrival(r, body_of(r)) if isinstance(r, Delivery) else r for r in records]
        for sequence in now_of(self.store.sequences(sorted(desks_counted(self.depot, incoming)))).values():
            self.depot.note_sequence(sequence)
        plan = place(self.depot, incoming, self.clock.now())
        known = now_of(self.store.known(plan.repeated()))
        move = Move("to.g0", 0, "id", self.read_to, self.read_to + len(records))
        file_all(self.depot, OpenBatch((move,), 0.0, len(records)), plan, known, self.clock.now())
        self.read_to += len(records)
        self.truth.withdrawn |= {r.disclosure for r in records if isinstance(r, Recall)}

    @rule()
    def it_sends(self) -> None:
        for shipment in self.depot.due(self.clock.now()):
            id_ = shipment.parcel.notice.id
            if shipment.parcel.body is None and shipment.parcel.taken_back is None:
                content = now_of(self.store.contents([id_])).get(id_)
                if not self.depot.loaded(shipment, content):
                    continue
            tombstone = shipment.parcel.taken_back is not None
            self.check_begun(shipment, tombstone=tombstone)
            self.under_way.append(UnderWay(shipment, tombstone))

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), outcome=st.sampled_from(OUTCOMES), heard=st.booleans())
    def an_attempt_ends(self, data: st.DataObject, outcome: Outcome, *, heard: bool) -> None:
        attempt = self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))
        self.end(attempt, outcome, heard=heard)

    def end(self, attempt: UnderWay, outcome: Outcome, *, heard: bool) -> None:
        parcel = attempt.shipment.parcel
        if outcome == Answered(204) or (heard and outcome == TimedOut()):
            kind = "tombstone" if attempt.tombstone else "content"
            self.truth.arrived.setdefault(parcel.notice.id, set()).add(kind)
        now = self.clock.now()
        step = self.depot.result(attempt.shipment, outcome, tombstone=attempt.tombstone, started=now, now=now, seconds=0, clock=0)
        if step == Done():
            self.truth.reported.add(parcel.notice.id)

    @rule(fenced=st.booleans())
    def it_commits(self, *, fenced: bool) -> None:
        unit = self.depot.ledger.take(1.0, self.clock.now())
        if unit is None:
            return
        if fenced and unit.moves:
            self.depot.fenced(unit)
            self.forget_what_is_not_stored()
            self.look_again()
            return
        now_of(self.store.write(unit))
        self.depot.committed(unit)

    @rule()
    def it_looks_at_the_store_again(self) -> None:
        self.look_again()

    @rule()
    def it_dies_and_starts_again(self) -> None:
        self.start()
        self.forget_what_is_not_stored()

    @rule(desk=st.sampled_from(DESKS))
    def it_loses_a_lease_and_gets_it_back(self, desk: str) -> None:
        self.depot.leave(desk, lost=True)
        self.adopt()

    def start(self) -> None:
        self.depot = Depot(Rules(), random.Random(3))
        self.under_way = []
        for desk in DESKS:
            self.configure(desk)
        self.adopt()
        self.rewind()

    def configure(self, desk: str) -> None:
        self.epoch += 1
        status = Status.suspended if desk in self.suspended else Status.enabled
        self.depot.configure(Endpoint(desk, "https://p.example/", (Secret(b"k" * 32),), status, None, SLOTS, self.epoch))

    def adopt(self) -> None:
        for desk in wanted_desks(self.depot, DESKS):
            if desk not in self.suspended:
                self.epoch += 1
                lease = Lease(desk, self.epoch, self.clock.now() + LEASE)
                rows = now_of(self.store.pending(desk, self.depot.rules.window))
                self.depot.adopt(lease, rows, now_of(self.store.sequences([desk])).get(desk))

    def look_again(self) -> None:
        for desk in list(self.depot.unread):
            self.depot.extend(desk, now_of(self.store.pending(desk, self.depot.rules.window)))

    def rewind(self) -> None:
        held = now_of(self.store.load(["to.g0"]))
        self.read_to = held["to.g0", 0].offset if held else 0

    def forget_what_is_not_stored(self) -> None:
        """Whatever was known and not committed is known no longer; it may happen again."""
        self.rewind()
        stored = {i for i, kept in self.store.deliveries.items() if not isinstance(kept.state, Waiting | Sending)}
        live = {p.notice.id for p in self.depot.ledger._changed.values()}
        self.truth.reported &= stored | live
        self.truth.withdrawn &= set(self.store.recalls)

    # --- what has to be true

    def check_begun(self, shipment: Shipment, *, tombstone: bool) -> None:
        notice = shipment.parcel.notice
        assert notice.id not in self.truth.reported, "sent again after it had arrived"
        assert tombstone or notice.id not in self.truth.withdrawn, "content sent after it was taken back"
        assert notice.desk not in self.suspended, "sent to a suspended endpoint"
        for other in self.under_way:
            theirs = other.shipment.parcel.notice
            if not other.shipment.parcel.forgotten:
                assert (theirs.desk, theirs.thread) != (notice.desk, notice.thread), "two of one lane under way"
        for parcel in self.depot.parcels.values():
            earlier = parcel.notice
            same_lane = (earlier.desk, earlier.thread) == (notice.desk, notice.thread)
            if same_lane and parcel.pending and earlier.order < notice.order:
                assert earlier.number in shipment.missing, "overtook one of its lane without naming it"

    @invariant()
    def slots_are_kept(self) -> None:
        for sender in self.depot.senders.values():
            assert sender.queue.in_flight <= SLOTS

    @invariant()
    def what_arrived_and_was_reported_stays_delivered(self) -> None:
        for id_, kept in self.store.deliveries.items():
            if isinstance(kept.state, Delivered):
                assert "content" in self.truth.arrived.get(id_, ()), "called delivered without having arrived"
                assert kept.body is None

    def teardown(self) -> None:
        """From here on everything works: then everything that was told arrives, or is dead, or was taken back."""
        self.suspended.clear()
        for desk in DESKS:
            self.configure(desk)
        for delivery in self.skipped:
            self.put(delivery)
        for _ in range(200):
            self.adopt()
            self.look_again()
            self.it_reads(5)
            self.it_sends()
            while self.under_way:
                self.end(self.under_way.pop(0), Answered(204), heard=True)
            self.it_commits(fenced=False)
            self.time_passes(3600)
            if self.settled():
                break
        assert self.settled(), "something is owed for ever"
        told = {d.id for d in self.sent}
        assert told == set(self.store.deliveries)
        for id_ in told:
            if isinstance(self.store.deliveries[id_].state, Delivered):
                assert "content" in self.truth.arrived[id_]

    def settled(self) -> bool:
        owed = any(isinstance(kept.state, Waiting | Sending) for kept in self.store.deliveries.values())
        return not owed and self.read_to == len(self.bus) and self.depot.ledger.empty


DeliveryMachine.TestCase.settings = settings(max_examples=examples(60), stateful_step_count=40, deadline=None)
TestDelivery = DeliveryMachine.TestCase
