"""Withdrawal and correction: what was told is taken back, and who has it already is told so."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from frontdoor_schemas.vocabulary import Level
from support.asking import HOME
from support.builders import a_child, an_incident
from support.deciding import NIGHT, Deciding, Told


@pytest.fixture
def deciding() -> Deciding:
    """A child at Oak and at Mill Surgery."""
    made = Deciding()
    made.tie(a_child(1), "oak.dsl", "school")
    made.tie(a_child(1), "mill.gp", "gp")
    return made


def incident(deciding: Deciding, **facts: Any) -> Told:
    """An incident about the child."""
    return deciding.post("police.pvp", "police-incident", an_incident(a_child(1, **facts)))


def withdraw(deciding: Deciding, event: UUID, by: str = "police.pvp") -> Told:
    """Somebody takes it back."""
    return deciding.post(by, "withdrawal", {"reason": "wrong child"}, reply_to=event)


def correct(deciding: Deciding, event: UUID, *children: dict[str, Any], by: str = "police.pvp") -> Told:
    """Somebody says it again, right."""
    data = {"occurred_at": NIGHT.isoformat(), **an_incident(*children)}
    return deciding.post(by, "correction", {"reason": "wrong child", "event": {"type": "police-incident", "data": data}}, reply_to=event)


def reached(deciding: Deciding, event: UUID, desk: str, *, level: Level | None = None, by_telephone: bool = False) -> None:
    """A desk's receipt came."""
    earlier = deciding.world.events[event]
    told = tuple(replace(t, level=level, by_telephone=by_telephone) if t.desk == desk else t for t in earlier.told)
    deciding.world.events[event] = replace(earlier, told=told)


def notices(told: Told) -> dict[str, UUID | None]:
    """Who is told that something was withdrawn, and what."""
    return {d.desk: d.refers_to for d in told.decision.disclosures if d.kind == "withdrawn"}


def test_what_nobody_has_is_recalled_and_nobody_is_told(deciding: Deciding) -> None:
    first = incident(deciding)
    told = withdraw(deciding, first.event)
    assert {t.desk for t in told.decision.withdrawn} == {"oak.dsl", "mill.gp", "hub.front-door"}
    assert told.decision.withdrawn_events == (first.event,)
    assert told.decision.disclosures == ()


@pytest.mark.parametrize("level", [Level.received, Level.opened, Level.acted])
def test_who_has_it_is_told_without_content_and_has_to_collect_that(deciding: Deciding, level: Level) -> None:
    first = incident(deciding)
    reached(deciding, first.event, "oak.dsl", level=level)
    told = withdraw(deciding, first.event)
    assert notices(told) == {"oak.dsl": first.to("oak.dsl").id}
    assert told.to("oak.dsl", "withdrawn").given == ()
    (owed,) = told.decision.obligations
    assert (owed.desk, owed.duty, owed.disclosure) == ("oak.dsl", "collect", told.to("oak.dsl", "withdrawn").id)


def test_who_was_told_by_telephone_has_it(deciding: Deciding) -> None:
    first = incident(deciding)
    reached(deciding, first.event, "oak.dsl", by_telephone=True)
    assert notices(withdraw(deciding, first.event)) == {"oak.dsl": first.to("oak.dsl").id}


def test_a_second_withdrawal_finds_nothing_left(deciding: Deciding) -> None:
    first = incident(deciding)
    reached(deciding, first.event, "oak.dsl", level=Level.opened)
    withdraw(deciding, first.event)
    again = withdraw(deciding, first.event)
    assert (again.decision.withdrawn, again.decision.disclosures) == ((), ())


def test_what_was_withdrawn_no_longer_counts_for_what_follows(deciding: Deciding) -> None:
    tie = deciding.tie(a_child(1), "elm.dsl", "school")
    listing = deciding.post("hub.front-door", "referral", {"children": [a_child(1)], "sharing": {"locating_for": ["elm.dsl"]}})
    again = deciding.post("hub.front-door", "referral", {"children": [a_child(1)], "sharing": {"locating_for": ["elm.dsl"]}})
    (person,) = deciding.world.listed
    withdraw(deciding, tie.event, by="hub.front-door")
    withdraw(deciding, listing.event, by="hub.front-door")
    assert "elm.dsl" in deciding.world.listed[person]
    withdraw(deciding, again.event, by="hub.front-door")
    assert "elm.dsl" not in deciding.world.listed[person]
    assert not any(e.open for e in deciding.world.entries[person])
    assert "elm.dsl" not in incident(deciding).desks


