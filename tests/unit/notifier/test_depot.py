"""What memory decides: leases, endpoints that fail, withdrawal, commits that are refused."""

from dataclasses import replace
from datetime import timedelta

from frontdoor_notifier.core.depot import Depot, wanted_desks
from frontdoor_notifier.core.endpoints import Lease, Status
from frontdoor_notifier.core.ledger import TakeBack, Unit
from frontdoor_notifier.core.outcomes import Answered, TimedOut
from frontdoor_notifier.core.parcels import Dead, Delivered, Filed, Recalled, Superseded, TakenBack, Waiting
from frontdoor_notifier.core.ports import Content
from frontdoor_notifier.core.senders import AWAY_AFTER, Rules
from frontdoor_notifier.core.sequence import DeskSequence
from frontdoor_notifier.core.steps import Again, Done, GivenUp
from unit.notifier.kit import BUSY, DESK, GONE, LEASE, NOW, OK, REFUSES, batch, depot, endpoint, file, numbers, parcel, renew, report

SECOND = timedelta(seconds=1)


def test_nothing_is_sent_without_a_lease() -> None:
    made = depot(leased=False)
    file(made, parcel(1))
    assert made.due(NOW) == []
    assert made.unclaimed == {DESK}
    assert wanted_desks(made, [DESK, "other.desk"]) == [DESK]
    made.adopt(Lease(DESK, 1, NOW + LEASE), (), None)
    assert numbers(made.due(NOW)) == [1]


def test_nothing_is_sent_on_a_lease_that_ends_before_the_time_out() -> None:
    made = depot()
    file(made, parcel(1))
    almost = NOW + LEASE - Rules().timeout + SECOND
    assert made.due(almost) == []
    assert not made.idle(almost)
    renew(made, almost)
    (shipment,) = made.due(almost)
    assert made.may_send(shipment, almost)
    assert not made.may_send(shipment, almost + LEASE)


def test_a_desk_without_an_endpoint_is_only_filed() -> None:
    made = depot()
    p = parcel(1, desk="other.desk", wanted="opened")
    file(made, p)
    assert p.state == Filed(NOW)
    assert made.due(NOW) == []


def test_one_that_is_delivered_is_never_sent_again() -> None:
    made = depot()
    p = parcel(1)
    file(made, p)
    (shipment,) = made.due(NOW)
    assert report(made, shipment) == Done()
    file(made, parcel(2))
    assert numbers(made.due(NOW + timedelta(days=9))) == []
    renew(made, NOW + timedelta(days=9))
    assert numbers(made.due(NOW + timedelta(days=9))) == [2]
    assert p.state == Delivered(NOW)


def test_a_repeated_id_in_memory_is_taken_in_once() -> None:
    made = depot()
    file(made, parcel(1))
    file(made, parcel(1))
    assert len(made.senders[DESK].queue) == 1


def test_a_failing_endpoint_gets_one_at_a_time_until_one_gets_through() -> None:
    made = depot(slots=4)
    parcels = [parcel(n, lane=n) for n in range(1, 9)]
    file(made, *parcels)
    now = NOW
    for _ in range(3):
        for shipment in made.due(now):
            report(made, shipment, TimedOut(), now=now)
        now += timedelta(hours=1)
        renew(made, now)
    assert made.senders[DESK].failures >= AWAY_AFTER
    (only,) = made.due(now)
    assert report(made, only, OK, now=now) == Done()
    assert len(made.due(now)) == 4, "and then everything that could not reach it goes at once"


def test_a_refusal_is_an_answer_and_the_endpoint_is_not_away() -> None:
    made = depot()
    made.senders[DESK].failures = AWAY_AFTER
    file(made, parcel(1))
    (shipment,) = made.due(NOW)
    assert report(made, shipment, REFUSES) == GivenUp("http_400")
    assert made.senders[DESK].failures == 0


def test_a_retry_after_holds_for_the_whole_endpoint() -> None:
    made = depot()
    file(made, parcel(1))
    (shipment,) = made.due(NOW)
    report(made, shipment, Answered(503, retry_after=120))
    file(made, parcel(2, lane=1))
    renew(made, NOW + 90 * SECOND)
    assert made.due(NOW + 90 * SECOND) == []
    assert made.next_at() == NOW + 120 * SECOND
    renew(made, NOW + 120 * SECOND)
    assert sorted(numbers(made.due(NOW + 120 * SECOND))) == [1, 2]


