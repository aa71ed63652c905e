"""Appointments to which a child was not brought, and what was done about it (register §4.10)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.fields import Computed, counted, held
from frontdoor_schemas.values import ABOUT, EVENT, About, C, Desks, Line, Moment, Text, refused
from frontdoor_schemas.vocabulary import Answer

NOT_DID_NOT_ATTEND = refused("did_not_attend", "did_not_attend", "is said of adults: a child was not brought (was_not_brought)")
"""“changing the recording by health agencies from ‘did not attend’ to ‘was not brought’” (I1)."""


class WasNotBrought(CaseEvent):
    """A child was not brought to an appointment of any provider, dentists included (I1, I2, I4); `notify` adds recipients (I7)."""

    names_desks: ClassVar[frozenset[str]] = frozenset({"notify"})
    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"status", "kind"}
    computed: ClassVar[Mapping[str, Computed]] = {
        **CaseEvent.computed,
        "prior_missed_count": counted(
            held(C.history_summary, ABOUT, "I19"), "Earlier appointments missed, of all providers, that this recipient may know of"
        ),
    }

    about: About = ()
    status: Annotated[Literal["was_not_brought"] | None, NOT_DID_NOT_ATTEND, held(C.child_health, ABOUT, "I1", "I18")] = None
    kind: Annotated[
        Literal["hospital", "immunisation", "routine", "dental", "therapy", "antenatal", "healthy_child_programme"] | None,
        held(C.child_health, ABOUT, "I2", "I4", "I20"),
    ] = None
    key_contact: Annotated[int | None, Field(ge=1, le=5), held(C.child_health, ABOUT, "I20")] = None
    provider: Annotated[Line | None, held(C.child_health, ABOUT, "I2", "I19")] = None
    due_at: Annotated[Moment | None, held(C.child_health, ABOUT, "I2", "I18")] = None
    clinical_consequence: Annotated[Text | None, held(C.child_health, ABOUT, "I3", "I19")] = None
    reason_given: Annotated[Text | None, held(C.child_health, ABOUT, "I3")] = None
    parent_contacted: Annotated[Answer | None, held(C.child_health, ABOUT, "I3", "I4")] = None
    discharged_prematurely: Annotated[Answer | None, held(C.child_health, ABOUT, "I3")] = None
    notify: Annotated[Desks, held(C.professional_network, EVENT, "I7")] = ()


class MissedAppointmentFollowUp(CaseEvent):
    """The one action that closes a missed appointment (I3). 'No action' without its reason flows, marked."""

    must_reply: ClassVar[bool] = True
    chronicled: ClassVar[frozenset[str]] = CaseEvent.chronicled | {"action"}

    about: About = ()
    action: Annotated[
        Literal[
            "await_hospital_follow_up",
            "assertive_follow_up_with_parents",
            "re_referral",
            "practice_safeguarding_meeting",
            "escalation_to_child_safeguarding_team",
            "interagency_enquiry",
            "no_action",
        ]
        | None,
        held(C.child_health, ABOUT, "I3", "I4", "I18"),
    ] = None
    at: Annotated[Moment | None, held(C.child_health, ABOUT, "I3", "I18")] = None
    reason: Annotated[Text | None, held(C.child_health, ABOUT, "I3")] = None