def test_what_was_asked_for_by_a_withdrawn_event_is_no_longer_answered(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [a_child(1)]})
    withdraw(deciding, referral.event, by="oak.dsl")
    data = {"children": [a_child(1)], "decided_at": "2020-11-10T21:00:00Z", "accepted": "yes"}
    assert deciding.post("hub.front-door", "referral-outcome", data, reply_to=referral.event).decision.met == ()


def test_a_correction_takes_back_and_tells_anew(deciding: Deciding) -> None:
    deciding.tie(a_child(2), "elm.dsl", "school")
    first = incident(deciding)
    told = correct(deciding, first.event, a_child(2))
    assert {t.desk for t in told.decision.withdrawn} == {"oak.dsl", "mill.gp", "hub.front-door"}
    assert told.desks == {"elm.dsl", "hub.front-door"}
    assert told.to("hub.front-door").id != first.to("hub.front-door").id


def test_a_second_correction_takes_back_the_first_one_though_it_answers_the_event(deciding: Deciding) -> None:
    first = incident(deciding)
    second = correct(deciding, first.event, a_child(1))
    third = correct(deciding, first.event, a_child(1))
    assert third.decision.withdrawn_events == (first.event, second.event)
    assert {t.id for t in third.decision.withdrawn} == {d.id for d in second.decision.disclosures}


def test_a_correction_of_a_correction_takes_back_what_stands(deciding: Deciding) -> None:
    first = incident(deciding)
    second = correct(deciding, first.event, a_child(1))
    third = correct(deciding, second.event, a_child(1))
    assert third.decision.withdrawn_events == (second.event,)
    assert withdraw(deciding, first.event).decision.withdrawn_events == (first.event, second.event, third.event)


def test_the_tie_that_a_corrected_event_made_is_gone_when_its_correction_looks_for_desks(deciding: Deciding) -> None:
    about = {"about": ["child-3"], "relation": "school", "desk": "elm.dsl", "children": [a_child(3)]}
    wrong = deciding.post("council.school-roll", "involvement-started", about)
    event = {"type": "involvement-started", "data": {"occurred_at": NIGHT.isoformat(), **about, "desk": "oak.dsl"}}
    told = deciding.post("council.school-roll", "correction", {"reason": "school", "event": event}, reply_to=wrong.event)
    assert [(t.desk, t.confirmed_by) for t in told.decision.ties] == [("oak.dsl", "council.school-roll")]
    (ties,) = [found for found in deciding.world.ties.values() if found[-1].desk == "oak.dsl" and found[0].desk == "elm.dsl"]
    assert [t.holds(deciding.now) for t in ties] == [False, True]


def holding(deciding: Deciding, desk: str) -> bool:
    """Whether any tie of a desk is in force."""
    return any(t.desk == desk and t.holds(deciding.now) for ties in deciding.world.ties.values() for t in ties)


def test_what_an_event_ended_goes_on_when_it_is_taken_back(deciding: Deciding) -> None:
    wrong = deciding.untie(a_child(1), "oak.dsl", "school")
    assert "oak.dsl" not in incident(deciding).desks
    withdraw(deciding, wrong.event, by="hub.front-door")
    assert "oak.dsl" in incident(deciding).desks


def test_the_end_of_a_plan_that_was_about_another_child_leaves_its_group_as_it_was(deciding: Deciding) -> None:
    plan = {"plan_type": "child_protection", "members": ["elm.dsl"]}
    for n in (1, 2):
        deciding.post("care.duty", "plan-status", {"children": [a_child(n)], "to_status": "started", **plan})
    wrong = deciding.post("care.duty", "plan-status", {"children": [a_child(1)], "to_status": "ended", **plan})
    data = {"children": [a_child(2)], "to_status": "ended", "occurred_at": deciding.now.isoformat(), **plan}
    event = {"type": "plan-status", "data": data}
    deciding.post("care.duty", "correction", {"reason": "wrong child", "event": event}, reply_to=wrong.event)
    one, other = (p for p, ties in deciding.world.ties.items() if any(t.desk == "elm.dsl" for t in ties))
    assert [any(t.desk == "elm.dsl" and t.holds(deciding.now) for t in deciding.world.ties[p]) for p in (one, other)] == [True, False]


