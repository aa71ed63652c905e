"""Escalation and challenge, and what became of them (register §4.13)."""

from typing import Annotated, ClassVar, Literal

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.fields import held
from frontdoor_schemas.values import ABOUT, EVENT, About, C, Code, Day, Line, Moment, Text
from frontdoor_schemas.vocabulary import Answer


class Challenge(CaseEvent):
    """An agency disagrees: with a decision, a plan or one item of it, a lack of progress, or how the work is done (N1, N2, G28).

    It answers the event that it is against. `about` names the people it concerns, when that is not everybody.
    """

    must_reply: ClassVar[bool] = True
    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"against", "level"}

    about: About = ()
    against: Annotated[
        Literal["decision", "plan", "lack_of_progress", "practice"] | None, held(C.decision_and_status, ABOUT, "N1", "N2", "N9", "A31")
    ] = None
    plan_item: Annotated[Code | None, held(C.decision_and_status, ABOUT, "G28")] = None
    level: Annotated[
        Literal["practitioner", "manager", "senior", "partnership"] | None, held(C.decision_and_status, EVENT, "N1", "N6", "N9")
    ] = None
    raised_by: Annotated[Line | None, held(C.professional_network, EVENT, "N1", "N8")] = None
    reason: Annotated[Text | None, held(C.decision_and_status, ABOUT, "N1", "N2", "N5", "N7")] = None
    asked_for: Annotated[Text | None, held(C.decision_and_status, ABOUT, "N2", "N5")] = None
    told_to_wait: Annotated[Answer | None, held(C.decision_and_status, EVENT, "N4")] = None
    told_to_wait_reason: Annotated[Text | None, held(C.decision_and_status, ABOUT, "N4")] = None


class ChallengeResponse(CaseEvent):
    """What became of a challenge. `upheld`: the challenger was right; `changed`: something else is done; `refused`: all stays as it was."""

    must_reply: ClassVar[bool] = True
    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"outcome"}

    about: About = ()
    outcome: Annotated[Literal["upheld", "changed", "refused"], held(C.decision_and_status, ABOUT, "N2", "N4")]
    reason: Annotated[Text | None, held(C.decision_and_status, ABOUT, "N2", "N4")] = None
    outcome_at: Annotated[Moment | None, held(C.decision_and_status, EVENT, "N2", "N4")] = None
    decided_by: Annotated[Line | None, held(C.professional_network, EVENT, "N1")] = None
    action: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "N5", "G28")] = None
    action_by: Annotated[Day | None, held(C.plan_and_actions, ABOUT, "G28")] = None
