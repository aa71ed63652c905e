"""Police: incidents, their triage and closing, risk-assessment forms, investigations."""

from collections.abc import Mapping
from typing import Any

from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.rehearsal.compose.event import Event, Writer, present

INCIDENT = "CP"


def _incident(event: Event) -> dict[str, Any]:
    return {
        "incident_id": event.local_id(INCIDENT),
        "kind": "domestic incident",
        "place": "at home",
        "circumstances": f"Shouting was heard. There were: {event.names()}",
        "offences": ["common assault"],
        "domestic_abuse": {
            "qualifying_markers": ["call_type"],
            "risk_grade": "medium",
            "risk_form_completed": "yes",
            "no_referral_reason": "sent as an incident first",
            "triage": {"children_in_household": "yes"},
        },
        "children_at_incident": _at_incident(event),
        "concerns": [{"about": [ref], "what": "A child frightened at home", "evidence": "first_hand"} for ref in event.children],
    }


def _at_incident(event: Event) -> list[dict[str, Any]]:
    return [{"about": [ref], "in_household": "yes", "saw_or_heard": "yes"} for ref in event.children]


def _answered_incident(event: Event) -> dict[str, Any]:
    return {"incident_id": event.local_id(INCIDENT, event.post.of)} if event.post.of else {}


def _incident_closed(event: Event) -> dict[str, Any]:
    code = event.post.code if event.post.code != "none" else None
    return {"closed_at": event.now, **_answered_incident(event), **present({"closing_code": code})}


def _triage(event: Event) -> dict[str, Any]:
    reason = event.post.reason or "The family agreed to early help"
    triaged = {"children_in_household": event.post.code or "yes", "by": "Gatekeeper", "at": event.now}
    return triaged | {"children_at_incident": _at_incident(event), "no_referral_reason": reason} | _answered_incident(event)


def _form(event: Event) -> dict[str, Any]:
    return {
        "completed_by": "PC Casey",
        "completed_at": event.now,
        "risks_identified": ["neglect", "alcohol in the home"],
        "neglect_identified": "yes",
        "history_considered": "yes",
        "child_seen": "yes",
        "actions_taken": "Both parents spoken to; a neighbour took the children in",
        "residual_risk": "Parents may drink again at the weekend",
        "nature_of_harm": "Left alone and unfed while the parents drink",
        "neglect_risk_factors": ["no food in the home"],
    }


def _systems_checked(event: Event) -> list[dict[str, Any]]:
    return [{"system": name, "checked_at": event.at(hours=-1)} for name in ("crime records", "intelligence")]


def _risk_assessment(event: Event) -> dict[str, Any]:
    return {
        "risk_assessment": _form(event),
        "risk_grade": event.post.code or "medium",
        "systems_checked": _systems_checked(event),
        "tool_results": [{"about": event.children, "tool": "THRIVE", "version": "2", "result": "medium", "on": event.day()}],
        **_answered_incident(event),
    }


def _investigation(event: Event) -> dict[str, Any]:
    status = event.post.code or "closed"
    found = {
        "about": event.everybody,
        "investigation_id": event.local_id("INV"),
        "status": status,
        {"opened": "opened_at", "updated": "last_update_at", "closed": "closed_at"}[status]: event.now,
        "offence_type": "child neglect",
    }
    if status != "closed":
        return found
    return found | {
        "closure_reason": "evidence too thin to charge",
        "residual_risk": "remains medium",
        "action_for_partners": "plan without a prosecution",
    }


WRITERS: Mapping[EventType, Writer] = {
    EventType.police_incident: _incident,
    EventType.incident_closed: _incident_closed,
    EventType.incident_triage: _triage,
    EventType.police_risk_assessment: _risk_assessment,
    EventType.investigation_status: _investigation,
}
