"""Questions from one agency to others, and their answers (register §4.12)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.casework import SystemCheck, Worker
from frontdoor_schemas.fields import Block, Places, held
from frontdoor_schemas.values import ABOUT, EVENT, MAX_ITEMS, About, Audience, C, Day, Desks, Line, Moment, Text
from frontdoor_schemas.vocabulary import Answer


class InformationRequest(CaseEvent):
    """A question with a reason and a date: one form for all agencies (K6)."""

    asks_desks: ClassVar[frozenset[str]] = frozenset({"asked_of"})
    answer_is_for_source: ClassVar[bool] = True
    ledger: ClassVar[Mapping[str, Places]] = {
        "status": ("event information-response", "line", "measure information-requests-in-time"),
        "reminders": ("audit obligation.reminded",),
    }

    about: About = ()
    request_type: Annotated[
        Literal[
            "initial_check",
            "detailed",
            "pre_sentence",
            "adult_mental_health",
            "attendance",
            "test_result",
            "conference_report",
            "youth_justice_known",
            "records",
            "other",
        ]
        | None,
        held(C.decision_and_status, ABOUT, "H3", "H4", "K3", "J6", "F19"),
    ] = None
    purpose: Annotated[Text | None, held(C.decision_and_status, ABOUT, "K6")] = None
    context: Annotated[Text | None, held(C.narrative, ABOUT, "K6")] = None
    asked_of: Annotated[Desks, held(C.professional_network, EVENT, "K6")] = ()
    asked_by: Annotated[Line | None, held(C.professional_network, EVENT, "K6")] = None
    due_at: Annotated[Moment | None, held(C.case_reference, EVENT, "K3", "H3")] = None
    sentence_on: Annotated[Day | None, held(C.offence_and_court, ABOUT, "K3", "K5")] = None


class InformationAnswer(Block):
    """The answer about some of the people asked about, for the audience that the author names."""

    about: About = ()
    to: Audience = ()
    known: Annotated[Answer | None, held(C.professional_network, ABOUT, "H4")] = None
    contact: Annotated[Line | None, held(C.professional_network, ABOUT, "H4")] = None
    content: Annotated[Text | None, held(C.narrative, ABOUT, "H4", "K6")] = None
    offending: Annotated[Text | None, held(C.offence_and_court, ABOUT, "H3", "K1")] = None
    child_health: Annotated[Text | None, held(C.child_health, ABOUT, "H4")] = None
    education: Annotated[Text | None, held(C.education_record, ABOUT, "H4")] = None
    treatment: Annotated[Text | None, held(C.adult_health_and_treatment, ABOUT, "J6")] = None
    attending_appointments: Annotated[Answer | None, held(C.adult_health_and_treatment, ABOUT, "F19")] = None
    test_result: Annotated[Text | None, held(C.adult_health_and_treatment, ABOUT, "F19")] = None


class InformationResponse(CaseEvent):
    """The answer to a request: full, partial, or refused with a reason."""

    must_reply: ClassVar[bool] = True
    ledger: ClassVar[Mapping[str, Places]] = {
        "status": ("field information-response result", "line"),
        "reminders": ("audit obligation.reminded",),
    }

    answered_at: Annotated[Moment | None, held(C.decision_and_status, EVENT, "H3", "H4")] = None
    result: Annotated[Literal["answered", "partial", "refused"] | None, held(C.decision_and_status, EVENT, "H3", "F19")] = None
    reason_refused: Annotated[Text | None, held(C.decision_and_status, EVENT, "H3")] = None
    answers: Annotated[tuple[InformationAnswer, ...], Field(max_length=MAX_ITEMS)] = ()
    worker: Worker | None = None
    systems_searched: Annotated[tuple[SystemCheck, ...], Field(max_length=MAX_ITEMS)] = ()
