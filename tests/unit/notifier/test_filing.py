"""Taking a batch in: numbers, repetitions, withdrawals, what others report."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from frontdoor_chassis.clock import SettableClock
from frontdoor_notifier.core.depot import Depot
from frontdoor_notifier.core.endpoints import Lease
from frontdoor_notifier.core.filing import Arrival, Incoming, Reported, desks_counted, file_all, place
from frontdoor_notifier.core.ledger import OpenBatch, Refused
from frontdoor_notifier.core.parcels import Dead, Delivered, Filed, State, TakenBack, Waiting
from frontdoor_notifier.core.payload import body_of
from frontdoor_notifier.core.ports import Known
from frontdoor_notifier.core.sequence import DeskSequence
from frontdoor_schemas.envelope import Delivery, DeliveryKind, Receipt
from frontdoor_schemas.vocabulary import Level
from support.delivering import Told
from unit.notifier.kit import LEASE, NOW, batch, depot, endpoint, numbers

DESK = "a0.desk"


def told() -> Told:
    return Told(SettableClock(NOW))


def arrival(delivery: Delivery) -> Arrival:
    return Arrival(delivery, body_of(delivery) if delivery.desk == DESK else None)


def take(made: Depot, *items: Incoming, known: Mapping[UUID, Known] | None = None) -> OpenBatch:
    opened = batch(records=len(items))
    file_all(made, opened, place(made, items, NOW), known or {}, NOW)
    return opened


def test_sequences_are_needed_of_desks_that_are_posted_to_and_not_in_memory() -> None:
    made, t = depot(desks=[DESK]), told()
    items: list[Incoming] = [arrival(t.delivery()), arrival(t.delivery("a1.desk")), t.recall(t.delivery())]
    assert desks_counted(made, items) == {DESK}
    take(made, *items[:1])
    assert desks_counted(made, items) == set()


def test_what_another_instance_read_since_this_one_became_the_sender_is_not_missing() -> None:
    made, t = depot(desks=[DESK], leased=False), told()
    made.adopt(Lease(DESK, 1, NOW + LEASE), (), DeskSequence(DESK, 1, 1, 1))
    item = arrival(t.delivery(number=4))
    for desk in desks_counted(made, [item]):
        made.note_sequence(DeskSequence(desk, 1, 1, 3))  # as the store has it by now
    take(made, item)
    (shipment,) = made.due(NOW)
    assert shipment.missing == ()


def test_a_batch_is_counted_on_from_itself() -> None:
    made, t = depot(desks=[DESK]), told()
    opened = take(made, *(arrival(t.delivery()) for _ in range(3)))
    assert opened.sequences == {DESK: DeskSequence(DESK, 1, 1, 3)}
    assert made.sequences == opened.sequences
    assert numbers(made.due(NOW)) == [1, 2, 3]


def test_a_gap_in_a_batch_holds_up_what_follows_it() -> None:
    made, t = depot(desks=[DESK]), told()
    first = arrival(t.delivery())
    t.skip(DESK)
    take(made, first, arrival(t.delivery()))
    assert numbers(made.due(NOW)) == [1]


def test_what_is_known_to_the_store_is_not_sent_again_and_answered_again() -> None:
    made, t = depot(desks=[DESK]), told()
    items = [arrival(t.delivery()) for _ in range(4)]
    states: list[State] = [Delivered(NOW), Dead(NOW, "http_400"), Waiting(), Filed(NOW)]
    known = {i.delivery.id: Known(s, None) for i, s in zip(items, states, strict=True)}
    made.sequences[DESK] = DeskSequence(DESK, 1, 5, 9)  # so that all of them come from before
    opened = take(made, *items, known=known)
    assert [(r.level, r.failed) for r in opened.receipts] == [(Level.received, None), (None, "http_400")]
    assert made.due(NOW) == []


def test_a_number_that_was_filed_and_is_not_in_the_store_any_more_is_left_alone() -> None:
    made, t = depot(desks=[DESK]), told()
    made.sequences[DESK] = DeskSequence(DESK, 1, 1, 9)
    opened = take(made, arrival(t.delivery()))
    assert (opened.receipts, opened.parcels) == ([], [])


def test_one_that_was_recalled_before_it_came_is_a_tombstone() -> None:
    made, t = depot(desks=[DESK]), told()
    item = arrival(t.delivery())
    take(made, item, known={item.delivery.id: Known(None, TakenBack.recalled)})
    (shipment,) = made.due(NOW)
    assert (shipment.parcel.taken_back, shipment.parcel.body) == (TakenBack.recalled, None)


def test_one_whose_recall_is_not_committed_yet_is_a_tombstone_too() -> None:
    made, t = depot(desks=[DESK]), told()
    delivery = t.delivery()
    take(made, t.recall(delivery))
    take(made, arrival(delivery))
    (shipment,) = made.due(NOW)
    assert (shipment.parcel.taken_back, shipment.parcel.body) == (TakenBack.recalled, None)


def test_a_withdrawal_notice_takes_its_content_back() -> None:
    made, t = depot(desks=[DESK]), told()
    content = t.delivery()
    notice = t.delivery(kind=DeliveryKind.withdrawn, refers_to=content.id)
    opened = take(made, arrival(content), arrival(notice))
    assert [(b.disclosure, b.how) for b in opened.take_backs] == [(content.id, TakenBack.superseded)]
    assert made.parcels[content.id].taken_back is TakenBack.superseded


def test_a_withdrawal_of_what_a_desk_before_this_one_was_told_is_sent_though_this_desk_never_had_it() -> None:
    made, t = depot(desks=[DESK]), told()
    theirs = t.delivery("a1.desk")
    notice = t.delivery(kind=DeliveryKind.withdrawn, refers_to=theirs.id)
    opened = take(made, arrival(notice))
    assert [(b.disclosure, b.how) for b in opened.take_backs] == [(theirs.id, TakenBack.superseded)]
    (shipment,) = made.due(NOW)
    assert (shipment.parcel.notice.id, shipment.parcel.taken_back) == (notice.id, None)
    assert shipment.parcel.body is not None


def test_of_a_desk_without_an_endpoint_only_what_reminders_ask_is_kept() -> None:
    made, t = depot(desks=[DESK]), told()
    asked = t.delivery("a1.desk", due=timedelta(hours=1), level=Level.opened)
    opened = take(made, arrival(asked), arrival(t.delivery("a1.desk")))
    assert [p.notice.id for p in opened.parcels] == [asked.id]
    assert opened.parcels[0].notice.wanted == "opened"
    assert opened.sequences == {}


def test_what_was_read_before_its_desk_had_an_endpoint_is_not_posted_without_content() -> None:
    made, t = depot(desks=[DESK]), told()
    plan = place(made, [arrival(t.delivery("a1.desk", due=timedelta(hours=1), level=Level.opened))], NOW)
    made.configure(endpoint("a1.desk"))
    opened = batch()
    file_all(made, opened, plan, {}, NOW)
    made.adopt(Lease("a1.desk", 1, NOW + LEASE), (), None)
    assert made.due(NOW) == []
    assert [p.state for p in opened.parcels] == [Filed(NOW)]


def test_everything_else_is_noted() -> None:
    made, t = depot(desks=[DESK]), told()
    delivery = t.delivery()
    remind, recall, refused = t.remind(delivery), t.recall(delivery), Refused("to.g0", 0, 1, "unreadable", NOW)
    receipts = [
        Receipt(disclosure=delivery.id, desk=DESK, level=level, channel="inbox", at=NOW) for level in (Level.filed, Level.opened, None)
    ]
    opened = take(made, remind, recall, refused, Reported(tuple(receipts)))
    assert (opened.reminders, opened.refused) == ([remind], [refused])
    assert [r.level for r in opened.reached] == [Level.opened]
    assert [b.how for b in opened.take_backs] == [TakenBack.recalled]
    assert not opened.idle
