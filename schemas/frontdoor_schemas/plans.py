"""A child's plan: its status, and new versions of what it says (register §4.8)."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field

from frontdoor_schemas.body import PEOPLE, CaseEvent
from frontdoor_schemas.casework import AbuseCategory, PlanItem, PlanType, Worker
from frontdoor_schemas.envelope import DeskId
from frontdoor_schemas.fields import Block, Computed, Places, counted, held, yes_or_no
from frontdoor_schemas.flags import Flag, FlagInstruction
from frontdoor_schemas.values import ABOUT, EVENT, MAX_ITEMS, About, Audience, C, Count, Day, Desks, Line, Moment, NotForFamily, Text

PlanState = Literal["none", "started", "breached", "ended"]
"""Start, breach and end are events each (G19); stepping up or down ends a plan of one type and starts one of another."""


class Plan(CaseEvent):
    """What status and contents of a plan have in common. `about` names the children whose plan it is, when it is not everybody's."""

    names_desks: ClassVar[frozenset[str]] = frozenset({"members"})

    about: About = ()
    plan_type: Annotated[PlanType | None, held(C.decision_and_status, ABOUT, "G12", "G19", "G21", "G26", "G8")] = None
    lead_worker: Worker | None = None
    members: Annotated[Desks, held(C.professional_network, EVENT, "F36", "G3")] = ()
    plan_items: Annotated[tuple[PlanItem, ...], Field(max_length=MAX_ITEMS)] = ()
    next_review_date: Annotated[Day | None, held(C.decision_and_status, ABOUT, "G9")] = None


_FLAGS = {"type": "array", "items": {"enum": list(get_args(Flag))}}
FLAGS_OF_CHILD: Mapping[str, Any] = {
    "type": "object",
    "properties": {"about": PEOPLE, "show": _FLAGS, "clear": _FLAGS},
    "additionalProperties": False,
}


class PlanStatus(Plan):
    """The status of one plan.

    A step down says who watches from then on, until when, and what brings the case back (G14).
    """

    names_desks: ClassVar[frozenset[str]] = frozenset({"members", "monitored_by"})
    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"plan_type", "to_status", "category_primary", "category_secondary"}
    computed: ClassVar[Mapping[str, Computed]] = {
        **CaseEvent.computed,
        "previous_child_protection_plans": counted(
            held(C.history_summary, ABOUT, "G16", "G18"), "Child protection plans that ended before, that this recipient may know of"
        ),
        "re_registration": yes_or_no(
            held(C.history_summary, ABOUT, "G18"), "Whether a child had a child protection plan that ended before"
        ),
        "previous_changes_count": counted(held(C.history_summary, ABOUT, "G12"), "Earlier changes of plan that this recipient may know of"),
        "change_of_worker_count": counted(held(C.history_summary, ABOUT, "G25"), "How often the lead worker changed"),
        "flags_to_show": Computed(
            held(C.decision_and_status, ABOUT, "C12", "I23"),
            {"type": "array", "items": FLAGS_OF_CHILD},
            "Which flags each child's record has to show from now on, and which no longer, by the plans that this recipient may know of",
        ),
    }
    ledger: ClassVar[Mapping[str, Places]] = {"notify_health": ("measure child-in-need-known-to-health",), "notified": ("line",)}

    from_plan_type: Annotated[PlanType | None, held(C.decision_and_status, ABOUT, "G12")] = None
    from_status: Annotated[PlanState | None, held(C.decision_and_status, ABOUT, "G12", "G19")] = None
    to_status: Annotated[PlanState | None, held(C.decision_and_status, ABOUT, "G12", "G19", "G1")] = None
    changed_at: Annotated[Moment | None, held(C.decision_and_status, ABOUT, "G12")] = None
    reason: Annotated[Text | None, held(C.decision_and_status, ABOUT, "G12")] = None
    category_primary: Annotated[AbuseCategory | None, held(C.decision_and_status, ABOUT, "G16")] = None
    category_secondary: Annotated[AbuseCategory | None, held(C.decision_and_status, ABOUT, "G17")] = None
    legal_status: Annotated[Line | None, held(C.decision_and_status, ABOUT, "G21")] = None
    placement: Annotated[Line | None, held(C.home_and_contact, ABOUT, "G21")] = None
    staying_involved: Annotated[Desks, held(C.professional_network, EVENT, "H7")] = ()
    step_down_plan: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "G15")] = None
    monitored_by: Annotated[DeskId | None, held(C.plan_and_actions, ABOUT, "G14")] = None
    monitor_until: Annotated[Day | None, held(C.plan_and_actions, ABOUT, "G14")] = None
    return_trigger: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "G14")] = None
    flag_instructions: Annotated[tuple[FlagInstruction, ...], Field(max_length=MAX_ITEMS)] = ()


class Milestone(Block):
    """A dated point that the work with a family should have reached (G10)."""

    about: About = ()
    to: Audience = ()
    not_for_family: NotForFamily = ()
    what: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "G10")] = None
    due: Annotated[Day | None, held(C.plan_and_actions, ABOUT, "G10")] = None
    status: Annotated[Literal["open", "met", "missed"] | None, held(C.plan_and_actions, ABOUT, "G10")] = None
    met_on: Annotated[Day | None, held(C.plan_and_actions, ABOUT, "G10")] = None


class PlanUpdate(Plan):
    """A new version of a plan, whole: what is not in it is no longer planned (G3). Each item has its measure and consequence (G4–G8)."""

    version: Annotated[Count | None, held(C.plan_and_actions, ABOUT, "G3")] = None
    updated_at: Annotated[Moment | None, held(C.plan_and_actions, ABOUT, "G3")] = None
    what_changed: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "G3")] = None
    milestones: Annotated[tuple[Milestone, ...], Field(max_length=MAX_ITEMS)] = ()
