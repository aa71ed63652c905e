"""Taking back or replacing what was said. Nothing is changed in place: an amendment is a new event (L27)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from frontdoor_schemas.body import CaseEvent, EventBody
from frontdoor_schemas.fields import Block, held
from frontdoor_schemas.values import EVENT, C, Line
from frontdoor_schemas.vocabulary import EventType


class Amendment(EventBody):
    """What is common to correction and withdrawal. The reason reaches everybody who had the event: it should name nobody."""

    must_reply: ClassVar[bool] = True

    reason: Annotated[Line, held(C.case_reference, EVENT, "L27")]


class Withdrawal(Amendment):
    """The event answered should not have been sent. It carries no content of its own."""


class Replacement(Block):
    """The whole event as it should have been said. Concrete models, one for each type, are made in `events`."""

    type: Annotated[EventType, held(C.case_reference, EVENT, "L27")]
    data: CaseEvent


class Correction(Amendment):
    """The event answered, as it should have been said."""

    event: Replacement

    def stated(self) -> Iterator[tuple[str, EventBody]]:
        """This correction, and the event that it puts in place."""
        yield from super().stated()
        yield "/event/data", self.event.data
