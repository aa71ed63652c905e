"""Referrals, what becomes of them, and disagreement about it."""

from collections.abc import Mapping
from typing import Any

from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.rehearsal.compose.event import Event, Writer, present

NEGLECT = {"type": "neglect", "standing": "primary", "neglect_kind": "physical", "duration": "recent", "frequency": "most days"}


def _referral(event: Event) -> dict[str, Any]:
    return {
        "form_type": "MARF",
        "all_children_named": "yes",
        "concerns": [
            {"about": [ref], "what": "Often hungry and tired", "evidence": "first_hand", "impact_on_child": "cannot follow lessons"}
            for ref in event.children
        ],
        "concern_types": [{"about": [ref], **NEGLECT} for ref in event.children],
        "history": {"known": "no"},
        "recommended_next_step": "section_17_assessment",
        "circumstances": f"Seen at school over some weeks. There are: {event.names()}",
        "actions_already_taken": "Breakfast club offered",
        "referrer_offer": "We can meet the family weekly",
        "risk_grade": "medium",
        "consent": {"status": "given"},
        "danger": {"immediate": "no"},
    }


def _outcome(event: Event) -> dict[str, Any]:
    post = event.post
    found: dict[str, Any] = {"decided_at": event.now, "accepted": post.accepted or "yes", "history_considered": "yes"}
    found |= {"earlier_events_weighed": 1}
    if found["accepted"] == "yes":
        return found | {"route": post.route or "section_17_assessment", "referrer_role_going_forward": "Keep seeing the child every week"}
    found |= {
        "suggested_support": "An early help assessment led by the school",
        "early_help_considered": "yes",
        "how_to_challenge": "Answer this outcome with a challenge, or telephone 01632 960003",
    }
    return found | present({"reason_not_accepted": post.reason})


def _progress(event: Event) -> dict[str, Any]:
    status = event.post.code or "allocated"
    found = {"status": status, "at": event.now, "by": "Dana Duty"} | present({"reason": event.post.reason})
    return found | ({"allocated_worker": event.worker("social worker")} if status == "allocated" else {})


def _rating(event: Event) -> dict[str, Any]:
    return {"rating": event.post.code or "satisfied", "comment": event.post.reason or "We know what to do next"}


def _challenge(event: Event) -> dict[str, Any]:
    return {
        "about": event.everybody,
        "against": "decision",
        "level": event.post.code or "practitioner",
        "raised_by": "Sam Senior",
        "reason": event.post.reason or "The child is as hungry as before",
        "asked_for": "That an assessment begins",
        "told_to_wait": "no",
    }


def _challenge_response(event: Event) -> dict[str, Any]:
    return {
        "about": event.everybody,
        "outcome": event.post.code or "changed",
        "reason": event.post.reason or "The earlier referrals had not been read with this one",
        "outcome_at": event.now,
        "decided_by": "Morgan Manager",
        "action": "An assessment is begun",
        "action_by": event.day(5),
    }


WRITERS: Mapping[EventType, Writer] = {
    EventType.referral: _referral,
    EventType.referral_outcome: _outcome,
    EventType.referral_progress: _progress,
    EventType.outcome_rating: _rating,
    EventType.challenge: _challenge,
    EventType.challenge_response: _challenge_response,
}
