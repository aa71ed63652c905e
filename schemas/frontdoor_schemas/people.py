"""The people of an event and what every event says of them; with the author, consent and sharing."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from frontdoor_schemas.envelope import AgencyOrDeskId, DeskId
from frontdoor_schemas.fields import LINK, Block, Structure, held
from frontdoor_schemas.values import (
    EVENT,
    MAX_ITEMS,
    OWN,
    AdultRef,
    C,
    ChildRef,
    Day,
    Desks,
    Line,
    LocalId,
    Moment,
    NhsNumber,
    Postcode,
    Text,
    Upn,
)
from frontdoor_schemas.vocabulary import Answer


class Address(Block):
    """Where somebody lives. A protected address is a locating fact and goes in `protected_address` instead."""

    lines: Annotated[tuple[Line, ...], Field(max_length=5), held(C.home_and_contact, OWN, "D1", "C13")] = ()
    postcode: Annotated[Postcode | None, held(C.home_and_contact, OWN, "C13")] = None
    temporary: Annotated[Answer | None, held(C.home_and_contact, OWN, "G22", "G23")] = None
    previous_authority: Annotated[Line | None, held(C.home_and_contact, OWN, "G22", "G23")] = None
    previous_postcode: Annotated[Postcode | None, held(C.home_and_contact, OWN, "G22", "G23")] = None


class ProtectedAddress(Block):
    """An address that only desks listed by name may see: a refuge, a withheld address."""

    lines: Annotated[tuple[Line, ...], Field(max_length=5), held(C.locating, OWN)] = ()
    postcode: Annotated[Postcode | None, held(C.locating, OWN)] = None


class ChildVoice(Block):
    """What the child said, showed or lived through; accepted and kept when the child was not present (C4)."""

    obtained: Annotated[Answer | None, held(C.child_voice, OWN, "C3")] = None
    child_present: Annotated[Answer | None, held(C.child_voice, OWN, "C4", "C32")] = None
    child_experience: Annotated[Text | None, held(C.child_voice, OWN, "C4")] = None
    words: Annotated[Text | None, held(C.child_voice, OWN, "C3", "A40")] = None
    demeanour: Annotated[Text | None, held(C.child_voice, OWN, "C27")] = None
    self_assessment: Annotated[Text | None, held(C.child_voice, OWN)] = None
    conditions_seen: Annotated[Text | None, held(C.child_voice, OWN, "L28")] = None
    rooms_not_seen: Annotated[Text | None, held(C.child_voice, OWN, "L28")] = None
    obtained_by: Annotated[Line | None, held(C.child_voice, OWN)] = None
    how: Annotated[Line | None, held(C.child_voice, OWN, "F15")] = None
    reason_not_obtained: Annotated[Text | None, held(C.child_voice, OWN, "C3")] = None


class Characteristics(Block):
    """Who the child is: what every assessment of neglect has to take into account (L21, L22)."""

    ethnicity: Annotated[Line | None, held(C.characteristics, OWN, "L21")] = None
    heritage: Annotated[Line | None, held(C.characteristics, OWN, "L21")] = None
    culture: Annotated[Line | None, held(C.characteristics, OWN, "L21")] = None
    religion: Annotated[Line | None, held(C.characteristics, OWN, "L21")] = None
    language: Annotated[Line | None, held(C.characteristics, OWN, "L21")] = None
    send_or_disability: Annotated[Line | None, held(C.characteristics, OWN, "L22")] = None
    communication_needs: Annotated[Line | None, held(C.characteristics, OWN, "L22")] = None


class Needs(Block):
    """What one child has and lacks: risks stand beside what protects (L26)."""

    protective_factors: Annotated[Text | None, held(C.risk_and_need, OWN, "L26")] = None
    strengths: Annotated[Text | None, held(C.risk_and_need, OWN, "L26")] = None
    unmet_needs: Annotated[Text | None, held(C.risk_and_need, OWN, "L26")] = None
    school_attendance: Annotated[Text | None, held(C.education_record, OWN, "O4")] = None
    health_appointments_missed: Annotated[Text | None, held(C.child_health, OWN, "I1")] = None


class Child(Block):
    """One child, born or unborn, with a block of its own for what concerns it alone (L23)."""

    ref: Annotated[ChildRef, Structure("ref")]
    given_name: Annotated[Line | None, held(C.child_identity, OWN)] = None
    family_name: Annotated[Line | None, held(C.child_identity, OWN)] = None
    born: Annotated[Day | None, held(C.child_identity, OWN)] = None
    unborn: Annotated[Literal[True] | None, held(C.child_identity, OWN, "I13")] = None
    expected_on: Annotated[Day | None, held(C.child_identity, OWN, "I13")] = None
    mother: Annotated[AdultRef | None, held(C.family_network, OWN, "I13"), LINK] = None
    sex: Annotated[Literal["female", "male", "other", "not_known"] | None, held(C.child_identity, OWN)] = None
    nhs_number: Annotated[NhsNumber | None, held(C.nhs_number, OWN)] = None
    upn: Annotated[Upn | None, held(C.education_record, OWN)] = None
    local_id: Annotated[LocalId | None, held(C.case_reference, OWN)] = None
    local_authority: Annotated[Line | None, held(C.home_and_contact, OWN, "G22")] = None
    school: Annotated[DeskId | None, held(C.locating, OWN, "D1", "O5")] = None
    not_in_school: Annotated[Literal["home_educated", "excluded", "none"] | None, held(C.education_record, OWN, "I25")] = None
    practice: Annotated[DeskId | None, held(C.locating, OWN, "D10")] = None
    community_health: Annotated[DeskId | None, held(C.locating, OWN, "D10")] = None
    dentist: Annotated[DeskId | None, held(C.locating, OWN)] = None
    characteristics: Characteristics | None = None
    address: Address | None = None
    protected_address: ProtectedAddress | None = None
    protected: Annotated[Answer | None, held(C.decision_and_status, OWN)] = None
    concern: Annotated[Answer | None, held(C.concern_and_incident, OWN, "L23", "L24")] = None
    neglect_now: Annotated[
        Answer | None,
        held(C.concern_and_incident, OWN, "K16"),
        Field(description="Is the child fed, clothed, clean, in school, taken to the doctor, and looked after by somebody who is able to?"),
    ] = None
    neglect_before: Annotated[Answer | None, held(C.history_summary, OWN, "K16", "E9")] = None
    circumstances: Annotated[Text | None, held(C.narrative, OWN, "L23")] = None
    impact_on_child: Annotated[
        Text | None,
        held(C.concern_and_incident, OWN, "K2", "J12"),
        Field(
            description="What the adult's life means for this child's day: meals, sleep, clothes, school, being left alone, being afraid"
        ),
    ] = None
    needs: Needs | None = None
    voice: ChildVoice | None = None


class Adult(Block):
    """A household or significant adult."""

    ref: Annotated[AdultRef, Structure("ref")]
    given_name: Annotated[Line | None, held(C.family_network, OWN)] = None
    family_name: Annotated[Line | None, held(C.family_network, OWN)] = None
    born: Annotated[Day | None, held(C.family_network, OWN)] = None
    nhs_number: Annotated[NhsNumber | None, held(C.nhs_number, OWN)] = None
    local_id: Annotated[LocalId | None, held(C.case_reference, OWN)] = None
    relationship: Annotated[Line | None, held(C.family_network, OWN, "L25")] = None
    lives_with_child: Annotated[Answer | None, held(C.family_network, OWN, "L25")] = None
    parental_responsibility: Annotated[Answer | None, held(C.family_network, OWN)] = None
    safe_to_contact: Annotated[Answer | None, held(C.family_network, OWN, "L25")] = None
    risk_marker: Annotated[Line | None, held(C.risk_and_need, OWN, "I14")] = None
    known_to_probation: Annotated[Answer | None, held(C.offence_and_court, OWN, "F9")] = None
    known_to_adult_mental_health: Annotated[Answer | None, held(C.adult_health_and_treatment, OWN, "F9")] = None
    known_to_substance_misuse: Annotated[Answer | None, held(C.adult_health_and_treatment, OWN, "F9")] = None
    telephone: Annotated[Line | None, held(C.home_and_contact, OWN)] = None
    address: Address | None = None
    protected_address: ProtectedAddress | None = None
    protected: Annotated[Answer | None, held(C.decision_and_status, OWN)] = None


class Author(Block):
    """Who wrote it. The office is a locating fact; so is the source itself where the case is protected, and with it all of this."""

    apart: ClassVar[bool] = True

    name: Annotated[Line | None, held(C.professional_network, EVENT, "A19")] = None
    role: Annotated[Line | None, held(C.professional_network, EVENT, "A19")] = None
    contact: Annotated[Line | None, held(C.professional_network, EVENT, "A19")] = None
    office: Annotated[Line | None, held(C.locating, EVENT)] = None


class Consent(Block):
    """Consent to share, stated per event; it is seldom the basis, and is recorded all the same (A32, A33)."""

    status: Annotated[Literal["given", "refused", "not_sought", "not_needed"] | None, held(C.decision_and_status, EVENT, "A32")] = None
    given_by: Annotated[Line | None, held(C.decision_and_status, EVENT, "A32")] = None
    at: Annotated[Moment | None, held(C.decision_and_status, EVENT, "A32")] = None
    override_reason: Annotated[Text | None, held(C.decision_and_status, EVENT, "A33")] = None


class Sharing(Block):
    """What the author says about who may and may not see the event. `withhold_from` is absolute.

    Neither list is given to anybody: that a treatment service is kept out, or that one school is let in, would tell what they protect.
    """

    withhold_from: Annotated[tuple[AgencyOrDeskId, ...], Field(max_length=MAX_ITEMS), held(C.sharing_limits, EVENT)] = ()
    locating_for: Annotated[Desks, held(C.sharing_limits, EVENT)] = ()
    legal_gateway: Annotated[Line | None, held(C.decision_and_status, EVENT)] = None
