"""What is told of children outside referrals: missing, not brought, concerns, births, attendance, tools, medicals."""

from collections.abc import Mapping
from typing import Any

from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.rehearsal.compose.event import Event, Writer, present

HOME = {
    "conditions": "The kitchen was empty and the bedroom cold",
    "rooms_seen": ["kitchen", "living room"],
    "rooms_not_seen": ["upstairs"],
    "reason_not_seen": "A parent stood on the stairs",
    "environmental_neglect": "yes",
}


def _episode(event: Event) -> dict[str, Any]:
    stage = event.post.code or "reported"
    when = {"reported_at": event.now} if stage == "reported" else {f"{stage}_at": event.now}
    found = {
        "about": event.children,
        "episode_id": event.local_id("MISPER", event.post.of),
        "stage": stage,
        "category": "missing",
        "cause_for_concern": "yes" if event.post.reason else "no",
        "why_of_concern": event.post.reason,
        "missing_from": event.at(hours=-3) if stage == "reported" else None,
        "place": "last seen at the bus station",
        **when,
        "review": "No sighting since" if stage == "reviewed" else None,
        "exploitation_risk": "unknown",
        "neglect_history": "unknown",
    }
    return present(found)


def _interview(event: Event) -> dict[str, Any]:
    held = event.post.code != "not_held"
    found = {
        "about": event.children,
        "episode_id": event.local_id("MISPER", event.post.of),
        "offered": "yes",
        "offered_at": event.at(days=-1),
        "held_at": event.now if held else None,
        "reason_not_held": None if held else event.post.reason,
        "held_by": "Indigo Interviewer",
        "risk_grade": "medium" if held else None,
        "risk": "Older friends buy food and ask for favours" if held else None,
        "exploitation_risk": "yes" if held else "unknown",
        "shared_with": list(event.post.asked),
    }
    return present(found)


def _not_brought(event: Event) -> dict[str, Any]:
    found = {
        "about": event.children,
        "status": "was_not_brought",
        "kind": event.post.code or "hospital",
        "provider": "children's outpatients",
        "due_at": event.at(days=-1),
        "clinical_consequence": "Asthma goes unreviewed",
        "reason_given": event.post.reason or "none",
        "parent_contacted": "yes",
        "discharged_prematurely": "no",
        "notify": list(event.post.asked),
    }
    return present(found)


def _follow_up(event: Event) -> dict[str, Any]:
    action = {"about": event.children, "action": event.post.code or "assertive_follow_up_with_parents", "at": event.now}
    return action | present({"reason": event.post.reason})


def _concerns(event: Event) -> list[dict[str, Any]]:
    seen = event.post.reason or "Came without a coat again and took food from a bin"
    return [
        {
            "about": [ref],
            "what": seen,
            "seen_or_said_at": event.at(hours=-2),
            "by_whom": "Wren Worker",
            "evidence": "first_hand",
            "impact_on_child": "was teased and cold",
        }
        for ref in event.children
    ]


def _concern(event: Event) -> dict[str, Any]:
    kind = event.post.code or "low_level_concern"
    found = {
        "kind": kind,
        "recorded_at": event.now,
        "concerns": _concerns(event),
        "concern_types": [{"about": [ref], "type": "neglect", "standing": "primary"} for ref in event.children],
        "home": HOME | {"visited_at": event.at(hours=-2)} if kind in ("visit", "concern_card") else None,
        "below_threshold": "yes",
    }
    return present(found)


def _expectant(event: Event) -> dict[str, Any]:
    return {
        "trimester": event.post.code or "second",
        "concerns": _concerns(event),
        "home": HOME | {"visited_at": event.at(hours=-2)},
        "vulnerabilities": "No place for a cot, and nobody to help",
        "previous_children_removed": "unknown",
        "pre_birth_assessment_id": event.local_id("PBA"),
        "early_help_need": "yes",
    }


def _attendance(event: Event) -> dict[str, Any]:
    attendance = [
        {
            "about": [ref],
            "period_from": event.day(-60),
            "period_to": event.day(-1),
            "sessions_possible": 76,
            "sessions_missed": 19,
            "sessions_authorised": 4,
            "persistent_absence": event.post.code or "yes",
            "irregular": "yes",
        }
        for ref in event.children
    ]
    return {"attendance": attendance, "concerns": _concerns(event)}


def _tool(event: Event) -> dict[str, Any]:
    areas = ("physical", "safety", "emotional", "developmental")
    return {
        "about": event.children,
        "tool": event.post.code or "GCP2",
        "version": "2",
        "total": "14",
        "result": "physical care is the worst",
        "scores": [{"area": area, "grade": grade} for area, grade in zip(areas, "4334", strict=True)],
        "on": event.day(),
        "covers_from": event.day(-28),
        "covers_to": event.day(),
        "stage": "child in need",
        "trigger_point_crossed": "yes",
        "parent_view": event.post.reason or "It is not as bad as it was",
        "administered_by": "Wren Worker",
        "trained": "yes",
        "trained_on": event.day(-200),
    }


def _medical(event: Event) -> dict[str, Any]:
    stage = event.post.code or "result"
    finding = "Old bruises of different ages, and too light for the age"
    findings = [present({"about": [ref], "to": list(event.post.asked), "finding": finding}) for ref in event.children]
    found = {
        "about": event.children,
        "stage": stage,
        "kind": "child protection medical",
        "reason": event.post.reason or "Bruises seen at school",
        "requested_at": event.at(days=-1) if stage == "result" else event.now,
        "examined_at": event.now if stage == "result" else None,
        "examined_by": "a paediatrician" if stage == "result" else None,
        "findings": findings if stage == "result" else None,
    }
    return present(found)


WRITERS: Mapping[EventType, Writer] = {
    EventType.missing_episode: _episode,
    EventType.return_interview: _interview,
    EventType.was_not_brought: _not_brought,
    EventType.missed_appointment_follow_up: _follow_up,
    EventType.concern: _concern,
    EventType.expectant_mother: _expectant,
    EventType.school_attendance: _attendance,
    EventType.tool_result: _tool,
    EventType.medical: _medical,
}
