"""What services for adults tell of an adult whose children may be affected (register §4.15)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.fields import Block, held
from frontdoor_schemas.values import ABOUT, HOUSEHOLD, MAX_CHILDREN, AboutAdults, AboutOneChild, C, Day, Line, Lines, Text
from frontdoor_schemas.vocabulary import Answer


class Contact(Block):
    """A child of the event with whom the adult has contact: each said apart, so that nobody learns of the others (J8)."""

    about: AboutOneChild
    contact: Annotated[Literal["lives_with", "regular", "occasional", "none"] | None, held(C.family_network, ABOUT, "J8", "J7")] = None


class AdultServiceEvent(CaseEvent):
    """Something in an adult's treatment. `about` is the adult, who has to be named: treatment is never a fact about the children.

    The linked children are those of the event (J7), each with its own impact (J12).
    """

    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"event"}

    about: AboutAdults
    service: Annotated[Line | None, held(C.adult_health_and_treatment, ABOUT, "J1")] = None
    event: Annotated[
        Literal[
            "disengaged",
            "missed_appointment",
            "relapse_indicator",
            "test_result",
            "screening",
            "presentation",
            "treatment_review",
            "medication",
            "treatment_started",
            "treatment_ended",
        ]
        | None,
        held(C.adult_health_and_treatment, ABOUT, "J1", "J2", "J3", "J8", "J11", "F19"),
    ] = None
    presentation: Annotated[
        Literal["mental_ill_health", "disability", "substance_misuse", "domestic_abuse", "other"] | None,
        held(C.adult_health_and_treatment, ABOUT, "J11"),
    ] = None
    details: Annotated[Text | None, held(C.adult_health_and_treatment, ABOUT, "J2", "J11")] = None
    test_result: Annotated[Line | None, held(C.adult_health_and_treatment, ABOUT, "F19")] = None
    attending_appointments: Annotated[Answer | None, held(C.adult_health_and_treatment, ABOUT, "F19", "J1")] = None
    next_risk_review_on: Annotated[Day | None, held(C.adult_health_and_treatment, ABOUT, "J3")] = None
    other_services_involved: Annotated[Lines, held(C.adult_health_and_treatment, ABOUT, "J4")] = ()
    dependants_declared: Annotated[Answer | None, held(C.family_network, ABOUT, "J7")] = None
    children_with_contact: Annotated[tuple[Contact, ...], Field(max_length=MAX_CHILDREN)] = ()
    child_risk_reconsidered: Annotated[Answer | None, held(C.risk_and_need, HOUSEHOLD, "J1", "J3")] = None
    child_risk_result: Annotated[Text | None, held(C.risk_and_need, HOUSEHOLD, "J1", "J3")] = None
