"""What holds of every model of the contract, whoever adds one."""

from collections.abc import Iterator
from typing import Any

import pytest

from frontdoor_schemas.chronicle import kept_paths
from frontdoor_schemas.disclosed import disclosed_schema
from frontdoor_schemas.events import CASE_MODELS, MODELS, SUBMISSIONS
from frontdoor_schemas.fields import Block, Leaf, Nest, leaves
from frontdoor_schemas.sections import is_key
from frontdoor_schemas.topics import FAMILIES, FAMILY
from frontdoor_schemas.vocabulary import RULED, Category, EventType, SubjectRule


def _blocks(model: type[Block]) -> Iterator[type[Block]]:
    yield model
    for shape in model.plan.fields.values():
        if isinstance(shape, Nest):
            for plan in shape.plans.values():
                yield from _blocks(plan.model)


BLOCKS = sorted({block for model in MODELS.values() for block in _blocks(model)}, key=lambda block: block.__name__)


def _unbounded(schema: Any, path: str = "") -> Iterator[str]:
    if isinstance(schema, dict):
        free = schema.get("type") == "string" and not schema.keys() & {"maxLength", "pattern", "format", "enum", "const"}
        if free or (schema.get("type") == "array" and "maxItems" not in schema):
            yield path
        for name, inner in schema.items():
            yield from _unbounded(inner, f"{path}/{name}")
    elif isinstance(schema, list):
        for index, inner in enumerate(schema):
            yield from _unbounded(inner, f"{path}/{index}")


@pytest.mark.parametrize("event_type", EventType)
def test_everything_that_is_submitted_has_a_bound(event_type: EventType) -> None:
    assert list(_unbounded(SUBMISSIONS[event_type].model_json_schema())) == []


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_every_block_is_strict_closed_and_immutable(block: type[Block]) -> None:
    assert {"extra": "forbid", "strict": True, "frozen": True, "hide_input_in_errors": True}.items() <= block.model_config.items()


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_what_is_computed_or_kept_in_the_ledger_is_no_field(block: type[Block]) -> None:
    assert not block.model_fields.keys() & (block.computed.keys() | block.ledger.keys())


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_no_field_is_named_like_the_key_of_an_item(block: type[Block]) -> None:
    assert not any(is_key(name) for name in [*block.model_fields, *block.computed])


def test_no_field_collides_with_what_the_exchange_adds() -> None:
    assert not any("handling" in block.model_fields for block in BLOCKS)
    assert not any(model.model_fields.keys() & {"source", "amends"} for model in MODELS.values())


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_every_block_says_what_it_is(block: type[Block]) -> None:
    assert block.__doc__


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_facts_about_whoever_an_item_names_stand_where_something_can_name_them(block: type[Block]) -> None:
    """In a block without `about`, directly or around it, everybody of the event would be meant by default."""
    owning = {model for case in CASE_MODELS.values() for model in _blocks(case) if "ref" in model.model_fields}
    about = any(isinstance(s, Leaf) and s.held.subject is SubjectRule.about for s in block.plan.fields.values())
    assert not (about and block in owning)


def test_facts_of_a_person_are_in_that_persons_block() -> None:
    for model in CASE_MODELS.values():
        for path, leaf in leaves(model.plan):
            assert (leaf.held.subject is SubjectRule.own) == path.startswith(("children/", "adults/")), path


@pytest.mark.parametrize("event_type", EventType)
def test_what_a_chronology_keeps_is_a_closed_word_or_a_block(event_type: EventType) -> None:
    for path, closed in kept_paths(MODELS[event_type]).items():
        assert closed or isinstance(MODELS[event_type].plan.fields[path.partition(".")[0]], Nest) or path == "reason_for_change"


def test_every_name_of_desks_is_a_field_of_desks() -> None:
    for model in MODELS.values():
        for name in model.names_desks | model.asks_desks:
            shape = model.plan.fields[name]
            assert isinstance(shape, Leaf)
            assert shape.held.category in {Category.professional_network, Category.plan_and_actions}


