"""All event types: their models, how they are submitted, and how a submission becomes the sections of the bus."""

import random
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from frontdoor_schemas.adult_services import AdultServiceEvent
from frontdoor_schemas.amendments import Correction, Replacement, Withdrawal
from frontdoor_schemas.appointments import MissedAppointmentFollowUp, WasNotBrought
from frontdoor_schemas.body import CaseEvent, EventBody
from frontdoor_schemas.challenges import Challenge, ChallengeResponse
from frontdoor_schemas.concerns import ConcernRecorded, ExpectantMother, SchoolAttendance
from frontdoor_schemas.consultations import Consultation, ConsultationAdvice
from frontdoor_schemas.custody import Custody
from frontdoor_schemas.early_help import EarlyHelpAssessment
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.fields import held
from frontdoor_schemas.flags import FlagInstructionEvent
from frontdoor_schemas.households import HouseholdChange
from frontdoor_schemas.information import InformationRequest, InformationResponse
from frontdoor_schemas.investigations import InvestigationStatus
from frontdoor_schemas.invitations import MeetingInvitation, MeetingReport, MeetingRequest, MeetingRequestAnswer, MeetingResponse
from frontdoor_schemas.involvement import InvolvementEnded, InvolvementStarted
from frontdoor_schemas.medicals import Medical
from frontdoor_schemas.meetings import StrategyDiscussion
from frontdoor_schemas.minutes import ChildInNeedMinutes, ConferenceMinutes, CoreGroupMinutes, MeetingMinutes
from frontdoor_schemas.missing import MissingEpisode, ReturnInterview
from frontdoor_schemas.moves import ChildMoved
from frontdoor_schemas.outcomes import OutcomeRating, ReferralOutcome, ReferralProgress
from frontdoor_schemas.plans import PlanStatus, PlanUpdate
from frontdoor_schemas.police import IncidentClosed, IncidentTriage, PoliceIncident, PoliceRiskAssessment
from frontdoor_schemas.queries import Query
from frontdoor_schemas.referrals import Referral
from frontdoor_schemas.sections import cut
from frontdoor_schemas.service_referrals import ServiceReferral
from frontdoor_schemas.tools import ToolResultEvent
from frontdoor_schemas.vocabulary import Category, EventType, Role, SubjectRule

CASE_MODELS: dict[EventType, type[CaseEvent]] = {
    EventType.referral: Referral,
    EventType.police_incident: PoliceIncident,
    EventType.incident_closed: IncidentClosed,
    EventType.incident_triage: IncidentTriage,
    EventType.police_risk_assessment: PoliceRiskAssessment,
    EventType.referral_outcome: ReferralOutcome,
    EventType.referral_progress: ReferralProgress,
    EventType.outcome_rating: OutcomeRating,
    EventType.information_request: InformationRequest,
    EventType.information_response: InformationResponse,
    EventType.strategy_discussion: StrategyDiscussion,
    EventType.conference_minutes: ConferenceMinutes,
    EventType.core_group_minutes: CoreGroupMinutes,
    EventType.child_in_need_minutes: ChildInNeedMinutes,
    EventType.meeting_minutes: MeetingMinutes,
    EventType.meeting_request: MeetingRequest,
    EventType.meeting_request_answer: MeetingRequestAnswer,
    EventType.meeting_invitation: MeetingInvitation,
    EventType.meeting_response: MeetingResponse,
    EventType.meeting_report: MeetingReport,
    EventType.investigation_status: InvestigationStatus,
    EventType.plan_status: PlanStatus,
    EventType.plan_update: PlanUpdate,
    EventType.early_help_assessment: EarlyHelpAssessment,
    EventType.involvement_started: InvolvementStarted,
    EventType.involvement_ended: InvolvementEnded,
    EventType.missing_episode: MissingEpisode,
    EventType.return_interview: ReturnInterview,
    EventType.was_not_brought: WasNotBrought,
    EventType.missed_appointment_follow_up: MissedAppointmentFollowUp,
    EventType.concern: ConcernRecorded,
    EventType.expectant_mother: ExpectantMother,
    EventType.school_attendance: SchoolAttendance,
    EventType.adult_service: AdultServiceEvent,
    EventType.tool_result: ToolResultEvent,
    EventType.flag_instruction: FlagInstructionEvent,
    EventType.challenge: Challenge,
    EventType.challenge_response: ChallengeResponse,
    EventType.custody: Custody,
    EventType.child_moved: ChildMoved,
    EventType.household_change: HouseholdChange,
    EventType.consultation: Consultation,
    EventType.consultation_advice: ConsultationAdvice,
    EventType.medical: Medical,
    EventType.service_referral: ServiceReferral,
    EventType.query: Query,
}
"""The types that are about people."""

