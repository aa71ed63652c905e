"""A tie withheld from a desk is shown nowhere to it or to the desk that has its work, and counts for who is told all the same."""

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from frontdoor_router.core.showing import NOBODY, hidden_from
from support.asking import MOTHER, Asking, incident, said_nothing
from support.builders import a_child, an_incident
from support.deciding import Told
from support.merging import the_day_comes
from support.withholding import (
    CLINIC,
    FRONT_DOOR,
    NURSE,
    OAK,
    invitation,
    known,
    no_longer,
    partners,
    proposed,
    referral,
    request,
    works,
)

GROVE, REVIEW = "grove.dsl", "hub.review"
BY_NAME = pytest.mark.parametrize("kept_from", ["oak", "oak.dsl"])
"""An author names a whole agency or one of its desks."""


@pytest.fixture
def deciding(tmp_path: Path) -> Asking:
    """The child goes to Oak School, which becomes part of Grove School tomorrow."""
    return partners(tmp_path)


def involved(deciding: Asking, desk: str, **facts: Any) -> list[str]:
    """Who works with the child, as a desk is answered."""
    return sorted(deciding.ask(desk, "child_view", a_child(1), **facts).list("involved", "desk"))


def given(told: Told, desk: str) -> list[dict[str, Any]]:
    """All that a desk reads, section by section."""
    return [g.section.body for g in told.to(desk).given]


# ---------------------------------------------------------------- known to, whom to invite, who works with a child


@BY_NAME
def test_a_service_that_is_withheld_is_as_unknown_as_one_that_is_not_there(deciding: Asking, kept_from: str) -> None:
    without = known(referral(deciding), OAK)
    works(deciding, CLINIC, kept_from=(kept_from,))
    works(deciding, NURSE, kept_from=(kept_from,))
    told = referral(deciding)
    assert known(told, OAK) == without == {"substance_misuse": "unknown", "school_nursing": "no"}
    assert known(told, FRONT_DOOR) == {"substance_misuse": "yes", "school_nursing": "yes"}


