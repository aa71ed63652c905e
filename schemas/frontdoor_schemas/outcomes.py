"""What became of a referral (register §4.3)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.casework import Action, JointInvestigation, PlanType, Worker
from frontdoor_schemas.fields import Block, Computed, Places, held, yes_or_no
from frontdoor_schemas.values import EVENT, HOUSEHOLD, MAX_ITEMS, C, Code, Count, Day, Desks, Line, Lines, Moment, Text
from frontdoor_schemas.vocabulary import Answer


class CurrentPlan(Block):
    """The plan that the child has now, so that partners know what keeps the child safe (B2)."""

    plan_type: Annotated[PlanType | None, held(C.decision_and_status, EVENT, "B2")] = None
    started_on: Annotated[Day | None, held(C.decision_and_status, EVENT, "B2")] = None
    lead_worker: Worker | None = None


class ReferralOutcome(CaseEvent):
    """The decision on a referral. A refusal without a reason flows, marked, and the reason is owed (A28, B4).

    `level_of_need_agreed` says whether the level decided is the one that the referrer asserted: the level itself goes to fewer (N6).
    """

    must_reply: ClassVar[bool] = True
    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"accepted", "route"}
    computed: ClassVar[Mapping[str, Computed]] = {
        **CaseEvent.computed,
        "previous_referral_same_issue": yes_or_no(
            held(C.history_summary, HOUSEHOLD, "A27"), "Whether an earlier referral with the same concern was refused, or closed"
        ),
    }
    ledger: ClassVar[Mapping[str, Places]] = {
        "acknowledged_by": ("line",),
        "acknowledged_at": ("line",),
        "satisfied": ("event outcome-rating",),
    }

    decided_at: Annotated[Moment, held(C.decision_and_status, EVENT, "B1")]
    decided_by: Annotated[Line | None, held(C.professional_network, EVENT, "B1")] = None
    accepted: Annotated[Literal["yes", "no"], held(C.decision_and_status, EVENT, "B4")]
    route: Annotated[
        Literal["section_17_assessment", "section_47_enquiry", "strategy_discussion", "pre_birth_assessment", "early_help", "other"] | None,
        held(C.decision_and_status, EVENT, "B4"),
    ] = None
    allocated_worker: Worker | None = None
    current_plan: CurrentPlan | None = None
    referrer_role_going_forward: Annotated[Text | None, held(C.decision_and_status, EVENT, "B4", "A37")] = None
    reason_not_accepted: Annotated[Text | None, held(C.decision_and_status, EVENT, "B4", "A28")] = None
    suggested_support: Annotated[Text | None, held(C.decision_and_status, EVENT, "B4", "A29")] = None
    early_help_considered: Annotated[Answer | None, held(C.decision_and_status, EVENT, "A29")] = None
    level_of_need_decided: Annotated[Code | None, held(C.risk_and_need, EVENT, "A34")] = None
    level_of_need_agreed: Annotated[Answer | None, held(C.decision_and_status, EVENT, "N6", "A34")] = None
    recommended_next_step_followed: Annotated[Answer | None, held(C.decision_and_status, EVENT, "A3")] = None
    why_not_followed: Annotated[Text | None, held(C.decision_and_status, EVENT, "A3")] = None
    information_considered: Annotated[Lines, held(C.professional_network, EVENT, "A2", "A13", "A28")] = ()
    partners_asked: Annotated[Desks, held(C.professional_network, EVENT, "A15")] = ()
    partners_answered: Annotated[Desks, held(C.professional_network, EVENT, "A15")] = ()
    history_considered: Annotated[Answer | None, held(C.decision_and_status, EVENT, "A28", "L10")] = None
    earlier_events_weighed: Annotated[Count | None, held(C.history_summary, EVENT, "L30", "A39")] = None
    joint_investigation: JointInvestigation | None = None
    information_insufficient: Annotated[Lines, held(C.decision_and_status, EVENT, "A21")] = ()
    actions: Annotated[tuple[Action, ...], Field(max_length=MAX_ITEMS)] = ()
    how_to_challenge: Annotated[Text | None, held(C.decision_and_status, EVENT, "N2", "N3")] = None


class ReferralProgress(CaseEvent):
    """Where a referral has got to on its way, when, and by whom: each step is an event of its own (A8)."""

    must_reply: ClassVar[bool] = True
    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"status"}

    status: Annotated[
        Literal["received", "triaged", "decided", "allocated", "completed", "closed"] | None,
        held(C.decision_and_status, EVENT, "A8", "A1", "A37"),
    ] = None
    at: Annotated[Moment | None, held(C.decision_and_status, EVENT, "A8", "A1")] = None
    by: Annotated[Line | None, held(C.professional_network, EVENT, "A8")] = None
    allocated_worker: Worker | None = None
    reason: Annotated[Text | None, held(C.decision_and_status, EVENT, "A8")] = None


class OutcomeRating(CaseEvent):
    """What the referrer thinks of the outcome (B8). A challenge to be answered is an event of the type `challenge`."""

    line_if: ClassVar[frozenset[str] | None] = None
    must_reply: ClassVar[bool] = True

    rating: Annotated[Literal["satisfied", "not_satisfied", "challenge"] | None, held(C.decision_and_status, EVENT, "B8")] = None
    comment: Annotated[Text | None, held(C.decision_and_status, EVENT, "B8", "A31")] = None
