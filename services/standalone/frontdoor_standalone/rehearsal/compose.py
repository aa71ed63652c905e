"""Writes the events of a scenario as an agency's system would send them.

Each is as full as a good one of its type, so that what a desk does not get was kept from it and not merely absent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.rehearsal.people import Blocks, Individual, blocks, varied
from frontdoor_standalone.rehearsal.steps import NONE, Part, Post, Variation

MEMBERS = "members"
PART_KINDS = ("plan", "discussion", "treatment", "offending", "health", "education", "decision")
TREATMENT_WORDS = "The test was clear and every appointment was kept"
ONE_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Composed:
    """One event, ready to be posted."""

    type: EventType
    data: dict[str, Any]
    people: tuple[Individual, ...]
    parts: Mapping[str, str]
    """Parts of minutes: their name, and the text that only this part has."""
    addressed: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Event:
    post: Post
    people: Blocks
    individuals: Mapping[str, Individual]

    def refs(self, keys: tuple[str, ...]) -> list[str]:
        return [self.people.refs[key] for key in keys]

    @property
    def children(self) -> list[str]:
        return [ref for ref in self.people.refs.values() if ref.startswith("child-")]

    def names(self) -> str:
        return ", ".join(self.individuals[key].given_name for key in self.people.everybody)


def compose(post: Post, everybody: Mapping[str, Individual], earlier: Mapping[str, Post]) -> Composed:
    """The event that a step posts."""
    if post.post in AMENDING:
        return _amendment(post, everybody, earlier)
    about = _about(post, everybody, earlier)
    people = blocks(about, full=post.post in ACCOUNTS)
    event = _Event(post, people, {i.key: i for i in about})
    data: dict[str, Any] = {"occurred_at": _utc(post.at), **people.fields()} if about else {"occurred_at": _utc(post.at)}
    data |= _common(post) if about else {}
    data |= WRITERS.get(post.post, _nothing)(event)
    return Composed(
        type=post.post,
        data=merged(data, post.with_),
        people=tuple(event.individuals[key] for key in people.everybody),
        parts={name: part_text(name, part) for name, part in post.sections.items()},
        addressed=frozenset((*post.members, *post.asked)),
    )


def _amendment(post: Post, everybody: Mapping[str, Individual], earlier: Mapping[str, Post]) -> Composed:
    """A withdrawal says why and no more; a correction says the whole event again, with what `with` and `about` change."""
    head = {"occurred_at": _utc(post.at), "reason": post.reason or "sent by mistake"}
    if post.post is EventType.withdrawal or post.of is None:
        return Composed(post.post, head, (), {}, frozenset())
    changes = {"with_": merged(dict(earlier[post.of].with_), post.with_)} | ({"about": post.about} if post.about else {})
    again = compose(earlier[post.of].model_copy(update=changes), everybody, earlier)
    data = head | {"event": {"type": again.type.value, "data": again.data}}
    return Composed(post.post, data, again.people, again.parts, again.addressed)


def _about(post: Post, everybody: Mapping[str, Individual], earlier: Mapping[str, Post]) -> list[Individual]:
    named = post.about
    if not named and post.sections:
        named = tuple(dict.fromkeys(k for part in post.sections.values() for k in (*part.about, *part.not_for_family)))
    if not named and post.of:
        return _about(earlier[post.of], everybody, earlier)
    return [varied(everybody[who.named_like], who) if isinstance(who, Variation) else everybody[who] for who in named]


def _common(post: Post) -> dict[str, Any]:
    author = {"name": "Alex Writer", "role": "worker", "contact": "0100 000000", **({"office": post.office} if post.office else {})}
    sharing = {name: list(value) for name, value in (("withhold_from", post.withhold_from), ("locating_for", post.locating_for)) if value}
    return {"author": author, **({"sharing": sharing} if sharing else {})}


def merged(data: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Fields laid over fields, and blocks of a list over its first blocks; `none` takes a field away."""
    for name, value in more.items():
        there = data.get(name)
        if value == NONE:
            data.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(there, dict):
            merged(there, value)
        elif isinstance(value, list) and isinstance(there, list) and all(isinstance(item, dict) for item in (*value, *there)):
            data[name] = [merged(block, over) for block, over in zip(there, value, strict=False)] + there[len(value) :]
        else:
            data[name] = value
    return data


def part_text(name: str, part: Part) -> str:
    """What a part of minutes says: no two parts say the same, so that each can be found again."""
    return part.text or f"What was said under {name}"


def _utc(when: datetime) -> str:
    return when.astimezone(UTC).isoformat()


def _nothing(_: _Event) -> dict[str, Any]:
    return {}


def _incident(event: _Event) -> dict[str, Any]:
    return {
        "incident_id": f"CP-{event.post.alias}".replace(" ", "-").replace(":", ""),
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
        "children_at_incident": [{"about": [ref], "in_household": "yes", "saw_or_heard": "yes"} for ref in event.children],
        "concerns": [{"about": [ref], "what": "A child frightened at home", "evidence": "first_hand"} for ref in event.children],
    }


def _incident_closed(event: _Event) -> dict[str, Any]:
    found: dict[str, Any] = {"closed_at": _utc(event.post.at)}
    if event.post.of:
        found["incident_id"] = f"CP-{event.post.of}".replace(" ", "-").replace(":", "")
    if event.post.code and event.post.code != "none":
        found["closing_code"] = event.post.code
    return found


