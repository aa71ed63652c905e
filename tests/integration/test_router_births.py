"""A plan that was made before the birth, and the child that is born, through the real router with Stockton's pack."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.builders import NHS, an_adult
from support.exchange import Exchange, exchange
from support.routers import rows

CONFERENCE, REVIEWER = "social-care.conference", "social-care.review"
GROUP = {"trust.midwifery", "trust.health-visiting", "camhs.duty"}
EXPECTED = "2020-12-20"
MOTHER = an_adult(1, nhs_number=NHS[8], born="1995-01-01")
UNBORN: dict[str, Any] = {"ref": "child-1", "unborn": True, "expected_on": EXPECTED, "mother": "adult-1"}
BABY: dict[str, Any] = {
    "ref": "child-1",
    "given_name": "Bo",
    "family_name": "Made-Up",
    "born": "2020-12-18",
    "nhs_number": NHS[0],
    "mother": "adult-1",
}
REVIEW = {"adults": [MOTHER], "meeting_type": "review_conference", "held_at": "2021-01-20T10:00:00+00:00"}


@pytest.fixture
async def planned(database: str) -> AsyncIterator[Exchange]:
    """The Stockton exchange after the birth of a child for whom a plan was made before it."""
    starts = datetime(2020, 11, 10, 10, 0, tzinfo=UTC)
    async with exchange(database, starts=starts) as running:
        plan = {"about": ["child-1"], "plan_type": "child_protection", "to_status": "started", "members": sorted(GROUP)}
        event = await running.post(CONFERENCE, "plan-status", {"children": [UNBORN], "adults": [MOTHER], **plan})
        assert running.desks_told(event) >= GROUP
        await running.move_to(starts + timedelta(days=50))
        running.told.clear()
        yield running


@pytest.mark.parametrize("child", [BABY, {**BABY, "expected_on": "2020-12-27"}, {**UNBORN, "expected_on": "2020-12-27"}])
async def test_whether_a_child_is_the_one_of_the_plan_is_asked_of_a_person(planned: Exchange, database: str, child: dict[str, Any]) -> None:
    event = await planned.post(CONFERENCE, "meeting-invitation", {"children": [child], **REVIEW})
    assert not planned.desks_told(event) & GROUP
    assert await rows(database, "SELECT kind, reason, owner FROM task WHERE event = $1", event) == [
        ("identity", "one-person-fits", REVIEWER)
    ]
    assert planned.desks_told(event, "held") == {REVIEWER}
    assert await rows(database, "SELECT count(*) FROM person WHERE kind = 'child'") == [(1,)]


async def test_who_joins_the_child_to_the_plan_by_its_expected_date_reaches_the_group(planned: Exchange) -> None:
    held = await planned.post(CONFERENCE, "meeting-invitation", {"children": [BABY], **REVIEW})
    assert not planned.desks_told(held) & GROUP
    right = {"children": [{**BABY, "expected_on": EXPECTED}], **REVIEW, "occurred_at": "2020-12-29T10:00:00+00:00"}
    body = {"reason": "the child of the plan", "event": {"type": "meeting-invitation", "data": right}}
    again = await planned.post(CONFERENCE, "correction", body, reply_to=held)
    assert planned.desks_told(again) >= GROUP
    later = await planned.post(CONFERENCE, "meeting-invitation", {"children": [BABY], **REVIEW})
    assert planned.desks_told(later) >= GROUP


async def test_an_older_child_of_the_mother_who_becomes_known_is_no_question(planned: Exchange, database: str) -> None:
    sibling = {**BABY, "born": "2015-05-02"}
    await planned.post(CONFERENCE, "meeting-invitation", {"children": [sibling], **REVIEW})
    assert await rows(database, "SELECT why_held FROM event_person WHERE why_held IS NOT NULL") == []
    assert await rows(database, "SELECT count(*) FROM person WHERE kind = 'child'") == [(2,)]
