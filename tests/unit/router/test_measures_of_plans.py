"""Plans as the data set counts them: Wandsworth's table to its printed percentages, re-registrations, delay, and who knows."""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from frontdoor_router.core.measures.figures import Figures
from frontdoor_router.core.measures.plans import PLAN_FIELDS, PlanBook
from support.measuring import MemoryLedger, group, hours, told
from support.wandsworth import COUNTS, MONTHS, PRINTED, plan, plan_events

CARE = "social-care.conference"
AUTUMN = datetime(2020, 11, 10, 10, tzinfo=UTC)
AFTER = datetime(2022, 1, 1, tzinfo=UTC)


@pytest.fixture
def ledger() -> MemoryLedger:
    """Nothing has happened."""
    return MemoryLedger()


@pytest.fixture(scope="module")
def wandsworth() -> MemoryLedger:
    """All events of the thirteen months."""
    ledger = MemoryLedger()
    for event in plan_events():
        ledger.post("plan-status", event.data, source=CARE, at=event.at)
    return ledger


def say(ledger: MemoryLedger, n: int, category: str, status: str, day: int, *, kind: str = "child_protection", **more: Any) -> None:
    """A word about the n-th child's plan, so many days after the tenth of November."""
    at = AUTUMN + timedelta(days=day)
    known = {k: more.pop(k) for k in ("told",) if k in more}
    ledger.post("plan-status", plan(n, category, status, at, kind, **more), source=CARE, at=at, **known)


def whole(figures: Figures) -> int:
    """The share as a whole per cent, from the counts: a rounded one must not be rounded again."""
    assert figures.counted is not None
    return int((Decimal(100 * figures.counted) / Decimal(figures.of or 1)).quantize(Decimal(1), ROUND_HALF_UP))


# ---------------------------------------------------------------- the table (G16, M3)


@pytest.mark.parametrize("index", range(13), ids=[f"{m:%Y-%m}" for m in MONTHS])
async def test_the_table_comes_out_as_printed(wandsworth: MemoryLedger, index: int) -> None:
    found = await wandsworth.measure("child-protection-by-category", month=MONTHS[index])
    for category, counts in COUNTS.items():
        line = group(found, "field:category_primary", category)
        assert (line.counted, whole(line)) == (counts[index], PRINTED[category][index]), category
    assert found.total.counted == sum(counts[index] for counts in COUNTS.values())


async def test_fifty_six_per_cent_are_twenty_three_points_more_and_three_children(wandsworth: MemoryLedger) -> None:
    """The strategy says an increase of 23%: in a year the share rose by 23 percentage points, the number from 86 to 89."""
    before, after = [await wandsworth.measure("child-protection-by-category", month=MONTHS[n]) for n in (0, 12)]
    was, now = (group(m, "field:category_primary", "neglect") for m in (before, after))
    assert (whole(was), whole(now), whole(now) - whole(was)) == (33, 56, 23)
    assert ((was.counted, now.counted), (before.total.counted, after.total.counted)) == ((86, 89), (264, 159))


async def test_a_month_that_is_not_over_is_counted_as_at_the_day(wandsworth: MemoryLedger) -> None:
    as_at = datetime(2021, 8, 5, tzinfo=UTC)
    found = await wandsworth.measure("child-protection-by-category", month=MONTHS[12], as_at=as_at)
    assert group(found, "field:category_primary", "neglect").counted == COUNTS["neglect"][11]


# ---------------------------------------------------------------- re-registration (G18)


async def test_a_plan_that_begins_after_an_earlier_one_ended_is_a_re_registration(ledger: MemoryLedger) -> None:
    say(ledger, 1, "neglect", "started", -300)
    say(ledger, 1, "neglect", "ended", -100)
    say(ledger, 1, "neglect", "started", 2)
    say(ledger, 2, "neglect", "started", 3)
    say(ledger, 3, "physical_abuse", "started", -20, kind="child_in_need")
    say(ledger, 3, "physical_abuse", "ended", -19, kind="child_in_need")
    say(ledger, 3, "physical_abuse", "started", 4)
    found = await ledger.measure("re-registrations")
    assert (found.total.of, found.total.counted) == (3, 1)
    neglect = group(found, "field:category_primary", "neglect")
    assert (neglect.of, neglect.counted, neglect.children) == (2, 1, 1)


