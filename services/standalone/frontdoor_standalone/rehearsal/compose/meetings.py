"""Meetings: asked for, called, answered, reported to, held, and their minutes."""

from collections.abc import Mapping
from typing import Any

from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.rehearsal.compose.event import MEMBERS, Event, Writer, part_text, present, utc
from frontdoor_standalone.rehearsal.steps import Part

PART_KINDS = ("plan", "discussion", "treatment", "offending", "health", "education", "decision", "signs_of_safety")


def _meeting(event: Event) -> dict[str, Any]:
    post = event.post
    members = list(post.members)
    found: dict[str, Any] = {"members": members, "parts": _parts(event)}
    if members:
        found |= {"invited": members, "attended": [m for m in members if m not in post.absent], "absent": list(post.absent)}
    return present(found | {"held_at": utc(post.held_on) if post.held_on else None})


def _parts(event: Event) -> list[dict[str, Any]]:
    return [_part(event, name, part) for name, part in event.post.sections.items()]


def _part(event: Event, name: str, part: Part) -> dict[str, Any]:
    kind = part.kind or (name if name in PART_KINDS else "discussion")
    named = {"about": event.refs(part.about), "to": list(part.to), "not_for_family": event.refs(part.not_for_family)}
    return present({"kind": kind, **named, "text": part_text(name, part)})


def _minutes(event: Event) -> dict[str, Any]:
    todo = {"to": [MEMBERS], "action": "Visit weekly", "owner": event.post.from_, "due": event.day(7), "priority": "high", "status": "open"}
    actions = [{"about": [ref], **todo} for ref in event.children]
    spoken_for = {"eligible": "yes", "attended": "no", "view_conveyed_by": "advocate", "advocate": "Ada Advocate"}
    voices = [{"about": [ref], **spoken_for} for ref in event.children]
    chair = {"chair": "Chris Chair", "chair_role": "independent chair", "chair_independent": "yes"}
    named = {"actions": actions} if event.post.members else {}
    said = {"voice": {"obtained": "yes", "words": "I want to stay with Mum, and I want it to stop", "how": "told to the advocate"}}
    unborn = {"voice": {"obtained": "no", "reason_not_obtained": "Not born yet"}}
    children = [block | (unborn if block.get("unborn") else said) for block in event.people.children]
    written = {"children": children} if children else {}
    return _meeting(event) | chair | {"child_attendance": voices, "minutes_published_at": event.now} | named | written


def _conference(event: Event) -> dict[str, Any]:
    return {"conference_type": event.post.code or "initial"} | _minutes(event)


def _group(event: Event) -> dict[str, Any]:
    engaged = [{"about": [ref], "motivation_to_change": "Has come to every visit"} for ref in event.adults]
    return _minutes(event) | {"parental_engagement": engaged, "next_review_date": event.day(42)}


def _other_minutes(event: Event) -> dict[str, Any]:
    named = {"meeting_name": event.post.reason} if event.post.reason else {}
    return _group(event) | {"meeting_type": event.post.code or "professionals", "neglect_found": "yes", **named}


def _strategy(event: Event) -> dict[str, Any]:
    return {"mode": event.post.code or "video", "decision": "joint_enquiry"} | _meeting(event)


def _request(event: Event) -> dict[str, Any]:
    return {
        "meeting_type": event.post.code or "strategy",
        "reason": event.post.reason or "Three agencies are worried and none knows what the others do",
        "urgent": "yes",
        "wanted_by": event.day(2),
        "without_the_family": "yes",
    }


def _request_answer(event: Event) -> dict[str, Any]:
    answer = event.post.code or "held"
    when = {"held_at": utc(event.post.held_on) if event.post.held_on else event.at(days=1)} if answer == "held" else {}
    return {"answer": answer, **when, **present({"reason": event.post.reason})}


def _invitation(event: Event) -> dict[str, Any]:
    invited = list(event.post.members)
    why = [{"about": _whose(event, desk), "to": [desk], "desk": desk, "reason": f"{desk} works with the family"} for desk in invited]
    return present(
        {
            "meeting_id": event.local_id("M"),
            "meeting_type": event.post.code or "initial_conference",
            "held_at": utc(event.post.held_on) if event.post.held_on else event.at(days=10),
            "mode": "video",
            "join_link": "https://meet.example/room-12",
            "urgent": "no",
            "respond_by": event.at(days=2),
            "purpose": event.post.reason or "To decide whether a plan is needed",
            "report_due": event.at(days=7),
            "invited": invited,
            "why_invited": why,
        }
    )


def _whose(event: Event, desk: str) -> list[str]:
    """Refs of the people because of whom a desk is invited: its own pupils, patients and clients, else all children."""
    agency = desk.partition(".")[0]
    found = [event.people.refs[key] for key, one in event.individuals.items() if {desk, agency} & one.person.desks]
    return found or event.children


def _response(event: Event) -> dict[str, Any]:
    answer = {"response": event.post.code or "attending", "who": "Robin Representative", "report_to_follow": "yes"}
    return answer | present({"reason": event.post.reason})


def _report(event: Event) -> dict[str, Any]:
    analyses = [
        {"about": [ref], "analysis": "Weight is lost whenever help ends", "shared_with_family": "yes", "shared_on": event.day(-1)}
        for ref in event.everybody
    ]
    return present({"analyses": analyses, "parts": _parts(event)})


WRITERS: Mapping[EventType, Writer] = {
    EventType.strategy_discussion: _strategy,
    EventType.conference_minutes: _conference,
    EventType.core_group_minutes: _group,
    EventType.child_in_need_minutes: _group,
    EventType.meeting_minutes: _other_minutes,
    EventType.meeting_request: _request,
    EventType.meeting_request_answer: _request_answer,
    EventType.meeting_invitation: _invitation,
    EventType.meeting_response: _response,
    EventType.meeting_report: _report,
}
