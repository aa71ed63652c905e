"""The course of a police investigation (register §4.11)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.casework import JointInvestigation
from frontdoor_schemas.fields import Places, held
from frontdoor_schemas.values import ABOUT, EVENT, About, C, Line, LocalId, Moment, Text


class InvestigationStatus(CaseEvent):
    """Opened, updated or closed: partners go on planning around a family until they are told (B7, C29).

    The linked children and adults are the people of the event; `about` says whom the status is about when not all.
    """

    ledger: ClassVar[Mapping[str, Places]] = {"partners_notified": ("line",)}

    about: About = ()
    investigation_id: Annotated[LocalId | None, held(C.case_reference, EVENT, "C29")] = None
    status: Annotated[Literal["opened", "updated", "closed"] | None, held(C.decision_and_status, ABOUT, "C29")] = None
    opened_at: Annotated[Moment | None, held(C.decision_and_status, ABOUT, "C29")] = None
    last_update_at: Annotated[Moment | None, held(C.decision_and_status, ABOUT, "C29")] = None
    closed_at: Annotated[Moment | None, held(C.decision_and_status, ABOUT, "C29", "B7")] = None
    offence_type: Annotated[Line | None, held(C.offence_and_court, ABOUT, "B7")] = None
    closure_reason: Annotated[Text | None, held(C.decision_and_status, ABOUT, "B7")] = None
    residual_risk: Annotated[Text | None, held(C.risk_and_need, ABOUT, "B7")] = None
    action_for_partners: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "B7")] = None
    joint_investigation: JointInvestigation | None = None
