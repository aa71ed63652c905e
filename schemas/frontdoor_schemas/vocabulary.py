"""The closed vocabularies that every event, duty and agreement speaks: categories, roles, relations, event types."""

from enum import StrEnum


class Word(StrEnum):
    """A word of a closed vocabulary. Hashed as the text that it is: Enum's own way takes a call in Python for each look-up."""

    __hash__ = str.__hash__


class Category(Word):
    """What kind of fact a field is. Agreements permit by category; every field has exactly one."""

    case_reference = "case_reference"
    child_identity = "child_identity"
    nhs_number = "nhs_number"
    characteristics = "characteristics"
    home_and_contact = "home_and_contact"
    locating = "locating"
    family_network = "family_network"
    child_voice = "child_voice"
    concern_and_incident = "concern_and_incident"
    offence_and_court = "offence_and_court"
    child_health = "child_health"
    adult_health_and_treatment = "adult_health_and_treatment"
    education_record = "education_record"
    risk_and_need = "risk_and_need"
    decision_and_status = "decision_and_status"
    plan_and_actions = "plan_and_actions"
    meeting_discussion = "meeting_discussion"
    professional_network = "professional_network"
    history_summary = "history_summary"
    narrative = "narrative"
    sharing_limits = "sharing_limits"  # whom the author keeps the event from: the exchange obeys it, and gives it to nobody


RULED = tuple(category for category in Category if category is not Category.sharing_limits)
"""The categories that agreements speak of. To them the other one does not exist, so that none can give it."""


class SubjectRule(Word):
    """Whom a field is about, worked out from where it stands in the event."""

    own = "own"  # the child or adult whose block the field stands in
    about = "about"  # the people its item names in `about`; everybody in the event when it names none
    household = "household"  # everybody in the event
    event = "event"  # the event itself


class SubjectRole(Word):
    """The kind of subject a section is about."""

    child = "child"
    adult = "adult"
    event = "event"


class Role(Word):
    """What a desk is, to duties and agreements. The pack gives the local name and says who fills it."""

    front_door = "front_door"
    social_care = "social_care"
    conference_service = "conference_service"  # convenes and chairs conferences, within social care
    early_help = "early_help"
    out_of_hours = "out_of_hours"
    police_safeguarding = "police_safeguarding"
    police_control_room = "police_control_room"
    police_supervisor = "police_supervisor"
    encompass = "encompass"
    missing_coordinator = "missing_coordinator"
    school_dsl = "school_dsl"
    early_years_lead = "early_years_lead"
    no_school_lead = "no_school_lead"
    gp = "gp"
    health_visiting = "health_visiting"
    school_nursing = "school_nursing"
    midwifery = "midwifery"
    hospital = "hospital"
    dentist = "dentist"
    camhs = "camhs"
    pharmacy = "pharmacy"
    optometry = "optometry"
    adult_mental_health = "adult_mental_health"
    substance_misuse = "substance_misuse"
    nps = "nps"
    crc = "crc"
    probation = "probation"
    youth_justice = "youth_justice"
    domestic_abuse_service = "domestic_abuse_service"
    housing = "housing"
    voluntary = "voluntary"
    prison = "prison"
    resettlement = "resettlement"  # after-care of prisoners
    court = "court"
    legal = "legal"
    cafcass = "cafcass"
    advocate = "advocate"
    health_safeguarding_lead = "health_safeguarding_lead"
    partnership = "partnership"
    register = "register"  # a school roll or a GP registration: confirms relations, is told nothing
    manager = "manager"  # a desk that only escalations reach


class Relation(Word):
    """What a desk is to one person. Kept by the router with who asserted and who confirmed it."""

    school = "school"
    early_years = "early_years"
    no_school = "no_school"
    gp = "gp"
    health_visiting = "health_visiting"
    school_nursing = "school_nursing"
    midwifery = "midwifery"
    dentist = "dentist"
    manages = "manages"  # the adult's own probation service
    treats = "treats"  # the adult's own treating service
    plan_group = "plan_group"
    lead_professional = "lead_professional"  # who coordinates the work with the child
    involved = "involved"


class EventType(Word):
    """The events that an agency may publish."""

    referral = "referral"
    police_incident = "police-incident"
    incident_closed = "incident-closed"
    incident_triage = "incident-triage"
    police_risk_assessment = "police-risk-assessment"
    referral_outcome = "referral-outcome"
    referral_progress = "referral-progress"
    outcome_rating = "outcome-rating"
    information_request = "information-request"
    information_response = "information-response"
    strategy_discussion = "strategy-discussion"
    conference_minutes = "conference-minutes"
    core_group_minutes = "core-group-minutes"
    child_in_need_minutes = "child-in-need-minutes"
    meeting_minutes = "meeting-minutes"
    meeting_request = "meeting-request"
    meeting_request_answer = "meeting-request-answer"
    meeting_invitation = "meeting-invitation"
    meeting_response = "meeting-response"
    meeting_report = "meeting-report"
    investigation_status = "investigation-status"
    plan_status = "plan-status"
    plan_update = "plan-update"
    early_help_assessment = "early-help-assessment"
    involvement_started = "involvement-started"
    involvement_ended = "involvement-ended"
    missing_episode = "missing-episode"
    return_interview = "return-interview"
    was_not_brought = "was-not-brought"
    missed_appointment_follow_up = "missed-appointment-follow-up"
    concern = "concern"
    expectant_mother = "expectant-mother"
    school_attendance = "school-attendance"
    adult_service = "adult-service"
    tool_result = "tool-result"
    flag_instruction = "flag-instruction"
    challenge = "challenge"
    challenge_response = "challenge-response"
    custody = "custody"
    child_moved = "child-moved"
    household_change = "household-change"
    consultation = "consultation"
    consultation_advice = "consultation-advice"
    medical = "medical"
    service_referral = "service-referral"
    query = "query"
    correction = "correction"
    withdrawal = "withdrawal"


class Level(Word):
    """How far a disclosure has got with its desk. Merged by maximum; told_by_telephone stands beside."""

    filed = "filed"
    received = "received"
    opened = "opened"
    acted = "acted"


class Answer(Word):
    """A yes-or-no fact that may be unknown. Unknown permits nothing."""

    yes = "yes"
    no = "no"
    unknown = "unknown"
