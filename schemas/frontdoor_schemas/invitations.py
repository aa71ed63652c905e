"""Around a meeting: who asks for one, who is invited, what they answer, and the reports that they send (register §4.21)."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from frontdoor_schemas.body import PEOPLE, CaseEvent
from frontdoor_schemas.envelope import DeskId
from frontdoor_schemas.fields import Block, Computed, Places, held
from frontdoor_schemas.meetings import Analysis, MeetingType, Mode
from frontdoor_schemas.parts import AnyPart
from frontdoor_schemas.values import ABOUT, EVENT, MAX_ITEMS, About, Audience, C, Day, Desks, Line, LocalId, Moment, Text, WebLink
from frontdoor_schemas.vocabulary import Answer, Category

INVITEE: Mapping[str, Any] = {
    "type": "object",
    "properties": {"about": PEOPLE, "desk": {"type": "string"}, "reason": {"type": "string"}},
    "additionalProperties": False,
}


def _proposed(category: Category, which: str) -> Computed:
    explain = f"Whom to invite, and why, for the desk that is asked to hold the meeting: {which}"
    return Computed(held(category, ABOUT, "F9", "F20", "F21", "F22", "F23", "B6"), {"type": "array", "items": INVITEE}, explain)


class MeetingRequest(CaseEvent):
    """Any agency asks for a meeting, of professionals alone where parents should not be there (F5, F35)."""

    answer_is_for_source: ClassVar[bool] = True
    computed: ClassVar[Mapping[str, Computed]] = {
        **CaseEvent.computed,
        "proposed_invitees": _proposed(C.professional_network, "desks that work with somebody of the event, or raised a concern"),
        "proposed_invitees_justice": _proposed(C.offence_and_court, "those of justice and probation"),
        "proposed_invitees_treatment": _proposed(C.adult_health_and_treatment, "those that treat an adult"),
        "proposed_invitees_health": _proposed(C.child_health, "those of health"),
        "proposed_invitees_protected": _proposed(
            C.locating, "in a protected case school, practice, community health, and who raised a concern"
        ),
    }

    meeting_type: Annotated[MeetingType | None, held(C.decision_and_status, EVENT, "F5", "F35")] = None
    reason: Annotated[Text | None, held(C.meeting_discussion, EVENT, "F5", "F35")] = None
    urgent: Annotated[Answer | None, held(C.decision_and_status, EVENT, "F5", "F1")] = None
    wanted_by: Annotated[Day | None, held(C.decision_and_status, EVENT, "F5")] = None
    without_the_family: Annotated[Answer | None, held(C.decision_and_status, EVENT, "F35")] = None


class MeetingRequestAnswer(CaseEvent):
    """Whether the meeting asked for is held. A refusal without a reason flows, marked."""

    line_if: ClassVar[frozenset[str] | None] = None
    must_reply: ClassVar[bool] = True

    answer: Annotated[Literal["held", "declined"], held(C.decision_and_status, EVENT, "F5", "F35")]
    reason: Annotated[Text | None, held(C.decision_and_status, EVENT, "F5", "F35")] = None
    held_at: Annotated[Moment | None, held(C.decision_and_status, EVENT, "F5")] = None


class ReasonInvited(Block):
    """Why a desk is invited: its link to somebody, which is a fact about that person and goes to whom the author names."""

    about: About = ()
    to: Audience = ()
    desk: Annotated[DeskId | None, held(C.professional_network, ABOUT, "F9", "F20", "F22")] = None
    reason: Annotated[Text | None, held(C.professional_network, ABOUT, "F9", "F20", "F22")] = None


class MeetingInvitation(CaseEvent):
    """Who is to come, when and how: those whom the convenor names, and those whom the partnership's duties invite."""

    line_if: ClassVar[frozenset[str] | None] = None
    names_desks: ClassVar[frozenset[str]] = frozenset({"invited"})
    answer_is_for_source: ClassVar[bool] = True
    ledger: ClassVar[Mapping[str, Places]] = {
        "responses": ("event meeting-response", "measure invitations-answered"),
        "attended": ("field meeting-minutes attended", "field conference-minutes attended"),
        "report_received": ("event meeting-report",),
    }
    meeting_id: Annotated[LocalId | None, held(C.case_reference, EVENT, "F1")] = None
    meeting_type: Annotated[MeetingType | None, held(C.decision_and_status, EVENT, "F1", "F9")] = None
    meeting_name: Annotated[Line | None, held(C.decision_and_status, EVENT, "F24")] = None
    held_at: Annotated[Moment | None, held(C.case_reference, EVENT, "F1", "F9")] = None
    mode: Annotated[Mode | None, held(C.case_reference, EVENT, "F3")] = None
    place: Annotated[Line | None, held(C.case_reference, EVENT, "F3")] = None
    join_link: Annotated[WebLink | None, held(C.case_reference, EVENT, "F3")] = None
    urgent: Annotated[Answer | None, held(C.decision_and_status, EVENT, "F1")] = None
    purpose: Annotated[Text | None, held(C.meeting_discussion, EVENT, "F9")] = None
    respond_by: Annotated[Moment | None, held(C.decision_and_status, EVENT, "F1", "F18")] = None
    report_due: Annotated[Moment | None, held(C.decision_and_status, EVENT, "F11", "F18")] = None
    invited: Annotated[Desks, held(C.professional_network, EVENT, "F1", "F9", "F18", "F20", "F21", "F22", "F23", "B6")] = ()
    why_invited: Annotated[tuple[ReasonInvited, ...], Field(max_length=MAX_ITEMS)] = ()


class MeetingResponse(CaseEvent):
    """What an invited desk answers: it comes, it sends what it knows, or it can do neither (F1, F18)."""

    line_if: ClassVar[frozenset[str] | None] = None
    must_reply: ClassVar[bool] = True
    answers_for_all: ClassVar[bool] = True

    response: Annotated[
        Literal["attending", "sending_information", "cannot"] | None, held(C.professional_network, EVENT, "F1", "F18", "F23")
    ] = None
    reason: Annotated[Text | None, held(C.professional_network, EVENT, "F1", "F18")] = None
    who: Annotated[Line | None, held(C.professional_network, EVENT, "F23")] = None
    report_to_follow: Annotated[Answer | None, held(C.professional_network, EVENT, "F11", "F18")] = None


class MeetingReport(CaseEvent):
    """An agency's report to a meeting, sent before it is held, in parts that travel like those of minutes (F8, F11, F12)."""

    must_reply: ClassVar[bool] = True

    analyses: Annotated[tuple[Analysis, ...], Field(max_length=MAX_ITEMS)] = ()
    parts: Annotated[tuple[AnyPart, ...], Field(max_length=MAX_ITEMS)] = ()
