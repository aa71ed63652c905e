"""Days and hours of the Stockton calendar, and of small ones where the pack has no such day."""

import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from frontdoor_router.core.calendar import Calendar, CalendarError, Days, Nation, Spell, bank_holidays, in_utc, wall_time
from frontdoor_router.core.calendar_file import CalendarFile, build

PACKS = Path(__file__).parents[3] / "deploy" / "partnerships"
LONDON = ZoneInfo("Europe/London")
HOUR = timedelta(hours=1)


def read(pack: str) -> Calendar:
    calendar, _ = build(CalendarFile.model_validate(tomllib.loads((PACKS / pack / "calendar.toml").read_text())))
    return calendar


@pytest.fixture(scope="module")
def stockton() -> Calendar:
    return read("stockton")


def local(text: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON, fold=fold)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "day",
    [
        date(2020, 11, 14),  # Saturday
        date(2020, 11, 15),  # Sunday
        date(2020, 12, 25),  # Christmas Day
        date(2020, 12, 28),  # Boxing Day, moved from a Saturday
        date(2021, 1, 1),
        date(2021, 4, 2),  # Good Friday
        date(2021, 4, 5),  # Easter Monday
        date(2022, 9, 19),  # a bank holiday proclaimed once
    ],
)
def test_weekends_and_bank_holidays_are_no_working_days(stockton: Calendar, day: date) -> None:
    assert not stockton.is_working_day(day)


@pytest.mark.parametrize("day", [date(2020, 11, 16), date(2020, 12, 24), date(2020, 12, 29), date(2020, 10, 28), date(2021, 8, 2)])
def test_an_ordinary_weekday_is_a_working_day_in_school_holidays_too(stockton: Calendar, day: date) -> None:
    assert stockton.is_working_day(day)


def test_a_closure_of_the_pack_is_no_working_day_and_may_be_a_school_day() -> None:
    harbourside = read("harbourside")
    assert not harbourside.is_working_day(date(2020, 12, 24))
    closed = replace(harbourside, closures=frozenset({date(2020, 11, 17)}))
    assert closed.is_school_day(date(2020, 11, 17))
    assert not closed.is_working_day(date(2020, 11, 17))


@pytest.mark.parametrize(
    "day",
    [
        date(2020, 10, 28),  # half-term
        date(2020, 11, 14),  # weekend in term
        date(2020, 9, 1),  # staff training
        date(2021, 5, 3),  # bank holiday in term
        date(2020, 12, 21),  # after the term's end
        date(2021, 8, 4),  # summer
    ],
)
def test_days_without_pupils_are_no_school_days(stockton: Calendar, day: date) -> None:
    assert not stockton.is_school_day(day)


@pytest.mark.parametrize("day", [date(2020, 9, 2), date(2020, 10, 23), date(2020, 11, 2), date(2020, 12, 18), date(2021, 7, 20)])
def test_the_first_and_last_days_of_a_term_are_school_days(stockton: Calendar, day: date) -> None:
    assert stockton.is_school_day(day)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (date(2020, 11, 10), date(2020, 11, 11)),
        (date(2020, 11, 13), date(2020, 11, 16)),  # over the weekend
        (date(2020, 10, 23), date(2020, 11, 2)),  # over half-term
        (date(2020, 12, 18), date(2021, 1, 5)),  # over Christmas, new year and a training day
        (date(2021, 3, 26), date(2021, 4, 12)),  # over Easter
        (date(2021, 7, 20), date(2021, 9, 2)),  # over the summer
        (date(2021, 4, 30), date(2021, 5, 4)),  # over a bank holiday
    ],
)
def test_the_next_school_day_passes_over_every_kind_of_closed_day(stockton: Calendar, after: date, expected: date) -> None:
    assert stockton.next_school_day(after) == expected


def test_the_next_working_day_passes_over_christmas(stockton: Calendar) -> None:
    assert stockton.next_working_day(date(2020, 12, 24)) == date(2020, 12, 29)