def test_410_switches_the_endpoint_off_and_lets_its_lease_go() -> None:
    made = depot()
    file(made, parcel(1), parcel(2))
    (shipment,) = made.due(NOW)
    assert report(made, shipment, GONE) == GivenUp("http_410", endpoint_gone=True)
    assert made.endpoints[DESK].status is Status.disabled
    assert made.senders == {}
    assert [lease.desk for lease in made.released] == [DESK]
    unit = made.ledger.take(0.0, NOW, force=True)
    assert unit is not None
    assert [(d.desk, d.reason) for d in unit.disabled] == [(DESK, "http_410")]
    assert [r.state for r in unit.filed] == [Dead(NOW, "http_410"), Waiting()]


def test_410_from_before_a_suspension_does_not_switch_off_what_was_resumed() -> None:
    made = depot()
    p = parcel(1)
    file(made, p)
    (shipment,) = made.due(NOW)
    made.configure(endpoint(status=Status.suspended, version=2))
    made.configure(endpoint(version=3))
    assert isinstance(report(made, shipment, GONE), Again)
    assert (p.attempts, p.last_code) == (1, "http_410")
    assert made.endpoints[DESK].enabled
    assert commit(made).disabled == ()


def test_410_of_the_old_address_does_not_switch_the_new_one_off() -> None:
    made = depot()
    file(made, parcel(1))
    (shipment,) = made.due(NOW)
    made.configure(endpoint(version=2, url="https://new.example/"))
    assert isinstance(report(made, shipment, GONE), Again)
    assert made.endpoints[DESK].enabled
    renew(made, NOW + 10 * SECOND)
    (again,) = made.due(NOW + 10 * SECOND)
    assert again.endpoint.url == "https://new.example/"
    assert report(made, again, GONE) == GivenUp("http_410", endpoint_gone=True)
    assert [(d.desk, d.version) for d in commit(made).disabled] == [(DESK, 2)]


def test_how_long_the_old_address_asks_to_wait_does_not_hold_for_the_new_one() -> None:
    made = depot()
    file(made, parcel(1), parcel(2, lane=1))
    first, second = made.due(NOW)
    made.configure(endpoint(version=2, url="https://new.example/"))
    report(made, first, Answered(503, retry_after=120))
    assert (made.senders[DESK].failures, made.senders[DESK].paused_until) == (0, None)
    assert report(made, second) == Done()


def test_what_was_picked_for_the_old_address_is_not_sent_there_any_more() -> None:
    made = depot()
    file(made, parcel(1))
    (shipment,) = made.due(NOW)
    made.configure(endpoint(version=2, url="https://new.example/"))
    assert not made.may_send(shipment, NOW)
    made.not_sent(shipment)
    (again,) = made.due(NOW)
    assert again.endpoint.url == "https://new.example/"
    assert made.may_send(again, NOW)


def test_a_suspension_while_an_attempt_is_under_way_keeps_its_result() -> None:
    made = depot()
    p = parcel(1)
    file(made, p)
    (shipment,) = made.due(NOW)
    made.configure(endpoint(status=Status.suspended, version=2))
    assert report(made, shipment) == Done()
    assert p.state == Delivered(NOW)
    assert made.idle(NOW) is False, "the result is not committed yet"
    made.ledger.take(0.0, NOW, force=True)
    made._awake.clear()
    assert made.idle(NOW)


def test_a_desk_gets_no_new_sender_while_an_attempt_of_the_old_one_is_under_way() -> None:
    made = depot()
    file(made, parcel(1))
    (shipment,) = made.due(NOW)
    made.leave(DESK, lost=True)
    assert wanted_desks(made, [DESK]) == [], "or a lane could have two under way"
    assert isinstance(report(made, shipment, BUSY), Again)
    assert wanted_desks(made, [DESK]) == [DESK]
    made.adopt(Lease(DESK, 2, NOW + LEASE), (), None)
    renew(made, NOW + 10 * SECOND)
    assert numbers(made.due(NOW + 10 * SECOND)) == [1]


def test_a_result_that_the_store_has_not_heard_of_survives_a_change_of_lease() -> None:
    made = depot()
    file(made, parcel(1))
    (shipment,) = made.due(NOW)
    made.committed(commit(made))
    made.leave(DESK)
    report(made, shipment, BUSY)
    row = parcel(1)
    made.adopt(Lease(DESK, 2, NOW + LEASE), [row], None)
    assert made.due(NOW) == [], "the store does not know that it has to wait"
    renew(made, NOW + 10 * SECOND)
    assert numbers(made.due(NOW + 10 * SECOND)) == [1]


