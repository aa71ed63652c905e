"""What holds for every moment, zone, rule and number of days within a calendar."""

import tomllib
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from frontdoor_router.core.calendar import Calendar
from frontdoor_router.core.calendar_file import CalendarFile, build
from frontdoor_router.core.deadlines import (
    AtOnce,
    BeforeSchoolDay,
    BeforeWorkingDay,
    CalendarDays,
    Hours,
    Rule,
    WorkingDays,
    WorkingHours,
    due,
    parse_offset,
    shift,
)

PACKS = Path(__file__).parents[2] / "deploy" / "partnerships"


def read(pack: str) -> Calendar:
    calendar, _ = build(CalendarFile.model_validate(tomllib.loads((PACKS / pack / "calendar.toml").read_text())))
    return calendar


CALENDARS = st.sampled_from([read("stockton"), read("harbourside")])
# a margin at both ends of the calendar for what is counted from a day
DAYS = st.dates(date(2020, 1, 1), date(2027, 3, 1))
CHANGES = st.sampled_from([datetime(2020, 10, 25, 1), datetime(2021, 3, 28, 1)]).flatmap(  # noqa: DTZ001 - made UTC below
    lambda change: st.datetimes(change - timedelta(hours=3), change + timedelta(hours=3))
)
MOMENTS = (st.datetimes(datetime(2020, 1, 1), datetime(2027, 3, 1)) | CHANGES).map(lambda m: m.replace(tzinfo=UTC))  # noqa: DTZ001 - made UTC here
ZONES = st.sampled_from(
    [timezone(timedelta(hours=h)) for h in (-11, -1, 0, 5, 14)] + [ZoneInfo("Europe/London"), ZoneInfo("America/New_York")]
)
WALL = st.none() | st.times().map(lambda t: t.replace(second=0, microsecond=0))
COUNTS = st.integers(1, 45)
NAMES = st.sampled_from(["office", "school", "always", "out-of-hours"])
RULES: st.SearchStrategy[Rule] = st.one_of(
    st.builds(AtOnce, st.integers(1, 240)),
    st.builds(Hours, COUNTS),
    st.builds(WorkingHours, COUNTS, NAMES),
    st.builds(WorkingDays, COUNTS, WALL),
    st.builds(BeforeSchoolDay, WALL),
    st.builds(BeforeWorkingDay, WALL),
    st.builds(CalendarDays, COUNTS, WALL),
)
AMOUNTS = st.integers(0, 3000).map(lambda minutes: timedelta(minutes=minutes))


@given(RULES, MOMENTS, CALENDARS)
def test_nothing_is_due_before_its_clock_starts(rule: Rule, start: datetime, calendar: Calendar) -> None:
    assert due(rule, start, calendar) >= start


@given(RULES, MOMENTS, ZONES, CALENDARS)
def test_a_moment_in_any_zone_gives_the_same_answer(rule: Rule, start: datetime, zone: timezone | ZoneInfo, calendar: Calendar) -> None:
    elsewhere = start.astimezone(zone)
    assert due(rule, elsewhere, calendar) == due(rule, start, calendar)
    assert calendar.local_date(elsewhere) == calendar.local_date(start)
    assert calendar.is_open("office", elsewhere) == calendar.is_open("office", start)


@given(RULES, MOMENTS, CALENDARS)
def test_what_is_due_comes_out_in_utc(rule: Rule, start: datetime, calendar: Calendar) -> None:
    assert due(rule, start, calendar).tzinfo is UTC


# without those due at the time of day of their start: of the hour that comes twice in autumn, the second is the earlier on the wall
ORDERED = RULES.filter(lambda rule: not (isinstance(rule, CalendarDays) and rule.at is None))


@given(ORDERED, MOMENTS, st.integers(0, 60 * 24 * 20), CALENDARS)
def test_who_starts_later_is_never_due_earlier(rule: Rule, start: datetime, minutes: int, calendar: Calendar) -> None:
    later = start + timedelta(minutes=minutes)
    assert due(rule, later, calendar) >= due(rule, start, calendar)


@given(DAYS, st.integers(0, 60), st.integers(0, 60), CALENDARS)
def test_adding_working_days_is_additive(day: date, one: int, other: int, calendar: Calendar) -> None:
    assert calendar.add_working_days(calendar.add_working_days(day, one), other) == calendar.add_working_days(day, one + other)


@given(DAYS, st.integers(0, 60), st.integers(0, 30), CALENDARS)
def test_adding_working_days_is_monotone(day: date, days: int, gap: int, calendar: Calendar) -> None:
    found = calendar.add_working_days(day, days)
    assert calendar.add_working_days(day, days + 1) > found
    assert calendar.add_working_days(day + timedelta(days=gap), days) >= found


@given(DAYS, st.integers(1, 60), CALENDARS)
def test_adding_working_days_lands_on_one_and_counts_them(day: date, days: int, calendar: Calendar) -> None:
    found = calendar.add_working_days(day, days)
    assert calendar.is_working_day(found)
    assert calendar.working_days_between(day, found) == days


@given(DAYS, st.integers(1, 60), CALENDARS)
def test_going_back_undoes_going_forward_from_a_working_day(day: date, days: int, calendar: Calendar) -> None:
    start = calendar.next_working_day(day)
    assert calendar.add_working_days(calendar.add_working_days(start, days), -days) == start


@given(DAYS, CALENDARS)
def test_no_school_day_lies_between_a_day_and_the_next_school_day(day: date, calendar: Calendar) -> None:
    found = calendar.next_school_day(day)
    between = [day + timedelta(days=n) for n in range(1, (found - day).days)]
    assert calendar.is_school_day(found)
    assert not any(calendar.is_school_day(other) for other in between)


@given(MOMENTS, AMOUNTS, AMOUNTS, NAMES, CALENDARS)
def test_adding_working_hours_is_additive(start: datetime, one: timedelta, other: timedelta, name: str, calendar: Calendar) -> None:
    in_two = calendar.add_working_hours(calendar.add_working_hours(start, one, name), other, name)
    assert in_two == calendar.add_working_hours(start, one + other, name)


@given(MOMENTS, AMOUNTS, CALENDARS)
def test_hours_that_are_always_open_are_elapsed_hours(start: datetime, amount: timedelta, calendar: Calendar) -> None:
    assert calendar.add_working_hours(start, amount, "always") == start + amount


@given(MOMENTS, CALENDARS)
def test_either_the_office_is_open_or_the_people_out_of_hours_are(moment: datetime, calendar: Calendar) -> None:
    assert calendar.is_open("office", moment) != calendar.is_open("out-of-hours", moment)


@given(MOMENTS, NAMES, CALENDARS)
def test_the_next_opening_is_open_and_not_earlier(moment: datetime, name: str, calendar: Calendar) -> None:
    found = calendar.next_opening(name, moment)
    assert found >= moment
    assert calendar.is_open(name, found)


@given(MOMENTS, COUNTS, st.sampled_from(["wd", "sd"]), WALL, CALENDARS)
def test_a_stage_some_days_away_lies_on_the_side_it_says(
    moment: datetime, days: int, unit: str, at: time | None, calendar: Calendar
) -> None:
    clock = "" if at is None else f"@{at:%H:%M}"
    assert shift(parse_offset(f"+{days}{unit}{clock}"), moment, calendar) > moment
    assert shift(parse_offset(f"-{min(days, 20)}{unit}{clock}"), moment, calendar) < moment
