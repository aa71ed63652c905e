"""What a decision is worked out with, and what it is collected in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from frontdoor_router.core.calendar import CalendarError
from frontdoor_router.core.clocks import schedule, stated_due
from frontdoor_router.core.deadlines import DeadlineError
from frontdoor_router.core.decision import AuditEntry, Disclosure, IdMaker, Involved, Obligation, Stage, Task
from frontdoor_router.core.duties import Duty, Escalation, Expects
from frontdoor_router.core.policy import DayPolicy
from frontdoor_router.core.world import Told

TO_MANAGER = (Escalation("+0m", "manager"),)
"""Whom a clock tells that no rule of the pack speaks about; a desk without a manager falls to the desk for what cannot be decided."""

UNANSWERED = timedelta(hours=1)
"""Until when something is due on a day that the calendar does not cover: soon enough that somebody asks why."""

CLOCKS_KEPT = 256
"""The events of a batch start their clocks at one moment; a pack has some dozens of rules."""

Clockwork = tuple[datetime, tuple[Stage, ...]]
"""A due time, and the stages of its clock."""


class _Asked(NamedTuple):
    """All that a clock is worked out from, besides the policy of the day."""

    deadline: str
    otherwise: timedelta
    start: datetime
    remind: tuple[str, ...] = ()
    escalate: tuple[Escalation, ...] = ()
    stated: datetime | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """The policy of the day, and how ids are made."""

    policy: DayPolicy
    ids: IdMaker
    _clocks: dict[_Asked, Clockwork] = field(default_factory=dict)

    def clock_of(self, rule: Duty | Expects, message: Mapping[str, Any], start: datetime) -> Clockwork:
        """Due time and stages of a rule of the pack, for an event that says this."""
        try:
            stated = stated_due(rule.due, message, self.policy.calendar)
        except CalendarError:
            stated = None
        if stated is not None and rule.due is not None and rule.due.starts:
            start, stated = max(start, stated), None
        return self._clock(_Asked(rule.deadline, UNANSWERED, start, rule.remind, rule.escalate, stated))

    def clock_within(self, deadline: str, otherwise: timedelta, start: datetime) -> Clockwork:
        """Due time and stages of what no rule of the pack asks for; `otherwise` when its calendar has no such deadline."""
        return self._clock(_Asked(deadline, otherwise, start))

    def _clock(self, asked: _Asked) -> Clockwork:
        found = self._clocks.get(asked)
        if found is None:
            if len(self._clocks) >= CLOCKS_KEPT:
                self._clocks.clear()
            found = self._clocks[asked] = self._worked_out(asked)
        return found

    def _worked_out(self, asked: _Asked) -> Clockwork:
        chain = asked.escalate or TO_MANAGER
        try:
            return schedule(
                deadlines=self.policy.deadlines,
                deadline=asked.deadline,
                start=asked.start,
                calendar=self.policy.calendar,
                remind=asked.remind,
                escalate=chain,
                stated=asked.stated,
            )
        except (CalendarError, DeadlineError):  # a day that the calendar does not answer for is no reason to tell nobody
            due = asked.start + asked.otherwise
            return due, tuple(Stage(due, "escalate", e.to, e.missed) for e in chain)


@dataclass(slots=True)
class Draft:
    """What follows from an event, as far as it was worked out."""

    disclosures: list[Disclosure] = field(default_factory=list)
    obligations: list[Obligation] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    audit: list[AuditEntry] = field(default_factory=list)
    lacking: Sequence[Expects] = ()
    missing: list[str] = field(default_factory=list)
    met: list[UUID] = field(default_factory=list)
    withdrawn: list[Told] = field(default_factory=list)
    withdrawn_events: list[UUID] = field(default_factory=list)
    involved: list[Involved] = field(default_factory=list)
    """Whom an answer is about besides those whom its question names."""
