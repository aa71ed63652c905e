"""Early-help assessments, from their start to the outcome and the close of the episode (register §4.7)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.casework import PlanItem, PlanType, Worker
from frontdoor_schemas.envelope import DeskId
from frontdoor_schemas.fields import Block, held
from frontdoor_schemas.tools import ToolResult
from frontdoor_schemas.values import ABOUT, EVENT, MAX_ITEMS, About, AboutAdults, Audience, C, Day, Desks, Line, Lines, NotForFamily, Text
from frontdoor_schemas.vocabulary import Answer


class Need(Block):
    """One need that the assessment found, the service that is to meet it, or that there is none (H1, J5)."""

    about: About = ()
    to: Audience = ()
    not_for_family: NotForFamily = ()
    need: Annotated[Text | None, held(C.risk_and_need, ABOUT, "H1")] = None
    service: Annotated[Line | None, held(C.plan_and_actions, ABOUT, "H1")] = None
    unmet: Annotated[Answer | None, held(C.risk_and_need, ABOUT, "J5")] = None


class AdultLink(Block):
    """A service that works with an adult of the household: why the outcome concerns it (B5, B6)."""

    about: AboutAdults
    to: Audience = ()
    service: Annotated[Line | None, held(C.professional_network, ABOUT, "B5")] = None
    desk: Annotated[DeskId | None, held(C.professional_network, ABOUT, "B5", "B6")] = None


class EarlyHelpAssessment(CaseEvent):
    """An early-help or common assessment begins, has its outcome, or the episode closes (H1, H5).

    The team is told of each (H2). `invited` asks services of the adults, probation first, to take part (B6).
    """

    names_desks: ClassVar[frozenset[str]] = frozenset({"team", "invited"})
    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"stage", "result", "step_down_from"}

    about: About = ()
    stage: Annotated[Literal["started", "outcome", "closed"] | None, held(C.decision_and_status, ABOUT, "H1", "C7", "M13")] = None
    assessment_type: Annotated[
        Literal["early_help_assessment", "common_assessment", "other"] | None, held(C.decision_and_status, ABOUT, "H1", "H5")
    ] = None
    lead_professional: Worker | None = None
    team: Annotated[Desks, held(C.professional_network, EVENT, "H2", "F33", "A12")] = ()
    invited: Annotated[Desks, held(C.professional_network, EVENT, "B6")] = ()
    participation: Annotated[Text | None, held(C.plan_and_actions, EVENT, "B6")] = None
    needs: Annotated[tuple[Need, ...], Field(max_length=MAX_ITEMS)] = ()
    outcome: Annotated[Text | None, held(C.decision_and_status, ABOUT, "H1", "B5")] = None
    result: Annotated[
        Literal["needs_met", "some_needs_met", "needs_not_met", "stepped_up", "family_declined", "moved", "other"] | None,
        held(C.decision_and_status, ABOUT, "M13"),
    ] = None
    next_steps: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "H1", "H6")] = None
    escalate_to_social_care: Annotated[Answer | None, held(C.decision_and_status, ABOUT, "H1", "H6")] = None
    adult_links: Annotated[tuple[AdultLink, ...], Field(max_length=MAX_ITEMS)] = ()
    information_used_from: Annotated[Lines, held(C.professional_network, EVENT, "H3")] = ()
    replies_missing: Annotated[Desks, held(C.professional_network, EVENT, "H3")] = ()
    plan_items: Annotated[tuple[PlanItem, ...], Field(max_length=MAX_ITEMS)] = ()
    review_date: Annotated[Day | None, held(C.decision_and_status, ABOUT, "G9", "H1")] = None
    step_down_from: Annotated[PlanType | None, held(C.decision_and_status, ABOUT, "H7", "G15")] = None
    staying_involved: Annotated[Desks, held(C.professional_network, EVENT, "H7")] = ()
    tool_results_before: Annotated[tuple[ToolResult, ...], Field(max_length=MAX_ITEMS)] = ()
    tool_results_after: Annotated[tuple[ToolResult, ...], Field(max_length=MAX_ITEMS)] = ()
