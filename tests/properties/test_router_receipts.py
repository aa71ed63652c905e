"""Receipts: whatever the order in which they come, and however often, the end is the same."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from frontdoor_router.core.outgoing import Standing
from frontdoor_router.core.receiving import Merged, Owes, Row, merge
from frontdoor_schemas.envelope import Receipt
from frontdoor_schemas.vocabulary import Level

START = datetime(2020, 11, 10, 21, tzinfo=UTC)
OWN, DEPUTYS, CHASING = (UUID(int=n) for n in (1, 2, 3))
DESKS = {OWN: "oak.dsl", DEPUTYS: "oak.deputy", CHASING: "police.encompass"}
END = START + timedelta(days=2)


@st.composite
def receipts(draw: st.DrawFn) -> Receipt:
    """A receipt for one of three deliveries, now and then by a desk that it is none of the business of."""
    disclosure = draw(st.sampled_from([OWN, DEPUTYS, CHASING]))
    desk = draw(st.sampled_from([DESKS[disclosure], DESKS[disclosure], "elm.dsl"]))
    at = START + timedelta(minutes=draw(st.integers(0, 600)))
    how = draw(st.sampled_from([*Level, "telephone", "http_410", "timed_out"]))
    return Receipt(
        disclosure=disclosure,
        desk=desk,
        level=how if isinstance(how, Level) else None,
        by_telephone=how == "telephone",
        failed=how if how in {"http_410", "timed_out"} else None,
        channel="inbox",
        at=at,
    )


@st.composite
def rows(draw: st.DrawFn) -> dict[UUID, Row]:
    """The three deliveries; all of them withdrawn, or none."""
    withdrawn = START if draw(st.booleans()) else None
    return {
        OWN: Row(OWN, UUID(int=9), "disclosure", True, Standing("oak.dsl", START, withdrawn=withdrawn)),
        DEPUTYS: Row(
            DEPUTYS, UUID(int=9), "overdue", False, Standing("oak.deputy", START, withdrawn=withdrawn), stands_for=OWN, chases=OWN
        ),
        CHASING: Row(CHASING, UUID(int=9), "overdue", False, Standing("police.encompass", START, withdrawn=withdrawn), chases=OWN),
    }


MET_BY = {10: ("opened", "told_by_telephone"), 11: ("acted",), 12: ("received",)}
OWED = [Owes(UUID(int=n), OWN, met_by) for n, met_by in MET_BY.items()]
Batches = st.lists(receipts(), max_size=12)


def apply(items: Sequence[Receipt], standing: dict[UUID, Row]) -> Merged:
    """All in one batch."""
    return merge(items, standing, OWED, END)


@given(Batches, rows(), st.randoms())
def test_the_order_in_which_receipts_come_does_not_matter(items: list[Receipt], standing: dict[UUID, Row], random: Random) -> None:
    mixed = list(items)
    random.shuffle(mixed)
    one, other = apply(items, standing), apply(mixed, standing)
    assert one.rows == other.rows
    assert {(m.obligation, m.at) for m in one.met.values()} == {(m.obligation, m.at) for m in other.met.values()}
    assert {r.id for r in one.read_after_withdrawal} == {r.id for r in other.read_after_withdrawal}


@given(Batches, Batches, rows())
def test_two_batches_come_to_what_one_would(first: list[Receipt], second: list[Receipt], standing: dict[UUID, Row]) -> None:
    after = {**standing, **apply(first, standing).rows}
    in_two = {**after, **apply(second, after).rows}
    assert in_two == {**standing, **apply([*first, *second], standing).rows}


@given(Batches, rows())
def test_a_receipt_that_comes_twice_changes_nothing_the_second_time(items: list[Receipt], standing: dict[UUID, Row]) -> None:
    once = {**standing, **apply(items, standing).rows}
    again = apply(items, once)
    assert {**once, **again.rows} == once
    assert again.read_after_withdrawal == []
    assert again.ledgers == set()


@given(Batches, Batches, rows())
def test_who_reads_what_was_withdrawn_is_told_exactly_once(first: list[Receipt], second: list[Receipt], standing: dict[UUID, Row]) -> None:
    one = apply(first, standing)
    other = apply(second, {**standing, **one.rows})
    told = [r.id for r in (*one.read_after_withdrawal, *other.read_after_withdrawal)]
    has_it = {
        r.disclosure
        for r in (*first, *second)
        if r.desk == DESKS[r.disclosure] and (r.by_telephone or r.level in {Level.received, Level.opened, Level.acted})
    }
    withdrawn = {i for i, row in standing.items() if row.standing.withdrawn}
    assert sorted(told) == sorted(has_it & withdrawn)


@given(Batches, rows())
def test_nothing_that_a_strange_desk_says_changes_anything(items: list[Receipt], standing: dict[UUID, Row]) -> None:
    strange = [r.model_copy(update={"desk": "elm.dsl"}) for r in items]
    found = apply(strange, standing)
    assert (found.rows, found.met, found.ledgers, found.given_up) == ({}, {}, set(), [])
    assert len(found.unknown) == len(items)


@given(Batches, rows())
def test_levels_rise_together(items: list[Receipt], standing: dict[UUID, Row]) -> None:
    for row in apply(items, standing).rows.values():
        s = row.standing
        assert s.received is not None or (s.opened is None and s.acted is None)
        assert s.opened is not None or s.acted is None
        assert s.received is None or s.opened is None or s.received <= s.opened