@pytest.mark.parametrize(
    ("day", "days", "expected"),
    [
        (date(2020, 11, 20), 2, date(2020, 11, 24)),  # Friday to Tuesday
        (date(2020, 11, 14), 1, date(2020, 11, 16)),  # from a Saturday
        (date(2020, 11, 14), 0, date(2020, 11, 14)),  # nought stays, working day or not
        (date(2020, 12, 23), 5, date(2021, 1, 4)),  # Christmas and new year
        (date(2021, 4, 1), 1, date(2021, 4, 6)),  # Good Friday to Easter Monday
        (date(2020, 11, 24), -2, date(2020, 11, 20)),
        (date(2020, 11, 15), -1, date(2020, 11, 13)),
    ],
)
def test_working_days_are_counted_from_the_day_after(stockton: Calendar, day: date, days: int, expected: date) -> None:
    assert stockton.add_working_days(day, days) == expected


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (date(2020, 11, 16), date(2020, 11, 20), 4),
        (date(2020, 11, 20), date(2020, 11, 23), 1),
        (date(2020, 11, 20), date(2020, 11, 20), 0),
        (date(2020, 11, 20), date(2020, 11, 16), 0),
        (date(2020, 12, 23), date(2020, 12, 29), 2),
    ],
)
def test_working_days_between_two_days_leave_out_the_first(stockton: Calendar, first: date, last: date, days: int) -> None:
    assert stockton.working_days_between(first, last) == days


@pytest.mark.parametrize(
    ("wall", "day", "expected"),
    [
        (time(8), date(2020, 10, 23), "2020-10-23 07:00"),  # summer time
        (time(8), date(2020, 10, 26), "2020-10-26 08:00"),
        (time(1, 30), date(2020, 10, 25), "2020-10-25 00:30"),  # twice that night: the first
        (time(1, 30, fold=1), date(2020, 10, 25), "2020-10-25 00:30"),
        (time(1, 30), date(2021, 3, 28), "2021-03-28 01:30"),  # never that night: 02:30 by the new time
        (time(8), date(2021, 3, 28), "2021-03-28 07:00"),
    ],
)
def test_a_wall_time_is_one_moment_on_nights_of_clock_changes_too(stockton: Calendar, wall: time, day: date, expected: str) -> None:
    assert stockton.at(day, wall) == utc(expected)


def test_shortly_after_midnight_in_summer_it_is_already_the_next_day_here(stockton: Calendar) -> None:
    assert stockton.local_date(utc("2020-07-01 23:30")) == date(2020, 7, 2)
    assert stockton.local_date(utc("2020-12-31 23:59")) == date(2020, 12, 31)
    assert stockton.local_time(local("2020-10-25 01:30", fold=1)) == time(1, 30)


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2020-11-16 10:00", 4, "2020-11-16 14:00"),
        ("2020-11-16 13:00", 4, "2020-11-16 17:00"),  # up to closing time, not to the next opening
        ("2020-11-16 15:00", 4, "2020-11-17 11:00"),
        ("2020-11-16 06:00", 1, "2020-11-16 10:00"),  # before opening
        ("2020-11-20 16:30", 1, "2020-11-23 09:30"),  # over a weekend
        ("2020-12-24 16:00", 20, "2020-12-31 12:00"),  # over Christmas
        ("2020-11-16 09:00", 40, "2020-11-20 17:00"),
    ],
)
def test_working_hours_run_while_the_office_is_open(stockton: Calendar, start: str, hours: int, expected: str) -> None:
    assert stockton.add_working_hours(local(start), hours * HOUR) == local(expected)


def test_hours_that_are_always_open_pass_at_their_own_pace_when_the_clocks_change(stockton: Calendar) -> None:
    assert stockton.add_working_hours(local("2020-10-24 23:00"), 4 * HOUR, "always") == local("2020-10-25 02:00")
    assert stockton.add_working_hours(local("2021-03-27 23:00"), 4 * HOUR, "always") == local("2021-03-28 04:00")
    assert stockton.add_working_hours(local("2020-10-24 00:00"), 49 * HOUR, "always") == local("2020-10-26 00:00")


def test_no_working_hours_at_all_are_the_moment_itself_and_fewer_are_refused(stockton: Calendar) -> None:
    night = local("2020-11-14 03:00")
    assert stockton.add_working_hours(night, timedelta(0)) == night
    with pytest.raises(CalendarError, match="only counted forward"):
        stockton.add_working_hours(night, -HOUR)


