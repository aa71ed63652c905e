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
    "term": [
        {"name": "autumn", "first": date(2020, 9, 1), "last": date(2020, 12, 18)},
        {"name": "spring", "first": date(2021, 1, 4), "last": date(2021, 3, 26)},
    ],
    "non-teaching": [{"day": date(2021, 1, 4), "reason": "training"}],
    "deadline": [
        {"id": "answer", "kind": "hours", "hours": 4, "from": date(2020, 1, 1), "until": date(2020, 6, 1), "own": True},
        {"id": "answer", "kind": "before-school-day", "from": date(2020, 6, 1), "source": "a protocol"},
        {"id": "other", "kind": "working-hours", "hours": 2, "open": "night", "from": date(2020, 1, 1), "own": True},
    ],
}


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
    assert not calendar.is_school_day(date(2021, 1, 4))
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
        (("non-teaching", 0, "day"), date(2021, 9, 1), ("non-teaching", 0, "day"), "lies outside the calendar"),
        (("term", 1, "last"), date(2021, 1, 3), ("term", 1), "ends before it begins"),
        (("term", 1, "first"), date(2020, 12, 18), ("term", 1, "first"), "“spring” overlaps “autumn”"),
        (("term",), [], ("term",), "at least 1 item"),
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
    assert len(found) == 1 + 4 + 1 + 1


def test_a_brace_in_a_name_is_shown_as_it_is_written() -> None:
    file = changed("term", 1, to={"name": "{spring}", "first": date(2020, 12, 1), "last": date(2020, 12, 2)})
    assert [message for _, message in problems(file)] == ["“{spring}” overlaps “autumn”"]
