"""Duties for the hours in which nobody is there: by the opening hours of desks, and by when the exchange took an event in."""

from collections.abc import Iterator
from datetime import datetime

from frontdoor_router.core.calendar import CalendarError
from frontdoor_router.core.case import Case
from frontdoor_router.core.conditions import all_hold
from frontdoor_router.core.duties import Closed, Duty
from frontdoor_router.core.policy import DayPolicy
from frontdoor_schemas.vocabulary import EventType, Role


def duties_of(case: Case, policy: DayPolicy) -> list[Duty]:
    """Duties in force for an event; of those for hours in which a role is closed, the ones in whose hours it came, or that it asks for."""
    return [duty for duty in policy.duties(case.type) if duty.closed is None or _falls_to(duty.closed, case, policy)]


def _falls_to(closed: Closed, case: Case, policy: DayPolicy) -> bool:
    if closed.or_if and all_hold(closed.or_if, case.message):
        return True
    return any(not _open(closed.role, moment, policy) for moment in _received(case))


def _open(role: Role, moment: datetime, policy: DayPolicy) -> bool:
    """Whether some desk of a role is open. On a day that the calendar does not cover nobody is known to be there."""
    try:
        return any(policy.calendar.is_open(desk.hours, moment) for desk in policy.directory.desks_of_role(role, policy.today))
    except CalendarError:
        return False


def _received(case: Case) -> Iterator[datetime]:
    """When an event was received, and what it corrects: who was told at night hears of what puts that right by day."""
    yield case.envelope.received_at
    corrected = case.cause if case.envelope.type is EventType.correction else None
    while corrected is not None:
        yield corrected.received_at
        corrected = case.world.events.get(corrected.cause) if corrected.corrects and corrected.cause else None
