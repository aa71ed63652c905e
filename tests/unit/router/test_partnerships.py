"""The directories and calendars of the partnerships that come with the project: who is there, when they can be reached."""

import tomllib
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from frontdoor_chassis.directory import Desk, Directory, load_directory
from frontdoor_router.core.calendar import Calendar
from frontdoor_router.core.calendar_file import CalendarFile, build
from frontdoor_router.core.deadlines import BeforeSchoolDay, due
from frontdoor_router.core.pack_checks import agencies_faults
from frontdoor_schemas.vocabulary import EventType, Role
from support.packs import PARTNERSHIPS

NAMES = sorted(p.parent.name for p in PARTNERSHIPS.glob("*/agencies.toml"))
LETTERS = ["cheshire-west", "stockton", "wandsworth", "wokingham"]
UNIFIED = date(2021, 6, 26)
DAY = timedelta(days=1)

PROBATION = frozenset({Role.nps, Role.crc, Role.probation})
"""Who manages adults on probation depends on the day."""
SOMEWHERE = frozenset({Role.pharmacy, Role.optometry, Role.prison, Role.resettlement, Role.court, Role.legal, Role.cafcass, Role.advocate})
"""Roles that only some partnerships have a desk for."""
EVERYWHERE = frozenset(Role) - PROBATION - SOMEWHERE
"""Roles that every partnership of a letter fills on every day."""


@cache
def directory(name: str) -> Directory:
    return load_directory(PARTNERSHIPS / name)


@cache
def calendar(name: str) -> Calendar:
    return build(_calendar_file(name))[0]


def _calendar_file(name: str) -> CalendarFile:
    return CalendarFile.model_validate(_toml(PARTNERSHIPS / name / "calendar.toml"))


def _toml(file: Path) -> dict[str, object]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def first_day(name: str) -> date:
    return min(a.from_ for a in directory(name).agencies.values())


def boundaries(name: str) -> list[date]:
    """The days on which some desk begins or ends: between them nothing changes."""
    desks = directory(name).desks.values()
    return sorted({d.from_ for d in desks} | {d.until for d in desks if d.until is not None})


def filled(name: str, on: date) -> set[Role]:
    """The roles by which somebody is reached."""
    return {role for role in Role if directory(name).desks_of_role(role, on)}


def escalates(desk: Desk, everybody: Directory) -> bool:
    return desk.manager is not None or desk.id in {d.manager for d in everybody.desks.values()}


@pytest.mark.parametrize("name", NAMES)
def test_the_folder_is_named_for_the_partnership_and_its_desks_can_be_reached(name: str) -> None:
    assert directory(name).name == name
    assert list(agencies_faults(_toml(PARTNERSHIPS / name / "agencies.toml"), directory(name), calendar(name))) == []


