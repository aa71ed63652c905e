"""What breaks the contract is named by field and rule, and never by value."""

import json
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, ValidationError

from contract.made_up import a_body, a_submission
from frontdoor_schemas.events import SUBMISSIONS, parse
from frontdoor_schemas.problems import (
    MAX_DEPTH,
    MAX_ERRORS,
    PROBLEMS,
    RULES,
    FieldError,
    explain_unreadable,
    field_error,
    from_validation,
    problem,
)
from frontdoor_schemas.vocabulary import EventType

INCIDENT, MINUTES, CORRECTION = EventType.police_incident, EventType.conference_minutes, EventType.correction
LEAST = {"occurred_at": "2020-11-10T21:40:00Z", "children": [{"ref": "child-1"}], "adults": [{"ref": "adult-1"}]}
FIRST = "/data/children/0"
CONTACT = "/data/children_with_contact/0"
FIRST_TOOL = "/data/tool_results/0"


def _errors(event_type: EventType, raw: bytes) -> list[FieldError]:
    with pytest.raises(ValidationError) as caught:
        parse(event_type, raw)
    return from_validation(caught.value, SUBMISSIONS[event_type], raw)


def _faults(event_type: EventType, posted: dict[str, Any]) -> list[tuple[str, str]]:
    return [(e.field, e.rule) for e in _errors(event_type, json.dumps(posted).encode())]


def _child(**facts: Any) -> dict[str, Any]:
    return {"children": [{"ref": "child-1", **facts}]}


RULE_BY_RULE: list[tuple[dict[str, Any], str, str]] = [
    ({"occurred_at": None}, "/data/occurred_at", "not_a_time"),
    ({"occurred_at": 1605044400}, "/data/occurred_at", "not_a_time"),
    ({"occurred_at": "yesterday"}, "/data/occurred_at", "not_a_time"),
    ({"occurred_at": "2020-11-10"}, "/data/occurred_at", "not_a_time"),
    ({"occurred_at": "2020-11-10T21:40:00"}, "/data/occurred_at", "no_time_zone"),
    ({"occurred_at": "1800-01-01T00:00:00Z"}, "/data/occurred_at", "out_of_range"),
    ({"occurred_at": "2300-01-01T00:00:00Z"}, "/data/occurred_at", "out_of_range"),
    (_child(born="10/11/2020"), f"{FIRST}/born", "not_a_date"),
    (_child(born="2020-11-10T21:40:00Z"), f"{FIRST}/born", "not_a_date"),
    (_child(born=20201110), f"{FIRST}/born", "not_a_date"),
    (_child(nhs_number="9990000019"), f"{FIRST}/nhs_number", "check_digit"),
    (_child(nhs_number="999 000 0018"), f"{FIRST}/nhs_number", "format"),
    (_child(upn="C801200005001"), f"{FIRST}/upn", "check_letter"),
    (_child(given_name="a\0"), f"{FIRST}/given_name", "nul"),
    (_child(given_name="a" * 201), f"{FIRST}/given_name", "too_long"),
    (_child(given_name=" "), f"{FIRST}/given_name", "too_short"),
    (_child(given_name=1), f"{FIRST}/given_name", "wrong_type"),
    (_child(sex="F"), f"{FIRST}/sex", "unknown_value"),
    (_child(concern=True), f"{FIRST}/concern", "unknown_value"),
    (_child(unborn=False), f"{FIRST}/unborn", "unknown_value"),
    (_child(voice="none"), f"{FIRST}/voice", "wrong_type"),
    (_child(voice={"mood": "x"}), f"{FIRST}/voice/mood", "unknown_field"),
    (_child(mother="child-1"), f"{FIRST}/mother", "format"),
    (_child(mother="adult-7"), f"{FIRST}/mother", "unknown_ref"),
    ({"children": [{"given_name": "x"}]}, f"{FIRST}/ref", "missing"),
    ({"children": [{"ref": "child-1"}] * 2}, "/data/children/1/ref", "duplicate_ref"),
    ({"children": [{"ref": "child-1"}] * 21}, "/data/children", "too_long"),
    ({"children": {}}, "/data/children", "wrong_type"),
    ({"children": [], "adults": []}, "/data/children", "no_subject"),
    ({"children_at_incident": [{"about": []}]}, "/data/children_at_incident/0/about", "too_short"),
    ({"concerns": [{"to": ["somebody"]}]}, "/data/concerns/0/to/0", "unknown_value"),
    ({"concerns": [{"to": ["members"]}]}, "/data/concerns/0/to", "unknown_audience"),
    ({"sharing": {"withhold_from": ["Police"]}}, "/data/sharing/withhold_from/0", "format"),
    ({"domestic_abuse": {"child_referral_id": "R-1"}}, "/data/domestic_abuse/child_referral_id", "not_a_uuid"),
    ({"domestic_abuse": {"child_referral_id": 1}}, "/data/domestic_abuse/child_referral_id", "not_a_uuid"),
    ({"domestic_abuse": {"previous_incidents_count": 3}}, "/data/domestic_abuse/previous_incidents_count", "computed_field"),
    ({"domestic_abuse": {"notified": []}}, "/data/domestic_abuse/notified", "ledger_field"),
    ({"earlier_events_count": 1}, "/data/earlier_events_count", "computed_field"),
    ({"asserted_by": "police"}, "/data/asserted_by", "exchange_field"),
    ({"received_at": "2020-11-10T21:40:00Z"}, "/data/received_at", "exchange_field"),
    ({"previous_incidents_count": 3}, "/data/previous_incidents_count", "unknown_field"),
]


