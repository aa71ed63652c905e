"""Questions about what they do not name: who lives at an address, what became of an incident, where minutes are."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from frontdoor_router.core.duties import Expect
from frontdoor_schemas.vocabulary import EventType
from support.asking import HOME, Asking, incident, oak_and_elm, plan, said_nothing
from support.builders import NHS, a_child, an_adult, an_incident
from support.deciding import test_pack


@pytest.fixture
def asking() -> Asking:
    """A child at Oak, its brother at Elm."""
    return oak_and_elm()


# ---------------------------------------------------------------- addresses


def test_police_read_who_lives_at_an_address_with_plan_flags_and_what_adds_up(asking: Asking) -> None:
    incident(asking, a_child(1, address=HOME), a_child(2, address={**HOME, "lines": ["2 Marker Lane"]}))
    plan(asking, "started")
    found = asking.ask("police.pvp", "address", address={"lines": ["1 marker  lane"], "postcode": "ZZ99 3VZ"})
    (child,) = found.message["children"]
    assert child["given_name"] == "Given1"
    assert [i["about"] for i in found.message["at_address"]] == [[child["ref"]]]
    assert found.list("current_plans", "plan_type") == ["child_protection"]
    assert found.list("flags", "flag") == ["current_child_protection"]
    assert found.list("events_count", "count") == [2]
    assert found.list("concern_counts", "concern", "count") == [("neglect", 1)]
    assert {i.ref: i.person for i in found.told.decision.involved}[child["ref"]] is not None
    assert "concerns" not in found.message


def test_an_adult_who_lives_with_the_children_says_where_they_live(asking: Asking) -> None:
    incident(
        asking,
        a_child(1),
        adults=(an_adult(1, lives_with_child="yes", address=HOME), an_adult(2, address={**HOME, "lines": ["9 Elsewhere"]})),
    )
    assert len(asking.ask("police.pvp", "address", address=HOME).message["children"]) == 1
    assert said_nothing(asking.ask("police.pvp", "address", address={**HOME, "lines": ["9 Elsewhere"]}))


def test_children_move_with_what_was_said_last_and_back_when_it_was_wrong(asking: Asking) -> None:
    there = {**HOME, "lines": ["7 Other Street"]}
    incident(asking, a_child(1, address=HOME), occurred_at="2020-09-01T10:00:00Z")
    moved = incident(asking, a_child(1, address=there), occurred_at="2020-10-01T10:00:00Z")
    incident(asking, a_child(1, address=HOME), occurred_at="2020-08-01T10:00:00Z")
    assert said_nothing(asking.ask("police.pvp", "address", address=HOME))
    assert len(asking.ask("police.pvp", "address", address=there).message["children"]) == 1
    asking.post("police.pvp", "withdrawal", {"reason": "by mistake"}, reply_to=moved)
    assert len(asking.ask("police.pvp", "address", address=HOME).message["children"]) == 1


@pytest.mark.parametrize(
    "child", [a_child(1, protected_address=HOME), a_child(1, address=HOME, protected="yes"), a_child(1, address=HOME, nhs_number=None)]
)
def test_no_key_leads_to_who_is_protected_or_unknown(asking: Asking, child: dict[str, Any]) -> None:
    event = incident(asking, child)
    assert not asking.decided[-1].decision.pointers, event
    assert said_nothing(asking.ask("police.pvp", "address", address=HOME))


def test_no_key_leads_to_a_child_at_the_home_of_a_mother_who_is_protected(asking: Asking) -> None:
    mother = an_adult(1, lives_with_child="yes", address=HOME, nhs_number=NHS[8], born="1990-01-01")
    asking.post("oak.dsl", "referral", {"children": [a_child(2)], "adults": [{**mother, "protected": "yes"}]})
    for child in (a_child(1), a_child(1, address=HOME)):
        incident(asking, child, adults=(mother,))
        assert said_nothing(asking.ask("police.pvp", "address", address=HOME))


def test_who_is_protected_later_is_found_no_more(asking: Asking) -> None:
    incident(asking, a_child(1, address=HOME))
    asking.post("oak.dsl", "referral", {"children": [a_child(1, protected="yes")]})
    assert said_nothing(asking.ask("police.pvp", "address", address=HOME))


PROTECTED: tuple[dict[str, Any], ...] = (
    an_adult(1, address=HOME, nhs_number=NHS[8], born="1990-01-01", protected="yes"),
    an_adult(1, address=HOME, protected="yes"),
    an_adult(1, protected_address=HOME),
)


@pytest.mark.parametrize("mother", PROTECTED)
def test_a_home_that_turns_out_to_be_a_protected_persons_leads_to_nobody(asking: Asking, mother: dict[str, Any]) -> None:
    incident(asking, a_child(1, address=HOME))
    asking.post("oak.dsl", "referral", {"children": [a_child(2)], "adults": [mother]})
    assert said_nothing(asking.ask("police.pvp", "address", address=HOME))


def test_who_lives_with_somebody_who_is_protected_later_is_found_no_more(asking: Asking) -> None:
    away = an_adult(1, nhs_number=NHS[8], born="1990-01-01")
    incident(asking, a_child(1, address=HOME), adults=({**away, "address": HOME},))
    assert len(asking.ask("police.pvp", "address", address=HOME).message["children"]) == 1
    asking.post("oak.dsl", "referral", {"children": [a_child(2)], "adults": [{**away, "protected": "yes"}]})
    assert said_nothing(asking.ask("police.pvp", "address", address=HOME))


def test_an_address_leads_nobody_by_an_event_that_is_withheld_from_who_asks(asking: Asking) -> None:
    hidden = {"children": [a_child(1, address=HOME)], "sharing": {"withhold_from": ["police"]}}
    asking.post("oak.dsl", "referral", hidden)
    assert said_nothing(asking.ask("police.pvp", "address", address=HOME))
    said = incident(asking, a_child(1, address=HOME))
    asking.post("oak.dsl", "referral", hidden)
    found = asking.ask("police.pvp", "address", address=HOME)
    assert len(found.message["at_address"]) == 1
    assert found.disclosure.quotes == {said}


@pytest.mark.parametrize("question", ["address", "minutes"])
def test_an_answer_goes_with_the_event_that_said_where_the_child_lives(asking: Asking, question: str) -> None:
    first = asking.tie(a_child(1, address=HOME), "oak.dsl", "school")
    minutes(asking, "police.pvp")
    found = asking.ask("police.pvp", question, address=HOME)
    assert found.disclosure.given
    assert first.event in found.disclosure.quotes


def test_that_a_child_lives_at_the_address_is_not_said_because_the_question_names_it(asking: Asking) -> None:
    incident(asking, a_child(1))
    assert said_nothing(asking.ask("police.pvp", "address", a_child(1), address=HOME))


@pytest.mark.parametrize("asked", [{"lines": ["1 Marker Lane"]}, {"postcode": "ZZ99 3VZ"}, {**HOME, "lines": ["11 Marker Lane"]}])
def test_half_an_address_or_another_finds_nobody(asking: Asking, asked: dict[str, Any]) -> None:
    incident(asking, a_child(1, address=HOME))
    assert said_nothing(asking.ask("police.pvp", "address", address=asked))


def test_who_may_not_see_where_somebody_lives_learns_nothing_of_who_lives_there(asking: Asking) -> None:
    incident(asking, a_child(1, address=HOME))
    assert said_nothing(asking.ask("care.duty", "address", address=HOME))
    answered = asking.ask("oak.dsl", "address", address=HOME)
    assert said_nothing(answered)


def test_to_ask_about_an_address_says_of_nobody_that_she_lives_there(asking: Asking) -> None:
    incident(asking, a_child(2, address=HOME))
    asking.ask("police.pvp", "child_view", a_child(1, address=HOME))
    found = asking.ask("police.pvp", "address", address=HOME)
    assert [c["given_name"] for c in found.message["children"]] == ["Given2"]


# ---------------------------------------------------------------- minutes


# ---------------------------------------------------------------- incidents


def test_an_incident_that_was_referred_is_said_so_with_time_and_receiver(asking: Asking) -> None:
    event = incident(asking, incident_id="CP-7")
    assert asking.ask("police.pvp", "incident_status", incident_id="CP-7").list("incidents", "status") == ["not_referred"]
    asking.post("police.pvp", "referral", {"children": [a_child(1)], "occurred_at": "2020-11-10T21:30:00Z"}, reply_to=event)
    found = asking.ask("police.pvp", "incident_status", incident_id=" cp-7 ".strip())
    assert found.list("incidents", "status", "referred_at") == [("referred", "2020-11-10T21:30:00.000Z")]
    assert found.list("incident_receivers", "desk") == ["hub.front-door"]
    assert found.list("incident_receivers", "at") != [None]


def test_an_incident_of_another_agency_or_of_no_number_is_unknown(asking: Asking) -> None:
    incident(asking, incident_id="CP-7")
    assert said_nothing(asking.ask("oak.dsl", "incident_status", incident_id="CP-7"))
    assert said_nothing(asking.ask("police.pvp", "incident_status", incident_id="CP-8"))


@pytest.mark.parametrize("kept_from", ["police", "police.pvp"])
@pytest.mark.parametrize(("source", "known"), [("police.pvp", True), ("police.encompass", False)])
def test_an_incident_that_is_withheld_from_a_colleague_is_unknown_to_it(asking: Asking, kept_from: str, source: str, known: bool) -> None:
    withheld = an_incident(a_child(1), incident_id="CP-7", sharing={"withhold_from": [kept_from]})
    asking.post(source, "police-incident", withheld)
    asking.post(source, "police-incident", an_incident(a_child(1), incident_id="CP-8"))
    assert asking.ask("police.pvp", "incident_status", incident_id="CP-8").list("incidents", "status") == ["not_referred"]
    assert said_nothing(asking.ask("police.pvp", "incident_status", incident_id="CP-7")) is not known


def test_a_referral_that_is_withheld_from_a_colleague_does_not_count_for_it(asking: Asking) -> None:
    event = incident(asking, incident_id="CP-7")
    hidden = {"children": [a_child(1)], "sharing": {"withhold_from": ["police.pvp"]}}
    asking.post("police.encompass", "referral", hidden, reply_to=event)
    assert asking.ask("police.pvp", "incident_status", incident_id="CP-7").list("incidents", "status") == ["not_referred"]


def test_a_referral_that_the_incident_itself_names_counts(asking: Asking) -> None:
    referral = asking.post("police.pvp", "referral", {"children": [a_child(1)]}).event
    abuse = {"risk_grade": "standard", "child_referral_id": str(referral)}
    incident(asking, incident_id="CP-7", domestic_abuse=abuse)
    assert asking.ask("police.pvp", "incident_status", incident_id="CP-7").list("incidents", "status") == ["referred"]


def test_a_referral_of_others_counts_where_the_desk_was_told_of_it(asking: Asking) -> None:
    event = incident(asking, incident_id="CP-7")
    asking.post("oak.dsl", "referral", {"children": [a_child(1)]}, reply_to=event)
    assert asking.ask("police.pvp", "incident_status", incident_id="CP-7").list("incidents", "status") == ["not_referred"]


def test_a_referral_that_was_taken_back_is_none(asking: Asking) -> None:
    event = incident(asking, incident_id="CP-7")
    referral = asking.post("police.pvp", "referral", {"children": [a_child(1)]}, reply_to=event).event
    asking.post("police.pvp", "withdrawal", {"reason": "by mistake"}, reply_to=referral)
    assert asking.ask("police.pvp", "incident_status", incident_id="CP-7").list("incidents", "status") == ["not_referred"]


def test_a_referral_that_is_owed_is_pending(asking: Asking) -> None:
    owed = replace(next(d for d in test_pack().duties if d.id == "referral-outcome"), id="incident-referral", on=EventType.police_incident)
    owed = replace(owed, expect=Expect(EventType.referral, "source"), satisfied_by=("reply:referral",))
    expecting = replace(asking, policy=replace(asking.policy, pack=replace(test_pack(), duties=(*test_pack().duties, owed))))
    event = incident(expecting, incident_id="CP-7")
    assert expecting.ask("police.pvp", "incident_status", incident_id="CP-7").list("incidents", "status") == ["pending"]
    expecting.post("police.pvp", "referral", {"children": [a_child(1)]}, reply_to=event)
    assert expecting.ask("police.pvp", "incident_status", incident_id="CP-7").list("incidents", "status") == ["referred"]


# ---------------------------------------------------------------- minutes


def minutes(asking: Asking, *members: str) -> UUID:
    """A conference about the first child, whose address was given once."""
    said = {"kind": "discussion", "about": ["child-1"], "to": ["members"], "text": "What was said"}
    data = {"children": [a_child(1)], "members": list(members), "parts": [said], "occurred_at": "2020-11-09T10:00:00Z"}
    return asking.post("care.duty", "conference-minutes", data).event


def test_who_was_given_minutes_is_told_where_they_are_and_nothing_of_what_they_say(asking: Asking) -> None:
    told = minutes(asking, "police.pvp", "oak.dsl")
    mine = next(d for d in asking.decided[-1].decision.disclosures if d.desk == "police.pvp")
    found = asking.ask("police.pvp", "minutes", a_child(1))
    assert found.list("minutes", "disclosure", "event_type", "on") == [(str(mine.id), "conference-minutes", "2020-11-09")]
    assert found.list("minutes", "number") != [None]
    assert "What was said" not in found.text
    assert found.disclosure.quotes == {told}


def test_minutes_that_others_were_given_are_nothing_to_say(asking: Asking) -> None:
    minutes(asking, "police.pvp")
    assert said_nothing(asking.ask("oak.dsl", "minutes", a_child(1)))
    assert said_nothing(asking.ask("police.pvp", "minutes", a_child(2)))


def test_minutes_are_found_by_the_address_of_the_child(asking: Asking) -> None:
    incident(asking, a_child(1, address=HOME))
    minutes(asking, "police.pvp")
    assert asking.ask("police.pvp", "minutes", address=HOME).list("minutes", "on") == ["2020-11-09"]
    assert said_nothing(asking.ask("police.pvp", "minutes", address={**HOME, "lines": ["2 Marker Lane"]}))


def test_minutes_that_were_withdrawn_are_not_found(asking: Asking) -> None:
    told = minutes(asking, "police.pvp")
    asking.post("care.duty", "withdrawal", {"reason": "by mistake"}, reply_to=told)
    assert said_nothing(asking.ask("police.pvp", "minutes", a_child(1)))
