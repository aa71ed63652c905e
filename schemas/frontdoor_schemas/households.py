"""Who lives in a household changes (L29, K11)."""

from typing import Annotated, ClassVar, Literal

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.fields import held
from frontdoor_schemas.values import ABOUT, AboutSomebody, C, Day, Line, Text
from frontdoor_schemas.vocabulary import Answer


class HouseholdChange(CaseEvent):
    """Somebody joined or left the household of the event's children. `about` says who; the family may not have told it (L29)."""

    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"change"}

    about: AboutSomebody
    change: Annotated[Literal["joined", "left"] | None, held(C.family_network, ABOUT, "L29", "K11")] = None
    changed_on: Annotated[Day | None, held(C.family_network, ABOUT, "L29")] = None
    known_from: Annotated[Line | None, held(C.family_network, ABOUT, "L29")] = None
    told_by_the_family: Annotated[Answer | None, held(C.family_network, ABOUT, "L29")] = None
    what_it_means: Annotated[Text | None, held(C.risk_and_need, ABOUT, "L29")] = None
