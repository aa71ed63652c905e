"""What receipts bring about."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from frontdoor_router.core.outgoing import Standing, ledger
from frontdoor_router.core.receiving import Merged, Owes, Row, merge
from frontdoor_schemas.envelope import Receipt
from frontdoor_schemas.vocabulary import Level
from support.deciding import NIGHT

EVENT, DISCLOSURE, NOTICE, OBLIGATION = (uuid4() for _ in range(4))
LATER = NIGHT + timedelta(days=1)


def a_row(disclosure: UUID = DISCLOSURE, desk: str = "oak.dsl", **facts: object) -> Row:
    """A disclosure of which nothing has come back."""
    row = Row(id=disclosure, event=EVENT, kind="disclosure", visible=False, standing=Standing(desk, NIGHT))
    return replace(row, **facts)  # type: ignore[arg-type] # fields of a row


def receipt(
    level: Level | None = None,
    *,
    disclosure: UUID = DISCLOSURE,
    desk: str = "oak.dsl",
    minutes: int = 1,
    by_telephone: bool = False,
    failed: str | None = None,
) -> Receipt:
    """A receipt some minutes after the disclosure."""
    at = NIGHT + timedelta(minutes=minutes)
    return Receipt(disclosure=disclosure, desk=desk, level=level, by_telephone=by_telephone, failed=failed, channel="inbox", at=at)


def merged(receipts: Sequence[Receipt], *rows: Row, owed: Sequence[Owes] = (), now: datetime = LATER) -> Merged:
    """What receipts bring about."""
    return merge(receipts, {r.id: r for r in rows or (a_row(),)}, owed, now)


def owes(*satisfied_by: str, disclosure: UUID = DISCLOSURE) -> Owes:
    """An open obligation."""
    return Owes(OBLIGATION, disclosure, satisfied_by)


def at(minutes: int) -> datetime:
    """A moment after the disclosure."""
    return NIGHT + timedelta(minutes=minutes)


# ---------------------------------------------------------------- levels


def test_a_level_brings_the_lower_ones_with_it() -> None:
    standing = merged([receipt(Level.acted)]).rows[DISCLOSURE].standing
    assert (standing.received, standing.opened, standing.acted) == (at(1),) * 3


def test_a_lower_level_that_comes_later_takes_nothing_away() -> None:
    standing = merged([receipt(Level.opened, minutes=5), receipt(Level.received, minutes=9)]).rows[DISCLOSURE].standing
    assert (standing.received, standing.opened) == (at(5), at(5))


def test_each_level_has_its_first_time_though_it_is_heard_of_last() -> None:
    standing = merged([receipt(Level.opened, minutes=9), receipt(Level.received, minutes=2)]).rows[DISCLOSURE].standing
    assert (standing.received, standing.opened) == (at(2), at(9))


def test_filing_is_kept_and_is_no_receipt() -> None:
    row = merged([receipt(Level.filed)]).rows[DISCLOSURE]
    assert (row.filed, row.standing.received) == (at(1), None)


def test_a_telephone_call_stands_beside_the_levels() -> None:
    row = merged([receipt(by_telephone=True)]).rows[DISCLOSURE]
    assert (row.standing.told, row.standing.received) == (at(1), None)


def test_a_time_that_lies_ahead_is_now() -> None:
    row = merged([receipt(Level.received, minutes=60)], now=at(10)).rows[DISCLOSURE]
    assert row.standing.received == at(10)


# ---------------------------------------------------------------- whose receipts


def test_a_receipt_of_another_desk_changes_nothing() -> None:
    found = merged([receipt(Level.opened, desk="elm.dsl")], owed=[owes("opened")])
    assert (found.rows, found.met, [r.desk for r in found.unknown]) == ({}, {}, ["elm.dsl"])


def test_a_receipt_for_nothing_known_is_noted_and_changes_nothing() -> None:
    found = merged([receipt(Level.opened, disclosure=uuid4())])
    assert (found.rows, len(found.unknown)) == ({}, 1)


# ---------------------------------------------------------------- obligations


def test_a_receipt_meets_what_asks_for_its_level_once_and_at_its_time() -> None:
    found = merged(
        [receipt(Level.opened, minutes=7), receipt(Level.acted, minutes=3), receipt(Level.opened, minutes=9)], owed=[owes("opened")]
    )
    (met,) = found.met.values()
    assert (met.obligation, met.at, met.by, met.event) == (OBLIGATION, at(3), "acted", EVENT)


def test_a_receipt_of_a_lower_level_meets_nothing() -> None:
    assert merged([receipt(Level.received)], owed=[owes("opened")]).met == {}


def test_a_telephone_call_meets_what_may_be_met_by_one() -> None:
    (met,) = merged([receipt(by_telephone=True)], owed=[owes("opened", "told_by_telephone")]).met.values()
    assert met.by == "told_by_telephone"


def test_a_deputy_meets_what_the_desk_owes() -> None:
    notice = a_row(NOTICE, "oak.deputy", kind="overdue", stands_for=DISCLOSURE, chases=DISCLOSURE)
    found = merged([receipt(Level.opened, disclosure=NOTICE, desk="oak.deputy")], notice, owed=[owes("opened")])
    assert list(found.met) == [OBLIGATION]


def test_who_merely_chases_a_desk_does_not_meet_what_it_owes_by_reading_that_it_is_late() -> None:
    notice = a_row(NOTICE, "police.encompass", kind="overdue", chases=DISCLOSURE)
    read = merged([receipt(Level.acted, disclosure=NOTICE, desk="police.encompass")], notice, owed=[owes("opened", "told_by_telephone")])
    assert read.met == {}


def test_who_chases_a_desk_records_that_it_was_told_by_telephone() -> None:
    notice = a_row(NOTICE, "police.encompass", kind="overdue", chases=DISCLOSURE)
    call = receipt(by_telephone=True, disclosure=NOTICE, desk="police.encompass")
    assert list(merged([call], notice, owed=[owes("opened", "told_by_telephone")]).met) == [OBLIGATION]
    assert merged([call], notice, owed=[owes("opened")]).met == {}


# ---------------------------------------------------------------- withdrawn


def test_who_reads_what_was_withdrawn_is_told_once() -> None:
    row = a_row(standing=Standing("oak.dsl", NIGHT, withdrawn=NIGHT))
    found = merged([receipt(Level.received), receipt(Level.opened)], row)
    assert [r.id for r in found.read_after_withdrawal] == [DISCLOSURE]
    after = found.rows[DISCLOSURE]
    assert merged([receipt(Level.acted)], after).read_after_withdrawal == []


def test_who_was_told_by_telephone_of_what_was_withdrawn_is_told_of_that() -> None:
    row = a_row(standing=Standing("oak.dsl", NIGHT, withdrawn=NIGHT))
    assert len(merged([receipt(by_telephone=True)], row).read_after_withdrawal) == 1


@pytest.mark.parametrize("level", [Level.filed, None])
def test_filing_what_was_withdrawn_is_not_reading_it(level: Level | None) -> None:
    row = a_row(standing=Standing("oak.dsl", NIGHT, withdrawn=NIGHT))
    assert merged([receipt(level)], row).read_after_withdrawal == []


def test_who_reads_what_still_stands_is_told_nothing() -> None:
    assert merged([receipt(Level.opened)]).read_after_withdrawal == []


def test_a_deputys_copy_is_content_and_a_notice_of_work_is_none() -> None:
    for kind, told in (("overdue", 1), ("held", 0)):
        row = a_row(kind=kind, standing=Standing("oak.dsl", NIGHT, withdrawn=NIGHT))
        assert len(merged([receipt(Level.opened)], row).read_after_withdrawal) == told


# ---------------------------------------------------------------- deliveries given up, and ledgers


def test_a_delivery_that_is_given_up_is_seen_to_once() -> None:
    found = merged([receipt(failed="http_410"), receipt(failed="timed_out")])
    assert [r.id for r in found.given_up] == [DISCLOSURE]
    assert found.rows[DISCLOSURE].failed == "http_410"
    assert merged([receipt(failed="timed_out")], found.rows[DISCLOSURE]).given_up == []


def test_a_publisher_hears_of_what_it_may_know_and_only_when_its_line_changes() -> None:
    visible = a_row(visible=True)
    assert merged([receipt(Level.filed)], visible).ledgers == set()
    assert merged([receipt(Level.received)], visible).ledgers == {EVENT}
    assert merged([receipt(Level.received)], a_row(visible=False)).ledgers == set()


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, "in_hand"),
        ({"received": LATER}, "received"),
        ({"told": LATER}, "told_by_telephone"),
        ({"received": LATER, "opened": LATER, "told": LATER}, "opened"),
        ({"received": LATER, "opened": LATER, "acted": LATER}, "acted"),
        ({"received": LATER, "withdrawn": LATER}, "withdrawn"),
    ],
)
def test_a_line_says_how_far_it_got(facts: dict[str, datetime], state: str) -> None:
    line = Standing("oak.dsl", NIGHT, **facts).line()
    assert (line.state, line.at) == (state, NIGHT if state == "in_hand" else LATER)


def test_a_ledger_has_the_desks_it_was_given_in_order_and_nothing_about_any_other() -> None:
    update = ledger(
        event=EVENT,
        desk="police.pvp",
        version=3,
        missing=["reason"],
        standings=[Standing("oak.dsl", NIGHT), Standing("elm.dsl", NIGHT)],
        others_close_at=LATER,
    )
    assert [line.desk for line in update.lines] == ["elm.dsl", "oak.dsl"]
    assert (update.version, update.missing, update.others_close_at, update.state) == (3, ("reason",), LATER, "routed")
