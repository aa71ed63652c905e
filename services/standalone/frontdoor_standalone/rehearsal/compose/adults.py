"""Adults: treatment, and custody."""

from collections.abc import Mapping
from typing import Any

from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.rehearsal.compose.event import Event, Writer, present


def _treatment(event: Event) -> dict[str, Any]:
    return {
        "about": event.adults,
        "service": "drug and alcohol service",
        "event": event.post.code or "disengaged",
        "presentation": "substance_misuse",
        "details": event.post.reason or "Missed three appointments and does not answer",
        "test_result": "not tested",
        "attending_appointments": "no",
        "next_risk_review_on": event.day(28),
        "other_services_involved": ["adult mental health"],
        "dependants_declared": "yes",
        "children_with_contact": [{"about": [ref], "contact": "lives_with"} for ref in event.children],
        "child_risk_reconsidered": "yes",
        "child_risk_result": "More nights alone are likely",
    }


def _custody(event: Event) -> dict[str, Any]:
    stage = event.post.code or "sentenced"
    released = stage == "released"
    found = {
        "about": event.adults,
        "stage": stage,
        "managing_service": "nps",
        "sentence_at": event.now if stage == "sentenced" else None,
        "sentence": "six months" if stage == "sentenced" else None,
        "prison": event.post.asked[0] if event.post.asked else None,
        "prison_name": "a prison far from home",
        "child_safeguarding_considered": "yes",
        "child_safeguarding_summary": "The children are afraid of visits",
        "children_in_household": "yes" if event.children else "unknown",
        "family_dynamics": "The children's grandmother decides",
        "release_at": event.now if released else None,
        "expected_release_on": None if released else event.day(90),
        "release_address": {"lines": ["9 Release Road"], "postcode": "ZZ99 3VZ"} if released else None,
        "concern_at_release": event.post.reason or "Wants to live with the children again" if released else None,
    }
    return present(found)


WRITERS: Mapping[EventType, Writer] = {
    EventType.adult_service: _treatment,
    EventType.custody: _custody,
}
