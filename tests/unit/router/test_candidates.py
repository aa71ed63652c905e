"""Who comes into question: every relation by which a duty tells, the author's naming, and what a duty that finds nobody brings about."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from frontdoor_router.core.candidates import Candidate, Search, find_candidates, named_desks
from frontdoor_router.core.duties import AgeRange, Duty, EachAdult, EachChild, Tell, WholeEvent
from frontdoor_schemas.vocabulary import EventType
from support.builders import NHS, a_child, an_adult, an_incident
from support.deciding import NIGHT, Deciding, test_pack

TODAY = NIGHT.date()
MOTHER = an_adult(1, nhs_number=NHS[8], born="1990-01-01")


def a_duty(tell: Tell, **facts: Any) -> Duty:
    """A duty that tells by a relation."""
    pattern = next(d for d in test_pack().duties if d.id == "incident-front-door")
    return replace(pattern, id="tested", tell=tell, must_find=False, **facts)


@pytest.fixture
def deciding() -> Deciding:
    """Nobody is known."""
    return Deciding()


def search(
    deciding: Deciding,
    duty: Duty,
    *children: dict[str, Any],
    adults: tuple[dict[str, Any], ...] = (),
    source: str = "police.pvp",
    event_type: str = "police-incident",
    today: date = TODAY,
    **facts: Any,
) -> Search:
    """Candidates of an event about these people under one duty."""
    data = an_incident(*children, adults=adults, **facts) if event_type == "police-incident" else {"children": [*children], **facts}
    case = deciding.post(source, event_type, data).case
    return find_candidates(case, [duty], deciding.directory, today)


def desks(found: Search) -> set[str]:
    """The desks that a duty names."""
    return {c.desk for c in found.candidates.values() if c.owing}


@pytest.mark.parametrize(
    ("relation", "desk"),
    [
        ("school", "oak.dsl"),
        ("early_years", "pine.lead"),
        ("gp", "mill.gp"),
        ("health_visiting", "trust.visiting"),
        ("school_nursing", "trust.nursing"),
        ("midwifery", "trust.visiting"),
        ("dentist", "trust.dentist"),
        ("plan_group", "care.duty"),
        ("lead_professional", "care.duty"),
        ("involved", "care.duty"),
    ],
)
def test_each_childs_own_desk_is_found_and_no_other_childs(deciding: Deciding, relation: str, desk: str) -> None:
    deciding.tie(a_child(1), desk, relation)
    duty = a_duty(EachChild(relation))
    assert desks(search(deciding, duty, a_child(1), a_child(2))) == {desk}
    assert desks(search(deciding, duty, a_child(2))) == set()


@pytest.mark.parametrize("relation", ["manages", "treats", "gp"])
def test_each_adults_own_service_is_found(deciding: Deciding, relation: str) -> None:
    deciding.tie(MOTHER, "clinic.duty", relation)
    duty = a_duty(EachAdult(relation))
    assert desks(search(deciding, duty, a_child(1), adults=(MOTHER,))) == {"clinic.duty"}
    assert desks(search(deciding, duty, a_child(1))) == set()


def test_one_desk_for_two_children_owes_once_about_both(deciding: Deciding) -> None:
    for n in (1, 2):
        deciding.tie(a_child(n), "oak.dsl", "school")
    found = search(deciding, a_duty(EachChild("school")), a_child(1), a_child(2))
    (owing,) = found.candidates["oak.dsl"].owing
    assert len(owing.subjects) == 2


def test_what_an_agency_asserts_and_nobody_confirmed_finds_nobody(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school", by="oak.dsl")
    assert desks(search(deciding, a_duty(EachChild("school")), a_child(1))) == set()


def test_what_a_register_confirmed_is_found(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school", by="council.school-roll")
    assert desks(search(deciding, a_duty(EachChild("school")), a_child(1))) == {"oak.dsl"}


def test_what_has_ended_is_not_found(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    deciding.untie(a_child(1), "oak.dsl", "school")
    assert desks(search(deciding, a_duty(EachChild("school")), a_child(1))) == set()


def test_who_leads_for_children_in_no_school_is_found_when_it_is_said_or_known(deciding: Deciding) -> None:
    duty = a_duty(EachChild("no_school_lead"))
    assert desks(search(deciding, duty, a_child(1))) == set()
    assert desks(search(deciding, duty, a_child(1, not_in_school="home_educated"))) == {"trust.nursing"}
    deciding.tie(a_child(2), "council.school-roll", "no_school")
    assert desks(search(deciding, duty, a_child(2))) == {"trust.nursing"}
    assert desks(search(deciding, duty, a_child(3, nhs_number=None))) == set()


def test_a_role_is_told_of_the_children_of_an_age_alone(deciding: Deciding) -> None:
    duty = a_duty(EachChild("role:front_door"), age=AgeRange(10, 19))
    old, young = a_child(1, born="2006-03-03"), a_child(2, born="2013-03-03")
    (front_door,) = search(deciding, duty, old, young).candidates.values()
    (owing,) = front_door.owing
    assert len(owing.subjects) == 1
    assert desks(search(deciding, duty, young)) == set()


def test_a_role_that_no_desk_fills_is_work_for_a_person(deciding: Deciding) -> None:
    (unmet,) = search(deciding, a_duty(EachChild("role:prison")), a_child(1)).unmet
    assert unmet.subject is not None


# ---------------------------------------------------------------- what an author states


def stated(**facts: Any) -> Duty:
    """A duty that goes by what an author states where no register has spoken."""
    return a_duty(EachChild("school"), stated=True, **facts)


def test_a_stated_school_is_found_where_the_duty_lets_it(deciding: Deciding) -> None:
    child = a_child(1, school="oak.dsl")
    assert desks(search(deciding, a_duty(EachChild("school")), child)) == set()
    found = search(deciding, stated(), child)
    assert desks(found) == {"oak.dsl"}
    assert found.candidates["oak.dsl"].stated == set(found.candidates["oak.dsl"].owing[0].subjects)


def test_a_stated_school_is_found_for_a_child_who_is_not_identified(deciding: Deciding) -> None:
    assert desks(search(deciding, stated(), a_child(1, nhs_number=None, school="oak.dsl"))) == {"oak.dsl"}


def test_what_a_register_knows_goes_before_what_an_author_states(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "elm.dsl", "school")
    assert desks(search(deciding, stated(), a_child(1, school="oak.dsl"))) == {"elm.dsl"}


@pytest.mark.parametrize("school", ["mill.gp", "nowhere.dsl"])
def test_a_stated_desk_that_is_no_school_is_not_found(deciding: Deciding, school: str) -> None:
    assert desks(search(deciding, stated(), a_child(1, school=school))) == set()


def test_nobody_states_his_own_agency_into_a_recipient(deciding: Deciding) -> None:
    duty = replace(stated(), on=EventType.referral, must_find=True)
    found = search(deciding, duty, a_child(1, school="oak.deputy"), source="oak.dsl", event_type="referral")
    assert desks(found) == set()
    assert found.unmet == []


def test_a_relation_that_nobody_can_state_is_not_looked_for_in_the_message(deciding: Deciding) -> None:
    duty = a_duty(EachChild("midwifery"), stated=True)
    assert desks(search(deciding, duty, a_child(1, school="oak.dsl"))) == set()


# ---------------------------------------------------------------- ages


@pytest.mark.parametrize(("born", "found"), [("2016-11-10", False), ("2016-11-11", True), ("2020-11-10", True)])
def test_an_age_is_counted_in_years_of_the_day(deciding: Deciding, born: str, found: bool) -> None:
    deciding.tie(a_child(1, born=born), "trust.visiting", "health_visiting")
    duty = a_duty(EachChild("health_visiting"), age=AgeRange(0, 4))
    assert bool(desks(search(deciding, duty, a_child(1, born=born)))) is found


def test_a_child_before_birth_is_younger_than_any(deciding: Deciding) -> None:
    unborn = {"ref": "child-1", "unborn": True, "expected_on": "2021-02-01", "mother": "adult-1"}
    duty = a_duty(EachChild("school"), age=AgeRange(-1, 0))
    found = search(deciding, replace(duty, must_find=True), unborn, a_child(2), adults=(MOTHER,))
    assert len(found.unmet) == 1


def test_a_birth_date_that_is_known_counts_where_none_is_said(deciding: Deciding) -> None:
    deciding.post("police.pvp", "police-incident", an_incident(a_child(1, born="2018-01-01", local_id="P-1")))
    deciding.tie(a_child(1, born="2018-01-01"), "trust.visiting", "health_visiting")
    child = {"ref": "child-1", "local_id": "P-1"}
    duty = a_duty(EachChild("health_visiting"))
    assert desks(search(deciding, replace(duty, age=AgeRange(0, 4)), child)) == {"trust.visiting"}
    assert desks(search(deciding, replace(duty, age=AgeRange(5, 18)), child)) == set()


def test_of_whom_nobody_knows_the_age_nobody_is_left_out_for_it(deciding: Deciding) -> None:
    unborn = {"ref": "child-1", "unborn": True, "expected_on": "2020-10-01", "mother": "adult-1", "local_id": "P-1"}
    deciding.post("police.pvp", "police-incident", an_incident(unborn, adults=(MOTHER,)))
    duty = replace(a_duty(EachChild("school"), age=AgeRange(5, 18)), must_find=True)
    assert len(search(deciding, duty, {"ref": "child-1", "local_id": "P-1"}).unmet) == 1


def moving(deciding: Deciding, by: str, *children: dict[str, Any], **said: Any) -> Search:
    """Who is told of a move, as each child leaves or comes to it."""
    return search(deciding, a_duty(EachChild("moved")), *children, source=by, event_type="child-moved", **said)


def test_whom_a_child_leaves_and_to_whom_it_comes_is_found_though_no_register_knows_it_yet(deciding: Deciding) -> None:
    said = {"from_school": "oak.dsl", "to_practice": "mill.gp", "to_community_health": "trust.nursing"}
    found = moving(deciding, "hub.front-door", a_child(1), a_child(2), about=[a_child(2)["ref"]], **said)
    assert desks(found) == {"oak.dsl", "mill.gp", "trust.nursing"}
    assert {len(c.stated) for c in found.candidates.values()} == {1}  # of the other child they are told nothing
    assert found.unmet == []


def test_a_desk_of_another_kind_is_nobodys_school_and_an_unknown_one_nobodys(deciding: Deciding) -> None:
    assert desks(moving(deciding, "hub.front-door", a_child(1), from_school="mill.gp", to_practice="nowhere.gp")) == set()


def test_whoever_says_that_a_child_comes_to_it_is_told_nothing_by_that(deciding: Deciding) -> None:
    found = moving(deciding, "trust.nursing", a_child(1), from_community_health="elsewhere.visiting", to_community_health="trust.nursing")
    assert (desks(found), found.colleagues) == (set(), {})


def test_a_move_between_two_desks_of_the_agency_that_says_it_is_left_to_the_other_one(deciding: Deciding) -> None:
    said = {"from_community_health": "trust.visiting", "to_community_health": "trust.nursing"}
    children = (a_child(1), a_child(2))
    for source, other in (("trust.visiting", "trust.nursing"), ("trust.nursing", "trust.visiting")):
        found = moving(deciding, source, *children, about=[children[1]["ref"]], **said)
        assert (desks(found), found.unmet) == (set(), [])
        assert {c.desk: [len(o.subjects) for o in c.owing] for c in found.colleagues.values()} == {other: [1]}
    both = moving(deciding, "trust.visiting", *children, about=[c["ref"] for c in children], **said)
    assert [len(o.subjects) for o in both.colleagues["trust.nursing"].owing] == [2]


def test_for_a_child_in_no_school_nobody_looks_for_a_school(deciding: Deciding) -> None:
    duty = replace(a_duty(EachChild("school")), must_find=True)
    assert search(deciding, duty, a_child(1, not_in_school="home_educated")).unmet == []
    assert len(search(deciding, duty, a_child(1)).unmet) == 1
    assert len(search(deciding, replace(duty, tell=EachChild("gp")), a_child(1, not_in_school="excluded")).unmet) == 1


def test_a_duty_about_somebody_who_is_not_identified_is_not_unmet_since_finding_out_is_a_task_already(deciding: Deciding) -> None:
    duty = replace(a_duty(EachChild("school")), must_find=True)
    assert search(deciding, duty, a_child(1, nhs_number=None)).unmet == []


# ---------------------------------------------------------------- relations to the event


def test_the_link_workers_of_a_practice_are_found_for_its_children_and_its_adults(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "mill.gp", "gp")
    deciding.tie(MOTHER, "mill.gp", "gp")
    deciding.tie(a_child(2), "oak.dsl", "school")
    children = search(deciding, a_duty(EachChild("practice_links")), a_child(1), a_child(2), adults=(MOTHER,))
    assert {c.desk: len(c.linked) for c in children.candidates.values()} == {"clinic.duty": 1, "trust.visiting": 1}
    adults = search(deciding, a_duty(EachAdult("practice_links")), a_child(2), adults=(MOTHER,))
    assert {c.desk: len(c.linked) for c in adults.candidates.values()} == {"clinic.duty": 0, "trust.visiting": 0}
    assert desks(search(deciding, a_duty(EachChild("practice_links")), a_child(2), a_child(3, nhs_number=None))) == set()


@pytest.mark.parametrize(("relation", "expected"), [("role:gp", {"mill.gp"}), ("desk:care.duty", {"care.duty"}), ("source", set())])
def test_desks_that_the_partnership_names(deciding: Deciding, relation: str, expected: set[str]) -> None:
    assert desks(search(deciding, a_duty(WholeEvent(relation)), a_child(1))) == expected


def test_a_desk_that_is_not_addressed_by_its_role_is_not_found_by_it(deciding: Deciding) -> None:
    found = search(deciding, a_duty(WholeEvent("role:front_door")), a_child(1))
    assert "hub.review" not in desks(found)


def test_the_source_is_never_its_own_recipient(deciding: Deciding) -> None:
    duty = replace(a_duty(WholeEvent("role:front_door")), on=EventType.referral)
    found = search(deciding, duty, a_child(1), source="hub.front-door", event_type="referral")
    assert (desks(found), found.unmet) == (set(), [])


def test_who_is_asked_and_who_is_named(deciding: Deciding) -> None:
    for relation in ("asked", "named"):
        duty = replace(a_duty(WholeEvent(relation)), on=EventType.information_request)
        found = search(deciding, duty, a_child(1), event_type="information-request", asked_of=["oak.dsl", "mill.gp"])
        assert desks(found) == {"oak.dsl", "mill.gp"}


def test_a_desk_in_an_audience_is_named_and_a_role_in_an_audience_is_not(deciding: Deciding) -> None:
    part = {"kind": "discussion", "text": "said", "to": ["oak.dsl", "gp"]}
    told = deciding.post("care.duty", "conference-minutes", {"children": [a_child(1)], "parts": [part]})
    assert named_desks(told.case) == {"oak.dsl"}


def test_the_referrer_is_who_published_what_is_answered(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [a_child(1)]})
    data = {"children": [a_child(1)], "decided_at": "2020-11-10T21:00:00Z", "accepted": "yes"}
    case = deciding.post("hub.front-door", "referral-outcome", data, reply_to=referral.event).case
    duty = replace(a_duty(WholeEvent("referrer")), on=EventType.referral_outcome)
    assert desks(find_candidates(case, [duty], deciding.directory, TODAY)) == {"oak.dsl"}


def test_without_a_question_the_referrers_are_those_of_open_referrals(deciding: Deciding) -> None:
    deciding.post("oak.dsl", "referral", {"children": [a_child(1)]})
    refused = deciding.post("mill.gp", "referral", {"children": [a_child(1)]})
    data = {"children": [a_child(1)], "decided_at": "2020-11-10T21:00:00Z", "accepted": "no"}
    deciding.post("hub.front-door", "referral-outcome", data, reply_to=refused.event)
    duty = a_duty(WholeEvent("referrer"))
    assert desks(search(deciding, duty, a_child(1))) == {"oak.dsl"}
    assert desks(search(deciding, duty, a_child(2, nhs_number=None))) == set()


def test_the_parties_of_an_open_referral_are_its_source_and_who_was_told(deciding: Deciding) -> None:
    deciding.post("oak.dsl", "referral", {"children": [a_child(1)]})
    duty = a_duty(EachChild("referral_parties"))
    assert desks(search(deciding, duty, a_child(1))) == {"oak.dsl", "hub.front-door"}
    assert desks(search(deciding, duty, a_child(2))) == set()
    assert desks(search(deciding, duty, a_child(2, nhs_number=None))) == set()


def test_the_parties_of_a_referral_that_is_not_at_hand_are_its_source(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [a_child(1)]})
    del deciding.world.events[referral.event]
    assert desks(search(deciding, a_duty(EachChild("referral_parties")), a_child(1))) == {"oak.dsl"}


def test_who_was_told_of_a_thread(deciding: Deciding) -> None:
    incident = deciding.post("police.pvp", "police-incident", an_incident(a_child(1)))
    case = deciding.post("police.pvp", "incident-closed", {"children": [a_child(1)]}, reply_to=incident.event).case
    duty = replace(a_duty(WholeEvent("told_of_thread")), on=EventType.incident_closed)
    assert desks(find_candidates(case, [duty], deciding.directory, TODAY)) == {"hub.front-door"}


def test_a_relation_that_there_is_not_is_an_error(deciding: Deciding) -> None:
    with pytest.raises(ValueError, match="no such relation"):
        search(deciding, a_duty(WholeEvent("neighbours")), a_child(1))


# ---------------------------------------------------------------- duties that find nobody


def test_a_duty_that_must_find_somebody_and_does_not_is_unmet(deciding: Deciding) -> None:
    found = search(deciding, replace(a_duty(EachChild("school")), must_find=True), a_child(1))
    assert [(u.duty.id, u.subject is not None) for u in found.unmet] == [("tested", True)]
    assert search(deciding, a_duty(EachChild("school")), a_child(1)).unmet == []


def test_a_desk_that_has_closed_is_no_recipient_and_its_duty_is_unmet(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "ash.dsl", "school")
    found = search(deciding, a_duty(EachChild("school")), a_child(1))
    assert desks(found) == set()
    assert len(found.unmet) == 1


def test_a_role_that_nobody_fills_today_leaves_its_duty_unmet(deciding: Deciding) -> None:
    assert len(search(deciding, a_duty(WholeEvent("role:midwifery")), a_child(1)).unmet) == 1
    assert len(search(deciding, a_duty(WholeEvent("desk:ash.dsl")), a_child(1)).unmet) == 1
    assert search(deciding, a_duty(WholeEvent("told_of_thread")), a_child(1)).unmet == []


def test_a_duty_that_does_not_apply_names_nobody(deciding: Deciding) -> None:
    duty = a_duty(WholeEvent("role:gp"), after_cause=EventType.referral)
    assert desks(search(deciding, duty, a_child(1))) == set()


# ---------------------------------------------------------------- the author, and who is not identified


def test_whom_the_author_names_comes_into_question_for_that_reason_alone(deciding: Deciding) -> None:
    duty = replace(a_duty(WholeEvent("role:gp")), on=EventType.information_request)
    found = search(deciding, duty, a_child(1), event_type="information-request", asked_of=["oak.dsl"])
    assert found.candidates["oak.dsl"].named
    assert found.candidates["oak.dsl"].purposes == ("named-by-author",)
    assert found.candidates["mill.gp"].purposes == ("front-door",)


def test_a_desk_that_the_author_names_and_that_does_not_exist_is_somebodys_work(deciding: Deciding) -> None:
    found = search(deciding, a_duty(WholeEvent("role:gp")), a_child(1), event_type="information-request", asked_of=["ash.dsl", "no.such"])
    assert found.absent == ["ash.dsl", "no.such"]
    told = deciding.post("police.pvp", "information-request", {"children": [a_child(1)], "asked_of": ["ash.dsl"]})
    assert ("no-such-desk:ash.dsl", "hub.front-door") in told.tasks


def test_somebody_who_is_not_identified_brings_the_front_door_in(deciding: Deciding) -> None:
    found = search(deciding, a_duty(WholeEvent("role:gp")), a_child(1, nhs_number=None))
    assert found.candidates["hub.front-door"].purposes == ("identity-review",)


def test_only_what_the_partnership_asks_for_has_to_be_permitted() -> None:
    named = Candidate("oak.dsl", named=True)
    assert not named.must_permit
    for relation, must in (("named", False), ("told_of_thread", False), ("role:gp", True)):
        found = Search()
        found.add("oak.dsl", a_duty(WholeEvent(relation)), None)
        assert found.candidates["oak.dsl"].must_permit is must
