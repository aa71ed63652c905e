"""Every fact that the requirements register needs of our event types has a place: a field, a computed field, a ledger name.

The table gives, for each needed row of the register's section 4, where it is served. A place is written `submitted
<path>`, `computed <path>` or `ledger <path>` in the body of the event type; `envelope <field>`; `source <name>` for the
section that the exchange adds; or `reply` for the event answered. Where a `ledger` name is found the contract says itself, and
`test_ledger_places` tries it.
"""

import re
from collections.abc import Iterator

import pytest

from contract.made_up import SOURCE
from contract.register_places import CONCERN, HOME, PLACES, PLAN_ITEM, RISK_FORM, TOOL, within
from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.envelope import Envelope
from frontdoor_schemas.events import CASE_MODELS, MODELS
from frontdoor_schemas.fields import Block, Leaf, Nest
from frontdoor_schemas.vocabulary import EventType

COMMON = {
    "event_id": "envelope id",
    "event_type": "envelope type",
    "schema_version": "envelope schema_version",
    "correlation_id": "envelope thread",
    "causation_id": "envelope cause",
    "occurred_at": "submitted occurred_at",
    "submitted_at, received_at": "envelope received_at",
    "out_of_hours": "submitted out_of_hours",
    "source_agency": "source agency",
    "source_unit": "source desk",
    "author": "submitted author/name; submitted author/role; submitted author/contact",
    "children: key, name": "submitted children/ref; submitted children/given_name; submitted children/family_name",
    "children: birth, or unborn and expected": "submitted children/born; submitted children/unborn; submitted children/expected_on",
    "children: mother link": "submitted children/mother",
    "children: sex": "submitted children/sex",
    "children: school, or none": "submitted children/school; submitted children/not_in_school",
    "children: GP": "submitted children/practice",
    "children: health visitor or school nurse": "submitted children/community_health",
    "children: dentist": "submitted children/dentist",
    "children: local authority": "submitted children/local_authority",
    "identity: ethnicity": "submitted children/characteristics/ethnicity",
    "identity: heritage": "submitted children/characteristics/heritage",
    "identity: culture": "submitted children/characteristics/culture",
    "identity: religion": "submitted children/characteristics/religion",
    "identity: language": "submitted children/characteristics/language",
    "identity: SEND or disability": "submitted children/characteristics/send_or_disability",
    "identity: communication needs": "submitted children/characteristics/communication_needs",
    "people: relationship": "submitted adults/relationship",
    "people: lives with child": "submitted adults/lives_with_child",
    "people: parental responsibility": "submitted adults/parental_responsibility",
    "people: risk marker": "submitted adults/risk_marker",
    "people: safe to contact": "submitted adults/safe_to_contact",
    "people: known to": "submitted adults/known_to_probation; submitted adults/known_to_adult_mental_health; "
    "submitted adults/known_to_substance_misuse",
    "siblings with concern yes, no, unknown": "submitted children/concern",
    "address": "submitted children/address/lines; submitted children/address/postcode; submitted adults/address/lines",
    "address: temporary": "submitted children/address/temporary",
    "address: previous": "submitted children/address/previous_postcode; submitted children/address/previous_authority",
    "concern_types": "submitted concern_types/type",
    "concern_types: primary or secondary": "submitted concern_types/standing",
    "concern_types: neglect kind": "submitted concern_types/neglect_kind",
    "concern_types: recent or long-term": "submitted concern_types/duration",
    "level_of_need": "submitted level_of_need",
    "consent": "submitted consent/status; submitted consent/given_by; submitted consent/at; submitted consent/override_reason",
    "voice: obtained": "submitted children/voice/obtained",
    "voice: child present": "submitted children/voice/child_present",
    "voice: child's experience": "submitted children/voice/child_experience",
    "voice: words": "submitted children/voice/words",
    "voice: self-assessment": "submitted children/voice/self_assessment",
    "voice: demeanour": "submitted children/voice/demeanour",
    "voice: living conditions, rooms not seen": "submitted children/voice/conditions_seen; submitted children/voice/rooms_not_seen",
    "voice: by whom and how": "submitted children/voice/obtained_by; submitted children/voice/how",
    "voice: reason if not obtained": "submitted children/voice/reason_not_obtained",
    "attachments": "submitted attachments/name; submitted attachments/media_type; submitted attachments/sha256",
    "neglect now and before (K16)": "submitted children/neglect_now; submitted children/neglect_before",
    "count and dates of earlier events": "computed earlier_events_count; computed earlier_event_dates",
}
"""Register §4.0, with the child's voice; common to all events about people."""

