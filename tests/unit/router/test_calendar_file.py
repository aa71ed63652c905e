"""What a calendar file may not say, and where the error points."""

import copy
from datetime import date, datetime, time
from typing import Any

import pytest
from pydantic import ValidationError

from frontdoor_router.core.calendar import Days, Spell
from frontdoor_router.core.calendar_file import CalendarFile, build
from frontdoor_router.core.deadlines import OWN, BeforeSchoolDay, Deadline, Hours

SOUND: dict[str, Any] = {
    "calendar": {
        "title": "Somewhere",
        "own": True,
        "zone": "Europe/London",
        "bank-holidays": "northern-ireland",
        "from": date(2020, 9, 1),
        "until": date(2021, 9, 1),
    },
    "office": {"opens": "09:00", "closes": "17:00"},
    "school": {"opens": "08:00", "closes": "15:30"},
    "hours": {"night": [{"days": "not-working", "opens": "22:00", "closes": "24:00"}]},
    "closure": [{"day": date(2020, 12, 24), "reason": "shut"}],
    "school-year": {
        "2020-21": {
            "autumn": {
                "first": date(2020, 9, 1),
                "half-term": {"first": date(2020, 10, 26), "last": date(2020, 10, 30)},
                "last": date(2020, 12, 18),
            },
            "spring": {"first": date(2021, 1, 4), "last": date(2021, 3, 26)},
            "summer": {"first": date(2021, 4, 12), "last": date(2021, 7, 20)},
            "non-teaching": [date(2021, 1, 4)],
        }
    },
    "deadline": [
        {"id": "answer", "kind": "hours", "hours": 4, "from": date(2020, 1, 1), "until": date(2020, 6, 1), "own": True},
        {"id": "answer", "kind": "before-school-day", "from": date(2020, 6, 1), "source": "a protocol"},
        {"id": "other", "kind": "working-hours", "hours": 2, "open": "night", "from": date(2020, 1, 1), "own": True},
    ],
}
YEAR = ("school-year", "2020-21")


def changed(*path: str | int, to: object) -> dict[str, Any]:
    """The sound file with one value put in another's place."""
    file = copy.deepcopy(SOUND)
    at: Any = file
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = to
    return file


