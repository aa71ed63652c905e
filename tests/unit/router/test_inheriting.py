"""From the day on which a desk ends its ties, threads and words are its successor's, and give it no more than both could have."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from frontdoor_router.core.candidates import Candidate
from frontdoor_router.core.facting import CaseFacts, DeskFacts, kind_of
from frontdoor_router.core.inheriting import NOT_INHERITED
from frontdoor_schemas.vocabulary import Level
from support.builders import NHS, a_child, an_adult, an_incident
from support.deciding import Deciding, Told
from support.merging import MERGER, deciding_across, the_day_comes

MOTHER = an_adult(1, nhs_number=NHS[8], born="1990-01-01")
FRONT_DOOR = "hub.front-door"
AT_HOME = {"address": {"lines": ["1 Marker Lane"]}}


@pytest.fixture
def deciding(tmp_path: Path) -> Deciding:
    """The night before the merger; nobody is known."""
    return deciding_across(tmp_path)


def incident(deciding: Deciding, *children: dict[str, Any], adults: tuple[dict[str, Any], ...] = (), **facts: Any) -> Told:
    """A domestic-abuse incident by the police, with offences."""
    return deciding.post("police.pvp", "police-incident", an_incident(*children, adults=adults, offences=["assault"], **facts))


def categories(told: Told, desk: str) -> set[str]:
    """What a desk was given, by category."""
    return {g.section.category.value for g in told.to(desk).given}


def not_inherited(told: Told, desk: str) -> set[str]:
    """What it was not given because no desk before it could have had it."""
    found = [d for d in told.decision.disclosures if d.desk == desk]
    return {w.category for d in found for w in d.withheld if w.policies == (NOT_INHERITED,)}


# ---------------------------------------------------------------- ties


def test_a_duty_finds_the_school_that_has_the_work_of_the_childs_own(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    assert incident(deciding, a_child(1)).desks >= {"oak.dsl"}
    the_day_comes(deciding)
    told = incident(deciding, a_child(1))
    assert told.desks & {"oak.dsl", "elm.dsl", "grove.dsl"} == {"grove.dsl"}
    assert [o.desk for o in told.decision.obligations if o.duty == "incident-school"] == ["grove.dsl"]
    assert {"child_identity", "concern_and_incident"} <= categories(told, "grove.dsl")
    assert told.tasks == []


def test_two_that_are_one_are_told_once_of_the_children_of_both(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    deciding.tie(a_child(2), "elm.dsl", "school")
    the_day_comes(deciding)
    told = incident(deciding, a_child(1), a_child(2))
    names = {block["given_name"] for block in told.message("grove.dsl")["children"]}
    assert names == {"Given1", "Given2"}
    assert len([o for o in told.decision.obligations if o.duty == "incident-school"]) == 2


def test_what_only_todays_agreement_gives_is_not_inherited_and_is_somebodys_work(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    the_day_comes(deciding)
    told = incident(deciding, a_child(1, **AT_HOME))
    assert "home_and_contact" not in categories(told, "grove.dsl")
    assert not_inherited(told, "grove.dsl") == {"home_and_contact"}
    assert told.tasks == [("not-inherited:grove.dsl", FRONT_DOOR)]
    assert told.decision.tasks[0].refs == (told.subject("Given1").ref,)


def test_a_tie_of_its_own_gives_what_todays_agreement_gives(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    the_day_comes(deciding)
    deciding.tie(a_child(1), "grove.dsl", "school", by="council.school-roll")
    told = incident(deciding, a_child(1, **AT_HOME))
    assert "home_and_contact" in categories(told, "grove.dsl")
    assert (not_inherited(told, "grove.dsl"), told.tasks) == (set(), [])


def test_a_successor_of_another_role_has_what_both_roles_may_have(deciding: Deciding) -> None:
    deciding.tie(MOTHER, "clinic.duty", "treats")
    assert categories(incident(deciding, a_child(1), adults=(MOTHER,)), "clinic.duty") == {
        "case_reference",
        "family_network",
        "professional_network",
    }
    the_day_comes(deciding)
    told = incident(deciding, a_child(1), adults=(MOTHER,))
    assert categories(told, "recovery.duty") == {"case_reference", "family_network", "professional_network"}
    assert not_inherited(told, "recovery.duty") == {"offence_and_court"}
    assert "not-inherited:recovery.duty" in {reason for reason, _ in told.tasks}


def test_where_nothing_can_be_inherited_nothing_is_told_and_somebody_knows(deciding: Deciding) -> None:
    """A duty that began with the merger, for a purpose that no agreement knew before."""
    deciding.tie(MOTHER, "clinic.duty", "treats")
    the_day_comes(deciding)
    data = {"adults": [MOTHER], "about": ["adult-1"], "investigation_id": "INV-1", "status": "closed", "closed_at": "2020-11-11T09:00:00Z"}
    told = deciding.post("police.pvp", "investigation-status", data)
    assert (told.desks, told.to("recovery.duty", None).given) == (set(), ())
    assert not_inherited(told, "recovery.duty") == {"family_network", "case_reference"}
    assert told.tasks == [("not-inherited:recovery.duty", FRONT_DOOR)]


@pytest.mark.parametrize("kept_from", ["oak", "oak.dsl", "grove"])
def test_what_is_kept_from_a_desk_is_kept_from_the_one_that_has_its_work(deciding: Deciding, kept_from: str) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    the_day_comes(deciding)
    assert "grove.dsl" not in incident(deciding, a_child(1), sharing={"withhold_from": [kept_from]}).desks


def test_who_has_the_work_of_a_desk_that_was_listed_for_locating_facts_is_not_listed(deciding: Deciding) -> None:
    child = a_child(1, protected="yes", practice="mill.gp")
    deciding.tie(a_child(1), "oak.dsl", "school")
    deciding.post(FRONT_DOOR, "referral", {"children": [a_child(1)], "sharing": {"locating_for": ["oak.dsl"]}})
    assert "locating" in categories(incident(deciding, child), "oak.dsl")
    the_day_comes(deciding)
    assert "locating" not in categories(incident(deciding, child), "grove.dsl")


def test_a_desk_that_ended_without_a_successor_leaves_its_duty_unmet(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "ash.dsl", "school")
    the_day_comes(deciding)
    assert ("no-desk:incident-school", FRONT_DOOR) in incident(deciding, a_child(1)).tasks


def test_a_successor_ends_the_ties_of_those_before_it_with_its_own(deciding: Deciding) -> None:
    for desk in ("oak.dsl", "elm.dsl"):
        deciding.tie(a_child(1), desk, "school")
    the_day_comes(deciding)
    ended = deciding.untie(a_child(1), "grove.dsl", "school", by="grove.dsl").decision.ended
    assert {t.desk for t in ended} == {"oak.dsl", "elm.dsl"}
    assert "grove.dsl" not in incident(deciding, a_child(1)).desks


def test_a_successor_ends_one_tie_of_a_desk_before_it_by_its_old_name(deciding: Deciding) -> None:
    for desk in ("oak.dsl", "elm.dsl"):
        deciding.tie(a_child(1), desk, "school")
    the_day_comes(deciding)
    assert {t.desk for t in deciding.untie(a_child(1), "oak.dsl", "school", by="grove.dsl").decision.ended} == {"oak.dsl"}


def test_nobody_else_ends_the_ties_of_a_desk_that_has_ended(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    the_day_comes(deciding)
    assert deciding.untie(a_child(1), "oak.dsl", "school", by="police.pvp").decision.ended == ()
    assert deciding.untie(a_child(1), "grove.dsl", "school", by="police.pvp").decision.ended == ()


# ---------------------------------------------------------------- naming, threads, referrers


def test_whom_the_author_names_by_an_old_name_is_who_has_its_work(deciding: Deciding) -> None:
    the_day_comes(deciding)
    told = deciding.post("police.pvp", "information-request", {"children": [a_child(1)], "asked_of": ["oak.dsl"], "purpose": "to decide"})
    assert told.desks == {"grove.dsl"}
    ask = told.to("grove.dsl").ask
    assert ask is not None
    assert ask.reply == "information-response"
    assert told.to("grove.dsl").visible


def test_a_part_written_for_a_desk_reaches_the_one_that_has_its_work(deciding: Deciding) -> None:
    the_day_comes(deciding)
    parts = [
        {"kind": "discussion", "text": "for oak", "to": ["oak.dsl"]},
        {"kind": "discussion", "text": "for the surgery", "to": ["mill.gp"]},
    ]
    told = deciding.post("care.duty", "conference-minutes", {"children": [a_child(1)], "members": ["oak.dsl"], "parts": parts})
    assert [p["text"] for p in told.message("grove.dsl")["parts"]] == ["for oak"]


def test_a_part_written_for_a_role_is_for_who_has_the_work_of_a_desk_of_that_role(deciding: Deciding) -> None:
    the_day_comes(deciding)
    part = {"kind": "discussion", "text": "said", "to": ["substance_misuse"]}
    case = deciding.post("care.duty", "conference-minutes", {"children": [a_child(1)], "parts": [part]}).case
    written = next(s for s in case.sections if s.to)
    heard = {}
    for before in ((), deciding.directory.predecessors("recovery.duty", MERGER)):
        candidate = Candidate("recovery.duty", predecessors=before)
        facts = DeskFacts(CaseFacts(case), candidate, role="adult_mental_health", no_school_lead=False)
        heard[bool(before)] = facts.of(kind_of(written), None, "named-by-author").audience
    assert heard == {False: "not_named", True: "named"}


def test_the_outcome_goes_to_who_has_the_work_of_the_referrer(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [a_child(1)]})
    the_day_comes(deciding)
    data = {"children": [a_child(1)], "decided_at": "2020-11-11T09:00:00Z", "accepted": "no"}
    told = deciding.post(FRONT_DOOR, "referral-outcome", data, reply_to=referral.event)
    assert told.desks == {"grove.dsl"}
    assert told.tasks == []


def test_an_outcome_for_a_referrer_that_ended_without_a_successor_is_somebodys_work(deciding: Deciding) -> None:
    referral = deciding.post("ash.dsl", "referral", {"children": [a_child(1)]})
    data = {"children": [a_child(1)], "decided_at": "2020-11-11T09:00:00Z", "accepted": "no"}
    told = deciding.post(FRONT_DOOR, "referral-outcome", data, reply_to=referral.event)
    assert ("no-desk:outcome-referrer", FRONT_DOOR) in told.tasks


def test_the_answer_of_a_successor_meets_what_the_desk_before_it_owed(deciding: Deciding) -> None:
    question = deciding.post(
        "police.pvp", "information-request", {"children": [a_child(1)], "asked_of": ["oak.dsl"], "purpose": "to decide"}
    )
    owed = {o.id for o in question.decision.obligations if o.duty == "asked"}
    the_day_comes(deciding)
    answer = {"children": [a_child(1)], "answered_at": "2020-11-11T09:00:00Z", "result": "answered"}
    assert set(deciding.post("mill.gp", "information-response", answer, reply_to=question.event).decision.met) == set()
    assert set(deciding.post("grove.dsl", "information-response", answer, reply_to=question.event).decision.met) == owed


def test_an_answer_given_before_the_end_and_decided_after_it_meets_what_its_successor_owes(deciding: Deciding) -> None:
    question = deciding.post(
        "police.pvp", "information-request", {"children": [a_child(1)], "asked_of": ["oak.dsl"], "purpose": "to decide"}
    )
    the_day_comes(deciding)
    (owed,) = [o for o in deciding.world.owed[question.event] if "reply:information-response" in o.satisfied_by]
    deciding.world.owed[question.event] = [type(owed)(owed.id, owed.event, "grove.dsl", owed.satisfied_by)]
    answer = {"children": [a_child(1)], "answered_at": "2020-11-10T23:59:00Z", "result": "answered"}
    assert deciding.post("oak.dsl", "information-response", answer, reply_to=question.event).decision.met == (owed.id,)


def test_an_event_of_a_desk_that_has_just_ended_is_not_told_to_its_successor(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    the_day_comes(deciding)
    told = deciding.post("oak.dsl", "referral", {"children": [a_child(1)]})
    assert "grove.dsl" not in told.desks


# ---------------------------------------------------------------- correction, withdrawal, the past


def test_a_successor_withdraws_what_the_desk_before_it_published_and_nobody_else_does(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [a_child(1)]})
    the_day_comes(deciding)
    assert ("not-its-own", FRONT_DOOR) in deciding.post("police.pvp", "withdrawal", {"reason": "no"}, reply_to=referral.event).tasks
    told = deciding.post("grove.dsl", "withdrawal", {"reason": "wrong child"}, reply_to=referral.event)
    assert told.decision.withdrawn_events == (referral.event,)


def test_of_a_withdrawal_hears_who_has_the_files_of_the_desk_that_read_it(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    event = incident(deciding, a_child(1)).event
    earlier = deciding.world.events[event]
    read = tuple(replace(t, level=Level.opened) if t.desk == "oak.dsl" else t for t in earlier.told)
    deciding.world.events[event] = replace(earlier, told=read)
    the_day_comes(deciding)
    told = deciding.post("police.pvp", "withdrawal", {"reason": "wrong child"}, reply_to=event)
    assert [d.desk for d in told.decision.disclosures if d.kind == "withdrawn"] == ["grove.dsl"]


def test_what_the_desks_before_it_were_told_of_counts_as_told_to_their_successor(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    incident(deciding, a_child(1))
    the_day_comes(deciding)
    deciding.tie(a_child(1), "grove.dsl", "school", by="council.school-roll")
    told = incident(deciding, a_child(1))
    assert told.message("grove.dsl")["domestic_abuse"]["previous_incidents_count"] == 1