CORRECTABLE = {event_type: model for event_type, model in CASE_MODELS.items() if event_type is not EventType.query}
"""A correction puts one of these in place of the event that it answers. A question is asked again instead."""


def _replacement(event_type: EventType, model: type[CaseEvent]) -> Any:
    name = f"{model.__name__}Replacement"
    marked = Annotated[Literal[event_type], held(Category.case_reference, SubjectRule.event, "L27")]  # type: ignore[valid-type]  # made at run time
    return create_model(name, __base__=Replacement, __module__=__name__, __doc__=model.__doc__, type=(marked, ...), data=(model, ...))


_replacements: Any = reduce(or_, [_replacement(t, m) for t, m in CORRECTABLE.items()])
_any_replacement: Any = Annotated[_replacements, Field(discriminator="type")]

MODELS: dict[EventType, type[EventBody]] = {
    **CASE_MODELS,
    EventType.correction: create_model(
        "Correction", __base__=Correction, __module__=__name__, __doc__=Correction.__doc__, event=(_any_replacement, ...)
    ),
    EventType.withdrawal: Withdrawal,
}
"""The model of what each type of event says."""


class Submission(BaseModel):
    """What an agency posts. Concrete models, one for each type, are in `SUBMISSIONS`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    type: EventType
    in_reply_to: UUID | None = None
    data: EventBody


def _submission(event_type: EventType, model: type[EventBody]) -> type[Submission]:
    answers: Any = (UUID, ...) if model.must_reply else (UUID | None, None)
    one: Any = Literal[event_type]
    return create_model(
        f"{model.__name__}Submission", __base__=Submission, __module__=__name__, type=(one, ...), in_reply_to=answers, data=(model, ...)
    )


SUBMISSIONS: dict[EventType, type[Submission]] = {t: _submission(t, m) for t, m in MODELS.items()}
_FROM_JSON = {t: m.__pydantic_validator__.validate_json for t, m in SUBMISSIONS.items()}


def parse(event_type: EventType, raw: bytes) -> Submission:
    """Read a posted submission. Raises `pydantic.ValidationError`; `problems` says in which words to answer it."""
    submission: Submission = _FROM_JSON[event_type](raw)
    return submission


_SECTIONS: TypeAdapter[tuple[Section, ...]] = TypeAdapter(tuple[Section, ...])


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """Who publishes. A fact like any other: in a protected case the source's own name says where a family is."""

    desk: str
    agency: str
    role: Role


def to_sections(submission: Submission, source: SourceFacts, rng: random.Random) -> tuple[Section, ...]:
    """The sections of a submission, as a reader has them."""
    return _SECTIONS.validate_python(to_wire(submission, source, rng))


def to_wire(submission: Submission, source: SourceFacts, rng: random.Random) -> list[dict[str, Any]]:
    """The sections of a submission, with one for its source. A correction's are those of the event that it puts in place."""
    body = submission.data
    extra: list[tuple[Category, dict[str, Any]]] = [
        (Category.professional_network, {"source/desk": source.desk, "source/agency": source.agency, "source/role": source.role.value})
    ]
    if isinstance(body, Correction):
        extra.append((Category.case_reference, {"amends/reason": body.reason, "amends/type": body.event.type.value}))
        body = body.event.data
    return cut(body, rng=rng, extra=extra)
