"""What a record system has to show, or no longer to show, of a child, an adult or an address (register §4.20)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.fields import Block, Places, held
from frontdoor_schemas.values import ABOUT, About, C, Day, Line, Text

Flag = Literal["current_child_protection", "previous_child_protection", "child_in_need", "looked_after", "early_help"]


class FlagInstruction(Block):
    """What a police or health record has to show from now on (C7, C12, I23). `about` names whose record it is."""

    about: About = ()
    flag: Annotated[Flag | None, held(C.decision_and_status, ABOUT, "C7", "C12", "I23")] = None
    action: Annotated[Literal["set", "clear"] | None, held(C.decision_and_status, ABOUT, "C7", "C12", "I23")] = None
    on: Annotated[Literal["child", "adult", "address"] | None, held(C.decision_and_status, ABOUT, "C12", "C13")] = None
    in_force_from: Annotated[Day | None, held(C.decision_and_status, ABOUT, "C12")] = None
    in_force_until: Annotated[Day | None, held(C.decision_and_status, ABOUT, "C12")] = None
    reason: Annotated[Text | None, held(C.decision_and_status, ABOUT, "C7")] = None
    system: Annotated[Line | None, held(C.professional_network, ABOUT, "C12", "I23")] = None
    source_event_id: Annotated[UUID | None, held(C.case_reference, ABOUT, "C12")] = None


class FlagInstructionEvent(CaseEvent, FlagInstruction):
    """One flag by itself. The flags of a plan come with the status of the plan."""

    line_if: ClassVar[frozenset[str] | None] = None
    ledger: ClassVar[Mapping[str, Places]] = {"acknowledged_at": ("audit obligation.met",)}
