"""Where the facts have their place that the register's sections 4.7 to 4.24 and single rows of section 1 need.

`test_register_rows` says how a place is written, and tries each.
"""

from frontdoor_schemas.vocabulary import EventType

PLAN_ITEM = {
    "need": "need",
    "outcome for child": "outcome_for_child",
    "action": "action",
    "how the parent does it": "how_the_parent_does_it",
    "owner": "owner",
    "due": "due",
    "baseline": "baseline",
    "target": "target",
    "measure": "measure",
    "consequence if no change": "consequence_if_no_change",
    "milestone": "milestone",
}
TOOL = {
    "tool": "tool",
    "version": "version",
    "administered_by": "administered_by",
    "trained_marker": "trained; trained_on",
    "period_covered": "covers_from; covers_to",
    "scores": "scores/area; scores/sub_area; scores/grade",
    "total, summary": "total; result",
    "parent_view": "parent_view",
    "stage": "stage",
    "trigger_point_crossed": "trigger_point_crossed",
}


def within(block: str, rows: dict[str, str]) -> dict[str, str]:
    """Places of a block's facts, where the event holds that block: at a path that ends in `/`, or at the top."""
    return {row: "; ".join(f"submitted {block}{name}" for name in names.split("; ")) for row, names in rows.items()}


RISK_FORM = within(
    "risk_assessment/",
    {
        "completed_by": "completed_by",
        "completed_at": "completed_at",
        "risks_identified": "risks_identified; neglect_identified",
        "actions_taken": "actions_taken",
        "residual_risk": "residual_risk",
        "history_considered": "history_considered",
        "child_seen": "child_seen",
        "nature of harm, neglect risk factors (K15)": "nature_of_harm; neglect_risk_factors",
    },
) | {"correctly_completed": "computed risk_assessment/correctly_completed"}
HOME = within(
    "home/",
    {"rooms seen and not seen (L28)": "rooms_seen; rooms_not_seen", "home conditions (A42, C21)": "conditions; environmental_neglect"},
)
CONCERN = within("concerns/", {"what": "what", "impact_on_child": "impact_on_child", "observed at, by whom": "seen_or_said_at; by_whom"})

