"""What follows from one event: who is told and owes what, whose work it becomes, what the publisher may know."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from frontdoor_router.core.agreements import Agreements, CannotDecideError, Question, Remembered, Ruling, Verdict
from frontdoor_router.core.decide import Decider
from frontdoor_router.core.duties import Duty
from frontdoor_router.core.pack import Pack
from frontdoor_router.core.project import FOR_NOBODY
from frontdoor_router.core.telling import BY_AUTHOR
from frontdoor_schemas.envelope import Mark
from frontdoor_schemas.vocabulary import EventType, Level
from support.builders import NHS, a_child, an_adult, an_incident
from support.deciding import NIGHT, Deciding, Told, test_pack

MOTHER = an_adult(1, nhs_number=NHS[8], born="1990-01-01")


@pytest.fixture
def deciding() -> Deciding:
    """A child at Oak, its brother at Elm."""
    made = Deciding()
    made.tie(a_child(1), "oak.dsl", "school")
    made.tie(a_child(2), "elm.dsl", "school")
    return made


def with_duties(deciding: Deciding, *duties: Duty) -> Deciding:
    """The same under other duties."""
    pack: Pack = replace(test_pack(), duties=duties)
    return replace(deciding, policy=replace(deciding.policy, pack=pack))


def the_duty(name: str, **facts: Any) -> Duty:
    """A duty of the pack, changed."""
    return replace(next(d for d in test_pack().duties if d.id == name), **facts)


def outcome(deciding: Deciding, referral: Told, **facts: Any) -> Told:
    """The front door's answer to a referral."""
    data = {"children": [a_child(1)], "decided_at": "2020-11-10T21:00:00Z", "accepted": "yes", **facts}
    return deciding.post("hub.front-door", "referral-outcome", data, reply_to=referral.event)


# ---------------------------------------------------------------- telling


def test_each_school_is_told_of_its_own_pupil_and_reads_of_no_other(deciding: Deciding) -> None:
    told = deciding.post("police.pvp", "police-incident", an_incident(a_child(1), a_child(2)))
    assert told.desks == {"oak.dsl", "elm.dsl", "hub.front-door"}
    assert [c["given_name"] for c in told.message("oak.dsl")["children"]] == ["Given1"]
    assert {c["given_name"] for c in told.message("hub.front-door")["children"]} == {"Given1", "Given2"}


def test_a_desk_that_is_told_nothing_is_kept_with_what_stood_against_it(deciding: Deciding) -> None:
    deciding.tie(MOTHER, "clinic.duty", "treats")
    told = deciding.post("police.pvp", "police-incident", an_incident(a_child(1), adults=(MOTHER,), sharing={"withhold_from": ["clinic"]}))
    kept = told.to("clinic.duty", None)
    assert kept.given == ()
    assert any("walls.withheld" in w.policies for w in kept.withheld)
    assert ("not-permitted", "hub.front-door") in told.tasks


def test_what_the_author_withholds_reaches_nobody_even_if_every_agreement_permits_it(deciding: Deciding) -> None:
    class Everything:
        verdicts: Remembered[Hashable, Verdict] = Remembered()

        def permits_all(self, questions: Sequence[Question]) -> list[Ruling]:
            return [Ruling(True, ("lenient",)) for _ in questions]

    rules: Agreements = Everything()  # type: ignore[assignment] # what projection needs of them
    lenient = replace(deciding, policy=replace(deciding.policy, rules=rules))
    told = lenient.post("police.pvp", "police-incident", an_incident(a_child(1), sharing={"withhold_from": ["oak"]}))
    kept = told.to("oak.dsl", None)
    assert kept.withheld
    assert {w.policies for w in kept.withheld} == {(BY_AUTHOR,), FOR_NOBODY.policies}


def test_the_event_that_it_answers_is_named_to_who_published_it_or_was_told_of_it_and_to_nobody_else(deciding: Deciding) -> None:
    hidden = deciding.post("police.pvp", "police-incident", an_incident(a_child(1), a_child(2), sharing={"withhold_from": ["oak"]}))
    told = deciding.post("hub.front-door", "police-incident", an_incident(a_child(1), a_child(2)), reply_to=hidden.event)
    assert {d: told.to(d).cause for d in ("oak.dsl", "elm.dsl")} == {"oak.dsl": None, "elm.dsl": hidden.event}
    assert [told.case.cause_for(d) for d in ("police.pvp", "police.control-room", "mill.gp")] == [hidden.event, None, None]
    assert hidden.case.cause_for("police.pvp") is None


