"""Whom to invite to a meeting: told to the desk that is asked to hold it, by the ties that it may know, and to nobody else."""

from pathlib import Path
from typing import Any

import pytest

from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.policy import policy_of
from support.builders import a_child
from support.deciding import NIGHT, Deciding, Told
from support.packs import varied

DUTIES = """
[[duty]]
id = "request"
from = 2020-01-01
own = true
on = "meeting-request"
tell = {relation = "role:front_door", of = "event"}
propose_invitees = true
because = "front-door"
deadline = "day"
satisfied_by = ["received"]

[[duty]]
id = "request-copied"
from = 2020-01-01
own = true
on = "meeting-request"
tell = {relation = "role:social_care", of = "event"}
because = "copied"
deadline = "day"
satisfied_by = ["received"]
"""
AGREEMENT = """// agreement: meetings
// from: 2020-01-01
// own
// parties: everybody

@id("meetings.copied")
@agreement("meetings")
@legal_basis("made up")
@explain("Social care sees who works with the child")
permit (principal == Role::"social_care", action, resource)
when { resource in [Category::"case_reference", Category::"child_identity", Category::"professional_network"] }
when { context.purpose == "copied" };

@id("meetings.proposed")
@agreement("meetings")
@legal_basis("made up")
@explain("The front door sees whom to invite")
permit (principal == Role::"front_door", action, resource)
when { resource in [Category::"professional_network", Category::"child_health"] }
when { context.purpose == "front-door" };
"""
ADULT = {"ref": "adult-1", "given_name": "Gail", "family_name": "Made-Up", "born": "1985-02-03", "nhs_number": "9990000042"}


@pytest.fixture
def deciding(tmp_path: Path) -> Deciding:
    """A pack whose front door is told whom to invite, of schools and health and not of treatment."""
    pack = load_pack(varied(tmp_path, duties=DUTIES, agreement=AGREEMENT))
    return Deciding(policy=policy_of(pack, NIGHT.date()))


def request(deciding: Deciding, *children: dict[str, Any], adults: tuple[dict[str, Any], ...] = (), by: str = "police.pvp") -> Told:
    """A meeting is asked for."""
    people = {"children": list(children), "adults": list(adults)}
    return deciding.post(by, "meeting-request", {name: named for name, named in people.items() if named})


def proposed(told: Told, field: str = "proposed_invitees", desk: str = "hub.front-door") -> list[tuple[str, str]]:
    """Desk and reason, as the convenor reads them."""
    return sorted((one["desk"], one["reason"]) for one in told.message(desk).get(field, ()))


def test_who_works_with_a_child_is_proposed_with_the_relation(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    deciding.tie(a_child(2), "elm.dsl", "school")
    assert proposed(request(deciding, a_child(1))) == [("oak.dsl", "school")]


def test_a_tie_that_has_ended_proposes_nobody(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    deciding.untie(a_child(1), "oak.dsl", "school")
    assert proposed(request(deciding, a_child(1))) == []


def test_a_services_own_word_proposes_it_and_anothers_does_not(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school", by="oak.dsl")
    deciding.tie(a_child(1), "elm.dsl", "school", by="oak.dsl")
    assert proposed(request(deciding, a_child(1))) == [("oak.dsl", "school")]


def test_who_raised_a_concern_is_proposed_and_who_took_it_back_is_not(deciding: Deciding) -> None:
    deciding.post("oak.dsl", "referral", {"children": [a_child(1)]})
    taken_back = deciding.post("elm.dsl", "referral", {"children": [a_child(1)]})
    deciding.post("elm.dsl", "withdrawal", {"reason": "wrong child"}, reply_to=taken_back.event)
    assert proposed(request(deciding, a_child(1))) == [("oak.dsl", "concerned")]


def test_the_convenor_is_not_proposed_to_itself_and_who_asks_is(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "hub.front-door", "involved")
    deciding.tie(a_child(1), "oak.dsl", "school")
    assert proposed(request(deciding, a_child(1), by="oak.dsl")) == [("oak.dsl", "school")]


def test_services_that_the_agreements_do_not_name_are_not_proposed(deciding: Deciding) -> None:
    deciding.tie(ADULT, "clinic.duty", "treats")
    told = request(deciding, a_child(1), adults=(ADULT,))
    assert "clinic.duty" not in str(told.message("hub.front-door"))
    assert any(held.category == "adult_health_and_treatment" for held in told.to("hub.front-door").withheld)


def test_a_practice_is_proposed_among_those_of_health(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "mill.gp", "gp")
    told = request(deciding, a_child(1))
    assert proposed(told, "proposed_invitees_health") == [("mill.gp", "gp")]
    assert proposed(told) == []


def test_a_duty_that_does_not_propose_tells_nobody_whom_to_invite(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    assert proposed(request(deciding, a_child(1)), desk="care.duty") == []


def test_that_a_child_has_a_dentist_proposes_no_dentist_until_it_raises_a_concern(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "trust.dentist", "dentist")
    assert proposed(request(deciding, a_child(1)), "proposed_invitees_health") == []
    deciding.post("trust.dentist", "referral", {"children": [a_child(1)]})
    assert proposed(request(deciding, a_child(1)), "proposed_invitees_health") == [("trust.dentist", "concerned")]


def test_of_a_child_who_is_not_identified_nobody_is_proposed(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    assert proposed(request(deciding, {**a_child(1), "nhs_number": None, "upn": None})) == []
