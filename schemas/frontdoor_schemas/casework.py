"""Blocks that several event types share: concerns, actions and plan items, workers, tools, risk, history."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from frontdoor_schemas.envelope import DeskId
from frontdoor_schemas.fields import LINK, Block, Computed, held, yes_or_no
from frontdoor_schemas.values import (
    ABOUT,
    EVENT,
    HOUSEHOLD,
    About,
    AdultRef,
    Audience,
    C,
    Code,
    Day,
    Line,
    Lines,
    MediaType,
    Moment,
    NotForFamily,
    Sha256,
    Text,
)
from frontdoor_schemas.vocabulary import Answer

AbuseCategory = Literal["neglect", "physical_abuse", "emotional_abuse", "sexual_abuse"]
"""The four categories under which a child may have a child protection plan."""
PlanType = Literal[
    "early_help",
    "child_in_need",
    "child_protection",
    "looked_after",
    "public_law_outline",
    "care_proceedings",
    "special_guardianship",
    "pre_birth",
]


class Concern(Block):
    """One structured observation, not a free-text box (A22)."""

    about: About = ()
    to: Audience = ()
    what: Annotated[Text | None, held(C.concern_and_incident, ABOUT, "A22", "A28")] = None
    seen_or_said_at: Annotated[Moment | None, held(C.concern_and_incident, ABOUT, "A22")] = None
    where: Annotated[Line | None, held(C.home_and_contact, ABOUT, "A22")] = None
    by_whom: Annotated[Line | None, held(C.professional_network, ABOUT, "A22")] = None
    evidence: Annotated[Literal["first_hand", "hearsay", "record"] | None, held(C.concern_and_incident, ABOUT, "A22")] = None
    impact_on_child: Annotated[Text | None, held(C.concern_and_incident, ABOUT, "A22", "A28", "K2")] = None


ConcernKind = Literal["neglect", "emotional_abuse", "physical_abuse", "sexual_abuse", "domestic_abuse", "exploitation", "other"]


class ConcernType(Block):
    """One of several types of concern on one child: neglect apart from abuse (A23, A36, D13)."""

    about: About = ()
    type: Annotated[
        ConcernKind | None,
        held(C.concern_and_incident, ABOUT, "A23", "D13"),
    ] = None
    standing: Annotated[Literal["primary", "secondary"] | None, held(C.concern_and_incident, ABOUT, "A36", "G17")] = None
    neglect_kind: Annotated[
        Line | None,
        held(C.concern_and_incident, ABOUT, "A23"),
        Field(description="Which neglect: physical, emotional, medical, educational, or of supervision"),
    ] = None
    duration: Annotated[
        Literal["recent", "long_term"] | None,
        held(C.concern_and_incident, ABOUT, "A36", "M6"),
        Field(description="Since when: months or years count as long term, also where nobody wrote it down before"),
    ] = None
    frequency: Annotated[
        Line | None, held(C.concern_and_incident, ABOUT, "A23"), Field(description="How often: once, some days, most days, always")
    ] = None


class Danger(Block):
    """Immediate safety and crime, as the police must state them (C30)."""

    immediate: Annotated[Answer | None, held(C.concern_and_incident, EVENT, "C30")] = None
    safety_ensured: Annotated[Answer | None, held(C.concern_and_incident, EVENT, "C30")] = None
    crime_ascertained: Annotated[Answer | None, held(C.offence_and_court, EVENT, "C30")] = None
    evidence_obtained: Annotated[Answer | None, held(C.offence_and_court, EVENT, "C30")] = None
    person_responsible: Annotated[AdultRef | None, held(C.offence_and_court, EVENT, "C30"), LINK] = None


class JointInvestigation(Block):
    """Whether police and social care investigate together, and why or why not (A4)."""

    decided: Annotated[Answer | None, held(C.decision_and_status, EVENT, "A4")] = None
    reason: Annotated[Text | None, held(C.decision_and_status, EVENT, "A4")] = None


class Worker(Block):
    """A worker of the case and how to reach them."""

    desk: Annotated[DeskId | None, held(C.professional_network, EVENT, "I16")] = None
    name: Annotated[Line | None, held(C.professional_network, EVENT, "I17", "A37")] = None
    role: Annotated[Line | None, held(C.professional_network, EVENT, "I17", "F33")] = None
    contact: Annotated[Line | None, held(C.professional_network, EVENT, "I17", "A37")] = None
    host_agency: Annotated[Line | None, held(C.professional_network, EVENT, "I17")] = None
    since: Annotated[Day | None, held(C.professional_network, EVENT, "A37", "G25")] = None


class HomeConditions(Block):
    """What was seen of the home, and what was not: upstairs counts (L28, A42). Environmental neglect is said apart (C21)."""

    visited_at: Annotated[Moment | None, held(C.concern_and_incident, HOUSEHOLD, "L28", "K14")] = None
    conditions: Annotated[Text | None, held(C.concern_and_incident, HOUSEHOLD, "A42", "L28")] = None
    rooms_seen: Annotated[Lines, held(C.concern_and_incident, HOUSEHOLD, "L28")] = ()
    rooms_not_seen: Annotated[Lines, held(C.concern_and_incident, HOUSEHOLD, "L28")] = ()
    reason_not_seen: Annotated[Text | None, held(C.concern_and_incident, HOUSEHOLD, "L28")] = None
    environmental_neglect: Annotated[Answer | None, held(C.concern_and_incident, HOUSEHOLD, "C21")] = None


class Attachment(Block):
    """A document that the sender keeps: its name, kind and hash, never its content (A20, L3)."""

    about: About = ()
    to: Audience = ()
    not_for_family: NotForFamily = ()
    name: Annotated[Line | None, held(C.narrative, ABOUT, "A20", "L3")] = None
    media_type: Annotated[MediaType | None, held(C.narrative, ABOUT, "A20")] = None
    sha256: Annotated[Sha256 | None, held(C.narrative, ABOUT, "A20", "L27")] = None


class SystemCheck(Block):
    """A record system that was searched, and when (C2)."""

    system: Annotated[Line | None, held(C.professional_network, EVENT, "C2", "C6")] = None
    checked_at: Annotated[Moment | None, held(C.professional_network, EVENT, "C2")] = None


class RiskAssessment(Block):
    """A risk-assessment form. Whether it was completed correctly is worked out, not claimed (C8)."""

    computed: ClassVar[Mapping[str, Computed]] = {
        "correctly_completed": yes_or_no(held(C.risk_and_need, EVENT, "C8"), "Whether every part that the partnership expects is there"),
    }

    completed_by: Annotated[Line | None, held(C.professional_network, EVENT, "C8")] = None
    completed_at: Annotated[Moment | None, held(C.risk_and_need, EVENT, "C8")] = None
    nature_of_harm: Annotated[
        Text | None, held(C.risk_and_need, EVENT, "K15"), Field(description="What may happen to which child, by whom, and in what moments")
    ] = None
    neglect_risk_factors: Annotated[
        Lines,
        held(C.risk_and_need, EVENT, "K15"),
        Field(description="What makes neglect likelier: drink or drugs, poor mental health, debt, no food or heating, nobody else to help"),
    ] = ()
    risks_identified: Annotated[Lines, held(C.risk_and_need, EVENT, "C8")] = ()
    neglect_identified: Annotated[Answer | None, held(C.risk_and_need, EVENT, "C8")] = None
    history_considered: Annotated[Answer | None, held(C.risk_and_need, EVENT, "C6")] = None
    child_seen: Annotated[Answer | None, held(C.risk_and_need, EVENT, "C8")] = None
    actions_taken: Annotated[Text | None, held(C.risk_and_need, EVENT, "C8")] = None
    residual_risk: Annotated[Text | None, held(C.risk_and_need, EVENT, "C8")] = None
    missing_reason: Annotated[Text | None, held(C.risk_and_need, EVENT, "C8")] = None


class HistoryEntry(Block):
    """Something known of the past, with its source and date (C2, C18, L8, A30)."""

    about: About = ()
    kind: Annotated[
        Literal["incident", "referral", "child_protection_plan", "child_in_need_plan", "early_help", "chronology", "other"] | None,
        held(C.history_summary, ABOUT, "C2", "C18", "A30"),
    ] = None
    what: Annotated[Text | None, held(C.history_summary, ABOUT, "L8", "L3")] = None
    on: Annotated[Day | None, held(C.history_summary, ABOUT, "L8", "A30")] = None
    impact_on_child: Annotated[Text | None, held(C.history_summary, ABOUT, "L2")] = None
    result: Annotated[Text | None, held(C.history_summary, ABOUT, "A30")] = None
    source: Annotated[Line | None, held(C.professional_network, ABOUT, "L8", "L3")] = None
    lead_professional: Annotated[Line | None, held(C.professional_network, ABOUT, "A30")] = None


class Action(Block):
    """Something to be done: one owner, a date, a state, and the latest that was done (F16, F26, F27)."""

    about: About = ()
    to: Audience = ()
    not_for_family: NotForFamily = ()
    action: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "F16", "F26", "A38")] = None
    owner: Annotated[DeskId | None, held(C.plan_and_actions, ABOUT, "F26", "A38")] = None
    done_by: Annotated[Line | None, held(C.plan_and_actions, ABOUT, "F26")] = None
    due: Annotated[Day | None, held(C.plan_and_actions, ABOUT, "F26", "A38")] = None
    priority: Annotated[Literal["high", "medium", "low"] | None, held(C.plan_and_actions, ABOUT, "F27")] = None
    status: Annotated[Literal["open", "done", "dropped"] | None, held(C.plan_and_actions, ABOUT, "F26")] = None
    latest_action: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "F16")] = None


class PlanItem(Action):
    """What has to change for a child, who does it, how it is measured, and what follows if it does not (G4–G8, G10)."""

    id: Annotated[Code | None, held(C.plan_and_actions, ABOUT, "G3")] = None
    need: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "G4")] = None
    outcome_for_child: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "G4", "G8")] = None
    how_the_parent_does_it: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "G4")] = None
    measure: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "G5")] = None
    measure_value: Annotated[Line | None, held(C.plan_and_actions, ABOUT, "G5", "L16")] = None
    baseline: Annotated[Line | None, held(C.plan_and_actions, ABOUT, "G5")] = None
    target: Annotated[Line | None, held(C.plan_and_actions, ABOUT, "G5")] = None
    target_date: Annotated[Day | None, held(C.plan_and_actions, ABOUT, "G5")] = None
    milestone: Annotated[Line | None, held(C.plan_and_actions, ABOUT, "G10")] = None
    progress: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "G5")] = None
    consequence_if_no_change: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "G4", "G6")] = None
    action_if_risk_rises: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "G6")] = None
