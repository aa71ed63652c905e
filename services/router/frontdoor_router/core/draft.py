"""What a decision is worked out with, and what it is collected in."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from frontdoor_router.core.calendar import CalendarError
from frontdoor_router.core.clocks import schedule
from frontdoor_router.core.deadlines import DeadlineError
from frontdoor_router.core.decision import AuditEntry, Disclosure, IdMaker, Obligation, Stage, Task
from frontdoor_router.core.duties import Duty, Expects
from frontdoor_router.core.policy import DayPolicy
from frontdoor_router.core.world import Told

TO_MANAGER = (("+0m", "manager"),)
"""Whom a clock tells that no rule of the pack speaks about; a desk without a manager falls to the desk for what cannot be decided."""

UNANSWERED = timedelta(hours=1)
"""Until when something is due on a day that the calendar does not cover: soon enough that somebody asks why."""

CLOCKS_KEPT = 256
"""The events of a batch start their clocks at one moment; a pack has some dozens of rules."""

Clockwork = tuple[datetime, tuple[Stage, ...]]
"""A due time, and the stages of its clock."""


@dataclass(frozen=True, slots=True)
class Basis:
    """The policy of the day, and how ids are made."""

    policy: DayPolicy
    ids: IdMaker
    _clocks: dict[Hashable, Clockwork] = field(default_factory=dict)

    def clock_of(self, rule: Duty | Expects, start: datetime) -> Clockwork:
        """Due time and stages of a rule of the pack."""
        return self._clock(rule.deadline, UNANSWERED, start, rule.remind, [(e.at, e.to) for e in rule.escalate])

    def clock_within(self, deadline: str, otherwise: timedelta, start: datetime) -> Clockwork:
        """Due time and stages of what no rule of the pack asks for; `otherwise` when its calendar has no such deadline."""
        return self._clock(deadline, otherwise, start, (), ())

    def _clock(
        self, deadline: str, otherwise: timedelta, start: datetime, remind: Sequence[str], escalate: Sequence[tuple[str, str]]
    ) -> Clockwork:
        asked = (deadline, otherwise, start, tuple(remind), tuple(escalate))
        found = self._clocks.get(asked)
        if found is None:
            if len(self._clocks) >= CLOCKS_KEPT:
                self._clocks.clear()
            found = self._clocks[asked] = self._worked_out(deadline, otherwise, start, remind, escalate)
        return found

    def _worked_out(
        self, deadline: str, otherwise: timedelta, start: datetime, remind: Sequence[str], escalate: Sequence[tuple[str, str]]
    ) -> Clockwork:
        policy, chain = self.policy, escalate or TO_MANAGER
        try:
            return schedule(
                deadlines=policy.deadlines, deadline=deadline, start=start, calendar=policy.calendar, remind=remind, escalate=chain
            )
        except (CalendarError, DeadlineError):  # a day that the calendar does not answer for is no reason to tell nobody
            due = start + otherwise
            return due, tuple(Stage(due, "escalate", to) for _, to in chain)


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