MINUTES = {
    "date": "submitted held_at",
    "chair": "submitted chair; submitted chair_role",
    "chair_independent": "submitted chair_independent",
    "invited": "submitted invited",
    "attended": "submitted attended",
    "child_voice": "submitted children/voice/words",
    "actions: what": "submitted actions/action",
    "actions: owner": "submitted actions/owner",
    "actions: due": "submitted actions/due",
    "actions: priority": "submitted actions/priority",
    "actions: status": "submitted actions/status",
    "actions: latest action": "submitted actions/latest_action",
    "distribution": "ledger distribution; ledger distributed",
}
GROUP_MINUTES = {
    **MINUTES,
    "absent_without_report": "submitted absent",
    "progress": "submitted parts[plan]/items/progress; submitted parts[plan]/items/measure_value",
    "tool re-score": "submitted tool_results/result",
    "parental_engagement": "submitted parental_engagement/attending_appointments; submitted parental_engagement/test_results; "
    "submitted parental_engagement/disguised_compliance",
    "minutes_published_at": "submitted minutes_published_at",
    "challenge_raised": "submitted challenge_raised/by; submitted challenge_raised/reason",
}
"""Register §4.5."""

TABLE: dict[EventType, dict[str, str]] = {
    **PLACES,
    EventType.referral: {
        "referrer": "source agency; submitted author/name; submitted author/role; submitted author/contact",
        "referral_form_type": "submitted form_type",
        "concerns: what": "submitted concerns/what",
        "concerns: when": "submitted concerns/seen_or_said_at",
        "concerns: where": "submitted concerns/where",
        "concerns: by whom": "submitted concerns/by_whom",
        "concerns: first-hand or hearsay": "submitted concerns/evidence",
        "concerns: impact on child": "submitted concerns/impact_on_child",
        "history": "submitted history/known; submitted history/entries/kind; submitted history/entries/what",
        "history: source and date": "submitted history/entries/source; submitted history/entries/on",
        "previous_referral_ids": "submitted previous_referral_ids",
        "consultation_id": "submitted consultation_id",
        "chronology": "submitted chronology/what; submitted chronology/on; submitted chronology/impact_on_child",
        "systems_checked": "submitted systems_checked/system; submitted systems_checked/checked_at",
        **{f"risk_assessment: {row}": place for row, place in RISK_FORM.items()},
        "risk_assessment_missing_reason": "submitted risk_assessment/missing_reason",
        "risk_grade": "submitted risk_grade",
        "tool": "submitted tool_results/tool; submitted tool_results/version; submitted tool_results/result",
        "recommended_next_step": "submitted recommended_next_step",
        "impact_on_child": "submitted children/impact_on_child",
        "offending_history": "submitted offending_history/known; submitted offending_history/text",
        "adult_service_context": "submitted adult_service_context/substance_use; submitted adult_service_context/mental_health; "
        "submitted adult_service_context/learning_difficulty; submitted adult_service_context/domestic_abuse",
        "child_protective_factors": "submitted children/needs/protective_factors",
        "strengths": "submitted children/needs/strengths",
        "unmet_needs": "submitted children/needs/unmet_needs",
        **{f"tool_results: {row}": place for row, place in within("tool_results/", TOOL).items()},
        "tool_results: date": "submitted tool_results/on",
        "household_adversities": "submitted household_adversities",
        "parental_capacity": "submitted parental_capacity",
        "school_attendance, health_appointments_missed": "submitted children/needs/school_attendance; "
        "submitted children/needs/health_appointments_missed",
        "early help before (A30)": "submitted history/early_help_before; submitted history/entries/lead_professional; "
        "submitted history/entries/result",
        **HOME,
        "actions_already_taken_by_referrer": "submitted actions_already_taken",
        "referrer_offer": "submitted referrer_offer",
        "consent": "submitted consent/status",
        "immediate_danger": "submitted danger/immediate",
        "crime_ascertained": "submitted danger/crime_ascertained",
        "person_responsible": "submitted danger/person_responsible",
        "repeat referral": "computed previous_referrals_count; computed previous_referral_dates; computed same_issue_closed_on",
    },
    EventType.police_incident: {
        "incident_id": "submitted incident_id",
        "incident_at": "submitted occurred_at",
        "closed_at or open": "submitted closed_at",
        "closing_code": "submitted closing_code",
        "qualifying_markers": "submitted domestic_abuse/qualifying_markers",
        "risk_grade": "submitted domestic_abuse/risk_grade",
        "domestic_abuse_risk_form_completed": "submitted domestic_abuse/risk_form_completed",
        "triage_result": "submitted domestic_abuse/triage/children_in_household",
        "triaged_by, triaged_at": "submitted domestic_abuse/triage/by; submitted domestic_abuse/triage/at",
        "children: in household": "submitted children_at_incident/in_household",
        "children: present": "submitted children_at_incident/present",
        "children: heard or saw": "submitted children_at_incident/saw_or_heard",
        "children: voice": "submitted children/voice/child_experience",
        "school_id": "submitted children/school",
        "gp_id": "submitted children/practice",
        "health_visitor_or_school_nurse_id": "submitted children/community_health",
        "previous_incidents_count": "computed domestic_abuse/previous_incidents_count",
        "previous_incident_dates": "computed domestic_abuse/previous_incident_dates",
        "escalating": "computed domestic_abuse/escalating",
        "child_referral_id": "submitted domestic_abuse/child_referral_id",
        "no_referral_reason": "submitted domestic_abuse/no_referral_reason",
        "redacted_view": "ledger domestic_abuse/redacted_view",
        "notified": "ledger domestic_abuse/notified",
        "immediate safety, evidence (C30)": "submitted danger/safety_ensured; submitted danger/evidence_obtained",
        "child as victim or aggressor (C20)": "submitted children_at_incident/part",
        "support_offered": "submitted domestic_abuse/support_offered",
        "concerns": CONCERN["what"],
        **HOME,
    },
    EventType.incident_closed: {
        "incident_id": "reply; submitted incident_id",
        "closed_at": "submitted closed_at",
        "closing_code": "submitted closing_code",
    },
    EventType.referral_outcome: {
        "referral_id": "reply",
        "decided_at": "submitted decided_at",
        "decided_by": "submitted decided_by",
        "accepted": "submitted accepted",
        "route": "submitted route",
        "allocated_worker": "submitted allocated_worker/name; submitted allocated_worker/contact; submitted allocated_worker/since",
        "current_plan": "submitted current_plan/plan_type; submitted current_plan/started_on; submitted current_plan/lead_worker/name",
        "referrer_role_going_forward": "submitted referrer_role_going_forward",
        "reason_not_accepted": "submitted reason_not_accepted",
        "suggested_support": "submitted suggested_support",
        "early_help_considered": "submitted early_help_considered",
        "level_of_need_decided": "submitted level_of_need_decided",
        "level_of_need_asserted": "submitted level_of_need",
        "recommended_next_step_followed": "submitted recommended_next_step_followed; submitted why_not_followed",
        "information_considered": "submitted information_considered",
        "partners_asked": "submitted partners_asked",
        "partners_answered": "submitted partners_answered",
        "history_considered": "submitted history_considered",
        "joint_investigation": "submitted joint_investigation/decided; submitted joint_investigation/reason",
        "actions": "submitted actions/action; submitted actions/owner; submitted actions/due",
        "previous_referral_same_issue": "computed previous_referral_same_issue",
        "how_to_challenge": "submitted how_to_challenge",
        "acknowledged_by, acknowledged_at": "ledger acknowledged_by; ledger acknowledged_at",
        "satisfied": "ledger satisfied",
    },
    EventType.conference_minutes: {
        **MINUTES,
        "conference_type": "submitted conference_type",
        "apologies": "submitted apologies",
        "reports_received": "submitted reports_received/desk; submitted reports_received/received",
        "child_attended, eligible": "submitted child_attendance/attended; submitted child_attendance/eligible",
        "view_conveyed_by": "submitted child_attendance/view_conveyed_by; submitted child_attendance/advocate",
        "gp_report": "submitted reports_received/analysis; submitted reports_received/shared_with_family",
        "threshold_decision": "submitted parts[decision]/threshold_met; submitted parts[decision]/text",
        "category primary and secondary": "submitted parts[decision]/category_primary; submitted parts[decision]/category_secondary",
        "previous CP (re-registration)": "computed re_registration; computed previous_child_protection_plans",
        "risks": "submitted parts[discussion]/risks",
        "protective_factors": "submitted parts[discussion]/protective_factors",
        "history_summary": "submitted parts[discussion]/history_summary",
        **{f"plan item: {row}": f"submitted parts[plan]/items/{name}" for row, name in PLAN_ITEM.items()},
        "consequence_if_no_change": "submitted parts[plan]/consequence_if_no_change",
        "dissent": "submitted dissent/by; submitted dissent/reason",
        "next_review_date": "submitted next_review_date",
    },
    EventType.core_group_minutes: GROUP_MINUTES,
    EventType.child_in_need_minutes: GROUP_MINUTES | PLACES[EventType.child_in_need_minutes],
    EventType.meeting_minutes: GROUP_MINUTES | PLACES[EventType.meeting_minutes],
    EventType.strategy_discussion: {
        "requested_by, requested_at": "submitted requested_by; submitted requested_at",
        "urgent": "submitted urgent",
        "mode": "submitted mode",
        "participants": "submitted attended",
        "absent_statutory": "submitted absent",
        "contributions": "submitted reports_received/desk; submitted reports_received/analysis",
        "decision": "submitted decision; submitted decision_reason",
        "joint_investigation": "submitted joint_investigation/decided",
        "family_history_considered": "submitted family_history_considered",
        "actions": "submitted actions/action",
        "follow_up_due": "submitted follow_up_due",
        "recorded_on_police_system_at": "ledger recorded_on_police_system_at",
    },
    EventType.plan_status: {
        "plan_type": "submitted plan_type",
        "from_status": "submitted from_status; submitted from_plan_type",
        "to_status": "submitted to_status",
        "changed_at": "submitted changed_at",
        "reason": "submitted reason",
        "category_primary": "submitted category_primary",
        "category_secondary": "submitted category_secondary",
        "previous_cp": "computed previous_child_protection_plans",
        "re_registration": "computed re_registration",
        "count of previous changes": "computed previous_changes_count",
        "lead_worker": "submitted lead_worker/name",
        "change_of_worker_count": "computed change_of_worker_count",
        **{f"plan item: {row}": f"submitted plan_items/{name}" for row, name in PLAN_ITEM.items()},
        "step_down_plan": "submitted step_down_plan",
        "monitored_by": "submitted monitored_by",
        "monitor_until": "submitted monitor_until",
        "return_trigger": "submitted return_trigger",
        "flag_instruction": "submitted flag_instructions/flag; submitted flag_instructions/action",
        "notify_health": "ledger notify_health",
        "drift_flags": "computed patterns",
    },
    EventType.investigation_status: {
        "investigation_id": "submitted investigation_id",
        "opened_at": "submitted opened_at",
        "last_update_at": "submitted last_update_at",
        "closed_at": "submitted closed_at",
        "status": "submitted status",
        "offence_type": "submitted offence_type",
        "linked_children": "submitted children/ref; submitted about",
        "linked_adults": "submitted adults/ref; submitted about",
        "closure_reason": "submitted closure_reason",
        "residual_risk": "submitted residual_risk",
        "action_for_partners": "submitted action_for_partners",
        "joint_with_csc": "submitted joint_investigation/decided; submitted joint_investigation/reason",
        "partners_notified": "ledger partners_notified",
    },
    EventType.information_request: {
        "request_type": "submitted request_type",
        "purpose": "submitted purpose",
        "subject": "submitted about",
        "asked_of": "submitted asked_of",
        "asked_by": "submitted asked_by; source desk",
        "context": "submitted context",
        "due_at": "submitted due_at",
        "sentence date": "submitted sentence_on",
        "status": "ledger status",
        "reminders": "ledger reminders",
        "consent_or_override": "submitted consent/status; submitted consent/override_reason",
    },
    EventType.information_response: {
        "status": "submitted result; submitted reason_refused; ledger status",
        "known": "submitted answers/known",
        "contact": "submitted answers/contact; submitted worker/contact",
        "content": "submitted answers/content",
        "attendance and test result": "submitted answers/attending_appointments; submitted answers/test_result",
        "answered_at": "submitted answered_at",
        "systems_searched": "submitted systems_searched/system; submitted systems_searched/checked_at",
        "consent_or_override": "submitted consent/status; submitted consent/override_reason",
    },
    EventType.involvement_started: {
        "agency": "submitted desk",
        "relation": "submitted relation",
        "worker": "submitted worker/name",
        "role": "submitted worker/role",
        "purpose": "submitted purpose",
        "contact": "submitted worker/contact",
        "host_agency": "submitted worker/host_agency",
        "child": "submitted about",
        "from": "submitted since",
        "reason_for_change": "submitted reason_for_change",
    },
    EventType.involvement_ended: {"to": "submitted until", "agency": "submitted desk", "child": "submitted about"},
    EventType.correction: {
        "corrections are new events (L27)": "reply; submitted reason; submitted event[police-incident]/data/occurred_at"
    },
    EventType.withdrawal: {"withdrawal": "reply; submitted reason"},
}
"""Register §4.1–4.6, 4.8, 4.11, 4.12, 4.16; and all of the rest."""