PLACES: dict[EventType, dict[str, str]] = {
    EventType.incident_triage: {
        "incident_id": "reply; submitted incident_id",
        "triage_result": "submitted children_in_household",
        "triaged_by, triaged_at": "submitted by; submitted at",
        "children: in household": "submitted children_at_incident/in_household",
        "child_referral_id or no_referral_reason": "submitted child_referral_id; submitted no_referral_reason",
    },
    EventType.police_risk_assessment: {
        **RISK_FORM,
        "child_voice": "submitted children/voice/child_experience",
        "systems searched (C2)": "submitted systems_checked/system; submitted systems_checked/checked_at",
        "tool (C17)": "submitted tool_results/tool; submitted tool_results/version; submitted tool_results/result",
    },
    EventType.referral_progress: {
        "status, when, by whom (A8)": "reply; submitted status; submitted at; submitted by",
        "allocation (A37)": "submitted allocated_worker/name; submitted allocated_worker/contact; submitted allocated_worker/since",
    },
    EventType.outcome_rating: {"satisfied (B8)": "reply; submitted rating; submitted comment"},
    EventType.early_help_assessment: {
        "assessment_type": "submitted assessment_type",
        "stage": "submitted stage",
        "lead_professional": "submitted lead_professional/name; submitted lead_professional/desk; submitted lead_professional/contact",
        "team": "submitted team",
        "consent": "submitted consent/status; submitted consent/given_by; submitted consent/at",
        "needs": "submitted needs/need",
        "services": "submitted needs/service",
        "outcome": "submitted outcome; submitted result",
        "next_steps": "submitted next_steps",
        "escalate_to_csc": "submitted escalate_to_social_care",
        "probation_recipients": "submitted invited; submitted adult_links/desk",
        "adult_links": "submitted adult_links/about; submitted adult_links/service",
        "participation (B6)": "submitted invited; submitted participation",
        "information_used_from": "submitted information_used_from",
        "missing replies": "submitted replies_missing",
        **{f"plan item: {row}": f"submitted plan_items/{name}" for row, name in PLAN_ITEM.items()},
        "review_date": "submitted review_date",
        "step_down_from": "submitted step_down_from",
        "tool_results before": "submitted tool_results_before/tool; submitted tool_results_before/total",
        "tool_results after": "submitted tool_results_after/tool; submitted tool_results_after/total",
        "staying involved (H7)": "submitted staying_involved",
        "unmet service (J5)": "submitted needs/unmet",
    },
    EventType.plan_update: {
        "version (G3)": "submitted version; submitted updated_at",
        **{f"plan item: {row}": f"submitted plan_items/{name}" for row, name in PLAN_ITEM.items()},
        "target date, action if risk rises (G5, G6)": "submitted plan_items/target_date; submitted plan_items/action_if_risk_rises",
        "priority, status, latest action (F16, F26, F27)": "submitted plan_items/priority; submitted plan_items/status; "
        "submitted plan_items/latest_action",
        "dated milestones (G10)": "submitted milestones/what; submitted milestones/due; submitted milestones/status",
        "members": "submitted members",
        "next review": "submitted next_review_date",
    },
    EventType.missing_episode: {
        "missing_from, reported_at, returned_at": "submitted missing_from; submitted reported_at; submitted returned_at",
        "category": "submitted category",
        "cause_for_concern": "submitted cause_for_concern; submitted why_of_concern",
        "episode_number_in_90_days": "computed previous_episodes_count; computed previous_episode_dates; computed patterns",
        "coordinator": "submitted coordinator/name; submitted coordinator/desk",
        "last_review_at": "submitted reviewed_at; submitted review",
        "exploitation_risk": "submitted exploitation_risk",
        "neglect_history": "submitted neglect_history; submitted children/neglect_before",
    },
    EventType.return_interview: {
        "offered": "submitted offered; submitted offered_at",
        "held_at": "submitted held_at; submitted returned_at",
        "by whom": "submitted held_by",
        "risk": "submitted risk; submitted risk_grade",
        "child's account": "submitted children/voice/words",
        "shared with": "submitted shared_with",
    },
    EventType.was_not_brought: {
        "status": "submitted status",
        "kind": "submitted kind; submitted key_contact",
        "provider, due_at": "submitted provider; submitted due_at",
        "clinical_consequence": "submitted clinical_consequence",
        "reason_given, parent_contacted": "submitted reason_given; submitted parent_contacted",
        "prior_missed_count": "computed prior_missed_count",
        "discharged_prematurely": "submitted discharged_prematurely",
        "notify": "submitted notify",
    },
    EventType.missed_appointment_follow_up: {"follow_up_action, follow_up_at": "reply; submitted action; submitted at; submitted reason"},
    EventType.concern: {
        **CONCERN,
        **HOME,
        "occurred_at, recorded_at": "submitted occurred_at; submitted recorded_at",
        "agency": "source agency",
        "kind": "submitted kind",
        "concern_type": "submitted concern_types/type",
        "below_threshold": "submitted below_threshold",
        "linked_event_id": "submitted linked_event_id",
        "cumulative_count": "computed cumulative_count",
    },
    EventType.expectant_mother: {
        **CONCERN,
        **HOME,
        "mother, partner or father": "submitted children/mother; submitted adults/relationship",
        "expected_date": "submitted children/expected_on; submitted children/unborn",
        "trimester": "submitted trimester",
        "raised_by": "source role",
        "health visitor notified and acknowledged": "ledger health_visitor_notified_at; ledger health_visitor_acknowledged_at",
        "previous_children_removed": "submitted previous_children_removed",
        "pre_birth_assessment_id": "submitted pre_birth_assessment_id",
        "early_help_need": "submitted early_help_need; submitted vulnerabilities",
    },
    EventType.school_attendance: {
        "period": "submitted attendance/period_from; submitted attendance/period_to",
        "sessions (O4, M3)": "submitted attendance/sessions_possible; submitted attendance/sessions_missed; "
        "submitted attendance/sessions_authorised",
        "persistent absence": "submitted attendance/persistent_absence",
        "irregular (E10)": "submitted attendance/irregular",
    },
    EventType.adult_service: {
        "adult": "submitted about; submitted adults/ref",
        "service": "submitted service",
        "event": "submitted event; submitted test_result; submitted presentation; submitted details",
        "linked_children": "submitted children/ref",
        "children_with_whom_adult_has_contact": "submitted children_with_contact/about; submitted children_with_contact/contact",
        "dependants declared (J7)": "submitted dependants_declared",
        "child_risk_reconsidered": "submitted child_risk_reconsidered; submitted child_risk_result",
        "next review (J3)": "submitted next_risk_review_on",
        "impact_on_child": "submitted children/impact_on_child",
        "other_adult_services_involved": "submitted other_services_involved",
    },
    EventType.tool_result: within("", TOOL),
    EventType.flag_instruction: {
        "flag_type": "submitted flag",
        "subject": "submitted about; submitted on; submitted children/address/lines",
        "set_or_clear": "submitted action",
        "from, to": "submitted in_force_from; submitted in_force_until",
        "reason": "submitted reason",
        "source_event_id": "submitted source_event_id",
        "system": "submitted system",
        "acknowledged_at": "ledger acknowledged_at",
    },
    EventType.child_in_need_minutes: {"absent (F17)": "submitted absent", "chair_independent (F28)": "submitted chair_independent"},
    EventType.meeting_minutes: {
        "meeting_type": "submitted meeting_type; submitted meeting_name",
        "neglect found (F29, F30)": "submitted neglect_found",
        "Signs of Safety (L18)": "submitted parts[signs_of_safety]/worries; submitted parts[signs_of_safety]/strengths; "
        "submitted parts[signs_of_safety]/what_needs_to_happen",
    },
    EventType.meeting_request: {
        "request (F5, F35)": "submitted meeting_type; submitted reason; submitted urgent; source desk",
        "whom to invite (F9, F20, F22)": "computed proposed_invitees; computed proposed_invitees_justice; "
        "computed proposed_invitees_treatment; computed proposed_invitees_health; computed proposed_invitees_protected",
    },
    EventType.meeting_request_answer: {"held, or declined with reason (F5)": "reply; submitted answer; submitted reason"},
    EventType.meeting_invitation: {
        "meeting_id": "submitted meeting_id",
        "type": "submitted meeting_type",
        "when": "submitted held_at",
        "mode, join link (F3)": "submitted mode; submitted join_link",
        "urgent (F1)": "submitted urgent",
        "invited": "submitted invited",
        "why invited": "submitted why_invited/about; submitted why_invited/reason; submitted why_invited/desk",
        "report_due": "submitted report_due",
        "report_received, attended": "ledger report_received; ledger attended; ledger responses",
    },
    EventType.meeting_response: {
        "response": "reply; submitted response; submitted reason",
        "report to follow": "submitted report_to_follow",
    },
    EventType.meeting_report: {
        "report (F11, F12)": "reply; submitted analyses/analysis; submitted parts[health]/text",
        "shared_with_family": "submitted analyses/shared_with_family; submitted analyses/shared_on; submitted analyses/reason_not_shared",
    },
    EventType.challenge: {
        "about": "submitted against; submitted plan_item",
        "target_event_id": "reply",
        "raised_by": "submitted raised_by; source desk",
        "level": "submitted level",
        "reason": "submitted reason",
        "wait_instruction": "submitted told_to_wait; submitted told_to_wait_reason",
    },
    EventType.challenge_response: {
        "outcome": "reply; submitted outcome; submitted reason",
        "outcome_at": "submitted outcome_at",
        "answered with a date (G28)": "submitted action; submitted action_by",
    },
    EventType.custody: {
        "adult": "submitted about",
        "stage": "submitted stage",
        "managing_service": "submitted managing_service",
        "pre_sentence_check_id": "submitted pre_sentence_check_id",
        "sentence_at": "submitted sentence_at",
        "prison": "submitted prison; submitted prison_name",
        "child_safeguarding_summary": "submitted child_safeguarding_summary; submitted child_safeguarding_considered",
        "children_in_household": "submitted children/ref; submitted children_in_household",
        "release_at": "submitted release_at",
        "release_address": "submitted release_address/lines; submitted release_address/postcode",
        "concern_at_release": "submitted concern_at_release",
    },
    EventType.child_moved: {
        "child": "submitted about",
        "what moved": "submitted moved",
        "from, to: authority": "submitted from_authority; submitted to_authority",
        "from, to: school": "submitted from_school; submitted to_school",
        "from, to: GP": "submitted from_practice; submitted to_practice",
        "from, to: community health": "submitted from_community_health; submitted to_community_health",
        "temporary": "submitted temporary",
        "effective_at": "submitted effective_at",
        "open_plans": "submitted open_plans",
        "records_transferred_at": "submitted records_transferred_at",
        "receiver_acknowledged_at": "ledger receiver_acknowledged_at",
        "former worker (G23)": "submitted former_worker_stays; submitted former_worker/name",
        "the old school's summary (O1)": "submitted safeguarding_summary_offered; submitted safeguarding_summary",
    },
    EventType.household_change: {
        "who, joined or left, when (L29)": "submitted about; submitted change; submitted changed_on",
        "source of knowledge": "submitted known_from; submitted told_by_the_family",
    },
    EventType.consultation: {
        "asked_by": "source desk; submitted author/name",
        "question": "submitted question",
        "later_referral_id": "ledger later_referral_id",
    },
    EventType.consultation_advice: {
        "advice": "reply; submitted advice",
        "advised_by, advised_at": "submitted advised_by; submitted advised_at",
        "recommended": "submitted recommended",
        "later_referral_id": "ledger later_referral_id",
    },
    EventType.medical: {
        "requested, result (I30)": "submitted stage; submitted requested_at; submitted findings/finding; submitted findings/to"
    },
    EventType.service_referral: {
        "requested to offered (I27, I28)": "submitted service; submitted stage; submitted requested_at; submitted accepted_at; "
        "submitted offered_at; submitted appointment_at",
        "unmet need (J5)": "submitted unmet_need",
    },
    EventType.query: {
        "question and purpose": "submitted question; submitted purpose",
        "address (C13)": "submitted address/lines; submitted address/postcode",
        "incident (D8)": "submitted incident_id",
        "at any date (G20)": "submitted as_at",
    },
}
"""Register §4.7–4.10, 4.13–4.24, and what rows of section 1 need beyond."""
