"""A child moves: to another area, school, practice or community health service (register §4.23)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.casework import PlanType, Worker
from frontdoor_schemas.envelope import DeskId
from frontdoor_schemas.fields import Places, held
from frontdoor_schemas.values import ABOUT, EVENT, MAX_ITEMS, About, C, Line, Moment, Text
from frontdoor_schemas.vocabulary import Answer


class ChildMoved(CaseEvent):
    """What changed, from when, and what goes along: open plans, records, a worker who stays (G22–G24, O1).

    Where a child goes now is a locating fact; the authority is not, unless the case is protected.
    """

    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"moved"}
    ledger: ClassVar[Mapping[str, Places]] = {"receiver_acknowledged_at": ("line",)}

    about: About = ()
    moved: Annotated[
        tuple[Literal["area", "school", "practice", "community_health", "household"], ...],
        Field(max_length=MAX_ITEMS),
        held(C.decision_and_status, ABOUT, "G22", "G23", "O1", "I25"),
    ] = ()
    from_authority: Annotated[Line | None, held(C.home_and_contact, ABOUT, "G22")] = None
    to_authority: Annotated[Line | None, held(C.home_and_contact, ABOUT, "G22")] = None
    from_school: Annotated[DeskId | None, held(C.locating, ABOUT, "O1")] = None
    to_school: Annotated[DeskId | None, held(C.locating, ABOUT, "O1")] = None
    from_practice: Annotated[DeskId | None, held(C.locating, ABOUT, "G23", "G24")] = None
    to_practice: Annotated[DeskId | None, held(C.locating, ABOUT, "G23", "G24")] = None
    from_community_health: Annotated[DeskId | None, held(C.locating, ABOUT, "G23")] = None
    to_community_health: Annotated[DeskId | None, held(C.locating, ABOUT, "G23")] = None
    temporary: Annotated[Answer | None, held(C.home_and_contact, ABOUT, "G23")] = None
    effective_at: Annotated[Moment | None, held(C.decision_and_status, ABOUT, "O1", "G22")] = None
    reason: Annotated[Text | None, held(C.decision_and_status, ABOUT, "G22")] = None
    open_plans: Annotated[tuple[PlanType, ...], Field(max_length=MAX_ITEMS), held(C.decision_and_status, ABOUT, "G22")] = ()
    records_transferred_at: Annotated[Moment | None, held(C.decision_and_status, ABOUT, "G24")] = None
    former_worker_stays: Annotated[Answer | None, held(C.professional_network, EVENT, "G23")] = None
    former_worker: Worker | None = None
    safeguarding_summary_offered: Annotated[Answer | None, held(C.decision_and_status, ABOUT, "O1")] = None
    safeguarding_summary: Annotated[Text | None, held(C.risk_and_need, ABOUT, "O1")] = None