@pytest.mark.parametrize(("facts", "field", "rule"), RULE_BY_RULE, ids=[f"{field}: {rule}" for _, field, rule in RULE_BY_RULE])
def test_a_fault_is_named_by_its_field_and_rule(facts: dict[str, Any], field: str, rule: str) -> None:
    assert _faults(INCIDENT, a_submission(INCIDENT, {**LEAST, **facts})) == [(field, rule)]


BY_TYPE: list[tuple[EventType, dict[str, Any], str, str]] = [
    (EventType.missing_episode, {"category": "absent"}, "/data/category", "absent"),
    (EventType.missing_episode, {"category": "away"}, "/data/category", "unknown_value"),
    (EventType.was_not_brought, {"status": "did_not_attend"}, "/data/status", "did_not_attend"),
    (EventType.was_not_brought, {"status": "cancelled"}, "/data/status", "unknown_value"),
    (EventType.was_not_brought, {"key_contact": 6}, "/data/key_contact", "out_of_range"),
    (EventType.was_not_brought, {"prior_missed_count": 2}, "/data/prior_missed_count", "computed_field"),
    (EventType.missing_episode, {"previous_episodes_count": 3}, "/data/previous_episodes_count", "computed_field"),
    (EventType.concern, {"cumulative_count": 3}, "/data/cumulative_count", "computed_field"),
    (EventType.meeting_request, {"proposed_invitees": []}, "/data/proposed_invitees", "computed_field"),
    (EventType.meeting_invitation, {"report_received": "yes"}, "/data/report_received", "ledger_field"),
    (EventType.meeting_invitation, {"join_link": "http://meet.example/1"}, "/data/join_link", "format"),
    (EventType.tool_result, {"tool": "GCP2", "scores": [{"grade": "5"}, {"grade": "6"}]}, "/data/scores/1/grade", "gcp2_grade"),
    (
        EventType.referral,
        {"tool_results": [{"tool": "gcp 2", "scores": [{"grade": "0"}]}]},
        "/data/tool_results/0/scores/0/grade",
        "gcp2_grade",
    ),
    (EventType.flag_instruction, {"acknowledged_at": "2020-11-10T21:40:00Z"}, "/data/acknowledged_at", "ledger_field"),
    (
        EventType.expectant_mother,
        {"health_visitor_notified_at": "2020-11-10T21:40:00Z"},
        "/data/health_visitor_notified_at",
        "ledger_field",
    ),
    (EventType.adult_service, {"about": ["adult-1", "child-1"]}, "/data/about/1", "format"),
    (EventType.custody, {"about": []}, "/data/about", "too_short"),
    (EventType.adult_service, {"about": ["adult-1"], "children_with_contact": [{"about": ["child-7"]}]}, f"{CONTACT}/about", "unknown_ref"),
    (EventType.challenge_response, {}, "/data/outcome", "missing"),
    (EventType.meeting_request_answer, {}, "/data/answer", "missing"),
    (EventType.query, {"question": "address"}, "/data/purpose", "missing"),
    (EventType.police_incident, {"attachments": [{"sha256": "0" * 63}]}, "/data/attachments/0/sha256", "format"),
    (EventType.police_incident, {"attachments": [{"content": "x"}]}, "/data/attachments/0/content", "unknown_field"),
]


