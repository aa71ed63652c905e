"""Numbers of a desk as they come in."""

from datetime import UTC, datetime

from frontdoor_notifier.core.sequence import MAX_HOLES, DeskSequence, Place, begin

NOW = datetime(2020, 11, 10, 9, 0, tzinfo=UTC)


def after(*numbers: int, incarnation: int = 1) -> DeskSequence:
    sequence = begin("a.desk", incarnation, numbers[0])
    for number in numbers[1:]:
        sequence, _ = sequence.accept(incarnation, number, NOW)
    return sequence


def place(sequence: DeskSequence, number: int, incarnation: int = 1) -> Place:
    return sequence.accept(incarnation, number, NOW)[1]


def test_numbers_follow_each_other() -> None:
    assert place(after(1, 2), 3) is Place.next
    assert after(1, 2, 3) == DeskSequence("a.desk", 1, 1, 3)


def test_a_jump_leaves_holes_and_says_since_when() -> None:
    assert after(1, 4) == DeskSequence("a.desk", 1, 1, 4, (2, 3), NOW)
    assert place(after(1), 4) is Place.after_gap
    assert place(after(1, 4), 5) is Place.after_gap


def test_a_hole_is_filled_once() -> None:
    half, found = after(1, 4).accept(1, 3, NOW)
    assert (half.holes, half.gap_since, found) == ((2,), NOW, Place.filled)
    assert place(half, 3) is Place.known
    whole, _ = half.accept(1, 2, NOW)
    assert whole == DeskSequence("a.desk", 1, 1, 4)


def test_what_was_seen_is_known_and_what_lies_before_the_first_is_not() -> None:
    assert place(after(5, 6), 5) is Place.known
    assert place(after(5, 6), 4) is Place.before


def test_a_new_incarnation_begins_anew_and_an_old_one_is_before() -> None:
    assert after(7, 8).accept(2, 1, NOW) == (DeskSequence("a.desk", 2, 1, 1), Place.next)
    assert place(after(1, incarnation=2), 9, incarnation=1) is Place.before


def test_a_jump_beyond_reason_is_another_beginning() -> None:
    sequence, found = after(1).accept(1, MAX_HOLES + 3, NOW)
    assert (sequence, found) == (DeskSequence("a.desk", 1, MAX_HOLES + 3, MAX_HOLES + 3), Place.next)
    sequence, found = after(1).accept(1, MAX_HOLES + 2, NOW)
    assert (len(sequence.holes), found) == (MAX_HOLES, Place.after_gap)
