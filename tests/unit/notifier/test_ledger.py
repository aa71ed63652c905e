"""What is committed together, and when."""

from datetime import timedelta
from uuid import UUID

from frontdoor_chassis.bus import Move
from frontdoor_notifier.core.ledger import (
    LINGER_SECONDS,
    MOVES_LINGER_SECONDS,
    RESULTS_LINGER_SECONDS,
    Disabled,
    Ledger,
    ReminderResult,
    receipt_of,
)
from frontdoor_notifier.core.parcels import Attempt, Dead, Delivered, Filed, Parcel, Recalled, Sending, Superseded, Waiting
from frontdoor_schemas.vocabulary import Level
from unit.notifier.kit import DESK, NOW, batch, parcel


def awaited(*parcels: Parcel, since: float = 0.0, old: int = 0) -> tuple[Ledger, list[Parcel]]:
    made = Ledger()
    add(made, *parcels, since=since, old=old)
    return made, list(parcels)


def add(made: Ledger, *parcels: Parcel, since: float = 0.0, old: int = 0) -> None:
    opened = batch(since=since, old=old, records=len(parcels))
    for p in parcels:
        p.batch, p.awaited = opened, True
        opened.open += 1
        opened.parcels.append(p)
    made.open(opened)


def test_a_batch_waits_for_its_first_attempts() -> None:
    made, (first, second) = awaited(parcel(1), parcel(2))
    first.state = Delivered(NOW)
    assert not made.note(first, 0.01)
    assert made.take(0.01, NOW) is None
    second.state = Waiting(NOW)
    assert made.note(second, 0.02)
    unit = made.take(0.02, NOW)
    assert unit is not None
    assert [r.state for r in unit.filed] == [Delivered(NOW), Waiting(NOW)]
    assert [r.body is None for r in unit.filed] == [True, False]
    assert made.empty


def test_a_batch_does_not_wait_for_what_hangs() -> None:
    made, (hangs,) = awaited(parcel(1))
    hangs.state = Sending(NOW)
    assert made.take(LINGER_SECONDS / 2, NOW) is None
    unit = made.take(LINGER_SECONDS, NOW)
    assert unit is not None
    assert unit.filed[0].state == Sending(NOW)
    hangs.state = Delivered(NOW)
    made.note(hangs, 9.0)
    later = made.take(9.0 + 2 * RESULTS_LINGER_SECONDS, NOW)
    assert later is not None
    assert (later.filed, [r.state for r in later.changed]) == ((), [Delivered(NOW)])


def test_batches_are_committed_in_order_and_their_moves_are_joined() -> None:
    made, (first,) = awaited(parcel(1))
    add(made, parcel(2), since=0.01, old=1)
    add(made, parcel(3), since=0.02, old=2)
    for p in (first, *made.uncommitted(DESK)[1:]):
        p.state = Delivered(NOW)
    second, third = made.uncommitted(DESK)[1:]
    made.note(third, 0.03)
    assert made.take(0.03, NOW) is None, "the first has not been tried"
    made.note(first, 0.03)
    made.note(second, 0.03)
    unit = made.take(0.03, NOW)
    assert unit is not None
    assert unit.moves == (Move("to.g0", 0, "id", 0, 3),)
    assert unit.records == 3


def test_results_alone_are_gathered_for_a_moment() -> None:
    made, p = Ledger(), parcel(1)
    p.state = Delivered(NOW)
    made.note(p, 1.0)
    assert made.take(1.0, NOW) is None
    assert made.take(1.0 + RESULTS_LINGER_SECONDS, NOW) is not None


def test_positions_alone_wait_for_company_and_not_for_ever() -> None:
    made = Ledger()
    made.open(batch(since=0.0))
    assert made.quiet
    assert not made.empty
    assert made.take(MOVES_LINGER_SECONDS / 2, NOW) is None
    assert made.take(MOVES_LINGER_SECONDS, NOW) is not None
    made.open(batch(since=2.0, old=1))
    add(made, parcel(1), since=2.0, old=2)
    (p,) = made.uncommitted(DESK)
    p.state = Delivered(NOW)
    made.note(p, 2.0)
    unit = made.take(2.0, NOW)
    assert unit is not None
    assert unit.moves == (Move("to.g0", 0, "id", 1, 3),)


def test_everything_can_be_forced() -> None:
    made, _ = awaited(parcel(1))
    assert made.take(0.0, NOW, force=True) is not None
    assert made.take(0.0, NOW, force=True) is None


def test_a_refused_unit_gives_back_what_concerns_the_store_and_forgets_the_rest() -> None:
    made, (new,) = awaited(parcel(1))
    old = parcel(2)
    old.state, old.history = Delivered(NOW), [Attempt(old.notice.id, DESK, NOW, "http_204", 3)]
    new.state, new.history = Delivered(NOW), [Attempt(new.notice.id, DESK, NOW, "http_204", 3)]
    made.note(old, 0.0)
    made.note(new, 0.0)
    made.disable(Disabled(DESK, "http_410", 1), 0.0)
    made.note_reminder(ReminderResult(UUID(int=9), "sent", None, NOW), 0.0)
    unit = made.take(0.0, NOW)
    assert unit is not None
    made.put_back(unit)
    again = made.take(1.0, NOW)
    assert again is not None
    assert (again.filed, again.moves) == ((), ())
    assert [r.parcel for r in again.changed] == [old]
    assert [a.delivery for a in again.attempts] == [old.notice.id]
    assert [d.desk for d in again.disabled] == [DESK]
    assert [r.id for r in again.reminded] == [UUID(int=9)]
    assert [r.disclosure for r in again.receipts] == [old.notice.id]


def test_receipts_are_facts_about_what_is_settled() -> None:
    id_ = UUID(int=1)
    assert receipt_of(id_, DESK, Waiting(), withdrawn=False) is None
    assert receipt_of(id_, DESK, Filed(NOW), withdrawn=False) is None
    assert receipt_of(id_, DESK, Recalled(NOW), withdrawn=True) is None
    assert receipt_of(id_, DESK, Superseded(NOW), withdrawn=True) is None
    assert receipt_of(id_, DESK, Dead(NOW, "http_400"), withdrawn=True) is None
    received, failed = receipt_of(id_, DESK, Delivered(NOW), withdrawn=True), receipt_of(id_, DESK, Dead(NOW, "http_400"), withdrawn=False)
    assert received is not None
    assert failed is not None
    assert (received.level, received.failed, received.at) == (Level.received, None, NOW)
    assert (failed.level, failed.failed, failed.at) == (None, "http_400", NOW)


def test_a_dead_letter_keeps_its_content() -> None:
    made, (p,) = awaited(parcel(1))
    p.state = Dead(NOW + timedelta(days=3), "http_500")
    made.note(p, 0.0)
    unit = made.take(0.0, NOW)
    assert unit is not None
    assert unit.filed[0].body is not None