@pytest.mark.parametrize("name", LETTERS)
def test_a_pack_of_a_real_area_says_that_it_is_illustrative(name: str) -> None:
    assert directory(name).note.startswith("Illustrative, drawn from")
    assert "Illustrative" in (PARTNERSHIPS / name / "calendar.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LETTERS)
def test_every_desk_has_somebody_to_escalate_to_or_is_that_somebody(name: str) -> None:
    """N10: every agency has an escalation contact."""
    found = directory(name)
    assert [d.id for d in found.desks.values() if not escalates(d, found)] == []


@pytest.mark.parametrize("name", LETTERS)
def test_an_escalation_contact_is_there_as_long_as_the_desk(name: str) -> None:
    found = directory(name)
    for day in boundaries(name):
        for desk in found.desks.values():
            if desk.in_force(day) and desk.manager is not None:
                assert found.manager(desk.id, day) is not None, (desk.id, day)


@pytest.mark.parametrize("name", LETTERS)
def test_every_role_of_the_area_is_filled_on_every_day(name: str) -> None:
    for day in boundaries(name):
        managing = {Role.nps, Role.crc} if day < UNIFIED else {Role.probation}
        assert filled(name, day) >= EVERYWHERE | managing, day
        assert not filled(name, day) & (PROBATION - managing), day


@pytest.mark.parametrize("name", ["cheshire-west", "stockton", "wokingham"])
def test_nps_and_crc_are_two_services_until_probation_follows_both(name: str) -> None:
    found = directory(name)
    for agency in ("nps", "crc"):
        assert found.successor(agency, UNIFIED - DAY) is None
        after = found.successor(agency, UNIFIED)
        assert after is not None
        assert [d.role for d in found.desks_of_agency(after.id, UNIFIED) if d.by_role] == [Role.probation, Role.manager]


def test_wandsworth_never_had_nps_or_crc() -> None:
    assert first_day("wandsworth") == date(2021, 9, 1)
    assert not {Role.nps, Role.crc} & {d.role for d in directory("wandsworth").desks.values()}


def test_two_clinical_commissioning_groups_of_cheshire_became_one_and_one_desk_is_told() -> None:
    found, merged = directory("cheshire-west"), date(2020, 4, 1)
    for agency in ("west-cheshire-ccg", "vale-royal-ccg"):
        after = found.successor(agency, merged)
        assert after is not None
        assert after.id == "cheshire-ccg"
    leads = [[d.id for d in found.desks_of_role(Role.health_safeguarding_lead, day)] for day in (merged - DAY, merged)]
    assert leads == [["west-cheshire-ccg.safeguarding"], ["cheshire-ccg.safeguarding"]]


@pytest.mark.parametrize("name", LETTERS)
def test_two_schools_with_deputies_a_setting_and_two_practices(name: str) -> None:
    found, day = directory(name), first_day(name)
    schools = found.desks_of_role(Role.school_dsl, day)
    assert len(schools) >= 2
    assert all(found.deputy(d.id, day) is not None for d in schools)
    assert len(found.desks_of_role(Role.early_years_lead, day)) >= 1
    assert len(found.desks_of_role(Role.gp, day)) >= 2


@pytest.mark.parametrize("name", LETTERS)
def test_a_register_says_who_belongs_where_and_nothing_else(name: str) -> None:
    found = directory(name)
    moving = {EventType.involvement_started, EventType.involvement_ended, EventType.child_moved}
    for desk in found.desks.values():
        if desk.role is Role.register:
            assert found.agency(desk.agency).publishes == moving | {EventType.correction, EventType.withdrawal}


@pytest.mark.parametrize("name", LETTERS)
def test_every_type_of_event_has_an_agency_that_may_publish_it(name: str) -> None:
    assert frozenset().union(*(a.publishes for a in directory(name).agencies.values())) == frozenset(EventType)


@pytest.mark.parametrize(
    ("event_type", "roles"),
    [
        (EventType.police_incident, {Role.police_safeguarding}),
        (EventType.missing_episode, {Role.police_safeguarding}),
        (EventType.referral_outcome, {Role.front_door}),
        (EventType.conference_minutes, {Role.social_care}),
        (EventType.school_attendance, {Role.school_dsl}),
    ],
)
@pytest.mark.parametrize("name", LETTERS)
def test_what_only_one_service_may_say(name: str, event_type: EventType, roles: set[Role]) -> None:
    found = directory(name)
    publishing = {a.id for a in found.agencies.values() if event_type in a.publishes}
    assert publishing == {d.agency for d in found.desks.values() if d.role in roles}


@pytest.mark.parametrize("name", NAMES)
def test_schools_open_when_pupils_come(name: str) -> None:
    """Each first and last day of a term is a weekday; each school year leaves room for about 190 days."""
    days = calendar(name)
    for year in _calendar_file(name).school_year.values():
        edges = [day for _, term in year.named() for day in (term.first, term.last)]
        assert all(days.is_school_day(day) or day in year.non_teaching for day in edges), edges
        assert all(one < other for one, other in pairwise(edges))
        open_days = sum(days.is_school_day(edges[0] + DAY * n) for n in range((edges[-1] - edges[0]).days + 1))
        assert 185 <= open_days <= 195, (edges[0], open_days)


@pytest.mark.parametrize(
    ("name", "start", "expected"),
    [
        ("stockton", "2021-11-10 21:40", "2021-11-11 08:00"),
        ("wokingham", "2021-11-10 21:40", "2021-11-11 08:15"),
        ("wandsworth", "2021-11-10 21:40", "2021-11-11 08:20"),
        ("cheshire-west", "2021-11-10 21:40", "2021-11-11 08:30"),
        ("stockton", "2022-02-11 22:00", "2022-02-14 08:00"),
        ("wandsworth", "2022-02-11 22:00", "2022-02-21 08:20"),  # half-term a week before the others
        ("wokingham", "2021-10-22 22:00", "2021-11-02 08:15"),  # half-term and a training day
    ],
)
def test_each_area_has_mornings_and_holidays_of_its_own(name: str, start: str, expected: str) -> None:
    began, by = (datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/London")) for text in (start, expected))
    assert due(BeforeSchoolDay(), began, calendar(name)) == by