def test_a_recall_that_the_store_has_not_heard_of_holds_for_what_it_gives_out() -> None:
    made = depot(leased=False)
    opened = file(made)
    made.take_back(TakeBack(parcel(1).notice.id, DESK, TakenBack.recalled, NOW), opened)
    made.adopt(Lease(DESK, 1, NOW + LEASE), [parcel(1)], None)
    (shipment,) = made.due(NOW)
    assert shipment.parcel.taken_back is TakenBack.recalled
    made.committed(commit(made))
    assert made.taken_back == {}


def test_what_is_recalled_and_withdrawn_has_one_tombstone_whoever_sends_it() -> None:
    made = depot(leased=False)
    opened = file(made)
    for how in (TakenBack.superseded, TakenBack.recalled):
        made.take_back(TakeBack(parcel(1).notice.id, DESK, how, NOW), opened)
    made.adopt(Lease(DESK, 1, NOW + LEASE), [parcel(1)], None)
    (shipment,) = made.due(NOW)
    assert shipment.parcel.taken_back is TakenBack.superseded
    assert [t.how for t in commit(made).take_backs] == [TakenBack.superseded]


def test_another_instance_that_wants_the_lease_gets_it_when_nothing_is_under_way() -> None:
    made = depot()
    file(made, parcel(1), parcel(2))
    (shipment,) = made.due(NOW)
    made.renewed(DESK, NOW + LEASE, wanted_by_other=True)
    report(made, shipment)
    assert made.due(NOW) == []
    assert made.senders[DESK].leaving


def test_a_recall_takes_the_content_away_at_once() -> None:
    made = depot()
    p = parcel(1)
    opened = file(made, p)
    made.take_back(TakeBack(p.notice.id, DESK, TakenBack.recalled, NOW), opened)
    assert (p.taken_back, p.body) == (TakenBack.recalled, None)
    (shipment,) = made.due(NOW)
    report(made, shipment)
    assert p.state == Recalled(NOW)


def test_a_recall_while_the_content_is_under_way_leaves_it_delivered_if_it_got_there() -> None:
    made = depot()
    arrived, lost = parcel(1), parcel(2, lane=1)
    opened = file(made, arrived, lost)
    shipments = made.due(NOW)
    for p in (arrived, lost):
        made.take_back(TakeBack(p.notice.id, DESK, TakenBack.superseded, NOW), opened)
    for shipment, outcome in zip(shipments, (OK, BUSY), strict=True):
        made.result(shipment, outcome, tombstone=False, started=NOW, now=NOW, seconds=0, clock=0)
    assert arrived.state == Delivered(NOW)
    renew(made, NOW + 10 * SECOND)
    (again,) = made.due(NOW + 10 * SECOND)
    report(made, again, now=NOW + 10 * SECOND)
    assert lost.state == Superseded(NOW + 10 * SECOND)


def test_after_the_commit_contents_are_read_again_and_a_recall_by_others_is_seen() -> None:
    made = depot()
    first, second = parcel(1), parcel(2)
    file(made, first, second)
    (shipment,) = made.due(NOW)
    made.committed(commit(made))
    assert second.body is None
    report(made, shipment)
    (next_one,) = made.due(NOW)
    assert made.loaded(next_one, Content(None, TakenBack.recalled))
    assert second.taken_back is TakenBack.recalled


def test_what_the_store_owes_no_longer_is_dropped() -> None:
    made = depot()
    file(made, parcel(1), parcel(2))
    made.committed(commit(made))
    (shipment,) = made.due(NOW)
    assert not made.loaded(shipment, None)
    assert numbers(made.due(NOW)) == [2]
    assert made.in_flight == 1


def commit(made: Depot) -> Unit:
    unit = made.ledger.take(9.0, NOW, force=True)
    assert unit is not None
    return unit


def test_what_could_not_be_sent_for_reasons_of_our_own_is_tried_again_without_counting() -> None:
    made = depot()
    p = parcel(1)
    file(made, p)
    (shipment,) = made.due(NOW)
    made.not_sent(shipment)
    assert p.attempts == 0
    assert numbers(made.due(NOW)) == [1]


