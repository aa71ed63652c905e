"""Police incidents, with the domestic-abuse block, and their closing (register §4.2)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from frontdoor_schemas.fields import Block, Computed, Structure, held
from frontdoor_schemas.people import ABOUT, EVENT, HOUSEHOLD, MAX_ITEMS, About, C, Code, Concern, EventBody, Line, LocalId, SenderRef, Text
from frontdoor_schemas.vocabulary import Answer


class ChildAtIncident(Block):
    """Where one child was when it happened (C32)."""

    about: Annotated[tuple[SenderRef, ...], Structure("about"), Field(min_length=1, max_length=1)]
    in_household: Annotated[Answer | None, held(C.concern_and_incident, ABOUT, "D5")] = None
    saw_or_heard: Annotated[Answer | None, held(C.concern_and_incident, ABOUT, "C32")] = None


class Triage(Block):
    """Result of the triage of an incident; `unknown` counts as not triaged (D5)."""

    children_in_household: Annotated[Answer | None, held(C.concern_and_incident, EVENT, "D5")] = None
    by: Annotated[Line | None, held(C.professional_network, EVENT, "D5")] = None
    at: Annotated[AwareDatetime | None, held(C.concern_and_incident, EVENT, "D5")] = None


class DomesticAbuse(Block):
    """Its presence qualifies the incident, whatever code closes it (D2, D3)."""

    computed: ClassVar[Mapping[str, Computed]] = {
        "previous_incidents_count": Computed(
            held(C.history_summary, HOUSEHOLD, "D9"),
            {"type": "integer", "minimum": 0},
            "Earlier domestic-abuse incidents that this recipient may know of",
        ),
        "previous_incident_dates": Computed(
            held(C.history_summary, HOUSEHOLD, "D9"), {"type": "array", "items": {"type": "string", "format": "date"}}, "Their dates"
        ),
        "escalating": Computed(
            held(C.history_summary, HOUSEHOLD, "D9"), {"enum": ["yes", "no"]}, "Whether they come closer together or rise in grade"
        ),
    }
    answered_by_query: ClassVar[frozenset[str]] = frozenset({"notified", "redacted_view"})

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
    support_offered: Annotated[tuple[Line, ...], Field(max_length=MAX_ITEMS), held(C.plan_and_actions, EVENT, "D1")] = ()


class PoliceIncident(EventBody):
    """An incident that police attended or recorded."""

    incident_id: Annotated[LocalId | None, held(C.case_reference, EVENT, "D8")] = None
    kind: Annotated[Line | None, held(C.concern_and_incident, EVENT, "C14")] = None
    place: Annotated[Line | None, held(C.home_and_contact, EVENT)] = None
    circumstances: Annotated[Text | None, held(C.narrative, HOUSEHOLD)] = None
    offences: Annotated[tuple[Line, ...], Field(max_length=MAX_ITEMS), held(C.offence_and_court, EVENT)] = ()
    domestic_abuse: DomesticAbuse | None = None
    children_at_incident: Annotated[tuple[ChildAtIncident, ...], Field(max_length=MAX_ITEMS)] = ()
    concerns: Annotated[tuple[Concern, ...], Field(max_length=MAX_ITEMS)] = ()


class IncidentClosed(EventBody):
    """The control room has closed an incident. It never triggers a notification: the creation did (D3)."""

    about: About = ()
    incident_id: Annotated[LocalId | None, held(C.case_reference, EVENT, "D2")] = None
    closed_at: Annotated[AwareDatetime | None, held(C.decision_and_status, EVENT, "D3")] = None
    closing_code: Annotated[Code | None, held(C.decision_and_status, EVENT, "D2")] = None
