"""Checks that need the whole event, and those that need the time."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from frontdoor_schemas.body import CaseEvent, check_times
from frontdoor_schemas.events import MODELS, SUBMISSIONS, parse
from frontdoor_schemas.problems import from_times, from_validation
from frontdoor_schemas.vocabulary import EventType

NOW = datetime(2020, 11, 10, 21, 40, tzinfo=UTC)
CHILD, ADULT = {"ref": "child-1"}, {"ref": "adult-1"}


def _faults(event_type: EventType, **facts: Any) -> list[tuple[str, str]]:
    reply = {"in_reply_to": "0190b0a0-0000-7000-8000-000000000001"} if MODELS[event_type].must_reply else {}
    data = {"occurred_at": "2020-11-10T21:40:00Z", "children": [CHILD], "adults": [ADULT], **facts}
    try:
        parse(event_type, json.dumps({"type": event_type.value, **reply, "data": data}).encode())
    except ValidationError as error:
        return [(e.field, e.rule) for e in from_validation(error, SUBMISSIONS[event_type])]
    return []


def test_one_person_is_enough() -> None:
    assert _faults(EventType.referral, children=[]) == []
    assert _faults(EventType.referral, adults=[]) == []


def test_nobody_is_too_few() -> None:
    assert _faults(EventType.referral, children=[], adults=[]) == [("/data/children", "no_subject")]


def test_the_same_person_cannot_be_named_twice() -> None:
    assert _faults(EventType.referral, children=[CHILD, {"ref": "child-2"}, CHILD]) == [("/data/children/2/ref", "duplicate_ref")]
    assert _faults(EventType.referral, adults=[ADULT, ADULT]) == [("/data/adults/1/ref", "duplicate_ref")]


PLAN = {"kind": "plan", "text": "made up"}


@pytest.mark.parametrize(
    ("event_type", "facts", "field"),
    [
        (EventType.referral, {"concerns": [{"about": ["child-9"]}]}, "concerns/0/about"),
        (EventType.referral, {"children": [{**CHILD, "mother": "adult-9"}]}, "children/0/mother"),
        (EventType.referral, {"danger": {"person_responsible": "adult-9"}}, "danger/person_responsible"),
        (EventType.referral, {"history": {"entries": [{"kind": "other", "about": ["adult-9"]}]}}, "history/entries/0/about"),
        (EventType.conference_minutes, {"parts": [PLAN, {**PLAN, "about": ["child-1", "child-9"]}]}, "parts/1/about"),
        (EventType.conference_minutes, {"parts": [{**PLAN, "not_for_family": ["adult-9"]}]}, "parts/0/not_for_family"),
        (EventType.conference_minutes, {"parts": [{**PLAN, "items": [{"about": ["child-9"]}]}]}, "parts/0/items/0/about"),
        (EventType.investigation_status, {"status": "opened", "about": ["child-9"]}, "about"),
    ],
)
def test_whoever_is_named_is_in_the_event(event_type: EventType, facts: dict[str, Any], field: str) -> None:
    assert _faults(event_type, **facts) == [(f"/data/{field}", "unknown_ref")]


def test_a_list_of_desks_that_is_not_given_is_no_audience() -> None:
    named = {"parts": [{**PLAN, "to": ["members"]}]}
    assert _faults(EventType.conference_minutes, **named) == [("/data/parts/0/to", "unknown_audience")]
    assert _faults(EventType.conference_minutes, **named, members=["police.pvp"]) == []
    assert _faults(EventType.referral, concerns=[{"to": ["invited"]}]) == [("/data/concerns/0/to", "unknown_audience")]


def test_all_faults_of_an_event_are_named_at_once() -> None:
    found = _faults(EventType.referral, children=[CHILD, CHILD], concerns=[{"about": ["child-9"]}, {"to": ["members"]}])
    assert {rule for _, rule in found} == {"duplicate_ref", "unknown_ref", "unknown_audience"}


def _event(**facts: Any) -> CaseEvent:
    raw = json.dumps({"occurred_at": "2020-11-10T21:40:00Z", "children": [CHILD], **facts})
    event = MODELS[EventType.referral].model_validate_json(raw)
    assert isinstance(event, CaseEvent)
    return event


def test_a_birth_lies_in_the_past() -> None:
    event = _event(
        children=[{**CHILD, "born": "2020-11-10"}, {"ref": "child-2", "born": "2020-11-11"}], adults=[{**ADULT, "born": "2031-01-01"}]
    )
    assert check_times(event, NOW) == [("/children/1/born", "future_birth_date"), ("/adults/0/born", "future_birth_date")]


def test_the_day_of_birth_is_a_day_in_london() -> None:
    event = _event(children=[{**CHILD, "born": "2020-06-02"}], occurred_at="2020-06-01T23:30:00Z")
    assert check_times(event, datetime(2020, 6, 1, 23, 30, tzinfo=UTC)) == []
    assert check_times(event, datetime(2020, 6, 1, 22, 30, tzinfo=UTC)) == [("/children/0/born", "future_birth_date")]


@pytest.mark.parametrize(("expected", "good"), [("2021-03-01", True), ("2020-09-20", True), ("2021-09-17", False), ("2020-09-01", False)])
def test_a_birth_is_expected_near_the_event(expected: str, *, good: bool) -> None:
    found = check_times(_event(children=[{**CHILD, "unborn": True, "expected_on": expected}]), NOW)
    assert found == ([] if good else [("/children/0/expected_on", "expected_date")])


def test_a_backlog_is_judged_by_the_day_of_the_event() -> None:
    event = _event(children=[{**CHILD, "expected_on": "2010-03-01"}], occurred_at="2010-01-01T00:00:00Z")
    assert check_times(event, NOW) == []


def test_a_sender_s_clock_may_be_ahead_by_a_time_zone_and_not_by_more() -> None:
    assert check_times(_event(), NOW - timedelta(hours=23)) == []
    assert check_times(_event(), NOW - timedelta(hours=25)) == [("/occurred_at", "future_time")]


def test_a_withdrawal_has_a_time_and_no_people() -> None:
    body = MODELS[EventType.withdrawal].model_validate_json('{"occurred_at": "2020-11-10T21:40:00Z", "reason": "made up"}')
    assert check_times(body, NOW) == []
    assert check_times(body, NOW - timedelta(days=2)) == [("/occurred_at", "future_time")]


def test_the_times_of_what_a_correction_puts_in_place_are_checked_too() -> None:
    replacement = {"occurred_at": "2020-11-12T21:40:00Z", "children": [{**CHILD, "born": "2030-01-01"}]}
    correction = {"occurred_at": "2020-11-10T21:40:00Z", "reason": "made up", "event": {"type": "referral", "data": replacement}}
    body = MODELS[EventType.correction].model_validate_json(json.dumps(correction))
    assert check_times(body, NOW) == [
        ("/event/data/occurred_at", "future_time"),
        ("/event/data/children/0/born", "future_birth_date"),
    ]


def test_findings_are_told_as_places_in_what_was_sent() -> None:
    (found,) = from_times([("/children/1/born", "future_birth_date")])
    assert (found.field, found.rule) == ("/data/children/1/born", "future_birth_date")