def problems(file: dict[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(ValidationError) as caught:
        CalendarFile.model_validate(file)
    return [(error["loc"], error["msg"]) for error in caught.value.errors()]


def test_a_sound_file_becomes_a_calendar_and_its_deadlines() -> None:
    calendar, deadlines = build(CalendarFile.model_validate(SOUND))
    assert calendar.spells("night") == (Spell(Days.NOT_WORKING, time(22), None),)
    assert not calendar.is_working_day(date(2020, 12, 24))
    assert not calendar.is_working_day(date(2021, 3, 17))
    for day in (date(2021, 1, 4), date(2020, 10, 26), date(2020, 10, 30), date(2021, 3, 29)):
        assert not calendar.is_school_day(day)
    for day in (date(2020, 9, 1), date(2020, 10, 23), date(2020, 11, 2), date(2020, 12, 18), date(2021, 1, 5), date(2021, 7, 20)):
        assert calendar.is_school_day(day)
    assert deadlines[0] == Deadline("answer", Hours(4), date(2020, 1, 1), date(2020, 6, 1), OWN)
    assert deadlines[1] == Deadline("answer", BeforeSchoolDay(), date(2020, 6, 1), None, "a protocol")


@pytest.mark.parametrize(
    ("path", "value", "place", "message"),
    [
        (("surprise",), 1, ("surprise",), "Extra inputs"),
        (("calendar", "zone"), "Europe/Stockton", ("calendar", "zone"), "is no time zone"),
        (("calendar", "zone"), "../etc", ("calendar", "zone"), "is no time zone"),
        (("calendar", "bank-holidays"), "mars", ("calendar", "bank-holidays"), "is none of england, wales"),
        (("calendar", "bank-holidays"), 1, ("calendar", "bank-holidays"), "is none of"),
        (("calendar", "own"), False, ("calendar",), "either a source is named, or own = true"),
        (("calendar", "from"), datetime(2020, 9, 1, 12), ("calendar", "from"), "valid date"),  # noqa: DTZ001
        (("office", "opens"), time(9), ("office", "opens"), "is not a time of day"),
        (("office", "closes"), "09:00", ("office",), "closes is not later than opens"),
        (("school", "opens"), "8:00", ("school", "opens"), "is not a time of day"),
        (("hours", "night", 0, "closes"), "06:00", ("hours", "night", 0), "hours across midnight are two spells"),
        (("hours", "night", 0, "days"), "monday", ("hours", "night", 0, "days"), "is none of every, working"),
        (("hours", "office"), [{"days": "every", "opens": "09:00", "closes": "10:00"}], ("hours", "office"), "given already"),
        (("closure", 0, "day"), date(2022, 1, 3), ("closure", 0, "day"), "2022-01-03 lies outside the calendar"),
        ((*YEAR, "summer", "last"), date(2021, 9, 1), (*YEAR, "summer", "last"), "lies outside the calendar"),
        ((*YEAR, "spring", "last"), date(2021, 1, 3), (*YEAR, "spring"), "ends before it begins"),
        ((*YEAR, "spring", "first"), date(2020, 12, 18), (*YEAR, "spring", "first"), "2020-21 spring overlaps 2020-21 autumn"),
        ((*YEAR, "autumn", "half-term", "first"), date(2020, 11, 2), (*YEAR, "autumn", "half-term"), "ends before it begins"),
        ((*YEAR, "autumn", "half-term", "first"), date(2020, 9, 1), (*YEAR, "autumn"), "does not lie within the term"),
        ((*YEAR, "autumn", "half-term", "last"), date(2020, 12, 18), (*YEAR, "autumn"), "does not lie within the term"),
        ((*YEAR, "non-teaching", 0), date(2021, 4, 1), (*YEAR, "non-teaching", 0), "2021-04-01 is in no term of 2020-21"),
        ((*YEAR, "non-teaching", 0), date(2020, 10, 28), (*YEAR, "non-teaching", 0), "is in no term of 2020-21"),
        ((*YEAR, "winter"), {}, (*YEAR, "winter"), "Extra inputs"),
        (("school-year", "2020"), SOUND["school-year"]["2020-21"], ("school-year", "2020", "[key]"), "pattern"),
        (("school-year",), {}, ("school-year",), "at least 1 item"),
        (("deadline", 0, "kind"), "fortnight", ("deadline", 0), "does not match any of the expected tags"),
        (("deadline", 0, "hours"), 0, ("deadline", 0, "hours", "hours"), "greater than or equal to 1"),
        (("deadline", 0, "hours"), "4", ("deadline", 0, "hours", "hours"), "valid integer"),
        (("deadline", 0, "days"), 4, ("deadline", 0, "hours", "days"), "Extra inputs"),
        (("deadline", 0, "id"), "An Answer", ("deadline", 0, "hours", "id"), "pattern"),
        (("deadline", 0, "source"), "also a source", ("deadline", 0, "hours"), "either a source is named, or own = true"),
        (("deadline", 1, "source"), "", ("deadline", 1, "before-school-day", "source"), "at least 1 character"),
        (("deadline", 1, "at"), "25:00", ("deadline", 1, "before-school-day", "at"), "is not a time of day"),
        (("deadline", 0, "until"), date(2020, 1, 1), ("deadline", 0, "hours"), "never in force"),
        (("deadline", 0, "until"), date(2020, 6, 2), ("deadline", 1, "before-school-day", "from"), "on the same days"),
        (("deadline", 1, "from"), date(2020, 5, 31), ("deadline", 1, "before-school-day", "from"), "the one from 2020-01-01"),
        (("deadline", 2, "open"), "clinic", ("deadline", 2, "working-hours", "open"), "no opening hours are called “clinic”"),
    ],
)
def test_a_mistake_is_refused_at_its_place(path: tuple[str | int, ...], value: object, place: tuple[str | int, ...], message: str) -> None:
    found = problems(changed(*path, to=value))
    assert [where for where, _ in found] == [place]
    assert message in found[0][1]


def test_a_deadline_without_an_end_overlaps_every_later_one() -> None:
    file = changed("deadline", 0, to={**SOUND["deadline"][0], "until": None})
    assert [where for where, _ in problems(file)] == [("deadline", 1, "before-school-day", "from")]


def test_versions_may_stand_in_any_order() -> None:
    one, two, three = SOUND["deadline"]
    assert CalendarFile.model_validate({**SOUND, "deadline": [two, one, three]})


def test_every_mistake_between_entries_is_told_at_once() -> None:
    file = changed("calendar", "until", to=date(2020, 9, 1))
    found = problems(file)
    assert found[0] == (("calendar", "until"), "the calendar covers no day: until is not later than from")
    assert len(found) == 1 + 6 + 1


def test_a_year_that_overlaps_another_is_told_of_each_term() -> None:
    again = SOUND["school-year"]["2020-21"] | {"non-teaching": []}
    found = problems({**SOUND, "school-year": {**SOUND["school-year"], "2021-22": again}})
    assert [where for where, _ in found] == [("school-year", "2021-22", term, "first") for term in ("autumn", "spring", "summer")]
