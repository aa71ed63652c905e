"""The pack as it is in force on one day: what a decider goes by."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.agreements import Agreements
from frontdoor_router.core.calendar import Calendar
from frontdoor_router.core.deadlines import Deadline
from frontdoor_router.core.duties import Duty, Expects
from frontdoor_router.core.pack import Pack
from frontdoor_router.core.patterns import Pattern
from frontdoor_schemas.vocabulary import EventType


@dataclass(frozen=True, slots=True)
class DayPolicy:
    """Duties, agreements and deadlines of one local day; one epoch."""

    directory: Directory
    calendar: Calendar
    deadlines: Sequence[Deadline]
    rules: Agreements
    epoch: str
    pack: Pack
    today: date
    _duties: dict[EventType, Sequence[Duty]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _expectations: dict[EventType, Sequence[Expects]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def duties(self, event_type: EventType) -> Sequence[Duty]:
        """Duties in force for an event type."""
        if event_type not in self._duties:
            self._duties[event_type] = self.pack.duties_for(event_type, self.today)
        return self._duties[event_type]

    def pattern(self, pattern: str) -> Pattern | None:
        """A pattern in force."""
        return self.pack.pattern(pattern, self.today)

    def expectations(self, event_type: EventType) -> Sequence[Expects]:
        """Completeness rules in force for an event type."""
        if event_type not in self._expectations:
            self._expectations[event_type] = self.pack.expects_for(event_type, self.today)
        return self._expectations[event_type]


def policy_of(pack: Pack, today: date) -> DayPolicy:
    """What is in force on a local day."""
    return DayPolicy(
        directory=pack.directory.on(today),
        calendar=pack.calendar,
        deadlines=pack.deadlines,
        rules=pack.agreements_on(today),
        epoch=f"{pack.directory.name}-{pack.epoch(today).id}",
        pack=pack,
        today=today,
    )
