"""Measures of early help, missing children, health, courts, challenges and invitations, with the baselines that documents give."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from frontdoor_router.core.measures.asking import of_concerns
from frontdoor_router.core.measures.facts import Past
from frontdoor_schemas.vocabulary import EventType
from support.builders import a_child, an_adult
from support.measuring import LATER, TENTH, MemoryLedger, group, hours, nhs_number, owed, reply, told
from support.packs import the_pack

NEGLECT = [{"type": "neglect"}]
CHILD = {"children": [a_child(1)]}
MIDWIFE, VISITING, GP, HUB = "trust.midwifery", "trust.health-visiting", "mill-lane.gp", "hub.front-door"


@pytest.fixture
def ledger() -> MemoryLedger:
    """Nothing has happened."""
    return MemoryLedger()


def child(n: int) -> dict[str, Any]:
    """The n-th made-up child, alone in an event."""
    return {"children": [a_child(1, nhs_number=nhs_number(n))]}


async def counts(ledger: MemoryLedger, name: str, **how: Any) -> tuple[int | None, int | None]:
    """How many there are, and how many of them were reached."""
    found = (await ledger.measure(name, **how)).total
    return found.of, found.counted


async def test_twenty_six_of_a_hundred_expectant_mothers_are_twenty_six_per_cent(ledger: MemoryLedger) -> None:
    unborn = {"children": [{"ref": "child-1", "unborn": True, "expected_on": "2021-03-01", "mother": "adult-1"}], "adults": [an_adult(1)]}
    for n in range(100):
        had = (told(VISITING, TENTH + hours(2)),) if n < 26 else (told(VISITING), told("police.pvp", TENTH))
        ledger.post("expectant-mother", unborn, source=MIDWIFE, told=had)
    found = await ledger.measure("expectant-mothers-known-to-health-visiting")
    assert (found.total.of, found.total.counted, found.total.percent) == (100, 26, Decimal(26))
    assert found.measure.baseline is not None
    assert found.measure.baseline.percent == found.total.percent


async def test_three_of_four_returns_with_an_interview_are_seventy_five_per_cent(ledger: MemoryLedger) -> None:
    returned = {**CHILD, "stage": "returned", "returned_at": TENTH.isoformat()}
    for held_after in (10, 30, 50, None):
        said = {"held_at": (TENTH + hours(held_after)).isoformat()} if held_after else {"offered": "yes"}
        interview = reply("return-interview", {**CHILD, **said}, at=TENTH + hours(60))
        ledger.post("missing-episode", returned, source="police.pvp", at=TENTH + hours(1), replies=(interview,))
    ledger.post("missing-episode", {**CHILD, "stage": "reported"}, source="police.pvp")
    found = (await ledger.measure("return-interviews")).total
    assert (found.of, found.counted, found.percent, found.median_hours) == (4, 3, Decimal(75), Decimal(30))


async def test_an_interview_counts_when_it_was_held_and_its_risk_when_it_was_graded(ledger: MemoryLedger) -> None:
    for said in ({"held_at": TENTH.isoformat(), "risk_grade": "high"}, {"held_at": TENTH.isoformat()}, {"offered": "no"}):
        ledger.post("return-interview", {**CHILD, **said}, source="social-care.duty")
    assert await counts(ledger, "return-interviews-assess-risk") == (2, 1)


async def test_of_twenty_seven_referrers_twenty_two_are_satisfied(ledger: MemoryLedger) -> None:
    for n in range(27):
        ledger.post("outcome-rating", {**CHILD, "rating": "satisfied" if n < 22 else "not_satisfied" if n < 26 else "challenge"})
    found = await ledger.measure("outcome-ratings")
    assert (found.total.percent, found.measure.baseline and found.measure.baseline.percent) == (Decimal("81.5"), Decimal("81.5"))
    assert group(found, "field:rating", "challenge").of == 1


async def test_completion_is_what_the_front_door_reports(ledger: MemoryLedger) -> None:
    for status, after in (("completed", 20), ("completed", 30), ("triaged", 1)):
        said = {**CHILD, "status": status, "at": (TENTH + hours(after)).isoformat()}
        ledger.post("referral", CHILD, replies=(reply("referral-progress", said, at=TENTH + hours(40)),))
    ledger.post("referral", CHILD)
    assert await counts(ledger, "contacts-completed-in-24-hours") == (3, 1)


async def test_a_reason_given_at_triage_is_a_reason(ledger: MemoryLedger) -> None:
    for said in ({"no_referral_reason": "known to the team"}, {"child_referral_id": str(UUID(int=7))}, {"children_in_household": "yes"}):
        triage = reply("incident-triage", {**CHILD, **said}, at=TENTH + hours(1), source="police.pvp")
        ledger.post("police-incident", {**CHILD, "domestic_abuse": {"risk_grade": "standard"}}, source="police.pvp", replies=(triage,))
    assert await counts(ledger, "incidents-without-referral-or-reason") == (3, 1)


async def test_an_incident_of_any_kind_is_open_until_there_is_a_referral_or_a_reason(ledger: MemoryLedger) -> None:
    reason = reply("incident-triage", {**CHILD, "no_referral_reason": "an aunt was with her"}, at=TENTH + hours(30), source="police.pvp")
    referral = reply("referral", CHILD, at=TENTH + hours(40), source="police.pvp")
    for replies in ((), (reason,), (referral,)):
        ledger.post("police-incident", {**CHILD, "kind": "found alone in town"}, source="police.control-room", replies=replies)
    found = await ledger.measure("incidents-without-referral-or-reason")
    assert "C15" in found.measure.rows
    assert (found.total.of, found.total.counted) == (3, 1)
    assert group(found, "desk", "police.control-room").counted == 1


async def test_assessments_of_the_year_that_record_neglect(ledger: MemoryLedger) -> None:
    for days, said in ((0, {"concern_types": NEGLECT}), (-300, {"concern_types": NEGLECT}), (-400, {"concern_types": NEGLECT}), (0, {})):
        ledger.post("early-help-assessment", {**CHILD, "stage": "outcome", **said}, at=TENTH + timedelta(days=days))
    ledger.post("early-help-assessment", {**CHILD, "stage": "started", "concern_types": NEGLECT})
    before = Past(EventType.referral, TENTH - timedelta(days=20), frozenset({"concern_types.type=neglect"}))
    ledger.post("referral-progress", {**CHILD, "status": "completed"}, source=HUB, past=(before,))
    ledger.post("referral-progress", {**CHILD, "status": "allocated"}, source=HUB, past=(before,))
    assert await counts(ledger, "early-help-assessments-neglect") == (3, 2)
    assert await counts(ledger, "social-care-assessments-neglect") == (1, 1)
    assert await counts(ledger, "early-help-assessments-neglect", month=date(2020, 10, 1)) == (1, 1)


async def test_early_help_that_closed_by_what_came_of_it(ledger: MemoryLedger) -> None:
    for result in ("needs_met", "needs_met", "stepped_up"):
        ledger.post("early-help-assessment", {**CHILD, "stage": "closed", "result": result})
    ledger.post("early-help-assessment", {**CHILD, "stage": "outcome", "result": "needs_met"})
    found = await ledger.measure("early-help-outcomes")
    assert [(f.group, f.counted, f.percent) for f in found.groups] == [
        ("needs_met", 2, Decimal("66.7")),
        ("stepped_up", 1, Decimal("33.3")),
    ]


async def test_a_tool_used_again_is_one_that_followed_another(ledger: MemoryLedger) -> None:
    december = TENTH.replace(year=2021)
    for tool, past in (("GCP2", ()), ("GCP2", (Past(EventType.tool_result, december - timedelta(days=90), frozenset()),)), ("THRIVE", ())):
        ledger.post("tool-result", {**CHILD, "tool": tool, "trained": "yes"}, at=december, past=past)
    assert await counts(ledger, "tools-used-again", month=date(2021, 11, 1)) == (3, 1)
    assert await counts(ledger, "gcp2-results", month=date(2021, 11, 1)) == (2, None)


async def test_a_missed_appointment_its_follow_up_and_what_was_done(ledger: MemoryLedger) -> None:
    missed = {**CHILD, "status": "was_not_brought", "kind": "dental"}
    done = {**CHILD, "action": "re_referral", "at": (TENTH + hours(10)).isoformat()}
    ledger.post("was-not-brought", missed, source=GP, replies=(reply("missed-appointment-follow-up", done, at=TENTH + hours(20)),))
    ledger.post("was-not-brought", {**missed, "kind": "hospital"}, source=GP)
    ledger.post("missed-appointment-follow-up", done, source=GP)
    found = await ledger.measure("missed-appointments-followed-up")
    assert (found.total.of, found.total.counted, found.total.median_hours) == (2, 1, Decimal(10))
    assert group(found, "field:kind", "hospital").counted == 0
    assert [f.group for f in (await ledger.measure("missed-appointment-actions")).groups] == ["re_referral"]


async def test_an_offer_within_four_weeks_is_counted_from_the_request(ledger: MemoryLedger) -> None:
    for days in (28, 29):
        offer = {"requested_at": (TENTH - timedelta(days=days)).isoformat(), "offered_at": TENTH.isoformat(), "stage": "offered"}
        ledger.post("service-referral", {**CHILD, "about": ["child-1"], **offer}, source="trust.camhs")
    ledger.post("service-referral", {**CHILD, "about": ["child-1"], "stage": "requested"}, source=GP)
    assert await counts(ledger, "service-offered-in-four-weeks") == (2, 1)
    by_stage = await ledger.measure("service-referrals-by-stage")
    assert [(f.group, f.counted) for f in by_stage.groups] == [("offered", 2), ("requested", 1)]


async def test_records_follow_a_move_of_practice(ledger: MemoryLedger) -> None:
    moved = {**CHILD, "moved": ["practice", "area"], "effective_at": TENTH.isoformat()}
    ledger.post("child-moved", {**moved, "records_transferred_at": (TENTH + hours(72)).isoformat()}, source=GP)
    ledger.post("child-moved", moved, source=GP)
    ledger.post("child-moved", {**moved, "moved": ["school"]}, source=GP)
    found = (await ledger.measure("record-transfer")).total
    assert (found.of, found.counted, found.median_hours) == (2, 1, Decimal(72))


async def test_absence_is_counted_child_by_child(ledger: MemoryLedger) -> None:
    both = {"children": [a_child(1), a_child(2, nhs_number=nhs_number(2))]}
    attendance = [{"about": [f"child-{n}"], "persistent_absence": said} for n, said in ((1, "yes"), (2, "no"))]
    for _ in range(2):
        ledger.post("school-attendance", {**both, "attendance": attendance})
    found = (await ledger.measure("persistent-absence")).total
    assert (found.of, found.counted, found.children_of, found.children) == (4, 2, 2, 1)


async def test_a_sentence_without_its_check_is_counted(ledger: MemoryLedger) -> None:
    person = {"adults": [an_adult(1)], "about": ["adult-1"]}
    for said in ({"pre_sentence_check_id": str(UUID(int=9))}, {}):
        ledger.post("custody", {**person, "stage": "sentenced", **said}, source="nps.duty")
    ledger.post("custody", {**person, "stage": "released"}, source="nps.duty")
    assert await counts(ledger, "sentences-without-check") == (2, 1)


async def test_nineteen_cases_eight_effective_challenges_four_told_to_wait(ledger: MemoryLedger) -> None:
    """Seven of the 19 cases made no challenge: what nobody raised is in no ledger."""
    for n in range(12):
        answer = {**CHILD, "outcome": "changed" if n < 8 else "refused", "outcome_at": (TENTH + hours(24)).isoformat()}
        said = {**CHILD, "level": "senior", "told_to_wait": "no" if n < 8 else "yes"}
        ledger.post("challenge", said, replies=(reply("challenge-response", answer, at=TENTH + hours(30)),))
        ledger.post("challenge-response", {**answer, **({"action": "a new plan"} if n < 6 else {})}, source="social-care.duty")
    assert await counts(ledger, "challenges-effective") == (12, 8)
    assert await counts(ledger, "challenges-told-to-wait") == (12, 4)
    assert await counts(ledger, "challenges-acted-on") == (12, 6)
    outcomes = await ledger.measure("challenge-outcomes")
    assert [(f.group, f.counted) for f in outcomes.groups] == [("changed", 8), ("refused", 4)]


async def test_invitations_sent_received_and_answered_by_agency(ledger: MemoryLedger) -> None:
    asked = (owed("tewv.adult-mental-health", "answer-invitation", TENTH + hours(48), replies="meeting-response"),)
    went = (told("tewv.adult-mental-health"), told(GP, TENTH + hours(1)))
    ledger.post(
        "meeting-invitation", {**CHILD, "invited": [GP, "tewv.adult-mental-health"]}, source="social-care.conference", told=went, owed=asked
    )
    received, answered = [await ledger.measure(m) for m in ("invitations-received", "invitations-answered")]
    assert (group(received, "role", "gp").counted, group(received, "role", "adult_mental_health").counted) == (1, 0)
    assert (answered.total.of, answered.total.counted) == (1, 0)


async def test_minutes_of_a_child_in_need_meeting_count_with_those_of_core_groups(ledger: MemoryLedger) -> None:
    data = {**CHILD, "held_at": TENTH.isoformat(), "attended": [GP], "absent": ["police.pvp"]}
    ledger.post("child-in-need-minutes", data, source="social-care.duty", told=(told(GP, TENTH + hours(20)),))
    assert await counts(ledger, "core-group-minutes-in-time") == (1, 1)
    assert await counts(ledger, "group-attendance") == (2, 1)


async def test_a_new_version_of_a_plan_updates_it_and_begins_none(ledger: MemoryLedger) -> None:
    at = TENTH + timedelta(days=2)
    updated = {**CHILD, "plan_type": "child_in_need", "updated_at": at.isoformat(), "next_review_date": "2020-11-20"}
    ledger.post(
        "plan-update", {**updated, "milestones": [{"status": s} for s in ("met", "missed", "open")]}, source="social-care.duty", at=at
    )
    assert await counts(ledger, "plans-overdue") == (0, 0)
    assert await counts(ledger, "plan-milestones-met") == (2, 1)
    begun = {**CHILD, "plan_type": "child_in_need", "to_status": "started", "changed_at": TENTH.isoformat()}
    ledger.post("plan-status", begun, source="social-care.duty")
    assert await counts(ledger, "plans-overdue", as_at=LATER) == (1, 1)


@pytest.mark.parametrize(
    ("kind", "said", "is_neglect"),
    [
        ("concern", {"kind": "visit", "home": {"environmental_neglect": "yes"}}, True),
        ("concern", {"kind": "visit", "home": {"environmental_neglect": "no"}}, False),
        ("referral", {"concern_types": NEGLECT}, True),
        ("referral", {"concern_types": [{"type": "physical_abuse"}]}, False),
        ("tool-result", {"tool": "local tool", "children": [a_child(1, neglect_now="yes")]}, True),
        ("tool-result", {"tool": "local tool"}, False),
        ("meeting-minutes", {"meeting_type": "panel", "neglect_found": "yes"}, True),
        ("police-risk-assessment", {"risk_assessment": {"neglect_identified": "yes"}}, True),
        ("plan-status", {"plan_type": "child_protection", "category_primary": "physical_abuse", "category_secondary": "neglect"}, True),
        ("conference-minutes", {"parts": [{"kind": "decision", "category_primary": "neglect"}]}, True),
    ],
)
def test_neglect_is_said_in_many_fields_and_the_priority_knows_them(
    ledger: MemoryLedger, kind: str, said: dict[str, Any], is_neglect: bool
) -> None:
    fact = ledger.post(kind, {**CHILD, **said}, source="police.pvp")
    concerns = the_pack("stockton").data_set.concerns
    assert ("neglect" in of_concerns(fact, concerns).concerns) is is_neglect
