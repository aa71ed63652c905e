"""The parts of minutes. Each has its own audience and the category of what it speaks of, so that each travels alone."""

from typing import Annotated, Literal

from pydantic import Field

from frontdoor_schemas.casework import AbuseCategory, PlanItem
from frontdoor_schemas.fields import Block, held
from frontdoor_schemas.values import ABOUT, MAX_ITEMS, About, Audience, C, Line, NotForFamily, Text
from frontdoor_schemas.vocabulary import Answer


class Part(Block):
    """What every part has: whom it is about, for whom it is written, and who of the family must not have it."""

    about: About = ()
    to: Audience = ()
    not_for_family: NotForFamily = ()


class PlanPart(Part):
    """The plan: what has to happen, by when, and what follows if it does not (G4–G6)."""

    kind: Annotated[Literal["plan"], held(C.plan_and_actions, ABOUT, "G4")]
    text: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "G4", "G7")] = None
    items: Annotated[tuple[PlanItem, ...], Field(max_length=MAX_ITEMS)] = ()
    consequence_if_no_change: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "G4", "G6")] = None


class DiscussionPart(Part):
    """What was said, with risks, what protects, and the history that was weighed (L10)."""

    kind: Annotated[Literal["discussion"], held(C.meeting_discussion, ABOUT, "F10")]
    text: Annotated[Text | None, held(C.meeting_discussion, ABOUT, "F10")] = None
    risks: Annotated[Text | None, held(C.risk_and_need, ABOUT, "L10")] = None
    protective_factors: Annotated[Text | None, held(C.risk_and_need, ABOUT, "L10")] = None
    history_summary: Annotated[Text | None, held(C.history_summary, ABOUT, "L10")] = None


class TreatmentPart(Part):
    """An adult's treatment and how the adult takes part in it (F19)."""

    kind: Annotated[Literal["treatment"], held(C.adult_health_and_treatment, ABOUT, "F19")]
    text: Annotated[Text | None, held(C.adult_health_and_treatment, ABOUT, "F19")] = None
    attending_appointments: Annotated[Answer | None, held(C.adult_health_and_treatment, ABOUT, "F19")] = None
    test_results: Annotated[Text | None, held(C.adult_health_and_treatment, ABOUT, "F19")] = None


class OffendingPart(Part):
    """An adult's offending and supervision."""

    kind: Annotated[Literal["offending"], held(C.offence_and_court, ABOUT, "F9")]
    text: Annotated[Text | None, held(C.offence_and_court, ABOUT, "F9")] = None


class HealthPart(Part):
    """A child's health."""

    kind: Annotated[Literal["health"], held(C.child_health, ABOUT, "F8")]
    text: Annotated[Text | None, held(C.child_health, ABOUT, "F8")] = None


class EducationPart(Part):
    """A child's schooling."""

    kind: Annotated[Literal["education"], held(C.education_record, ABOUT, "F34")]
    text: Annotated[Text | None, held(C.education_record, ABOUT, "F34")] = None
    attendance: Annotated[Line | None, held(C.education_record, ABOUT, "O4")] = None


class DecisionPart(Part):
    """A decision about some of the children, with the categories of a plan (G16–G18)."""

    kind: Annotated[Literal["decision"], held(C.decision_and_status, ABOUT, "G16")]
    text: Annotated[Text | None, held(C.decision_and_status, ABOUT, "G16")] = None
    threshold_met: Annotated[Answer | None, held(C.decision_and_status, ABOUT, "G16")] = None
    category_primary: Annotated[AbuseCategory | None, held(C.decision_and_status, ABOUT, "G16")] = None
    category_secondary: Annotated[AbuseCategory | None, held(C.decision_and_status, ABOUT, "G17")] = None


class SignsOfSafetyPart(Part):
    """What people worry about, what goes well, and what needs to happen, as areas that use Signs of Safety write it down (L18)."""

    kind: Annotated[Literal["signs_of_safety"], held(C.risk_and_need, ABOUT, "L18")]
    text: Annotated[Text | None, held(C.risk_and_need, ABOUT, "L18")] = None
    worries: Annotated[Text | None, held(C.risk_and_need, ABOUT, "L18")] = None
    strengths: Annotated[Text | None, held(C.risk_and_need, ABOUT, "L18")] = None
    what_needs_to_happen: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "L18")] = None


AnyPart = Annotated[
    PlanPart | DiscussionPart | TreatmentPart | OffendingPart | HealthPart | EducationPart | DecisionPart | SignsOfSafetyPart,
    Field(discriminator="kind"),
]