def test_what_is_owed_is_owed_for_each_child_and_asked_for_once(deciding: Deciding) -> None:
    deciding.tie(a_child(2), "oak.dsl", "school")
    told = deciding.post("police.pvp", "police-incident", an_incident(a_child(1), a_child(2)))
    owed = [o for o in told.decision.obligations if o.desk == "oak.dsl"]
    assert [o.duty for o in owed] == ["incident-school"] * 2
    assert len({o.person for o in owed}) == 2
    assert {o.disclosure for o in owed} == {told.to("oak.dsl").id}
    ask = told.to("oak.dsl").ask
    assert ask is not None
    assert (ask.level, ask.reply, ask.due) == (Level.opened, None, datetime(2020, 11, 11, 8, tzinfo=UTC))


def test_of_several_duties_the_strictest_level_and_the_earliest_time_are_asked_for(deciding: Deciding) -> None:
    second = the_duty("incident-school", id="second", deadline="at-once", satisfied_by=("acted",))
    told = with_duties(deciding, the_duty("incident-school"), second).post("police.pvp", "police-incident", an_incident(a_child(1)))
    ask = told.to("oak.dsl").ask
    assert ask is not None
    assert (ask.level, ask.due) == (Level.acted, told.case.now + timedelta(minutes=15))


def test_a_question_asks_for_its_type_of_answer(deciding: Deciding) -> None:
    told = deciding.post("police.pvp", "information-request", {"children": [a_child(1)], "asked_of": ["oak.dsl"], "purpose": "why"})
    ask = told.to("oak.dsl").ask
    assert ask is not None
    assert (ask.level, ask.reply) == (None, EventType.information_response)


def test_whom_only_the_author_names_owes_to_collect_it_and_is_asked_for_nothing(deciding: Deciding) -> None:
    part = {"kind": "discussion", "text": "said", "about": ["child-1"], "to": ["mill.gp"]}
    told = deciding.post("care.duty", "conference-minutes", {"children": [a_child(1)], "parts": [part]})
    assert told.to("mill.gp").purposes == ("named-by-author",)
    assert told.to("mill.gp").ask is None
    (owed,) = [o for o in told.decision.obligations if o.desk == "mill.gp"]
    assert (owed.duty, owed.satisfied_by, owed.due) == ("collect", ("received", "told_by_telephone"), told.case.now + timedelta(hours=24))


def test_whom_the_author_names_and_nothing_permits_is_told_nothing_and_is_nobodys_work(deciding: Deciding) -> None:
    data = {"children": [a_child(1)], "parts": [{"kind": "health", "text": "said", "about": ["child-1"], "to": ["trust.dentist"]}]}
    told = deciding.post("care.duty", "conference-minutes", data)
    assert told.to("trust.dentist", None).purposes == ("named-by-author",)
    assert told.tasks == []


def test_a_duty_without_a_chain_of_its_own_tells_the_manager_when_it_is_missed(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "mill.gp", "gp")
    told = deciding.post("police.pvp", "police-incident", an_incident(a_child(1)))
    (owed,) = [o for o in told.decision.obligations if o.duty == "incident-gp"]
    assert [(s.kind, s.to, s.at) for s in owed.stages] == [("escalate", "manager", owed.due)]


def test_a_day_that_the_calendar_does_not_cover_keeps_nobody_from_being_told(deciding: Deciding) -> None:
    deciding.now = datetime(2022, 6, 1, 12, tzinfo=UTC)
    told = deciding.post("police.pvp", "police-incident", an_incident(a_child(1)))
    owed = {o.duty: o for o in told.decision.obligations}
    assert {"hub.front-door", "oak.dsl"} <= told.desks
    assert owed["incident-school"].due == told.case.now + timedelta(hours=1)
    assert [s.to for s in owed["incident-school"].stages] == ["deputy", "role:encompass"]


# ---------------------------------------------------------------- what the publisher may know