@pytest.mark.parametrize(
    ("event_type", "facts", "field", "rule"), BY_TYPE, ids=[f"{t.value}{field}: {rule}" for t, _, field, rule in BY_TYPE]
)
def test_a_fault_of_one_type_is_named_by_its_field_and_rule(event_type: EventType, facts: dict[str, Any], field: str, rule: str) -> None:
    assert _faults(event_type, a_submission(event_type, {**LEAST, **facts})) == [(field, rule)]


def test_the_grades_of_other_tools_are_their_own_and_a_missing_marker_is_no_fault() -> None:
    for tool, grade in (("Change Tracker", "6"), ("GCP2", "1"), ("Graded Care Profile 2", "5")):
        posted = a_submission(EventType.tool_result, {**LEAST, "tool": tool, "scores": [{"area": "physical", "grade": grade}]})
        assert parse(EventType.tool_result, json.dumps(posted).encode()).data.model_dump(exclude_unset=True)["tool"] == tool


def test_a_question_may_be_about_an_address_or_an_incident_and_has_to_be_about_something() -> None:
    asked = {"occurred_at": LEAST["occurred_at"], "question": "address", "purpose": "officers are on their way"}
    for subject in ({"address": {"postcode": "ZZ99 3VZ"}}, {"address": {"lines": ["1 Lantern Street"]}}, {"incident_id": "CP-1"}):
        parse(EventType.query, json.dumps(a_submission(EventType.query, {**asked, **subject})).encode())
    unanswerable: list[dict[str, Any]] = [{}, {"address": {}}]
    for nothing in unanswerable:
        assert _faults(EventType.query, a_submission(EventType.query, {**asked, **nothing})) == [("/data/children", "no_subject")]


def test_every_rule_of_the_contract_is_met_by_a_test_here_or_of_times() -> None:
    by_time = {"future_time", "future_birth_date", "expected_date"}
    unreadable = {"not_utf8", "not_json", "too_deep"}
    by_origin = {"unknown_event", "not_own_event"}  # a gateway knows which events there are: unit/gateway
    met = {rule for _, _, rule in RULE_BY_RULE} | {rule for _, _, _, rule in BY_TYPE}
    assert set(RULES) - met == by_time | unreadable | by_origin | {"invalid"}


def test_several_faults_are_told_at_once() -> None:
    found = _faults(
        INCIDENT, {"type": "police-incident", "in_reply_to": "x", "data": {**LEAST, "author": {"name": ""}, "kind": 1}, "more": 1}
    )
    assert found == [
        ("/in_reply_to", "not_a_uuid"),
        ("/data/author/name", "too_short"),
        ("/data/kind", "wrong_type"),
        ("/more", "unknown_field"),
    ]


def test_what_is_missing_around_the_event_is_named() -> None:
    assert _faults(EventType.withdrawal, {}) == [("/type", "missing"), ("/in_reply_to", "missing"), ("/data", "missing")]
    assert _faults(INCIDENT, {"type": "referral", "data": LEAST}) == [("/type", "unknown_value")]


def test_ledger_names_of_all_meetings_are_known_for_each_kind_of_meeting() -> None:
    assert _faults(MINUTES, a_submission(MINUTES, {**LEAST, "distribution": []})) == [("/data/distribution", "ledger_field")]
    assert _faults(MINUTES, a_submission(MINUTES, {**LEAST, "re_registration": "no"})) == [("/data/re_registration", "computed_field")]


def test_parts_of_minutes_are_named_without_the_names_of_models() -> None:
    parts = [{"kind": "gossip"}, {"text": "x"}, {"kind": "plan", "items": [{"due": "soon", "notified": 1}], "about": ["child-9"]}, "x"]
    assert _faults(MINUTES, a_submission(MINUTES, {**LEAST, "parts": parts})) == [
        ("/data/parts/0/kind", "unknown_value"),
        ("/data/parts/1/kind", "missing"),
        ("/data/parts/2/items/0/due", "not_a_date"),
        ("/data/parts/2/items/0/notified", "unknown_field"),
        ("/data/parts/3", "wrong_type"),
    ]