def test_a_fenced_unit_is_forgotten_and_stored_results_are_not() -> None:
    made = depot()
    stored, hanging, waiting = parcel(1, lane=1), parcel(2, lane=2), parcel(3, lane=2)
    file(made, stored)
    (first,) = made.due(NOW)
    made.committed(commit(made))
    file(made, hanging, waiting)
    (second,) = made.due(NOW)
    report(made, first)
    unit = commit(made)
    made.fenced(unit)
    assert made.generation == 1
    assert made.unread == {DESK}
    assert len(made.senders[DESK].queue) == 1, "only what is under way is left, until it reports"
    assert report(made, second) is None
    assert (len(made.senders[DESK].queue), made.in_flight, made.parcels) == (0, 0, {})
    again = commit(made)
    assert (again.filed, [r.parcel for r in again.changed]) == ((), [stored])


def test_what_was_under_way_when_the_answer_to_its_commit_was_lost_is_tried_again_before_its_successor() -> None:
    made = depot()
    file(made, parcel(1), parcel(2))
    (shipment,) = made.due(NOW)
    made.fenced(commit(made))
    made.extend(DESK, [parcel(1), parcel(2)])  # the commit had got through: the store has them
    assert isinstance(report(made, shipment, TimedOut()), Again)
    assert [(r.parcel.notice.number, r.attempts) for r in commit(made).changed] == [(1, 1)]
    renew(made, NOW + 10 * SECOND)
    assert numbers(made.due(NOW + 10 * SECOND)) == [1]


def test_what_arrived_when_the_answer_to_its_commit_was_lost_is_not_sent_again() -> None:
    made = depot()
    file(made, parcel(1), parcel(2))
    (shipment,) = made.due(NOW)
    made.fenced(commit(made))
    made.extend(DESK, [parcel(1), parcel(2)])
    assert report(made, shipment) == Done()
    assert [(r.parcel.notice.number, r.state) for r in commit(made).changed] == [(1, Delivered(NOW))]
    assert numbers(made.due(NOW)) == [2]


def test_what_was_recalled_elsewhere_while_it_was_under_way_and_forgotten_goes_out_as_a_tombstone() -> None:
    made = depot()
    file(made, parcel(1))
    (shipment,) = made.due(NOW)
    made.fenced(commit(made))
    row = parcel(1)
    row.taken_back = TakenBack.recalled
    made.extend(DESK, [row])
    report(made, shipment, BUSY)
    assert (shipment.parcel.taken_back, shipment.parcel.body) == (TakenBack.recalled, None)


def test_what_was_forgotten_and_read_again_from_the_bus_is_not_there_twice() -> None:
    made = depot()
    file(made, parcel(1))
    (shipment,) = made.due(NOW)
    made.fenced(commit(made))
    made.extend(DESK, [])
    again = parcel(1)
    file(made, again)
    made.extend(DESK, [parcel(1)])
    assert report(made, shipment, TimedOut()) is None
    (second,) = made.due(NOW)
    assert second.parcel is again


def test_after_an_attempt_that_was_forgotten_the_store_is_looked_at_again() -> None:
    made = depot()
    file(made, parcel(1))
    (shipment,) = made.due(NOW)
    made.fenced(commit(made))
    made.extend(DESK, [])
    assert report(made, shipment, TimedOut()) is None
    assert made.unread == {DESK}
    made.extend(DESK, [parcel(1)])
    assert numbers(made.due(NOW)) == [1]


def test_new_arrivals_wait_for_the_store_to_be_looked_at_again() -> None:
    made = depot()
    made.refresh()
    file(made, parcel(5))
    assert made.due(NOW) == []
    older = parcel(4)
    older.body = None
    made.extend(DESK, [older])
    assert numbers(made.due(NOW)) == [4]


def test_what_memory_knows_better_is_not_taken_from_the_store() -> None:
    made = depot()
    p = parcel(1)
    file(made, p)
    (shipment,) = made.due(NOW)
    made.committed(commit(made))
    report(made, shipment)
    made.extend(DESK, [parcel(1)])
    assert made.due(NOW) == [], "it was delivered, the store has not heard of it"


