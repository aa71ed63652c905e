"""Patterns: so many events of a kind about one child within so many days. Counted for one desk, by what it may know of.

The days of a window are local days, the first and the last counted: three episodes on 1 January, 1 February and 30 March lie within
90 days, with one on 31 March they do not (register E2 gives no way of measuring; this is ours). A pattern is complete when some
window that contains this event holds enough; it is new unless another was complete without it and shares one of its events. So a
fourth episode raises nothing, whatever the order in which episodes were reported.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field, model_validator

from frontdoor_chassis.directory_file import Dated, Entry, Sourced
from frontdoor_router.core.conditions import Condition, ConditionEntry, says_all
from frontdoor_schemas.vocabulary import EventType

Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
LONGEST_WINDOW = 3660
"""Ten years of days: further back no pattern looks."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """So many events of these types, of which these conditions hold, within so many days up to and with this one."""

    id: str
    from_: date
    until: date | None
    source: str | None
    rows: tuple[str, ...]
    counts: frozenset[EventType]
    if_: tuple[Condition, ...]
    same: str | None
    within_days: int
    at_least: int

    def in_force(self, on: date) -> bool:
        """Whether it holds on a local day."""
        return self.from_ <= on and (self.until is None or on < self.until)

    def counts_event(self, event_type: EventType, marks: frozenset[str]) -> bool:
        """Whether an event is one of those that it counts, by the marks that are known of it."""
        return event_type in self.counts and says_all(self.if_, marks)

    def alike(self, one: frozenset[str], other: frozenset[str]) -> bool:
        """Whether two events say the same at the path that `same` names; without it, any two are alike."""
        if self.same is None:
            return True
        prefix = f"{self.same}="
        return any(mark.startswith(prefix) and mark in other for mark in one)


class PatternEntry(Dated, Sourced):
    """`[[pattern]]`."""

    id: Id
    rows: tuple[Annotated[str, Field(pattern=r"^[A-P][0-9]{1,2}$")], ...] = ()
    counts: tuple[EventType, ...] = Field(min_length=1)
    if_: tuple[ConditionEntry, ...] = Field((), alias="if")
    same: str | None = Field(None, pattern=r"^[a-z_]+(\.[a-z_]+)*$")
    within_days: int = Field(ge=1, le=LONGEST_WINDOW)
    at_least: int = Field(ge=1)

    @model_validator(mode="after")
    def _each_once(self) -> "PatternEntry":
        if len(set(self.counts)) < len(self.counts):
            raise ValueError("counts names a type twice")
        return self

    def pattern(self) -> Pattern:
        """The pattern that it writes."""
        return Pattern(
            id=self.id,
            from_=self.from_,
            until=self.until,
            source=self.source,
            rows=self.rows,
            counts=frozenset(self.counts),
            if_=tuple(c.condition() for c in self.if_),
            same=self.same,
            within_days=self.within_days,
            at_least=self.at_least,
        )


class PatternsFile(Entry):
    """The whole of `patterns.toml`."""

    pattern: tuple[PatternEntry, ...] = ()


def completed(earlier: Iterable[date], this: date, *, counted: bool, within_days: int, at_least: int) -> tuple[date, ...]:
    """The days of the events by which this one completes a pattern, in order; none when it completes none, or one that was complete.

    `counted`: whether this event is itself one of those that the pattern counts. If not, it completes the pattern each time that enough
    others lie in the days before it.
    """
    known = sorted(earlier)
    if not counted:
        before = tuple(day for day in known if day <= this and (this - day).days < within_days)
        return before if len(before) >= at_least else ()
    spans = [_span(known, start, within_days) for start in {this - timedelta(days=n) for n in _offsets(known, this, within_days)}]
    best = max(spans, key=len)
    if len(best) + 1 < at_least or _was_complete(known, best, within_days, at_least):
        return ()
    return tuple(sorted([*best, this]))


def _offsets(known: Sequence[date], this: date, within_days: int) -> set[int]:
    """How many days before this event a window may usefully begin: on this day, or on that of an earlier event."""
    return {0, *(n for day in known if 0 <= (n := (this - day).days) < within_days)}


def _span(known: Sequence[date], start: date, within_days: int) -> list[date]:
    return [day for day in known if 0 <= (day - start).days < within_days]


def _was_complete(known: Sequence[date], best: Sequence[date], within_days: int, at_least: int) -> bool:
    shared = set(best)
    spans = (_span(known, start, within_days) for start in set(known))
    return any(len(span) >= at_least and not shared.isdisjoint(span) for span in spans)
