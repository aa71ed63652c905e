"""Police incidents, with the domestic-abuse block, and their closing (register §4.2)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.casework import Concern, Danger, HomeConditions, RiskAssessment, SystemCheck
from frontdoor_schemas.fields import Block, Computed, Places, counted, dates, held, yes_or_no
from frontdoor_schemas.tools import ToolResult
from frontdoor_schemas.values import ABOUT, EVENT, HOUSEHOLD, MAX_ITEMS, AboutOneChild, C, Code, Line, Lines, LocalId, Moment, Text
from frontdoor_schemas.vocabulary import Answer


class ChildAtIncident(Block):
    """Where one child was when it happened (C32)."""

    about: AboutOneChild
    in_household: Annotated[Answer | None, held(C.concern_and_incident, ABOUT, "D5")] = None
    present: Annotated[Answer | None, held(C.concern_and_incident, ABOUT, "C32", "C4")] = None
    part: Annotated[Literal["victim", "aggressor", "witness", "none"] | None, held(C.offence_and_court, ABOUT, "C20")] = None
    saw_or_heard: Annotated[Answer | None, held(C.concern_and_incident, ABOUT, "C32")] = None


class Triage(Block):
    """Result of the triage of an incident; `unknown` counts as not triaged (D5)."""

    children_in_household: Annotated[Answer | None, held(C.concern_and_incident, EVENT, "D5")] = None
    by: Annotated[Line | None, held(C.professional_network, EVENT, "D5")] = None
    at: Annotated[Moment | None, held(C.concern_and_incident, EVENT, "D5")] = None


class DomesticAbuse(Block):
    """Its presence qualifies the incident, whatever code closes it (D2, D3)."""

    computed: ClassVar[Mapping[str, Computed]] = {
        "previous_incidents_count": counted(
            held(C.history_summary, HOUSEHOLD, "D9"), "Earlier domestic-abuse incidents that this recipient may know of"
        ),
        "previous_incident_dates": dates(held(C.history_summary, HOUSEHOLD, "D9"), "Their dates"),
        "escalating": yes_or_no(held(C.history_summary, HOUSEHOLD, "D9"), "Whether they come closer together or rise in grade"),
    }
    ledger: ClassVar[Mapping[str, Places]] = {"notified": ("line", "measure encompass-before-school"), "redacted_view": ("delivery",)}

    qualifying_markers: Annotated[
        tuple[Literal["call_type", "risk_form", "closing_code", "linked_child", "officer_judgement"], ...],
        Field(max_length=MAX_ITEMS),
        held(C.concern_and_incident, EVENT, "D2"),
    ] = ()
    risk_grade: Annotated[Literal["standard", "medium", "high"] | None, held(C.risk_and_need, EVENT, "D4")] = None
    risk_form_completed: Annotated[Answer | None, held(C.risk_and_need, EVENT, "D6")] = None
    triage: Triage | None = None
    child_referral_id: Annotated[UUID | None, held(C.decision_and_status, EVENT, "D6", "D7", "D8")] = None
    no_referral_reason: Annotated[Text | None, held(C.decision_and_status, EVENT, "D6", "D7")] = None
    support_offered: Annotated[Lines, held(C.plan_and_actions, EVENT, "D1")] = ()


class Closing(Block):
    """How an incident was closed. No selection depends on one code (D2)."""

    closed_at: Annotated[Moment | None, held(C.decision_and_status, EVENT, "D3")] = None
    closing_code: Annotated[Code | None, held(C.decision_and_status, EVENT, "D2")] = None


class PoliceIncident(CaseEvent, Closing):
    """An incident that police attended or recorded; open, or (a backlog) closed already."""

    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {
        *("domestic_abuse", "domestic_abuse.risk_grade", "children_at_incident.part", "home.environmental_neglect"),
    }

    incident_id: Annotated[LocalId | None, held(C.case_reference, EVENT, "D8")] = None
    kind: Annotated[Line | None, held(C.concern_and_incident, EVENT, "C14")] = None
    place: Annotated[Line | None, held(C.home_and_contact, EVENT)] = None
    circumstances: Annotated[Text | None, held(C.narrative, HOUSEHOLD)] = None
    offences: Annotated[Lines, held(C.offence_and_court, EVENT)] = ()
    danger: Danger | None = None
    domestic_abuse: DomesticAbuse | None = None
    children_at_incident: Annotated[tuple[ChildAtIncident, ...], Field(max_length=MAX_ITEMS)] = ()
    concerns: Annotated[tuple[Concern, ...], Field(max_length=MAX_ITEMS)] = ()
    home: HomeConditions | None = None
    systems_checked: Annotated[tuple[SystemCheck, ...], Field(max_length=MAX_ITEMS)] = ()
    risk_assessment: RiskAssessment | None = None
    tool_results: Annotated[tuple[ToolResult, ...], Field(max_length=MAX_ITEMS)] = ()


class IncidentClosed(CaseEvent, Closing):
    """The control room has closed an incident. It never triggers a notification: the creation did (D3)."""

    must_reply: ClassVar[bool] = True

    incident_id: Annotated[LocalId | None, held(C.case_reference, EVENT, "D2")] = None


class IncidentTriage(CaseEvent, Triage):
    """The result of a triage, for each incident of its own (D5), with what a gatekeeper decided about a referral (D7, C15)."""

    must_reply: ClassVar[bool] = True
    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"children_in_household"}

    incident_id: Annotated[LocalId | None, held(C.case_reference, EVENT, "D5", "D8")] = None
    children_at_incident: Annotated[tuple[ChildAtIncident, ...], Field(max_length=MAX_ITEMS)] = ()
    child_referral_id: Annotated[UUID | None, held(C.decision_and_status, EVENT, "D7", "D8", "C15")] = None
    no_referral_reason: Annotated[Text | None, held(C.decision_and_status, EVENT, "D7", "C15", "C16")] = None


class PoliceRiskAssessment(CaseEvent):
    """A risk-assessment form sent by itself: later than the incident or referral that it belongs to (C8, C9)."""

    incident_id: Annotated[LocalId | None, held(C.case_reference, EVENT, "C8")] = None
    risk_assessment: RiskAssessment | None = None
    risk_grade: Annotated[Literal["standard", "medium", "high"] | None, held(C.risk_and_need, EVENT, "C6", "C17")] = None
    systems_checked: Annotated[tuple[SystemCheck, ...], Field(max_length=MAX_ITEMS)] = ()
    tool_results: Annotated[tuple[ToolResult, ...], Field(max_length=MAX_ITEMS)] = ()