def test_the_publisher_may_know_of_whom_it_named_of_the_front_door_of_its_own_and_of_duties_that_say_so(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "mill.gp", "gp")
    deciding.tie(MOTHER, "clinic.duty", "treats")
    told = deciding.post("police.pvp", "police-incident", an_incident(a_child(1), adults=(MOTHER,)))
    assert {d.desk: d.visible for d in told.decision.disclosures if d.kind == "disclosure"} == {
        "hub.front-door": True,
        "oak.dsl": True,
        "mill.gp": False,
        "clinic.duty": False,
    }
    part = {"kind": "discussion", "text": "said", "about": ["child-1"], "to": ["mill.gp"]}
    minutes = deciding.post("care.duty", "conference-minutes", {"children": [a_child(1)], "parts": [part]})
    assert minutes.to("mill.gp").visible


def test_work_for_people_is_never_the_publishers_to_know(deciding: Deciding) -> None:
    told = deciding.post("police.pvp", "police-incident", an_incident(a_child(1, nhs_number=None)))
    assert not told.to("hub.review", "held").visible


# ---------------------------------------------------------------- work for people


def test_who_is_not_identified_is_work_for_the_reviewer_with_a_clock(deciding: Deciding) -> None:
    told = deciding.post("police.pvp", "police-incident", an_incident(a_child(1, nhs_number=None)))
    (task,) = told.decision.tasks
    assert (task.kind, task.reason, task.owner) == ("identity", "one-person-fits", "hub.review")
    assert task.refs == tuple(told.case.subjects)
    notice = told.to("hub.review", "held")
    assert (notice.id, notice.given, notice.reason) == (task.notice, (), "one-person-fits")
    (owed,) = [o for o in told.decision.obligations if o.disclosure == notice.id]
    assert (owed.duty, owed.satisfied_by, owed.due) == ("review-identity", ("acted",), told.case.now + timedelta(hours=4))
    assert told.desks == {"hub.front-door"}
    assert told.to("hub.front-door").marks == (Mark.identity_not_confirmed,)


def test_people_who_are_held_for_one_reason_are_one_piece_of_work(deciding: Deciding) -> None:
    strangers = [a_child(n, nhs_number=None) for n in (5, 6)]
    told = deciding.post("police.pvp", "police-incident", an_incident(*strangers, a_child(1, nhs_number=None)))
    assert sorted(told.tasks) == [("no-exact-identifier", "hub.review"), ("one-person-fits", "hub.review")]


def test_a_duty_that_finds_nobody_is_work_that_names_the_duty_to_nobody_but_who_does_it(deciding: Deciding) -> None:
    must = the_duty("incident-school", must_find=True)
    told = with_duties(deciding, must).post("police.pvp", "police-incident", an_incident(a_child(5)))
    assert told.tasks == [("no-desk:incident-school", "hub.front-door")]
    assert told.to("hub.front-door", "held").reason == "no-desk"


def test_a_duty_about_the_event_that_finds_nobody_is_work(deciding: Deciding) -> None:
    nobody = the_duty("incident-front-door", tell=replace(the_duty("incident-front-door").tell, relation="role:midwifery"))  # type: ignore[type-var]
    told = with_duties(deciding, nobody).post("police.pvp", "police-incident", an_incident(a_child(1)))
    assert told.tasks == [("no-desk:incident-front-door", "hub.front-door")]


def test_a_desk_that_a_duty_names_and_nothing_permits_is_work(deciding: Deciding) -> None:
    after = replace(deciding, policy=replace(deciding.policy, rules=test_pack().agreements_on(datetime(2020, 11, 12, tzinfo=UTC).date())))
    told = after.post("police.pvp", "police-incident", an_incident(a_child(1)))
    assert told.to("oak.dsl", None).withheld
    assert told.tasks == [("not-permitted", "hub.front-door")]


def test_a_child_for_whom_a_duty_is_not_permitted_is_work_though_another_child_is_told_of(deciding: Deciding) -> None:
    child = a_child(5, nhs_number=None, school="oak.dsl")
    stated = with_duties(deciding, the_duty("incident-school", stated=True))
    told = stated.post("police.pvp", "police-incident", an_incident(a_child(1), child))
    assert [c["given_name"] for c in told.message("oak.dsl")["children"]] == ["Given1"]
    assert ("not-permitted", "hub.front-door") in told.tasks
    assert len([o for o in told.decision.obligations if o.duty == "incident-school"]) == 1


