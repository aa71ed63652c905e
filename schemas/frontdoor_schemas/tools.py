"""What assessment tools gave, as a part of other events and by itself (register §4.19): a new tool needs no new schema (C17)."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.fields import Block, held
from frontdoor_schemas.values import ABOUT, MAX_ITEMS, About, C, Day, Line, Text
from frontdoor_schemas.vocabulary import Answer

GRADED_CARE_PROFILE_2 = frozenset({"gcp2", "gradedcareprofile2"})
"""Names of the Graded Care Profile 2, written small and without spaces or signs."""
GCP2_GRADES = frozenset("12345")
"""“The care given is graded between 1 (best) and 5 (worst) in all areas of a child's needs” (Wandsworth neglect strategy; L11)."""


class ToolScore(Block):
    """The grade of one area of care."""

    area: Annotated[Line | None, held(C.risk_and_need, ABOUT, "L11")] = None
    sub_area: Annotated[Line | None, held(C.risk_and_need, ABOUT, "L11")] = None
    grade: Annotated[Line | None, held(C.risk_and_need, ABOUT, "L11")] = None


class ToolResult(Block):
    """What a tool gave (THRIVE, GCP2, Change Tracker, a local neglect tool). The result alone: the tool may be licensed.

    A GCP2 result says whether the practitioner is trained (L12); where it does not, that is owed.
    """

    about: About = ()
    tool: Annotated[Line | None, held(C.risk_and_need, ABOUT, "A20", "C17")] = None
    version: Annotated[Line | None, held(C.risk_and_need, ABOUT, "A20", "C17")] = None
    result: Annotated[Line | None, held(C.risk_and_need, ABOUT, "C17", "L11")] = None
    total: Annotated[Line | None, held(C.risk_and_need, ABOUT, "H6", "L15")] = None
    scores: Annotated[tuple[ToolScore, ...], Field(max_length=MAX_ITEMS)] = ()
    on: Annotated[Day | None, held(C.risk_and_need, ABOUT, "A20")] = None
    covers_from: Annotated[Day | None, held(C.risk_and_need, ABOUT, "L11")] = None
    covers_to: Annotated[Day | None, held(C.risk_and_need, ABOUT, "L11")] = None
    stage: Annotated[Line | None, held(C.risk_and_need, ABOUT, "L13", "L16")] = None
    trigger_point_crossed: Annotated[Answer | None, held(C.risk_and_need, ABOUT, "H6")] = None
    parent_view: Annotated[Text | None, held(C.risk_and_need, ABOUT, "L17")] = None
    administered_by: Annotated[Line | None, held(C.professional_network, ABOUT, "A20", "L14")] = None
    trained: Annotated[Answer | None, held(C.professional_network, ABOUT, "L12")] = None
    trained_on: Annotated[Day | None, held(C.professional_network, ABOUT, "L12")] = None

    @model_validator(mode="after")
    def _grades_are_of_the_tool(self) -> Self:
        if _is_gcp2(self.tool):
            wrong = [n for n, score in enumerate(self.scores) if score.grade is not None and score.grade not in GCP2_GRADES]
            if wrong:
                raise ValidationError.from_exception_data(type(self).__name__, [_no_grade(n) for n in wrong])
        return self


def _is_gcp2(tool: str | None) -> bool:
    return tool is not None and "".join(filter(str.isalnum, tool)).casefold() in GRADED_CARE_PROFILE_2


def _no_grade(place: int) -> InitErrorDetails:
    fault = PydanticCustomError("gcp2_grade", "is no grade of the Graded Care Profile 2, which are 1 to 5")
    return InitErrorDetails(type=fault, loc=("scores", place, "grade"), input=None)


class ToolResultEvent(CaseEvent, ToolResult):
    """A tool result by itself, at any stage of the work with a family (L13); it may answer what it was made for."""

    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"trigger_point_crossed"}
