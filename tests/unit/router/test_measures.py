"""The shared data set over a ledger in memory: the figures that the documents give come out, and what does not count is not counted."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from frontdoor_router.core.measures.asking import NoSuchQuestionError, month_of, months_later
from frontdoor_router.core.measures.audiences import Everybody, OneAgency
from frontdoor_router.core.measures.facts import EventFact, Past
from frontdoor_router.core.measures.figures import percent
from frontdoor_router.core.measures.printing import as_csv, as_json
from frontdoor_schemas.vocabulary import EventType
from support.builders import a_child, an_adult, an_incident
from support.measuring import LATER, TENTH, MemoryLedger, group, hours, nhs_number, owed, reply, told

CHILD = UUID(int=int(a_child(1)["nhs_number"]))
HUB, SCHOOL, GP = "hub.front-door", "ash-primary.dsl", "mill-lane.gp"
NEGLECT = [{"type": "neglect", "standing": "primary"}]


@pytest.fixture
def ledger() -> MemoryLedger:
    """Nothing has happened."""
    return MemoryLedger()


def child(n: int, **facts: Any) -> dict[str, Any]:
    """The n-th of as many made-up children as a test needs."""
    return a_child(1, nhs_number=nhs_number(n), **facts)


def decided(at: datetime, **said: Any) -> dict[str, Any]:
    """An outcome."""
    return {"children": [a_child(1)], "decided_at": at.isoformat(), "accepted": "yes", **said}


def a_referral(ledger: MemoryLedger, took: float | None, *, n: int = 1, at: datetime = TENTH, **more: Any) -> EventFact:
    """A contact that was decided so many hours later; None: it is open."""
    replies = () if took is None else (reply("referral-outcome", decided(at + hours(took)), at=at + hours(took)),)
    data = {"children": [child(n)], **more.pop("data", {})}
    return ledger.post("referral", data, at=at, replies=replies, **more)


# ---------------------------------------------------------------- contacts within 24 hours (A1, A6)


@pytest.mark.parametrize("in_time", [59, 80])
async def test_of_a_hundred_contacts_so_many_in_time_are_that_many_per_cent(ledger: MemoryLedger, in_time: int) -> None:
    for n in range(100):
        a_referral(ledger, 24 if n < in_time else 24.1, n=n)
    found = (await ledger.measure("contacts-in-24-hours")).total
    assert (found.of, found.counted, found.percent) == (100, in_time, Decimal(in_time))
    assert found.longest_hours == Decimal("24.1")


async def test_an_open_contact_counts_as_late_only_once_its_clock_has_run_out(ledger: MemoryLedger) -> None:
    a_referral(ledger, None)
    still_running = (await ledger.measure("contacts-in-24-hours", as_at=TENTH + hours(23))).total
    run_out = (await ledger.measure("contacts-in-24-hours", as_at=TENTH + hours(25))).total
    assert (still_running.of, still_running.undecided) == (0, 1)
    assert (run_out.of, run_out.counted, run_out.undecided) == (1, 0, 0)


async def test_nobody_decides_ahead_of_saying_so(ledger: MemoryLedger) -> None:
    outcome = reply("referral-outcome", decided(TENTH + hours(90)), at=TENTH + hours(2))
    ledger.post("referral", {"children": [a_child(1)]}, replies=(outcome,))
    assert (await ledger.measure("contacts-in-24-hours")).total.median_hours == Decimal(2)


async def test_contacts_out_of_hours_are_shown_apart(ledger: MemoryLedger) -> None:
    a_referral(ledger, 2, data={"out_of_hours": "yes"})
    a_referral(ledger, 30, data={"out_of_hours": "no"})
    a_referral(ledger, 2)
    found = await ledger.measure("contacts-in-24-hours")
    assert [group(found, "out-of-hours", g).counted for g in ("yes", "no", "unknown")] == [1, 0, 1]
    assert [f.group for f in found.groups if f.by == "role"] == ["school_dsl"]


async def test_a_day_that_the_calendar_does_not_know_is_no_day_late(ledger: MemoryLedger) -> None:
    held = datetime(2030, 5, 1, 9, tzinfo=UTC)
    data = {"children": [a_child(1)], "held_at": held.isoformat()}
    ledger.post("conference-minutes", data, source="social-care.conference", at=held, told=(told(GP, held + hours(1)),))
    found = await ledger.measure("conference-minutes-in-time", month=date(2030, 5, 1), as_at=datetime(2031, 1, 1, tzinfo=UTC))
    assert (found.total.of, found.total.undecided) == (0, 1)


# ---------------------------------------------------------------- what belongs to a month, and as at when


async def test_a_month_is_the_partnerships_by_its_own_clock(ledger: MemoryLedger) -> None:
    """The clocks went back on 25 October: November begins at midnight UTC, and July at 23:00 UTC the day before."""
    for at in (datetime(2021, 6, 30, 22, 59, tzinfo=UTC), datetime(2021, 6, 30, 23, 0, tzinfo=UTC)):
        a_referral(ledger, None, at=at)
    assert (await ledger.measure("referral-volume", month=date(2021, 7, 1))).total.of == 1
    assert (await ledger.measure("referral-volume", month=date(2021, 6, 1))).total.of == 1


async def test_the_same_question_has_the_same_answer(ledger: MemoryLedger) -> None:
    for n in range(30):
        a_referral(ledger, n, n=n)
    tables = [await ledger.ask() for _ in range(2)]
    assert as_csv(tables[0]) == as_csv(tables[1])
    assert as_json(tables[0]) == as_json(tables[1])


async def test_what_comes_after_the_as_at_date_changes_nothing(ledger: MemoryLedger) -> None:
    as_at = TENTH + hours(48)
    a_referral(ledger, None)
    before = as_csv(await ledger.ask(as_at=as_at))
    ledger.facts[0] = replace(ledger.facts[0], replies=(reply("referral-outcome", decided(as_at + hours(1)), at=as_at + hours(1)),))
    a_referral(ledger, 1, n=2, at=as_at + hours(2))
    assert as_csv(await ledger.ask(as_at=as_at)) == before
    assert as_csv(await ledger.ask()) != before


async def test_a_table_says_as_at_when_whether_the_month_was_over_and_what_is_in_no_figure(ledger: MemoryLedger) -> None:
    ledger.aside = 3
    found = as_json(await ledger.ask(as_at=TENTH))
    assert (found["as_at"], found["whole_month"], found["set_aside"]) == (TENTH.isoformat(), False, 3)
    assert as_json(await ledger.ask())["whole_month"] is True


@pytest.mark.parametrize("text", ["2020-13", "2020-1", "november", "0000-01", "2020-11-01", ""])
def test_a_month_is_written_in_one_way(text: str) -> None:
    with pytest.raises(NoSuchQuestionError, match="YYYY-MM"):
        month_of(text)


def test_months_are_counted_over_the_years() -> None:
    assert month_of("2020-11") == date(2020, 11, 1)
    assert [months_later(date(2020, 11, 1), n) for n in (0, 1, 2, -11)] == [
        date(2020, 11, 1),
        date(2020, 12, 1),
        date(2021, 1, 1),
        date(2019, 12, 1),
    ]


# ---------------------------------------------------------------- priorities (M2, C25)


async def test_every_measure_can_be_asked_for_neglect(ledger: MemoryLedger) -> None:
    a_referral(ledger, 2, data={"concern_types": NEGLECT})
    a_referral(ledger, 2, n=2)
    whole, neglect = [await ledger.measure("contacts-in-24-hours", concern=c) for c in (None, "neglect")]
    assert (whole.total.of, neglect.total.of) == (2, 1)
    table = await ledger.ask(concern="neglect")
    assert len(table.measures) == len((await ledger.ask()).measures)


async def test_each_police_unit_has_its_own_figures_for_neglect(ledger: MemoryLedger) -> None:
    room = "police.control-room"
    for source, concern in (("police.pvp", NEGLECT), ("police.pvp", []), (room, NEGLECT), (room, NEGLECT)):
        ledger.post("police-incident", {"children": [a_child(1)], "concern_types": concern}, source=source)
    for name in ("referral-after-incident", "incidents-without-referral-or-reason", "police-notification-delay"):
        found = await ledger.measure(name, concern="neglect")
        assert (found.total.of, group(found, "desk", "police.pvp").of, group(found, "desk", room).of) == (3, 1, 2)


async def test_what_says_no_concern_is_of_what_was_said_of_its_children_within_a_year(ledger: MemoryLedger) -> None:
    for days in (364, 366):
        said = Past(EventType.plan_status, TENTH - timedelta(days=days), frozenset({"category_primary=neglect"}))
        ledger.post("information-request", {"children": [a_child(1)]}, past=(said,), owed=_asked(TENTH + hours(1)))
    assert (await ledger.measure("information-requests-in-time", concern="neglect")).total.of == 1


async def test_its_own_word_goes_before_what_was_said_before(ledger: MemoryLedger) -> None:
    said = Past(EventType.referral, TENTH - timedelta(days=3), frozenset({"concern_types.type=neglect"}))
    a_referral(ledger, 2, data={"concern_types": [{"type": "domestic_abuse"}]}, past=(said,))
    assert (await ledger.measure("referral-volume", concern="neglect")).total.of == 0
    assert (await ledger.measure("referral-volume", concern="domestic-abuse")).total.of == 1


async def test_a_concern_that_there_is_not_is_no_question(ledger: MemoryLedger) -> None:
    with pytest.raises(NoSuchQuestionError, match="concern"):
        await ledger.ask(concern="wealth")


# ---------------------------------------------------------------- feedback (B1, B3)


async def test_an_outcome_counts_as_given_when_the_referrers_agency_has_it(ledger: MemoryLedger) -> None:
    had = TENTH + hours(5)
    for to in (told("ash-primary.deputy", had), told(SCHOOL), told(GP, had)):
        ledger.post(
            "referral", {"children": [a_child(1)]}, replies=(reply("referral-outcome", decided(TENTH), at=TENTH + hours(2), to=(to,)),)
        )
    a_referral(ledger, None)
    found = (await ledger.measure("outcome-feedback")).total
    assert (found.of, found.counted, found.median_hours) == (3, 1, Decimal(3))
    assert (await ledger.measure("outcome-feedback-since-referral")).total.median_hours == Decimal(5)


async def test_feedback_is_shown_by_referring_agency(ledger: MemoryLedger) -> None:
    for source, to in ((SCHOOL, (told(SCHOOL, TENTH + hours(3)),)), (GP, ())):
        outcome = reply("referral-outcome", decided(TENTH), at=TENTH + hours(2), to=to)
        ledger.post("referral", {"children": [a_child(1)]}, source=source, replies=(outcome,))
    found = await ledger.measure("outcome-feedback")
    assert [(group(found, "agency", a).percent) for a in ("ash-primary", "mill-lane")] == [Decimal(100), Decimal(0)]


# ---------------------------------------------------------------- completeness (C8, A20, A30, A34)


async def test_what_was_missing_counts_against_a_referral_though_it_was_sent_later(ledger: MemoryLedger) -> None:
    a_referral(ledger, 1, missing_on_arrival=("history",), missing=())
    a_referral(ledger, 1, missing_on_arrival=("history",), missing=("history",))
    a_referral(ledger, 1)
    complete, since = (await ledger.measure("referrals-complete")).total, (await ledger.measure("referrals-made-complete")).total
    assert (complete.of, complete.counted) == (3, 1)
    assert (since.of, since.counted) == (2, 1)


async def test_a_police_risk_assessment_counts_when_it_is_there_and_only_of_the_police(ledger: MemoryLedger) -> None:
    done = {"risk_assessment": {"completed_at": TENTH.isoformat(), "history_considered": "yes"}}
    a_referral(ledger, 1, data=done, source="police.pvp")
    a_referral(ledger, 1, data={"risk_assessment": {"missing_reason": "no time"}}, source="police.pvp")
    a_referral(ledger, 1, missing_on_arrival=("risk_assessment",), data=done, source="police.pvp")
    a_referral(ledger, 1, data=done)
    found = await ledger.measure("police-risk-assessment-complete")
    assert (found.total.of, found.total.counted, [f.group for f in found.groups]) == (3, 1, ["police.pvp"])


async def test_earlier_early_help_is_what_the_history_says(ledger: MemoryLedger) -> None:
    a_referral(ledger, 1, data={"history": {"entries": [{"kind": "early_help"}, {"kind": "referral"}]}})
    a_referral(ledger, 1, data={"history": {"known": "no"}})
    assert (await ledger.measure("early-help-before-referral")).total.percent == Decimal(50)


async def test_levels_of_need_are_compared_where_both_are_stated(ledger: MemoryLedger) -> None:
    for asserted, found in (("3", "3"), ("3", "2"), ("3", None), (None, "3")):
        said = {"level_of_need": asserted} if asserted else {}
        outcome = reply("referral-outcome", decided(TENTH, **({"level_of_need_decided": found} if found else {})), at=TENTH)
        ledger.post("referral", {"children": [a_child(1)], **said}, replies=(outcome,))
    measured = (await ledger.measure("level-of-need-agreed")).total
    assert (measured.of, measured.counted) == (2, 1)


async def test_a_repeat_is_an_earlier_referral_of_the_same_child_within_a_year(ledger: MemoryLedger) -> None:
    for days in (10, 364, 365):
        a_referral(ledger, 1, past=(Past(EventType.referral, TENTH - timedelta(days=days), frozenset()),))
    a_referral(ledger, 1, past=(Past(EventType.police_incident, TENTH - timedelta(days=1), frozenset()),))
    found = (await ledger.measure("repeat-referrals")).total
    assert (found.of, found.counted) == (4, 2)


# ---------------------------------------------------------------- children beside events (D11, M11)


async def test_a_child_in_three_events_is_one_child_and_one_whom_nobody_knows_is_one_each_time(ledger: MemoryLedger) -> None:
    for _ in range(3):
        ledger.post("police-incident", an_incident(child(1)), source="police.pvp")
    for _ in range(2):
        ledger.post("police-incident", an_incident(a_child(2, nhs_number=None)), source="police.pvp")
    found = (await ledger.measure("domestic-abuse-children")).total
    assert (found.of, found.children_of) == (5, 3)


async def test_types_of_concern_overlap_and_each_is_a_share_of_all(ledger: MemoryLedger) -> None:
    a_referral(ledger, 1, data={"concern_types": [{"type": "neglect"}, {"type": "domestic_abuse"}]})
    a_referral(ledger, 1, n=2, data={"concern_types": [{"type": "neglect"}, {"type": "neglect"}]})
    a_referral(ledger, 1, n=3)
    found = await ledger.measure("referrals-by-concern")
    assert [(f.group, f.counted, f.of) for f in found.groups] == [("domestic_abuse", 1, 3), ("neglect", 2, 3), ("unknown", 1, 3)]
    both = (await ledger.measure("domestic-abuse-and-neglect")).total
    assert (both.of, both.counted) == (2, 1)


# ---------------------------------------------------------------- police (C27, C31, D8)


async def test_voice_is_counted_child_by_child(ledger: MemoryLedger) -> None:
    heard, not_heard = child(1, voice={"obtained": "yes"}), a_child(2, nhs_number=nhs_number(2))
    ledger.post("police-incident", an_incident(heard, not_heard), source="police.pvp")
    found = (await ledger.measure("child-voice-at-incidents")).total
    assert (found.of, found.counted, found.children_of, found.children) == (2, 1, 2, 1)


async def test_the_delay_of_a_notification_runs_from_what_happened(ledger: MemoryLedger) -> None:
    for late in (1, 4, 30):
        data = {**an_incident(child(1)), "occurred_at": (TENTH - hours(late)).isoformat()}
        ledger.post("police-incident", data, source="police.pvp")
    ledger.post("police-incident", {**an_incident(child(1)), "occurred_at": (TENTH + hours(1)).isoformat()}, source="police.pvp")
    found = (await ledger.measure("police-notification-delay")).total
    assert (found.of, found.timed, found.median_hours, found.longest_hours) == (4, 3, Decimal(4), Decimal(30))


async def test_a_backlog_ends_in_how_many_have_a_child_and_neither_referral_nor_reason(ledger: MemoryLedger) -> None:
    referral = reply("referral", {"children": [a_child(1)]}, at=TENTH + hours(9), source="police.pvp")
    for n in range(58):
        abuse: dict[str, Any] = {"risk_grade": "standard"}
        if n < 5:
            abuse["no_referral_reason"] = "seen by the duty team"
        people = {"adults": [an_adult(1)]} if n >= 50 else {"children": [child(n)]}
        ledger.post("police-incident", {**people, "domestic_abuse": abuse}, source="police.pvp", replies=(referral,) if 5 <= n < 10 else ())
    found = await ledger.measure("incidents-without-referral-or-reason")
    assert (found.total.of, found.total.counted) == (50, 40)
    assert group(found, "field:domestic_abuse.risk_grade", "standard").counted == 40


# ---------------------------------------------------------------- clocks (D1, H3, J6)


def _asked(met: datetime | None, *, desk: str = "nps.duty") -> tuple[Any, ...]:
    return (owed(desk, "information-request", TENTH + hours(8), met, replies="information-response"),)


async def test_a_notification_counts_when_it_was_opened_before_school(ledger: MemoryLedger) -> None:
    due = TENTH + hours(22)
    for duty, met in (
        ("encompass-school", due),
        ("encompass-school", due + timedelta(seconds=1)),
        ("encompass-early-years", None),
        ("encompass-gp", due),
    ):
        ledger.post("police-incident", an_incident(child(1)), source="police.pvp", owed=(owed(SCHOOL, duty, due, met, person=CHILD),))
    found = (await ledger.measure("encompass-before-school")).total
    assert (found.of, found.counted) == (3, 1)
    still_running = (await ledger.measure("encompass-before-school", as_at=due - hours(1))).total
    assert (still_running.of, still_running.undecided) == (0, 3)


async def test_what_is_owed_about_one_child_is_about_that_child(ledger: MemoryLedger) -> None:
    due = (owed(SCHOOL, "encompass-school", TENTH, TENTH, person=UUID(int=int(nhs_number(1)))),)
    ledger.post("police-incident", an_incident(child(1), a_child(2, nhs_number=nhs_number(2))), source="police.pvp", owed=due)
    assert (await ledger.measure("encompass-before-school")).total.children_of == 1


async def test_answers_are_counted_by_who_was_asked(ledger: MemoryLedger) -> None:
    for met, desk in ((TENTH + hours(4), "nps.duty"), (None, "nps.duty"), (TENTH + hours(9), "tewv.adult-mental-health")):
        data = {"children": [a_child(1)], "request_type": "detailed"}
        ledger.post("information-request", data, source=HUB, owed=(*_asked(met, desk=desk), owed(GP, "read", TENTH)))
    found = await ledger.measure("information-requests-in-time")
    assert (found.total.of, found.total.counted) == (3, 1)
    assert group(found, "role", "nps").percent == Decimal(50)
    assert group(found, "role", "adult_mental_health").percent == Decimal(0)
    assert group(found, "field:request_type", "detailed").of == 3


# ---------------------------------------------------------------- meetings (C10, F7, F13, F14, F16, F27)


async def test_minutes_are_timed_from_the_meeting_for_each_member(ledger: MemoryLedger) -> None:
    data = {"children": [a_child(1)], "held_at": TENTH.isoformat()}
    after = TENTH + timedelta(days=2)
    members = (told("police.pvp", TENTH + timedelta(days=3)), told(GP), told(SCHOOL, TENTH + timedelta(days=14)))
    ledger.post("conference-minutes", data, source="social-care.conference", at=after, told=members)
    found = await ledger.measure("conference-minutes-in-time")
    assert (found.total.of, found.total.counted, found.total.median_hours) == (3, 1, Decimal("204"))
    assert group(found, "role", "gp").counted == 0


async def test_minutes_of_a_meeting_without_its_time_are_neither_in_time_nor_late(ledger: MemoryLedger) -> None:
    ledger.post("core-group-minutes", {"children": [a_child(1)]}, source="social-care.duty", told=(told(GP, TENTH),))
    found = (await ledger.measure("core-group-minutes-in-time")).total
    assert (found.of, found.undecided) == (0, 1)


async def test_a_desk_has_one_seat_however_many_lists_name_it(ledger: MemoryLedger) -> None:
    lists = {"invited": [GP, "police.pvp", SCHOOL], "attended": ["police.pvp"], "absent": [GP], "apologies": [SCHOOL], "mode": "video"}
    reports = {"reports_received": [{"desk": GP, "received": "yes"}, {"desk": SCHOOL, "received": "no"}]}
    ledger.post("strategy-discussion", {"children": [a_child(1)], **lists}, source="social-care.duty")
    ledger.post("conference-minutes", {"children": [a_child(1)], **lists, **reports}, source="social-care.conference")
    strategy, attendance, brought = [
        await ledger.measure(f"{m}") for m in ("strategy-attendance", "conference-attendance", "conference-reports")
    ]
    assert (strategy.total.of, group(strategy, "agency", "police").percent) == (3, Decimal(100))
    assert group(strategy, "field:event.mode", "video").counted == 1
    assert (group(attendance, "role", "gp").counted, group(brought, "role", "gp").counted) == (0, 1)
    assert brought.total.counted == 1


async def test_eight_of_two_hundred_and_twenty_two_children_are_three_point_six_per_cent(ledger: MemoryLedger) -> None:
    for n in range(222):
        attendance = [{"about": ["child-1"], "eligible": "yes", "attended": "yes" if n < 8 else "no", "view_conveyed_by": "written"}]
        children = {"children": [child(n), a_child(2, nhs_number=nhs_number(300 + n))]}
        attendance.append({"about": ["child-2"], "eligible": "no", "attended": "no", "view_conveyed_by": "none"})
        ledger.post("conference-minutes", {**children, "child_attendance": attendance}, source="social-care.conference")
    found = (await ledger.measure("children-at-conferences")).total
    assert (found.of, found.counted, found.percent) == (222, 8, Decimal("3.6"))
    assert (found.children_of, found.children) == (222, 8)


async def test_actions_of_high_priority_are_counted_one_by_one(ledger: MemoryLedger) -> None:
    actions = [{"priority": p, "status": s} for p, s in (("high", "done"), ("high", "open"), ("low", "open"))]
    data = {"children": [a_child(1)], "held_at": TENTH.isoformat(), "actions": actions}
    ledger.post("core-group-minutes", data, source="social-care.duty")
    as_at = TENTH + timedelta(days=10)
    done, still = [(await ledger.measure(m, as_at=as_at)).total for m in ("high-priority-actions-done", "open-high-priority-actions")]
    assert (done.of, done.counted) == (2, 1)
    assert (still.of, still.median_hours) == (1, Decimal(240))


async def test_a_decision_is_timed_to_the_investigation_that_was_opened(ledger: MemoryLedger) -> None:
    data = {"children": [a_child(1)], "decision": "joint_enquiry"}
    updated, opened = (
        reply("investigation-status", {"children": [a_child(1)], "status": s}, at=TENTH + hours(h), source="police.pvp")
        for s, h in (("updated", 1), ("opened", 6))
    )
    ledger.post("strategy-discussion", data, source="social-care.duty", replies=(updated, opened))
    ledger.post("strategy-discussion", {**data, "decision": "no_section_47_enquiry"}, source="social-care.duty")
    found = await ledger.measure("decision-to-investigation")
    assert (found.total.of, group(found, "field:decision", "joint_enquiry").median_hours) == (1, Decimal(6))


# ---------------------------------------------------------------- who sees what


async def test_an_agency_sees_its_own_lines_and_the_totals(ledger: MemoryLedger) -> None:
    for source, n in ((SCHOOL, 3), (GP, 2), ("police.pvp", 1)):
        for k in range(n):
            a_referral(ledger, 1, n=k, source=source)
    found = await ledger.measure("contacts-in-24-hours", audience=OneAgency("ash-primary"))
    assert found.total.of == 6
    assert [(f.by, f.group, f.of) for f in found.groups] == [
        ("agency", "ash-primary", 3),
        ("role", "school_dsl", 3),
        ("out-of-hours", "unknown", 6),
    ]
    volume = await ledger.measure("referral-volume", audience=OneAgency("ash-primary"))
    assert [f.group for f in volume.groups if f.by == "desk"] == [SCHOOL]


async def test_a_published_table_holds_back_small_numbers_and_what_would_give_them_away(ledger: MemoryLedger) -> None:
    for source, n in ((SCHOOL, 30), (GP, 2), ("police.pvp", 40)):
        for k in range(n):
            a_referral(ledger, 1 if k % 2 else 60, n=k, source=source)
    table = await ledger.ask(audience=Everybody())
    found = next(m for m in table.measures if m.measure.id == "contacts-in-24-hours")
    assert (found.total.of, found.total.counted, found.total.longest_hours, found.total.undecided) == (72, 36, None, None)
    assert [(f.group, f.of, f.held_back) for f in found.groups] == [
        ("ash-primary", None, True),
        ("mill-lane", None, True),
        ("police", 40, False),
    ]
    assert {f.by for f in found.groups} == {"agency"}
    assert ",ash-primary,[c],[c],[c],[c],[c]," in as_csv(table)
    assert as_json(table)["smallest_printed"] == 5


async def test_who_was_not_reached_is_a_small_number_too(ledger: MemoryLedger) -> None:
    for source in (SCHOOL, "police.pvp"):
        late = 2 if source == SCHOOL else 15
        for k in range(30):
            a_referral(ledger, 60 if k < late else 1, n=k if source == SCHOOL else 100 + k, source=source)
    found = await ledger.measure("contacts-in-24-hours", audience=Everybody())
    assert [(f.of, f.counted) for f in found.groups] == [(30, None), (30, None)]
    assert (found.total.of, found.total.counted) == (60, 43)


async def test_a_concern_gives_away_nothing_of_what_is_left(ledger: MemoryLedger) -> None:
    for source in (SCHOOL, "police.pvp"):
        for k in range(20):
            of_neglect = k >= (2 if source == SCHOOL else 10)
            a_referral(
                ledger, 1, n=k if source == SCHOOL else 100 + k, source=source, data={"concern_types": NEGLECT} if of_neglect else {}
            )
    whole, neglect = [await ledger.measure("referral-volume", audience=Everybody(), concern=c) for c in (None, "neglect")]
    assert [f.of for f in whole.groups] == [20, 20]
    assert [f.of for f in neglect.groups] == [None, None]
    assert neglect.total.of == 28


async def test_what_is_held_back_of_all_is_held_back_of_a_concern(ledger: MemoryLedger) -> None:
    for source, n in ((SCHOOL, 20), (GP, 3), ("police.pvp", 20)):
        for k in range(n):
            a_referral(ledger, 1, n=k, source=source, data={"concern_types": NEGLECT} if k >= 10 else {})
    whole, neglect = [await ledger.measure("referral-volume", audience=Everybody(), concern=c) for c in (None, "neglect")]
    assert [f.of for f in whole.groups] == [None, None, 20]
    assert [f.of for f in neglect.groups] == [None, None, 10]


async def test_a_share_of_the_total_is_held_back_with_its_number(ledger: MemoryLedger) -> None:
    for n in range(12):
        a_referral(ledger, 1, n=n, data={"concern_types": [{"type": "neglect" if n < 9 else "exploitation"}]})
    found = await ledger.measure("referrals-by-concern", audience=Everybody())
    assert [(f.group, f.counted, f.percent) for f in found.groups] == [("exploitation", None, None), ("neglect", None, None)]
    assert found.total.counted == 12


async def test_no_table_says_whom_it_is_about(ledger: MemoryLedger) -> None:
    marker = "Markerword"
    people = {"children": [child(1, given_name=marker, circumstances=marker)], "adults": [an_adult(1, given_name=marker)]}
    a_referral(ledger, 1, data={**people, "circumstances": marker, "reason_for_referral": marker})
    ledger.post("conference-minutes", {**people, "chair": marker, "actions": [{"action": marker}]}, source="social-care.conference")
    table = await ledger.ask()
    for text in (as_csv(table), str(as_json(table))):
        assert marker not in text
        assert nhs_number(1) not in text
        assert str(ledger.facts[0].id) not in text


def test_halves_are_rounded_up_as_printed_tables_do() -> None:
    assert [percent(a, b) for a, b in ((1, 8), (1, 3), (0, 5), (5, 0))] == [Decimal("12.5"), Decimal("33.3"), Decimal("0.0"), None]
    assert percent(1, 2000) == Decimal("0.1")


async def test_a_measure_is_drawn_up_while_it_is_in_force(ledger: MemoryLedger) -> None:
    for month, there in ((date(2021, 10, 1), False), (date(2021, 11, 1), True)):
        table = await ledger.ask(month=month, as_at=LATER)
        assert ("neglect-referrals-with-gcp2" in {m.measure.id for m in table.measures}) is there
