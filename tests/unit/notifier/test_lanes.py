"""The order of sending."""

from datetime import timedelta

from frontdoor_notifier.core.lanes import MAX_NAMED, Gap, Lane, Queue
from frontdoor_notifier.core.parcels import Delivered, Parcel, Waiting
from unit.notifier.kit import NOW, parcel

MARGIN = timedelta(minutes=15)


def queue(*parcels: Parcel) -> Queue:
    made = Queue(margin=MARGIN)
    for p in parcels:
        made.add(p)
    return made


def picked(made: Queue, *, at: timedelta = timedelta(0), slots: int = 8) -> list[tuple[int, tuple[int, ...]]]:
    return [(p.parcel.notice.number, p.missing) for p in made.pick(NOW + at, slots)]


def settle(made: Queue, p: Parcel, *, again: timedelta | None = None) -> None:
    p.state = Delivered(NOW) if again is None else Waiting(NOW + again)
    made.settled(p)


def test_one_of_each_lane_goes_and_the_next_when_it_is_settled() -> None:
    first, second, other = parcel(1), parcel(2), parcel(3, lane=1)
    made = queue(first, second, other)
    assert picked(made) == [(1, ()), (3, ())]
    assert picked(made) == []
    settle(made, first)
    assert picked(made) == [(2, ())]
    assert len(made) == 2


def test_order_is_that_of_numbers_whatever_the_order_of_arrival() -> None:
    made = queue(parcel(3), parcel(1), parcel(2))
    assert picked(made) == [(1, ())]


def test_slots_bound_what_is_under_way_and_lanes_take_turns() -> None:
    parcels = [parcel(n, lane=n % 5) for n in range(1, 11)]
    made = queue(*parcels)
    assert picked(made, slots=3) == [(1, ()), (2, ()), (3, ())]
    settle(made, parcels[0])
    assert picked(made, slots=3) == [(4, ())]
    settle(made, parcels[1])
    assert picked(made, slots=3) == [(5, ())]


def test_a_lane_waits_for_its_first_until_the_time_of_its_retry() -> None:
    first, second = parcel(1), parcel(2)
    made = queue(first, second)
    picked(made)
    settle(made, first, again=timedelta(seconds=30))
    assert picked(made) == []
    assert made.next_at() == NOW + timedelta(seconds=30)
    assert picked(made, at=timedelta(seconds=30)) == [(1, ())]


def test_before_its_deadline_a_successor_goes_and_names_what_is_missing() -> None:
    first, second, third = parcel(1), parcel(2), parcel(3, due=timedelta(hours=2))
    made = queue(first, second, third)
    picked(made)
    settle(made, first, again=timedelta(hours=9))
    assert picked(made, at=timedelta(minutes=104)) == []
    assert picked(made, at=timedelta(minutes=105)) == [(3, (1, 2))]
    settle(made, third)
    assert picked(made, at=timedelta(hours=8)) == []
    assert picked(made, at=timedelta(hours=9)) == [(1, ())]


def test_a_first_that_could_not_reach_the_endpoint_is_tried_again_before_it_is_overtaken() -> None:
    first, second, third = parcel(1), parcel(2, due=timedelta(hours=2)), parcel(3, due=timedelta(hours=3))
    made = queue(first, second, third)
    picked(made)
    first.last_code = "connection_lost"
    settle(made, first, again=timedelta(hours=9))
    assert picked(made, at=timedelta(minutes=104)) == []
    assert picked(made, at=timedelta(minutes=105)) == [(1, ())]
    settle(made, first, again=timedelta(hours=9))
    assert picked(made, at=timedelta(minutes=105)) == [(2, (1,))]  # once: what hinders the first may be its own
    second.last_code = "connection_lost"
    settle(made, second, again=timedelta(hours=2))
    assert picked(made, at=timedelta(hours=2)) == [(1, ())]
    settle(made, first)
    made.hasten()
    assert picked(made, at=timedelta(hours=2)) == [(2, ())]


def test_of_two_that_could_not_reach_the_endpoint_and_may_both_go_the_first_does() -> None:
    first, second = parcel(1), parcel(2, due=timedelta(0))
    first.state, first.last_code = Waiting(NOW + timedelta(hours=1)), "timed_out"
    second.state, second.last_code = Waiting(NOW + timedelta(minutes=5)), "timed_out"
    assert picked(queue(first, second), at=timedelta(minutes=5)) == [(1, ())]


def test_a_successor_never_goes_while_the_one_before_it_is_under_way() -> None:
    made = queue(parcel(1), parcel(2, due=timedelta(0)))
    assert picked(made, at=timedelta(hours=1)) == [(1, ())]
    assert picked(made, at=timedelta(hours=1)) == []


