"""An adult's sentence, custody and release, with what has to be known for the children (register §4.22)."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.envelope import DeskId
from frontdoor_schemas.fields import Block, held
from frontdoor_schemas.values import ABOUT, EVENT, HOUSEHOLD, AboutAdults, C, Day, Line, Moment, Postcode, Text
from frontdoor_schemas.vocabulary import Answer


class ReleaseAddress(Block):
    """Where somebody goes on release: a locating fact, whoever else lives there."""

    lines: Annotated[tuple[Line, ...], Field(max_length=5), held(C.locating, ABOUT, "K10")] = ()
    postcode: Annotated[Postcode | None, held(C.locating, ABOUT, "K10")] = None


class Custody(CaseEvent):
    """Sentence, reception, induction or release of an adult, who has to be named in `about` (K9, K10).

    Whether child safeguarding was considered is asked at each stage. A sentence names the check that went before it (K4).
    """

    names_desks: ClassVar[frozenset[str]] = frozenset({"prison"})
    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"stage"}

    about: AboutAdults
    stage: Annotated[
        Literal["sentenced", "received", "inducted", "released"] | None, held(C.offence_and_court, ABOUT, "K4", "K9", "K10")
    ] = None
    managing_service: Annotated[Literal["nps", "crc", "probation"] | None, held(C.offence_and_court, ABOUT, "K8", "K9")] = None
    pre_sentence_check_id: Annotated[UUID | None, held(C.decision_and_status, EVENT, "K3", "K4", "K5")] = None
    sentence_at: Annotated[Moment | None, held(C.offence_and_court, ABOUT, "K3", "K4", "K5")] = None
    sentence: Annotated[Text | None, held(C.offence_and_court, ABOUT, "K9")] = None
    prison: Annotated[DeskId | None, held(C.professional_network, ABOUT, "K9")] = None
    prison_name: Annotated[Line | None, held(C.offence_and_court, ABOUT, "K9")] = None
    child_safeguarding_considered: Annotated[Answer | None, held(C.decision_and_status, EVENT, "K10")] = None
    child_safeguarding_summary: Annotated[Text | None, held(C.risk_and_need, HOUSEHOLD, "K9")] = None
    children_in_household: Annotated[Answer | None, held(C.family_network, HOUSEHOLD, "K10")] = None
    family_dynamics: Annotated[Text | None, held(C.risk_and_need, HOUSEHOLD, "K10")] = None
    release_at: Annotated[Moment | None, held(C.offence_and_court, ABOUT, "K10")] = None
    expected_release_on: Annotated[Day | None, held(C.offence_and_court, ABOUT, "K10")] = None
    release_address: ReleaseAddress | None = None
    concern_at_release: Annotated[Text | None, held(C.risk_and_need, HOUSEHOLD, "K10")] = None