ROWS = [(event_type, row, place) for event_type, rows in TABLE.items() for row, place in rows.items()]
ROWS += [(event_type, row, place) for event_type in CASE_MODELS for row, place in COMMON.items()]


def test_every_event_type_is_in_the_table() -> None:
    assert set(TABLE) == set(EventType)


@pytest.mark.parametrize(("event_type", "row", "places"), ROWS, ids=[f"{t.value}: {row}" for t, row, _ in ROWS])
def test_every_row_of_the_register_has_its_place(event_type: EventType, row: str, places: str) -> None:
    missing = [place for place in places.split("; ") if not _is_there(event_type, place)]
    assert not missing, f"{row} is served nowhere"


def test_a_place_that_is_not_there_is_noticed() -> None:
    for place in ("submitted nowhere", "computed occurred_at", "ledger accepted", "envelope author", "submitted children/nothing"):
        assert not _is_there(EventType.referral, place)


def test_every_row_named_by_a_field_is_a_row_of_the_register() -> None:
    named = {row for model in MODELS.values() for leaf in _leaves(model) for row in leaf.held.rows}
    assert all(re.fullmatch(r"[A-O][1-9][0-9]?", row) for row in named)


def test_nearly_every_field_says_which_row_asks_for_it() -> None:
    leaves = list(_leaves(CaseEvent)) + [leaf for model in CASE_MODELS.values() for leaf in _leaves(model)]
    assert sum(bool(leaf.held.rows) for leaf in leaves) / len(leaves) > 0.75


def _leaves(model: type[Block]) -> Iterator[Leaf]:
    for shape in model.plan.fields.values():
        if isinstance(shape, Leaf):
            yield shape
        elif isinstance(shape, Nest):
            for plan in shape.plans.values():
                yield from _leaves(plan.model)


def _is_there(event_type: EventType, place: str) -> bool:
    kind, _, path = place.partition(" ")
    match kind:
        case "envelope":
            return path in Envelope.model_fields
        case "source":
            return path in SOURCE.__slots__
        case "reply":
            return MODELS[event_type].must_reply
    *steps, name = path.split("/")
    model = _at(MODELS[event_type], steps)
    if model is None:
        return False
    if kind == "submitted":
        return name in model.plan.fields
    return name in (model.computed if kind == "computed" else model.ledger)


def _at(model: type[Block], steps: list[str]) -> type[Block] | None:
    for step in steps:
        name, _, variant = step.removesuffix("]").partition("[")
        shape = model.plan.fields.get(name)
        if not isinstance(shape, Nest) or (variant or None) not in shape.plans:
            return None
        model = shape.plans[variant or None].model
    return model