def test_beyond_the_window_deliveries_stay_in_the_store() -> None:
    made = depot(rules=Rules(window=4), leased=False)
    rows = [parcel(n, lane=n) for n in range(1, 5)]
    made.adopt(Lease(DESK, 1, NOW + LEASE), rows, None)
    file(made, parcel(9, lane=9))
    shipments = made.due(NOW)
    assert numbers(shipments) == [1, 2, 3, 4]
    for shipment in shipments[:3]:
        report(made, shipment)
    assert made.unread == {DESK}
    made.extend(DESK, [])
    assert 9 in numbers(made.due(NOW))


def test_a_gap_known_to_the_store_holds_up_a_new_sender() -> None:
    made = depot(leased=False)
    sequence = DeskSequence(DESK, 1, 1, 3, (2,), NOW)
    made.adopt(Lease(DESK, 1, NOW + LEASE), [parcel(3)], sequence)
    assert made.due(NOW) == []
    renew(made, NOW + 60 * SECOND)
    (shipment,) = made.due(NOW + 60 * SECOND)
    assert shipment.missing == (2,)


def test_a_gap_that_another_instance_found_holds_up_a_new_sender_that_read_the_desk_before() -> None:
    made = depot(leased=False)
    made.note_sequence(DeskSequence(DESK, 1, 1, 1))
    made.adopt(Lease(DESK, 1, NOW + LEASE), [parcel(3)], DeskSequence(DESK, 1, 1, 3, (2,), NOW))
    assert made.due(NOW) == []


def test_a_lease_for_an_endpoint_that_was_switched_off_meanwhile_is_let_go() -> None:
    made = depot(leased=False)
    made.configure(endpoint(status=Status.disabled, version=2))
    made.adopt(Lease(DESK, 1, NOW + LEASE), (), None)
    assert (made.senders, len(made.released)) == ({}, 1)


def test_another_address_is_a_fresh_start() -> None:
    made = depot()
    p = parcel(1)
    file(made, p)
    (shipment,) = made.due(NOW)
    report(made, shipment, Answered(503, retry_after=600))
    made.configure(replace(endpoint(version=2), url="https://other.example/"))
    assert (p.attempts, p.first_at) == (0, None)
    assert numbers(made.due(NOW)) == [1]


def test_a_batch_does_not_wait_for_an_endpoint_that_fails() -> None:
    made = depot()
    made.senders[DESK].failures = 1
    opened = batch()
    file(made, parcel(1), into=opened)
    assert opened.open == 0


def test_what_is_under_way_while_its_endpoint_is_away_from_memory_is_forgotten_when_stored() -> None:
    made = depot(leased=False)
    made.configure(endpoint(status=Status.suspended, version=2))
    p = parcel(1)
    file(made, p)
    assert (made.unclaimed, made.parcels) == (set(), {p.notice.id: p})
    made.committed(commit(made))
    assert made.parcels == {}


def test_leaving_keeps_what_the_store_does_not_have() -> None:
    made = depot()
    stored, fresh = parcel(1), parcel(2)
    file(made, stored)
    made.committed(commit(made))
    file(made, fresh)
    made.leave(DESK)
    made.leave(DESK)
    assert list(made.parcels.values()) == [fresh]
    made.committed(commit(made))
    assert made.parcels == {}


def test_an_agenda_outlives_its_sender_without_harm() -> None:
    made = depot()
    file(made, parcel(1))
    (shipment,) = made.due(NOW)
    report(made, shipment, BUSY)
    assert made.due(NOW) == []
    made.leave(DESK)
    assert made.due(NOW + timedelta(hours=1)) == []
    made.renewed(DESK, NOW, wanted_by_other=False)
    made.extend(DESK, [])


def test_it_is_idle_when_nothing_can_be_done_now() -> None:
    made = depot()
    file(made, parcel(1))
    assert not made.idle(NOW)
    (shipment,) = made.due(NOW)
    assert not made.idle(NOW)
    report(made, shipment, BUSY)
    made.due(NOW)
    made.committed(commit(made))
    assert made.idle(NOW), "it waits for its next attempt"
    assert made.owed == 1
    renew(made, NOW + timedelta(hours=1))
    made._awake.clear()
    assert not made.idle(NOW + timedelta(hours=1))


def test_a_sequence_without_gaps_and_none_at_all_hold_nothing_up() -> None:
    made = depot()
    made.note_sequence(DeskSequence("unknown.desk", 1, 1, 3))
    made.note_sequence(DeskSequence(DESK, 1, 1, 3))
    file(made, parcel(4))
    assert numbers(made.due(NOW)) == [4]
