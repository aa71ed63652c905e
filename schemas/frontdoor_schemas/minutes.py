"""Minutes of conferences, core groups, child-in-need meetings and all other meetings (register §4.4, 4.5)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.fields import Block, Computed, counted, held, yes_or_no
from frontdoor_schemas.meetings import Disagreement, Meeting, MeetingType
from frontdoor_schemas.tools import ToolResult
from frontdoor_schemas.values import ABOUT, EVENT, HOUSEHOLD, MAX_ITEMS, AboutAdults, Audience, C, Day, Line, Moment, NotForFamily, Text
from frontdoor_schemas.vocabulary import Answer


class Engagement(Block):
    """How a parent takes part (F19)."""

    about: AboutAdults
    to: Audience = ()
    not_for_family: NotForFamily = ()
    attending_appointments: Annotated[Answer | None, held(C.adult_health_and_treatment, ABOUT, "F19")] = None
    test_results: Annotated[Text | None, held(C.adult_health_and_treatment, ABOUT, "F19")] = None
    disguised_compliance: Annotated[Answer | None, held(C.risk_and_need, ABOUT, "F19")] = None
    motivation_to_change: Annotated[Text | None, held(C.risk_and_need, ABOUT, "F19")] = None


class Minutes(Meeting):
    """What written minutes add."""

    tool_results: Annotated[tuple[ToolResult, ...], Field(max_length=MAX_ITEMS)] = ()
    next_review_date: Annotated[Day | None, held(C.decision_and_status, EVENT, "F10")] = None
    minutes_published_at: Annotated[Moment | None, held(C.case_reference, EVENT, "F16", "C10")] = None


class ConferenceMinutes(Minutes):
    """Minutes of a child protection conference."""

    computed: ClassVar[Mapping[str, Computed]] = {
        **CaseEvent.computed,
        "re_registration": yes_or_no(
            held(C.history_summary, HOUSEHOLD, "G18"), "Whether a child had a child protection plan that ended before"
        ),
        "previous_child_protection_plans": counted(
            held(C.history_summary, HOUSEHOLD, "G18"), "Child protection plans that ended before, that this recipient may know of"
        ),
    }

    conference_type: Annotated[Literal["initial", "review", "pre_birth"] | None, held(C.decision_and_status, EVENT, "F10", "I13")] = None


class GroupMinutes(Minutes):
    """What minutes of a group around the family add: how parents take part, and what was challenged."""

    parental_engagement: Annotated[tuple[Engagement, ...], Field(max_length=MAX_ITEMS)] = ()
    challenge_raised: Annotated[tuple[Disagreement, ...], Field(max_length=MAX_ITEMS)] = ()


class CoreGroupMinutes(GroupMinutes):
    """Minutes of a core group (F16)."""


class ChildInNeedMinutes(GroupMinutes):
    """Minutes of a child-in-need meeting or review (F17); the chair's independence is said as for any meeting (F28)."""


class MeetingMinutes(GroupMinutes):
    """Minutes of any other meeting around a child: its kind, and what the partnership calls it (F24, F29–F32, E8, A12)."""

    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"meeting_type", "neglect_found"}

    meeting_type: Annotated[MeetingType | None, held(C.decision_and_status, EVENT, "F24", "F29", "F30", "F31", "F32", "E8", "A12")] = None
    meeting_name: Annotated[Line | None, held(C.decision_and_status, EVENT, "F24", "F29")] = None
    neglect_found: Annotated[Answer | None, held(C.concern_and_incident, EVENT, "F29", "F30")] = None
