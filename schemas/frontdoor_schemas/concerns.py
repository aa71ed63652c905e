"""Concerns that are no referral: chronology entries, concern cards, visits, expectant mothers, attendance (register §4.14, 4.18)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.casework import Concern, HomeConditions
from frontdoor_schemas.fields import Block, Computed, Places, counted, held
from frontdoor_schemas.values import ABOUT, EVENT, HOUSEHOLD, MAX_ITEMS, AboutOneChild, C, Count, Day, LocalId, Moment, Text
from frontdoor_schemas.vocabulary import Answer


class ConcernRecorded(CaseEvent):
    """Something that was seen or said and that the chronology keeps, below the threshold of a referral or not (A24, L1–L5, L20).

    `occurred_at` says when it happened; the concerns say what was seen and what it did to the child, child by child.
    """

    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"kind", "below_threshold", "home.environmental_neglect"}
    computed: ClassVar[Mapping[str, Computed]] = {
        **CaseEvent.computed,
        "cumulative_count": counted(
            held(C.history_summary, HOUSEHOLD, "A24", "L5", "L30"),
            "Concerns recorded so far, this one included, that this recipient may know of",
        ),
    }

    kind: Annotated[
        Literal["chronology_entry", "low_level_concern", "concern_card", "visit"] | None,
        held(C.concern_and_incident, EVENT, "A24", "L1", "L20", "I5", "K14", "O6"),
    ] = None
    recorded_at: Annotated[Moment | None, held(C.case_reference, EVENT, "L1", "L6")] = None
    concerns: Annotated[tuple[Concern, ...], Field(max_length=MAX_ITEMS)] = ()
    home: HomeConditions | None = None
    below_threshold: Annotated[Answer | None, held(C.risk_and_need, EVENT, "A24", "L5", "F31", "K7", "D14")] = None
    linked_event_id: Annotated[UUID | None, held(C.case_reference, EVENT, "L1")] = None


class ExpectantMother(CaseEvent):
    """A concern before a birth. The unborn child is a child of the event, with the mother's ref; the mother and a partner are adults."""

    ledger: ClassVar[Mapping[str, Places]] = {
        "health_visitor_notified_at": ("line", "measure expectant-mothers-known-to-health-visiting"),
        "health_visitor_acknowledged_at": ("line",),
    }

    trimester: Annotated[Literal["first", "second", "third"] | None, held(C.child_health, HOUSEHOLD, "I11")] = None
    concerns: Annotated[tuple[Concern, ...], Field(max_length=MAX_ITEMS)] = ()
    home: HomeConditions | None = None
    vulnerabilities: Annotated[Text | None, held(C.risk_and_need, HOUSEHOLD, "I11")] = None
    previous_children_removed: Annotated[Answer | None, held(C.history_summary, HOUSEHOLD, "I13")] = None
    pre_birth_assessment_id: Annotated[LocalId | None, held(C.decision_and_status, EVENT, "I13")] = None
    early_help_need: Annotated[Answer | None, held(C.risk_and_need, HOUSEHOLD, "I11")] = None


class Attendance(Block):
    """One child's attendance over a period; shares are worked out from the sessions, half days at school (O4)."""

    about: AboutOneChild
    period_from: Annotated[Day | None, held(C.education_record, ABOUT, "O4")] = None
    period_to: Annotated[Day | None, held(C.education_record, ABOUT, "O4")] = None
    sessions_possible: Annotated[Count | None, held(C.education_record, ABOUT, "O4", "M3")] = None
    sessions_missed: Annotated[Count | None, held(C.education_record, ABOUT, "O4", "M3")] = None
    sessions_authorised: Annotated[Count | None, held(C.education_record, ABOUT, "O4")] = None
    persistent_absence: Annotated[Answer | None, held(C.education_record, ABOUT, "O4", "M3")] = None
    irregular: Annotated[Answer | None, held(C.education_record, ABOUT, "O4", "E10")] = None


class SchoolAttendance(CaseEvent):
    """A school's concern about attendance, child by child."""

    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"attendance.persistent_absence", "attendance.irregular"}

    attendance: Annotated[tuple[Attendance, ...], Field(max_length=MAX_ITEMS)] = ()
    concerns: Annotated[tuple[Concern, ...], Field(max_length=MAX_ITEMS)] = ()
