"""Referrals: multi-agency referral form, police referral, concern card (register §4.1)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.casework import Concern, Danger, HistoryEntry, HomeConditions, RiskAssessment, SystemCheck
from frontdoor_schemas.fields import Block, Computed, counted, dates, held
from frontdoor_schemas.tools import ToolResult
from frontdoor_schemas.values import ABOUT, EVENT, HOUSEHOLD, MAX_ENTRIES, MAX_ITEMS, AboutAdults, Audience, C, Code, Line, Text
from frontdoor_schemas.vocabulary import Answer

NextStep = Literal[
    "strategy_meeting",
    "joint_investigation",
    "section_47_enquiry",
    "section_17_assessment",
    "pre_birth_assessment",
    "early_help",
    "advice",
    "no_further_action",
    "other",
]
HouseholdAdversity = Literal[
    "domestic_abuse",
    "mental_ill_health_of_parent",
    "adverse_childhood_of_parent",
    "poverty",
    "alcohol_or_drug_misuse_of_parent",
    "criminal_behaviour_of_parent",
    "transient_lifestyle",
    "multiple_partners_of_parent",
    "social_isolation",
]
"""What else bears on a household in which children are neglected (register section 3, the Wandsworth strategy's table)."""


class History(Block):
    """The family's history as the referrer knows it; 'not known' may be said, silence is owed (L8)."""

    known: Annotated[Answer | None, held(C.history_summary, EVENT, "L8", "C2", "C18")] = None
    early_help_before: Annotated[Answer | None, held(C.history_summary, EVENT, "A30")] = None
    entries: Annotated[tuple[HistoryEntry, ...], Field(max_length=MAX_ENTRIES)] = ()


class OffendingHistory(Block):
    """What is known of an adult's offending; an explicit 'none' is an answer (K1)."""

    about: AboutAdults
    to: Audience = ()
    known: Annotated[
        Literal["none", "some", "not_known"] | None,
        held(C.offence_and_court, ABOUT, "K1"),
        Field(description="Say `none` where there is none: silence is not an answer"),
    ] = None
    text: Annotated[
        Text | None,
        held(C.offence_and_court, ABOUT, "K1"),
        Field(description="What, when, against whom, and whether drink, drugs or violence at home had a part in it"),
    ] = None


class AdultContext(Block):
    """What an adult lives with that bears on the children (J8)."""

    about: AboutAdults
    to: Audience = ()
    substance_use: Annotated[Text | None, held(C.adult_health_and_treatment, ABOUT, "J8")] = None
    mental_health: Annotated[Text | None, held(C.adult_health_and_treatment, ABOUT, "J8")] = None
    learning_difficulty: Annotated[Text | None, held(C.adult_health_and_treatment, ABOUT, "J8")] = None
    domestic_abuse: Annotated[Text | None, held(C.concern_and_incident, ABOUT, "J8")] = None


class Referral(CaseEvent):
    """A request that the front door decide what a child needs."""

    computed: ClassVar[Mapping[str, Computed]] = {
        **CaseEvent.computed,
        "previous_referrals_count": counted(held(C.history_summary, HOUSEHOLD, "A26"), "Earlier referrals that this recipient may know of"),
        "previous_referral_dates": dates(held(C.history_summary, HOUSEHOLD, "A26"), "Their dates"),
        "same_issue_closed_on": Computed(
            held(C.history_summary, HOUSEHOLD, "A27"),
            {"type": "string", "format": "date"},
            "When an earlier referral with a concern of the same type was refused, or closed",
        ),
    }

    form_type: Annotated[Code | None, held(C.case_reference, EVENT, "A19")] = None
    all_children_named: Annotated[Answer | None, held(C.family_network, EVENT, "L24")] = None
    concerns: Annotated[tuple[Concern, ...], Field(max_length=MAX_ITEMS)] = ()
    history: History | None = None
    previous_referral_ids: Annotated[tuple[UUID, ...], Field(max_length=MAX_ITEMS), held(C.history_summary, EVENT, "A26")] = ()
    consultation_id: Annotated[UUID | None, held(C.history_summary, EVENT, "A10")] = None
    chronology: Annotated[tuple[HistoryEntry, ...], Field(max_length=MAX_ENTRIES)] = ()
    systems_checked: Annotated[tuple[SystemCheck, ...], Field(max_length=MAX_ITEMS)] = ()
    risk_assessment: RiskAssessment | None = None
    risk_grade: Annotated[Literal["standard", "medium", "high"] | None, held(C.risk_and_need, EVENT, "C6", "C17")] = None
    tool_results: Annotated[tuple[ToolResult, ...], Field(max_length=MAX_ITEMS)] = ()
    recommended_next_step: Annotated[NextStep | None, held(C.decision_and_status, EVENT, "A3")] = None
    offending_history: Annotated[tuple[OffendingHistory, ...], Field(max_length=MAX_ITEMS)] = ()
    adult_service_context: Annotated[tuple[AdultContext, ...], Field(max_length=MAX_ITEMS)] = ()
    household_adversities: Annotated[
        tuple[HouseholdAdversity, ...], Field(max_length=MAX_ITEMS), held(C.risk_and_need, HOUSEHOLD, "J8")
    ] = ()
    parental_capacity: Annotated[Text | None, held(C.risk_and_need, HOUSEHOLD)] = None
    circumstances: Annotated[Text | None, held(C.narrative, HOUSEHOLD)] = None
    home: HomeConditions | None = None
    actions_already_taken: Annotated[Text | None, held(C.plan_and_actions, EVENT, "A38")] = None
    referrer_offer: Annotated[Text | None, held(C.plan_and_actions, EVENT, "A38")] = None
    danger: Danger | None = None
    reason_for_referral: Annotated[Line | None, held(C.concern_and_incident, EVENT, "M6")] = None
