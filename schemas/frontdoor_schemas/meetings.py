"""What all meetings record, and strategy discussions (register §4.4–4.6)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.casework import Action, JointInvestigation
from frontdoor_schemas.envelope import DeskId
from frontdoor_schemas.fields import Block, Places, held
from frontdoor_schemas.parts import AnyPart
from frontdoor_schemas.values import (
    ABOUT,
    EVENT,
    MAX_ITEMS,
    About,
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

Mode = Literal["telephone", "video", "in_person"]
MeetingType = Literal[
    "strategy",
    "initial_conference",
    "review_conference",
    "pre_birth_conference",
    "core_group",
    "child_in_need",
    "team_around_the_family",
    "team_around_the_child",
    "family_work_model",
    "family_group_conference",
    "vulnerable_practitioners",
    "legal_planning",
    "professionals",
    "panel",
    "high_risk",
    "early_help_decision",
    "other",
]
"""Every kind of meeting that is asked for, called or minuted (F24); what a partnership calls it goes in a name beside it."""


class ChildAttendance(Block):
    """Whether one child could attend, did attend, and who spoke for the child otherwise (F14, F15)."""

    about: AboutOneChild
    eligible: Annotated[Answer | None, held(C.child_voice, ABOUT, "F14")] = None
    attended: Annotated[Answer | None, held(C.child_voice, ABOUT, "F14")] = None
    view_conveyed_by: Annotated[Literal["advocate", "written", "other", "none"] | None, held(C.child_voice, ABOUT, "F14")] = None
    advocate: Annotated[Line | None, held(C.child_voice, ABOUT, "F15")] = None


class Analysis(Block):
    """What an agency makes of what it knows, and whether the family has seen it (F12)."""

    about: About = ()
    to: Audience = ()
    not_for_family: NotForFamily = ()
    analysis: Annotated[Text | None, held(C.meeting_discussion, ABOUT, "F12", "F8")] = None
    shared_with_family: Annotated[Answer | None, held(C.meeting_discussion, ABOUT, "F12")] = None
    shared_on: Annotated[Day | None, held(C.meeting_discussion, ABOUT, "F12")] = None
    reason_not_shared: Annotated[Text | None, held(C.meeting_discussion, ABOUT, "F12")] = None


class Report(Analysis):
    """What one agency brought to the meeting, written or said, before it or at it (F8, F11–F13)."""

    desk: Annotated[DeskId | None, held(C.professional_network, ABOUT, "F11", "F20", "F8", "F9")] = None
    received: Annotated[Answer | None, held(C.professional_network, ABOUT, "F11", "F18")] = None


class Disagreement(Block):
    """Dissent, or a challenge raised in the meeting: who, and why (N1)."""

    about: About = ()
    to: Audience = ()
    not_for_family: NotForFamily = ()
    by: Annotated[DeskId | None, held(C.meeting_discussion, ABOUT, "N1")] = None
    reason: Annotated[Text | None, held(C.meeting_discussion, ABOUT, "N1", "N4")] = None


class Meeting(CaseEvent):
    """What all meetings record. Lists of desks are facts like any other: they are projected for each recipient."""

    names_desks: ClassVar[frozenset[str]] = frozenset({"members", "invited", "attended", "apologies", "absent"})
    ledger: ClassVar[Mapping[str, Places]] = {
        "distribution": ("line",),
        "distributed": ("line",),
        "recorded_on_police_system_at": ("line",),
    }

    held_at: Annotated[Moment | None, held(C.case_reference, EVENT, "F10", "F16")] = None
    mode: Annotated[Mode | None, held(C.meeting_discussion, EVENT, "F3", "F4")] = None
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
