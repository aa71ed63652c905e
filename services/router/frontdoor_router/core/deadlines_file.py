"""The shape of `[[deadline]]` entries, in a calendar and in a chapter's `deadlines.toml`, and what they become.

Keys are written with hyphens. Every error names its place: `("deadline", 3, "working-days", "days")` is the key `days`
of the fourth `[[deadline]]`; where a deadline's kind is known, it stands behind the number.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, time
from itertools import combinations
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from frontdoor_router.core.calendar import ALWAYS, OFFICE, SCHOOL, wall_time
from frontdoor_router.core.deadlines import (
    OWN,
    AtOnce,
    BeforeSchoolDay,
    BeforeWorkingDay,
    CalendarDays,
    Deadline,
    Hours,
    WorkingDays,
    WorkingHours,
)

BUILT_IN: Final = frozenset({OFFICE, SCHOOL, ALWAYS})

Place = tuple[str | int, ...]
Problem = tuple[Place, str]


def read_wall_time(value: object) -> time:
    """A time of day as it stands in a file. Raises `ValueError`."""
    return wall_time(str(value))  # a TOML time has seconds, so it is refused like any other text that is not HH:MM


WallTime = Annotated[time, BeforeValidator(read_wall_time)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]


class Strict(BaseModel):
    """A table of such a file: closed, immutable, keys with hyphens."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=lambda name: name.rstrip("_").replace("_", "-"))


class Sourced(Strict):
    """Says where it comes from: a document, or the partnership itself."""

    source: Text | None = None
    own: bool = False

    @model_validator(mode="after")
    def _source_or_own(self) -> Self:
        if self.own == (self.source is not None):
            raise ValueError("either a source is named, or own = true")
        return self


class DeadlineEntry(Sourced):
    """What each `[[deadline]]` says besides its rule; in force for clocks that start in `from <= day < until`."""

    id: Name
    from_: date
    until: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until is not None and self.until <= self.from_:
            raise ValueError("the deadline is never in force: until is not later than from")
        return self


class AtOnceEntry(DeadlineEntry):
    """`kind = "at-once"`."""

    kind: Literal["at-once"]
    minutes: Count

    def rule(self) -> AtOnce:
        """Without delay, within a grace in minutes."""
        return AtOnce(self.minutes)


class HoursEntry(DeadlineEntry):
    """`kind = "hours"`."""

    kind: Literal["hours"]
    hours: Count

    def rule(self) -> Hours:
        """Hours that pass."""
        return Hours(self.hours)


class WorkingHoursEntry(DeadlineEntry):
    """`kind = "working-hours"`."""

    kind: Literal["working-hours"]
    hours: Count
    open: Name = OFFICE

    def rule(self) -> WorkingHours:
        """Hours during which the named hours are open."""
        return WorkingHours(self.hours, self.open)


class WorkingDaysEntry(DeadlineEntry):
    """`kind = "working-days"`."""

    kind: Literal["working-days"]
    days: Count
    at: WallTime | None = None

    def rule(self) -> WorkingDays:
        """Working days, until a time of day or the end of the office day."""
        return WorkingDays(self.days, self.at)


class BeforeSchoolDayEntry(DeadlineEntry):
    """`kind = "before-school-day"`."""

    kind: Literal["before-school-day"]
    at: WallTime | None = None

    def rule(self) -> BeforeSchoolDay:
        """By a time of day on a school day, or by school opening time."""
        return BeforeSchoolDay(self.at)


class BeforeWorkingDayEntry(DeadlineEntry):
    """`kind = "before-working-day"`."""

    kind: Literal["before-working-day"]
    at: WallTime | None = None

    def rule(self) -> BeforeWorkingDay:
        """By a time of day on a working day, or by the office's opening time."""
        return BeforeWorkingDay(self.at)


class CalendarDaysEntry(DeadlineEntry):
    """`kind = "calendar-days"`."""

    kind: Literal["calendar-days"]
    days: Count
    at: WallTime | None = None

    def rule(self) -> CalendarDays:
        """Days of every kind."""
        return CalendarDays(self.days, self.at)


AnyDeadline = (
    AtOnceEntry | HoursEntry | WorkingHoursEntry | WorkingDaysEntry | BeforeSchoolDayEntry | BeforeWorkingDayEntry | CalendarDaysEntry
)
"""Every kind of `[[deadline]]`."""
DeadlineEntries = Sequence[Annotated[AnyDeadline, Field(discriminator="kind")]]


class DeadlinesFile(Strict):
    """A whole `deadlines.toml` of a chapter."""

    deadline: Annotated[DeadlineEntries, Field(min_length=1)]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        refuse("DeadlinesFile", deadlines_overlap(self.deadline))
        return self


def deadline_of(entry: AnyDeadline) -> Deadline:
    """The deadline that an entry says."""
    return Deadline(entry.id, entry.rule(), entry.from_, entry.until, OWN if entry.source is None else entry.source)


def strange_hours(entries: DeadlineEntries, named: Collection[str]) -> Iterator[tuple[int, str]]:
    """Which deadlines run by opening hours that are neither given always nor named by the calendar, and by which."""
    for number, entry in enumerate(entries):
        if isinstance(entry, WorkingHoursEntry) and entry.open not in {*BUILT_IN, *named}:
            yield number, f"no opening hours are called “{entry.open}”"


def deadlines_overlap(entries: DeadlineEntries) -> Iterator[Problem]:
    """Versions of one deadline that are in force on the same day."""
    for (_, one), (number, other) in combinations(enumerate(entries), 2):
        if one.id == other.id and _share_a_day(one, other):
            message = f"“{other.id}” is in force on the same days as the one from {one.from_}"
            yield ("deadline", number, other.kind, "from"), message


def _share_a_day(one: DeadlineEntry, other: DeadlineEntry) -> bool:
    starts_in_time = one.until is None or other.from_ < one.until
    return starts_in_time and (other.until is None or one.from_ < other.until)


def refuse(file: str, problems: Iterable[Problem]) -> None:
    """Raise `ValidationError` with every problem at its place; without any, nothing."""
    if errors := [_error(*problem) for problem in problems]:
        raise ValidationError.from_exception_data(file, errors)


def _error(place: Place, message: str) -> InitErrorDetails:
    # the message goes in as a value: it is no template, and a brace in it is a brace
    return InitErrorDetails(type=PydanticCustomError("calendar", "{message}", {"message": message}), loc=place, input=None)
