"""What a rehearsal posts is what the contract takes, for every event of every scenario."""

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.concerns import SchoolAttendance
from frontdoor_schemas.events import CASE_MODELS, parse
from frontdoor_schemas.police import IncidentTriage, PoliceIncident
from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.rehearsal.compose import compose
from frontdoor_standalone.rehearsal.compose.composing import WRITERS
from frontdoor_standalone.rehearsal.people import individuals
from frontdoor_standalone.rehearsal.scenario import Scenario, load
from frontdoor_standalone.rehearsal.steps import Person, Post
from frontdoor_standalone.servers import deploy_folder

SCENARIOS = sorted(deploy_folder("partnerships").glob("*/rehearsals/*.yaml"))
OTHER_EVENT = "01939a3e-2c00-7000-8000-000000000000"


def posts(scenario: Scenario) -> list[Post]:
    return [step for step in scenario.events if isinstance(step, Post)]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: f"{p.parents[1].name}-{p.stem}")
def test_every_event_of_a_scenario_is_readable(path: Path) -> None:
    scenario = load(path).scenario
    for post in posts(scenario):
        composed = compose(post, individuals(scenario.people), scenario.posts)
        body = {"type": post.post.value, "in_reply_to": OTHER_EVENT if post.of else None, "data": composed.data}
        if post.refused is None:
            parse(post.post, orjson.dumps(body))


PEOPLE = {
    "ava": Person(born="2011-05-02", nhs_number="9990000018"),
    "bump": Person(unborn="2021-02-01", mother="dana"),
    "dana": Person(adult="mother"),
}
DESKS = ("police.pvp", "mill-lane.gp")
START = datetime(2020, 11, 10, 21, tzinfo=UTC)
BARE = {EventType.involvement_started, EventType.involvement_ended}
"""Which relation of which desk it is, a scenario says with `with`; nothing can be guessed."""


def post_of(event_type: EventType, **more: object) -> Post:
    step = {"at": START, "from": "hub.front-door", "post": event_type, "about": list(PEOPLE), "members": DESKS, "asked": DESKS}
    return Post.model_validate(step | more)


def composed_of(event_type: EventType, **more: object) -> CaseEvent:
    earlier = {"first": post_of(EventType.police_incident)}
    composed = compose(post_of(event_type, **more), individuals(PEOPLE), earlier)
    parsed = parse(event_type, orjson.dumps({"type": event_type, "in_reply_to": OTHER_EVENT, "data": composed.data})).data
    assert isinstance(parsed, CaseEvent)
    return parsed


def said_by(event_type: EventType, **more: object) -> set[str]:
    """The names of the fields that a composed event of a type states, beyond those of people and author."""
    of_all = {"occurred_at", "author", "children", "adults", "sharing"}
    return {name for name, value in composed_of(event_type, **more) if value not in (None, ()) and name not in of_all}


def test_every_type_that_is_about_people_has_a_writer_and_no_other() -> None:
    assert set(WRITERS) == set(CASE_MODELS)


@pytest.mark.parametrize("event_type", sorted(set(CASE_MODELS) - BARE))
def test_a_composed_event_of_every_type_is_readable_and_says_something(event_type: EventType) -> None:
    assert said_by(event_type) - {"about"}


@pytest.mark.parametrize("event_type", sorted(BARE))
def test_an_involvement_says_what_the_scenario_says(event_type: EventType) -> None:
    assert said_by(event_type, **{"with": {"relation": "involved", "desk": "camhs.duty"}}) == {"about", "relation", "desk"}


@pytest.mark.parametrize(
    ("event_type", "code", "path"),
    [
        *((EventType.early_help_assessment, code, "stage") for code in ("started", "outcome", "closed")),
        *((EventType.missing_episode, code, "stage") for code in ("reported", "reviewed", "returned")),
        *((EventType.service_referral, code, "stage") for code in ("requested", "accepted", "offered", "started", "declined")),
        *((EventType.custody, code, "stage") for code in ("sentenced", "received", "inducted", "released")),
        *((EventType.medical, code, "stage") for code in ("requested", "result")),
        *((EventType.referral_progress, code, "status") for code in ("received", "allocated", "closed")),
        *((EventType.concern, code, "kind") for code in ("chronology_entry", "concern_card", "visit")),
        *((EventType.meeting_request_answer, code, "answer") for code in ("held", "declined")),
        *((EventType.query, code, "question") for code in ("chronology", "plan_status")),
        (EventType.flag_instruction, "clear", "action"),
        (EventType.household_change, "left", "change"),
        (EventType.meeting_minutes, "panel", "meeting_type"),
        (EventType.adult_service, "relapse_indicator", "event"),
        (EventType.challenge, "manager", "level"),
        (EventType.challenge_response, "upheld", "outcome"),
    ],
)
def test_a_code_says_which_kind_it_is(event_type: EventType, code: str, path: str) -> None:
    assert getattr(composed_of(event_type, code=code), path) == code


def test_a_stage_says_what_can_be_known_by_then() -> None:
    assert "outcome" not in said_by(EventType.early_help_assessment, code="started")
    assert "findings" not in said_by(EventType.medical, code="requested")
    assert "release_address" not in said_by(EventType.custody, code="sentenced")
    assert "offered_at" not in said_by(EventType.service_referral, code="accepted")
    assert "reason_not_held" in said_by(EventType.return_interview, code="not_held", reason="did not want to talk")
    assert "held_at" not in said_by(EventType.return_interview, code="not_held")


def test_a_reply_names_the_incident_that_it_answers() -> None:
    incident = composed_of(EventType.police_incident, **{"as": "first"})
    triage = composed_of(EventType.incident_triage, of="first", about=[])
    assert isinstance(incident, PoliceIncident)
    assert isinstance(triage, IncidentTriage)
    assert triage.incident_id == incident.incident_id
    assert [c.given_name for c in triage.children] == [c.given_name for c in incident.children]


def test_fields_laid_over_a_list_are_merged_and_what_is_beyond_it_is_added() -> None:
    laid = {"attendance": [{"sessions_missed": 3}, {"irregular": "no"}, {"about": ["child-1"], "irregular": "unknown"}]}
    attendance = composed_of(EventType.school_attendance, **{"with": laid})
    assert isinstance(attendance, SchoolAttendance)
    assert [(a.sessions_missed, a.irregular) for a in attendance.attendance] == [(3, "yes"), (19, "no"), (None, "unknown")]


def test_a_question_may_name_nobody() -> None:
    asked = composed_of(EventType.query, about=[], code="address", **{"with": {"address": {"lines": ["1 Lantern Street"]}}})
    assert (asked.children, asked.adults) == ((), ())


def test_a_correction_says_the_whole_event_again() -> None:
    scenario = load(deploy_folder("partnerships") / "stockton/rehearsals/domestic-abuse-night.yaml").scenario
    wrong = Post.model_validate(
        {"at": scenario.starts, "from": "police.pvp", "post": "correction", "of": "first", "about": ["ava"], "reason": "wrong children"}
    )
    composed = compose(wrong, individuals(scenario.people), scenario.posts)
    assert [p.key for p in composed.people] == ["ava"]
    assert composed.data["event"]["type"] == EventType.police_incident
    parse(EventType.correction, orjson.dumps({"type": "correction", "in_reply_to": OTHER_EVENT, "data": composed.data}))