def test_who_joins_a_blocked_lane_shortly_before_its_deadline_goes() -> None:
    first, second = parcel(1), parcel(2)
    made = queue(first)
    picked(made)
    settle(made, first, again=timedelta(hours=9))
    assert picked(made) == []
    made.add(second)
    assert picked(made) == []
    made.add(parcel(3, due=timedelta(minutes=10)))
    assert picked(made) == [(3, (1, 2))]


def test_a_gap_holds_all_later_ones_until_it_ends() -> None:
    made = queue(parcel(1), parcel(4, lane=1), parcel(5, lane=2))
    made.set_gap(Gap(1, (2, 3), NOW + timedelta(seconds=60)))
    assert picked(made) == [(1, ())]
    assert picked(made, at=timedelta(seconds=60)) == [(4, (2, 3)), (5, (2, 3))]


def test_a_gap_that_is_filled_holds_nothing() -> None:
    made = queue(parcel(3))
    made.set_gap(Gap(1, (2,), NOW + timedelta(hours=1)))
    assert picked(made) == []
    made.add(parcel(2, lane=1))
    made.set_gap(None)
    assert picked(made) == [(2, ()), (3, ())] or picked(made) == []


def test_a_gap_ends_before_the_first_deadline_in_a_lane_and_the_lane_keeps_its_order() -> None:
    first, second = parcel(2), parcel(3, due=timedelta(minutes=20))
    made = queue(first, second)
    made.set_gap(Gap(1, (1,), NOW + timedelta(hours=1)))
    assert picked(made, at=timedelta(minutes=4)) == []
    assert picked(made, at=timedelta(minutes=5)) == [(2, (1,))]
    settle(made, first)
    assert picked(made, at=timedelta(minutes=5)) == [(3, (1,))]


def test_a_gap_of_an_older_incarnation_holds_nothing() -> None:
    made = queue(parcel(9))
    made.set_gap(Gap(0, (1,), NOW + timedelta(hours=1)))
    assert picked(made) == [(9, ())]


def test_not_more_numbers_are_named_than_anybody_reads() -> None:
    made = queue(parcel(5000))
    made.set_gap(Gap(1, tuple(range(1, 900)), NOW))
    assert picked(made) == [(5000, tuple(range(1, MAX_NAMED + 1)))]


def test_what_is_gone_makes_room_for_the_next() -> None:
    first = parcel(1)
    made = queue(first, parcel(2))
    picked(made)
    made.settled(first, gone=True)
    assert picked(made) == [(2, ())]


def test_discarding_spares_what_is_under_way() -> None:
    first, second = parcel(1), parcel(2)
    made = queue(first, second)
    picked(made)
    made.discard(first)
    made.discard(second)
    made.discard(parcel(7, lane=7))
    assert [p.notice.number for p in made.parcels()] == [1]


def test_an_endpoint_that_is_back_gets_at_once_what_could_not_reach_it_and_not_what_it_refused() -> None:
    away, busy = parcel(1), parcel(2, lane=1)
    made = queue(away, busy)
    picked(made)
    away.last_code, busy.last_code = "timed_out", "http_503"
    settle(made, away, again=timedelta(hours=1))
    settle(made, busy, again=timedelta(hours=1))
    made.hasten()
    assert picked(made) == [(1, ())]
    made.start_afresh()
    assert picked(made) == [(2, ())]


def test_a_blocked_lane_with_thousands_behind_is_not_looked_through_for_each() -> None:
    first = parcel(1)
    made = queue(first)
    picked(made)
    settle(made, first, again=timedelta(hours=9))
    assert picked(made) == []
    for number in range(2, 5000):
        made.add(parcel(number))
        assert not made.has_ready


def test_a_busy_lane_has_nothing_to_choose() -> None:
    lane = Lane(parcel(1).notice.thread, [parcel(1)], busy=True)
    assert lane.choose(NOW, None, MARGIN) is None


def test_discarding_the_first_frees_the_next() -> None:
    first, second = parcel(1), parcel(2)
    made = queue(first)
    picked(made)
    settle(made, first, again=timedelta(hours=1))
    made.add(second)
    assert picked(made) == []
    made.discard(first)
    assert picked(made) == [(2, ())]


def test_a_timer_of_a_lane_that_has_ended_wakes_nobody() -> None:
    first = parcel(1)
    made = queue(first)
    picked(made)
    settle(made, first, again=timedelta(hours=1))
    assert picked(made) == []
    made.discard(first)
    assert picked(made, at=timedelta(hours=2)) == []


def test_setting_the_same_gap_again_changes_nothing() -> None:
    made = queue(parcel(2))
    for _ in range(2):
        made.set_gap(Gap(1, (1,), NOW + timedelta(hours=1)))
    assert picked(made) == []
    made.set_gap(Gap(1, (1,), NOW + timedelta(hours=1)))
    assert not made.has_ready