def test_an_error_while_asking_gives_that_desk_nothing_and_is_work(deciding: Deciding) -> None:
    class Broken:
        verdicts: Remembered[Hashable, Verdict] = Remembered()

        def permits_all(self, questions: Sequence[Question]) -> list[Ruling | CannotDecideError]:
            real = deciding.policy.rules.permits_all(questions)
            return [CannotDecideError("as asked for") if q[0] == "school_dsl" else r for q, r in zip(questions, real, strict=True)]

    rules: Agreements = Broken()  # type: ignore[assignment] # what projection needs of them
    broken = replace(deciding, policy=replace(deciding.policy, rules=rules))
    told = broken.post("police.pvp", "police-incident", an_incident(a_child(1), a_child(2)))
    assert told.desks == {"hub.front-door"}
    assert (told.to("oak.dsl", None).reason, told.to("elm.dsl", None).reason) == ("error", "error")
    assert told.tasks == [("error", "hub.front-door")]
    assert {(a.type, a.desk) for a in told.decision.audit[1:]} == {("decision.failed", "oak.dsl"), ("decision.failed", "elm.dsl")}


# ---------------------------------------------------------------- replies


def test_a_reply_that_is_expected_is_owed_though_nobody_is_told_for_it(deciding: Deciding) -> None:
    told = deciding.post("oak.dsl", "referral", {"children": [a_child(1)]})
    (owed,) = [o for o in told.decision.obligations if o.duty == "referral-outcome"]
    assert (owed.desk, owed.disclosure, owed.satisfied_by) == ("hub.front-door", None, ("reply:referral-outcome",))


@pytest.mark.parametrize(("by", "desks"), [("source", ["oak.dsl"]), ("desk:care.duty", ["care.duty"])])
def test_a_reply_may_be_owed_by_a_desk_or_by_the_source(deciding: Deciding, by: str, desks: list[str]) -> None:
    duty = the_duty("referral-outcome")
    assert duty.expect is not None
    told = with_duties(deciding, replace(duty, expect=replace(duty.expect, by=by))).post("oak.dsl", "referral", {"children": [a_child(1)]})
    assert [o.desk for o in told.decision.obligations if o.duty == "referral-outcome"] == desks


@pytest.mark.parametrize("by", ["role:midwifery", "desk:ash.dsl"])
def test_a_reply_that_nobody_can_owe_is_work(deciding: Deciding, by: str) -> None:
    duty = the_duty("referral-outcome")
    assert duty.expect is not None
    told = with_duties(deciding, replace(duty, expect=replace(duty.expect, by=by))).post("oak.dsl", "referral", {"children": [a_child(1)]})
    assert told.tasks == [("no-desk:referral-outcome", "hub.front-door")]


def test_the_reply_meets_what_waits_for_it(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [a_child(1)]})
    (owed,) = [o for o in referral.decision.obligations if o.duty == "referral-outcome"]
    assert outcome(deciding, referral).decision.met == (owed.id,)


def test_another_agencys_reply_meets_nothing(deciding: Deciding) -> None:
    asked = deciding.post("police.pvp", "information-request", {"children": [a_child(1)], "asked_of": ["oak.dsl"], "purpose": "why"})
    by_elm = deciding.post("elm.dsl", "information-response", {"children": [a_child(1)]}, reply_to=asked.event)
    assert by_elm.decision.met == ()
    by_deputy = deciding.post("oak.deputy", "information-response", {"children": [a_child(1)]}, reply_to=asked.event)
    assert len(by_deputy.decision.met) == 1


def test_a_reply_to_an_event_meets_what_waits_on_its_correction(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [a_child(1)]})
    body = {"type": "referral", "data": {"occurred_at": NIGHT.isoformat(), "children": [a_child(1)]}}
    corrected = deciding.post("oak.dsl", "correction", {"reason": "more", "event": body}, reply_to=referral.event)
    (owed,) = [o for o in corrected.decision.obligations if o.duty == "referral-outcome"]
    assert outcome(deciding, referral).decision.met == (owed.id,)


def test_what_is_no_reply_meets_nothing(deciding: Deciding) -> None:
    assert deciding.post("oak.dsl", "referral", {"children": [a_child(1)]}).decision.met == ()


# ---------------------------------------------------------------- completeness