DESK_LISTS = {
    *("members", "invited", "attended", "apologies", "absent", "staying_involved"),
    *("team", "notify", "shared_with", "referred_to", "replies_missing", "why_invited/desk", "prison"),
    *("partners_asked", "partners_answered", "asked_of"),
}


def test_lists_of_agencies_are_facts_of_the_professional_network() -> None:
    for model in MODELS.values():
        for path, leaf in leaves(model.plan):
            if path in DESK_LISTS:
                assert leaf.held.category is Category.professional_network, path


@pytest.mark.parametrize("event_type", MODELS)
def test_whom_an_author_keeps_an_event_from_is_said_to_nobody(event_type: EventType) -> None:
    """That it is withheld from a treatment service, or which school may know where a child is, tells what it is to keep secret."""
    for path, leaf in leaves(MODELS[event_type].plan):
        secret = path.rpartition("/")[2] in {"withhold_from", "locating_for"}
        assert secret == (leaf.held.category is Category.sharing_limits), path
    assert all(computed.held.category in RULED for block in _blocks(MODELS[event_type]) for computed in block.computed.values())
    sharing = disclosed_schema(event_type).get("$defs", {}).get("Sharing", {"properties": {"legal_gateway": {}}})
    assert sharing["properties"].keys() == {"legal_gateway"}


def test_every_category_is_used() -> None:
    assert {leaf.held.category for model in MODELS.values() for _, leaf in leaves(model.plan)} == set(Category)


def test_every_type_has_a_model_and_a_family() -> None:
    assert set(MODELS) == set(SUBMISSIONS) == set(FAMILY) == set(EventType)
    assert set(FAMILIES) == set(FAMILY.values())


def test_the_types_that_answer_something_say_so() -> None:
    assert {t for t, m in MODELS.items() if m.must_reply} == {
        EventType.incident_closed,
        EventType.incident_triage,
        EventType.referral_outcome,
        EventType.referral_progress,
        EventType.outcome_rating,
        EventType.information_response,
        EventType.meeting_request_answer,
        EventType.meeting_response,
        EventType.meeting_report,
        EventType.missed_appointment_follow_up,
        EventType.challenge,
        EventType.challenge_response,
        EventType.consultation_advice,
        EventType.correction,
        EventType.withdrawal,
    }


def test_the_types_of_which_an_answer_is_for_more_people_than_it_names_say_so() -> None:
    assert {t for t, m in MODELS.items() if m.answers_for_all} == {EventType.meeting_response}
    assert {t for t, m in MODELS.items() if m.answer_is_for_source} == {
        EventType.information_request,
        EventType.consultation,
        EventType.meeting_request,
        EventType.meeting_invitation,
    }


def test_nothing_is_refused_for_being_incomplete_but_what_makes_it_an_event() -> None:
    """Time, people, what was decided, whom treatment or custody is of, what is asked and why, and which kind of part something is."""
    needed = {f"{block.__name__}.{name}" for block in BLOCKS for name, info in block.model_fields.items() if info.is_required()}
    events = {f"{m.__name__}.occurred_at" for m in MODELS.values()}
    people = {"Child.ref", "Adult.ref", "ChildAtIncident.about", "ChildAttendance.about", "OffendingHistory.about", "AdultContext.about"}
    people |= {"Engagement.about", "AdultLink.about", "Attendance.about", "Finding.about", "Contact.about"}
    of_one = {"AdultServiceEvent.about", "Custody.about", "HouseholdChange.about", "ServiceReferral.about"}
    involved = {f"Involvement{how}.{name}" for how in ("Started", "Ended") for name in ("about", "relation", "desk")}
    amends = {"Correction.reason", "Correction.event", "Withdrawal.reason"}
    tags = {
        f"{block.__name__}.{tag}"
        for block in BLOCKS
        for tag in ("kind", "type", "data")
        if block.__name__.endswith(("Part", "Replacement"))
    }
    decided = {"ReferralOutcome.decided_at", "ReferralOutcome.accepted", "ChallengeResponse.outcome", "MeetingRequestAnswer.answer"}
    asked = {"Query.question", "Query.purpose"}
    assert needed <= events | people | of_one | involved | amends | tags | decided | asked
