"""An obligation's clock: when it falls due, when to remind, when to escalate, and what satisfies it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from frontdoor_router.core.calendar import Calendar
from frontdoor_router.core.deadlines import Deadline, due_under, parse_offset, shift
from frontdoor_router.core.decision import Stage
from frontdoor_router.core.duties import Escalation, StatedDue
from frontdoor_schemas.vocabulary import Level

ORDER = (Level.filed, Level.received, Level.opened, Level.acted)
"""Received < opened < acted; a receipt of a higher level satisfies a duty that asks for a lower one."""

BY_TELEPHONE = "told_by_telephone"
REPLY = "reply:"


def schedule(
    *,
    deadlines: Iterable[Deadline],
    deadline: str,
    start: datetime,
    calendar: Calendar,
    remind: Sequence[str],
    escalate: Sequence[Escalation],
    stated: datetime | None = None,
) -> tuple[datetime, tuple[Stage, ...]]:
    """The due time of an obligation and its stages in order of time.

    `remind` holds offsets from the due time. `stated` is the due time that the event itself gives, in place of the
    deadline's. A stage before `start` is dropped (too late to remind), an escalation before `start` happens at `start`.
    """
    due = max(stated, start) if stated else due_under(deadlines, deadline, start, calendar).at
    stages = [Stage(shift(parse_offset(o), due, calendar), "remind", "owing") for o in remind]
    stages = [s for s in stages if s.at > start]
    stages += [Stage(max(start, shift(parse_offset(e.at), due, calendar)), "escalate", e.to, e.missed) for e in escalate]
    return due, tuple(sorted(stages, key=lambda s: s.at))


def stated_due(due: StatedDue | None, message: Mapping[str, Any], calendar: Calendar) -> datetime | None:
    """The due time that an event itself gives; none when it gives none.

    Raises `CalendarError` for a day that the calendar does not answer for: a slip of the pen must not put a clock off for decades.
    """
    said = due.said(message) if due else None
    if due is None or said is None:
        return None
    try:
        day, moment = date.fromisoformat(said), None
    except ValueError:
        moment = datetime.fromisoformat(said)
        day = calendar.local_date(moment)
    calendar.is_working_day(day)
    return moment or (calendar.start_of_office_day(day) if due.at == "opening" else calendar.end_of_office_day(day))


def satisfies(satisfied_by: Iterable[str], *, level: Level | None, by_telephone: bool) -> bool:
    """Whether a receipt meets an obligation: a level at or above the one asked for, or a recorded telephone call."""
    wanted = set(satisfied_by)
    if by_telephone and BY_TELEPHONE in wanted:
        return True
    if level is None:
        return False
    return any(w in wanted for w in ORDER[1 : ORDER.index(level) + 1])


def replies_wanted(satisfied_by: Iterable[str]) -> tuple[str, ...]:
    """The event types that answer an obligation, in the order that the duty names them."""
    return tuple(s.removeprefix(REPLY) for s in satisfied_by if s.startswith(REPLY))