def _referral(event: _Event) -> dict[str, Any]:
    return {
        "form_type": "MARF",
        "concerns": [
            {"about": [ref], "what": "Often hungry and tired", "evidence": "first_hand", "impact_on_child": "cannot follow lessons"}
            for ref in event.children
        ],
        "concern_types": [{"about": [ref], "type": "neglect", "standing": "primary", "neglect_kind": "physical"} for ref in event.children],
        "history": {"known": "no"},
        "recommended_next_step": "section_17_assessment",
        "circumstances": f"Seen at school over some weeks. There are: {event.names()}",
        "actions_already_taken": "Breakfast club offered",
        "referrer_offer": "We can meet the family weekly",
        "risk_grade": "medium",
        "consent": {"status": "given"},
        "danger": {"immediate": "no"},
    }


def _outcome(event: _Event) -> dict[str, Any]:
    post = event.post
    found: dict[str, Any] = {"decided_at": _utc(post.at), "accepted": post.accepted or "yes", "history_considered": "yes"}
    if found["accepted"] == "yes":
        return found | {"route": post.route or "section_17_assessment", "referrer_role_going_forward": "Keep seeing the child every week"}
    found |= {"suggested_support": "An early help assessment led by the school", "early_help_considered": "yes"}
    return found | ({"reason_not_accepted": post.reason} if post.reason else {})


def _meeting(event: _Event) -> dict[str, Any]:
    post = event.post
    members = list(post.members)
    found: dict[str, Any] = {"members": members, "parts": [_part(event, name, part) for name, part in post.sections.items()]}
    if members:
        found |= {"invited": members, "attended": [m for m in members if m not in post.absent], "absent": list(post.absent)}
    if post.held_on:
        found["held_at"] = _utc(post.held_on)
    return {name: value for name, value in found.items() if value}


def _part(event: _Event, name: str, part: Part) -> dict[str, Any]:
    kind = part.kind or (name if name in PART_KINDS else "discussion")
    found = {
        "kind": kind,
        "about": event.refs(part.about),
        "to": list(part.to),
        "not_for_family": event.refs(part.not_for_family),
        "text": part_text(name, part),
    }
    return {field: value for field, value in found.items() if value}


def _minutes(event: _Event) -> dict[str, Any]:
    due = (event.post.at + ONE_WEEK).date().isoformat()
    actions = [{"about": [ref], "to": [MEMBERS], "action": "Visit weekly", "due": due, "priority": "high"} for ref in event.children]
    voices = [{"about": [ref], "eligible": "yes", "attended": "no", "view_conveyed_by": "advocate"} for ref in event.children]
    chair = {"chair": "Chris Chair", "chair_role": "independent chair", "chair_independent": "yes"}
    named = {"actions": actions} if event.post.members else {}
    return _meeting(event) | chair | {"child_attendance": voices, "minutes_published_at": _utc(event.post.at)} | named


def _conference(event: _Event) -> dict[str, Any]:
    return {"conference_type": "initial"} | _minutes(event)


def _strategy(event: _Event) -> dict[str, Any]:
    return {"mode": "video", "decision": "joint_enquiry"} | _meeting(event)


def _investigation(event: _Event) -> dict[str, Any]:
    return {
        "about": event.refs(tuple(event.people.everybody)),
        "investigation_id": f"INV-{event.post.alias}".replace(" ", "-"),
        "status": event.post.code or "closed",
        "closed_at": _utc(event.post.at),
        "offence_type": "child neglect",
        "closure_reason": "evidence too thin to charge",
        "residual_risk": "remains medium",
        "action_for_partners": "plan without a prosecution",
    }


def _request(event: _Event) -> dict[str, Any]:
    found: dict[str, Any] = {"asked_of": list(event.post.asked), "request_type": "initial_check", "purpose": "to decide on a referral"}
    return found


def _response(event: _Event) -> dict[str, Any]:
    answers = [{"about": [ref], "known": "yes", "content": "Seen regularly", "contact": "duty line"} for ref in event.children]
    return {"answered_at": _utc(event.post.at), "result": "answered", "answers": answers}


def _plan(event: _Event) -> dict[str, Any]:
    found: dict[str, Any] = {"plan_type": "child_protection", "to_status": event.post.code or "started", "changed_at": _utc(event.post.at)}
    return found | ({"members": list(event.post.members)} if event.post.members else {})


def _involvement(event: _Event) -> dict[str, Any]:
    return {"about": event.refs(tuple(event.people.everybody))}


AMENDING = frozenset({EventType.withdrawal, EventType.correction})
ACCOUNTS = frozenset({EventType.police_incident, EventType.referral})
"""Types that say of each person what was seen."""

WRITERS: Mapping[EventType, Callable[[_Event], dict[str, Any]]] = {
    EventType.police_incident: _incident,
    EventType.incident_closed: _incident_closed,
    EventType.referral: _referral,
    EventType.referral_outcome: _outcome,
    EventType.conference_minutes: _conference,
    EventType.core_group_minutes: _minutes,
    EventType.strategy_discussion: _strategy,
    EventType.investigation_status: _investigation,
    EventType.information_request: _request,
    EventType.information_response: _response,
    EventType.plan_status: _plan,
    EventType.involvement_started: _involvement,
    EventType.involvement_ended: _involvement,
}
