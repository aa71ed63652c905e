"""The `if` of a duty: what it means on a message, and what the contract says it may ask."""

import json
import random
from typing import Any

import pytest
from pydantic import ValidationError

from frontdoor_router.core.conditions import Absent, ConditionEntry, OneOf, Present, all_hold, field_problem, problems
from frontdoor_schemas.events import MODELS, SourceFacts, parse, to_sections
from frontdoor_schemas.sections import join
from frontdoor_schemas.vocabulary import EventType, Role

INCIDENT = {
    "occurred_at": "2020-11-10T21:40:00+00:00",
    "children": [
        {"ref": "child-1", "given_name": "Ava", "concern": "yes"},
        {"ref": "child-2", "given_name": "Ben", "concern": "no", "unborn": True},
    ],
    "domestic_abuse": {
        "risk_grade": "high",
        "qualifying_markers": ["call_type", "linked_child"],
        "triage": {"children_in_household": "unknown"},
    },
}


def message(body: dict[str, Any], event_type: EventType = EventType.police_incident) -> dict[str, Any]:
    """As the router has it: split into sections, which travel, and put together again."""
    submission = parse(event_type, json.dumps({"type": event_type.value, "data": body}).encode())
    source = SourceFacts("police.pvp", "police", Role.police_safeguarding)
    return join(to_sections(submission, source, random.Random(1)))


def condition(**entry: Any) -> Present | Absent | OneOf:
    return ConditionEntry.model_validate_json(json.dumps(entry)).condition()


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"field": "domestic_abuse", "is": "present"}, True),
        ({"field": "domestic_abuse", "is": "absent"}, False),
        ({"field": "closed_at", "is": "absent"}, True),
        ({"field": "closed_at", "is": "present"}, False),
        ({"field": "domestic_abuse.risk_grade", "equals": "high"}, True),
        ({"field": "domestic_abuse.risk_grade", "equals": "medium"}, False),
        ({"field": "domestic_abuse.risk_grade", "any_of": ["medium", "high"]}, True),
        ({"field": "domestic_abuse.triage.children_in_household", "equals": "unknown"}, True),
        ({"field": "domestic_abuse.qualifying_markers", "equals": "linked_child"}, True),
        ({"field": "domestic_abuse.qualifying_markers", "equals": "risk_form"}, False),
        ({"field": "domestic_abuse.triage.by", "is": "present"}, False),
        ({"field": "children", "is": "present"}, True),
        ({"field": "adults", "is": "absent"}, True),
        ({"field": "children.concern", "equals": "yes"}, True),
        ({"field": "children.concern", "any_of": ["unknown"]}, False),
        ({"field": "children.voice", "is": "present"}, False),
        ({"field": "children.unborn", "equals": True}, True),
        ({"field": "concerns.what", "is": "present"}, False),
    ],
)
def test_a_condition_on_an_incident(entry: dict[str, Any], expected: bool) -> None:
    assert condition(**entry).holds(message(INCIDENT)) is expected


def test_a_list_matches_when_any_item_does_so_two_conditions_may_be_about_two_children() -> None:
    both = [condition(field="children.concern", equals="yes"), condition(field="children.unborn", equals=True)]
    assert all_hold(both, message(INCIDENT))


def test_no_condition_always_holds() -> None:
    assert all_hold([], {})


def test_true_is_not_one_and_a_block_that_says_nothing_but_that_it_is_there_is_present() -> None:
    assert not OneOf(("flag",), (1,)).holds({"flag": True})
    assert Present(("block",)).holds({"block": {}})
    assert Absent(("items",)).holds({"items": []})


@pytest.mark.parametrize(
    "entry",
    [
        {"field": "kind"},
        {"field": "kind", "is": "present", "equals": "x"},
        {"field": "kind", "is": "empty"},
        {"field": "kind", "any_of": []},
        {"field": "Kind", "is": "present"},
        {"field": "kind.", "is": "present"},
        {"field": "kind", "equals": ["a", "b"]},
        {"field": "kind", "like": "a%"},
    ],
)
def test_a_condition_has_one_field_and_one_test(entry: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        condition(**entry)


@pytest.mark.parametrize(
    ("event_type", "entry", "reason"),
    [
        ("police-incident", {"field": "domestic_abuze", "is": "present"}, "no field domestic_abuze; there are adults,"),
        ("police-incident", {"field": "domestic_abuse.grade", "is": "present"}, "no field domestic_abuse.grade"),
        ("police-incident", {"field": "domestic_abuse.risk_grade", "equals": "hi"}, 'domestic_abuse.risk_grade is never "hi"'),
        ("police-incident", {"field": "domestic_abuse.risk_grade", "any_of": ["high", "hi"]}, 'is never "hi"'),
        ("police-incident", {"field": "domestic_abuse.risk_grade", "equals": True}, "is never true"),
        ("police-incident", {"field": "domestic_abuse.qualifying_markers", "equals": "ql23"}, 'is never "ql23"'),
        ("police-incident", {"field": "kind.of", "is": "absent"}, "kind is a value and has no field of"),
        ("police-incident", {"field": "children", "equals": "child-1"}, "children is a block"),
        ("police-incident", {"field": "children.ref", "is": "present"}, "shapes the event and is no fact"),
        ("referral-outcome", {"field": "accepted", "equals": "maybe"}, 'accepted is never "maybe"'),
        ("referral-outcome", {"field": "domestic_abuse", "is": "present"}, "no field domestic_abuse"),
        ("conference-minutes", {"field": "parts.threshold_met", "equals": "perhaps"}, "parts.threshold_met is never"),
    ],
)
def test_what_the_contract_does_not_have_cannot_be_asked(event_type: str, entry: dict[str, Any], reason: str) -> None:
    found = problems(condition(**entry), MODELS[EventType(event_type)])
    assert len(found) == 1
    assert reason in found[0]


@pytest.mark.parametrize(
    ("event_type", "entry"),
    [
        ("police-incident", {"field": "domestic_abuse.qualifying_markers", "any_of": ["call_type", "closing_code"]}),
        ("police-incident", {"field": "children.unborn", "equals": True}),
        ("conference-minutes", {"field": "parts.threshold_met", "equals": "yes"}),
        ("conference-minutes", {"field": "parts.kind", "equals": "treatment"}),
        ("plan-status", {"field": "plan_items.measure", "is": "absent"}),
        ("referral", {"field": "previous_referral_ids", "is": "present"}),
    ],
)
def test_a_sound_condition_has_no_problem(event_type: str, entry: dict[str, Any]) -> None:
    assert problems(condition(**entry), MODELS[EventType(event_type)]) == []


def test_a_field_that_is_expected_has_to_exist() -> None:
    assert field_problem(("reason_not_accepted",), MODELS[EventType.referral_outcome]) is None
    assert field_problem(("domestic_abuse", "triage"), MODELS[EventType.police_incident]) is None
    assert "no field reason" in (field_problem(("reason",), MODELS[EventType.referral_outcome]) or "")