def test_an_end_that_was_said_twice_stands_while_one_of_the_two_does(deciding: Deciding) -> None:
    first, second = (deciding.untie(a_child(1), "oak.dsl", "school") for _ in range(2))
    withdraw(deciding, first.event, by="hub.front-door")
    assert not holding(deciding, "oak.dsl")
    withdraw(deciding, second.event, by="hub.front-door")
    assert holding(deciding, "oak.dsl")


def test_a_tie_that_was_taken_back_is_brought_back_by_nothing(deciding: Deciding) -> None:
    began = deciding.tie(a_child(1), "elm.dsl", "school")
    ended = deciding.untie(a_child(1), "elm.dsl", "school")
    for event in (began.event, ended.event):
        withdraw(deciding, event, by="hub.front-door")
    assert not holding(deciding, "elm.dsl")


def test_a_tie_that_two_events_state_outlives_the_withdrawal_of_one(deciding: Deciding) -> None:
    first, second = (deciding.tie(a_child(1), "elm.dsl", "school") for _ in range(2))
    withdraw(deciding, first.event, by="hub.front-door")
    assert "elm.dsl" in incident(deciding).desks
    withdraw(deciding, second.event, by="hub.front-door")
    assert "elm.dsl" not in incident(deciding).desks


def test_nobody_takes_back_what_another_agency_said(deciding: Deciding) -> None:
    first = incident(deciding)
    told = withdraw(deciding, first.event, by="oak.dsl")
    assert (told.decision.withdrawn, told.decision.withdrawn_events) == ((), ())
    assert told.tasks == [("not-its-own", "hub.front-door")]
    assert told.decision.audit[1].type == "amendment.refused"


def test_nobody_puts_words_into_another_agencys_mouth(deciding: Deciding) -> None:
    first = incident(deciding)
    told = correct(deciding, first.event, a_child(3), by="oak.dsl")
    assert told.desks == set()
    assert (told.decision.people, told.decision.entries, told.decision.withdrawn) == ((), (), ())
    assert told.tasks == [("not-its-own", "hub.front-door")]


def test_another_desk_of_the_same_agency_may(deciding: Deciding) -> None:
    assert withdraw(deciding, incident(deciding).event, by="police.supervisor").decision.withdrawn_events


def test_the_correction_of_another_agency_in_the_chain_stays(deciding: Deciding) -> None:
    first = incident(deciding)
    second = correct(deciding, first.event, a_child(1))
    deciding.world.events[second.event] = replace(deciding.world.events[second.event], source="oak.dsl")
    assert withdraw(deciding, first.event).decision.withdrawn_events == (first.event,)


def test_taking_back_what_is_not_known_is_noted_and_changes_nothing(deciding: Deciding) -> None:
    first = incident(deciding)
    del deciding.world.events[first.event]
    told = withdraw(deciding, first.event)
    assert told.decision.disclosures == ()
    assert [a.type for a in told.decision.audit] == ["event.decided", "amendment.of_nothing"]


def test_what_a_deputy_was_given_is_taken_back_too(deciding: Deciding) -> None:
    first = incident(deciding)
    earlier = deciding.world.events[first.event]
    (pattern,) = [t for t in earlier.told if t.desk == "oak.dsl"]
    for_deputy = replace(pattern, id=UUID(int=7), desk="oak.deputy", kind="overdue", level=Level.opened)
    held = replace(pattern, id=UUID(int=8), desk="hub.review", kind="held", level=Level.opened)
    deciding.world.events[first.event] = replace(earlier, told=(*earlier.told, for_deputy, held))
    told = withdraw(deciding, first.event)
    assert UUID(int=7) in {t.id for t in told.decision.withdrawn}
    assert UUID(int=8) not in {t.id for t in told.decision.withdrawn}
    assert notices(told) == {"oak.deputy": UUID(int=7)}


def test_of_an_address_in_a_correction_that_is_refused_nothing_is_kept(deciding: Deciding) -> None:
    told = correct(deciding, incident(deciding).event, a_child(1, address=HOME), by="oak.dsl")
    assert [reason for reason, _ in told.tasks] == ["not-its-own"]
    assert told.decision.pointers == ()
