"""An agency begins or ends its work with somebody, or changes the worker (register §4.16).

An agency's own word widens nothing for that agency until the lead agency or a register has confirmed it.
"""

from typing import Annotated, ClassVar

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.casework import Worker
from frontdoor_schemas.envelope import DeskId
from frontdoor_schemas.fields import held
from frontdoor_schemas.values import ABOUT, AboutSomebody, C, Day, Text
from frontdoor_schemas.vocabulary import Relation


class Involvement(CaseEvent):
    """Which desk stands in which relation to whom, and why. Only a change of worker is a line of a chronology (G25)."""

    chronicled: ClassVar[frozenset[str]] = frozenset({"reason_for_change"})
    line_if: ClassVar[frozenset[str]] = frozenset({"reason_for_change"})

    about: AboutSomebody
    relation: Annotated[Relation, held(C.professional_network, ABOUT, "I16")]
    desk: Annotated[DeskId, held(C.professional_network, ABOUT, "I16", "I17")]
    since: Annotated[Day | None, held(C.professional_network, ABOUT, "I16", "G25")] = None
    worker: Worker | None = None
    purpose: Annotated[Text | None, held(C.professional_network, ABOUT, "I16", "G27")] = None
    reason_for_change: Annotated[Text | None, held(C.professional_network, ABOUT, "G25")] = None


class InvolvementStarted(Involvement):
    """The desk now works with these people; sent again when the worker changes."""


class InvolvementEnded(Involvement):
    """The desk no longer works with these people."""

    until: Annotated[Day | None, held(C.professional_network, ABOUT, "I16", "G25")] = None
