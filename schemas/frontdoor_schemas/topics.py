"""Topics, keys, consumer groups and headers. Spelt here and nowhere else."""

from frontdoor_schemas.vocabulary import EventType

FAMILY: dict[EventType, str] = {
    EventType.referral: "referrals",
    EventType.police_incident: "police-incidents",
    EventType.incident_closed: "police-incidents",
    EventType.referral_outcome: "outcomes",
    EventType.information_request: "information",
    EventType.information_response: "information",
    EventType.strategy_discussion: "meetings",
    EventType.conference_minutes: "meetings",
    EventType.core_group_minutes: "meetings",
    EventType.investigation_status: "investigations",
    EventType.plan_status: "plans",
    EventType.involvement_started: "involvement",
    EventType.involvement_ended: "involvement",
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


def to_gateway(gateway: str) -> str:
    """Topic of what is for one gateway's desks. Key: the desk. Written by the router alone."""
    return f"to.{gateway}"


def gateway_group(gateway: str) -> str:
    """Consumer group of one gateway."""
    return f"frontdoor-gateway-{gateway}"


def type_name(event_type: EventType) -> str:
    """The CloudEvents `type` of an event."""
    return f"frontdoor.{event_type.value}.v1"
