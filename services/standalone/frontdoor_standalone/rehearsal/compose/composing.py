"""Puts an event together: its people, its author, what a writer of its type says, and what the scenario changes of that.

Each is as full as a good one of its type, so that what a desk does not get was kept from it and not merely absent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.rehearsal.compose import adults, asking, children, meetings, plans, police, referrals
from frontdoor_standalone.rehearsal.compose.event import Event, Writer, part_text, utc
from frontdoor_standalone.rehearsal.people import Individual, blocks, varied
from frontdoor_standalone.rehearsal.steps import NONE, Post, Variation

AMENDING = frozenset({EventType.withdrawal, EventType.correction})
ACCOUNTS = frozenset(
    {
        *(EventType.police_incident, EventType.referral, EventType.police_risk_assessment, EventType.concern),
        *(EventType.return_interview, EventType.expectant_mother),
    }
)
"""Types that say of each person what was seen."""
WRITERS: Mapping[EventType, Writer] = {
    kind: writer for module in (police, referrals, asking, meetings, plans, children, adults) for kind, writer in module.WRITERS.items()
}


@dataclass(frozen=True, slots=True)
class Composed:
    """One event, ready to be posted."""

    type: EventType
    data: dict[str, Any]
    people: tuple[Individual, ...]
    parts: Mapping[str, str]
    """Parts of minutes: their name, and the text that only this part has."""
    addressed: frozenset[str]


def compose(post: Post, everybody: Mapping[str, Individual], earlier: Mapping[str, Post]) -> Composed:
    """The event that a step posts."""
    if post.post in AMENDING:
        return _amendment(post, everybody, earlier)
    about = _about(post, everybody, earlier)
    people = blocks(about, full=post.post in ACCOUNTS)
    event = Event(post, people, {i.key: i for i in about})
    data = {"occurred_at": utc(post.at), **people.fields(), **_common(post), **WRITERS[post.post](event)}
    return Composed(
        type=post.post,
        data=merged(data, post.with_),
        people=tuple(event.individuals[key] for key in people.everybody),
        parts={name: part_text(name, part) for name, part in post.sections.items()},
        addressed=frozenset((*post.members, *post.asked)),
    )


def _amendment(post: Post, everybody: Mapping[str, Individual], earlier: Mapping[str, Post]) -> Composed:
    """A withdrawal says why and no more; a correction says the whole event again, with what `with` and `about` change."""
    head = {"occurred_at": utc(post.at), "reason": post.reason or "sent by mistake"}
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
            both = [merged(block, over) for block, over in zip(there, value, strict=False)]
            data[name] = both + there[len(value) :] + value[len(there) :]
        else:
            data[name] = value
    return data
