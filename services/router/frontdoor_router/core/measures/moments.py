"""When something happened, as a definition asks: nothing later than the as-at date is known."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, assert_never

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.calendar import Calendar
from frontdoor_router.core.conditions import Path, all_hold, values
from frontdoor_router.core.measures.definitions import (
    MomentOf,
    OfEvent,
    OfField,
    OfObligation,
    OfReply,
    OfTelling,
    Reached,
    Which,
)
from frontdoor_router.core.measures.facts import EventFact, Reply, Told
from frontdoor_router.core.measures.units import Unit

DATE_LENGTH = len("2020-11-10")


def moment(of: MomentOf, unit: Unit, as_at: datetime, directory: Directory, calendar: Calendar) -> datetime | None:
    """When it was, of one that is counted; None when nobody knows, or when it had not happened by the as-at date."""
    found = _moment(of, unit, as_at, directory, calendar)
    return found if found is not None and found <= as_at else None


def _moment(of: MomentOf, unit: Unit, as_at: datetime, directory: Directory, calendar: Calendar) -> datetime | None:
    event = unit.event
    match of:
        case OfEvent(Which.as_at):
            return as_at
        case OfEvent(which):
            return event.occurred_at if which is Which.occurred else event.received_at
        case OfField(path):
            return _stated(unit.message, path, calendar)
        case OfReply():
            return _replied(of, event, calendar)
        case Reached():
            return _reached(of, event, directory)
        case OfTelling(level):
            return unit.told.had(level) if unit.told else None
        case OfObligation():
            return unit.owed.met if unit.owed else None
        case _ as never:  # pragma: no cover - the union is closed
            assert_never(never)


def _first_reply(of: OfReply, event: EventFact) -> Reply | None:
    return next((r for r in event.answers(of.type) if all_hold(of.if_, r.message)), None)


def _replied(of: OfReply, event: EventFact, calendar: Calendar) -> datetime | None:
    """A reply may state a time before it came, never one after: nobody answers ahead."""
    reply = _first_reply(of, event)
    if reply is None or of.path is None:
        return reply.received_at if reply else None
    stated = _stated(reply.message, of.path, calendar)
    return None if stated is None else min(stated, reply.received_at)


def _reached(of: Reached, event: EventFact, directory: Directory) -> datetime | None:
    reply = _first_reply(of.reply, event) if of.reply else None
    told = event.told if of.reply is None else reply.told if reply else ()
    had = (t.had(of.level) for t in told if _is_meant(t, of.who, event, directory))
    return min((at for at in had if at is not None), default=None)


def _is_meant(told: Told, who: tuple[str, ...], event: EventFact, directory: Directory) -> bool:
    desk = directory.find(told.desk)
    if "source" in who and told.desk.partition(".")[0] == event.source.partition(".")[0]:
        return True
    return desk is not None and any(f"role:{role.value}" in who for role in desk.roles)


def _stated(message: Mapping[str, Any], path: Path, calendar: Calendar) -> datetime | None:
    """The earliest that it states there."""
    return min((moment_of(value, calendar) for value in values(path, message)), default=None)


def moment_of(text: str, calendar: Calendar) -> datetime:
    """A time as the contract writes it; a day is its beginning by the partnership's clock."""
    if len(text) == DATE_LENGTH:
        return calendar.at(date.fromisoformat(text), time.min)
    return datetime.fromisoformat(text)