def test_what_is_missing_is_owed_by_the_source_and_everybody_is_told_that_it_is(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [a_child(1)]})
    told = outcome(deciding, referral, accepted="no")
    assert told.decision.missing == ("reason_not_accepted",)
    assert Mark.incomplete in told.to("oak.dsl").marks
    notice = told.to("hub.front-door", "owed")
    assert (notice.missing, notice.marks) == (("reason_not_accepted",), ())
    (owed,) = [o for o in told.decision.obligations if o.disclosure == notice.id]
    assert (owed.desk, owed.satisfied_by) == ("hub.front-door", ("reply:correction",))


def test_two_rules_that_ask_for_one_field_name_it_once(deciding: Deciding) -> None:
    pack = replace(test_pack(), expects=(*test_pack().expects, replace(test_pack().expects[0], id="second")))
    twice = replace(deciding, policy=replace(deciding.policy, pack=pack))
    referral = twice.post("oak.dsl", "referral", {"children": [a_child(1)]})
    told = outcome(twice, referral, accepted="no")
    assert told.decision.missing == ("reason_not_accepted",)
    assert len([o for o in told.decision.obligations if o.satisfied_by == ("reply:correction",)]) == 2


def test_a_correction_meets_what_was_missing(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [a_child(1)]})
    incomplete = outcome(deciding, referral, accepted="no")
    data = {"children": [a_child(1)], "decided_at": "2020-11-10T21:00:00Z", "accepted": "no", "reason_not_accepted": "enough is done"}
    event = {"type": "referral-outcome", "data": {"occurred_at": NIGHT.isoformat(), **data}}
    told = deciding.post("hub.front-door", "correction", {"reason": "left out", "event": event}, reply_to=incomplete.event)
    (owed,) = [o for o in incomplete.decision.obligations if o.satisfied_by == ("reply:correction",)]
    assert owed.id in told.decision.met
    assert told.decision.missing == ()
    assert told.to("oak.dsl").marks == (Mark.corrects_an_earlier_event,)


# ---------------------------------------------------------------- proof, and what cannot be


def test_the_same_event_brings_the_same_ids_and_nobody_else_could_make_them(deciding: Deciding) -> None:
    arrived = deciding.arrived("police.pvp", "police-incident", an_incident(a_child(5)))
    first, again = (replace(deciding, world=Deciding().world).decide(arrived) for _ in (1, 2))
    assert [d.id for d in first.decision.disclosures] == [d.id for d in again.decision.disclosures]
    elsewhere = replace(deciding, world=Deciding().world, ids=type(deciding.ids)(b"another")).decide(arrived)
    assert {d.id for d in first.decision.disclosures}.isdisjoint(d.id for d in elsewhere.decision.disclosures)
    assert {d.id.version for d in first.decision.disclosures} == {8}


def test_a_decision_is_summed_up_in_the_audit_by_ids_and_counts(deciding: Deciding) -> None:
    told = deciding.post("police.pvp", "police-incident", an_incident(a_child(1)))
    summary = told.decision.audit[0]
    assert summary.type == "event.decided"
    assert summary.detail == {"told": [str(d.id) for d in told.decision.disclosures], "not_told": 0, "tasks": 0}


def test_an_event_without_a_source_cannot_be_decided(deciding: Deciding) -> None:
    arrived = deciding.arrived("police.pvp", "police-incident", an_incident(a_child(1)))
    nameless = replace(arrived, envelope=arrived.envelope.model_copy(update={"source": None}))
    with pytest.raises(ValueError, match="names its source"):
        deciding.decide(nameless)


def test_an_event_that_is_set_aside_is_work_with_a_clock_and_leaves_a_trace(deciding: Deciding) -> None:
    event = uuid4()
    draft = Decider(policy=deciding.policy, ids=deciding.ids).set_aside(event, "error:KeyError", NIGHT)
    (task,), (notice,), (owed,), (entry,) = draft.tasks, draft.disclosures, draft.obligations, draft.audit
    assert (task.reason, task.owner, notice.desk, notice.reason) == ("error:KeyError", "hub.front-door", "hub.front-door", "error")
    assert (owed.due, [s.to for s in owed.stages]) == (NIGHT + timedelta(hours=2), ["manager"])
    assert (entry.type, entry.detail) == ("event.set_aside", {"reason": "error:KeyError"})


def test_who_confirmed_and_who_merely_said_so_are_kept_apart(deciding: Deciding) -> None:
    told = deciding.tie(a_child(5), "oak.dsl", "school", by="oak.deputy")
    (tie,) = told.decision.ties
    assert (tie.asserted_by, tie.confirmed_by) == ("oak.deputy", None)
