"""What an event changes in what the router knows: ties, chronology, lists."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from frontdoor_router.core.world import Tie
from frontdoor_schemas.vocabulary import Relation
from support.builders import NHS, a_child, an_adult, an_incident
from support.deciding import NIGHT, Deciding, Told

CHILD = a_child(1)


@pytest.fixture
def deciding() -> Deciding:
    """Nobody is known."""
    return Deciding()


def running(deciding: Deciding, *, at: datetime | None = None) -> list[tuple[str, str, str]]:
    """Ties in force: desk, relation, who confirmed."""
    ties = (t for found in deciding.world.ties.values() for t in found if t.holds(at or deciding.now))
    return sorted({(t.desk, t.relation.value, t.confirmed_by or "") for t in ties})


def person_of(told: Told, name: str = "Given1") -> UUID:
    """A person of an event."""
    person = told.subject(name).person
    assert person is not None
    return person.id


# ---------------------------------------------------------------- involvement


def test_an_agencys_own_word_is_kept_and_confirms_nothing(deciding: Deciding) -> None:
    deciding.tie(CHILD, "oak.dsl", "school", by="oak.dsl")
    assert running(deciding) == [("oak.dsl", "school", "")]


def test_another_agencys_word_confirms_nothing_either(deciding: Deciding) -> None:
    deciding.tie(CHILD, "oak.dsl", "school", by="oak.deputy")
    assert running(deciding) == [("oak.dsl", "school", "")]


@pytest.mark.parametrize(
    ("relation", "by", "confirms"),
    [
        ("school", "council.school-roll", True),
        ("gp", "council.school-roll", False),
        ("gp", "nhs.registration", True),
        ("manages", "nhs.registration", False),
        ("manages", "hub.front-door", True),
        ("plan_group", "care.duty", True),
    ],
)
def test_a_relation_is_confirmed_by_its_register_and_by_the_lead_agency(deciding: Deciding, relation: str, by: str, confirms: bool) -> None:
    deciding.tie(CHILD, "oak.dsl", relation, by=by)
    assert running(deciding) == [("oak.dsl", relation, by if confirms else "")]


def test_a_confirmation_adds_to_an_assertion_and_repeating_either_adds_nothing(deciding: Deciding) -> None:
    for by in ("oak.dsl", "oak.dsl", "council.school-roll", "council.school-roll", "oak.dsl"):
        deciding.tie(CHILD, "oak.dsl", "school", by=by)
    assert running(deciding) == [("oak.dsl", "school", ""), ("oak.dsl", "school", "council.school-roll")]


def test_a_desk_that_does_not_exist_is_tied_to_nobody(deciding: Deciding) -> None:
    deciding.tie(CHILD, "no.such", "school")
    assert running(deciding) == []


def test_somebody_who_is_not_identified_is_tied_to_nobody(deciding: Deciding) -> None:
    deciding.tie(a_child(1, nhs_number=None), "oak.dsl", "school")
    assert running(deciding) == []


def test_a_tie_begins_when_it_is_said_to_have_begun(deciding: Deciding) -> None:
    about = {"children": [CHILD], "about": ["child-1"], "relation": "school", "desk": "oak.dsl"}
    deciding.post("hub.front-door", "involvement-started", {**about, "since": "2020-11-12"})
    assert running(deciding) == []
    assert running(deciding, at=NIGHT + timedelta(days=2)) == [("oak.dsl", "school", "hub.front-door")]


def test_a_day_begins_at_midnight_of_the_partnership_in_summer_too(deciding: Deciding) -> None:
    deciding.now = datetime(2020, 7, 1, 23, 10, tzinfo=UTC)  # ten past midnight of the 2nd
    about = {"children": [CHILD], "about": ["child-1"], "relation": "school", "desk": "oak.dsl"}
    deciding.post("hub.front-door", "involvement-started", {**about, "since": "2020-07-02"})
    assert running(deciding) == [("oak.dsl", "school", "hub.front-door")]


def test_a_tie_is_about_whom_the_event_says_and_nobody_else_in_it(deciding: Deciding) -> None:
    about = {"children": [CHILD, a_child(2)], "about": ["child-2"], "relation": "school", "desk": "oak.dsl"}
    told = deciding.post("hub.front-door", "involvement-started", about)
    assert [t.person for t in told.decision.ties] == [person_of(told, "Given2")]


def test_a_desk_ends_its_own_tie_whoever_confirmed_it(deciding: Deciding) -> None:
    deciding.tie(CHILD, "oak.dsl", "school", by="council.school-roll")
    told = deciding.untie(CHILD, "oak.dsl", "school", by="oak.dsl")
    assert len(told.decision.ended) == 1
    assert running(deciding) == []


def test_nobody_else_ends_it_but_who_may_confirm_it(deciding: Deciding) -> None:
    deciding.tie(CHILD, "oak.dsl", "school", by="council.school-roll")
    deciding.untie(CHILD, "oak.dsl", "school", by="nhs.registration")
    deciding.untie(CHILD, "oak.dsl", "gp", by="council.school-roll")
    deciding.untie(CHILD, "elm.dsl", "school", by="council.school-roll")
    assert running(deciding) == [("oak.dsl", "school", "council.school-roll")]
    deciding.untie(CHILD, "oak.dsl", "school", by="council.school-roll")
    assert running(deciding) == []


def test_an_end_that_is_dated_ahead_ends_at_once(deciding: Deciding) -> None:
    deciding.tie(CHILD, "oak.dsl", "school")
    about = {"children": [CHILD], "about": ["child-1"], "relation": "school", "desk": "oak.dsl"}
    later = (deciding.now + timedelta(hours=20)).isoformat()
    deciding.post("hub.front-door", "involvement-ended", {**about, "occurred_at": later})
    assert running(deciding) == []


# ---------------------------------------------------------------- in whatever order it is heard


def said_at(deciding: Deciding, hours: int, event_type: str, desk: str = "oak.dsl", by: str = "council.school-roll") -> Told:
    """A register says what began or ended so many hours ago."""
    happened = (deciding.now - timedelta(hours=hours)).isoformat()
    about = {"children": [CHILD], "about": ["child-1"], "relation": "school", "desk": desk, "occurred_at": happened}
    return deciding.post(by, event_type, about)


def test_what_ended_before_its_beginning_was_heard_of_has_ended(deciding: Deciding) -> None:
    said_at(deciding, 1, "involvement-ended")
    said_at(deciding, 3, "involvement-started")
    assert running(deciding) == []
    assert running(deciding, at=deciding.now - timedelta(hours=2)) == [("oak.dsl", "school", "council.school-roll")]


def test_whoever_may_not_end_a_tie_does_not_do_so_by_being_first(deciding: Deciding) -> None:
    said_at(deciding, 1, "involvement-ended", by="nhs.registration")
    said_at(deciding, 3, "involvement-started")
    assert running(deciding) == [("oak.dsl", "school", "council.school-roll")]


def test_the_end_of_an_earlier_time_ends_nothing_that_began_after_it(deciding: Deciding) -> None:
    said_at(deciding, 9, "involvement-started")
    said_at(deciding, 1, "involvement-started")
    said_at(deciding, 5, "involvement-ended")
    assert running(deciding) == [("oak.dsl", "school", "council.school-roll")]
    assert running(deciding, at=deciding.now - timedelta(hours=3)) == []


def test_a_plan_that_ended_earlier_leaves_the_one_that_has_begun_since(deciding: Deciding) -> None:
    plan(deciding, "started", "oak.dsl")
    before = (deciding.now - timedelta(days=9)).isoformat()
    data = {"children": [CHILD], "plan_type": "child_protection", "to_status": "ended", "occurred_at": before}
    deciding.post("care.duty", "plan-status", data)
    assert running(deciding) == [("oak.dsl", "plan_group", "care.duty")]


def plan_said_at(deciding: Deciding, hours: int, status: str, *members: str, kind: str = "child_protection", by: str = "care.duty") -> Told:
    """What became of a plan so many hours ago."""
    happened = (deciding.now - timedelta(hours=hours)).isoformat()
    data = {"children": [CHILD], "plan_type": kind, "to_status": status, "members": list(members), "occurred_at": happened}
    return deciding.post(by, "plan-status", data)


def test_a_plan_whose_end_was_heard_first_has_no_group(deciding: Deciding) -> None:
    plan_said_at(deciding, 1, "ended")
    plan_said_at(deciding, 5, "started", "oak.dsl", "mill.gp")
    assert running(deciding) == []
    then = deciding.now - timedelta(hours=3)
    assert running(deciding, at=then) == [("mill.gp", "plan_group", "care.duty"), ("oak.dsl", "plan_group", "care.duty")]


@pytest.mark.parametrize(("kind", "by"), [("child_in_need", "care.duty"), ("child_protection", "oak.dsl")])
def test_the_end_of_another_plan_or_by_who_may_not_end_it_leaves_the_group(deciding: Deciding, kind: str, by: str) -> None:
    plan_said_at(deciding, 1, "ended", kind=kind, by=by)
    plan_said_at(deciding, 5, "started", "oak.dsl")
    assert running(deciding) == [("oak.dsl", "plan_group", "care.duty")]


def test_a_plan_that_begins_after_the_end_of_an_earlier_one_has_its_group(deciding: Deciding) -> None:
    plan_said_at(deciding, 5, "ended")
    plan_said_at(deciding, 1, "started", "oak.dsl")
    assert running(deciding) == [("oak.dsl", "plan_group", "care.duty")]


def test_who_left_the_group_before_the_plan_was_heard_of_has_left(deciding: Deciding) -> None:
    said = {"children": [CHILD], "about": ["child-1"], "relation": "plan_group", "desk": "oak.dsl"}
    deciding.post("care.duty", "involvement-ended", {**said, "occurred_at": (deciding.now - timedelta(hours=1)).isoformat()})
    plan_said_at(deciding, 5, "started", "oak.dsl", "mill.gp")
    assert running(deciding) == [("mill.gp", "plan_group", "care.duty")]


def test_what_was_announced_may_be_called_off_before_it_begins(deciding: Deciding) -> None:
    about = {"children": [CHILD], "about": ["child-1"], "relation": "school", "desk": "oak.dsl"}
    deciding.post("hub.front-door", "involvement-started", {**about, "since": "2020-12-01"})
    deciding.post("hub.front-door", "involvement-ended", about)
    assert running(deciding, at=datetime(2020, 12, 2, tzinfo=UTC)) == []


def test_who_leaves_before_the_announced_day_has_left(deciding: Deciding) -> None:
    deciding.tie(CHILD, "oak.dsl", "school")
    moved(deciding, "hub.front-door", moved=["school"], from_school="oak.dsl", to_school="elm.dsl", effective_at="2020-11-16T09:00:00Z")
    deciding.untie(CHILD, "oak.dsl", "school")
    assert running(deciding) == []


# ---------------------------------------------------------------- plans


def plan(deciding: Deciding, status: str, *members: str, kind: str = "child_protection", by: str = "care.duty") -> Told:
    """The status of a plan of the child."""
    data = {"children": [CHILD], "plan_type": kind, "to_status": status, "members": list(members)}
    return deciding.post(by, "plan-status", data)


def test_the_members_of_a_plan_are_its_group_until_it_ends(deciding: Deciding) -> None:
    plan(deciding, "started", "oak.dsl", "mill.gp", "no.such")
    assert running(deciding) == [("mill.gp", "plan_group", "care.duty"), ("oak.dsl", "plan_group", "care.duty")]
    plan(deciding, "breached", "oak.dsl")
    assert len(running(deciding)) == 2
    plan(deciding, "ended")
    assert running(deciding) == []


def test_the_last_that_the_group_of_a_plan_hears_is_that_it_has_ended(deciding: Deciding) -> None:
    plan(deciding, "started", "oak.dsl")
    assert "oak.dsl" in plan(deciding, "ended").desks
    assert "oak.dsl" not in plan(deciding, "ended").desks
    assert "oak.dsl" not in plan(deciding, "breached").desks


def test_a_group_that_nobody_may_confirm_is_none(deciding: Deciding) -> None:
    plan(deciding, "started", "oak.dsl", by="police.pvp")
    assert running(deciding) == [("oak.dsl", "plan_group", "")]


def test_a_plan_is_ended_by_who_may_confirm_its_group_and_by_nobody_else(deciding: Deciding) -> None:
    plan(deciding, "started", "oak.dsl")
    plan(deciding, "ended", by="police.pvp")
    assert len(running(deciding)) == 1


def test_a_plan_that_ends_leaves_the_group_of_another_plan_alone(deciding: Deciding) -> None:
    plan(deciding, "started", "oak.dsl", "mill.gp")
    plan(deciding, "started", "oak.dsl", kind="child_in_need")
    plan(deciding, "ended")
    assert running(deciding) == [("oak.dsl", "plan_group", "care.duty")]


def test_a_plan_that_ends_leaves_other_ties_alone(deciding: Deciding) -> None:
    deciding.tie(CHILD, "oak.dsl", "school")
    plan(deciding, "ended")
    assert running(deciding) == [("oak.dsl", "school", "hub.front-door")]


def in_group(deciding: Deciding) -> set[str]:
    """Desks that are in the group of a plan now."""
    return {desk for desk, relation, _ in running(deciding) if relation == "plan_group"}


def test_who_is_in_the_group_of_no_plan_in_particular_leaves_it_with_the_last_plan(deciding: Deciding) -> None:
    plan(deciding, "started", "oak.dsl")
    plan(deciding, "started", "elm.dsl", kind="child_in_need")
    deciding.tie(CHILD, "mill.gp", "plan_group", by="care.duty")
    plan(deciding, "ended", kind="child_in_need")
    assert in_group(deciding) == {"oak.dsl", "mill.gp"}
    plan(deciding, "ended")
    assert in_group(deciding) == set()


def test_a_plan_that_only_others_assert_keeps_nobody_in_a_group(deciding: Deciding) -> None:
    plan(deciding, "started", "elm.dsl", by="police.pvp")
    deciding.tie(CHILD, "mill.gp", "plan_group", by="care.duty")
    plan(deciding, "ended", kind="child_in_need")
    assert "mill.gp" not in in_group(deciding)


def test_who_is_heard_late_to_have_been_in_a_group_is_in_it_while_another_plan_runs(deciding: Deciding) -> None:
    plan_said_at(deciding, 9, "started", "oak.dsl")
    plan_said_at(deciding, 3, "ended", kind="child_in_need")
    said = {"children": [CHILD], "about": ["child-1"], "relation": "plan_group", "desk": "mill.gp"}
    deciding.post("care.duty", "involvement-started", {**said, "occurred_at": (deciding.now - timedelta(hours=5)).isoformat()})
    assert in_group(deciding) == {"oak.dsl", "mill.gp"}
    plan_said_at(deciding, 1, "ended")
    assert in_group(deciding) == set()


def test_who_is_in_the_group_of_no_plan_stays_with_the_plan_whose_end_is_taken_back(deciding: Deciding) -> None:
    plan_said_at(deciding, 9, "started", "oak.dsl")
    deciding.tie(CHILD, "mill.gp", "plan_group", by="care.duty")
    deciding.now += timedelta(hours=8)
    wrong = plan_said_at(deciding, 5, "ended")
    plan_said_at(deciding, 3, "ended", kind="child_in_need")
    assert in_group(deciding) == set()
    take_back(deciding, wrong, by="care.duty")
    assert in_group(deciding) == {"oak.dsl", "mill.gp"}


# ---------------------------------------------------------------- chronology and lists


def test_every_event_about_somebody_is_a_line_of_the_chronology(deciding: Deciding) -> None:
    told = deciding.post("police.pvp", "police-incident", an_incident(CHILD, a_child(2, nhs_number=None)))
    (entry,) = told.decision.entries
    marks = frozenset({"domestic_abuse", "domestic_abuse.risk_grade=standard"})
    assert (entry.person, entry.open, entry.marks) == (person_of(told), False, marks)
    assert deciding.post("police.pvp", "police-incident", {"children": [CHILD]}).decision.entries[0].marks == frozenset()


def test_a_tie_is_no_line_and_a_change_of_worker_is_one_without_its_reason(deciding: Deciding) -> None:
    assert deciding.tie(CHILD, "oak.dsl", "school").decision.entries == ()
    said = {"children": [CHILD], "about": [CHILD["ref"]], "relation": "involved", "desk": "oak.dsl", "reason_for_change": "Robin moved"}
    (entry,) = deciding.post("hub.front-door", "involvement-started", said).decision.entries
    assert entry.marks == {"reason_for_change"}


def test_a_mark_about_one_child_is_not_beside_the_line_of_another(deciding: Deciding) -> None:
    concern = [{"about": ["child-1"], "type": "neglect"}, {"about": ["child-2"], "type": "physical_abuse"}]
    told = deciding.post("oak.dsl", "referral", {"children": [a_child(1), a_child(2)], "concern_types": concern})
    assert sorted(sorted(e.marks) for e in told.decision.entries) == [["concern_types.type=neglect"], ["concern_types.type=physical_abuse"]]


def test_a_referral_is_open_until_it_is_refused(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [CHILD, a_child(2)]})
    assert all(e.open for e in referral.decision.entries)
    outcome = {"children": [CHILD], "decided_at": "2020-11-10T21:00:00Z"}
    accepted = deciding.post("hub.front-door", "referral-outcome", {**outcome, "accepted": "yes"}, reply_to=referral.event)
    assert accepted.decision.closed_entries == ()
    refused = deciding.post("hub.front-door", "referral-outcome", {**outcome, "accepted": "no"}, reply_to=referral.event)
    assert {event for _, event in refused.decision.closed_entries} == {referral.event}
    assert not any(e.open for found in deciding.world.entries.values() for e in found)


def outcome(deciding: Deciding, accepted: str, to: UUID) -> Told:
    """The front door answers."""
    data = {"children": [CHILD], "decided_at": "2020-11-10T21:00:00Z", "accepted": accepted}
    return deciding.post("hub.front-door", "referral-outcome", data, reply_to=to)


def runs(deciding: Deciding) -> int:
    """How many referrals run."""
    return sum(e.open for found in deciding.world.entries.values() for e in found)


def test_a_refusal_that_is_corrected_leaves_the_referral_running(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [CHILD]})
    refused = outcome(deciding, "no", referral.event)
    data = {"children": [CHILD], "occurred_at": NIGHT.isoformat(), "decided_at": NIGHT.isoformat(), "accepted": "yes"}
    event = {"type": "referral-outcome", "data": data}
    deciding.post("hub.front-door", "correction", {"reason": "the wrong box", "event": event}, reply_to=refused.event)
    assert runs(deciding) == 1


def test_a_referral_that_is_accepted_after_a_challenge_runs(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [CHILD]})
    refused = outcome(deciding, "no", referral.event)
    assert runs(deciding) == 0
    said = {"children": [CHILD], "against": "decision", "reason": "There is more"}
    challenge = deciding.post("oak.dsl", "challenge", said, reply_to=refused.event)
    outcome(deciding, "yes", challenge.event)
    assert runs(deciding) == 1


def test_who_refuses_a_referral_that_was_corrected_meanwhile_refuses_it(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [CHILD]})
    event = {"type": "referral", "data": {"children": [CHILD], "occurred_at": NIGHT.isoformat()}}
    deciding.post("oak.dsl", "correction", {"reason": "a slip", "event": event}, reply_to=referral.event)
    outcome(deciding, "no", referral.event)
    assert runs(deciding) == 0
    outcome(deciding, "yes", referral.event)
    assert runs(deciding) == 1


def take_back(deciding: Deciding, told: Told, by: str = "hub.front-door") -> Told:
    """Whoever said something withdraws it."""
    return deciding.post(by, "withdrawal", {"reason": "another child"}, reply_to=told.event)


def progress(deciding: Deciding, status: str, to: UUID) -> Told:
    """The front door says how far a referral is."""
    return deciding.post("hub.front-door", "referral-progress", {"children": [CHILD], "status": status}, reply_to=to)


def test_a_referral_runs_again_once_its_refusal_or_its_closing_is_withdrawn(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [CHILD]})
    for wrong in (outcome(deciding, "no", referral.event), progress(deciding, "closed", referral.event)):
        take_back(deciding, wrong)
    assert runs(deciding) == 1


def test_a_referral_that_was_refused_twice_is_refused_while_one_refusal_stands(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [CHILD]})
    first, second = (outcome(deciding, "no", referral.event) for _ in range(2))
    for wrong, left in ((second, 0), (first, 1)):
        take_back(deciding, wrong)
        assert runs(deciding) == left


def test_a_refusal_counts_again_once_what_accepted_after_it_is_withdrawn(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [CHILD]})
    outcome(deciding, "no", referral.event)
    accepted = outcome(deciding, "yes", referral.event)
    take_back(deciding, accepted)
    assert runs(deciding) == 0


def test_a_closing_that_is_corrected_to_a_step_on_the_way_leaves_the_referral_running(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [CHILD]})
    closed = progress(deciding, "closed", referral.event)
    data = {"children": [CHILD], "occurred_at": NIGHT.isoformat(), "status": "triaged"}
    event = {"type": "referral-progress", "data": data}
    deciding.post("hub.front-door", "correction", {"reason": "another referral", "event": event}, reply_to=closed.event)
    assert runs(deciding) == 1


def test_a_referral_that_was_itself_withdrawn_is_brought_back_by_nothing(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [CHILD]})
    refused = outcome(deciding, "no", referral.event)
    take_back(deciding, referral, by="oak.dsl")
    take_back(deciding, refused)
    assert runs(deciding) == 0


def test_an_episode_runs_again_only_once_nothing_says_any_more_that_the_child_is_back(deciding: Deciding) -> None:
    def episode(stage: str) -> Told:
        return deciding.post("police.pvp", "missing-episode", {"children": [CHILD], "stage": stage})

    episode("reported")
    first, second = episode("returned"), episode("returned")
    for wrong, left in ((first, 0), (second, 1)):
        take_back(deciding, wrong, by="police.pvp")
        assert runs(deciding) == left


def test_the_lead_agencys_list_stays_with_the_person_and_anybody_elses_is_for_its_event(deciding: Deciding) -> None:
    sharing = {"sharing": {"locating_for": ["oak.dsl", "mill.gp"]}}
    assert deciding.post("oak.dsl", "referral", {"children": [CHILD], **sharing}).decision.listed == ()
    told = deciding.post("hub.front-door", "referral", {"children": [CHILD, a_child(2, nhs_number=None)], **sharing})
    assert told.decision.listed == ((person_of(told), "mill.gp"), (person_of(told), "oak.dsl"))


def test_a_tie_holds_from_its_beginning_and_no_longer_at_its_end() -> None:
    tie = Tie(UUID(int=1), "oak.dsl", Relation.school, NIGHT, "x", "x", UUID(int=2), until=NIGHT + timedelta(days=1))
    assert [tie.holds(NIGHT + timedelta(hours=h)) for h in (-1, 0, 23, 24)] == [False, True, True, False]


def test_adults_are_tied_as_children_are(deciding: Deciding) -> None:
    deciding.tie(an_adult(1, nhs_number=NHS[8], born="1990-01-01"), "probation.duty", "manages")
    assert running(deciding) == [("probation.duty", "manages", "hub.front-door")]


# ---------------------------------------------------------------- moves, early help, what runs on


def moved(deciding: Deciding, by: str, **said: Any) -> Told:
    """A child changes something."""
    return deciding.post(by, "child-moved", {"children": [CHILD], "about": [CHILD["ref"]], **said})


def test_a_child_is_at_the_new_school_from_the_day_of_the_move_and_not_before(deciding: Deciding) -> None:
    deciding.tie(CHILD, "oak.dsl", "school")
    moved(deciding, "hub.front-door", moved=["school"], to_school="elm.dsl", effective_at="2020-11-16T09:00:00Z")
    for day, school in ((15, "oak.dsl"), (16, "elm.dsl")):
        at = datetime(2020, 11, day, 12, tzinfo=UTC)
        found = [t.desk for ties in deciding.world.ties.values() for t in ties if t.confirmed_by and t.holds(at)]
        assert found == [school]


def test_of_two_moves_the_last_counts_in_whatever_order_they_are_heard(deciding: Deciding) -> None:
    deciding.tie(CHILD, "oak.dsl", "school")
    deciding.now += timedelta(days=9)
    first, second = ((deciding.now - timedelta(days=n)).isoformat() for n in (5, 1))
    moved(deciding, "hub.front-door", moved=["school"], from_school="elm.dsl", to_school="ash.dsl", occurred_at=second)
    moved(deciding, "hub.front-door", moved=["school"], from_school="oak.dsl", to_school="elm.dsl", occurred_at=first)
    assert running(deciding) == [("ash.dsl", "school", "hub.front-door")]


def test_who_moves_for_a_while_leaves_nobody(deciding: Deciding) -> None:
    deciding.tie(CHILD, "mill.gp", "gp")
    deciding.tie(CHILD, "oak.dsl", "school")
    moved(deciding, "hub.front-door", moved=["school"], from_school="oak.dsl", to_school="elm.dsl", temporary="yes")
    assert {desk for desk, *_ in running(deciding)} == {"mill.gp", "oak.dsl", "elm.dsl"}


def test_a_school_may_say_that_a_child_left_it_and_not_where_it_came(deciding: Deciding) -> None:
    deciding.tie(CHILD, "oak.dsl", "school")
    moved(deciding, "oak.dsl", moved=["school"], from_school="oak.dsl", to_school="elm.dsl")
    assert running(deciding) == [("elm.dsl", "school", "")]


def test_nobody_else_says_that_a_child_left_a_school(deciding: Deciding) -> None:
    deciding.tie(CHILD, "oak.dsl", "school")
    moved(deciding, "police.pvp", moved=["school"], from_school="oak.dsl")
    assert running(deciding) == [("oak.dsl", "school", "hub.front-door")]


def test_a_desk_of_another_role_becomes_no_school(deciding: Deciding) -> None:
    moved(deciding, "hub.front-door", moved=["school"], to_school="mill.gp")
    assert running(deciding) == []


def early_help(deciding: Deciding, stage: str, *team: str) -> None:
    """An early-help assessment."""
    deciding.post("hub.front-door", "early-help-assessment", {"children": [CHILD], "stage": stage, "team": list(team)})


def test_the_team_of_an_early_help_episode_is_a_group_until_it_closes(deciding: Deciding) -> None:
    early_help(deciding, "started", "oak.dsl", "mill.gp")
    plan(deciding, "started", "elm.dsl")
    assert {desk for desk, *_ in running(deciding)} == {"oak.dsl", "mill.gp", "elm.dsl"}
    early_help(deciding, "closed")
    assert {desk for desk, *_ in running(deciding)} == {"elm.dsl"}


def test_a_referral_that_is_done_with_runs_no_longer(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [CHILD]})
    for status, still in (("triaged", True), ("completed", False)):
        deciding.post("hub.front-door", "referral-progress", {"children": [CHILD], "status": status}, reply_to=referral.event)
        entries = [e for found in deciding.world.entries.values() for e in found if e.event == referral.event]
        assert [e.open for e in entries] == [still]


def test_a_missing_episode_runs_until_the_child_is_back(deciding: Deciding) -> None:
    for stage, open_ in (("reported", 1), ("reviewed", 1), ("returned", 0)):
        deciding.post("police.pvp", "missing-episode", {"children": [CHILD], "stage": stage})
        assert sum(e.open for found in deciding.world.entries.values() for e in found) == open_
