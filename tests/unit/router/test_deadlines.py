"""Limits of the Stockton pack and of every kind, at the moments when they are easily got wrong."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from frontdoor_router.core.calendar import Calendar
from frontdoor_router.core.deadlines import (
    OWN,
    AtOnce,
    BeforeSchoolDay,
    BeforeWorkingDay,
    CalendarDays,
    DaysAway,
    DayUnit,
    Deadline,
    DeadlineError,
    Deadlines,
    Elapsed,
    Hours,
    NoDeadlineInForceError,
    Rule,
    SeveralDeadlinesInForceError,
    WorkingDays,
    WorkingHours,
    due,
    due_under,
    in_force,
    parse_offset,
    shift,
)
from support.packs import the_pack

LONDON = ZoneInfo("Europe/London")


def read(pack: str) -> tuple[Calendar, Deadlines]:
    loaded = the_pack(pack)
    return loaded.calendar, loaded.deadlines


@pytest.fixture(scope="module")
def stockton() -> tuple[Calendar, Deadlines]:
    return read("stockton")


@pytest.fixture(scope="module")
def calendar(stockton: tuple[Calendar, Deadlines]) -> Calendar:
    return stockton[0]


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    ("deadline_id", "start", "expected"),
    [
        ("encompass", "2020-11-10 21:40", "2020-11-11 08:00"),
        ("encompass", "2020-11-11 00:30", "2020-11-11 08:00"),  # the morning of that very day
        ("encompass", "2020-11-11 08:00", "2020-11-11 08:00"),
        ("encompass", "2020-11-11 08:01", "2020-11-12 08:00"),
        ("encompass", "2020-10-23 22:00", "2020-11-02 08:00"),  # over half-term and the clock change
        ("encompass", "2020-12-25 03:00", "2021-01-05 08:00"),
        ("encompass-health", "2021-07-20 21:00", "2021-07-21 09:00"),  # schools are closed until September
        ("encompass-early-years", "2021-07-20 21:00", "2021-07-21 08:00"),
        ("encompass-s49a", "2025-11-07 23:00", "2025-11-10 08:00"),
        ("at-once", "2020-11-14 03:00", "2020-11-14 03:15"),
        ("referral-outcome", "2020-11-13 18:00", "2020-11-16 17:00"),
        ("referral-outcome", "2020-12-24 10:00", "2020-12-29 17:00"),
        ("hub-partner-check", "2020-11-13 16:00", "2020-11-16 12:00"),
        ("information-request", "2021-04-01 12:00", "2021-04-12 17:00"),
        ("incident-open", "2020-11-11 00:30", "2020-11-12 00:30"),
        ("incident-open", "2020-10-24 12:00", "2020-10-25 11:00"),  # the day of 25 hours
        ("outcome-reason", "2020-11-16 09:00", "2020-11-17 17:00"),
        ("read-minutes", "2020-11-20 16:00", "2020-11-24 16:00"),
        ("core-group-minutes", "2020-11-16 09:00", "2020-11-23 17:00"),
        ("strategy-record", "2020-11-16 09:00", "2020-11-17 17:00"),
        ("read-status", "2020-11-16 09:00", "2020-11-17 17:00"),
        ("cannot-decide", "2020-11-14 23:00", "2020-11-15 01:00"),
        ("review-identity", "2020-11-11 00:40", "2020-11-11 04:40"),
        ("contact-24h", "2020-11-13 17:00", "2020-11-14 17:00"),
    ],
)
def test_a_clock_of_the_stockton_pack_runs_out_at(
    stockton: tuple[Calendar, Deadlines], deadline_id: str, start: str, expected: str
) -> None:
    calendar, deadlines = stockton
    found = due_under(deadlines, deadline_id, local(start), calendar)
    assert found.at == local(expected)
    assert found.at.tzinfo is UTC
    assert found.deadline.id == deadline_id


@pytest.mark.parametrize(
    ("deadline_id", "start", "expected"),
    [
        ("encompass", "2020-11-11 08:15", "2020-11-11 08:30"),
        ("encompass", "2020-10-16 22:00", "2020-11-02 08:30"),  # two weeks' half-term
        ("encompass", "2020-11-26 22:00", "2020-11-30 08:30"),  # staff training on the Friday
        ("health-notice", "2020-10-16 22:00", "2020-10-19 08:30"),  # schools are closed, offices are not
        ("referral-outcome", "2020-12-23 10:00", "2020-12-29 17:30"),
        ("core-group-minutes", "2020-11-16 09:00", "2020-11-26 09:00"),
        ("hub-partner-check", "2023-08-31 16:30", "2023-09-01 13:30"),  # six office hours until then
        ("hub-partner-check", "2023-09-01 20:00", "2023-09-02 09:00"),  # three of the evening hub's from then
    ],
)
def test_another_pack_differs_in_data_alone(deadline_id: str, start: str, expected: str) -> None:
    calendar, deadlines = read("harbourside")
    assert due_under(deadlines, deadline_id, local(start), calendar).at == local(expected)


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        (Hours(2), "2021-03-28 00:30", "2021-03-28 03:30"),  # 01:00 to 02:00 does not happen
        (WorkingHours(3, "school"), "2020-10-23 14:00", "2020-11-02 09:30"),
        (WorkingDays(1), "2020-11-14 12:00", "2020-11-16 17:00"),
        (WorkingDays(1, time(9)), "2020-12-31 23:59", "2021-01-04 09:00"),
        (WorkingDays(1, time(0)), "2020-11-16 12:00", "2020-11-17 00:00"),
        (BeforeSchoolDay(), "2021-03-26 12:00", "2021-04-12 08:00"),
        (BeforeSchoolDay(time(0)), "2020-11-16 12:00", "2020-11-17 00:00"),
        (BeforeSchoolDay(time(8, 30)), "2020-11-16 08:15", "2020-11-16 08:30"),
        (BeforeWorkingDay(), "2021-07-21 08:59", "2021-07-21 09:00"),  # in the summer holidays
        (BeforeWorkingDay(time(8)), "2021-07-23 08:01", "2021-07-26 08:00"),  # over a weekend
        (BeforeWorkingDay(time(0)), "2020-12-24 12:00", "2020-12-29 00:00"),  # over bank holidays
        (CalendarDays(1), "2020-10-24 12:00", "2020-10-25 12:00"),  # the wall's day, of 25 hours
        (CalendarDays(1), "2021-03-27 01:30", "2021-03-28 02:30"),  # 01:30 does not happen
        (CalendarDays(28, time(17)), "2020-12-25 12:00", "2021-01-22 17:00"),
    ],
)
def test_each_kind_of_limit_keeps_to_the_local_clock(rule: Rule, start: str, expected: str, calendar: Calendar) -> None:
    assert due(rule, local(start), calendar) == local(expected)


@pytest.mark.parametrize("build_rule", [AtOnce, Hours, WorkingHours, WorkingDays, CalendarDays])
def test_a_limit_of_nothing_is_refused(build_rule: Callable[[int], Rule]) -> None:
    with pytest.raises(DeadlineError, match="a limit of 0 is none"):
        build_rule(0)


OLD = Deadline("answer", WorkingDays(5), date(2020, 1, 1), date(2020, 11, 16), "an old protocol")
NEW = Deadline("answer", WorkingDays(3), date(2020, 11, 16), None, OWN)


def test_the_day_on_which_the_clock_starts_decides_which_version_applies(calendar: Calendar) -> None:
    before = due_under((OLD, NEW), "answer", local("2020-11-15 23:59"), calendar)
    after = due_under((OLD, NEW), "answer", local("2020-11-16 00:00"), calendar)
    assert (before.deadline, before.at) == (OLD, local("2020-11-20 17:00"))
    assert (after.deadline, after.at) == (NEW, local("2020-11-19 17:00"))


def test_it_is_the_local_day_and_not_the_day_in_utc_that_decides(calendar: Calendar) -> None:
    summer = Deadline("answer", WorkingDays(3), date(2020, 7, 2), None, OWN)
    start = datetime(2020, 7, 1, 23, 30, tzinfo=UTC)
    assert due_under((summer,), "answer", start, calendar).deadline is summer


def test_a_deadline_that_is_not_in_force_is_an_error_that_says_so() -> None:
    with pytest.raises(NoDeadlineInForceError, match="no deadline “answer” is in force on 2019-12-31"):
        in_force((OLD, NEW), "answer", date(2019, 12, 31))
    with pytest.raises(NoDeadlineInForceError, match="“reply”"):
        in_force((OLD, NEW), "reply", date(2020, 11, 16))


def test_a_deadline_that_is_in_force_twice_is_an_error_that_names_both() -> None:
    twice = (OLD, Deadline("answer", Hours(4), date(2020, 11, 1), None, OWN))
    with pytest.raises(SeveralDeadlinesInForceError, match="from 2020-01-01 until 2020-11-16 and from 2020-11-01"):
        in_force(twice, "answer", date(2020, 11, 2))


def test_the_duty_of_section_49a_binds_from_its_commencement(stockton: tuple[Calendar, Deadlines]) -> None:
    assert "s.49A" in in_force(stockton[1], "encompass-s49a", date(2025, 11, 7)).source
    with pytest.raises(NoDeadlineInForceError):
        in_force(stockton[1], "encompass-s49a", date(2025, 11, 6))


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("-30m", "2020-11-11 08:00", "2020-11-11 07:30"),
        ("+0m", "2020-11-11 08:00", "2020-11-11 08:00"),
        ("+2h", "2020-10-25 00:30", "2020-10-25 01:30"),
        ("+1wd", "2020-11-20 16:00", "2020-11-23 16:00"),
        ("-1wd", "2020-11-23 16:00", "2020-11-20 16:00"),
        ("-1wd@09:00", "2020-12-29 17:00", "2020-12-24 09:00"),
        ("+1sd@09:00", "2020-10-23 08:00", "2020-11-02 09:00"),
        ("+1sd", "2020-12-18 08:00", "2021-01-05 08:00"),
        ("+1wd@00:00", "2020-11-20 16:00", "2020-11-23 00:00"),
    ],
)
def test_stages_are_counted_from_the_moment_that_is_due(text: str, moment: str, expected: str, calendar: Calendar) -> None:
    at = shift(parse_offset(text), local(moment), calendar)
    utc_expected = datetime(2020, 10, 25, 1, 30, tzinfo=UTC) if text == "+2h" else local(expected)  # the second 01:30
    assert at == utc_expected
    assert at.tzinfo is UTC


def test_an_offset_is_read_into_what_it_says() -> None:
    assert parse_offset("-30m") == Elapsed(timedelta(minutes=-30))
    assert parse_offset("+1sd@09:00") == DaysAway(1, DayUnit.SCHOOL, time(9))
    assert parse_offset("-2wd") == DaysAway(-2, DayUnit.WORKING)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("30m", "is not an offset"),
        ("+1d", "is not an offset"),
        ("+1.5h", "is not an offset"),
        ("", "is not an offset"),
        ("+2h@09:00", "only goes with wd and sd"),
        ("+0wd", "counts no days"),
        ("+1sd@25:00", "in “\\+1sd@25:00”: “25:00” is not a time of day"),
    ],
)
def test_an_offset_that_cannot_be_read_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(DeadlineError, match=reason):
        parse_offset(text)
