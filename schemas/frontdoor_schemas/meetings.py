"""Meetings and their minutes: strategy discussions, conferences, core groups and the rest (register §4.4–4.6)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.casework import Action, JointInvestigation, ToolResult
from frontdoor_schemas.envelope import DeskId
from frontdoor_schemas.fields import Block, Computed, counted, held, yes_or_no
from frontdoor_schemas.parts import AnyPart
from frontdoor_schemas.values import (
    ABOUT,
    EVENT,
    HOUSEHOLD,
    MAX_ITEMS,
    About,
    AboutAdults,
    AboutOneChild,
    Audience,
    C,
    Day,
    Desks,
    Line,
    Moment,
    NotForFamily,
    Text,
)
from frontdoor_schemas.vocabulary import Answer


class ChildAttendance(Block):
    """Whether one child could attend, did attend, and who spoke for the child otherwise (F14, F15)."""

    about: AboutOneChild
    eligible: Annotated[Answer | None, held(C.child_voice, ABOUT, "F14")] = None
    attended: Annotated[Answer | None, held(C.child_voice, ABOUT, "F14")] = None
    view_conveyed_by: Annotated[Literal["advocate", "written", "other", "none"] | None, held(C.child_voice, ABOUT, "F14")] = None
    advocate: Annotated[Line | None, held(C.child_voice, ABOUT, "F15")] = None


class Report(Block):
    """What one agency brought to the meeting, written or said, before it or at it (F8, F11–F13)."""

    about: About = ()
    to: Audience = ()
    not_for_family: NotForFamily = ()
    desk: Annotated[DeskId | None, held(C.professional_network, ABOUT, "F11", "F20", "F8", "F9")] = None
    received: Annotated[Answer | None, held(C.professional_network, ABOUT, "F11", "F18")] = None
    analysis: Annotated[Text | None, held(C.meeting_discussion, ABOUT, "F12", "F8")] = None
    shared_with_family: Annotated[Answer | None, held(C.meeting_discussion, ABOUT, "F12")] = None
    shared_on: Annotated[Day | None, held(C.meeting_discussion, ABOUT, "F12")] = None
    reason_not_shared: Annotated[Text | None, held(C.meeting_discussion, ABOUT, "F12")] = None


class Disagreement(Block):
    """Dissent, or a challenge raised in the meeting: who, and why (N1)."""

    about: About = ()
    to: Audience = ()
    not_for_family: NotForFamily = ()
    by: Annotated[DeskId | None, held(C.meeting_discussion, ABOUT, "N1")] = None
    reason: Annotated[Text | None, held(C.meeting_discussion, ABOUT, "N1", "N4")] = None


class Engagement(Block):
    """How a parent takes part (F19)."""

    about: AboutAdults
    to: Audience = ()
    not_for_family: NotForFamily = ()
    attending_appointments: Annotated[Answer | None, held(C.adult_health_and_treatment, ABOUT, "F19")] = None
    test_results: Annotated[Text | None, held(C.adult_health_and_treatment, ABOUT, "F19")] = None
    disguised_compliance: Annotated[Answer | None, held(C.risk_and_need, ABOUT, "F19")] = None
    motivation_to_change: Annotated[Text | None, held(C.risk_and_need, ABOUT, "F19")] = None


class Meeting(CaseEvent):
    """What all meetings record. Lists of desks are facts like any other: they are projected for each recipient."""

    names_desks: ClassVar[frozenset[str]] = frozenset({"members", "invited", "attended", "apologies", "absent"})
    answered_by_query: ClassVar[frozenset[str]] = frozenset({"distribution", "distributed", "recorded_on_police_system_at"})

    held_at: Annotated[Moment | None, held(C.case_reference, EVENT, "F10", "F16")] = None
    mode: Annotated[Literal["telephone", "video", "in_person"] | None, held(C.meeting_discussion, EVENT, "F3", "F4")] = None
    chair: Annotated[Line | None, held(C.professional_network, EVENT, "F28")] = None
    chair_role: Annotated[Line | None, held(C.professional_network, EVENT, "F28")] = None
    chair_independent: Annotated[Answer | None, held(C.professional_network, EVENT, "F28")] = None
    members: Annotated[Desks, held(C.professional_network, EVENT, "F36")] = ()
    invited: Annotated[Desks, held(C.professional_network, EVENT, "F11", "F20", "F21", "F22", "F23")] = ()
    attended: Annotated[Desks, held(C.professional_network, EVENT, "F13", "F1", "F8", "F9")] = ()
    apologies: Annotated[Desks, held(C.professional_network, EVENT, "F13")] = ()
    absent: Annotated[Desks, held(C.professional_network, EVENT, "F18", "F1")] = ()
    reports_received: Annotated[tuple[Report, ...], Field(max_length=MAX_ITEMS)] = ()
    child_attendance: Annotated[tuple[ChildAttendance, ...], Field(max_length=MAX_ITEMS)] = ()
    parts: Annotated[tuple[AnyPart, ...], Field(max_length=MAX_ITEMS)] = ()
    actions: Annotated[tuple[Action, ...], Field(max_length=MAX_ITEMS)] = ()
    dissent: Annotated[tuple[Disagreement, ...], Field(max_length=MAX_ITEMS)] = ()


class Minutes(Meeting):
    """What written minutes add."""

    tool_results: Annotated[tuple[ToolResult, ...], Field(max_length=MAX_ITEMS)] = ()
    next_review_date: Annotated[Day | None, held(C.decision_and_status, EVENT, "F10")] = None
    minutes_published_at: Annotated[Moment | None, held(C.case_reference, EVENT, "F16", "C10")] = None


class ConferenceMinutes(Minutes):
    """Minutes of a child protection conference."""

    computed: ClassVar[Mapping[str, Computed]] = {
        **CaseEvent.computed,
        "re_registration": yes_or_no(held(C.history_summary, HOUSEHOLD, "G18"), "Whether a child had a child protection plan before"),
        "previous_child_protection_plans": counted(
            held(C.history_summary, HOUSEHOLD, "G18"), "Earlier child protection plans that this recipient may know of"
        ),
    }

    conference_type: Annotated[Literal["initial", "review", "pre_birth"] | None, held(C.decision_and_status, EVENT, "F10", "I13")] = None


class CoreGroupMinutes(Minutes):
    """Minutes of a core group, a child-in-need meeting, or another meeting around the family."""

    meeting_type: Annotated[
        Literal[
            "core_group",
            "child_in_need",
            "team_around_the_family",
            "team_around_the_child",
            "family_work_model",
            "family_group_conference",
            "vulnerable_persons_group",
            "legal_planning",
            "professionals",
            "panel",
            "other",
        ]
        | None,
        held(C.decision_and_status, EVENT, "F16", "F17", "F24", "F28"),
    ] = None
    meeting_name: Annotated[Line | None, held(C.decision_and_status, EVENT, "F24", "F29")] = None
    parental_engagement: Annotated[tuple[Engagement, ...], Field(max_length=MAX_ITEMS)] = ()
    challenge_raised: Annotated[tuple[Disagreement, ...], Field(max_length=MAX_ITEMS)] = ()


class StrategyDiscussion(Meeting):
    """A strategy discussion or meeting; `attended` are those who took part, `absent` the statutory ones who did not."""

    requested_by: Annotated[Line | None, held(C.professional_network, EVENT, "F1", "F5")] = None
    requested_at: Annotated[Moment | None, held(C.decision_and_status, EVENT, "F1", "F5")] = None
    urgent: Annotated[Answer | None, held(C.decision_and_status, EVENT, "F1")] = None
    decision: Annotated[
        Literal["joint_enquiry", "single_agency_enquiry", "no_section_47_enquiry"] | None, held(C.decision_and_status, EVENT, "A4")
    ] = None
    decision_reason: Annotated[Text | None, held(C.decision_and_status, EVENT, "A4")] = None
    joint_investigation: JointInvestigation | None = None
    family_history_considered: Annotated[Answer | None, held(C.decision_and_status, EVENT, "L10")] = None
    follow_up_due: Annotated[Day | None, held(C.decision_and_status, EVENT, "F2")] = None
