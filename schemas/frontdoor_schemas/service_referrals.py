"""Referral of a child or an adult to a service, and whether and when it is taken up (I27, I28, J5)."""

from typing import Annotated, ClassVar, Literal

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.fields import held
from frontdoor_schemas.values import ABOUT, EVENT, AboutSomebody, C, Desks, Line, Moment, Text


class ServiceReferral(CaseEvent):
    """One step of a referral to a service. The wait is counted from acceptance to the first appointment offered (I28).

    `about` names who is referred: that somebody needs a service is no fact about the rest of the household.
    """

    names_desks: ClassVar[frozenset[str]] = frozenset({"referred_to"})
    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"stage"}

    about: AboutSomebody
    service: Annotated[Line | None, held(C.plan_and_actions, ABOUT, "I27", "I28")] = None
    referred_to: Annotated[Desks, held(C.professional_network, ABOUT, "I27")] = ()
    stage: Annotated[
        Literal["requested", "accepted", "offered", "started", "declined"] | None, held(C.plan_and_actions, ABOUT, "I27", "I28")
    ] = None
    requested_at: Annotated[Moment | None, held(C.plan_and_actions, ABOUT, "I27")] = None
    accepted_at: Annotated[Moment | None, held(C.plan_and_actions, ABOUT, "I28")] = None
    offered_at: Annotated[Moment | None, held(C.plan_and_actions, ABOUT, "I27", "I28")] = None
    appointment_at: Annotated[Moment | None, held(C.plan_and_actions, ABOUT, "I27", "I28")] = None
    started_at: Annotated[Moment | None, held(C.plan_and_actions, ABOUT, "I27")] = None
    declined_at: Annotated[Moment | None, held(C.plan_and_actions, ABOUT, "I27")] = None
    reason_declined: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "I27")] = None
    unmet_need: Annotated[Text | None, held(C.risk_and_need, ABOUT, "J5")] = None
    handled_by: Annotated[Line | None, held(C.professional_network, EVENT, "I27")] = None
