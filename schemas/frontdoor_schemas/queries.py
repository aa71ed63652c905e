"""Questions to the exchange itself, which it answers to the asking desk alone."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.fields import Block, held
from frontdoor_schemas.values import EVENT, C, Day, Line, LocalId, Postcode, Text

Question = Literal["child_view", "chronology", "plan_status", "incident_status", "address", "minutes", "known_to", "household"]


class AskedAddress(Block):
    """The address that is asked about (C13). It stands in no URL: a question is posted."""

    lines: Annotated[tuple[Line, ...], Field(max_length=5), held(C.home_and_contact, EVENT, "C13", "C10")] = ()
    postcode: Annotated[Postcode | None, held(C.home_and_contact, EVENT, "C13", "C10")] = None


class Query(CaseEvent):
    """A question about the people of the event, an address, or an incident, with the reason for asking.

    Question and purpose cannot be owed: without them there is nothing to answer and nothing to answer for.
    """

    line_if: ClassVar[frozenset[str] | None] = None

    question: Annotated[Question, held(C.decision_and_status, EVENT, "C5", "C10", "C13", "D8", "B2", "L2", "L7", "G20", "G27", "L26")]
    purpose: Annotated[Text, held(C.decision_and_status, EVENT, "C5", "C13")]
    address: AskedAddress | None = None
    incident_id: Annotated[LocalId | None, held(C.case_reference, EVENT, "D8")] = None
    as_at: Annotated[Day | None, held(C.decision_and_status, EVENT, "G20", "L6")] = None

    def names_its_subject(self) -> bool:
        """An address or an incident will do in place of a person: who is there is what is asked."""
        return super().names_its_subject() or bool(self.address and (self.address.lines or self.address.postcode)) or bool(self.incident_id)
