"""Questions to the exchange itself, which it answers to the asking desk alone."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.casework import ConcernKind
from frontdoor_schemas.fields import Block, Computed, Held, held
from frontdoor_schemas.values import ABOUT, EVENT, C, Day, Line, LocalId, Postcode, Text
from frontdoor_schemas.vocabulary import EventType, Relation, Role

Question = Literal["child_view", "chronology", "plan_status", "incident_status", "address", "minutes", "household"]
QUESTIONS: tuple[str, ...] = get_args(Question)

Reason = Literal["nothing-to-say", "not-identified", "cannot-decide"]
"""Why an answer says nothing, or not of everybody.

`nothing-to-say` is the same whether nobody is known, nothing is known, or nothing may be said: asking teaches nothing. `not-identified`
follows from the words of the question alone. With `cannot-decide` a person sees to it.
"""

_TEXT: Mapping[str, Any] = {"type": "string"}
_NUMBER: Mapping[str, Any] = {"type": "integer", "minimum": 1}
_DAY: Mapping[str, Any] = {"type": "string", "format": "date"}
_ID: Mapping[str, Any] = {"type": "string", "format": "uuid"}
_MOMENT: Mapping[str, Any] = {"type": "string", "format": "date-time"}
_EVENT_TYPE: Mapping[str, Any] = {"enum": [t.value for t in EventType]}
_PEOPLE: Mapping[str, Any] = {"type": "array", "items": {"type": "string", "pattern": "^(child|adult)-[0-9a-f]{8}$"}}


def _list(of: Held, explain: str, **facts: Mapping[str, Any]) -> Computed:
    item = {"type": "object", "properties": {"about": _PEOPLE, **facts}, "additionalProperties": False}
    return Computed(of, {"type": "array", "items": item}, explain)


def _involved(category: C, which: str) -> Computed:
    return _list(
        held(category, ABOUT, "G27", "C5"),
        f"Desks that work with somebody now, since when and for what: {which}",
        desk=_TEXT,
        role={"enum": [r.value for r in Role]},
        relation={"enum": [r.value for r in Relation]},
        plan=_TEXT,
        since=_DAY,
        purpose=_TEXT,
    )


ANSWERS: Mapping[str, Computed] = {
    "standing_lists": _list(
        held(C.case_reference, EVENT, "A12", "E4", "E8"),
        "Which standing list this is, and of which period: there on an empty one too",
        list=_TEXT,
        since=_MOMENT,
        until=_MOMENT,
    ),
    "at_address": _list(held(C.home_and_contact, ABOUT, "C13", "C10"), "Who lives at the address asked about, by what was last said of it"),
    "current_plans": _list(
        held(C.decision_and_status, ABOUT, "B2", "C13", "L26"),
        "The plans that run",
        plan_type=_TEXT,
        status=_TEXT,
        category=_TEXT,
        since=_DAY,
    ),
    "lead_workers": _list(
        held(C.professional_network, ABOUT, "B2"),
        "Who leads the plans that run",
        plan_type=_TEXT,
        desk=_TEXT,
        name=_TEXT,
        role=_TEXT,
        contact=_TEXT,
    ),
    "flags": _list(held(C.decision_and_status, ABOUT, "C12", "C13"), "What a record has to show of the child", flag=_TEXT),
    "involved": _involved(C.professional_network, "all but those of the following four"),
    "involved_justice": _involved(C.offence_and_court, "justice and probation"),
    "involved_treatment": _involved(C.adult_health_and_treatment, "an adult's treatment"),
    "involved_health": _involved(C.child_health, "a child's mental health"),
    "involved_protected": _involved(C.locating, "school, practice and community health of a protected child"),
    "events_count": _list(held(C.history_summary, ABOUT, "C13", "L26"), "How many events there are", count=_NUMBER),
    "frequency": _list(held(C.history_summary, ABOUT, "L4", "L5"), "Events by month", month=_TEXT, count=_NUMBER),
    "concern_counts": _list(
        held(C.concern_and_incident, ABOUT, "C13", "L5", "L30"),
        "How many events there are about each type of concern",
        concern=_TEXT,
        count=_NUMBER,
    ),
    "concerns": _list(
        held(C.concern_and_incident, ABOUT, "L26", "L4", "C5"),
        "What was seen or said, and what it did to the child",
        on=_DAY,
        event_type=_EVENT_TYPE,
        what=_TEXT,
        impact_on_child=_TEXT,
    ),
    "strengths": _list(
        held(C.risk_and_need, ABOUT, "L26"),
        "Strengths, and what protects",
        on=_DAY,
        event_type=_EVENT_TYPE,
        strengths=_TEXT,
        protective_factors=_TEXT,
    ),
    "unmet_needs": _list(held(C.risk_and_need, ABOUT, "L26"), "What the child lacks", on=_DAY, event_type=_EVENT_TYPE, unmet_needs=_TEXT),
    "minutes": _list(
        held(C.history_summary, ABOUT, "C10"),
        "Minutes that this desk was given: where to find them",
        disclosure=_ID,
        number=_NUMBER,
        event_type=_EVENT_TYPE,
        on=_DAY,
    ),
    "incidents": _list(
        held(C.decision_and_status, EVENT, "D8"),
        "Whether the incident was referred",
        status={"enum": ["referred", "pending", "not_referred"]},
        on=_DAY,
        referred_at=_MOMENT,
    ),
    "incident_receivers": _list(held(C.professional_network, EVENT, "D8"), "Who has the referral", desk=_TEXT, at=_MOMENT),
    "left_out": _list(
        held(C.history_summary, ABOUT, "G20"),
        "Older entries, of those that this desk may see, for which there was no room",
        list=_TEXT,
        count=_NUMBER,
    ),
}
"""What an answer may hold besides the names of people and their chronology (`earlier`). Lists are in the order of time."""


class AskedAddress(Block):
    """The address that is asked about (C13). It stands in no URL: a question is posted."""

    lines: Annotated[tuple[Line, ...], Field(max_length=5), held(C.home_and_contact, EVENT, "C13", "C10")] = ()
    postcode: Annotated[Postcode | None, held(C.home_and_contact, EVENT, "C13", "C10")] = None


class Query(CaseEvent):
    """A question about the people of the event, an address, or an incident, with the reason for asking.

    Question and purpose cannot be owed: without them there is nothing to answer and nothing to answer for.
    """

    line_if: ClassVar[frozenset[str] | None] = None
    computed: ClassVar[Mapping[str, Computed]] = {**CaseEvent.computed, **ANSWERS}

    question: Annotated[Question, held(C.decision_and_status, EVENT, "C5", "C10", "C13", "D8", "B2", "L2", "L7", "G20", "G27", "L26")]
    purpose: Annotated[Text, held(C.decision_and_status, EVENT, "C5", "C13")]
    address: AskedAddress | None = None
    incident_id: Annotated[LocalId | None, held(C.case_reference, EVENT, "D8")] = None
    as_at: Annotated[Day | None, held(C.decision_and_status, EVENT, "G20", "L6")] = None
    concern: Annotated[ConcernKind | None, held(C.decision_and_status, EVENT, "L4")] = None

    def names_its_subject(self) -> bool:
        """An address or an incident will do in place of a person: who is there is what is asked."""
        return super().names_its_subject() or bool(self.address and (self.address.lines or self.address.postcode)) or bool(self.incident_id)