async def test_a_second_word_about_a_running_plan_begins_none(ledger: MemoryLedger) -> None:
    say(ledger, 1, "neglect", "started", 1)
    say(ledger, 1, "emotional_abuse", "started", 5)
    assert (await ledger.measure("re-registrations")).total.of == 1
    found = await ledger.measure("child-protection-by-category")
    assert [f.group for f in found.groups] == ["emotional_abuse"]


async def test_plans_are_read_in_the_order_of_what_happened_whatever_came_first(ledger: MemoryLedger) -> None:
    for status, at, came in (("ended", 8, 9), ("started", 2, 12)):
        moment = AUTUMN + timedelta(days=at)
        ledger.post("plan-status", plan(1, "neglect", status, moment), source=CARE, at=AUTUMN + timedelta(days=came))
    found = (await ledger.measure("child-protection-by-category")).total
    assert found.of == 0
    assert (await ledger.measure("re-registrations")).total.of == 1


async def test_what_ends_without_having_begun_counts_for_nothing(ledger: MemoryLedger) -> None:
    say(ledger, 1, "neglect", "ended", 1)
    say(ledger, 1, "neglect", "started", 3)
    assert (await ledger.measure("re-registrations")).total.counted == 0


async def test_a_step_up_in_one_word_ends_the_plan_that_it_comes_from(ledger: MemoryLedger) -> None:
    say(ledger, 1, "", "started", 1, kind="child_in_need")
    say(ledger, 1, "neglect", "started", 5, from_plan_type="child_in_need")
    found = await ledger.measure("neglect-at-each-level")
    assert [(f.group, f.of) for f in found.groups] == [("child_protection", 1)]
    assert (await ledger.measure("plans-overdue")).total.of == 0


async def test_only_the_children_named_have_the_plan_and_a_plan_of_no_type_is_none(ledger: MemoryLedger) -> None:
    both = plan(1, "neglect", "started", AUTUMN)
    other = {**both["children"][0], "ref": "child-2", "nhs_number": plan(2, "neglect", "started", AUTUMN)["children"][0]["nhs_number"]}
    ledger.post("plan-status", {**both, "children": [*both["children"], other], "about": ["child-1"]}, source=CARE, at=AUTUMN)
    ledger.post("plan-status", plan(3, "neglect", "started", AUTUMN, kind=""), source=CARE, at=AUTUMN)
    assert (await ledger.measure("child-protection-by-category")).total.of == 1


async def test_neglect_beside_another_category_is_counted(ledger: MemoryLedger) -> None:
    say(ledger, 1, "physical_abuse", "started", 1, category_secondary="neglect")
    say(ledger, 2, "physical_abuse", "started", 1)
    say(ledger, 3, "neglect", "started", 1)
    found = (await ledger.measure("secondary-neglect")).total
    assert (found.of, found.counted) == (2, 1)
    assert (await ledger.measure("neglect-at-each-level")).total.of == 2


# ---------------------------------------------------------------- other indicators


async def test_looked_after_children_with_neglect_and_the_threshold_for_proceedings(ledger: MemoryLedger) -> None:
    say(ledger, 1, "neglect", "started", -90, kind="looked_after")
    say(ledger, 2, "", "started", -90, kind="looked_after")
    say(ledger, 3, "", "started", 3, kind="care_proceedings")
    say(ledger, 4, "", "started", -60, kind="public_law_outline")
    looked_after = (await ledger.measure("looked-after-neglect")).total
    assert (looked_after.of, looked_after.counted) == (2, 1)
    assert (await ledger.measure("threshold-for-care-proceedings")).total.of == 1