def test_what_a_desk_reads_is_word_for_word_what_it_would_read_without_the_tie(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one, other = partners(tmp_path), partners(tmp_path / "other")
    works(one, CLINIC, kept_from=("oak",))
    works(one, NURSE, kept_from=("oak.dsl",))
    other.now = one.now
    for happens in (referral, request):
        one.rng, other.rng = Random(1), Random(1)
        assert _without_keys(given(happens(one), OAK)) == _without_keys(given(happens(other), OAK))
    assert involved(one, OAK) == involved(other, OAK)


def _without_keys(bodies: list[dict[str, Any]]) -> list[list[tuple[str, str]]]:
    """What is said, without the keys under which it stands in a list: they are drawn anew for each event."""
    return sorted(sorted((path.rpartition("/")[2], str(value)) for path, value in body.items()) for body in bodies)


@BY_NAME
def test_who_is_withheld_from_the_convenor_is_not_proposed_to_it(deciding: Asking, kept_from: str) -> None:
    works(deciding, CLINIC, kept_from=(kept_from,))
    works(deciding, NURSE, kept_from=(kept_from,))
    told = request(deciding)
    assert proposed(told, OAK) == set()
    assert proposed(told, FRONT_DOOR) == {OAK, CLINIC, NURSE}


@BY_NAME
def test_who_raised_a_concern_and_withheld_it_from_the_convenor_is_not_proposed_to_it(deciding: Asking, kept_from: str) -> None:
    deciding.post("elm.dsl", "referral", {"children": [a_child(1)], "sharing": {"withhold_from": [kept_from]}})
    told = request(deciding)
    assert ("elm.dsl" in proposed(told, OAK), "elm.dsl" in proposed(told, FRONT_DOOR)) == (False, True)


@BY_NAME
def test_who_works_with_a_child_is_not_said_to_whom_it_is_withheld_from(deciding: Asking, kept_from: str) -> None:
    works(deciding, NURSE, kept_from=(kept_from,), purpose="Weight checks")
    assert involved(deciding, OAK) == [OAK]
    assert involved(deciding, "care.duty") == [OAK, NURSE]


def test_a_member_of_a_plan_group_is_withheld_like_any_tie(deciding: Asking) -> None:
    group = {"children": [a_child(1)], "about": ["child-1"], "plan_type": "child_in_need", "to_status": "started", "members": [NURSE]}
    deciding.post("care.duty", "plan-status", {**group, "sharing": {"withhold_from": ["oak"]}})
    assert involved(deciding, OAK) == [OAK]
    assert involved(deciding, "care.duty") == [OAK, NURSE]


# ---------------------------------------------------------------- desks that have another's work


@BY_NAME
def test_what_is_withheld_from_a_desk_is_withheld_from_the_one_that_has_its_work(deciding: Asking, kept_from: str) -> None:
    works(deciding, CLINIC, kept_from=(kept_from,))
    works(deciding, NURSE, kept_from=(kept_from,))
    the_day_comes(deciding)
    assert proposed(request(deciding), GROVE) == set()
    assert known(referral(deciding), GROVE) == {"substance_misuse": "unknown", "school_nursing": "no"}
    deciding.tie(a_child(1), GROVE, "school", by="council.school-roll")
    assert NURSE not in involved(deciding, GROVE)


@BY_NAME
def test_an_earlier_event_that_is_withheld_from_a_desk_is_withheld_when_its_successor_asks(deciding: Asking, kept_from: str) -> None:
    incident(deciding, sharing={"withhold_from": [kept_from]})
    the_day_comes(deciding)
    deciding.tie(a_child(1), GROVE, "school", by="council.school-roll")
    assert said_nothing(deciding.ask(GROVE, "chronology", a_child(1)))
    incident(deciding)
    assert deciding.ask(GROVE, "chronology", a_child(1)).list("events_count", "count") == [1]


def test_what_is_withheld_from_nobody_goes_on_to_be_shown_to_the_desk_that_has_its_work(deciding: Asking) -> None:
    works(deciding, NURSE)
    the_day_comes(deciding)
    assert known(referral(deciding), GROVE)["school_nursing"] == "yes"
    deciding.tie(a_child(1), GROVE, "school", by="council.school-roll")
    assert NURSE in involved(deciding, GROVE)


def test_a_service_that_has_anothers_work_has_the_last_word_on_it(deciding: Asking) -> None:
    works(deciding, CLINIC)
    the_day_comes(deciding)
    assert "recovery.duty" in proposed(request(deciding), FRONT_DOOR)
    works(deciding, "recovery.duty", kept_from=("hub",))
    assert "recovery.duty" not in proposed(request(deciding), FRONT_DOOR)


# ---------------------------------------------------------------- whose word holds


def is_shown(deciding: Asking) -> bool:
    """Whether Oak School hears that the nurse works with the child, in all the ways alike."""
    ways = {
        known(referral(deciding), OAK)["school_nursing"] == "yes",
        NURSE in proposed(request(deciding), OAK),
        NURSE in involved(deciding, OAK),
    }
    assert len(ways) == 1
    return ways.pop()


def test_a_service_that_says_so_again_without_the_wish_has_taken_it_back(deciding: Asking) -> None:
    works(deciding, NURSE, kept_from=("oak",))
    assert not is_shown(deciding)
    works(deciding, NURSE)
    assert is_shown(deciding)


def test_a_service_that_says_so_again_with_the_wish_is_shown_no_longer(deciding: Asking) -> None:
    works(deciding, NURSE)
    works(deciding, NURSE, kept_from=("oak",))
    assert not is_shown(deciding)


def test_the_same_wish_again_changes_nothing_and_another_is_kept(deciding: Asking) -> None:
    for wish, expected in ((("oak",), False), (("oak",), False), (("oak", "elm"), False), ((), True), ((), True)):
        works(deciding, NURSE, kept_from=wish)
        assert is_shown(deciding) is expected


def test_a_last_word_that_is_withdrawn_leaves_the_one_before_it(deciding: Asking) -> None:
    for first, last, expected in (((), ("oak",), True), (("oak",), (), False)):
        works(deciding, NURSE, kept_from=first)
        taken_back = works(deciding, NURSE, kept_from=last)
        deciding.post(NURSE, "withdrawal", {"reason": "said too soon"}, reply_to=taken_back.event)
        assert is_shown(deciding) is expected


def test_who_confirms_does_not_lift_the_services_own_wish(deciding: Asking) -> None:
    works(deciding, NURSE, kept_from=("oak",))
    works(deciding, NURSE, by=FRONT_DOOR)
    assert not is_shown(deciding)


def test_the_services_own_wish_holds_though_it_was_confirmed_before(deciding: Asking) -> None:
    works(deciding, NURSE, by=FRONT_DOOR)
    assert is_shown(deciding)
    works(deciding, NURSE, kept_from=("oak",))
    assert not is_shown(deciding)


def test_what_another_withholds_the_service_may_say_itself(deciding: Asking) -> None:
    works(deciding, NURSE, by=FRONT_DOOR, kept_from=("oak",))
    assert not is_shown(deciding)
    works(deciding, NURSE)
    assert is_shown(deciding)


def test_work_that_ended_stays_withheld_when_the_service_begins_anew_without_the_wish(deciding: Asking) -> None:
    works(deciding, NURSE, kept_from=("oak",))
    deciding.now += timedelta(days=2)
    no_longer(deciding, NURSE)
    deciding.now += timedelta(days=2)
    works(deciding, NURSE)
    assert is_shown(deciding)
    day = deciding.now.date()
    assert NURSE in involved(deciding, "care.duty", as_at=(day - timedelta(days=3)).isoformat())
    assert NURSE not in involved(deciding, OAK, as_at=(day - timedelta(days=3)).isoformat())


@pytest.mark.parametrize("ends", [False, True])
def test_a_wish_holds_for_the_days_before_it_while_the_same_work_ran(deciding: Asking, ends: bool) -> None:
    works(deciding, NURSE)
    deciding.now += timedelta(days=3)
    works(deciding, NURSE, kept_from=("oak",))
    if ends:
        deciding.now += timedelta(days=1)
        no_longer(deciding, NURSE)
    before = (deciding.now - timedelta(days=2)).date().isoformat()
    assert NURSE in involved(deciding, "care.duty", as_at=before)
    assert NURSE not in involved(deciding, OAK, as_at=before)


# ---------------------------------------------------------------- a fact all the same


def test_who_must_be_told_is_told_though_the_publisher_may_not_know_of_it(deciding: Asking) -> None:
    works(deciding, CLINIC, kept_from=("police",), by=FRONT_DOOR)
    told = deciding.post("police.pvp", "police-incident", an_incident(a_child(1), adults=(MOTHER,)))
    assert CLINIC in told.desks


def test_a_service_is_asked_where_the_front_door_may_not_know_of_it_and_not_where_another_may_not(deciding: Asking) -> None:
    asked = "ask-the-clinic"
    works(deciding, CLINIC, kept_from=("oak",))
    assert asked not in {o.duty for o in referral(deciding).decision.obligations}
    works(deciding, CLINIC, kept_from=("hub",))
    told = referral(deciding)
    assert [o.desk for o in told.decision.obligations if o.duty == asked] == [CLINIC]
    assert known(told, FRONT_DOOR)["substance_misuse"] == "unknown"


# ---------------------------------------------------------------- who was told, and who owes what


@pytest.mark.parametrize("kept_from", ["police", "police.pvp"])
def test_the_publishers_ledger_has_no_line_for_a_desk_that_was_found_by_a_tie_withheld_from_it(deciding: Asking, kept_from: str) -> None:
    works(deciding, NURSE, kept_from=(kept_from,), by=FRONT_DOOR)
    told, by_another = invitation(deciding), invitation(deciding, by="care.duty")
    assert (told.to(NURSE).visible, by_another.to(NURSE).visible) == (False, True)
    assert invitation(deciding, invited=[NURSE]).to(NURSE).visible


def test_a_member_of_a_plan_group_is_hidden_when_it_hears_of_the_end_of_the_plan_as_it_was_before(deciding: Asking) -> None:
    plan = {"children": [a_child(1)], "about": ["child-1"], "plan_type": "child_in_need"}
    sharing = {"sharing": {"withhold_from": ["hub"]}}
    deciding.post("care.duty", "plan-status", {**plan, "to_status": "started", "members": [NURSE], **sharing})
    for status in ("breached", "ended"):
        case = deciding.post(FRONT_DOOR, "plan-status", {**plan, "to_status": status}).case
        case.world.events.pop(case.envelope.id)  # as it was while it was decided
        (ref,) = case.subjects
        policy = deciding.policy
        assert hidden_from(case, "plan_group", ref, [NURSE], policy.directory, policy.today) == {"hub"}


def test_a_desk_that_is_found_by_another_tie_too_has_its_line(deciding: Asking) -> None:
    works(deciding, NURSE, kept_from=("police",), by=FRONT_DOOR)
    works(deciding, NURSE, by="care.duty")
    works(deciding, NURSE, by="hub.front-door")
    assert invitation(deciding).to(NURSE).visible


def test_nobody_hears_what_such_a_desk_owes_from_whom_the_tie_is_withheld(deciding: Asking) -> None:
    works(deciding, NURSE, kept_from=("police", "elm"), by=FRONT_DOOR)
    told = invitation(deciding, invited=[OAK])
    owed = {o.duty: o.hidden_from for o in told.decision.obligations if o.desk == NURSE}
    assert owed == {"invite-involved": {"police", "elm"}, "invited-answer": {"police", "elm"}}
    assert {o.duty: o.hidden_from for o in told.decision.obligations if o.desk == OAK} == {"collect": NOBODY}


def test_a_desk_that_has_work_on_the_event_too_is_hidden_with_what_it_owes_for_having_been_found(deciding: Asking) -> None:
    works(deciding, REVIEW, kept_from=("police",), by=FRONT_DOOR)
    told = deciding.post("police.pvp", "meeting-invitation", {"children": [a_child(1), a_child(2, nhs_number=None)]})
    assert REVIEW in {owner for _, owner in told.tasks}
    owed = {o.duty: o.hidden_from for o in told.decision.obligations if o.desk == REVIEW}
    assert owed["invite-involved"] == owed["invited-answer"] == {"police"}


def test_what_a_desk_owes_that_was_found_for_all_to_see_is_hidden_from_nobody(deciding: Asking) -> None:
    works(deciding, NURSE, by=FRONT_DOOR)
    works(deciding, CLINIC, kept_from=("police",))
    told = deciding.post("police.pvp", "meeting-invitation", {"children": [a_child(1)], "adults": [MOTHER]})
    assert {o.hidden_from for o in told.decision.obligations if o.desk == NURSE} == {NOBODY}


def test_a_desk_that_is_found_by_a_practice_or_for_want_of_a_school_is_hidden_with_that(deciding: Asking) -> None:
    withheld = {"children": [a_child(1)], "about": ["child-1"], "sharing": {"withhold_from": ["police"]}}
    deciding.post("nhs.registration", "involvement-started", {**withheld, "relation": "gp", "desk": "mill.gp"})
    deciding.post("council.school-roll", "involvement-started", {**withheld, "relation": "no_school", "desk": "council.school-roll"})
    case = referral(deciding).case
    policy, ref = deciding.policy, case.children[0].ref

    def hidden(relation: str, *desks: str, ref: str | None = ref) -> frozenset[str]:
        return hidden_from(case, relation, ref, desks, policy.directory, policy.today)

    assert hidden("practice_links", "trust.visiting") == {"police"}
    assert hidden("practice_links", NURSE) == NOBODY
    assert hidden("no_school_lead", NURSE) == {"police"}
    assert hidden("told_of_thread", "mill.gp", ref=None) == {"police"}
    assert hidden("told_of_thread", OAK, ref=None) == NOBODY
    assert hidden("role:gp", "mill.gp", ref=None) == NOBODY


def test_of_a_child_whose_author_says_that_it_is_in_no_school_that_is_no_secret(deciding: Asking) -> None:
    withheld = {"children": [a_child(1)], "about": ["child-1"], "sharing": {"withhold_from": ["police"]}}
    deciding.post("council.school-roll", "involvement-started", {**withheld, "relation": "no_school", "desk": "council.school-roll"})
    child = a_child(1, not_in_school="home_educated")
    case = deciding.post("police.pvp", "referral", {"children": [child]}).case
    policy = deciding.policy
    assert hidden_from(case, "no_school_lead", case.children[0].ref, (NURSE,), policy.directory, policy.today) == NOBODY
