"""Children who are missing: episodes, their daily review, and the interview on return (register §4.9)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.casework import Worker
from frontdoor_schemas.fields import Computed, counted, dates, held
from frontdoor_schemas.values import ABOUT, EVENT, About, C, Desks, Line, LocalId, Moment, Text, refused
from frontdoor_schemas.vocabulary import Answer

NOT_ABSENT = refused("absent", "absent", "is no category any more: a child who is missing is recorded as missing")
"""“no longer use the ‘absent’ category. This means that risks for children who go missing are assessed more accurately” (E5)."""


class MissingEpisode(CaseEvent):
    """A child is reported missing, the case is reviewed, or the child has returned (E1–E5). Each is an event of its own."""

    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"stage", "cause_for_concern", "exploitation_risk"}
    computed: ClassVar[Mapping[str, Computed]] = {
        **CaseEvent.computed,
        "previous_episodes_count": counted(held(C.history_summary, ABOUT, "E2"), "Earlier episodes that this recipient may know of"),
        "previous_episode_dates": dates(held(C.history_summary, ABOUT, "E2"), "The days on which they were reported"),
    }

    about: About = ()
    episode_id: Annotated[LocalId | None, held(C.case_reference, ABOUT, "E2", "E4")] = None
    stage: Annotated[Literal["reported", "reviewed", "returned"] | None, held(C.decision_and_status, ABOUT, "E2", "E4", "E7")] = None
    category: Annotated[Literal["missing"] | None, NOT_ABSENT, held(C.concern_and_incident, ABOUT, "E5")] = None
    cause_for_concern: Annotated[Answer | None, held(C.concern_and_incident, ABOUT, "E3")] = None
    why_of_concern: Annotated[Text | None, held(C.concern_and_incident, ABOUT, "E3")] = None
    missing_from: Annotated[Moment | None, held(C.concern_and_incident, ABOUT, "E7", "E2")] = None
    place: Annotated[Line | None, held(C.home_and_contact, ABOUT, "E7")] = None
    reported_at: Annotated[Moment | None, held(C.concern_and_incident, ABOUT, "E7")] = None
    reviewed_at: Annotated[Moment | None, held(C.decision_and_status, ABOUT, "E4")] = None
    review: Annotated[Text | None, held(C.risk_and_need, ABOUT, "E4")] = None
    returned_at: Annotated[Moment | None, held(C.concern_and_incident, ABOUT, "E7", "E6")] = None
    exploitation_risk: Annotated[Answer | None, held(C.risk_and_need, ABOUT, "E9", "E8")] = None
    neglect_history: Annotated[Answer | None, held(C.history_summary, ABOUT, "E9")] = None
    coordinator: Worker | None = None


class ReturnInterview(CaseEvent):
    """The interview with a child who has returned: offered, held, by whom, and the risk found. The child's account is the child's voice."""

    names_desks: ClassVar[frozenset[str]] = frozenset({"shared_with"})
    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"offered", "risk_grade"}

    about: About = ()
    episode_id: Annotated[LocalId | None, held(C.case_reference, ABOUT, "E6")] = None
    offered: Annotated[Answer | None, held(C.decision_and_status, ABOUT, "E6")] = None
    offered_at: Annotated[Moment | None, held(C.decision_and_status, ABOUT, "E6", "E7")] = None
    returned_at: Annotated[Moment | None, held(C.concern_and_incident, ABOUT, "E7")] = None
    held_at: Annotated[Moment | None, held(C.decision_and_status, ABOUT, "E6", "E7")] = None
    reason_not_held: Annotated[Text | None, held(C.decision_and_status, ABOUT, "E6")] = None
    held_by: Annotated[Line | None, held(C.professional_network, EVENT, "E6")] = None
    risk_grade: Annotated[Literal["standard", "medium", "high"] | None, held(C.risk_and_need, ABOUT, "E7")] = None
    risk: Annotated[Text | None, held(C.risk_and_need, ABOUT, "E7")] = None
    exploitation_risk: Annotated[Answer | None, held(C.risk_and_need, ABOUT, "E9")] = None
    shared_with: Annotated[Desks, held(C.professional_network, EVENT, "E6")] = ()