def test_faults_of_what_a_correction_puts_in_place_are_named() -> None:
    def corrected(event: dict[str, Any]) -> list[tuple[str, str]]:
        return _faults(CORRECTION, a_submission(CORRECTION, {**a_body(CORRECTION), "event": event}))

    data = {**LEAST, "domestic_abuse": {"escalating": "yes"}, "concerns": [{"where": 1}]}
    assert corrected({"type": "police-incident", "data": data}) == [
        ("/data/event/data/domestic_abuse/escalating", "computed_field"),
        ("/data/event/data/concerns/0/where", "wrong_type"),
    ]
    assert corrected({"type": "police-incident", "data": {**LEAST, "concerns": [{"about": ["child-9"]}]}}) == [
        ("/data/event/data/concerns/0/about", "unknown_ref")
    ]
    assert corrected({"type": "withdrawal", "data": {}}) == [("/data/event/type", "unknown_value")]
    assert corrected({"data": {}}) == [("/data/event/type", "missing")]


def test_no_value_and_no_strange_field_name_is_repeated() -> None:
    data = {**LEAST, "Ava Marker": 1, "kind": 1, "Kind": 2, "circumstances": "\0Ava Marker", "children": [{"ref": "Ava Marker"}]}
    told = str(_errors(INCIDENT, json.dumps({"type": "police-incident", "data": data, "Ava Marker": 2}).encode()))
    assert "Ava" not in told
    assert "/data/?" in told


def test_a_small_request_does_not_cause_a_large_answer() -> None:
    data = {**LEAST, **{f"more_{n}": n for n in range(500)}}
    assert len(_faults(INCIDENT, {"type": "police-incident", "data": data})) == MAX_ERRORS


NESTED = json.dumps({"type": "police-incident", "data": {"x": json.loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)}}).encode()


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b'{"a": "' + b"[" * 99 + b'\\"', "not_json"),
        (b'"\\ud800"', "not_json"),
        (b"\xff\xfe{}", "not_utf8"),
        (b'{"a":"\0"}', "nul"),
        (b"[" * 300, "too_deep"),
        (NESTED, "too_deep"),
    ],
)
def test_what_cannot_be_read_is_explained(raw: bytes, rule: str) -> None:
    assert [(e.field, e.rule) for e in _errors(INCIDENT, raw)] == [("", rule)]
    assert explain_unreadable(raw).rule == rule


def test_json_that_is_no_event_is_told_so() -> None:
    assert [(e.field, e.rule) for e in _errors(INCIDENT, b"[1]")] == [("", "wrong_type")]


def test_brackets_in_text_are_not_nesting() -> None:
    raw = json.dumps({"type": "police-incident", "data": {**LEAST, "circumstances": "[" * 99 + '"' + "{" * 99, "x": 1}}).encode()
    assert [(e.field, e.rule) for e in _errors(INCIDENT, raw)] == [("/data/x", "unknown_field")]


def test_without_the_bytes_an_unreadable_request_is_no_json() -> None:
    with pytest.raises(ValidationError) as caught:
        parse(INCIDENT, b"\xff")
    assert [(e.field, e.rule) for e in from_validation(caught.value, SUBMISSIONS[INCIDENT])] == [("", "not_json")]


class Other(BaseModel):
    """A model that is not of an event."""

    number: int
    pair: tuple[int, int]
    either: int | UUID


def test_models_that_are_no_events_are_explained_too() -> None:
    with pytest.raises(ValidationError) as caught:
        Other.model_validate_json('{"number": 1e400, "pair": [1, "x"], "either": "x"}')
    told = [(e.field, e.rule) for e in from_validation(caught.value, Other)]
    assert told == [("/number", "invalid"), ("/pair/1", "invalid"), ("/either", "unknown_value")]


def test_each_error_has_the_words_of_its_rule() -> None:
    assert field_error("/data/kind", "too_long").message == RULES["too_long"]


@pytest.mark.parametrize("code", PROBLEMS)
def test_a_problem_has_the_status_and_title_of_its_type(code: str) -> None:
    made = problem(code, detail="made up", errors=(field_error("", "not_json"),))
    assert (made.type, made.status, made.title) == (f"/problems/{code}", PROBLEMS[code].status, PROBLEMS[code].title)
    assert 400 <= made.status < 600
