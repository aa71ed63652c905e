"""Asking the front door for advice before anybody decides to refer, and the advice (register §4.24)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.fields import Places, held
from frontdoor_schemas.values import ABOUT, EVENT, About, C, Line, Moment, Text

Recommended = Literal["refer", "early_help", "monitor", "none"]


class Consultation(CaseEvent):
    """A professional's question (A10, A17, I8). Who asks is the author; a later referral cites the id of this event."""

    answer_is_for_source: ClassVar[bool] = True
    ledger: ClassVar[Mapping[str, Places]] = {"later_referral_id": ("field referral consultation_id",)}

    about: About = ()
    question: Annotated[Text | None, held(C.narrative, ABOUT, "A10", "A17", "I8")] = None
    already_done: Annotated[Text | None, held(C.plan_and_actions, ABOUT, "A38")] = None


class ConsultationAdvice(CaseEvent):
    """The advice given."""

    must_reply: ClassVar[bool] = True
    ledger: ClassVar[Mapping[str, Places]] = {"later_referral_id": ("field referral consultation_id",)}

    about: About = ()
    advice: Annotated[Text | None, held(C.narrative, ABOUT, "A10", "A17", "I8")] = None
    advised_by: Annotated[Line | None, held(C.professional_network, EVENT, "A10", "A17")] = None
    advised_at: Annotated[Moment | None, held(C.decision_and_status, EVENT, "A10")] = None
    recommended: Annotated[Recommended | None, held(C.decision_and_status, ABOUT, "A10", "A17")] = None
