"""An event of every type, with a marked value in every text that a person or a system may write freely."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contract.made_up import _schema_of, a_body
from frontdoor_schemas.events import MODELS
from frontdoor_schemas.fields import Block, Leaf, Nest
from frontdoor_schemas.vocabulary import EventType
from support.builders import NHS, a_child, an_adult, an_involvement
from support.stories import ADULT_TIES, CHILD_TIES, LEAD

MARK = "Planted"
VALUE = re.compile(rf"{MARK}-\d{{3}}-\d{{4}}")
"""One marked value: the number of the event, and which of its texts it is. No other text of any event has it."""
UPN = "B801200005001"
IDENTIFIERS = (*NHS[:4], UPN, "ZZ99 3VZ")
SOURCES: Mapping[EventType, str] = {
    EventType.involvement_started: "social-care.duty",
    EventType.referral: "ash-primary.dsl",
    EventType.police_incident: "police.pvp",
    EventType.police_risk_assessment: "police.pvp",
    EventType.information_request: "hub.front-door",
    EventType.strategy_discussion: "social-care.conference",
    EventType.conference_minutes: "social-care.conference",
    EventType.core_group_minutes: "social-care.conference",
    EventType.child_in_need_minutes: "social-care.conference",
    EventType.meeting_minutes: "social-care.conference",
    EventType.meeting_request: "ash-primary.dsl",
    EventType.meeting_invitation: "social-care.conference",
    EventType.investigation_status: "police.pvp",
    EventType.plan_status: "social-care.duty",
    EventType.plan_update: "social-care.duty",
    EventType.early_help_assessment: "early-help.team",
    EventType.missing_episode: "police.pvp",
    EventType.return_interview: "social-care.duty",
    EventType.was_not_brought: "trust.hospital",
    EventType.concern: "mill-lane.gp",
    EventType.expectant_mother: "trust.midwifery",
    EventType.school_attendance: "ash-primary.dsl",
    EventType.adult_service: "cgl.substance-misuse",
    EventType.tool_result: "social-care.duty",
    EventType.flag_instruction: "social-care.duty",
    EventType.custody: "prison.safeguarding",
    EventType.child_moved: "social-care.duty",
    EventType.household_change: "housing.duty",
    EventType.consultation: "ash-primary.dsl",
    EventType.medical: "social-care.duty",
    EventType.service_referral: "social-care.duty",
    EventType.query: "social-care.duty",
    EventType.involvement_ended: "social-care.duty",
}
"""What is posted of its own accord, by whom."""
REPLIES: Mapping[EventType, tuple[str, EventType]] = {
    EventType.incident_closed: ("police.pvp", EventType.police_incident),
    EventType.incident_triage: ("police.pvp", EventType.police_incident),
    EventType.referral_outcome: ("hub.front-door", EventType.referral),
    EventType.referral_progress: ("hub.front-door", EventType.referral),
    EventType.outcome_rating: ("ash-primary.dsl", EventType.referral_outcome),
    EventType.information_response: ("ash-primary.dsl", EventType.information_request),
    EventType.meeting_request_answer: ("social-care.duty", EventType.meeting_request),
    EventType.meeting_response: ("mill-lane.gp", EventType.meeting_invitation),
    EventType.meeting_report: ("mill-lane.gp", EventType.meeting_invitation),
    EventType.missed_appointment_follow_up: ("mill-lane.gp", EventType.was_not_brought),
    EventType.challenge: ("ash-primary.dsl", EventType.referral_outcome),
    EventType.challenge_response: ("hub.front-door", EventType.challenge),
    EventType.consultation_advice: ("hub.front-door", EventType.consultation),
    EventType.correction: ("police.pvp", EventType.police_incident),
    EventType.withdrawal: ("police.pvp", EventType.investigation_status),
}
"""What answers another event: by whom, and which. In an order in which each comes after what it answers."""

Ties = Sequence[tuple[str, str]]
"""Relations and desks."""

THAT_SOMEBODY_HEARS: Mapping[EventType, dict[str, Any]] = {
    EventType.investigation_status: {"status": "closed"},
    EventType.medical: {"stage": "requested"},
    EventType.service_referral: {"stage": "requested"},
    EventType.school_attendance: {"attendance": {"persistent_absence": "yes"}},
}
"""What an event has to say so that a duty tells somebody of it; added to what it says."""

OF_THE_STORY = frozenset(
    {"unborn", "expected_on", "mother", "school", "not_in_school", "practice", "community_health", "dentist", "managed_by"}
)
"""Of a made-up person: who works with it, which the ties of the story say, and what no born child has."""
_WRITTEN = re.compile(r"^text \d+ – žluťoučký$")
_CODES = frozenset({"N-1", "Q/2", "3.4"})
_LINK = "https://meet.example/"


class Marker:
    """Marks the texts of one event, each with a value of its own. `event` is the number of the event, below a thousand."""

    def __init__(self, event: int = 0) -> None:
        self._event = event
        self._texts = itertools.count(1)

    def value(self) -> str:
        """The next marked value."""
        return f"{MARK}-{self._event:03}-{next(self._texts):04}"

    def planted(self, node: Any) -> Any:
        """The same body with every text marked: free ones, an agency's own numbers, addresses of meetings."""
        match node:
            case dict():
                return {k: self.planted(v) for k, v in node.items() if k not in OF_THE_STORY}
            case list():
                return [self.planted(v) for v in node]
            case str() if _WRITTEN.match(node):
                return f"{self.value()} – žluťoučký"
            case str() if node in _CODES:
                return self.value()
            case str() if node.startswith(_LINK):
                return f"{_LINK}{self.value()}"
        return node

    def children(self) -> list[dict[str, Any]]:
        """Two children with exact identifiers, and marked names."""
        return [self._named(a_child(n, upn=upn)) for n, upn in enumerate((UPN, "A80120000501A"), start=1)]

    def adults(self) -> list[dict[str, Any]]:
        """Two adults with exact identifiers, and marked names."""
        known = [an_adult(n, nhs_number=NHS[1 + n], born=f"198{n}-03-04") for n in (1, 2)]
        return [self._named(person, relationship=self.value()) for person in known]

    def _named(self, person: dict[str, Any], **more: Any) -> dict[str, Any]:
        names = {name: self.value() for name in ("given_name", "family_name", "local_id")}
        return {**person, **names, "protected": "no", **more}