@pytest.mark.parametrize(
    ("hours", "moment", "expected"),
    [
        ("office", "2020-11-16 12:00", "2020-11-16 12:00"),
        ("office", "2020-11-16 09:00", "2020-11-16 09:00"),
        ("office", "2020-11-16 17:00", "2020-11-17 09:00"),
        ("office", "2020-11-20 18:00", "2020-11-23 09:00"),
        ("office", "2020-12-31 23:59", "2021-01-04 09:00"),
        ("school", "2020-10-23 15:30", "2020-11-02 08:00"),
        ("school", "2020-11-11 00:30", "2020-11-11 08:00"),
        ("always", "2020-11-15 03:00", "2020-11-15 03:00"),
        ("out-of-hours", "2020-11-16 12:00", "2020-11-16 17:00"),
        ("out-of-hours", "2020-11-16 23:59", "2020-11-16 23:59"),
        ("out-of-hours", "2020-11-15 12:00", "2020-11-15 12:00"),
        ("out-of-hours", "2020-11-16 00:00", "2020-11-16 00:00"),
    ],
)
def test_hours_next_open_now_or_at_their_next_opening(stockton: Calendar, hours: str, moment: str, expected: str) -> None:
    assert stockton.next_opening(hours, local(moment)) == local(expected)
    assert stockton.is_open(hours, local(moment)) == (moment == expected)


def test_spells_that_overlap_count_once(stockton: Calendar) -> None:
    spells = (
        Spell(Days.EVERY, time(9), time(12)),
        Spell(Days.WORKING, time(11), time(13)),
        Spell(Days.SCHOOL, time(10), time(11)),
    )
    desk = replace(stockton, other_hours={"desk": spells})
    assert desk.add_working_hours(local("2020-11-16 09:00"), 4 * HOUR, "desk") == local("2020-11-16 13:00")
    assert desk.add_working_hours(local("2020-11-16 09:00"), 5 * HOUR, "desk") == local("2020-11-17 10:00")


def test_a_spell_that_the_spring_change_swallows_is_left_out(stockton: Calendar) -> None:
    night = replace(stockton, other_hours={"night": (Spell(Days.EVERY, time(1, 30), time(2, 15)),)})
    assert night.next_opening("night", local("2021-03-28 00:00")) == local("2021-03-29 01:30")


def test_the_office_day_ends_when_the_office_closes_or_at_midnight(stockton: Calendar) -> None:
    assert stockton.end_of_office_day(date(2020, 11, 16)) == local("2020-11-16 17:00")
    late = replace(stockton, office=Spell(Days.WORKING, time(9), None))
    assert late.end_of_office_day(date(2020, 10, 24)) == local("2020-10-25 00:00")


def test_hours_that_the_calendar_does_not_name_are_refused(stockton: Calendar) -> None:
    with pytest.raises(CalendarError, match="no opening hours are called “clinic”; there are always, office, out-of-hours"):
        stockton.next_opening("clinic", local("2020-11-16 12:00"))


def test_a_day_outside_the_calendar_is_an_error_and_no_guess(stockton: Calendar) -> None:
    for asked in (stockton.is_working_day, stockton.is_school_day):
        for day in (date(2019, 8, 31), date(2028, 1, 1)):
            with pytest.raises(CalendarError, match="lies outside the calendar, which runs 2019-09-01 to 2028-01-01"):
                asked(day)
    with pytest.raises(CalendarError, match="outside the calendar"):
        stockton.next_school_day(date(2027, 7, 20))
    with pytest.raises(CalendarError, match="outside the calendar"):
        stockton.next_opening("always", utc("2028-01-01 00:00"))


def test_a_moment_without_a_zone_is_refused(stockton: Calendar) -> None:
    naive = datetime(2020, 11, 16, 12)  # noqa: DTZ001 - that it has no zone is the point
    with pytest.raises(CalendarError, match="has no zone"):
        in_utc(naive)
    with pytest.raises(CalendarError, match="has no zone"):
        stockton.next_opening("office", naive)


def test_each_nation_has_its_own_bank_holidays() -> None:
    second, patrick = date(2020, 1, 2), date(2020, 3, 17)
    kept = {nation: bank_holidays(nation, date(2020, 1, 1), date(2021, 1, 1)) for nation in Nation}
    assert [nation for nation in Nation if second in kept[nation]] == [Nation.SCOTLAND]
    assert [nation for nation in Nation if patrick in kept[nation]] == [Nation.NORTHERN_IRELAND]
    assert all(date(2020, 12, 25) in days and date(2021, 1, 1) not in days for days in kept.values())


@pytest.mark.parametrize("text", ["8:00", "24:00", "08:60", "08:00:00", "", "0８:00", " 08:00"])
def test_a_wall_time_is_written_as_hours_and_minutes(text: str) -> None:
    assert wall_time("08:05") == time(8, 5)
    with pytest.raises(ValueError, match="is not a time of day"):
        wall_time(text)


def test_a_calendar_can_be_a_key(stockton: Calendar) -> None:
    assert hash(stockton) == hash(read("stockton"))
