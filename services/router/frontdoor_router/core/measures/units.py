"""The ones that a measure counts: the event itself, each desk told, each thing owed, each seat at a meeting, each item of a list."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from frontdoor_router.core.conditions import Path
from frontdoor_router.core.measures.definitions import Each, Measure
from frontdoor_router.core.measures.facts import ChildKey, EventFact, Owed, Told
from frontdoor_router.core.measures.plans import Plan

ROUND_THE_TABLE = ("members", "invited", "attended", "apologies", "absent")
"""Lists of a meeting in which a desk may stand: each desk has one seat, however many lists name it."""
SEAT_FIELDS: Mapping[str, tuple[str, ...]] = {"attended": ("yes", "no"), "report": ("yes", "no"), "invited": ("yes", "no")}
"""What is known of a seat, with its values."""
OF_EVENT = "event"
"""Beside an item or a seat, under this name, what the event says that it belongs to."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One of what a measure counts. `desk` is whose it is; `message` is what conditions look at."""

    event: EventFact
    desk: str
    message: Mapping[str, Any] = field(repr=False)
    children: frozenset[ChildKey] = frozenset()
    told: Told | None = None
    owed: Owed | None = None
    plan: Plan | None = None


def units(measure: Measure, event: EventFact) -> Iterator[Unit]:
    """Those of one event. Plans are no event's: see `of_plan`."""
    return _UNITS[measure.each](measure, event)


def of_plan(plan: Plan) -> Unit:
    """A plan as it stands, as one to be counted."""
    return Unit(plan.began_with, plan.desk, plan.message, frozenset({plan.child}), plan=plan)


def _itself(_: Measure, event: EventFact) -> Iterator[Unit]:
    yield Unit(event, event.source, event.message, event.children)


def _tellings(_: Measure, event: EventFact) -> Iterator[Unit]:
    for told in event.told:
        yield Unit(event, told.desk, event.message, event.children, told=told)


def _obligations(measure: Measure, event: EventFact) -> Iterator[Unit]:
    for owed in event.owed:
        if _is_asked_for(owed, measure):
            yield Unit(event, owed.desk, event.message, _about(owed, event), owed=owed)


def _is_asked_for(owed: Owed, measure: Measure) -> bool:
    by_reply = measure.answered_by is None or measure.answered_by.value in owed.replies
    return by_reply and (not measure.duties or owed.duty in measure.duties)


def _about(owed: Owed, event: EventFact) -> frozenset[ChildKey]:
    return event.children & {owed.person} if owed.person else event.children


def _seats(_: Measure, event: EventFact) -> Iterator[Unit]:
    message = event.message
    reports = {r.get("desk") for r in message.get("reports_received", ()) if r.get("received", "yes") == "yes"}
    for desk in sorted({d for name in ROUND_THE_TABLE for d in message.get(name, ())}):
        said = {"attended": desk in message.get("attended", ()), "report": desk in reports, "invited": desk in message.get("invited", ())}
        yield Unit(event, desk, {**{k: "yes" if v else "no" for k, v in said.items()}, OF_EVENT: message}, event.children)


def _items(measure: Measure, event: EventFact) -> Iterator[Unit]:
    for item in _at(event.message, measure.item):
        yield Unit(event, event.source, {**item, OF_EVENT: event.message}, _whose(item, event))


def _at(node: Any, path: Path) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, list):
        for item in node:
            yield from _at(item, path)
    elif path:
        yield from _at(node.get(path[0], ()), path[1:]) if isinstance(node, Mapping) else ()
    elif isinstance(node, Mapping):
        yield node


def _whose(item: Mapping[str, Any], event: EventFact) -> frozenset[ChildKey]:
    """The children whom an item is about: itself a child, those it names, or all."""
    named = [item["ref"]] if "ref" in item else item.get("about", ())
    refs = [ref for ref in named if ref.startswith("child")]
    return frozenset(event.child(ref) for ref in refs) if named else event.children


def _none(_: Measure, __: EventFact) -> Iterator[Unit]:
    yield from ()


_UNITS: Mapping[Each, Callable[[Measure, EventFact], Iterator[Unit]]] = {
    Each.event: _itself,
    Each.telling: _tellings,
    Each.obligation: _obligations,
    Each.seat: _seats,
    Each.item: _items,
    Each.plan: _none,
}
