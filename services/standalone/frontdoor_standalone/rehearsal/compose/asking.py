"""Questions: to other agencies, to the front door for advice, and to the exchange."""

from collections.abc import Mapping
from typing import Any

from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.rehearsal.compose.event import Event, Writer


def _request(event: Event) -> dict[str, Any]:
    request_type = event.post.code or "initial_check"
    return {"asked_of": list(event.post.asked), "request_type": request_type, "purpose": "to decide on a referral"}


def _response(event: Event) -> dict[str, Any]:
    answers = [{"about": [ref], "known": "yes", "content": "Seen regularly", "contact": "duty line"} for ref in event.children]
    return {"answered_at": event.now, "result": "answered", "answers": answers}


def _consultation(event: Event) -> dict[str, Any]:
    return {
        "about": event.everybody,
        "question": event.post.reason or "Weight was lost between two visits: is that enough to refer?",
        "already_done": "The parents were spoken to",
    }


def _advice(event: Event) -> dict[str, Any]:
    return {
        "about": event.everybody,
        "advice": event.post.reason or "Speak to the health visitor first, and refer if weight is lost again",
        "advised_by": "Dana Duty",
        "advised_at": event.now,
        "recommended": event.post.code or "monitor",
    }


def _query(event: Event) -> dict[str, Any]:
    return {"question": event.post.code or "child_view", "purpose": event.post.reason or "to plan a visit tomorrow"}


WRITERS: Mapping[EventType, Writer] = {
    EventType.information_request: _request,
    EventType.information_response: _response,
    EventType.consultation: _consultation,
    EventType.consultation_advice: _advice,
    EventType.query: _query,
}
