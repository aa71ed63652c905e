"""A referral about what an earlier one was about that was refused, or closed when the work was done: by what its reader knows of that."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from frontdoor_router.core.policy import policy_of
from support.builders import a_child
from support.deciding import NIGHT, Deciding, Told
from support.packs import the_pack

NEGLECT = [{"about": ["child-1"], "type": "neglect"}]
CLOSED_ON = "same_issue_closed_on"


@pytest.fixture
def deciding() -> Deciding:
    """A child at Oak."""
    made = Deciding()
    made.tie(a_child(1), "oak.dsl", "school")
    return made


def refer(deciding: Deciding, concern: str = "neglect", by: str = "oak.dsl") -> Told:
    """A referral about one type of concern."""
    said = [{"about": ["child-1"], "type": concern}]
    return deciding.post(by, "referral", {"children": [a_child(1)], "concern_types": said})


def decide(deciding: Deciding, on: UUID, accepted: str, **more: Any) -> Told:
    """An outcome, which itself says nothing of what the concern was."""
    said = {"children": [a_child(1)], "decided_at": deciding.now.isoformat(), "accepted": accepted, **more}
    return deciding.post("hub.front-door", "referral-outcome", said, reply_to=on)


def step(deciding: Deciding, on: UUID, status: str, by: str = "hub.front-door", **more: Any) -> Told:
    """A step of a referral."""
    return deciding.post(by, "referral-progress", {"children": [a_child(1)], "status": status, **more}, reply_to=on)


def closed_on(told: Told) -> str | None:
    """What the front door reads."""
    return told.message("hub.front-door").get(CLOSED_ON)


def test_a_second_referral_after_a_refusal_says_when_that_was(deciding: Deciding) -> None:
    decide(deciding, refer(deciding).event, "no")
    assert closed_on(refer(deciding)) == "2020-11-10"
    assert closed_on(refer(deciding, "exploitation")) is None


@pytest.mark.parametrize("status", ["completed", "closed"])
def test_a_second_referral_after_the_work_was_done_says_when_that_was(deciding: Deciding, status: str) -> None:
    first = refer(deciding)
    decide(deciding, first.event, "yes")
    step(deciding, first.event, "allocated")
    step(deciding, first.event, status)
    assert closed_on(refer(deciding)) == "2020-11-10"
    assert closed_on(refer(deciding, "exploitation")) is None


def test_a_referral_that_is_still_worked_on_is_not_closed(deciding: Deciding) -> None:
    first = refer(deciding)
    decide(deciding, first.event, "yes")
    for status in ("triaged", "decided", "allocated"):
        step(deciding, first.event, status)
    assert closed_on(refer(deciding)) is None


def test_of_several_that_were_closed_the_last_end_is_said(deciding: Deciding) -> None:
    first, second = refer(deciding), refer(deciding)
    decide(deciding, second.event, "no")
    deciding.now += timedelta(days=2)
    step(deciding, first.event, "closed")
    assert closed_on(refer(deciding)) == "2020-11-12"


def test_a_refusal_that_was_decided_anew_after_a_challenge_is_no_end(deciding: Deciding) -> None:
    first = refer(deciding)
    refused = decide(deciding, first.event, "no")
    against = {"children": [a_child(1)], "against": "decision", "level": "practitioner", "reason": "made up"}
    challenge = deciding.post("oak.dsl", "challenge", against, reply_to=refused.event)
    decide(deciding, challenge.event, "yes")
    assert closed_on(refer(deciding)) is None
    step(deciding, first.event, "completed")
    assert closed_on(refer(deciding)) == "2020-11-10"


def test_a_refusal_that_is_corrected_to_an_acceptance_is_no_end(deciding: Deciding) -> None:
    refused = decide(deciding, refer(deciding).event, "no")
    right = {"occurred_at": NIGHT.isoformat(), "children": [a_child(1)], "decided_at": NIGHT.isoformat(), "accepted": "yes"}
    deciding.post(
        "hub.front-door", "correction", {"reason": "slip", "event": {"type": "referral-outcome", "data": right}}, reply_to=refused.event
    )
    assert closed_on(refer(deciding)) is None


def correct(deciding: Deciding, referral: Told) -> Told:
    """The referral once more, put right."""
    right = {"occurred_at": referral.case.happened_at.isoformat(), "children": [a_child(1)], "concern_types": NEGLECT}
    put_right = {"reason": "slip", "event": {"type": "referral", "data": right}}
    return deciding.post("oak.dsl", "correction", put_right, reply_to=referral.event)


def test_a_corrected_referral_is_still_the_one_that_was_refused(deciding: Deciding) -> None:
    first = refer(deciding)
    correct(deciding, first)
    decide(deciding, first.event, "no")
    assert closed_on(refer(deciding)) == "2020-11-10"


def test_what_came_of_a_referral_is_no_earlier_one_to_its_own_correction(deciding: Deciding) -> None:
    first = refer(deciding)
    decide(deciding, first.event, "no", occurred_at=first.case.happened_at.isoformat(), concern_types=NEGLECT)
    assert closed_on(correct(deciding, first)) is None


def test_an_end_that_the_reader_was_not_told_of_is_not_said(deciding: Deciding) -> None:
    first = refer(deciding)
    decide(deciding, first.event, "yes")
    told = step(deciding, first.event, "closed", by="care.duty")
    assert "hub.front-door" not in told.desks
    assert closed_on(refer(deciding)) is None


def outcome_to_the_school(concern: str, **more: Any) -> dict[str, Any]:
    """What a school of Stockton reads of the outcome of its second referral, after one for neglect that was refused."""
    school, front_door = "ash-primary.dsl", "hub.front-door"
    stockton = Deciding(policy=policy_of(the_pack("stockton"), NIGHT.date()))
    stockton.tie(a_child(1), school, "school", by=front_door)
    decide(stockton, refer(stockton, by=school).event, "no")
    return decide(stockton, refer(stockton, concern, by=school).event, "yes", **more).message(school)


def test_who_refers_reads_that_it_referred_the_same_before_by_what_it_said_itself() -> None:
    assert outcome_to_the_school("neglect")["previous_referral_same_issue"] == "yes"


def test_a_concern_that_an_outcome_keeps_from_its_reader_is_not_told_by_what_is_worked_out() -> None:
    read = outcome_to_the_school("exploitation", concern_types=NEGLECT)
    assert "concern_types" not in read
    assert "previous_referral_same_issue" not in read