def an_event(event_type: EventType, number: int = 0) -> dict[str, Any]:
    """An event of a type, every field filled and every text marked, about the family of the story; kept from nobody."""
    marker = Marker(number)
    body = marker.planted(a_body(event_type))
    told = body
    if event_type is EventType.correction:
        told, body["reason"] = body["event"]["data"], marker.value()
    for group, people in (("children", marker.children()), ("adults", marker.adults())):
        if group in told:
            told[group] = [{**made, **person} for made, person in zip(told[group], people, strict=True)]
    told.get("sharing", {}).pop("withhold_from", None)
    return _saying(body, THAT_SOMEBODY_HEARS.get(event_type, {}))


def elsewhere(node: Any, names: Mapping[str, str]) -> Any:
    """The same body in a partnership where desks, agencies and roles are called otherwise; each named once."""
    match node:
        case dict():
            return {k: elsewhere(v, names) for k, v in node.items()}
        case list():
            said = [elsewhere(v, names) for v in node]
            return [v for n, v in enumerate(said) if v not in said[:n]]
        case str():
            return names.get(node, node)
    return node


def _saying(body: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """A body with other values; of a list of blocks in each of them."""
    changed = {name: [{**item, **value} for item in body[name]] if isinstance(value, dict) else value for name, value in more.items()}
    return {**body, **changed}


def family_ties(
    first: int, lead: str = LEAD, of_children: Ties = CHILD_TIES, of_adults: Ties = ADULT_TIES
) -> list[tuple[str, dict[str, Any]]]:
    """Who works with whom, as the lead agency says it: schools for the children, all other services of the story.

    Their numbers begin with `first`.
    """
    schools = [desk for relation, desk in of_children if relation == "school"]
    placed = [("children", int(desk in schools[1:]), relation, desk) for relation, desk in of_children]
    placed += [("adults", n % 2, relation, desk) for n, (relation, desk) in enumerate(of_adults)]
    return [(lead, _tie(Marker(n), *place)) for n, place in enumerate(placed, start=first)]


def _tie(marker: Marker, group: str, place: int, relation: str, desk: str) -> dict[str, Any]:
    person = (marker.children() if group == "children" else marker.adults())[place]
    return an_involvement(person, desk=desk, relation=relation)


def texts_of(event_type: EventType) -> set[str]:
    """The fields of a type in which anything may be written, in blocks and in lists of blocks."""
    if event_type is EventType.correction:
        return {"reason", *(f"event/data/{path}" for path in texts_of(EventType.police_incident))}
    return set(_texts(MODELS[event_type]))


def _texts(model: type[Block], at: str = "") -> Iterator[str]:
    stated = _schema_of(model)["properties"]
    for name, shape in model.plan.fields.items():
        match shape:
            case Nest(plans):
                for plan in plans.values():
                    yield from _texts(plan.model, f"{at}{name}/")
            case Leaf(link=False) if name not in OF_THE_STORY and _free(stated[name]):
                yield at + name


def _free(stated: Mapping[str, Any]) -> bool:
    """Whether a value is a text that no pattern, format or list of words confines."""
    if "anyOf" in stated:
        return any(_free(one) for one in stated["anyOf"])
    if stated.get("type") == "array":
        return _free(stated["items"])
    return stated.get("type") == "string" and not {"pattern", "format", "enum", "const"} & stated.keys()


def marked_in(node: Any, at: str = "") -> set[str]:
    """The fields of a body that hold a marked value, in blocks and in lists of blocks."""
    match node:
        case dict():
            return {path for name, value in node.items() for path in marked_in(value, f"{at}/{name}" if at else name)}
        case list():
            return {path for value in node for path in marked_in(value, at)}
        case str() if MARK in node:
            return {at}
    return set()