@pytest.mark.parametrize(
    ("more", "overdue"),
    [
        ({"next_review_date": "2020-11-29"}, 1),
        ({"next_review_date": "2020-12-01"}, 0),
        ({"plan_items": [{"action": "Visit", "due": "2020-11-20"}]}, 1),
        ({"plan_items": [{"action": "Visit", "due": "2020-11-20", "status": "done"}]}, 0),
        ({"plan_items": [{"action": "Visit"}]}, 0),
        ({}, 0),
    ],
)
async def test_a_plan_is_overdue_by_its_review_or_an_open_action(ledger: MemoryLedger, more: dict[str, Any], overdue: int) -> None:
    say(ledger, 1, "", "started", 1, kind="child_in_need", **more)
    found = (await ledger.measure("plans-overdue")).total
    assert (found.of, found.counted) == (1, overdue)


async def test_a_later_word_takes_the_place_of_what_it_speaks_of_and_leaves_the_rest(ledger: MemoryLedger) -> None:
    late = {"next_review_date": "2020-11-15", "plan_items": [{"due": "2020-11-16"}]}
    say(ledger, 1, "", "started", 1, kind="child_in_need", **late)
    say(ledger, 1, "", "started", 2, kind="child_in_need", next_review_date="2021-02-01")
    assert (await ledger.measure("plans-overdue")).total.counted == 1
    say(ledger, 1, "", "started", 3, kind="child_in_need", plan_items=[{"due": "2020-11-16", "status": "done"}])
    assert (await ledger.measure("plans-overdue")).total.counted == 0


async def test_a_plan_for_neglect_that_no_health_service_has_heard_of_is_counted(ledger: MemoryLedger) -> None:
    soon = AUTUMN + timedelta(days=1) + hours(2)
    for n, to in ((1, (told("trust.health-visiting", soon),)), (2, (told("trust.health-visiting"),)), (3, (told("police.pvp", soon),))):
        say(ledger, n, "neglect", "started", 1, kind="child_in_need", told=to)
    found = (await ledger.measure("child-in-need-known-to-health")).total
    assert (found.of, found.counted) == (3, 2)


async def test_items_of_plans_are_judged_one_by_one_and_by_type_of_plan(ledger: MemoryLedger) -> None:
    good = {"outcome_for_child": "Is fed", "action": "Visit", "owner": "social-care.duty", "due": "2020-12-01", "measure_value": "3"}
    say(ledger, 1, "", "started", 1, kind="child_in_need", plan_items=[good, {"action": "Visit"}])
    say(ledger, 2, "neglect", "started", 1, plan_items=[good])
    found = await ledger.measure("plan-items-complete")
    assert [(f.group, f.of, f.counted) for f in found.groups if f.by == "field:event.plan_type"] == [
        ("child_in_need", 2, 1),
        ("child_protection", 1, 1),
    ]
    assert (await ledger.measure("plan-items-measured")).total.counted == 2


async def test_what_a_plan_says_of_people_is_not_kept(ledger: MemoryLedger) -> None:
    say(ledger, 1, "neglect", "started", 1, reason="Markerword", plan_items=[{"action": "Markerword"}])
    book = PlanBook()
    book.add(ledger.facts[0])
    (kept,) = book.plans()
    assert set(kept.message) | set(kept.began_with.message) <= {"occurred_at", *PLAN_FIELDS}


async def test_a_plan_ends_at_the_end_of_a_month_on_one_side_of_it(ledger: MemoryLedger) -> None:
    midnight = datetime(2020, 12, 1, tzinfo=UTC)
    for n, ended in ((1, midnight - timedelta(seconds=1)), (2, midnight)):
        say(ledger, n, "neglect", "started", 0)
        ledger.post("plan-status", plan(n, "neglect", "ended", ended), source=CARE, at=ended)
    assert (await ledger.measure("child-protection-by-category", as_at=AFTER)).total.of == 1
    assert (await ledger.measure("child-protection-by-category", month=date(2020, 12, 1), as_at=AFTER)).total.of == 0
