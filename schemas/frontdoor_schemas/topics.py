"""Topics, keys, consumer groups and headers. Spelt here and nowhere else."""

from typing import NamedTuple

from frontdoor_schemas.vocabulary import EventType

FAMILY: dict[EventType, str] = {
    EventType.referral: "referrals",
    EventType.police_incident: "police-incidents",
    EventType.incident_closed: "police-incidents",
    EventType.incident_triage: "police-incidents",
    EventType.police_risk_assessment: "police-incidents",
    EventType.referral_outcome: "outcomes",
    EventType.referral_progress: "outcomes",
    EventType.outcome_rating: "outcomes",
    EventType.information_request: "information",
    EventType.information_response: "information",
    EventType.strategy_discussion: "meetings",
    EventType.conference_minutes: "meetings",
    EventType.core_group_minutes: "meetings",
    EventType.child_in_need_minutes: "meetings",
    EventType.meeting_minutes: "meetings",
    EventType.meeting_request: "meetings",
    EventType.meeting_request_answer: "meetings",
    EventType.meeting_invitation: "meetings",
    EventType.meeting_response: "meetings",
    EventType.meeting_report: "meetings",
    EventType.investigation_status: "investigations",
    EventType.plan_status: "plans",
    EventType.plan_update: "plans",
    EventType.early_help_assessment: "early-help",
    EventType.involvement_started: "involvement",
    EventType.involvement_ended: "involvement",
    EventType.missing_episode: "missing",
    EventType.return_interview: "missing",
    EventType.was_not_brought: "appointments",
    EventType.missed_appointment_follow_up: "appointments",
    EventType.concern: "concerns",
    EventType.expectant_mother: "concerns",
    EventType.school_attendance: "concerns",
    EventType.adult_service: "adult-services",
    EventType.tool_result: "tools",
    EventType.flag_instruction: "flags",
    EventType.challenge: "challenges",
    EventType.challenge_response: "challenges",
    EventType.custody: "custody",
    EventType.child_moved: "moves",
    EventType.household_change: "households",
    EventType.consultation: "consultations",
    EventType.consultation_advice: "consultations",
    EventType.medical: "medicals",
    EventType.service_referral: "services",
    EventType.query: "queries",
    EventType.correction: "amendments",
    EventType.withdrawal: "amendments",
}
"""Family = topic = HTTP resource. Key: the thread."""

FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(FAMILY.values()))

RECEIPTS = "receipts"
"""Written by gateways and the notifier, read by router and notifier. Key: the desk."""

ROUTER_GROUP = "frontdoor-router"
NOTIFIER_GROUP = "frontdoor-notifier"

HEADER_SIGNATURE = "fd_signature"
"""HMAC-SHA256 over topic, key and value under the writing service's key: a topic has many writers."""
HEADER_WRITER = "fd_writer"


HEADER_CONTENT_TYPE = "content-type"
CLOUD_EVENTS = "ce_"
"""Prefix of CloudEvents attributes in the headers of a record (Kafka protocol binding, binary mode)."""


class CloudEvent(NamedTuple):
    """What a record says of itself as a CloudEvent 1.0. The same id each time that it is sent."""

    id: str
    type: str
    time: str | None = None

    def headers(self, writer: str) -> tuple[tuple[str, bytes], ...]:
        """Its headers. The source is the writing service and never the desk, which may say where somebody is."""
        said = {"specversion": "1.0", "id": self.id, "type": self.type, "source": f"/{writer}"}
        if self.time is not None:
            said["time"] = self.time
        return (*((CLOUD_EVENTS + name, value.encode()) for name, value in said.items()), (HEADER_CONTENT_TYPE, b"application/json"))


def to_gateway(gateway: str) -> str:
    """Topic of what is for one gateway's desks. Key: the desk. Written by the router alone."""
    return f"to.{gateway}"


def gateway_group(gateway: str) -> str:
    """Consumer group of one gateway."""
    return f"frontdoor-gateway-{gateway}"


def type_name(kind: str) -> str:
    """The CloudEvents `type` of a type of event, a kind of delivery or a kind of record."""
    return f"frontdoor.{kind}.v1"


def of_receipts(position: int) -> CloudEvent:
    """A record of receipts, by its place in the outbox of whoever writes it."""
    return CloudEvent(f"receipts-{position}", type_name("receipts"))
