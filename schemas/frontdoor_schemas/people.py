"""The blocks that all events share: children, adults, addresses, the child's voice, consent, sharing, the author."""

from datetime import date
from typing import Annotated, Literal

import nhs_number as nhs
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints
from pydantic_core import PydanticCustomError

from frontdoor_schemas.envelope import AgencyId, DeskId
from frontdoor_schemas.fields import Block, Structure, held
from frontdoor_schemas.vocabulary import Answer, Category, SubjectRule

MAX_CHILDREN = 20
"""Largest household met in the source documents' figures, with room; keeps one event within a record."""
MAX_ADULTS = 20
MAX_ITEMS = 50
"""Entries of any other list in one event."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=8000)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,39}$")]
LocalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")]
SenderRef = Annotated[str, StringConstraints(pattern=r"^(child|adult)-[0-9]{1,2}$")]
About = Annotated[tuple[SenderRef, ...], Structure("about"), Field(max_length=MAX_CHILDREN + MAX_ADULTS)]
Audience = Annotated[tuple[Line, ...], Structure("to"), Field(max_length=MAX_ITEMS)]
NotForFamily = Annotated[tuple[SenderRef, ...], Structure("not_for_family"), Field(max_length=MAX_ADULTS)]

UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
"""Check letters of a unique pupil number: no I, O or S (govtalk Data Standards 2.0)."""


def _nhs_number(value: str) -> str:
    # is_valid passes the ten repeated-digit numbers, which satisfy modulus 11 and were never issued (facts §7)
    if not value.isascii() or not nhs.is_valid(value) or len(set(value)) == 1:
        raise PydanticCustomError("check_digit", "not a valid NHS number")
    return value


def _upn(value: str) -> str:
    body = value[1:-1] + (value[-1] if value[-1].isdigit() else "")
    weighed = sum(int(d) * (n + 2) for n, d in enumerate(body))
    if not value[-1].isdigit():
        weighed += UPN_LETTERS.index(value[-1]) * (len(value))
    if UPN_LETTERS[weighed % len(UPN_LETTERS)] != value[0]:
        raise PydanticCustomError("check_letter", "not a valid unique pupil number")
    return value


NhsNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$"), AfterValidator(_nhs_number)]
Upn = Annotated[str, StringConstraints(pattern=r"^[A-HJ-NP-RT-Z][0-9]{11}([0-9]|[A-HJ-NP-RT-Z])$"), AfterValidator(_upn)]
Postcode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}$")]

OWN, ABOUT, HOUSEHOLD, EVENT = SubjectRule.own, SubjectRule.about, SubjectRule.household, SubjectRule.event
C = Category


class Address(Block):
    """Where somebody lives. A protected address is a locating fact and goes in `protected_address` instead."""

    lines: Annotated[tuple[Line, ...], Field(max_length=5), held(C.home_and_contact, OWN, "D1", "C13")] = ()
    postcode: Annotated[Postcode | None, held(C.home_and_contact, OWN, "C13")] = None
    temporary: Annotated[Answer | None, held(C.home_and_contact, OWN, "G22", "G23")] = None
    previous_authority: Annotated[Line | None, held(C.home_and_contact, OWN, "G22", "G23")] = None


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


class Child(Block):
    """One child, born or unborn, with a block of its own for what concerns it alone (L23)."""

    ref: Annotated[SenderRef, Structure("ref"), StringConstraints(pattern=r"^child-")]
    given_name: Annotated[Line | None, held(C.child_identity, OWN)] = None
    family_name: Annotated[Line | None, held(C.child_identity, OWN)] = None
    born: Annotated[date | None, held(C.child_identity, OWN)] = None
    unborn: Annotated[Literal[True] | None, held(C.child_identity, OWN, "I13")] = None
    expected_on: Annotated[date | None, held(C.child_identity, OWN, "I13")] = None
    mother: Annotated[SenderRef | None, Structure("mother"), StringConstraints(pattern=r"^adult-")] = None
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
    circumstances: Annotated[Text | None, held(C.narrative, OWN, "L23")] = None
    voice: ChildVoice | None = None


class Adult(Block):
    """A household or significant adult."""

    ref: Annotated[SenderRef, Structure("ref"), StringConstraints(pattern=r"^adult-")]
    given_name: Annotated[Line | None, held(C.family_network, OWN)] = None
    family_name: Annotated[Line | None, held(C.family_network, OWN)] = None
    born: Annotated[date | None, held(C.family_network, OWN)] = None
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
    """Who wrote it. The office is a locating fact; so is the source itself where the case is protected."""

    name: Annotated[Line | None, held(C.professional_network, EVENT, "A19")] = None
    role: Annotated[Line | None, held(C.professional_network, EVENT, "A19")] = None
    contact: Annotated[Line | None, held(C.professional_network, EVENT, "A19")] = None
    office: Annotated[Line | None, held(C.locating, EVENT)] = None


class Consent(Block):
    """Consent to share, stated per event; it is seldom the basis, and is recorded all the same (A32, A33)."""

    status: Annotated[Literal["given", "refused", "not_sought", "not_needed"] | None, held(C.decision_and_status, EVENT, "A32")] = None
    given_by: Annotated[Line | None, held(C.decision_and_status, EVENT, "A32")] = None
    at: Annotated[AwareDatetime | None, held(C.decision_and_status, EVENT, "A32")] = None
    override_reason: Annotated[Text | None, held(C.decision_and_status, EVENT, "A33")] = None


class Sharing(Block):
    """What the author says about who may and may not see the event. `withhold_from` is absolute."""

    withhold_from: Annotated[tuple[AgencyId | DeskId, ...], Field(max_length=MAX_ITEMS), held(C.decision_and_status, EVENT)] = ()
    locating_for: Annotated[tuple[DeskId, ...], Field(max_length=MAX_ITEMS), held(C.decision_and_status, EVENT)] = ()
    legal_gateway: Annotated[Line | None, held(C.decision_and_status, EVENT)] = None


class Concern(Block):
    """One structured observation, not a free-text box (A22)."""

    about: About = ()
    what: Annotated[Text | None, held(C.concern_and_incident, ABOUT, "A22", "A28")] = None
    seen_or_said_at: Annotated[AwareDatetime | None, held(C.concern_and_incident, ABOUT, "A22")] = None
    where: Annotated[Line | None, held(C.home_and_contact, ABOUT, "A22")] = None
    by_whom: Annotated[Line | None, held(C.professional_network, ABOUT, "A22")] = None
    evidence: Annotated[Literal["first_hand", "hearsay", "record"] | None, held(C.concern_and_incident, ABOUT, "A22")] = None
    impact_on_child: Annotated[Text | None, held(C.concern_and_incident, ABOUT, "A28", "K2")] = None


class ConcernType(Block):
    """One of several types of concern on one child: neglect apart from abuse (A23, A36, D13)."""

    about: About = ()
    type: Annotated[
        Literal["neglect", "emotional_abuse", "physical_abuse", "sexual_abuse", "domestic_abuse", "exploitation", "other"],
        held(C.concern_and_incident, ABOUT, "A23", "D13"),
    ]
    standing: Annotated[Literal["primary", "secondary"] | None, held(C.concern_and_incident, ABOUT, "A36", "G17")] = None
    neglect_kind: Annotated[Line | None, held(C.concern_and_incident, ABOUT, "A23")] = None
    duration: Annotated[Literal["recent", "long_term"] | None, held(C.concern_and_incident, ABOUT, "M6")] = None


class EventBody(Block):
    """What every event states. At least one person, and the time; all else flows incomplete and is owed."""

    occurred_at: Annotated[AwareDatetime, held(C.case_reference, EVENT, "A1", "D3")]
    out_of_hours: Annotated[Answer | None, held(C.case_reference, EVENT, "A6", "C31")] = None
    author: Author | None = None
    children: Annotated[tuple[Child, ...], Field(max_length=MAX_CHILDREN)] = ()
    adults: Annotated[tuple[Adult, ...], Field(max_length=MAX_ADULTS)] = ()
    consent: Consent | None = None
    sharing: Sharing | None = None
