"""By which paths a protected child could be found, under a pack that is in use: none is open to a desk that is not listed."""

from typing import Any

import pytest

from frontdoor_router.core.policy import policy_of
from support.builders import a_child
from support.deciding import NIGHT, Deciding, Told
from support.packs import the_pack

AUTHOR = {"name": "Made-Up Lead", "role": "Lead at Ash", "contact": "lead@ash.example"}


@pytest.fixture
def deciding() -> Deciding:
    """Nobody is known."""
    return Deciding(policy=policy_of(the_pack("stockton"), NIGHT.date()))


def referred(deciding: Deciding, protected: str, **more: Any) -> Told:
    """The school of a child writes to the hub, and says who writes."""
    return deciding.post("ash-primary.dsl", "referral", {"children": [a_child(1, protected=protected)], "author": AUTHOR, **more})


def test_who_is_not_told_which_agency_wrote_is_not_told_who_wrote_there(deciding: Deciding) -> None:
    told = referred(deciding, "yes")
    assert {"hub.front-door", "social-care.duty"} <= told.desks
    for desk in told.desks:
        assert not {"source", "author"} & told.message(desk).keys()


def test_a_desk_that_is_listed_is_told_both(deciding: Deciding) -> None:
    message = referred(deciding, "yes", sharing={"locating_for": ["hub.front-door"]}).message("hub.front-door")
    assert (message["source"]["desk"], message["author"]) == ("ash-primary.dsl", AUTHOR)


def test_in_any_other_case_the_front_door_is_told_both(deciding: Deciding) -> None:
    message = referred(deciding, "no").message("hub.front-door")
    assert (message["source"]["desk"], message["author"]) == ("ash-primary.dsl", AUTHOR)


CONVENOR = "social-care.duty"


def proposed(deciding: Deciding, protected: str, *children: dict[str, Any], **more: Any) -> dict[str, set[str]]:
    """Whom its convenor is told to invite to a meeting about a child at Ash, by the field that says so."""
    deciding.tie(a_child(1, protected=protected), "ash-primary.dsl", "school")
    deciding.tie(a_child(1), "ash-primary.dsl", "plan_group", by=CONVENOR)
    deciding.tie(a_child(1), "harbour-road.gp", "gp")
    deciding.tie(a_child(1), "early-help.team", "involved")
    asked = deciding.post("police.pvp", "meeting-request", {"children": [a_child(1), *children], **more})
    message = asked.message(CONVENOR)
    return {field: {one["desk"] for one in message[field]} for field in message if field.startswith("proposed_invitees")}


def test_whom_to_invite_does_not_say_where_a_protected_child_goes_to_school_or_to_the_doctor(deciding: Deciding) -> None:
    assert proposed(deciding, "yes") == {"proposed_invitees": {"early-help.team"}}


def test_of_any_other_child_the_convenor_is_told_to_invite_the_school_and_the_practice(deciding: Deciding) -> None:
    assert proposed(deciding, "no") == {
        "proposed_invitees": {"ash-primary.dsl", "early-help.team"},
        "proposed_invitees_health": {"harbour-road.gp"},
    }


def test_a_convenor_who_is_listed_is_told_to_invite_a_protected_childs_school(deciding: Deciding) -> None:
    assert proposed(deciding, "yes", sharing={"locating_for": [CONVENOR]}) == {
        "proposed_invitees": {"early-help.team"},
        "proposed_invitees_protected": {"ash-primary.dsl", "harbour-road.gp"},
    }


def test_the_school_of_a_protected_childs_brother_says_where_it_is_too(deciding: Deciding) -> None:
    deciding.tie(a_child(2), "beck-academy.dsl", "school")
    assert proposed(deciding, "yes", a_child(2)) == {"proposed_invitees": {"early-help.team"}}


def test_who_raised_a_concern_about_a_protected_child_is_named_to_nobody_who_is_not_listed(deciding: Deciding) -> None:
    deciding.post("trust.hospital", "referral", {"children": [a_child(1, protected="yes")]})
    assert proposed(deciding, "yes") == {"proposed_invitees": {"early-help.team"}}


def test_who_may_know_where_a_child_is_is_not_therefore_told_of_probation(deciding: Deciding) -> None:
    deciding.post("nps.duty", "referral", {"children": [a_child(1, protected="yes")]})
    found = proposed(deciding, "yes", sharing={"locating_for": [CONVENOR]})
    assert found["proposed_invitees_justice"] == {"nps.duty"}
    assert "nps.duty" not in found["proposed_invitees_protected"]
